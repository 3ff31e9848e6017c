"""Lists in an order that people choose: a page before or behind a row, and how much there is of what matches.

A page goes on from a row, not from a count of rows: it costs the same wherever it is, and a row that comes meanwhile
moves nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    UnaryExpression,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
)
from sqlalchemy.sql.operators import custom_op

T = TypeVar("T")

# What matches is counted so far: a page must not wait for a million rows to be looked at.
COUNTED = 10_000


@dataclass(frozen=True)
class Order:
    """By `key`, or by the number of a row alone; rows with the same key by their number.

    A `bytewise` key is compared byte by byte, as an index with text_pattern_ops does. `number` is that of the table of
    the key, if it is another than that of the rows.
    """

    key: ColumnElement[Any] | None = None
    descending: bool = False
    bytewise: bool = False
    number: ColumnElement[int] | None = None


class Place(NamedTuple):
    """Asks for at most `size` rows in an order: those behind the row `after`, those before `before`, or the first.

    If `few` match, at most COUNTED, they are found first and then put in order. Otherwise they are looked for in their
    order, which is quick because there are many, and would take long if there were few.
    """

    order: Order
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
    matching: Sequence[Select[tuple[int]]],
    number: ColumnElement[int],
    make: Callable[..., T],
    number_of: Callable[[T], int],
) -> Page[T]:
    """The rows at a place of an order, in one statement.

    `matching` selects the numbers of rows that match, each alternative by itself, because one condition for all of them
    would be searched from the first row on. `number` is the number of a row in `shown`, whose columns `make` takes.
    """
    backwards = place.before is not None
    last = place.before if backwards else place.after
    seen = place.order if not backwards else replace(place.order, descending=not place.order.descending)
    parts = [_numbers(each, place, number=number, order=seen, last=last) for each in matching]
    numbers = parts[0] if len(parts) == 1 else union(*(select(*part.c) for part in parts)).subquery("pages")
    statement = shown.join(numbers, numbers.c.number == number)
    ordered = statement.order_by(*_in_order(numbers.c.key, numbers.c.number, seen))
    found = [make(*row) for row in connection.execute(ordered.limit(place.size + 1))]
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
    matching: Select[tuple[int]], place: Place, *, number: ColumnElement[int], order: Order, last: int | None
) -> Subquery:
    """The numbers of the rows of a page, each with its key."""
    (own,) = matching.selected_columns
    key = own if order.key is None else order.key
    keyed: Select[Any] = matching.with_only_columns(own.label("number"), key.label("key"))
    if place.few:
        # The offset keeps the planner from looking for them in the order of the page.
        found = keyed.offset(literal(0)).subquery("matching").c
        own, key, keyed = found.number, found.key, select(found.number, found.key)
    if last is not None:
        keyed = keyed.where(_is_behind(own, key, last, order, number))
    return keyed.order_by(*_in_order(key, own, order)).limit(place.size + 1).subquery()


def _in_order(key: ColumnElement[Any], number: ColumnElement[int], order: Order) -> list[ColumnElement[Any]]:
    if order.bytewise:
        using: Any = custom_op("USING ~>~" if order.descending else "USING ~<~")
        return [UnaryExpression(key, modifier=using), number.desc() if order.descending else number.asc()]
    return [key.desc(), number.desc()] if order.descending else [key.asc(), number.asc()]


def _is_behind(
    own: ColumnElement[int], key: ColumnElement[Any], last: int, order: Order, number: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether a row comes after the one with the number `last`, which is looked up for its key where it stands now."""
    is_after = own < last if order.descending else own > last
    if order.key is None:
        return is_after
    # By itself, or it would take its row from the statement around it.
    of_key = number if order.number is None else order.number
    key_of_last = select(order.key).where(of_key == last).correlate(None).scalar_subquery()
    if order.bytewise:
        or_equal, strictly = ("~<=~", "~<~") if order.descending else ("~>=~", "~>~")
        return and_(key.bool_op(or_equal)(key_of_last), or_(key.bool_op(strictly)(key_of_last), is_after))
    here, there = tuple_(key, own), tuple_(key_of_last, literal(last))
    return here < there if order.descending else here > there


def summary(
    connection: Connection, matching: Select[tuple[int]], amount: ColumnElement[Decimal] | None = None
) -> Summary:
    """How many rows match, and the sum of an amount of them, as far as they are counted."""
    (number,) = matching.selected_columns
    counted = matching.with_only_columns((number if amount is None else amount).label("value"))
    found = counted.limit(COUNTED + 1).subquery()
    total = literal(None) if amount is None else func.sum(found.c.value)
    count, summed = connection.execute(select(func.count(), total).select_from(found)).one()
    if count > COUNTED:
        return Summary(COUNTED, is_whole=False)
    return Summary(count, total=summed if count else None)
