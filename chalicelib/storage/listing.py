"""Lists in an order that people choose: a page before or behind a row, and how much there is of what matches.

A page goes on from a row, not from a count of rows: it costs the same wherever it is, and a row that comes meanwhile
moves nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, tuple_

T = TypeVar("T")

# What matches is counted so far: a page must not wait for a million rows to be looked at.
COUNTED = 10_000


class Place(NamedTuple):
    """Asks for at most `size` rows: those behind the row `after`, or those before the row `before`, or the first."""

    size: int
    after: int | None = None
    before: int | None = None


class Page(NamedTuple, Generic[T]):
    """Rows of a list; the numbers of its first and last row if there are rows before and behind them."""

    rows: Sequence[T]
    previous: int | None = None
    next: int | None = None


@dataclass(frozen=True)
class Order:
    """By `key`, or by the number of a row alone; rows with the same key by their number."""

    key: ColumnElement[Any] | None = None
    descending: bool = False


@dataclass(frozen=True)
class Summary:
    """How many rows match, and the sum of an amount of them in rupees. If there are more than COUNTED, they are not
    counted further: `count` is COUNTED then, and there is no sum.
    """

    count: int
    is_whole: bool = True
    total: Decimal | None = None


def both_ways(**keys: ColumnElement[Any]) -> Mapping[str, Order]:
    """Orders by the names of their keys, and falling ones as `amount-descending`."""
    rising = {name: Order(key) for name, key in keys.items()}
    return rising | {f"{name}-descending": Order(key, descending=True) for name, key in keys.items()}


def page(
    connection: Connection,
    statement: Select[Any],
    place: Place,
    *,
    number: ColumnElement[int],
    order: Order,
    make: Callable[..., T],
    number_of: Callable[[T], int],
) -> Page[T]:
    """The rows of a statement at a place of an order, each made from its columns.

    `number` tells the rows apart. A row is looked up for its key, so the place is where it stands now.
    """
    backwards = place.before is not None
    behind = place.before if backwards else place.after
    falling = order.descending is not backwards
    if behind is not None:
        statement = statement.where(_is_behind(number, order.key, behind, falling))
    keys = [number] if order.key is None else [order.key, number]
    ordered = statement.order_by(*(key.desc() if falling else key.asc() for key in keys))
    found = [make(*row) for row in connection.execute(ordered.limit(place.size + 1))]
    rows, is_more = found[: place.size], len(found) > place.size
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows)
    is_before, is_behind = (is_more, True) if backwards else (behind is not None, is_more)
    return Page(
        rows,
        number_of(rows[0]) if is_before else None,
        number_of(rows[-1]) if is_behind else None,
    )


def summary(connection: Connection, statement: Select[Any], amount: ColumnElement[Decimal] | None = None) -> Summary:
    """How many rows a statement has, and the sum of an amount, as far as they are counted."""
    counted = statement.with_only_columns(literal(1).label("one") if amount is None else amount.label("amount"))
    matching = counted.limit(COUNTED + 1).subquery()
    total = func.sum(matching.c.amount) if amount is not None else literal(None)
    count, found = connection.execute(select(func.count(), total).select_from(matching)).one()
    if count > COUNTED:
        return Summary(COUNTED, is_whole=False)
    return Summary(count, total=found if count else None)


def _is_behind(
    number: ColumnElement[int], key: ColumnElement[Any] | None, last: int, falling: bool
) -> ColumnElement[bool]:
    if key is None:
        return number < last if falling else number > last
    # By itself, or it would take its row from the statement around it.
    key_of_last = select(key).where(number == last).correlate(None).scalar_subquery()
    here, there = tuple_(key, number), tuple_(key_of_last, literal(last))
    return here < there if falling else here > there
