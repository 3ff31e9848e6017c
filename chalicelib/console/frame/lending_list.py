"""What the lists of loans and of applications are both narrowed by."""

from dataclasses import fields
from typing import Any

from pydantic import Field

from chalicelib.console.frame.listing import Filter, Input, ListQuery
from chalicelib.requests.access_models import ActorIdentity
from chalicelib.requests.models import CustomerNumber, Day, Income, LastDay
from chalicelib.storage.lending_list import WantedLending

# The list of transactions is narrowed by them, too.
AMOUNTS = (
    Filter("amount_from", "Amount from", Input.AMOUNT, is_rare=True),
    Filter("amount_to", "Amount to", Input.AMOUNT, is_rare=True),
)
CUSTOMER = Filter("customer_id", "Customer number", Input.NUMBER, is_rare=True)


class LendingListQuery(ListQuery):
    """What the addresses of both lists may have."""

    customer_id: CustomerNumber | None = None
    amount_from: Income | None = None
    amount_to: Income | None = None
    who: ActorIdentity | None = None
    since: Day | None = Field(None, alias="from")
    to: LastDay | None = None

    def lending(self) -> dict[str, Any]:
        """The same by the names of WantedLending."""
        return {each.name: getattr(self, each.name) for each in fields(WantedLending)}
