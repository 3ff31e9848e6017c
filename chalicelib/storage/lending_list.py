"""What the lists of loans, of applications and of transactions are all filtered by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement

from chalicelib.storage.authors import is_by
from chalicelib.storage.listing import Columns


@dataclass(frozen=True, kw_only=True)
class WantedLending:
    """Whose, of how much, by whom and of which days; None filters nothing, all bounds count, `who` is an identity or a
    kind.
    """

    customer_id: int | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    who: str | None = None
    since: date | None = None
    to: date | None = None


def lending_conditions(
    wanted: WantedLending, columns: Columns, *, amount: str = "loan_amount"
) -> Iterator[ColumnElement[bool]]:
    """Those of amount, which is in the column of that name, and author. Each list finds customers and days by an index
    of its own.
    """
    # Not all that is looked through has these columns.
    if wanted.amount_from is not None:
        yield columns[amount] >= wanted.amount_from
    if wanted.amount_to is not None:
        yield columns[amount] <= wanted.amount_to
    if wanted.who is not None:
        yield is_by(columns.created_by, wanted.who)
