"""The use cases of loans: decide, apply, look up."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from chalicelib.errors import CustomerNotFound, LoanNotFound
from chalicelib.rules.calendar import add_months
from chalicelib.rules.decision import Decision, decide
from chalicelib.rules.policy import Policy
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.storage import applications, customers, loans
from chalicelib.storage.database import Database
from chalicelib.storage.errors import retried
from chalicelib.storage.loans import ListedLoan, LoanWithCustomer, NewLoan


@dataclass(frozen=True)
class CheckedRequest:
    """A decision with the facts it was made from."""

    facts: Facts
    decision: Decision


@dataclass(frozen=True)
class Application:
    """A saved application; `loan_id` is None where it was refused."""

    application_id: int
    loan_id: int | None
    facts: Facts
    decision: Decision


@retried
def check_eligibility(
    database: Database, customer_id: int, request: LoanRequest, policy: Policy, today: date
) -> CheckedRequest:
    """Decides without saving. Raises CustomerNotFound."""
    with database.reading() as connection:
        facts = _facts(connection, customer_id, today)
    return CheckedRequest(facts, decide(facts, request, policy))


@retried
def create_loan(database: Database, customer_id: int, request: LoanRequest, policy: Policy, today: date) -> Application:
    """Decides and saves, in a transaction of its own."""
    with database.transaction() as tx:
        application = create_loan_within(tx.connection, customer_id, request, policy, today)
        tx.commit()
    return application


def create_loan_within(
    connection: Connection, customer_id: int, request: LoanRequest, policy: Policy, today: date
) -> Application:
    """Decides and saves the application, and the loan if approved. Raises CustomerNotFound.

    The customer is locked first, so that two applications at once are decided one after the other.
    """
    if not customers.lock(connection, customer_id):
        raise _no_such_customer(customer_id)
    facts = _facts(connection, customer_id, today)
    decision = decide(facts, request, policy)
    loan_id = _add_loan(connection, customer_id, request, decision, today) if decision.approved else None
    application_id = applications.add(connection, customer_id, request, facts, decision, today, loan_id)
    return Application(application_id, loan_id, facts, decision)


@retried
def view_loan(database: Database, loan_id: int) -> LoanWithCustomer:
    """A loan with its customer. Raises LoanNotFound."""
    with database.reading() as connection:
        loan = loans.with_customer(connection, loan_id)
    if loan is None:
        raise LoanNotFound(f"There is no loan {loan_id}.")
    return loan


@retried
def view_loans(database: Database, customer_id: int) -> list[ListedLoan]:
    """The loans of a customer. Raises LoanNotFound where there are none, as the replaced service did."""
    with database.reading() as connection:
        found = loans.of_customer(connection, customer_id)
    if not found:
        raise LoanNotFound(f"There are no loans of a customer {customer_id}.")
    return found


def _facts(connection: Connection, customer_id: int, today: date) -> Facts:
    facts = loans.facts(connection, customer_id, today)
    if facts is None:
        raise _no_such_customer(customer_id)
    return facts


def _no_such_customer(customer_id: int) -> CustomerNotFound:
    return CustomerNotFound(f"There is no customer {customer_id}.")


def _add_loan(connection: Connection, customer_id: int, request: LoanRequest, decision: Decision, today: date) -> int:
    return loans.add(
        connection,
        NewLoan(
            customer_id=customer_id,
            loan_amount=request.loan_amount,
            tenure=request.tenure,
            interest_rate=decision.corrected_interest_rate,
            monthly_installment=decision.monthly_installment,
            start_date=today,
            end_date=add_months(today, request.tenure),
        ),
    )
