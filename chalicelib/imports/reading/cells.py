"""What the cells of a file are, as every format is read into: values as Excel keeps them, and what is none.

Excel keeps every number as a binary float, and people type numbers and dates as text.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from chalicelib.rules.bounds import MAX_ID_IN_A_FILE
from chalicelib.rules.text import is_plain_text
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.letters import is_blank as is_blank_text

MAX_SHOWN_LENGTH = 200

# The errors that Excel writes, by the names it shows; in a text file they are all there is of them.
ERROR_NAMES = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!",
               "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#EXTERNAL!", "#PYTHON!",
               "#TIMEOUT!")  # fmt: skip


@dataclass(frozen=True)
class ErrorCell:
    """A cell that holds an error of Excel's, such as #N/A or #REF!."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Uncalculated:
    """A cell with a formula whose value the file does not have: it was written by a program that does not calculate."""

    def __str__(self) -> str:
        return "=?"


@dataclass(frozen=True)
class UnclearCell:
    """A value whose format shows something else, or nothing: 300000 as 300, as 3 lakh."""

    value: "Cell"
    number_format: str

    def __str__(self) -> str:
        value = repr(self.value) if isinstance(self.value, float) else str(self.value)
        return f"{value} in the number format {self.number_format}"


@dataclass(frozen=True)
class DressedCell:
    """A number that is what it is, and of which more is seen: zeros in front, the time that it is for, or that it is
    a percentage, which not every program shows.
    """

    number: float
    number_format: str
    time: str | None = None
    may_be_percent: bool = False

    def __str__(self) -> str:
        if self.may_be_percent:
            return f"{shown(self.number)}, or {PercentCell(self.number)}"
        return shown(self.number) + (f" a {self.time}" if self.time else "")


@dataclass(frozen=True)
class PercentCell:
    """A number that Excel shows as a percentage, by its cell's number format: 0.1125, which is shown as 11.25%."""

    fraction: float

    def __str__(self) -> str:
        return f"{self.percent.normalize():f}%"

    @property
    def percent(self) -> Decimal:
        """By way of its shortest text: 11.25 is meant, not a hundred times the binary fraction next to 0.1125."""
        return Decimal(repr(self.fraction)) * 100


@dataclass(frozen=True)
class MergedCell:
    """A cell that is seen as one with others, in other rows or columns; what it holds may not be seen."""

    cell: "Cell"

    def __str__(self) -> str:
        return shown(self.cell)


@dataclass(frozen=True)
class MisfitCell:
    """A cell of which nobody can say what it is, whatever its column, as in a row that does not fit its header."""

    cell: "Cell"
    problem: Problem

    def __str__(self) -> str:
        return shown(self.cell)


Cell: TypeAlias = (
    str | float | int | bool | date | datetime | time | timedelta
    | ErrorCell | Uncalculated | PercentCell | UnclearCell | DressedCell | MergedCell | MisfitCell
)  # fmt: skip


def is_blank(cell: Cell) -> bool:
    """Whether there is nothing in a cell to be seen."""
    return is_blank(cell.cell) if isinstance(cell, MergedCell) else isinstance(cell, str) and is_blank_text(cell)


def is_error(cell: Cell) -> bool:
    """Whether a cell holds an error of Excel's, or its name as a .csv has it."""
    return isinstance(cell, ErrorCell) or (isinstance(cell, str) and cell.strip() in ERROR_NAMES)


def shown(cell: Cell) -> str:
    """A cell as a person would recognise it, safe to store: at most 200 characters, no control characters."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= MAX_ID_IN_A_FILE:
        return str(int(cell))
    text = str(cell)
    if len(text) > MAX_SHOWN_LENGTH:
        text = text[: MAX_SHOWN_LENGTH - 1] + "…"
    return "".join(character if is_plain_text(character) else f"\\x{ord(character):02x}" for character in text)
