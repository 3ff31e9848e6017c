"""Cells that mean something else than the reader of workbooks gives: errors, formulas without a value, percent.

The reader gives an error such as #N/A as an empty cell, and so a formula without its value; an empty cell may mean
something, for example that a loan is current. It gives 0.1125 for 11.25%. Marks are kept so that a million of them take
a few MiB.
"""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from itertools import pairwise, repeat
from typing import Any, TypeAlias

from chalicelib.imports.reading.cells import (
    Cell,
    DressedCell,
    ErrorCell,
    MisfitCell,
    Uncalculated,
    UnclearCell,
    is_blank,
)
from chalicelib.imports.reading.number_formats import GENERAL, NumberFormat
from chalicelib.imports.reading.sheets import NumberedRow
from chalicelib.rules.typed import Problem


@dataclass(frozen=True)
class OtherwiseSeen:
    """That a cell, whatever it holds, is not seen as that, by its number format."""

    number_format: str


@dataclass(frozen=True)
class Spoilt:
    """That nobody can say what a cell means, whatever it holds, and why."""

    problem: Problem


STRUCK = Spoilt(
    Problem(
        "struck_out",
        "is struck out, or raised or lowered in part, so nobody knows what of it counts; write it plainly, or delete "
        "it.",
    )
)
MISTYPED = Spoilt(
    Problem(
        "mistyped",
        "is not of the type that its cell says, such as a number; open the file in Excel, type the cell again, and "
        "save it.",
    )
)


@dataclass(frozen=True)
class SeenByFormula:
    """That a number has no format but General, in which LibreOffice shows the value of a formula as its parts are: 0.12
    as 12.00% if it is made of percentages. No program writes that into the file, and Excel shows 0.12.
    """


Mark: TypeAlias = ErrorCell | Uncalculated | NumberFormat | OtherwiseSeen | SeenByFormula | Spoilt
# The rows, from 1 and ascending, in which a column, from 1, has a mark.
Marks: TypeAlias = "Mapping[tuple[int, Mark], array[int]]"

LAST_COLUMN = 16_384
LAST_ROW = 1_048_576


@lru_cache(LAST_COLUMN)
def column_number(letters: bytes) -> int:
    """The number of a column, from 1, by its letters."""
    number = 0
    for letter in letters[:7].upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def column_letters(number: int) -> str:
    """The letters of a column by its number, from 1."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def with_marks(rows: Iterator[tuple[int, list[Any]]], marks: Marks, left_out: int) -> Iterator[NumberedRow]:
    """The rows as a person sees them; `left_out` is how many empty columns on the left the reader leaves out."""
    found = [mark for _, mark in marks]
    ahead = _in_order(marks)
    seen: dict[tuple[int, float], Cell] = {}
    row_marked, column, which = next(ahead, (0, 0, 0))
    for number, row in rows:
        while row_marked and row_marked <= number:
            at = column - 1 - left_out
            if row_marked == number and 0 <= at < len(row):
                row[at] = _read(row[at], found[which], which, seen)
            row_marked, column, which = next(ahead, (0, 0, 0))
        yield number, row


def _read(cell: Cell, mark: Mark, which: int, seen: dict[tuple[int, float], Cell]) -> Cell:
    if isinstance(mark, Spoilt):
        return cell if is_blank(cell) else MisfitCell(cell, mark.problem)
    if isinstance(mark, OtherwiseSeen):
        return cell if is_blank(cell) else UnclearCell(cell, mark.number_format)
    if isinstance(mark, SeenByFormula):
        return DressedCell(cell, GENERAL, may_be_percent=True) if type(cell) is float else cell
    if not isinstance(mark, NumberFormat):
        return mark
    if type(cell) is not float:
        is_hidden = not mark.shows_text and isinstance(cell, str) and not is_blank(cell)
        return UnclearCell(cell, mark.code) if is_hidden else cell
    # Most rates come again; the same cell is also the quickest to compare.
    if (which, cell) not in seen:
        if len(seen) > 10_000:
            seen.clear()
        seen[which, cell] = mark.read(cell)
    return seen[which, cell]


def _in_order(marks: Marks) -> Iterator[tuple[int, int, int]]:
    """Row, column and the number of the mark of all of them, from the top downwards."""
    return merge(*(zip(rows, repeat(column), repeat(which)) for which, ((column, _), rows) in enumerate(marks.items())))


def joined(some: Marks, others: Marks) -> Marks:
    """All of the marks; of two of one kind at one cell one is enough."""
    if not others:
        return some
    both = {key: some.get(key, array("I")) + others.get(key, array("I")) for key in {**some, **others}}
    return {key: ascending(rows) for key, rows in both.items()}


def ascending(rows: "array[int]") -> "array[int]":
    """The rows in their order; they nearly always are in it."""
    return rows if all(above <= below for above, below in pairwise(rows)) else array("I", sorted(rows))
