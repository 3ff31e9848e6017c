"""Lists in an order that people choose: a page before or behind a row, and how much there is of what matches.

A page goes on from a row, not from a count of rows: it costs the same wherever it is, and a row that comes meanwhile
moves nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Subquery, func, literal, select, tuple_

T = TypeVar("T")

# What matches is counted so far: a page must not wait for a million rows to be looked at.
COUNTED = 10_000


class Place(NamedTuple):
    """Asks for at most `size` rows: those behind the row `after`, or those before the row `before`, or the first.

    If `few` match, at most COUNTED, they are found first and then put in order. Otherwise they are looked for in their
    order, which is quick because there are many, and would take long if there were few.
    """

    size: int
    after: int | None = None
    before: int | None = None
    few: bool = False


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
    shown: Select[Any],
    place: Place,
    *,
    matching: Select[tuple[int]],
    number: ColumnElement[int],
    order: Order,
    make: Callable[..., T],
    number_of: Callable[[T], int],
) -> Page[T]:
    """The rows at a place of an order, in one statement.

    `matching` selects the numbers of rows that match, `number` is the number of a row in `shown`, whose columns `make`
    takes. A row is looked up for its key, so the place is where it stands now.
    """
    backwards = place.before is not None
    last = place.before if backwards else place.after
    falling = order.descending is not backwards
    numbers = _numbers(matching, place, number=number, key=order.key, last=last, falling=falling)
    statement = shown.join(numbers, numbers.c.number == number)
    rows = connection.execute(statement.order_by(*_in_order(numbers.c.key, numbers.c.number, falling)))
    found = [make(*row) for row in rows]
    rows_shown, is_more = found[: place.size], len(found) > place.size
    if backwards:
        rows_shown.reverse()
    if not rows_shown:
        return Page(rows_shown)
    is_before, is_behind = (is_more, True) if backwards else (last is not None, is_more)
    return Page(
        rows_shown,
        number_of(rows_shown[0]) if is_before else None,
        number_of(rows_shown[-1]) if is_behind else None,
    )


def _numbers(
    matching: Select[tuple[int]],
    place: Place,
    *,
    number: ColumnElement[int],
    key: ColumnElement[Any] | None,
    last: int | None,
    falling: bool,
) -> Subquery:
    """The numbers of the rows of a page, each with its key."""
    (own,) = matching.selected_columns
    keyed = matching.with_only_columns(own.label("number"), (own if key is None else key).label("key"))
    if place.few:
        # The offset keeps the planner from looking for them in the order of the page.
        keyed = select(*keyed.offset(literal(0)).subquery("matching").c)
        own, key_here = keyed.selected_columns.number, keyed.selected_columns.key
    else:
        key_here = own if key is None else key
    if last is not None:
        keyed = keyed.where(_is_behind(own, key_here, last, falling, number=number, key=key))
    return keyed.order_by(*_in_order(key_here, own, falling)).limit(place.size + 1).subquery("page")


def _in_order(key: ColumnElement[Any], number: ColumnElement[int], falling: bool) -> list[ColumnElement[Any]]:
    return [key.desc(), number.desc()] if falling else [key.asc(), number.asc()]


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
    own: ColumnElement[int],
    key_here: ColumnElement[Any],
    last: int,
    falling: bool,
    *,
    number: ColumnElement[int],
    key: ColumnElement[Any] | None,
) -> ColumnElement[bool]:
    if key is None:
        return own < last if falling else own > last
    # By itself, or it would take its row from the statement around it.
    key_of_last = select(key).where(number == last).correlate(None).scalar_subquery()
    here, there = tuple_(key_here, own), tuple_(key_of_last, literal(last))
    return here < there if falling else here > there
