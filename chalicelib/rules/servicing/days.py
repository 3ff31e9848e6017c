"""Due dates. Instalment k is due k calendar months after the start date, which alone decides them all.

Period k runs from due date k-1 (the start date for the first) to due date k; a due date belongs to the period that it
begins. Periods go on after the last instalment, because interest does.
"""

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

from chalicelib.rules.calendar import MONTHS_A_YEAR, add_months

A_DAY = timedelta(days=1)


@lru_cache(maxsize=4096)
def due_date(start: date, number: int) -> date:
    """When instalment `number` is due: 31 January, then 28 February, then 31 March."""
    return add_months(start, number)


def dues_by(start: date, day: date) -> int:
    """How many due dates there are up to and including `day`; 0 before the first."""
    months = (day.year - start.year) * MONTHS_A_YEAR + day.month - start.month
    # No month ends before its 28th.
    reached = day.day >= start.day or (day.day >= 28 and day.day == monthrange(day.year, day.month)[1])
    return max(0, months if reached else months - 1)
