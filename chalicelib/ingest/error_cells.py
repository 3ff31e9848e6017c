"""Which cells of a sheet hold an error such as #N/A, or a formula without its value: the reader gives both as empty.

They are kept so that a million of them take a few MiB.
"""

import re
from array import array
from collections.abc import Iterator, Mapping
from heapq import merge
from itertools import pairwise, repeat
from typing import TypeAlias

from chalicelib.ingest.cells import ERROR_NAMES, ErrorCell, Uncalculated

# What is wrong with a cell that the reader gives as empty.
Fault: TypeAlias = ErrorCell | Uncalculated
# The rows, from 1 and ascending, in which a column, from 1, has a fault.
ErrorCells: TypeAlias = "Mapping[tuple[int, Fault], array[int]]"

LAST_COLUMN = 16_384

# Whatever else a file calls an error is shown as one of unknown name: there could be a million.
_ERRORS = {name.encode(): ErrorCell(name) for name in ERROR_NAMES}
_OTHER = ErrorCell("#ERROR")
_UNCALCULATED = Uncalculated()

_IS_ERROR = re.compile(rb"""\bt\s*=\s*["']e["']""")
_IS_TEXT = re.compile(rb"""\bt\s*=\s*["']str["']""")
_ADDRESS = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)(\d+)["']""")


class WithoutAddress(Exception):
    """A cell of this sheet that is read as empty does not say where it is."""


class ErrorFinder:
    """Finds the faulty cells in the pieces of a sheet's XML."""

    def __init__(self, sheet: str, prefix: bytes) -> None:
        self._sheet = sheet
        p = re.escape(prefix)
        attributes = rb"""[^<>]{0,200}\bt\s*=\s*["']e["'][^<>]{0,200}"""
        formula = rb"(?:<%bf[^<>]*/>|<%bf[^<]*</%bf>)" % (p, p, p)
        value = rb"<%bv[^<>/]*>([^<]{1,20})</%bv>" % (p, p)
        self._error = re.compile(rb"<%bc(\s%b)>(?:%b)?(?:%b)?" % (p, attributes, formula, value))
        self._formula = re.compile(
            rb"<%bc(\s[^<>]*|)>\s*%b(?!\s*<%bv[^<>/]*>[^<])\s*(<%bv[\s/>])?" % (p, formula, p, p)
        )
        self._start_of_formula = b"<%bf" % prefix
        self._found: dict[tuple[int, Fault], array[int]] = {}

    def look_at(self, xml: bytes) -> None:
        """Takes in the faulty cells of a piece. Raises WithoutAddress."""
        if b'"e"' in xml or b"'e'" in xml:
            for attributes, value in self._error.findall(xml):
                self._add(attributes, _ERRORS.get(value, _OTHER))
        if self._start_of_formula in xml:
            for attributes, value in self._formula.findall(xml):
                # A text without any characters is a value: ="" has it.
                if not _IS_ERROR.search(attributes) and not (value and _IS_TEXT.search(attributes)):
                    self._add(attributes, _UNCALCULATED)

    def _add(self, attributes: bytes, fault: Fault) -> None:
        address = _ADDRESS.search(attributes)
        if not address:
            raise WithoutAddress(self._sheet)
        # A cell further to the right keeps the whole sheet from being read.
        if (column := column_number(address[1])) <= LAST_COLUMN:
            self._found.setdefault((column, fault), array("I")).append(int(address[2][:9]))

    def found(self) -> ErrorCells:
        """All that was found so far."""
        return {place: _ascending(rows) for place, rows in self._found.items()}


def in_order(errors: ErrorCells) -> Iterator[tuple[int, int, Fault]]:
    """Row, column and fault of all of them, from the top downwards."""
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
