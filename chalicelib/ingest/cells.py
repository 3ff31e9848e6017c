"""One cell of a workbook: from what the reader gives to the value it means, or to what is wrong with it.

Excel keeps every number as a binary float and people type numbers and dates as text, so each parser takes
whatever a cell can hold. What is wrong is returned, not raised: a bad cell is data for the report.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeAlias

from chalicelib.rules.bounds import (
    FIRST_DATE,
    LAST_DATE,
    MAX_AMOUNT,
    MAX_ID_IN_A_FILE,
    NAME_LENGTH,
    RATE,
    RATE_DECIMALS,
)
from chalicelib.rules.money import PAISA
from chalicelib.rules.text import is_plain_text
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.dates import (
    NO_DATE,
    NOT_A_DATE,
    OUT_OF_RANGE,
    TIME_OF_DAY,
    EitherWay,
    read_date,
)
from chalicelib.rules.typed.letters import bare
from chalicelib.rules.typed.letters import is_blank as is_blank_text
from chalicelib.rules.typed.names import name as name_of
from chalicelib.rules.typed.numbers import IS_PERCENT, NOT_A_NUMBER
from chalicelib.rules.typed.numbers import amount as amount_of
from chalicelib.rules.typed.numbers import number as number_of
from chalicelib.rules.typed.numbers import percent as percent_of
from chalicelib.rules.typed.phones import NOT_A_PHONE_NUMBER
from chalicelib.rules.typed.phones import phone_number as phone_number_of

__all__ = ["FIRST_DATE", "LAST_DATE", "MAX_AMOUNT", "PAISA", "Problem"]


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
    """A number whose format shows something else than the number, or nothing: 300000 as 300, as 3 lakh."""

    number: float
    number_format: str

    def __str__(self) -> str:
        return f"{self.number!r} in the number format {self.number_format}"


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
class MisfitCell:
    """A cell of a row that does not fit its header, so that nobody can say in which column its values belong."""

    cell: "Cell"
    problem: Problem

    def __str__(self) -> str:
        return shown(self.cell)


Cell: TypeAlias = (
    str | float | int | bool | date | datetime | time | timedelta
    | ErrorCell | Uncalculated | PercentCell | UnclearCell | MisfitCell
)  # fmt: skip


Parser: TypeAlias = Callable[[Cell], Any]

# The errors that Excel writes, by the names it shows; in a text file they are all there is of them.
ERROR_NAMES = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!",
               "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#EXTERNAL!", "#PYTHON!",
               "#TIMEOUT!")  # fmt: skip

MISSING = Problem("missing", "must be given.")
ERROR = Problem("error_cell", "must not be an error of Excel's.")
UNCALCULATED = Problem(
    "formula_without_value", "has a formula whose value is not in the file; open the file in Excel and save it."
)
UNCLEAR = Problem(
    "unclear_number_format",
    "has a number format that shows another value than the file holds; format the cell as Number and check its value.",
)

MAX_ID = MAX_ID_IN_A_FILE
MAX_NAME_LENGTH = NAME_LENGTH.most
MAX_SHOWN_LENGTH = 200

_RATE_STEP = Decimal(1).scaleb(-RATE_DECIMALS)
# Six digits may also be a day, a month and a year.
_DAY_NUMBER = re.compile(r"(\d{1,5})(\.\d{1,9})?", re.ASCII)

# Excel counts days from here; the day before 1900-01-01 less one for the 29 February 1900 it believes in.
_EXCEL_EPOCH = date(1899, 12, 30)
# A workbook may count them from 1904 instead, as Excel on a Mac did.
DAYS_TO_1904 = 1462


def is_blank(cell: Cell) -> bool:
    """Whether there is nothing in a cell to be seen."""
    return isinstance(cell, str) and is_blank_text(cell)


def is_error(cell: Cell) -> bool:
    """Whether a cell holds an error of Excel's, or its name as a .csv has it."""
    return isinstance(cell, ErrorCell) or (isinstance(cell, str) and cell.strip() in ERROR_NAMES)


