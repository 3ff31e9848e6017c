"""The queries on loan applications: every one is kept, with what it was decided from."""

import json
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select, tuple_

from chalicelib.postgres.connection import Placed
from chalicelib.rules.access import EVERYBODY, Author, Scope
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.decision import Decision
from chalicelib.rules.policy import Policy
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.rules.servicing.position import FOLD_REVISION, Position
from chalicelib.rules.servicing.values import Terms
from chalicelib.rules.stored import facts_as_stored, policy_as_stored, reason_as_stored
from chalicelib.storage import audit, servicing
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import loan_applications

Json = dict[str, Any]


class StoredApplication(NamedTuple):
    """An application as it was kept: the request, what it was decided from, and the result.

    `policy`, `facts`, `score_parts` and `reasons` hold amounts as text (rules/stored.py).
    """

    application_id: int
    customer_id: int
    loan_amount: Decimal
    interest_rate: Decimal
    tenure: int
    decided_on: date
    created_at: datetime
    policy: Json
    facts: Json
    approved: bool
    score: int
    score_parts: list[Json]
    reasons: list[Json]
    rate_floor: Decimal | None
    corrected_interest_rate: Decimal
    monthly_installment: Decimal
    loan_id: int | None
    created_by: str | None


class ApplicationFilter(NamedTuple):
    """Which applications; None filters nothing. `to` is the last day that counts."""

    customer_id: int | None = None
    approved: bool | None = None
    since: date | None = None
    to: date | None = None


class Numbers(NamedTuple):
    """Of an application and its loan; `loan_id` is None where it was refused."""

    application_id: int
    loan_id: int | None


_STORED: Select[Any] = select(*(loan_applications.c[name] for name in StoredApplication._fields))

# An application, its loan if it was approved, what begins the loan's life, and the entry in the audit log: each needs
# the number of the one before, and one statement waits for the database once.
_ADD = Placed(f"""
    WITH loan AS (
        INSERT INTO loans
            (customer_id, loan_amount, interest_rate, tenure, monthly_installment, start_date, end_date,
             is_open, created_by)
        SELECT :customer_id, :loan_amount, :corrected_interest_rate, :tenure, :monthly_installment,
               :decided_on, :ends_on, true, :created_by
        WHERE :approved
        RETURNING loan_id
    ), disbursal AS (
        INSERT INTO loan_transactions
            (loan_id, number, kind, amount, value_date, actor_kind, actor_id, actor_name, request_id)
        SELECT loan_id, 1, 'disbursal', :loan_amount, :decided_on, :actor_kind, :actor_id, :actor_name, :request_id
        FROM loan
    ), terms AS (
        INSERT INTO loan_terms (loan_id, terms) SELECT loan_id, CAST(:terms AS jsonb) FROM loan
    ), position AS (
        INSERT INTO loan_positions
            (loan_id, status, principal, charges, credit, unpaid_from, held, repayments_left, last_fact_on, last_number,
             position, fold_revision)
        SELECT loan_id, :status, :principal, :charges, :credit, :unpaid_from, :held, :repayments_left, :last_fact_on, 1,
               CAST(:position AS jsonb), {FOLD_REVISION}
        FROM loan
    ), application AS (
        INSERT INTO loan_applications
            (customer_id, loan_amount, interest_rate, tenure, decided_on, policy, facts, approved, score,
             score_parts, reasons, rate_floor, corrected_interest_rate, monthly_installment, loan_id, created_by)
        VALUES
            (:customer_id, :loan_amount, :interest_rate, :tenure, :decided_on, :policy, :facts, :approved, :score,
             :score_parts, :reasons, :rate_floor, :corrected_interest_rate, :monthly_installment,
             (SELECT loan_id FROM loan), :created_by)
        RETURNING application_id, loan_id
    ), entry AS (
        INSERT INTO audit_log
            (actor_kind, actor_id, actor_name, action, subject_kind, subject_id, after, request_id)
        SELECT :actor_kind, :actor_id, :actor_name, :action, :subject_kind, application_id,
               CAST(:after AS jsonb) || jsonb_build_object('loan_id', loan_id), :request_id
        FROM application
    )
    SELECT application_id, loan_id FROM application
""")  # noqa: S608 - a number of ours


