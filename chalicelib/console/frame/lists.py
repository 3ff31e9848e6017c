"""What the lists of the console share: pages of rows, and the links between them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Generic, TypeVar
from urllib.parse import urlencode

from chalicelib.storage.paging import Slice

ROWS = 25

T = TypeVar("T")


@dataclass(frozen=True)
class Shown(Generic[T]):
    """The rows of a page, and the addresses of the first and the next one, None if there is none."""

    rows: Sequence[T]
    first: str | None = None
    next: str | None = None


def shown_page(found: Slice[T], query: Mapping[str, str], *, cursor: str, kept: Collection[str] = ()) -> Shown[T]:
    """A part of a list as a page of it. Of the query, the parameters `kept` go along from page to page, and `cursor`
    says behind which row a page begins.
    """
    filters = {name: query[name] for name in kept if name in query}
    return Shown(
        found.rows,
        address(filters) if cursor in query else None,
        None if found.next is None else address(filters | {cursor: found.next}),
    )


def periods(today: date) -> list[tuple[str, dict[str, str]]]:
    """Days that are often asked for, as lists are narrowed to them."""
    month = today.replace(day=1)
    last = month - timedelta(days=1)
    spans = (("Today", today, today), ("This month", month, today), ("Last month", last.replace(day=1), last))
    return [(words, {"from": since.isoformat(), "to": to.isoformat()}) for words, since, to in spans]


def address(query: Mapping[str, object]) -> str:
    """A link to the same page with another query."""
    return f"?{urlencode(query)}"
