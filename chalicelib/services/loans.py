"""The use cases of loans: decide, apply, look up."""

from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from chalicelib.errors import CustomerNotFound, InstalmentsDoNotRepayLoan, LoanNotFound
from chalicelib.metrics import log_decision
from chalicelib.postgres.database import Database, after_commit, commit_with_next
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import EVERYBODY, Author, Scope
from chalicelib.rules.counter_offer import CounterOffer, counter_offer
from chalicelib.rules.decision import Decision, decide
from chalicelib.rules.effective_rate import InstalmentsDoNotRepay
from chalicelib.rules.policy import Policy
from chalicelib.rules.schedule import Schedule, schedule
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.rules.servicing.fold import step
from chalicelib.rules.servicing.position import NOTHING, Position
from chalicelib.rules.servicing.values import Fact, Kind, Terms, terms_of
from chalicelib.services.idempotency import Once, Told, run_once
from chalicelib.storage import applications, customers, loans
from chalicelib.storage.loans import ListedLoan, LoanOnRecord, LoanWithCustomer


class CheckedRequest(NamedTuple):
    """A decision with the facts it was made from."""

    facts: Facts
    decision: Decision
    counter_offer: CounterOffer | None


class Application(NamedTuple):
    """A saved application; `loan_id` is None where it was refused."""

    application_id: int
    loan_id: int | None
    facts: Facts
    decision: Decision
    counter_offer: CounterOffer | None


class LoanFile(NamedTuple):
    """All that is known of a loan; `application_id` is None where it was not decided here."""

    loan: LoanOnRecord
    customer_name: str
    application_id: int | None


@retried
def check_eligibility(
    database: Database,
    customer_id: int,
    request: LoanRequest,
    *,
    policy: Policy,
    today: date,
    scope: Scope = EVERYBODY,
) -> CheckedRequest:
    """Decides without saving. Raises CustomerNotFound, also for one whom the scope does not cover."""
    _check_covered(customer_id, scope)
    with database.reading() as connection:
        facts = _facts(connection, customer_id, today)
    decision = decide(facts, request, policy)
    log_decision(decision, saved=False)
    return CheckedRequest(facts, decision, _counter_offer(facts, request, policy, decision))


def apply(
    database: Database,
    customer_id: int,
    request: LoanRequest,
    *,
    policy: Policy,
    today: date,
    author: Author,
    once: Once[Application],
    scope: Scope = EVERYBODY,
) -> Told:
    """Decides and saves the application, and the loan if approved. Raises CustomerNotFound and what `run_once` raises.

    The customer is locked first, so that two applications at once are decided one after the other.
    """
    _check_covered(customer_id, scope)

    def make(connection: Connection, is_last: bool) -> Application:
        return _apply(connection, is_last, customer_id, request, policy=policy, today=today, author=author)

    return run_once(database, once, make)


def _apply(
    connection: Connection,
    is_last: bool,
    customer_id: int,
    request: LoanRequest,
    *,
    policy: Policy,
    today: date,
    author: Author,
) -> Application:
    customers.lock_with_next(connection, customer_id)
    facts = _facts(connection, customer_id, today)
    decision = decide(facts, request, policy)
    terms, position = _disbursed(request, decision, today) if decision.approved else (None, NOTHING)
    counter = _counter_offer(facts, request, policy, decision)
    if is_last:
        commit_with_next(connection)
    saved = applications.add(
        connection,
        author=author,
        customer_id=customer_id,
        request=request,
        facts=facts,
        policy=policy,
        decision=decision,
        decided_on=today,
        terms=terms,
        position=position,
    )
    after_commit(connection, partial(log_decision, decision, saved=True))
    return Application(saved.application_id, saved.loan_id, facts, decision, counter)


def _disbursed(request: LoanRequest, decision: Decision, today: date) -> tuple[Terms, Position]:
    """The terms of an approved loan, and where it stands once it is disbursed."""
    rate, instalment = decision.corrected_interest_rate, decision.monthly_installment
    terms = terms_of(request.loan_amount, rate, request.tenure, today, instalment)
    return terms, step(terms, NOTHING, Fact(1, Kind.DISBURSAL, terms.principal, today))


@retried
def view_loan(database: Database, loan_id: int, scope: Scope = EVERYBODY) -> LoanWithCustomer:
    """A loan with its customer. Raises LoanNotFound."""
    with database.reading() as connection:
        loan = loans.with_customer(connection, loan_id)
    if loan is None or not scope.covers(loan.customer_id):
        raise LoanNotFound(f"There is no loan {loan_id}.")
    return loan


@retried
def view_loans(database: Database, customer_id: int, *, today: date, scope: Scope = EVERYBODY) -> list[ListedLoan]:
    """The loans of a customer as they are on `today`. Raises LoanNotFound where there are none, as the replaced service
    did, and for one whom the scope does not cover: the time would tell how many loans there are.
    """
    found: list[ListedLoan] = []
    if scope.covers(customer_id):
        with database.reading() as connection:
            found = loans.of_customer(connection, customer_id, today)
    if not found:
        raise LoanNotFound(f"There are no loans of a customer {customer_id}.")
    return found


@retried
def view_on_record(database: Database, loan_id: int, scope: Scope = EVERYBODY) -> LoanOnRecord:
    """A loan with everything that is stored of it. Raises LoanNotFound."""
    with database.reading() as connection:
        loan = loans.get(connection, loan_id)
    if loan is None or not scope.covers(loan.customer_id):
        raise LoanNotFound(f"There is no loan {loan_id}.")
    return loan


def loan_schedule(database: Database, loan_id: int, scope: Scope = EVERYBODY) -> Schedule:
    """The schedule of a loan, at its stated instalment. Raises LoanNotFound and InstalmentsDoNotRepayLoan."""
    return schedule_of(view_on_record(database, loan_id, scope))


@retried
def file_of(database: Database, loan: LoanOnRecord) -> LoanFile:
    """A loan with whose it is and where it was decided."""
    with database.reading() as connection:
        names = customers.names(connection, [loan.customer_id])
        return LoanFile(loan, names[loan.customer_id], applications.of_loan(connection, loan.loan_id))


def schedule_of(loan: LoanOnRecord) -> Schedule:
    """The schedule of a loan, at its stated instalment. Raises InstalmentsDoNotRepayLoan."""
    request = LoanRequest(loan.loan_amount, loan.interest_rate, loan.tenure)
    return preview_schedule(request, loan.start_date, loan.monthly_installment)


def preview_schedule(request: LoanRequest, start: date, monthly_installment: Decimal | None) -> Schedule:
    """The schedule of a loan that need not exist; without an instalment it is the EMI. Raises
    InstalmentsDoNotRepayLoan.
    """
    try:
        return schedule(request.loan_amount, request.interest_rate, request.tenure, start, monthly_installment)
    except InstalmentsDoNotRepay as error:
        raise InstalmentsDoNotRepayLoan(str(error)) from error


def _counter_offer(facts: Facts, request: LoanRequest, policy: Policy, decision: Decision) -> CounterOffer | None:
    return counter_offer(facts, request, policy) if decision.calls_for_counter_offer else None


def _facts(connection: Connection, customer_id: int, today: date) -> Facts:
    facts = loans.facts(connection, customer_id, today)
    if facts is None:
        raise _no_such_customer(customer_id)
    return facts


def _check_covered(customer_id: int, scope: Scope) -> None:
    if not scope.covers(customer_id):
        raise _no_such_customer(customer_id)


def _no_such_customer(customer_id: int) -> CustomerNotFound:
    return CustomerNotFound(f"There is no customer {customer_id}.")