def add(
    connection: Connection,
    *,
    author: Author,
    customer_id: int,
    request: LoanRequest,
    facts: Facts,
    policy: Policy,
    decision: Decision,
    decided_on: date,
    terms: Terms | None,
    position: Position,
) -> Numbers:
    """Inserts an application with its facts, policy and result, the loan if it was approved, and who applied.

    The loan has the terms, and stands after its disbursal at the position; of one that was refused, neither is kept.
    """
    after = {"customer_id": customer_id, **vars(request), "approved": decision.approved}
    values = {
        "customer_id": customer_id,
        **vars(request),
        "decided_on": decided_on,
        "ends_on": position.end_date,
        "policy": _policy_text(policy),
        "facts": json.dumps(facts_as_stored(facts)),
        "approved": decision.approved,
        "score": decision.score,
        "score_parts": json.dumps(
            [
                {"name": part.name, "earned": str(part.points_earned), "possible": part.points_possible}
                for part in decision.score_parts
            ]
        ),
        "reasons": json.dumps([reason_as_stored(reason) for reason in decision.reasons]),
        "rate_floor": decision.rate_floor,
        "corrected_interest_rate": decision.corrected_interest_rate,
        "monthly_installment": decision.monthly_installment,
        "created_by": author.identity,
        **servicing.disbursal_values(terms, position),
        **audit.entry_values(author, Event(Action.LOAN_APPLIED_FOR, SubjectKind.APPLICATION, None, after=after)),
    }
    return Numbers(*_ADD.row(connection, values))


# A container has one policy, and stores it with every application.
@cache
def _policy_text(policy: Policy) -> str:
    return json.dumps(policy_as_stored(policy))


def get(connection: Connection, application_id: int) -> StoredApplication | None:
    """One application; None where there is none of that number."""
    row = connection.execute(_STORED.where(loan_applications.c.application_id == application_id)).first()
    return None if row is None else StoredApplication(*row)


def of_loan(connection: Connection, loan_id: int) -> int | None:
    """The number of the application that a loan was made from; None where it was not made here."""
    columns = loan_applications.c
    return connection.execute(select(columns.application_id).where(columns.loan_id == loan_id)).scalar()


def listed(
    connection: Connection, wanted: ApplicationFilter, *, cursor: Cursor, scope: Scope = EVERYBODY
) -> Slice[StoredApplication]:
    """The newest applications first.

    Of some days, those of the last of them first, from the index of days: a walk by number would come past all that
    are newer. Applications of one day are in the order of their numbers either way.
    """
    columns = loan_applications.c
    number, day = columns.application_id, columns.decided_on
    by_day = wanted.since is not None or wanted.to is not None
    statement = _STORED
    for only in (wanted.customer_id, scope.customer_id):
        if only is not None:
            statement = statement.where(columns.customer_id == only)
    if wanted.approved is not None:
        statement = statement.where(columns.approved.is_(wanted.approved))
    if wanted.since is not None:
        statement = statement.where(columns.decided_on >= wanted.since)
    if wanted.to is not None:
        statement = statement.where(columns.decided_on <= wanted.to)
    if cursor.behind is not None and by_day:
        last = select(day).where(number == cursor.behind)
        if scope.customer_id is not None:
            # The page would tell the day of somebody else's application.
            last = last.where(columns.customer_id == scope.customer_id)
        statement = statement.where(tuple_(day, number) < tuple_(last.scalar_subquery(), cursor.behind))
    elif cursor.behind is not None:
        statement = statement.where(number < cursor.behind)
    order = [day.desc(), number.desc()] if by_day else [number.desc()]
    rows = connection.execute(statement.order_by(*order).limit(cursor.asked))
    return cursor.slice([StoredApplication(*row) for row in rows], lambda stored: stored.application_id)
