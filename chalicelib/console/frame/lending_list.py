"""What the lists of loans, of applications and of transactions are narrowed by."""

from dataclasses import fields
from typing import Any

from pydantic import Field

from chalicelib.console.frame.listing import Filter, Input, ListQuery
from chalicelib.requests.access_models import ActorIdentity
from chalicelib.requests.models import CustomerNumber, Day, Income, LastDay
from chalicelib.storage.lending_list import WantedLending

AMOUNTS = (
    Filter("amount_from", "Amount from", Input.AMOUNT, is_rare=True),
    Filter("amount_to", "Amount to", Input.AMOUNT, is_rare=True),
)
CUSTOMER = Filter("customer_id", "Customer number", Input.NUMBER, is_rare=True)


class AmountsListQuery(ListQuery):
    """What the addresses of all three may have."""

    amount_from: Income | None = None
    amount_to: Income | None = None
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
