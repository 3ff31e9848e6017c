"""What the lists of the console share: pages of rows, and the links between them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

ROWS = 25

Row = TypeVar("Row")


@dataclass(frozen=True)
class Shown(Generic[Row]):
    """The rows of a page, and the addresses of the first and the next one, None where this is it."""

    rows: Sequence[Row]
    first: str | None = None
    next: str | None = None


def shown_page(
    found: Sequence[Row],
    query: Mapping[str, str],
    kept: Collection[str],
    cursor: str,
    number_of: Callable[[Row], int],
    size: int = ROWS,
) -> Shown[Row]:
    """A page of `size` rows, of which one more was looked for. Of the query, the parameters `kept` go along from page
    to page, and `cursor` says behind which row one starts.
    """
    filters = {name: query[name] for name in kept if name in query}
    rows = found[:size]
    return Shown(
        rows,
        address(filters) if cursor in query else None,
        address(filters | {cursor: number_of(rows[-1])}) if len(found) > size else None,
    )


def address(query: Mapping[str, object]) -> str:
    """A link to the same page with another query."""
    return f"?{urlencode(query)}"
