"""What pays a loan off on a day. The quote is what the posting would take, so the two cannot differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from chalicelib.rules.money import from_paise, half_up
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.entering import Parts, enter
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.refusals import check_open
from chalicelib.rules.servicing.values import Fact, Intent, Kind, Terms

DAYS_AHEAD = 10
# More than any loan owes.
_MORE_THAN_ENOUGH = from_paise(10**30)


@dataclass(frozen=True)
class Settlement:
    """The payoff on a day and its parts, in rupees: `principal` + `interest` + `charges` + `prepayment_charge`.

    `per_day` is the interest of one more day, rounded; `next_days` are the totals of the ten days that follow.
    """

    on: date
    principal: Decimal
    interest: Decimal
    charges: Decimal
    prepayment_charge: Decimal
    total: Decimal
    per_day: Decimal
    next_days: tuple[tuple[date, Decimal], ...]

    @property
    def parts(self) -> dict[str, Decimal]:
        """The parts of the total by their names."""
        return {name: getattr(self, name) for name in ("principal", "interest", "charges", "prepayment_charge")}


def settlement(terms: Terms, position: Position, on: date, buckets: Sequence[Bucket] = BUCKETS) -> Settlement:
    """The quote for `on`, if nothing happens in between.

    Raises Refused if nothing is to be settled: not serviced, closed or written off; and ValueError if the position has
    facts after `on`.
    """
    check_open(position)
    parts = _taken(terms, position, on, buckets)
    following = [on + timedelta(days=ahead) for ahead in range(1, DAYS_AHEAD + 1)]
    return Settlement(
        on=on,
        principal=from_paise(parts.principal),
        interest=from_paise(parts.interest),
        charges=from_paise(parts.charges - parts.levied),
        prepayment_charge=from_paise(parts.levied),
        total=_total(parts),
        per_day=_interest_of_a_day(Ledger(terms, position, buckets), on),
        next_days=tuple((day, _total(_taken(terms, position, day, buckets))) for day in following),
    )


def payoff(terms: Terms, position: Position, on: date, buckets: Sequence[Bucket] = BUCKETS) -> Decimal:
    """The total of the quote alone. Raises Refused and ValueError as settlement() does."""
    check_open(position)
    return _total(_taken(terms, position, on, buckets))


def _taken(terms: Terms, position: Position, on: date, buckets: Sequence[Bucket]) -> Parts:
    """What a settlement with any amount of money would take."""
    fact = Fact(0, Kind.RECEIPT, _MORE_THAN_ENOUGH, on, Intent.SETTLEMENT)
    return enter(Ledger(terms, position, buckets), fact)


def _total(parts: Parts) -> Decimal:
    return from_paise(parts.interest + parts.principal + parts.charges)


def _interest_of_a_day(books: Ledger, on: date) -> Decimal:
    books.advance(on)
    begins, ends = due_date(books.start, books.period - 1), due_date(books.start, books.period)
    return from_paise(half_up(books.principal * books.percent, books.parts * (ends - begins).days))
