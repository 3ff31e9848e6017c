"""The queries on loan applications: every one is kept, with what it was decided from."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from chalicelib.rules.decision import Decision
from chalicelib.rules.policy import Policy
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.rules.stored import facts_as_stored, policy_as_stored
from chalicelib.storage.tables import loan_applications

Json = dict[str, Any]


@dataclass(frozen=True)
class StoredApplication:
    """An application as it was kept: the request, what it was decided from, and the result.

    `policy`, `facts` and `score_parts` hold amounts as text (rules/stored.py).
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


@dataclass(frozen=True)
class ApplicationFilter:
    """Which applications; None filters nothing. `to` is the last day that counts. `within` leaves only those of this
    customer.
    """

    customer_id: int | None = None
    approved: bool | None = None
    since: date | None = None
    to: date | None = None
    within: int | None = None


_STORED: Select[Any] = select(*(loan_applications.c[field.name] for field in fields(StoredApplication)))
_ADD = insert(loan_applications).returning(loan_applications.c.application_id)


def add(
    connection: Connection,
    customer_id: int,
    request: LoanRequest,
    facts: Facts,
    policy: Policy,
    decision: Decision,
    decided_on: date,
    loan_id: int | None,
) -> int:
    """Inserts an application with its facts, policy and result, and returns its number."""
    values = {
        "customer_id": customer_id,
        **vars(request),
        "decided_on": decided_on,
        "policy": policy_as_stored(policy),
        "facts": facts_as_stored(facts),
        "approved": decision.approved,
        "score": decision.score,
        "score_parts": [
            {"name": part.name, "earned": str(part.points_earned), "possible": part.points_possible}
            for part in decision.score_parts
        ],
        "reasons": [{"code": reason.code, "sentence": reason.sentence} for reason in decision.reasons],
        "rate_floor": decision.rate_floor,
        "corrected_interest_rate": decision.corrected_interest_rate,
        "monthly_installment": decision.monthly_installment,
        "loan_id": loan_id,
    }
    return int(connection.execute(_ADD, values).scalar_one())


def get(connection: Connection, application_id: int) -> StoredApplication | None:
    """One application; None where there is none of that number."""
    row = connection.execute(_STORED.where(loan_applications.c.application_id == application_id)).first()
    return None if row is None else StoredApplication(*row)


def of_loan(connection: Connection, loan_id: int) -> int | None:
    """The number of the application that a loan was made from; None where it was not made here."""
    columns = loan_applications.c
    return connection.execute(select(columns.application_id).where(columns.loan_id == loan_id)).scalar()


def page(connection: Connection, wanted: ApplicationFilter, before: int | None, limit: int) -> list[StoredApplication]:
    """The newest applications first, from below the number `before` on."""
    columns = loan_applications.c
    statement = _STORED
    for only in (wanted.customer_id, wanted.within):
        if only is not None:
            statement = statement.where(columns.customer_id == only)
    if wanted.approved is not None:
        statement = statement.where(columns.approved.is_(wanted.approved))
    if wanted.since is not None:
        statement = statement.where(columns.decided_on >= wanted.since)
    if wanted.to is not None:
        statement = statement.where(columns.decided_on <= wanted.to)
    if before is not None:
        statement = statement.where(columns.application_id < before)
    rows = connection.execute(statement.order_by(columns.application_id.desc()).limit(limit))
    return [StoredApplication(*row) for row in rows]
