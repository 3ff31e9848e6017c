"""What is still to be paid if all of it is paid as demanded from now on: today what is due, then on each due date."""

from collections.abc import Iterator
from datetime import date
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from typing import NamedTuple

from chalicelib.rules.money import half_up
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.demands import Steps, covered_by, demanded, instalment_at, reached_by

# Far more than the bound below needs; where it cannot tell, whole numbers do.
_CONTEXT = Context(prec=40)
_SCALE = 10**18


class Outlook(NamedTuple):
    """Where a loan stands, in paise: names as in Position.

    Interest of a month is principal x `percent` / `parts`; `interest` is all that is owed now and `running` that of the
    running period, `due` what is demanded today.
    """

    start: date
    on: date
    percent: int
    parts: int
    principal: int
    interest: int
    running: int
    due: int
    period: int
    paise_days: int
    demands: Steps
    received: int
    final: int


class Ahead(NamedTuple):
    """An instalment that will be demanded, in paise, and what it will pay of interest and principal."""

    number: int
    demanded: int
    interest: int
    principal: int
    left: int


def last_demanded(outlook: Outlook) -> int:
    """The number of the last instalment that will be demanded."""
    if _surely_goes_to_the_end(outlook):
        return outlook.final
    last = _last_due(outlook)
    for instalment in ahead(outlook):
        last = instalment.number
    return last


def ahead(outlook: Outlook) -> Iterator[Ahead]:
    """The instalments that will be demanded after today, if today's dues are paid today. None of 0 paise."""
    interest, principal = _today_paid(outlook)
    surplus = outlook.received + outlook.due - demanded(outlook.demands, outlook.period - 1)
    interest += _rest_of_period(outlook, principal)
    percent, parts, final = outlook.percent, outlook.parts, outlook.final
    lowered_from, lowest = outlook.demands[-1]
    for number in range(outlook.period, final + 1):
        if principal + interest == 0:
            return
        wanted = (lowest if number >= lowered_from else instalment_at(outlook.demands, number)) - surplus
        surplus = max(0, -wanted)
        asked = principal + interest if number == final else max(0, min(wanted, principal + interest))
        of_interest = min(asked, interest)
        interest -= of_interest
        principal -= asked - of_interest
        if asked:
            yield Ahead(number, asked, of_interest, asked - of_interest, principal + interest)
        interest += half_up(principal * percent, parts)


def _today_paid(outlook: Outlook) -> tuple[int, int]:
    """Interest and principal once today's dues are paid."""
    of_interest = min(outlook.due, outlook.interest)
    return outlook.interest - of_interest, outlook.principal - (outlook.due - of_interest)


def _rest_of_period(outlook: Outlook, principal: int) -> int:
    """The interest from today to the end of the running period, on what is left of the principal."""
    begins, ends = due_date(outlook.start, outlook.period - 1), due_date(outlook.start, outlook.period)
    paise_days = outlook.paise_days + principal * (ends - outlook.on).days
    return half_up(paise_days * outlook.percent, outlook.parts * (ends - begins).days) - outlook.running


def _last_due(outlook: Outlook) -> int:
    """The last instalment that was demanded by now, or is covered already."""
    return reached_by(outlook.demands, outlook.received + outlook.due, outlook.final)


def _surely_goes_to_the_end(outlook: Outlook) -> bool:
    """Whether something is left for the final instalment, told from the annuity formula by a lower bound.

    It spares a walk over all months with each fact. The bound leaves out interest that is owed but not yet due and the
    months for which nothing is demanded, and allows a paisa of rounding for each month.
    """
    principal, received = _today_paid(outlook)[1], outlook.received + outlook.due
    covered = covered_by(outlook.demands, received, outlook.final)
    payments = outlook.final - max(outlook.period, covered + 1)
    if principal == 0 or payments <= 0:
        return principal > 0
    # The first payment is what is left of an instalment.
    ahead_of_it = max(0, received - demanded(outlook.demands, covered)) if covered + 1 >= outlook.period else 0
    begins, ends = due_date(outlook.start, outlook.period - 1), due_date(outlook.start, outlook.period)
    # All of it in paise of the last payment's day, times `parts`, the days of the period and _SCALE.
    times = outlook.parts * (ends - begins).days
    grown, all_paid = _growth(outlook.percent, outlook.parts, payments)
    owed = principal * (times + outlook.percent * (ends - outlook.on).days) * grown
    instalment = instalment_at(outlook.demands, outlook.final - payments)
    return owed - (instalment * all_paid - ahead_of_it * grown) * times > (payments * grown + _SCALE) * times


# Loans have few rates, and months are few.
@lru_cache(maxsize=4096)
def _growth(percent: int, parts: int, payments: int) -> tuple[int, int]:
    """How far a rupee grows from the first of so many monthly payments to the last, and what all of them come to by
    then, one rupee each; times _SCALE.
    """
    with localcontext(_CONTEXT):
        rate = Decimal(percent) / parts
        grown = (1 + rate) ** (payments - 1)
        series = (grown * (1 + rate) - 1) / rate if rate else Decimal(payments)
        return int(grown * _SCALE), int(series * _SCALE)
