"""The use cases of Key Facts Statements: issue one, and read it again as it was issued."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from chalicelib.errors import CustomerNotFound, InvalidRequest, KeyFactsNotFound
from chalicelib.postgres.database import Database, commit_with_next
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import EVERYBODY, Author, Scope
from chalicelib.rules.calendar import add_working_days
from chalicelib.rules.key_facts import LOAN_TYPE, RULE, Fee, FeesTakeAll, KeyFacts, Proposal, key_facts
from chalicelib.rules.lender import Lender
from chalicelib.rules.money import emi
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.servicing.values import terms_of
from chalicelib.services.idempotency import Once, Told, run_once
from chalicelib.storage import customers
from chalicelib.storage import key_facts as statements
from chalicelib.storage.key_facts import Statement, StoredStatement


def proposal_for(
    request: LoanRequest, start: date, *, fees: Sequence[Fee] = (), loan_type: str = LOAN_TYPE
) -> Proposal:
    """A loan as it would be made here on `start`, with its fees."""
    instalment = emi(request.loan_amount, request.interest_rate, request.tenure)
    terms = terms_of(request.loan_amount, request.interest_rate, request.tenure, start, instalment)
    return Proposal(terms, tuple(fees), loan_type)


def figures_of(proposal: Proposal) -> KeyFacts:
    """The figures of a proposal. Raises InvalidRequest if its fees leave nothing of the loan."""
    try:
        return key_facts(proposal)
    except FeesTakeAll as error:
        raise InvalidRequest("The request is not valid: see fees.", {"fees": [error.sentence]}) from None


def issue(
    database: Database,
    customer_id: int | None,
    proposal: Proposal,
    *,
    lender: Lender,
    today: date,
    author: Author,
    once: Once[StoredStatement],
    scope: Scope = EVERYBODY,
) -> Told:
    """Computes a statement and keeps it under a number of its own.

    It is for the customer, or for somebody who is not one yet; a key of one customer issues to that one alone. Raises
    CustomerNotFound, InvalidRequest if the fees leave nothing of the loan, and what `run_once` raises.
    """
    wanted = scope.customer_id if customer_id is None else customer_id
    if wanted is not None and not scope.covers(wanted):
        raise _no_such_customer(wanted)
    figures = figures_of(proposal)

    def make(connection: Connection, is_last: bool) -> StoredStatement:
        statement = Statement(
            customer_id=wanted,
            customer_name=None if wanted is None else _name(connection, wanted),
            issued_on=today,
            valid_until=add_working_days(today, lender.key_facts_days),
            rule=RULE,
            proposal=proposal,
            lender=lender,
            apr=figures.apr,
        )
        if is_last:
            commit_with_next(connection)
        return statements.add(connection, author, statement)

    return run_once(database, once, make)


@retried
def view(database: Database, number: int, scope: Scope = EVERYBODY) -> StoredStatement:
    """A statement as it was issued. Raises KeyFactsNotFound, also for one that the scope does not cover."""
    with database.reading() as connection:
        found = statements.get(connection, number)
    if found is None or not _covers(scope, found.statement.customer_id):
        raise KeyFactsNotFound(f"There is no Key Facts Statement {number}.")
    return found


@retried
def latest_of(database: Database, customer_id: int, most: int) -> Sequence[StoredStatement]:
    """The last statements that were issued to a customer, the newest first."""
    with database.reading() as connection:
        return statements.latest_of(connection, customer_id, most)


def _covers(scope: Scope, customer_id: int | None) -> bool:
    return scope.customer_id is None if customer_id is None else scope.covers(customer_id)


def _name(connection: Connection, customer_id: int) -> str:
    found = customers.names(connection, [customer_id])
    if customer_id not in found:
        raise _no_such_customer(customer_id)
    return found[customer_id]


def _no_such_customer(customer_id: int) -> CustomerNotFound:
    return CustomerNotFound(f"There is no customer {customer_id}.")
