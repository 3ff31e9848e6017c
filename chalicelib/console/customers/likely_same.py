"""Customers who are likely the same person as another, and what each of them owes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chalicelib import runtime
from chalicelib.services import applications, customers, servicing_lists
from chalicelib.services.customers import CustomerWithExposure
from chalicelib.services.servicing_lists import CustomerLoans
from chalicelib.storage.alike import Alike
from chalicelib.storage.applications import ApplicationFilter, StoredApplication
from chalicelib.storage.paging import Cursor

# The field of the form of a new customer that holds the numbers of those whom the page has shown.
KNOWN = "known"
MOST_KNOWN = 20


@dataclass(frozen=True)
class ShownAlike:
    """A customer who is likely the same person: who it is, what they owe today, and their latest application if any."""

    alike: Alike
    found: CustomerWithExposure
    owed: CustomerLoans
    latest: StoredApplication | None


def shown_alike(alike: Sequence[Alike]) -> list[ShownAlike]:
    """Each with what is known of them."""
    return [_shown(each) for each in alike]


def known_as_typed(numbers: Collection[int]) -> str:
    """Numbers of customers as the form remembers them."""
    return ",".join(map(str, sorted(numbers)))


def known_from(typed: str) -> set[int]:
    """The customers whom the page has shown; what is no number is none."""
    parts = typed.split(",", MOST_KNOWN)[:MOST_KNOWN]
    return {int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < MOST_KNOWN}


def _shown(alike: Alike) -> ShownAlike:
    database, today, number = runtime.database(), runtime.today(), alike.customer_id
    latest = applications.list_applications(database, ApplicationFilter(number), cursor=Cursor(1)).rows
    return ShownAlike(
        alike,
        customers.view_customer(database, number, today=today),
        servicing_lists.loans_of_customer(database, number, today),
        latest[0] if latest else None,
    )
