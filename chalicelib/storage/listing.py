"""Lists in an order that people choose: a page before or behind a row, and how much there is of what matches.

A page goes on from a row, not from a count of rows: it costs the same wherever it is, and a row that comes meanwhile
moves nothing. Rows are looked through in the order of one index, and only so many at once: a page costs no more,
whatever is asked and however little of it there is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    distinct,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
    union,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.operators import custom_op

from chalicelib.postgres.connection import driver_of
from chalicelib.rules.bounds import MAX_ID

T = TypeVar("T")

# Those of a subquery.
Columns = ReadOnlyColumnCollection[str, Any]

# So many rows are looked through at once: a page must not wait for a million.
LOOKED = 20_000
# If something has to be looked up elsewhere for each of them, so many times fewer.
ELSEWHERE = 5


def given(*bounds: tuple[Any, Callable[[Any], ColumnElement[bool]]]) -> Iterator[ColumnElement[bool]]:
    """The conditions of those values that are given: `(wanted.since, columns.day.__ge__)`; None asks nothing."""
    for value, holds in bounds:
        if value is not None:
            yield holds(value)


@dataclass(frozen=True)
class Order:
    """By `key`, or by the number of a row alone; rows with the same key by their number.

    A `bytewise` key is compared byte by byte, as an index with text_pattern_ops does.
    """

    key: ColumnElement[Any] | None = None
    descending: bool = False
    bytewise: bool = False


NEWEST = Order(descending=True)


class Place(NamedTuple):
    """Asks for at most `size` rows in an order: those behind the row `after`, those before `before`, or the first."""

    order: Order
    size: int
    after: int | None = None
    before: int | None = None

    @property
    def last(self) -> int | None:
        """The row that is gone on from."""
        return self.after if self.before is None else self.before

    @property
    def seen(self) -> Order:
        """The order in which rows are read from there on."""
        return self.order if self.before is None else replace(self.order, descending=not self.order.descending)


class Page(NamedTuple, Generic[T]):
    """Rows of a list; the numbers of its first and last row if there are rows before and behind them. It `walks` if it
    goes on through everything there is, and does not put the first of it in order.
    """

    rows: Sequence[T]
    previous: int | None = None
    next: int | None = None
    walks: bool = True


@dataclass(frozen=True)
class Summary:
    """How many rows match of the `looked` that were looked through, and the sum of an amount of them in rupees. If
    there are more to look through, `is_whole` is False.
    """

    count: int
    is_whole: bool = True
    total: Decimal | None = None
    looked: int = 0


@dataclass(frozen=True)
class Lead:
    """What an index has before the key, and the one value of it that is read (`of_one`), if it is not bytewise."""

    column: ColumnElement[Any]
    value: object = None
    bytewise: bool = False


@dataclass(frozen=True)
class Source:
    """Where the rows of a list are looked for: those that an index finds, in its order.

    `rows` are alternatives, because one condition for all of them would be searched from the first row on. Each selects
    the number of a row first, then the columns that `conditions` ask for, which are all that no index finds. At most
    `most` of an alternative are looked through, in any order if there is none. If it `repeats`, a row may be found more
    than once. If it `keeps` its rows, which never leave it, a page goes on from one of them and from no other row.
    """

    rows: Sequence[Select[Any]]
    order: Order | None
    most: int
    conditions: Callable[[Columns], Iterable[ColumnElement[bool]]] = lambda _columns: ()
    lead: Lead | None = None
    repeats: bool = False
    keeps: bool = False


def both_ways(**keys: ColumnElement[Any]) -> Mapping[str, Order]:
    """Orders by the names of their keys, and falling ones as `amount-descending`."""
    rising = {name: Order(key) for name, key in keys.items()}
    return rising | {f"{name}-descending": Order(key, descending=True) for name, key in keys.items()}


def page(
    connection: Connection,
    shown: Select[Any],
    place: Place,
    *,
    source: Source,
    number: ColumnElement[int],
    make: Callable[..., T],
    number_of: Callable[[T], int],
) -> Page[T]:
    """The rows at a place of an order, in one statement; in two at the end of what is looked through at once.

    `number` is the number of a row in `shown`, whose columns `make` takes. In the order of the source each page looks
    on from where the last one ended, also if it found nothing. In any other, the first rows of the source are put in
    order.
    """
    walks = _walks(source, place)
    rows = [_keyed(each, place, number, source, goes_on=walks) for each in source.rows]
    looked = _looked(rows, source, place.seen if walks else source.order, source.most)
    conditions = list(source.conditions(looked.c))
    found = select(looked.c.number, looked.c.key).where(*conditions)
    if place.last is not None and not walks:
        found = found.where(_is_behind(looked.c.number, looked.c.key, place.last, place.seen, number))
    in_order = (found.distinct() if source.repeats else found).order_by(
        *_in_order(looked.c.key, looked.c.number, place.seen)
    )
    numbers = in_order.limit(place.size + 1).subquery()
    read = page_of(connection, shown, place, numbers=numbers, number=number, make=make, number_of=number_of)
    read = read._replace(walks=walks)
    if not (walks and conditions) or (read.next if place.before is None else read.previous) is not None:
        return read
    on: Any = connection.execute(_one_of_many(rows[0], source, place.seen, source.most - 1)).scalar()
    return read._replace(next=on) if place.before is None else read._replace(previous=on)


def page_of(
    connection: Connection,
    shown: Select[Any],
    place: Place,
    *,
    numbers: Subquery,
    number: ColumnElement[int],
    make: Callable[..., T],
    number_of: Callable[[T], int],
) -> Page[T]:
    """The same if the rows are known: `numbers` has the number and the key of one more than the page has."""
    without_workers(connection)
    statement = shown.join(numbers, numbers.c.number == number)
    ordered = statement.order_by(*_in_order(numbers.c.key, numbers.c.number, place.seen))
    found = [make(*row) for row in connection.execute(ordered.limit(place.size + 1))]
    rows_shown, is_more = found[: place.size], len(found) > place.size
    backwards = place.before is not None
    if backwards:
        rows_shown.reverse()
    if not rows_shown:
        return Page(rows_shown)
    is_before, is_behind = (is_more, True) if backwards else (place.after is not None, is_more)
    return Page(
        rows_shown,
        number_of(rows_shown[0]) if is_before else None,
        number_of(rows_shown[-1]) if is_behind else None,
    )


def summary(connection: Connection, source: Source, amount: ColumnElement[Decimal] | None = None) -> Summary:
    """How many rows match, and the sum of an amount of them, as far as they are looked through.

    If every row matches and there are more of them than that, no more is said of them, and none is read for it.
    """
    value = literal(None) if amount is None else amount
    rows = [each.add_columns(each.selected_columns[0].label("number"), value.label("value")) for each in source.rows]
    is_more: ColumnElement[bool] = false()
    if not source.repeats and len(rows) == 1 and not list(source.conditions(_looked(rows, source, None, 1).c)):
        is_more = exists(_one_of_many(rows[0], source, source.order, source.most).cte("more").select())
        rows = [rows[0].where(not_(is_more))]
    looked = _looked(rows, source, source.order, source.most + 1)
    matches = and_(true(), *source.conditions(looked.c))
    number = distinct(looked.c.number) if source.repeats else looked.c.number
    total = literal(None) if amount is None else func.sum(looked.c.value).filter(matches)
    statement = select(func.count(number).filter(matches), total, func.count(), is_more).select_from(looked)
    without_workers(connection)
    count, summed, seen, there_is_more = connection.execute(statement).one()
    if there_is_more:
        return Summary(source.most, is_whole=False, looked=source.most)
    if seen > source.most:
        return Summary(min(count, source.most), is_whole=False, looked=source.most)
    return Summary(count, total=summed if count else None, looked=seen)


def without_workers(connection: Connection) -> None:
    """Has the next statement answered without workers, in the same round trip.

    The planner would start them as if all rows were read, and a list stops early: with two processors a page of late
    loans took twice as long.
    """
    driver_of(connection).send_with_next("SELECT set_config('max_parallel_workers_per_gather', '0', true)")


def of_one(lead: ColumnElement[Any], value: object, number: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether `lead` has a value, as a range of the index by it and the number: of an equality the planner would know
    that any order by number is the same, and walk over all rows instead.
    """
    return and_(
        tuple_(lead, number) >= tuple_(literal(value), literal(1)),
        tuple_(lead, number) <= tuple_(literal(value), literal(MAX_ID)),
    )


