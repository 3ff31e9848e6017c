"""Calendar months, as loans count them."""

from calendar import monthrange
from datetime import date, timedelta

MONTHS_A_YEAR = 12
SATURDAY = 5


def add_months(start: date, months: int) -> date:
    """The same day `months` later, or the last day of that month where it has no such day.

    31 January + 1 month is the last day of February. Raises ValueError past the year 9999.
    """
    years, month = divmod(start.month - 1 + months, MONTHS_A_YEAR)
    year = start.year + years
    last_day = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last_day))


def add_working_days(start: date, days: int) -> date:
    """The day `days` working days after `start`. Working days are Mondays to Fridays; holidays are not known here."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < SATURDAY
    return day
