"""The use cases of lists: a page in an order, how much matches, and the names of who made what."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from chalicelib.imports import job_list
from chalicelib.imports.job_list import Wanted as WantedImports
from chalicelib.imports.jobs import ImportJob
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import EVERYBODY, Scope
from chalicelib.rules.money import ZERO
from chalicelib.rules.servicing.standing import Standing, standing_today
from chalicelib.services.servicing_lists import Listed, as_listed
from chalicelib.storage import application_list, authors, customer_list, loan_list, transaction_list
from chalicelib.storage.application_list import ListedApplication
from chalicelib.storage.application_list import Wanted as WantedApplications
from chalicelib.storage.customer_list import Owed
from chalicelib.storage.customer_list import Wanted as WantedCustomers
from chalicelib.storage.customers import Customer
from chalicelib.storage.listing import Page, Place, Summary
from chalicelib.storage.loan_list import Wanted as WantedLoans
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.transaction_list import ListedTransaction
from chalicelib.storage.transaction_list import Wanted as WantedTransactions


@dataclass(frozen=True)
class LoanRow:
    """A loan as a line of the list: as it is on record, whose it is, and where it stands."""

    loan: LoanOnRecord
    listed: Listed


@dataclass(frozen=True)
class CustomerRow:
    """A customer as a line of the list, with the principal of current loans and where the late ones stand."""

    customer: Customer
    exposure: Decimal
    late: tuple[Standing, ...]

    @property
    def overdue(self) -> Decimal:
        """What should have been paid before today, in rupees."""
        return sum((each.overdue for each in self.late), ZERO)

    @property
    def days_past_due(self) -> int:
        """Those of the loan that is late the longest."""
        return max((each.days_past_due for each in self.late), default=0)


@retried
def list_applications(database: Database, wanted: WantedApplications, place: Place) -> Page[ListedApplication]:
    """The applications at a place of an order of application_list.ORDERS."""
    with database.reading() as connection:
        return application_list.page(connection, wanted, place)


@retried
def sum_applications(database: Database, wanted: WantedApplications) -> Summary:
    """How many applications match, and the sum of their amounts."""
    with database.reading() as connection:
        return application_list.summary(connection, wanted)


@retried
def list_loans(database: Database, wanted: WantedLoans, place: Place, *, today: date) -> Page[LoanRow]:
    """The loans at a place of an order of loan_list.ORDERS."""
    with database.reading() as connection:
        found = loan_list.page(connection, wanted, place, today=today)
    return Page([LoanRow(loan, as_listed(listed, today)) for loan, listed in found.rows], *found[1:])


@retried
def sum_loans(database: Database, wanted: WantedLoans, today: date) -> Summary:
    """How many loans match, and what was lent by them."""
    with database.reading() as connection:
        return loan_list.summary(connection, wanted, today)


@retried
def list_transactions(database: Database, wanted: WantedTransactions, place: Place) -> Page[ListedTransaction]:
    """The transactions of all loans at a place of an order of transaction_list.ORDERS."""
    with database.reading() as connection:
        return transaction_list.page(connection, wanted, place)


def transactions_behind(
    database: Database, wanted: WantedTransactions, *, cursor: Cursor, scope: Scope = EVERYBODY
) -> Slice[ListedTransaction]:
    """The transactions of the loans of whom the scope covers, the newest first. A part may have fewer rows than were
    asked for, or none, and others still follow: only so many are looked through at once.
    """
    if scope.customer_id is not None:
        if wanted.customer_id not in (None, scope.customer_id):
            return Slice([])
        wanted = replace(wanted, customer_id=scope.customer_id)
    place = Place(transaction_list.ORDERS["newest"], cursor.size, after=cursor.behind)
    found = list_transactions(database, wanted, place)
    return Slice(found.rows, found.next)


@retried
def sum_transactions(database: Database, wanted: WantedTransactions) -> Summary:
    """How many transactions match, and the sum of their amounts."""
    with database.reading() as connection:
        return transaction_list.summary(connection, wanted)


@retried
def list_customers(database: Database, wanted: WantedCustomers, place: Place, *, today: date) -> Page[CustomerRow]:
    """The customers at a place of an order of customer_list.ORDERS, in two statements."""
    with database.reading() as connection:
        found = customer_list.page(connection, wanted, place, today=today)
        numbers = [customer.customer_id for customer in found.rows]
        owed = customer_list.owed_by(connection, numbers, today) if numbers else {}
    return Page([_customer_row(each, owed.get(each.customer_id), today) for each in found.rows], *found[1:])


def _customer_row(customer: Customer, owed: Owed | None, today: date) -> CustomerRow:
    if owed is None:
        return CustomerRow(customer, ZERO, ())
    late = (standing_today(terms, position, today) for terms, position in owed.late)
    return CustomerRow(customer, owed.exposure, tuple(late))


@retried
def sum_customers(database: Database, wanted: WantedCustomers, today: date) -> Summary:
    """How many customers match."""
    with database.reading() as connection:
        return customer_list.summary(connection, wanted, today)


@retried
def list_imports(database: Database, wanted: WantedImports, place: Place) -> Page[ImportJob]:
    """The imports at a place of an order of job_list.ORDERS."""
    with database.reading() as connection:
        return job_list.page(connection, wanted, place)


@retried
def sum_imports(database: Database, wanted: WantedImports) -> Summary:
    """How many imports match."""
    with database.reading() as connection:
        return job_list.summary(connection, wanted)


@retried
def policies_of_applications(database: Database) -> list[str]:
    """The names of the policies that applications were decided by."""
    with database.reading() as connection:
        return application_list.policies(connection)


@retried
def names_of_authors(database: Database) -> Mapping[str, str]:
    """The names of users and keys by identity (user:3), in the order of names."""
    with database.reading() as connection:
        return authors.names(connection)
