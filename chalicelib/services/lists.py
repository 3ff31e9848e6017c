"""The use cases of lists: a page in an order, how much matches, and the names of who made what."""

from collections.abc import Mapping

from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.storage import application_list, authors
from chalicelib.storage.application_list import ListedApplication
from chalicelib.storage.application_list import Wanted as WantedApplications
from chalicelib.storage.listing import Order, Page, Place, Summary


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
def policies_of_applications(database: Database) -> list[str]:
    """The names of the policies that applications were decided by."""
    with database.reading() as connection:
        return application_list.policies(connection)


@retried
def names_of_authors(database: Database) -> Mapping[str, str]:
    """The names of users and keys by identity (user:3), in the order of names."""
    with database.reading() as connection:
        return authors.names(connection)
