"""How high a role may set a credit limit: so many monthly incomes, and so many rupees, whichever is less."""

from decimal import Decimal
from typing import NamedTuple

from chalicelib.rules.access import Role
from chalicelib.rules.money import CONTEXT


class Ceiling(NamedTuple):
    """The most that a limit may be: `incomes` times the monthly income, and `most` rupees."""

    incomes: int
    most: int

    def limit_for(self, monthly_income: Decimal) -> Decimal:
        """The highest limit in rupees for an income in rupees a month."""
        return min(CONTEXT.multiply(self.incomes, monthly_income), Decimal(self.most))


class Ceilings(NamedTuple):
    """The ceiling of admins, and that of everybody else who may change limits."""

    officer: Ceiling
    admin: Ceiling

    def of(self, role: Role) -> Ceiling:
        """The ceiling of a role."""
        return self.admin if role is Role.ADMIN else self.officer


class Terms(NamedTuple):
    """What a customer may borrow by, in rupees; the income is a month's."""

    approved_limit: Decimal
    monthly_income: Decimal


def exceeded(before: Terms, after: Terms, ceiling: Ceiling) -> dict[str, Decimal]:
    """The fields that a change would bring above the ceiling, each with the most that it may be, in rupees.

    What is above it already may stay or fall. An income is bounded too, or it would raise the ceiling itself.
    """
    highest = {"approved_limit": ceiling.limit_for(after.monthly_income), "monthly_income": Decimal(ceiling.most)}
    return {name: most for name, most in highest.items() if getattr(after, name) > max(most, getattr(before, name))}
