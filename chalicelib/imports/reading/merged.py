"""Merged cells: what is seen in several rows and columns stands in the first of them, and the others are empty.

An empty cell may mean something, for example that a loan is current, where a person sees the date of the row above.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from chalicelib.imports.reading.cells import MergedCell, is_blank, shown
from chalicelib.imports.reading.marks import column_number
from chalicelib.imports.reading.sheets import NumberedRow
from chalicelib.imports.reading.xml_parts import Damaged

_RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?", re.ASCII)


class Merged(NamedTuple):
    """The cells that are seen as one, by their first and last rows and columns, from 1."""

    top: int
    left: int
    bottom: int
    right: int


def merged_at(reference: str) -> Merged:
    """The cells of a reference such as A2:A5. Raises Damaged."""
    found = _RANGE.fullmatch(reference)
    if not found:
        raise Damaged(f"merged cells are said to be at {shown(reference)}")
    first, last = column_number(found[1].encode()), column_number((found[3] or found[1]).encode())
    top, bottom = int(found[2]), int(found[4] or found[2])
    return Merged(min(top, bottom), min(first, last), max(top, bottom), max(first, last))


def within(merged: Sequence[Merged], height: int, first: int, last: int) -> list[Merged]:
    """What of the merged cells lies in rows up to `height` and in columns from `first` to `last`, in their order."""
    cut = (each._replace(bottom=min(each.bottom, height), right=min(each.right, last)) for each in merged)
    return sorted(each for each in cut if each.top <= each.bottom and first <= each.left <= each.right)


def cells_of(merged: Sequence[Merged]) -> int:
    """How many cells they are, one that is in several counted for each: as many as are looked at."""
    return sum((each.bottom - each.top + 1) * (each.right - each.left + 1) for each in merged)


def with_merged(rows: Iterator[NumberedRow], merged: Sequence[Merged], left_out: int) -> Iterator[NumberedRow]:
    """The rows with a MergedCell wherever a person sees one that belongs to several rows, or to another column.

    `merged` is in order; `left_out` is how many empty columns on the left the rows do not have.
    """
    ahead = iter(merged)
    following = next(ahead, None)
    seen: list[Merged] = []
    for number, row in rows:
        cells: list[Any] = list(row) if seen or (following and following.top <= number) else row  # type: ignore[assignment]
        while following and following.top <= number:
            if not _is_empty(cells, following, left_out):
                seen.append(following)
            following = next(ahead, None)
        for each in seen:
            _cover(cells, each, number, left_out)
        if seen:
            seen = [each for each in seen if each.bottom > number]
        yield number, cells


def _is_empty(cells: Sequence[Any], merged: Merged, left_out: int) -> bool:
    return is_blank(cells[merged.left - 1 - left_out])


def _cover(cells: list[Any], merged: Merged, number: int, left_out: int) -> None:
    # What is merged within its row belongs to the first of its columns.
    belongs = merged.top == merged.bottom == number
    for at in range(merged.left - 1 - left_out + belongs, merged.right - left_out):
        cell = cells[at]
        cells[at] = cell if isinstance(cell, MergedCell) else MergedCell(cell)
