"""The instalments of a loan as of a day: what each asked for, what covered it and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from chalicelib.rules.money import ZERO, from_paise, whole_paise
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.demands import demanded
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

    Those that are not demanded because nothing is left have no row. Of a loan that was written off, only covered ones.
    """
    position = books.position()
    covers = _Covers(position, entries)
    rows = [*_covered(books, position, covers), *_uncovered(books, position, covers, as_of)]
    return tuple(sorted(rows, key=lambda row: row.number))


class _Covers:
    """Money that counts, in the order in which it came, as the stretch of the demands' sum that it covers."""

    def __init__(self, position: Position, entries: Sequence[Entry]) -> None:
        self.steps, self.final = position.demands, position.final
        self.pieces: list[tuple[int, int, Entry]] = []
        received = 0
        for entry in entries:
            if counted := whole_paise(entry.counted):
                self.pieces.append((received, received + counted, entry))
                received += counted
        paying = [entry.fact.value_date for entry in entries if entry.split.interest or entry.split.principal]
        # When the last paisa of interest and principal was paid, if none is left.
        self.paid_up_on = max(paying) if paying and position.covered == position.final else None
        self.began = entries[0].fact.value_date if entries else None

    def of(self, number: int) -> tuple[Cover, ...]:
        """What came for an instalment; whatever is left over came for the final one."""
        begin = demanded(self.steps, number - 1)
        end = None if number == self.final else demanded(self.steps, number)
        found = []
        for since, until, entry in self.pieces:
            amount = (until if end is None else min(until, end)) - max(since, begin)
            if amount > 0:
                found.append(Cover(entry.fact.number, entry.fact.value_date, from_paise(amount)))
        return tuple(found)


def _covered(books: Ledger, position: Position, covers: _Covers) -> Iterator[Instalment]:
    for number in range(position.demands[0][0], position.covered + 1):
        came = covers.of(number)
        paid = sum((cover.amount for cover in came), ZERO)
        full = whole_paise(paid) == demanded(covers.steps, number) - demanded(covers.steps, number - 1)
        if not came and not (full and number < covers.final):
            # Nothing was left to ask for.
            return
        in_full = full and number < covers.final
        covered_on = (came[-1].value_date if came else covers.began) if in_full else covers.paid_up_on
        due = due_date(books.start, number)
        state = State.PAID_LATE if covered_on is not None and covered_on > due else State.PAID_ON_TIME
        yield Instalment(number, due, paid, paid, ZERO, state, covered_on, came)


def _uncovered(books: Ledger, position: Position, covers: _Covers, as_of: date) -> Iterator[Instalment]:
    if not position.is_open:
        return
    dues = books.dues_by(as_of)
    for number in range(position.covered + 1, dues + 1):
        due = due_date(books.start, number)
        left = books.demanded_by(number) - books.demanded_by(number - 1)
        if left:
            yield _asking(number, due, left, covers, State.OVERDUE if due < as_of else State.DUE_TODAY)
    for row in ahead(books.outlook()):
        yield _asking(row.number, due_date(books.start, row.number), row.demanded, covers, State.TO_COME)


def _asking(number: int, due: date, left: int, covers: _Covers, state: State) -> Instalment:
    came = covers.of(number)
    paid = sum((cover.amount for cover in came), ZERO)
    return Instalment(number, due, paid + from_paise(left), paid, from_paise(left), state, None, came)
