"""Which cells of a sheet hold an error such as #N/A, kept so that a million of them take a few MiB."""

import re
from array import array
from collections.abc import Iterator, Mapping
from heapq import merge
from itertools import pairwise, repeat
from typing import TypeAlias

from chalicelib.ingest.cells import ErrorCell

# The rows, from 1 and ascending, in which a column, from 1, holds an error.
ErrorCells: TypeAlias = "Mapping[tuple[int, ErrorCell], array[int]]"

LAST_COLUMN = 16_384

# All that Excel writes. Whatever else a file calls an error is shown as one of unknown name: there could be a million.
NAMES = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!",
         "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#EXTERNAL!", "#PYTHON!", "#TIMEOUT!")  # fmt: skip
_ERRORS = {name.encode(): ErrorCell(name) for name in NAMES}
_OTHER = ErrorCell("#ERROR")

_ADDRESS = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)(\d+)["']""")


class ErrorFinder:
    """Finds the error cells in the pieces of a sheet's XML."""

    def __init__(self, prefix: bytes) -> None:
        p = re.escape(prefix)
        attributes = rb"""[^<>]{0,200}\bt\s*=\s*["']e["'][^<>]{0,200}"""
        self._cell = re.compile(
            rb"<%bc\s(%b)>(?:<%bf[^<]*</%bf>|<%bf[^<>]*/>)?(?:<%bv>([^<]{1,20})</%bv>)?" % (p, attributes, *[p] * 5)
        )
        self._found: dict[tuple[int, ErrorCell], array[int]] = {}

    def look_at(self, xml: bytes) -> None:
        """Takes in the error cells of a piece."""
        if b'"e"' in xml or b"'e'" in xml:
            for attributes, value in self._cell.findall(xml):
                if address := _ADDRESS.search(attributes):
                    self._add(column_number(address[1]), int(address[2][:9]), _ERRORS.get(value, _OTHER))

    def _add(self, column: int, row: int, error: ErrorCell) -> None:
        # A cell further to the right keeps the whole sheet from being read.
        if column <= LAST_COLUMN:
            self._found.setdefault((column, error), array("I")).append(row)

    def found(self) -> ErrorCells:
        """All that was found so far."""
        return {place: _ascending(rows) for place, rows in self._found.items()}


def in_order(errors: ErrorCells) -> Iterator[tuple[int, int, ErrorCell]]:
    """Row, column and error of all of them, from the top downwards."""
    return merge(*(zip(rows, repeat(column), repeat(error)) for (column, error), rows in errors.items()),
                 key=lambda found: found[:2])  # fmt: skip


def column_number(letters: bytes) -> int:
    """The number of a column, from 1, by its letters."""
    number = 0
    for letter in letters[:7].upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _ascending(rows: "array[int]") -> "array[int]":
    # They nearly always are.
    return rows if all(above <= below for above, below in pairwise(rows)) else array("I", sorted(rows))
