"""What the lists of loans, of applications and of transactions are narrowed by, and the columns they share."""

from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import Field

from chalicelib.console.frame.cells import Cell
from chalicelib.console.frame.listing import Column, Filter, Input, ListQuery
from chalicelib.requests.access_models import ActorIdentity
from chalicelib.requests.models import CustomerNumber, Day, Income, LastDay, not_below
from chalicelib.services.list_files import Written
from chalicelib.storage.lending_list import WantedLending

T = TypeVar("T")

AMOUNTS = (
    Filter("amount_from", "Amount from", Input.AMOUNT, is_rare=True),
    Filter("amount_to", "Amount to", Input.AMOUNT, is_rare=True),
)
CUSTOMER = Filter("customer_id", "Customer number", Input.NUMBER, is_rare=True)


class Whose(NamedTuple):
    """The customer that a row is of."""

    customer_id: int
    name: str
    phone_number: str


def customer_columns(whose: Callable[[T], Whose]) -> list[Column[T]]:
    """The columns of whose a row is; a page has the name, which leads to the customer."""

    def linked(row: T) -> Cell:
        customer = whose(row)
        return Cell(customer.name, f"customers/{customer.customer_id}/")

    return [
        Column("Customer number", lambda row: whose(row).customer_id, Written.NUMBER, on_page=False),
        Column("Customer", lambda row: whose(row).name, shown=linked, on_phone="line"),
        Column("Phone", lambda row: whose(row).phone_number, on_page=False),
    ]


class AmountsListQuery(ListQuery):
    """What the addresses of all three may have."""

    amount_from: Income | None = None
    amount_to: Annotated[Income, not_below("amount_from", "money")] | None = None
    who: ActorIdentity | None = None
    since: Day | None = Field(None, alias="from")
    to: LastDay | None = None

    def lending(self) -> dict[str, Any]:
        """What the address has of this, by the names of WantedLending."""
        names = {each.name for each in fields(WantedLending)}
        return {name: value for name, value in self if name in names}


class LendingListQuery(AmountsListQuery):
    """What the addresses of the lists of loans and of applications may have."""

    customer_id: CustomerNumber | None = None
