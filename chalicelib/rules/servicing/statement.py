"""A statement of account: opening balance, every fact, interest and charges, closing balance. It adds up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from chalicelib.rules.money import ZERO, from_paise
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.days import due_date, dues_by
from chalicelib.rules.servicing.entering import Parts, enter
from chalicelib.rules.servicing.fold import Split, in_order, split_of
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.position import NOTHING
from chalicelib.rules.servicing.values import Fact, Kind, Terms


class Computed(StrEnum):
    """What stands in a statement without being a fact."""

    INTEREST = "interest"
    PENAL_CHARGE = "penal_charge"
    PREPAYMENT_CHARGE = "prepayment_charge"


class Line(NamedTuple):
    """One line, in rupees: it adds `debit` to what the customer owes, or takes `credit` from it.

    `balance` is what is owed after it, less the customer's credit: below 0, the lender owes it. A fact that was
    reversed, and its reversal, have a line of 0; the first says by which fact.
    """

    value_date: date
    what: Kind | Computed
    fact: Fact | None
    debit: Decimal
    credit: Decimal
    balance: Decimal
    split: Split | None
    reversed_by: int | None


@dataclass(frozen=True)
class Statement:
    """From the beginning of `since` to the end of `until`: opening balance + debits - credits = closing balance.

    `instalment` is what a month asks for at its end, as agreed or as a prepayment has lowered it.
    """

    since: date
    until: date
    opening_balance: Decimal
    lines: tuple[Line, ...]
    total_debit: Decimal
    total_credit: Decimal
    closing_balance: Decimal
    instalment: Decimal


def statement(
    terms: Terms, facts: Iterable[Fact], since: date, until: date, buckets: Sequence[Bucket] = BUCKETS
) -> Statement:
    """The statement of a loan. Interest up to `since` is in the opening balance, and up to `until` in the closing one.

    Raises ValueError if `until` is before `since`, and Refused as fold() does.
    """
    if until < since:
        raise ValueError(f"A statement cannot end on {until}, before it begins on {since}.")
    everything = list(facts)
    books = Ledger(terms, NOTHING, buckets)
    for fact in in_order(everything, since - timedelta(days=1)):
        enter(books, fact)
    books.advance(since)
    opening = _balance(books)
    lines = tuple(_lines(books, everything, since, until))
    return Statement(
        since,
        until,
        from_paise(opening),
        lines,
        sum((line.debit for line in lines), ZERO),
        sum((line.credit for line in lines), ZERO),
        from_paise(_balance(books)),
        from_paise(books.demands[-1][1]) if books.since else terms.instalment,
    )


def _lines(books: Ledger, facts: Sequence[Fact], since: date, until: date) -> Iterator[Line]:
    """Stops on each day on which something happens or a period ends, and lets interest and charges catch up first."""
    counting = _by_day(in_order(facts, until))
    reversals = {fact.reverses: fact.number for fact in facts if fact.kind is Kind.REVERSAL}
    silent = _by_day(fact for fact in facts if fact.kind is Kind.REVERSAL or fact.number in reversals)
    happened = {day for day in (*counting, *silent) if since <= day <= until}
    for day in sorted(happened | set(_period_ends(books, since, until)) | {until}):
        yield from _catch_up(books, day)
        for fact in counting.get(day, ()):
            yield from _of_fact(books, fact)
        for fact in sorted(silent.get(day, ()), key=lambda fact: fact.number):
            yield _line(books, day, fact.kind, 0, fact, None, reversals.get(fact.number))


def _by_day(facts: Iterable[Fact]) -> dict[date, list[Fact]]:
    days: dict[date, list[Fact]] = {}
    for fact in facts:
        days.setdefault(fact.value_date, []).append(fact)
    return days


def _period_ends(books: Ledger, since: date, until: date) -> Iterator[date]:
    """Due dates, and the days on which a penal charge falls due, after `since`."""
    grace = timedelta(days=books.terms.grace_days + 1)
    first = max(1, dues_by(books.start, since - grace))
    for number in range(first, dues_by(books.start, until) + 1):
        due = due_date(books.start, number)
        # Without a penal charge nothing falls due a day later, and a line for that day's interest would only confuse.
        days = (due, due + grace) if books.terms.penal_charge else (due,)
        yield from (day for day in days if since < day <= until)


def _catch_up(books: Ledger, day: date) -> Iterator[Line]:
    interest, charges = _interest_so_far(books), books.charges
    books.advance(day)
    if added := _interest_so_far(books) - interest:
        # The balance in between, before the charges of the same night.
        charged = books.charges - charges
        yield _line(books, day, Computed.INTEREST, added)._replace(balance=from_paise(_balance(books) - charged))
    if added := books.charges - charges:
        yield _line(books, day, Computed.PENAL_CHARGE, added)


def _of_fact(books: Ledger, fact: Fact) -> Iterator[Line]:
    before = _balance(books)
    parts = enter(books, fact)
    if parts.levied:
        line = _line(books, fact.value_date, Computed.PREPAYMENT_CHARGE, parts.levied)
        yield line._replace(balance=from_paise(before + parts.levied))
    change = _balance(books) - before - parts.levied
    yield _line(books, fact.value_date, fact.kind, change, fact, parts)


def _line(
    books: Ledger,
    day: date,
    what: Kind | Computed,
    change: int,
    fact: Fact | None = None,
    parts: Parts | None = None,
    reversed_by: int | None = None,
) -> Line:
    debit, credit = from_paise(max(0, change)), from_paise(max(0, -change))
    split = split_of(parts) if parts else None
    return Line(day, what, fact, debit, credit, from_paise(_balance(books)), split, reversed_by)


def _interest_so_far(books: Ledger) -> int:
    return books.interest_accrued + books.running_interest() if books.period else 0


def _balance(books: Ledger) -> int:
    """What the customer owes, less the credit, in paise."""
    return books.principal + books.interest() + books.charges - books.credit if books.period else 0
