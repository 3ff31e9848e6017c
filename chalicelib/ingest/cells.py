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

from chalicelib.rules.text import is_plain_text


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
class PercentCell:
    """A number in a cell that is formatted as percent: 0.1125 is shown as 11.25%."""

    fraction: float

    def __str__(self) -> str:
        return f"{Decimal(repr(self.fraction)) * 100:.10f}".rstrip("0").rstrip(".") + "%"


@dataclass(frozen=True)
class UnclearCell:
    """A number whose format shows something else than the number, or nothing: 300000 as 300, as 3 lakh."""

    number: float
    number_format: str

    def __str__(self) -> str:
        return f"{self.number!r} in the number format {self.number_format}"


@dataclass(frozen=True)
class Problem:
    """What is wrong with a cell. `message` finishes a sentence that begins with the column's title."""

    code: str
    message: str


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

# Excel itself keeps no more digits of a number, so a longer one in a file is not the one that was meant.
MAX_ID = 10**15 - 1
MAX_AMOUNT = 10**12
MAX_NAME_LENGTH = 100
MAX_SHOWN_LENGTH = 200

PAISA = Decimal("0.01")

# Digits alone or grouped, the Western or the Indian way: 100000, 100,000, 1,00,000.
_NUMBER = re.compile(r"[+-]?(\d{1,20}|\d{1,3}(,\d{2,3})*,\d{3})(\.\d{1,20})?", re.ASCII)
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})([T ]00:00(:00)?)?", re.ASCII)
_DAY_FIRST_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_DAY_NUMBER = re.compile(r"\d{1,7}", re.ASCII)
_PHONE_PUNCTUATION = str.maketrans("", "", " -()")

# Excel counts days from here; the day before 1900-01-01 less one for the 29 February 1900 it believes in.
_EXCEL_EPOCH = date(1899, 12, 30)
# A workbook may count them from 1904 instead, as Excel on a Mac did.
DAYS_TO_1904 = 1462
FIRST_DATE = date(1950, 1, 1)
LAST_DATE = date(2199, 12, 31)


def is_blank(cell: Cell) -> bool:
    """Whether there is nothing in a cell to be seen."""
    return isinstance(cell, str) and not cell.strip()


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
            exact = _number(cell)
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
        exact = _number(cell)
        if isinstance(exact, Problem):
            return exact
        if not -1 < exact <= MAX_AMOUNT:
            return problem
        amount = exact if exact == exact.to_integral_value() else exact.quantize(PAISA, ROUND_HALF_UP)
        return amount if amount > 0 or (zero and amount == 0 and exact >= 0) else problem

    return parse


def percent(cell: Cell) -> Decimal | Problem:
    """A rate in percent a year from 0 to 100, to a Decimal with at most four decimals."""
    exact = Decimal(repr(cell.fraction)) * 100 if isinstance(cell, PercentCell) else _number(cell)
    if isinstance(exact, Problem):
        return exact
    if not 0 <= exact <= 100:
        return Problem("out_of_range", "must be a rate in percent a year from 0 to 100.")
    return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def name(cell: Cell) -> str | Problem:
    """A name in any script. A leading `=` or `+` is kept: it is data here, never a formula."""
    if not isinstance(cell, str):
        return Problem("not_text", "must be text.")
    text = cell.strip()
    if len(text) > MAX_NAME_LENGTH:
        return Problem("too_long", f"must have at most {MAX_NAME_LENGTH} characters; it has {len(text)}.")
    if not is_plain_text(text):
        return Problem("control_character", "must not hold control characters, such as a line break.")
    return text


def phone_number(cell: Cell) -> str | Problem:
    """A phone number of ten digits, typed as a number or as text."""
    text = shown(cell).translate(_PHONE_PUNCTUATION)
    if len(text) == 10 and text.isascii() and text.isdecimal():
        return text
    return Problem("not_a_phone_number", "must be a phone number of 10 digits.")


def calendar_date(cell: Cell) -> date | Problem:
    """A date cell, Excel's number of a day, or text: 45382, 2024-03-31, 31/03/2024, 31-03-2024, 31.03.2024."""
    found = _date(cell)
    if found is None:
        return Problem("not_a_date", "must be a date, such as 2024-03-31 or 31/03/2024.")
    if not FIRST_DATE <= found <= LAST_DATE:
        return Problem("out_of_range", f"must be a date from {FIRST_DATE} to {LAST_DATE}.")
    return found


def counted_from_1904(cell: Cell) -> Cell:
    """The number of a day, or a text that is one, in a workbook that counts from 1904, as others count."""
    if isinstance(cell, str) and _DAY_NUMBER.fullmatch(cell.strip()):
        return int(cell) + DAYS_TO_1904
    return cell + DAYS_TO_1904 if isinstance(cell, float | int) and not isinstance(cell, bool) else cell


def _number(cell: Cell) -> Decimal | Problem:
    if isinstance(cell, float) and math.isfinite(cell):
        # By way of its shortest text: 8.2 is meant, not the binary fraction next to it.
        return Decimal(int(cell)) if cell.is_integer() else Decimal(repr(cell))
    if isinstance(cell, int) and not isinstance(cell, bool):
        return Decimal(cell)
    if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()):
        return Decimal(cell.strip().replace(",", ""))
    return Problem("not_a_number", "must be a number, such as 1500 or 8.25.")


def _date(cell: Cell) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, str):
        return _date_of_text(cell.strip())
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return _date_of_day_number(cell)
    return None


def _date_of_text(text: str) -> date | None:
    if iso := _ISO_DATE.fullmatch(text):
        year, month, day = iso.group(1, 2, 3)
    elif day_first := _DAY_FIRST_DATE.fullmatch(text):
        day, month, year = day_first.group(1, 3, 4)
    else:
        return _date_of_day_number(int(text)) if _DAY_NUMBER.fullmatch(text) else None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _date_of_day_number(number: float) -> date | None:
    last = (date.max - _EXCEL_EPOCH).days
    return _EXCEL_EPOCH + timedelta(days=int(number)) if 1 <= number <= last else None
