"""The annual percentage rate: what a loan costs a year once its fees are counted, as RBI has it."""

from collections.abc import Sequence
from decimal import Decimal, localcontext

from chalicelib.rules.money import CONTEXT, PERCENT_MONTHS, money

# Of the monthly rate. Far finer than the second decimal of the annual one in percent.
_CLOSE = Decimal("1e-14")


def annual_percentage_rate(received: Decimal, payments: Sequence[Decimal]) -> Decimal:
    """12 x the monthly rate of return of `payments`, one a month, on the rupees `received`; percent, two decimals.

    Nominal, not the effective rate of a year (RBI's circular of 15 April 2024, Annex B). Raises ValueError if nothing
    is received, a payment is negative, or all payments together are less than what is received: then there is no such
    rate.

    The present value of the payments falls as the rate rises. At 0 it is their sum, which is at least `received`, and
    at a rate of sum / received it is below it, so the root lies between. Each step halves that bracket: it always
    ends, after about a hundred steps at the very most.
    """
    total = sum(payments, Decimal(0))
    if received <= 0 or total < received or min(payments) < 0:
        raise ValueError(
            f"An annual percentage rate needs an amount received above 0 and payments of at least as much; "
            f"got {received} and payments of {total} together."
        )
    with localcontext(CONTEXT):
        low, high = Decimal(0), total / received
        while high - low > _CLOSE:
            middle = (low + high) / 2
            if _present_value(payments, middle) > received:
                low = middle
            else:
                high = middle
        return money((low + high) / 2 * PERCENT_MONTHS)


def _present_value(payments: Sequence[Decimal], rate: Decimal) -> Decimal:
    """What payments at the end of each month are worth today, at a monthly rate as a fraction (Horner's scheme)."""
    discount, value = 1 / (1 + rate), Decimal(0)
    for payment in reversed(payments):
        value = (value + payment) * discount
    return value
