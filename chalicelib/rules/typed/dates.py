"""Dates as people and programs type them."""

import re
from datetime import date
from typing import NamedTuple

from chalicelib.rules.bounds import FIRST_DATE, LAST_DATE
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.letters import spaced

NOT_A_DATE = Problem("not_a_date", "must be a date, such as 2024-03-31 or 31/03/2024.")
OUT_OF_RANGE = Problem("out_of_range", f"must be a date from {FIRST_DATE} to {LAST_DATE}.")
SHORT_YEAR = Problem("not_a_date", "must have a year of four digits, such as 2024.")
TIME_OF_DAY = Problem("not_a_date", "must be a date without a time of day, such as 2024-03-31.")
NO_DATE = Problem("not_a_date", "must be a date; a zero is how programs write none. Correct it, or leave it empty.")
YEAR_ALONE = Problem("not_a_date", "must be a date with its day and month, such as 2024-03-31, and not a year alone.")
SECONDS = Problem("not_a_date", "must be a date, such as 2024-03-31; it seems to be a number of seconds since 1970.")
WITH_ORDINAL = Problem("not_a_date", "must have its day as a plain number, such as 31 January 2024.")
WRONG_WEEKDAY = Problem("not_a_date", "must be a date that falls on the day of the week it names.")
AMBIGUOUS = Problem(
    "ambiguous_date",
    "may have its day or its month first: other dates of this file have the month first. Type it as 2024-03-31.",
)


class EitherWay(NamedTuple):
    """A date that depends on whether the day or the month stands first."""

    day_first: date
    month_first: date


_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH_NUMBERS = {
    **{name[:3]: number for number, name in enumerate(_MONTHS, 1)},
    **{name: number for number, name in enumerate(_MONTHS, 1)},
    "sept": 9,
}  # fmt: skip
_WEEKDAYS = {
    **{name[:3]: number for number, name in enumerate(_DAYS)},
    **{name: number for number, name in enumerate(_DAYS)},
    "tues": 1, "wednes": 2, "thur": 3, "thurs": 3,
}  # fmt: skip

_GAP = r"(?:[-/.,] ?| )"
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_DAY_AND_WORD = re.compile(rf"(\d{{1,2}}){_GAP}([a-z]{{3,9}})\.?{_GAP}(\d{{4}}|'?\d\d)", re.ASCII | re.IGNORECASE)
_WORD_AND_DAY = re.compile(rf"([a-z]{{3,9}})\.?{_GAP}(\d{{1,2}}){_GAP}(\d{{4}}|'?\d\d)", re.ASCII | re.IGNORECASE)
_YEAR_AND_WORD = re.compile(rf"(\d{{4}}){_GAP}([a-z]{{3,9}})\.?{_GAP}(\d{{1,2}})", re.ASCII | re.IGNORECASE)
_WEEKDAY = re.compile(r"([a-z]{3,9})(?:\.,?|,)? ?(?=[0-9a-z])", re.ASCII | re.IGNORECASE)
_TIME = re.compile(
    r"(?:T|,? )(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?: ?([ap])\.?m\.?)?"
    # In UTC or in India, as programs write it; JavaScript adds the name of the zone.
    r"(?: ?(?:Z|IST|(?:UTC|GMT)?(?:[+-]00:?00|\+05:?30)|UTC|GMT)(?: \([a-z ]{3,40}\))?)?",
    re.ASCII | re.IGNORECASE,
)
_ZEROS = re.compile(r"0{1,8}(?:\.0{1,9})?|0{1,2}([-/.])0{1,2}\1(?:0{4}|00)|0{4}([-/.])0{1,2}\2 ?0{1,2}")
_SECONDS = re.compile(r"-?[0-9]{9,10}(?:\.[0-9]{1,6})?|[0-9]{13}")
_ORDINAL = re.compile(r"[0-9](?:st|nd|rd|th)", re.IGNORECASE)


def read_date(text: str, since: date = FIRST_DATE) -> date | EitherWay | Problem:
    """The date that a text means, or the two it may mean; none before `since`.

    | text                                                       | result       |
    |------------------------------------------------------------|--------------|
    | 2024-03-31, 2024/3/31, 2024-03-31T00:00:00.000Z            | 2024-03-31   |
    | 2024-03-31T00:00:00+05:30, in India                        | 2024-03-31   |
    | 31/03/2024, 31-3-2024, 31.03.2024 00:00, 03/31/2024        | 2024-03-31   |
    | 31-Mar-2024, 31 March, 2024, Mar 31, 2024, Sun 31 Mar 2024 | 2024-03-31   |
    | 04/05/2024                                                 | either way   |
    | 31/03/24, 2024-03-31 17:45, 0, 1711843200, 31st March 2024 | a Problem    |
    """
    plain = spaced(text)
    day, time = _without_time(plain)
    weekday, day = _without_weekday(day)
    found = _read_day(day)
    if isinstance(found, Problem):
        return _why(plain) if found is NOT_A_DATE else found
    if time is not None and not _is_midnight(time):
        return TIME_OF_DAY
    return _in_range(found if weekday is None else _on(weekday, found), since)


