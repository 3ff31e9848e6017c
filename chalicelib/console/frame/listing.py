"""How a list is declared, once for all lists: its filters, columns and orders; and how its page and its files are made.

Everything that is chosen stands in the address, so a list can be linked, kept under a name and gone back to.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from chalice.app import Response
from markupsafe import Markup
from pydantic import BaseModel, BeforeValidator, Field

from chalicelib import runtime
from chalicelib.console.frame import cells
from chalicelib.console.frame.cells import Cell, Head
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.lists import ROWS, address
from chalicelib.console.frame.reading import plain_amount, read
from chalicelib.console.frame.redirects import redirect_to_file
from chalicelib.console.frame.rendering import formats, page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest
from chalicelib.requests.models import CursorId, digits
from chalicelib.rules.typed.dates import read_date
from chalicelib.services.list_files import MOST_ROWS, FileColumn, FileKind, Value, Written, list_link
from chalicelib.services.saved_views import list_views
from chalicelib.storage.listing import Order, Page, Place, Summary
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.saved_views import SavedView

# Rows that are read at once for a file.
FILE_PART = 1000
FORMATS: tuple[FileKind, ...] = ("csv", "xlsx")


DaysLate = Annotated[
    int, BeforeValidator(digits), Field(ge=1, le=9999, description="a whole number of days, 1 to 9999")
]


FileFormat = Annotated[Literal["csv", "xlsx"], Field(description="csv or xlsx")]


class ListQuery(BaseModel):
    """What the address of every list may have beside its filters: the order, the place and the kind of a file."""

    sort: Annotated[str | None, Field(max_length=40, description="the name of an order")] = None
    after: CursorId | None = None
    before: CursorId | None = None
    format: FileFormat | None = None


Q = TypeVar("Q", bound=ListQuery)
T = TypeVar("T")
Options = Sequence[tuple[str, str]]


class Input(StrEnum):
    """How the value of a filter is typed."""

    TEXT = "text"
    NUMBER = "number"
    AMOUNT = "amount"
    RATE = "rate"
    DAY = "day"
    CHOICE = "choice"


@dataclass(frozen=True)
class Filter:
    """A parameter of the address that narrows the list. `is_rare` ones are asked for below `More filters`."""

    name: str
    label: str
    typed: Input = Input.TEXT
    options: Options = ()
    is_rare: bool = False
    hint: str | None = None


@dataclass(frozen=True)
class Column(Generic[T]):
    """A column of a list: its value as a file has it, and how a page shows it, if not as every value of its kind.

    `sort` is the name of the order by it, of which there is also a falling one. A column without `on_page` is for files
    alone, one without `in_file` for pages.
    """

    title: str
    value: Callable[[T], Value]
    written: Written = Written.TEXT
    sort: str | None = None
    shown: Callable[[T], Cell] | None = None
    on_page: bool = True
    in_file: bool = True
    # A phone shows a row in two lines: what it is about with its `head`, and below them each `line`.
    on_phone: Literal["head", "line"] | None = None

    def cell(self, row: T) -> Cell:
        """What a page shows of a row."""
        if self.shown is not None:
            return self.shown(row)
        value = self.value(row)
        return Cell(in_words(self.written, value), quiet=value is None)


@dataclass(frozen=True)
class List(Generic[Q, T]):
    """A list of the console. The first column is what a row is about, and its link is that of the row."""

    # From /console/ on, without its slash.
    path: str
    one: str
    many: str
    query: type[Q]
    orders: Mapping[str, Order]
    filters: Sequence[Filter]
    columns: Sequence[Column[T]]
    number_of: Callable[[T], int]
    page_of: Callable[[Q, Place], Page[T]]
    summary_of: Callable[[Q], Summary]
    # What the sum is of: lent, applied for; None if what is asked for has no sum.
    total: Callable[[Q], str | None] = lambda _query: None
    # Shown as rows that lead to their object.
    has_links: bool = True
    # In words, what is looked through first of more than can be looked through at once.
    looked_first: Callable[[Q], str] = lambda _query: "newest"
    # Filters that are often asked for: words and what they set.
    shortcuts: Sequence[tuple[str, Mapping[str, str]]] = ()

    @property
    def names(self) -> Sequence[str]:
        """The parameters that narrow it."""
        return [each.name for each in self.filters]


@dataclass(frozen=True)
class Chip:
    """A filter that is set, and the address without it; or one that can be set, and the address with it."""

    words: str
    link: str
    is_set: bool = True


@dataclass(frozen=True)
class ShownList:
    """A list as its page shows it. Links are addresses of the same page."""

    listed: List[Any, Any]
    form: Form
    sort: str
    heads: Sequence[Head] = ()
    rows: Sequence[Markup] = ()
    chips: Sequence[Chip] = ()
    shortcuts: Sequence[Chip] = ()
    count: str = ""
    total: str | None = None
    # What the list leaves out, and how to see it.
    note: str | None = None
    first: str | None = None
    previous: str | None = None
    next: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    # How many rows a file has at most, if there are more.
    most_in_a_file: int | None = None
    # The address behind the question mark, without the place, as it can be kept; and what was kept.
    kept: str = ""
    views: Sequence[SavedView] = ()

    @property
    def is_filtered(self) -> bool:
        return bool(self.chips)

    @property
    def is_default_order(self) -> bool:
        return self.sort == next(iter(self.listed.orders))

    @property
    def shows_more_filters(self) -> bool:
        """Whether one of those that are asked for rarely is set."""
        return any(each.is_rare and self.form.value(each.name) for each in self.listed.filters)


def answer_list(visit: Visit, listed: List[Q, T], template: str, **values: Any) -> Response:
    """The page of a list, or the file that the address asks for. Filters that are not valid are shown again."""
    typed = {name: visit.query[name] for name in listed.names if name in visit.query}
    try:
        query = read(listed.query, visit.query, {each.name: each.label for each in listed.filters})
        order = _order(listed, query)
    except InvalidRequest as error:
        if not error.fields.keys() & set(listed.names):
            # No field of the form could say what is wrong.
            raise
        nothing = ShownList(listed, Form.refused(typed, error), next(iter(listed.orders)))
        return page(visit, template, status=error.status, shown=nothing, **values)
    if query.format:
        return answer_file(visit, listed.path, listed.columns, _all(listed, query, order), query.format)
    views = list_views(runtime.database(), visit.actor.actor_id or 0, listed.path)
    return page(visit, template, shown=replace(_shown(listed, typed, query, order, visit.root), views=views), **values)


def answer_file(visit: Visit, name: str, columns: Sequence[Column[T]], rows: Iterable[T], kind: FileKind) -> Response:
    """Leads to a file with the rows of a list, which is called by the name of the list and the day."""
    filed = [column for column in columns if column.in_file]
    link = list_link(
        runtime.s3(),
        runtime.signing_s3(),
        bucket=runtime.settings().import_bucket,
        name=f"{name}-{runtime.today().isoformat()}",
        kind=kind,
        columns=[FileColumn(column.title, column.written) for column in filed],
        rows=([column.value(row) for column in filed] for row in rows),
        zone=runtime.settings().business_timezone,
    )
    return redirect_to_file(visit, link)


def every_row(part_of: Callable[[Cursor], Slice[T]]) -> Iterator[T]:
    """All rows of what is read in parts, for a file."""
    behind = None
    while True:
        part = part_of(Cursor(FILE_PART, behind))
        yield from part.rows
        if part.next is None:
            return
        behind = part.next


def file_links(query: Mapping[str, str]) -> Mapping[str, str]:
    """The addresses of the files of a page with this query, by their kinds."""
    return {kind: address({**query, "format": kind}) for kind in FORMATS}


def in_words(written: Written, value: Any) -> object:
    """A value as every page writes it."""
    write = formats()
    if value is None:
        return write.number(None)
    match written:
        case Written.MONEY:
            return write.money(value)
        case Written.RATE:
            return write.rate(value)
        case Written.NUMBER:
            return write.number(value)
        case Written.DAY:
            return write.day(value)
        case Written.MOMENT:
            return write.moment(value)
    return value


def _order(listed: List[Q, T], query: Q) -> Order:
    name = query.sort or next(iter(listed.orders))
    if name not in listed.orders:
        raise InvalidRequest(
            f"The list cannot be sorted by {name!r}.", {"sort": [f"must be one of {', '.join(listed.orders)}"]}
        )
    return listed.orders[name]


def _shown(listed: List[Q, T], typed: Mapping[str, str], query: Q, order: Order, root: str) -> ShownList:
    default = next(iter(listed.orders))
    sort = query.sort or default
    kept = dict(typed) | ({"sort": sort} if sort != default else {})
    summed = listed.summary_of(query)
    found = listed.page_of(query, Place(order, ROWS, query.after, query.before))
    columns = [column for column in listed.columns if column.on_page]
    heads = [_head(listed, column, sort, typed) for column in columns]
    return ShownList(
        listed,
        Form(typed),
        sort,
        heads=heads,
        rows=[cells.row([column.cell(row) for column in columns], heads, root) for row in found.rows],
        chips=list(_chips(listed, typed, kept)),
        shortcuts=[
            Chip(words, address({**kept, **sets}), sets.items() <= typed.items()) for words, sets in listed.shortcuts
        ],
        count=_count(listed, summed),
        total=_total(listed, query, summed),
        note=_note(listed, query, summed, walks=found.walks),
        first=address(kept) if query.after or query.before else None,
        previous=None if found.previous is None else address(kept | {"before": found.previous}),
        next=None if found.next is None else address(kept | {"after": found.next}),
        files=file_links(kept) if found.rows else {},
        most_in_a_file=None if summed.is_whole else MOST_ROWS,
        kept=address(kept).removeprefix("?"),
    )


def _head(listed: List[Q, T], column: Column[T], sort: str, typed: Mapping[str, str]) -> Head:
    """The head of a column; `sort` is how the list is sorted."""
    name = column.sort
    if name is None:
        return Head(column.title, column.written.is_number, None, None, column.on_phone)
    falling = next(each for each in listed.orders if each in (f"{name}-descending", *FALLING.get(name, ())))
    direction = {name: "ascending", falling: "descending"}.get(sort)
    following = falling if sort == name else name
    link = address({**typed, "sort": following})
    return Head(column.title, column.written.is_number, link, direction, column.on_phone)


# Falling orders that have a name of their own.
FALLING = {"number": ("newest",), "day": ("newest",)}


def _chips(listed: List[Q, T], typed: Mapping[str, str], kept: Mapping[str, str]) -> Iterator[Chip]:
    for each in listed.filters:
        if each.name in typed:
            without = {name: value for name, value in kept.items() if name != each.name}
            yield Chip(f"{each.label}: {_said(each, typed[each.name])}", address(without))


def _said(narrowed: Filter, typed: str) -> str:
    """The value of a filter in words. It has been read, so it is what it should be."""
    match narrowed.typed:
        case Input.CHOICE:
            return dict(narrowed.options).get(typed, typed)
        case Input.AMOUNT:
            return formats().money(Decimal(plain_amount(typed)))
        case Input.DAY:
            day = read_date(typed)
            return formats().plain_day(day) if isinstance(day, date) else typed
    return typed


def _count(listed: List[Q, T], summed: Summary) -> str:
    number = formats().number(summed.count)
    if summed.is_whole:
        return f"{number} {listed.one if summed.count == 1 else listed.many}"
    if summed.count == summed.looked:
        return f"More than {number} {listed.many}"
    return f"{number} of the {formats().number(summed.looked)} {listed.many} that were looked through"


def _note(listed: List[Q, T], query: Q, summed: Summary, *, walks: bool) -> str | None:
    """What the list leaves out if there are too many to look through at once, and how to see it."""
    if summed.is_whole:
        return None
    most = formats().number(summed.looked)
    if not walks:
        return f"Only the {listed.looked_first(query)} {most} are sorted: narrow them down to sort the others"
    return None if summed.count == summed.looked else "Narrow them down to look through more, or go on page by page"


def _total(listed: List[Q, T], query: Q, summed: Summary) -> str | None:
    of_what = listed.total(query)
    if of_what is None:
        return None
    if not summed.is_whole:
        return f"narrow them down to {formats().number(summed.looked)} for their sum"
    return None if summed.total is None else f"{formats().money(summed.total)} {of_what}"


def _all(listed: List[Q, T], query: Q, order: Order) -> Iterator[T]:
    """All rows that match, in their order, read in parts."""
    after = None
    while True:
        part = listed.page_of(query, Place(order, FILE_PART, after))
        yield from part.rows
        if part.next is None:
            return
        after = part.next