def shown(cell: Cell) -> str:
    """A cell as a person would recognise it, safe to store: at most 200 characters, no control characters."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= MAX_ID:
        return str(int(cell))
    text = str(cell)
    if len(text) > MAX_SHOWN_LENGTH:
        text = text[: MAX_SHOWN_LENGTH - 1] + "…"
    return "".join(character if is_plain_text(character) else f"\\x{ord(character):02x}" for character in text)


def whole_number(least: int, most: int) -> Parser:
    """A parser of whole numbers from `least` to `most`, to int."""
    problem = Problem("out_of_range", f"must be a whole number from {least} to {most}.")

    def parse(cell: Cell) -> int | Problem:
        if type(cell) is float and cell.is_integer():
            number = int(cell)
        else:
            exact = _number(cell, number_of)
            if isinstance(exact, Problem):
                return exact
            if exact != exact.to_integral_value():
                return problem
            number = int(exact)
        return number if least <= number <= most else problem

    return parse


def money(*, zero: bool) -> Parser:
    """A parser of amounts in rupees up to MAX_AMOUNT, to a Decimal with at most two decimals.

    A formula such as PMT leaves more decimals than Excel shows; they are rounded half-up, as Excel shows them.
    """
    bound = "from 0" if zero else "above 0"
    problem = Problem("out_of_range", f"must be an amount {bound} and at most {MAX_AMOUNT}.")

    def parse(cell: Cell) -> Decimal | Problem:
        exact = _number(cell, amount_of)
        if isinstance(exact, Problem):
            return exact
        if not -1 < exact <= MAX_AMOUNT:
            return problem
        amount = exact if exact == exact.to_integral_value() else exact.quantize(PAISA, ROUND_HALF_UP)
        return amount if amount > 0 or (zero and amount == 0 and exact >= 0) else problem

    return parse


def percent(cell: Cell) -> Decimal | Problem:
    """A rate in percent a year from 0 to 100, to a Decimal with at most four decimals.

    The number format decides, not the size of the number: 0.1125 is 11.25 where Excel shows it as a percentage.
    """
    exact = (
        cell.percent if isinstance(cell, PercentCell) and math.isfinite(cell.fraction) else _number(cell, percent_of)
    )
    if isinstance(exact, Problem):
        return exact
    if exact not in RATE:
        return Problem("out_of_range", f"must be a rate in percent a year from {RATE}.")
    return exact.quantize(_RATE_STEP, ROUND_HALF_UP)


def name(cell: Cell) -> str | Problem:
    """A name in any script. A leading `=` or `+` is kept: it is data here, never a formula."""
    return name_of(cell) if isinstance(cell, str) else Problem("not_text", "must be text.")


def phone_number(cell: Cell) -> str | Problem:
    """A phone number of ten digits, typed as a number or as text."""
    if isinstance(cell, str):
        return phone_number_of(cell)
    if isinstance(cell, bool) or not isinstance(cell, float | int) or cell != cell // 1 or not 0 <= cell <= MAX_ID:
        return NOT_A_PHONE_NUMBER
    return phone_number_of(str(int(cell)))


def calendar_date(cell: Cell) -> date | EitherWay | Problem:
    """A date cell, Excel's number of a day, also as text (45382), or text as people type dates (rules/typed/dates.py).

    A text that may have its day or its month first is both; what else stands in the sheet decides (ingest/rows.py).
    """
    if isinstance(cell, str):
        found = _date_of_text(cell)
    elif isinstance(cell, datetime):
        found = cell.date()
    elif isinstance(cell, date):
        found = cell
    elif isinstance(cell, float | int) and not isinstance(cell, bool):
        found = NO_DATE if cell == 0 else _date_of_day_number(cell)
    else:
        found = NOT_A_DATE
    return OUT_OF_RANGE if isinstance(found, date) and not FIRST_DATE <= found <= LAST_DATE else found


def counted_from_1904(cell: Cell) -> Cell:
    """The number of a day, or a text that is one, in a workbook that counts from 1904, as others count."""
    if isinstance(cell, str) and (number := _DAY_NUMBER.fullmatch(bare(cell))):
        return f"{int(number[1]) + DAYS_TO_1904}{number[2] or ''}"
    return cell + DAYS_TO_1904 if isinstance(cell, float | int) and not isinstance(cell, bool) else cell


def _number(cell: Cell, read: Callable[[str], Decimal | Problem]) -> Decimal | Problem:
    if isinstance(cell, str):
        return read(cell)
    if isinstance(cell, float) and math.isfinite(cell):
        # By way of its shortest text: 8.2 is meant, not the binary fraction next to it.
        return Decimal(int(cell)) if cell.is_integer() else Decimal(repr(cell))
    if isinstance(cell, int) and not isinstance(cell, bool):
        return Decimal(cell)
    return IS_PERCENT if isinstance(cell, PercentCell) else NOT_A_NUMBER


def _date_of_text(text: str) -> date | EitherWay | Problem:
    number = _DAY_NUMBER.fullmatch(bare(text))
    if number is None or not int(number[1]):
        return read_date(text)
    return TIME_OF_DAY if float(number[2] or 0) else _date_of_day_number(int(number[1]))


def _date_of_day_number(number: float) -> date | Problem:
    last = (date.max - _EXCEL_EPOCH).days
    return _EXCEL_EPOCH + timedelta(days=int(number)) if 1 <= number <= last else NOT_A_DATE
