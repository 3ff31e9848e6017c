"""The use cases of lists: a page in an order, how much matches, and the names of who made what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.services.servicing_lists import Listed, listed_loans
from chalicelib.storage import application_list, authors, loan_list
from chalicelib.storage.application_list import ListedApplication
from chalicelib.storage.application_list import Wanted as WantedApplications
from chalicelib.storage.listing import Order, Page, Place, Summary
from chalicelib.storage.loan_list import Wanted as WantedLoans
from chalicelib.storage.loans import LoanOnRecord


@dataclass(frozen=True)
class LoanRow:
    """A loan as a line of the list: as it is on record, whose it is, and where it stands."""

    loan: LoanOnRecord
    listed: Listed


@retried
def list_applications(
    database: Database, wanted: WantedApplications, order: Order, place: Place
) -> Page[ListedApplication]:
    """The applications at a place of an order of application_list.ORDERS."""
    with database.reading() as connection:
        return application_list.page(connection, wanted, order, place)


@retried
def sum_applications(database: Database, wanted: WantedApplications) -> Summary:
    """How many applications match, and the sum of their amounts."""
    with database.reading() as connection:
        return application_list.summary(connection, wanted)


@retried
def list_loans(database: Database, wanted: WantedLoans, order: Order, place: Place, today: date) -> Page[LoanRow]:
    """The loans at a place of an order of loan_list.ORDERS, in two statements."""
    with database.reading() as connection:
        found = loan_list.page(connection, wanted, order, place, today)
        listed = listed_loans(connection, [loan.loan_id for loan in found.rows], today) if found.rows else {}
    return found._replace(rows=[LoanRow(loan, listed[loan.loan_id]) for loan in found.rows])


@retried
def sum_loans(database: Database, wanted: WantedLoans, today: date) -> Summary:
    """How many loans match, and what was lent by them."""
    with database.reading() as connection:
        return loan_list.summary(connection, wanted, today)


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
