"""A prepayment with both of its effects, side by side and beside none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.rules.money import from_paise
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.checks import check
from chalicelib.rules.servicing.entering import enter
from chalicelib.rules.servicing.fold import Split, split_of
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.projection import ahead
from chalicelib.rules.servicing.refusals import check_open
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Terms


@dataclass(frozen=True)
class Prospect:
    """What the rest of a loan will be, if all is paid as demanded. Rupees.

    `interest` is all that is still to be paid of it, what is owed today included. `instalment` is that of every month
    but the last; 0 if nothing is left.
    """

    instalment: Decimal
    instalments_left: int
    end_date: date | None
    interest: Decimal


@dataclass(frozen=True)
class Prepaid:
    """A prepayment with one effect: what it pays, what it leaves, and the interest that it saves, before its charge."""

    effect: Effect
    split: Split
    prospect: Prospect
    interest_saved: Decimal


@dataclass(frozen=True)
class Comparison:
    """The loan without the prepayment, and with it, by either effect."""

    without: Prospect
    shorter_tenure: Prepaid
    lower_instalment: Prepaid


def compare_prepayments(
    terms: Terms, position: Position, amount: Decimal, on: date, buckets: Sequence[Bucket] = BUCKETS
) -> Comparison:
    """Both effects of prepaying `amount` rupees on `on`. Raises Refused as check() does, and ValueError as step()."""
    check_open(position)
    without = Ledger(terms, position, buckets)
    without.advance(on)
    prospect = _prospect(without)
    shorter, lower = (
        _prepaid(terms, position, amount, on, effect, prospect, buckets)
        for effect in (Effect.SHORTER_TENURE, Effect.LOWER_INSTALMENT)
    )
    return Comparison(prospect, shorter, lower)


def _prepaid(
    terms: Terms,
    position: Position,
    amount: Decimal,
    on: date,
    effect: Effect,
    without: Prospect,
    buckets: Sequence[Bucket],
) -> Prepaid:
    fact = Fact(0, Kind.RECEIPT, amount, on, Intent.PREPAYMENT, effect)
    check(terms, position, fact, on, buckets, since=position.since)
    books = Ledger(terms, position, buckets)
    paid = split_of(enter(books, fact))
    prospect = _prospect(books)
    return Prepaid(effect, paid, prospect, without.interest - paid.interest - prospect.interest)


def _prospect(books: Ledger) -> Prospect:
    position = books.position()
    outlook = books.outlook()
    interest = min(outlook.due, outlook.interest) + sum(row.interest for row in ahead(outlook))
    instalment = position.demands[-1][1] if position.is_open else 0
    return Prospect(from_paise(instalment), position.repayments_left, position.end_date, from_paise(interest))
