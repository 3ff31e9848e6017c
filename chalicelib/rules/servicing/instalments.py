"""The instalments of a loan as of a day: what each asked for, what covered it and when."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from chalicelib.rules.money import ZERO, from_paise, whole_paise
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.demands import instalment_at
from chalicelib.rules.servicing.fold import Entry
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.projection import ahead


class State(StrEnum):
    """How an instalment stands."""

    PAID_ON_TIME = "paid_on_time"
    PAID_LATE = "paid_late"
    OVERDUE = "overdue"
    DUE_TODAY = "due_today"
    TO_COME = "to_come"


class Cover(NamedTuple):
    """What a fact contributed to an instalment, in rupees."""

    fact: int
    value_date: date
    amount: Decimal


@dataclass(frozen=True)
class Instalment:
    """One instalment, in rupees: `demanded` = `paid` + `left`.

    `covered_on` is the day since which it is covered; `covered_by` what it was paid with, in order.
    """

    number: int
    due_date: date
    demanded: Decimal
    paid: Decimal
    left: Decimal
    state: State
    covered_on: date | None
    covered_by: tuple[Cover, ...]


def instalments(books: Ledger, entries: Sequence[Entry], as_of: date) -> tuple[Instalment, ...]:
    """All that were demanded by `as_of`, are covered already or will be demanded, of books advanced to that day.

    Those of 0 paise, and those that are not demanded because nothing is left, have no row. Of a loan that was written
    off, only covered ones.
    """
    position = books.position()
    covers = _Covers(position, entries)
    rows = [*_covered(books, position, covers), *_uncovered(books, position, covers, as_of)]
    return tuple(sorted(rows, key=lambda row: row.number))


class _Covers:
    """Which money covers which instalment: what counts, in the order in which it came, fills one after the other."""

    def __init__(self, position: Position, entries: Sequence[Entry]) -> None:
        self.steps, self.final = position.demands, position.final
        self.of: dict[int, list[Cover]] = defaultdict(list)
        self.paid: dict[int, int] = defaultdict(int)
        number = self.steps[0][0]
        for entry in entries:
            left = whole_paise(entry.counted)
            while left:
                room = left if number >= self.final else self.full(number) - self.paid[number]
                if share := min(left, room):
                    self.of[number].append(Cover(entry.fact.number, entry.fact.value_date, from_paise(share)))
                    self.paid[number] += share
                    left -= share
                number += share == room and number < self.final
        paying = [entry.fact.value_date for entry in entries if entry.split.interest or entry.split.principal]
        # When the last paisa of interest and principal was paid, if none is left.
        self.paid_up_on = max(paying) if paying and position.covered == position.final else None
        self.began = entries[0].fact.value_date if entries else None

    def full(self, number: int) -> int:
        """What an instalment asks for, unless it is the final one or less is left."""
        return instalment_at(self.steps, number)

    def covered_on(self, number: int) -> date | None:
        """Since when a covered instalment is; None for one that was never demanded, because nothing was left."""
        if number < self.final and self.paid[number] == self.full(number):
            return self.of[number][-1].value_date if self.of[number] else self.began
        return self.paid_up_on if self.of[number] else None


def _covered(books: Ledger, position: Position, covers: _Covers) -> Iterator[Instalment]:
    for number in range(position.demands[0][0], position.covered + 1):
        if number < position.final and not covers.full(number):
            continue
        since = covers.covered_on(number)
        if since is None:
            return
        due, paid = due_date(books.start, number), from_paise(covers.paid[number])
        state = State.PAID_LATE if since > due else State.PAID_ON_TIME
        yield Instalment(number, due, paid, paid, ZERO, state, since, tuple(covers.of[number]))


def _uncovered(books: Ledger, position: Position, covers: _Covers, as_of: date) -> Iterator[Instalment]:
    if not position.is_open:
        return
    for number in range(position.covered + 1, books.dues_by(as_of) + 1):
        due = due_date(books.start, number)
        left = books.demanded_by(number) - books.demanded_by(number - 1)
        if left:
            yield _asking(number, due, left, covers, State.OVERDUE if due < as_of else State.DUE_TODAY)
    for row in ahead(books.outlook()):
        yield _asking(row.number, due_date(books.start, row.number), row.demanded, covers, State.TO_COME)


def _asking(number: int, due: date, left: int, covers: _Covers, state: State) -> Instalment:
    paid, asked = from_paise(covers.paid[number]), from_paise(covers.paid[number] + left)
    return Instalment(number, due, asked, paid, from_paise(left), state, None, tuple(covers.of[number]))
