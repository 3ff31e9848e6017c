"""Readers of cells: from what a cell holds to the value it means, or to what is wrong with it.

Each reader takes whatever a cell can hold. What is wrong is returned, not raised: a bad cell is data for the report.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from operator import eq
from typing import Any, Literal

from chalicelib.imports.reading.cells import Cell, PercentCell
from chalicelib.rules.bounds import (
    FIRST_BIRTH,
    FIRST_DATE,
    LAST_DATE,
    MAX_AMOUNT,
    MAX_AMOUNT_IN_WORDS,
    MAX_ID_IN_A_FILE,
    NAME_LENGTH,
    RATE,
    RATE_DECIMALS,
    Range,
)
from chalicelib.rules.money import PAISA
from chalicelib.rules.text import is_plain_text, joined
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.dates import (
    NO_DATE,
    NOT_A_DATE,
    OUT_OF_RANGE,
    TIME_OF_DAY,
    YEAR_ALONE,
    EitherWay,
    read_date,
)
from chalicelib.rules.typed.letters import alike, bare, coded
from chalicelib.rules.typed.names import name as name_of
from chalicelib.rules.typed.numbers import IS_PERCENT, NOT_A_NUMBER
from chalicelib.rules.typed.numbers import amount as amount_of
from chalicelib.rules.typed.numbers import number as number_of
from chalicelib.rules.typed.numbers import percent as percent_of
from chalicelib.rules.typed.phones import NOT_A_PHONE_NUMBER
from chalicelib.rules.typed.phones import phone_number as phone_number_of

_RATE_STEP = Decimal(1).scaleb(-RATE_DECIMALS)
# Six digits may also be a day, a month and a year, in a cell of text and in one of numbers: 101124.
_MOST_DAYS = 99_999
# As the number of a day, 1985 is in the year 1905.
_YEARS = Range(FIRST_BIRTH.year, LAST_DATE.year)
_DAY_NUMBER = re.compile(r"(\d{1,5})(\.\d{1,9})?", re.ASCII)

# Excel counts days from here; the day before 1900-01-01 less one for the 29 February 1900 it believes in.
_EXCEL_EPOCH = date(1899, 12, 30)
_DAY_MS = 24 * 60 * 60 * 1000
# What a day's number may be off as a binary float. More is a time of day, and then the day may be another one: programs
# write 31 March in India as 30 March 18:30.
_NOISE_MS = 10
_MIDNIGHT_IS_OVER = time(microsecond=_NOISE_MS * 1000)
# A workbook may count them from 1904 instead, as Excel on a Mac did.
DAYS_TO_1904 = 1462


@dataclass(frozen=True)
class Reader:
    """How the cells of a column are read, and what of that Excel itself checks while somebody types.

    `read` gives the value or a Problem. `check` is Excel's name of a data validation between `least` and `most`; a
    custom one or a list is a `formula`, with {cell} for the first cell. `number_format` is how Excel shows a value.
    `read_numbers` gives the values of many cells at once that are all numbers, or None if it takes `read` to say what
    one of them is.
    """

    read: Callable[[Cell], Any]
    check: Literal["whole", "decimal", "date", "textLength", "list", "custom"]
    least: Any = None
    most: Any = None
    number_format: str = "General"
    formula: str = ""
    read_numbers: Callable[[Sequence[float]], Sequence[Any] | None] | None = None

    @property
    def is_text(self) -> bool:
        """Whether the characters of a value matter, and not the number that they may be: 007 is not 7."""
        return self.check == "textLength"


def whole_number(least: int, most: int) -> Reader:
    """Whole numbers from `least` to `most`, to int."""
    problem = Problem("out_of_range", f"must be a whole number from {least} to {most}.")

    def read(cell: Cell) -> int | Problem:
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

    def read_numbers(cells: Sequence[float]) -> list[int] | None:
        if not _all_within(cells, least, most):
            return None
        numbers = list(map(int, cells))
        return numbers if all(map(eq, numbers, cells)) else None

    return Reader(read, "whole", least, most, "0", read_numbers=read_numbers)


def money(*, zero: bool) -> Reader:
    """Amounts in rupees up to MAX_AMOUNT, to a Decimal with at most two decimals.

    A formula such as PMT leaves more decimals than Excel shows; they are rounded half-up, as Excel shows them.
    """
    bound = "from 0" if zero else "above 0"
    problem = Problem("out_of_range", f"must be an amount {bound} and at most {MAX_AMOUNT_IN_WORDS} rupees.")

    def read(cell: Cell) -> Decimal | Problem:
        exact = _number(cell, amount_of)
        if isinstance(exact, Problem):
            return exact
        if not -1 < exact <= MAX_AMOUNT:
            return problem
        amount = exact if exact == exact.to_integral_value() else exact.quantize(PAISA, ROUND_HALF_UP)
        return amount if amount > 0 or (zero and amount == 0 and exact >= 0) else problem

    def read_numbers(cells: Sequence[float]) -> list[Decimal] | None:
        if not _all_within(cells, float(PAISA), float(MAX_AMOUNT)):
            return None
        texts = list(map(repr, cells))
        # A number has at most two decimals if the point is among its last three characters.
        return list(map(Decimal, texts)) if all("." in text[-3:] for text in texts) else None

    return Reader(read, "decimal", "0" if zero else str(PAISA), MAX_AMOUNT, "#,##0.00", read_numbers=read_numbers)


def _all_within(cells: Sequence[float], least: float, most: float) -> bool:
    """Whether all of many numbers are; what is not a number is within nothing."""
    return least <= min(cells) and max(cells) <= most and math.isfinite(sum(cells))


def text_of_name(*, least: int) -> Reader:
    """Names in any script. What is empty is never read; `least` says whether a person may leave it so."""
    return Reader(_name, "textLength", least, NAME_LENGTH.most, "@")


def text_of(length: Range, valid: Callable[[str], str | Problem] = str) -> Reader:
    """Text of at most `length.most` characters without the white space around it, also typed as a whole number.

    `valid` gives what is wrong with it, if anything is.
    """
    too_long = Problem("too_long", f"must be text of at most {length.most} characters.")

    def read(cell: Cell) -> str | Problem:
        text = _digits(cell) if isinstance(cell, float | int) and not isinstance(cell, bool) else cell
        if not isinstance(text, str):
            return text if isinstance(text, Problem) else Problem("not_text", "must be text.")
        text = alike(text)
        if not is_plain_text(text):
            return Problem("control_character", "must not have a line break or another control character.")
        return _coded(text) or (valid(text) if len(text) in length else too_long)

    return Reader(read, "textLength", length.least, length.most, "@")


def _digits(number: float) -> str | Problem:
    if number != number // 1 or not 0 <= number <= MAX_ID_IN_A_FILE:
        return Problem("not_text", "must be text; format the column as Text, or Excel loses digits of a long number.")
    return str(int(number))


def one_of(known: Sequence[StrEnum], code: str) -> Reader:
    """One of the `known` words, in any case, with spaces, hyphens or underscores between them."""
    by_letters = {word.value.replace("_", ""): word for word in known}
    problem = Problem(code, f"must be {joined(known, 'or')}.")

    def read(cell: Cell) -> StrEnum | Problem:
        letters = re.sub(r"[\s_-]", "", cell).casefold() if isinstance(cell, str) else ""
        return by_letters.get(letters, problem)

    return Reader(read, "list", formula=f'"{",".join(known)}"')


def _name(cell: Cell) -> str | Problem:
    """A leading `=` or `+` is kept: it is data here, never a formula."""
    if not isinstance(cell, str):
        return Problem("not_text", "must be text.")
    return _coded(cell) or name_of(cell)


def _coded(text: str) -> Problem | None:
    """What is wrong with a text as web exports write it. For files only: a person who types it may mean it."""
    code = coded(text)
    return (
        Problem("damaged_text", f"holds {code}, the code of a character; write the character itself.") if code else None
    )


def _percent(cell: Cell) -> Decimal | Problem:
    exact = (
        cell.percent if isinstance(cell, PercentCell) and math.isfinite(cell.fraction) else _number(cell, percent_of)
    )
    if isinstance(exact, Problem):
        return exact
    if exact not in RATE:
        return Problem("out_of_range", f"must be a rate in percent a year from {RATE}.")
    return exact.quantize(_RATE_STEP, ROUND_HALF_UP)


def _phone_number(cell: Cell) -> str | Problem:
    if isinstance(cell, str):
        return phone_number_of(cell)
    if (
        isinstance(cell, bool)
        or not isinstance(cell, float | int)
        or cell != cell // 1
        or not 0 <= cell <= MAX_ID_IN_A_FILE
    ):
        return NOT_A_PHONE_NUMBER
    return phone_number_of(str(int(cell)))


def calendar_date(first: date, last: date) -> Reader:
    """Dates from `first` to `last`: a date cell, Excel's number of a day (45382), also as text, or text as people type
    dates (rules/typed/dates.py). A text that may have its day or its month first is both; what else stands in the
    sheet decides (rows.py).
    """
    problem = Problem(OUT_OF_RANGE.code, f"must be a date from {first} to {last}.")

    def read(cell: Cell) -> date | EitherWay | Problem:
        found = _calendar_date(cell, first)
        return problem if found is OUT_OF_RANGE or (isinstance(found, date) and not first <= found <= last) else found

    return Reader(read, "date", first, last, "yyyy-mm-dd")


def _calendar_date(cell: Cell, first: date) -> date | EitherWay | Problem:
    if isinstance(cell, str):
        return _date_of_text(cell, first)
    if isinstance(cell, datetime):
        return cell.date() if cell.time() < _MIDNIGHT_IS_OVER else TIME_OF_DAY
    if isinstance(cell, date):
        return cell
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return NO_DATE if cell == 0 else _date_of_day_number(cell)
    return NO_DATE if cell == time() else NOT_A_DATE


# The numbers of customers and loans.
ID = whole_number(1, MAX_ID_IN_A_FILE)

# Rates in percent a year from 0 to 100, to a Decimal with at most four decimals. The number format decides, not the
# size of the number: 0.1125 is 11.25 where Excel shows it as a percentage. So its cells have no format of their own: in
# one, spreadsheets show 12% as 0.12, which is then what the cell says.
PERCENT = Reader(_percent, "decimal", *RATE)

# Phone numbers of ten digits, typed as a number or as text.
PHONE_NUMBER = Reader(
    _phone_number,
    "custom",
    number_format="0",
    formula='AND(LEN({cell})=10,ISNUMBER(--{cell}),ISERROR(SEARCH("[.eE+-]",{cell})))',
)

DATE = calendar_date(FIRST_DATE, LAST_DATE)
BIRTH_DATE = calendar_date(FIRST_BIRTH, LAST_DATE)


def counted_from_1904(cell: Cell) -> Cell:
    """The number of a day, or a text that is one, in a workbook that counts from 1904, as others count.

    What may be a year is left, and read as one.
    """
    if isinstance(cell, str) and (number := _DAY_NUMBER.fullmatch(bare(cell))):
        return cell if int(number[1]) in _YEARS else f"{int(number[1]) + DAYS_TO_1904}{number[2] or ''}"
    if not isinstance(cell, float | int) or isinstance(cell, bool) or _is_year(cell):
        return cell
    return cell + DAYS_TO_1904


def _is_year(number: float) -> bool:
    return _YEARS.least <= number < _YEARS.most + 1


def _number(cell: Cell, read: Callable[[str], Decimal | Problem]) -> Decimal | Problem:
    if isinstance(cell, str):
        return read(cell)
    if isinstance(cell, float) and math.isfinite(cell):
        # By way of its shortest text: 8.2 is meant, not the binary fraction next to it.
        return Decimal(int(cell)) if cell.is_integer() else Decimal(repr(cell))
    if isinstance(cell, int) and not isinstance(cell, bool):
        return Decimal(cell)
    return IS_PERCENT if isinstance(cell, PercentCell) else NOT_A_NUMBER


def _date_of_text(text: str, first: date) -> date | EitherWay | Problem:
    number = _DAY_NUMBER.fullmatch(bare(text))
    if number is None or not int(number[1]):
        return read_date(text, first)
    return _date_of_day_number(float(number[0]))


def _date_of_day_number(number: float) -> date | Problem:
    if not 1 <= number < _MOST_DAYS + 1:
        return NOT_A_DATE
    if _is_year(number):
        return YEAR_ALONE
    # To the millisecond, as dates by their format are read too.
    day, rest = divmod(round(number * _DAY_MS), _DAY_MS)
    return _EXCEL_EPOCH + timedelta(days=day) if rest < _NOISE_MS else TIME_OF_DAY
