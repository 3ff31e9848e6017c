"""The rate at which a stated instalment repays a loan, where it is not the EMI of the stated rate."""

from decimal import Decimal, localcontext

from chalicelib.rules.figures import rupees
from chalicelib.rules.money import CONTEXT, PERCENT_MONTHS, from_paise, instalment_of_a_rupee, whole_paise

# Percent a year.
PRECISION = Decimal("1e-8")
# Far finer than a step of PRECISION in the monthly rate, so that the steps left to settle are one or none.
_CLOSE = Decimal("1e-15")


class InstalmentsDoNotRepay(ValueError):
    """All instalments together are less than the principal, so there is no rate at which they repay it."""


def effective_interest_rate(principal: Decimal, instalment: Decimal, tenure: int) -> Decimal:
    """The rate in percent a year at which `tenure` monthly instalments repay `principal`, with 8 decimals.

    Exactly: the highest multiple of 1e-8 whose EMI, before it is rounded, is not above `instalment`; so the interest
    of a month never exceeds the instalment. 0 where the instalments add up to the principal. Raises
    InstalmentsDoNotRepay where they add up to less.
    """
    if CONTEXT.multiply(instalment, Decimal(tenure)) < principal:
        raise InstalmentsDoNotRepay(_do_not_repay(principal, instalment, tenure))
    rate = _estimate(principal, instalment, tenure)
    while not _repays(principal, instalment, rate, tenure):
        rate = CONTEXT.subtract(rate, PRECISION)
    while _repays(principal, instalment, CONTEXT.add(rate, PRECISION), tenure):
        rate = CONTEXT.add(rate, PRECISION)
    return rate


def _estimate(principal: Decimal, instalment: Decimal, tenure: int) -> Decimal:
    """Newton's method on a(r) = r / (1 - (1+r)^-n), the instalment of a rupee, for a(r) = instalment / principal.

    a rises from 1/n and is convex, and a(r) > r, so from r = instalment / principal every step comes down towards the
    root and none passes it: there is nothing to bracket. The steps are quadratic, about seven of them.
    """
    with localcontext(CONTEXT):
        wanted = instalment / principal
        rate, step = wanted, wanted
        while rate > _CLOSE and step > _CLOSE:
            discount = (1 + rate) ** -tenure
            paid = 1 - discount
            slope = (paid - rate * tenure * discount / (1 + rate)) / paid**2
            step = (rate / paid - wanted) / slope
            rate -= step
        return max(rate * PERCENT_MONTHS, Decimal(0)).quantize(PRECISION)


def _repays(principal: Decimal, instalment: Decimal, annual_rate: Decimal, tenure: int) -> bool:
    """Whether the EMI before rounding is not above the instalment; in whole numbers, so there is no nearly."""
    numerator, denominator = instalment_of_a_rupee(annual_rate, tenure)
    borrowed, borrowed_parts = principal.as_integer_ratio()
    paid, paid_parts = instalment.as_integer_ratio()
    return borrowed * numerator * paid_parts <= paid * denominator * borrowed_parts


def _do_not_repay(principal: Decimal, instalment: Decimal, tenure: int) -> str:
    least = from_paise(-(-whole_paise(principal) // tenure))
    together = CONTEXT.multiply(instalment, Decimal(tenure))
    return (
        f"{tenure} x an instalment of {rupees(instalment)} is {rupees(together)}, which does not repay the principal "
        f"of {rupees(principal)} at any interest rate; the instalment must be at least {rupees(least)}."
    )