def _walks(source: Source, place: Place) -> bool:
    """Whether the order asked for is that of the source, in either direction."""
    return source.order is not None and not source.repeats and place.order.key is source.order.key


def _keyed(
    rows: Select[Any], place: Place, number: ColumnElement[int], source: Source, *, goes_on: bool
) -> Select[Any]:
    """With the number and the key of each row; if it `goes_on`, those behind the last page."""
    own = rows.selected_columns[0]
    key = own if place.order.key is None else place.order.key
    keyed = rows.add_columns(own.label("number"), key.label("key"))
    if place.last is None or not goes_on:
        return keyed
    lead = source.lead
    if lead is not None and lead.value is not None:
        # So the index is read from there.
        here, there = tuple_(lead.column, own), tuple_(literal(lead.value), literal(place.last))
        keyed = keyed.where(here < there if place.seen.descending else here > there)
    return keyed.where(_is_behind(own, key, place.last, place.seen, number, among=rows if source.keeps else None))


def _looked(rows: Sequence[Select[Any]], source: Source, order: Order | None, most: int) -> Subquery:
    """The rows that are looked through, each of them once."""
    parts = [_in_its_order(each, source, order).limit(most).subquery() for each in rows]
    return parts[0] if len(parts) == 1 else union(*(select(*part.c) for part in parts)).subquery("looked")


