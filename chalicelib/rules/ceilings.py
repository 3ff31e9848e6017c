"""How high a role may set a credit limit: so many monthly incomes, and so many rupees, whichever is less."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.rules.access import Role
from chalicelib.rules.sentences import rupees


@dataclass(frozen=True)
class Ceiling:
    """The most that a limit may be: `incomes` times the monthly income, and `most` rupees."""

    incomes: int
    most: int

    def limit_for(self, monthly_income: Decimal) -> Decimal:
        """The highest limit in rupees for an income in rupees a month."""
        return min(self.incomes * monthly_income, Decimal(self.most))


@dataclass(frozen=True)
class Ceilings:
    """The ceiling of admins, and that of everybody else who may change limits."""

    officer: Ceiling
    admin: Ceiling

    def of(self, role: Role) -> Ceiling:
        """The ceiling of a role."""
        return self.admin if role is Role.ADMIN else self.officer


@dataclass(frozen=True)
class Terms:
    """What a customer may borrow by, in rupees; the income is a month's."""

    approved_limit: Decimal
    monthly_income: Decimal


def faults(before: Terms, after: Terms, ceiling: Ceiling) -> Mapping[str, list[str]]:
    """A sentence for each field that a change would bring above the ceiling.

    What is above it already may stay or fall. An income is bounded too, or it would raise the ceiling itself.
    """
    found = {}
    highest = ceiling.limit_for(after.monthly_income)
    if after.approved_limit > max(highest, before.approved_limit):
        found["approved_limit"] = [
            f"must be at most {rupees(highest)} in your role, which is the lesser of {ceiling.incomes} monthly incomes "
            f'and {ceiling.most} rupees; got "{rupees(after.approved_limit)}"'
        ]
    if after.monthly_income > max(Decimal(ceiling.most), before.monthly_income):
        found["monthly_income"] = [f'must be at most {ceiling.most} in your role; got "{rupees(after.monthly_income)}"']
    return found
