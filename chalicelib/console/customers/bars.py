"""The bars of what a customer carries: how much of the limit is lent, and of the income goes to instalments."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from chalicelib.console.frame.rendering import formats
from chalicelib.rules.burden import Burden

# A bar warns from this share of what is possible on.
NEARLY = Decimal("0.8")


@dataclass(frozen=True)
class Bar:
    """A part of a whole in rupees, in words and with the kind of its colour."""

    part: Decimal
    whole: Decimal
    words: str
    kind: str


class Bars(NamedTuple):
    """Those of one burden."""

    limit: Bar
    income: Bar


def bars_of(burden: Burden) -> Bars:
    """The bars of limit and income. That of the income is bad from the policy's share on."""
    write = formats()
    lent = f"{write.money(burden.principal)} of {write.money(burden.limit)} lent"
    paid = f"Instalments take {write.money(burden.emis)} of {write.money(burden.income)} a month"
    return Bars(
        Bar(
            burden.principal,
            burden.limit,
            f"{lent}, {write.share(burden.principal, burden.limit)}",
            _kind(burden.principal, burden.limit),
        ),
        Bar(
            burden.emis,
            burden.income,
            f"{paid}, {write.share(burden.emis, burden.income)}. The policy allows {write.money(burden.budget)}.",
            _kind(burden.emis, burden.budget),
        ),
    )


def _kind(part: Decimal, most: Decimal) -> str:
    if part > most:
        return "bad"
    return "warn" if part > most * NEARLY else "good"