def _in_its_order(rows: Select[Any], source: Source, order: Order | None) -> Select[Any]:
    if order is None:
        return rows
    own = rows.selected_columns[0]
    lead = [] if source.lead is None else [_directed(source.lead.column, order.descending, source.lead.bytewise)]
    return rows.order_by(*lead, *_in_order(own if order.key is None else order.key, own, order))


def _one_of_many(rows: Select[Any], source: Source, order: Order | None, before: int) -> Select[Any]:
    """The number of the row that has so many before it; none if there is no such row."""
    only = rows.with_only_columns(rows.selected_columns[0])
    return _in_its_order(only, source, order).offset(before).limit(1)


def _in_order(key: ColumnElement[Any], number: ColumnElement[int], order: Order) -> list[ColumnElement[Any]]:
    by_number = _directed(number, order.descending)
    return [by_number] if order.key is None else [_directed(key, order.descending, order.bytewise), by_number]


def _directed(column: ColumnElement[Any], descending: bool, bytewise: bool = False) -> ColumnElement[Any]:
    if bytewise:
        return UnaryExpression(column, modifier=custom_op("USING ~>~" if descending else "USING ~<~"))
    return column.desc() if descending else column.asc()


def _is_behind(
    own: ColumnElement[int],
    key: ColumnElement[Any],
    last: int,
    order: Order,
    number: ColumnElement[int],
    among: Select[Any] | None = None,
) -> ColumnElement[bool]:
    """Whether a row comes after the one with the number `last`, which is looked up for its key where it stands now:
    `among` these rows, or among all.
    """
    is_after = own < last if order.descending else own > last
    if order.key is None:
        return is_after
    # By itself, or it would take its row from the statement around it.
    rows = select(order.key) if among is None else among.with_only_columns(order.key)
    key_of_last = rows.where(number == last).correlate(None).scalar_subquery()
    if order.bytewise:
        or_equal, strictly = ("~<=~", "~<~") if order.descending else ("~>=~", "~>~")
        return and_(key.bool_op(or_equal)(key_of_last), or_(key.bool_op(strictly)(key_of_last), is_after))
    here, there = tuple_(key, own), tuple_(key_of_last, literal(last))
    return here < there if order.descending else here > there
