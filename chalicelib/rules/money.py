"""Money and interest. Rupees with two decimals, rates in percent a year, tenures in months; never a float."""

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

PAISA = Decimal("0.01")
ZERO = Decimal("0.00")
MONTHS_A_YEAR = 12
PERCENT = 100

# Enough digits that the growth factor of 600 months at 100% a year, about 5e20, keeps an exact paisa on any
# amount the schema holds; a context of our own, so that a caller's cannot change a decision.
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


def monthly_rate(annual_rate: Decimal) -> Decimal:
    """The interest of one month as a fraction, from `annual_rate` in percent a year (nominal, so a twelfth)."""
    return CONTEXT.divide(annual_rate, Decimal(PERCENT * MONTHS_A_YEAR))


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
    with localcontext(CONTEXT):
        rate = monthly_rate(annual_rate)
        if rate == 0:
            return money(principal / tenure)
        growth = (1 + rate) ** tenure
        return money(principal * rate * growth / (growth - 1))
