"""A loan is its terms and its facts: the position is a fold over them."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from chalicelib.rules.money import from_paise
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.entering import Parts, enter, rank_of
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.position import NOTHING, Position
from chalicelib.rules.servicing.values import Fact, Kind, Terms


class Split(NamedTuple):
    """What a fact paid, waived or wrote off of each part, in rupees; `credit` is what it added to the credit.

    Of a receipt, the four add up to its amount. Of a waiver, what is missing was not owed and lapsed. A refund takes
    from the credit. `charge_levied` is the prepayment charge that the fact caused, paid or not.
    """

    interest: Decimal
    principal: Decimal
    charges: Decimal
    credit: Decimal
    charge_levied: Decimal


class Entry(NamedTuple):
    """A fact in its place, with what it did. `counted` rupees of it count towards the demands."""

    fact: Fact
    split: Split
    counted: Decimal


class History(NamedTuple):
    """All that happened, in its order, and where it led."""

    entries: tuple[Entry, ...]
    position: Position


def fold(
    terms: Terms, facts: Iterable[Fact], as_of: date | None = None, buckets: Sequence[Bucket] = BUCKETS
) -> Position:
    """The position that the facts make, in any order given; only those with a value date up to `as_of`, if it is given.

    Raises Refused if a fact cannot be true of the loan: before a disbursal, a refund above the credit, after a
    write-off.
    """
    books = Ledger(terms, NOTHING, buckets)
    for fact in in_order(facts, as_of):
        enter(books, fact)
    return books.position()


def step(terms: Terms, position: Position, fact: Fact, buckets: Sequence[Bucket] = BUCKETS) -> Position:
    """The position after one more fact, which `follows` the last one. Equal to the fold over all facts.

    Raises Refused as fold() does, and ValueError if the fact does not follow: then only a fold over all facts will do.
    """
    if not follows(position, fact):
        raise ValueError(f"Fact {fact.number} of {fact.value_date} comes before the last one, of {position.on}.")
    books = Ledger(terms, position, buckets)
    enter(books, fact)
    return books.position()


def follows(position: Position, fact: Fact) -> bool:
    """Whether the fact, recorded just now, comes after all that the position is made of. A reversal never does."""
    if fact.kind is Kind.REVERSAL:
        return False
    return position.on is None or (position.on, position.rank) <= (fact.value_date, rank_of(fact))


def in_order(facts: Iterable[Fact], as_of: date | None = None) -> list[Fact]:
    """The facts that count, without reversals and what they reverse: by value date, kind, and order of recording."""
    everything = list(facts)
    gone = {fact.reverses for fact in everything if fact.kind is Kind.REVERSAL}
    counting = (
        fact
        for fact in everything
        if fact.kind is not Kind.REVERSAL and fact.number not in gone and (as_of is None or fact.value_date <= as_of)
    )
    return sorted(counting, key=order_of)


def order_of(fact: Fact) -> tuple[date, int, int]:
    """What facts are sorted by. Which of two equal facts of one day was recorded first never changes the position."""
    return fact.value_date, rank_of(fact), fact.number


def history(
    terms: Terms, facts: Iterable[Fact], as_of: date | None = None, buckets: Sequence[Bucket] = BUCKETS
) -> History:
    """What each fact that counts did, and the position that fold() makes of them. Raises Refused as fold() does."""
    books = Ledger(terms, NOTHING, buckets)
    entries = [_entered(books, fact) for fact in in_order(facts, as_of)]
    return History(tuple(entries), books.position())


def _entered(books: Ledger, fact: Fact) -> Entry:
    parts = enter(books, fact)
    return Entry(fact, split_of(parts), from_paise(parts.counted))


def split(terms: Terms, position: Position, fact: Fact, buckets: Sequence[Bucket] = BUCKETS) -> Split:
    """What the fact would pay, if it followed the position: the preview of a receipt. Raises Refused and ValueError."""
    if not follows(position, fact):
        raise ValueError(f"Fact {fact.number} of {fact.value_date} comes before the last one, of {position.on}.")
    return split_of(enter(Ledger(terms, position, buckets), fact))


def split_of(parts: Parts) -> Split:
    """The same in rupees."""
    amounts = (parts.interest, parts.principal, parts.charges, parts.credit, parts.levied)
    return Split(*map(from_paise, amounts))
