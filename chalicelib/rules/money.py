"""Money and interest. Rupees with two decimals, rates in percent a year, tenures in months; never a float."""

from decimal import ROUND_HALF_UP, Context, Decimal

PAISA = Decimal("0.01")
PAISE_A_RUPEE = 100
ZERO = Decimal("0.00")
# An annual rate in percent over this is the interest of one month as a fraction: nominal, so a twelfth.
PERCENT_MONTHS = 1200

# Enough digits for any product of an amount and a rate that the schema holds; a context of our own, so that a
# caller's cannot change a decision.
CONTEXT = Context(prec=50, rounding=ROUND_HALF_UP)


def money(value: Decimal | int | str) -> Decimal:
    """An amount in rupees, rounded half-up to the paisa.

    | value             | result  |
    |-------------------|---------|
    | "120030"          | 120030.00 |
    | Decimal("4707.345") | 4707.35 |
    | 0.1               | TypeError: a float has already lost the exact amount |
    """
    if isinstance(value, float):
        raise TypeError(f"Money must be a Decimal, int or str, never a float: {value!r}.")
    return CONTEXT.quantize(Decimal(value), PAISA)


def from_paise(paise: int) -> Decimal:
    """An amount in rupees with two decimals."""
    return CONTEXT.scaleb(Decimal(paise), -2)


def whole_paise(amount: Decimal) -> int:
    """An amount in rupees as paise, without the fraction of a paisa that it may have above them."""
    rupees, parts = amount.as_integer_ratio()
    return PAISE_A_RUPEE * rupees // parts


def emi(principal: Decimal, annual_rate: Decimal, tenure: int) -> Decimal:
    """The equated monthly instalment in rupees that repays `principal` in `tenure` months at `annual_rate` percent.

    The annuity formula P r (1+r)^n / ((1+r)^n - 1), and P/n where the rate is 0; rounded half-up to the paisa.
    Raises ValueError where the principal is not positive, the rate negative or the tenure below one month.
    """
    if principal <= 0 or annual_rate < 0 or tenure < 1:
        raise ValueError(
            f"An instalment needs a principal above 0, a rate of at least 0 and a tenure of at least 1 month; "
            f"got {principal}, {annual_rate}, {tenure}."
        )
    numerator, denominator = instalment_of_a_rupee(annual_rate, tenure)
    rupees, parts = principal.as_integer_ratio()
    return from_paise(half_up(PAISE_A_RUPEE * rupees * numerator, parts * denominator))


def instalment_of_a_rupee(annual_rate: Decimal, tenure: int) -> tuple[int, int]:
    """The unrounded instalment on a principal of 1, as the numerator and denominator of an exact fraction.

    In whole numbers, because a monthly rate such as 1/1200 has no end in decimals: an instalment of exactly half a
    paisa would come out a hair below it and be rounded down.
    """
    percent, parts = annual_rate.as_integer_ratio()
    if percent == 0:
        return 1, tenure
    base = PERCENT_MONTHS * parts
    grown, ungrown = (base + percent) ** tenure, base**tenure
    return percent * grown, base * (grown - ungrown)


def largest_principal(instalment: Decimal, annual_rate: Decimal, tenure: int) -> int:
    """The largest principal in whole rupees whose EMI is not above `instalment`; 0 where there is none.

    The EMI is rounded half-up, so that is P with P x (instalment of a rupee) < instalment + half a paisa.
    """
    numerator, denominator = instalment_of_a_rupee(annual_rate, tenure)
    half_paise = 2 * whole_paise(instalment) + 1
    return max(0, (half_paise * denominator - 1) // (2 * PAISE_A_RUPEE * numerator))


def half_up(numerator: int, denominator: int) -> int:
    """The whole number nearest to a fraction of whole numbers, the upper one of two; the denominator is positive."""
    return (2 * numerator + denominator) // (2 * denominator)
