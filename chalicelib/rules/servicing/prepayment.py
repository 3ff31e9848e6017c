"""A prepayment with both of its effects, side by side and beside none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.rules.money import ZERO, from_paise
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.checks import check
from chalicelib.rules.servicing.entering import enter, rank_of
from chalicelib.rules.servicing.fold import Split, fold, follows, in_order, order_of, split_of
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.projection import ahead
from chalicelib.rules.servicing.refusals import check_open
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Terms

# The facts of a day that come after this are needed to compare prepayments of that day.
FIRST_RANK = rank_of(Fact(0, Kind.RECEIPT, ZERO, date.min, Intent.PREPAYMENT, Effect.SHORTER_TENURE))


@dataclass(frozen=True)
class Prospect:
    """What the rest of a loan will be, if all is paid as demanded. Rupees.

    `interest` is all that is still to be paid of it, what is owed today included. `instalment` is that of every month
    but the last, and what the last one asks for if it is the only one; 0 if none is left.
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
    terms: Terms,
    position: Position,
    amount: Decimal,
    on: date,
    buckets: Sequence[Bucket] = BUCKETS,
    *,
    facts: Sequence[Fact] = (),
) -> Comparison:
    """Both effects of prepaying `amount` rupees on `on`, whose position this is. Raises Refused as check() does, and
    ValueError as step().

    `facts` are needed if one of that day comes after a prepayment, as one that lowers the instalment comes after one
    that does not: it is entered once more, after the new one.
    """
    check_open(position)
    without = Ledger(terms, position, buckets)
    without.advance(on)
    prospect = _prospect(without)
    shorter, lower = (
        _prepaid(terms, position, _prepayment(amount, on, effect, facts), facts, prospect, buckets)
        for effect in (Effect.SHORTER_TENURE, Effect.LOWER_INSTALMENT)
    )
    return Comparison(prospect, shorter, lower)


def _prepayment(amount: Decimal, on: date, effect: Effect, facts: Sequence[Fact]) -> Fact:
    number = 1 + max((fact.number for fact in facts), default=0)
    return Fact(number, Kind.RECEIPT, amount, on, Intent.PREPAYMENT, effect)


def _prepaid(
    terms: Terms,
    position: Position,
    fact: Fact,
    facts: Sequence[Fact],
    without: Prospect,
    buckets: Sequence[Bucket],
) -> Prepaid:
    before, later = position, []
    if not follows(position, fact):
        counting = in_order(facts, fact.value_date)
        before = fold(terms, [each for each in counting if order_of(each) < order_of(fact)], buckets=buckets)
        later = [each for each in counting if order_of(each) > order_of(fact)]
    check(terms, before, fact, fact.value_date, buckets, since=position.since, ends=position)
    books = Ledger(terms, before, buckets)
    paid = split_of(enter(books, fact))
    for each in later:
        enter(books, each)
    prospect = _prospect(books)
    paid_today = from_paise(books.interest_taken - position.interest_taken)
    assert fact.effect is not None
    return Prepaid(fact.effect, paid, prospect, without.interest - paid_today - prospect.interest)


def _prospect(books: Ledger) -> Prospect:
    position = books.position()
    outlook = books.outlook()
    following, left = list(ahead(outlook)), position.repayments_left
    interest = min(outlook.due, outlook.interest) + sum(row.interest for row in following)
    # The last one asks for what is left, so of one or none that is all there is.
    instalment = position.demands[-1][1] if left > 1 else outlook.due + sum(row.demanded for row in following)
    return Prospect(from_paise(instalment), left, position.end_date, from_paise(interest))
