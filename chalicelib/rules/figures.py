"""The figures of a decision, and how they are written in plain digits."""

from collections.abc import Mapping
from decimal import Decimal

from chalicelib.rules.money import money

# By name: rupees, percent a year, shares as fractions; points, months and counts are whole numbers.
Figures = Mapping[str, Decimal | int]


def rupees(amount: Decimal) -> str:
    """An amount in digits: 828000.00 is 828000, 26000.5 is 26000.50.

    However many zeros it was stored with, so that the same decision reads the same years later.
    """
    return f"{amount:.0f}" if amount == amount.to_integral_value() else str(money(amount))


def percent(value: Decimal) -> str:
    """A percentage without needless zeros or an exponent, and without the sign."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