def proves_month_first(text: str) -> bool:
    """Whether a text has its month where others have the day: 03/31/2024, 03-31-24, Fri 04/05/2024."""
    weekday, day = _without_weekday(_without_time(spaced(text))[0])
    found = _NUMBERS.fullmatch(day)
    if found is None:
        return False
    either = _read_day(day)
    if weekday is not None and isinstance(either, EitherWay):
        return _on(weekday, either) == either.month_first
    return 1 <= int(found[1]) <= 12 < int(found[3]) <= 31


def _without_time(plain: str) -> tuple[str, re.Match[str] | None]:
    colon = plain.find(":")
    begin = max(plain.rfind(" ", 0, colon), plain.rfind("T", 0, colon)) if colon > 0 else -1
    if begin < 0:
        return plain, None
    begin -= plain[begin - 1 : begin] == ","
    time = _TIME.fullmatch(plain[begin:])
    return (plain[:begin], time) if time else (plain, None)


def _is_midnight(time: re.Match[str]) -> bool:
    hour, minute, second, fraction, half = time.groups(default="0")
    is_zero_hour = int(hour) == 12 if half in "aA" else int(hour) == 0 and half == "0"
    return is_zero_hour and not any(map(int, (minute, second, fraction)))


def _without_weekday(day: str) -> tuple[int | None, str]:
    found = _WEEKDAY.match(day)
    weekday = _WEEKDAYS.get(found[1].lower()) if found else None
    return (weekday, day[found.end() :]) if found and weekday is not None else (None, day)


def _on(weekday: int, found: date | EitherWay) -> date | Problem:
    readings = (found,) if isinstance(found, date) else (found.day_first, found.month_first)
    fitting = [each for each in readings if each.weekday() == weekday]
    return fitting[0] if len(fitting) == 1 else WRONG_WEEKDAY


def _in_range(found: date | EitherWay | Problem, since: date) -> date | EitherWay | Problem:
    if isinstance(found, date) and not since <= found <= LAST_DATE:
        return OUT_OF_RANGE
    if isinstance(found, EitherWay) and not since.year <= found.day_first.year <= LAST_DATE.year:
        return OUT_OF_RANGE
    return found


def _read_day(day: str) -> date | EitherWay | Problem:
    if found := _YEAR_FIRST.fullmatch(day):
        return _date(found[1], int(found[3]), found[4])
    if found := _NUMBERS.fullmatch(day):
        return _of_numbers(int(found[1]), int(found[3]), found[4])
    if found := _DAY_AND_WORD.fullmatch(day):
        return _date(found[3], _month(found[2]), found[1])
    if found := _WORD_AND_DAY.fullmatch(day):
        return _date(found[3], _month(found[1]), found[2])
    if found := _YEAR_AND_WORD.fullmatch(day):
        return _date(found[1], _month(found[2]), found[3])
    return NOT_A_DATE


def _month(word: str) -> int:
    return _MONTH_NUMBERS.get(word.lower(), 0)


def _of_numbers(first: int, second: int, year: str) -> date | EitherWay | Problem:
    day_first, month_first = _date(year, second, str(first)), _date(year, first, str(second))
    if isinstance(day_first, Problem):
        return day_first if day_first is SHORT_YEAR else month_first
    if isinstance(month_first, Problem) or day_first == month_first:
        return day_first
    return EitherWay(day_first, month_first)


def _date(year: str, month: int, day: str) -> date | Problem:
    try:
        found = date(int(year) if len(year) == 4 else 2000, month, int(day))
    except ValueError:
        return NOT_A_DATE
    return found if len(year) == 4 else SHORT_YEAR


def _why(plain: str) -> Problem:
    """What is wrong with a text that is no date."""
    if _ZEROS.match(plain):
        return NO_DATE if _ZEROS.fullmatch(_without_time(plain)[0]) else NOT_A_DATE
    if _SECONDS.fullmatch(plain):
        return SECONDS
    return WITH_ORDINAL if _ORDINAL.search(plain) else NOT_A_DATE
