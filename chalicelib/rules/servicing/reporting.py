"""What a file reports of a loan: many facts at once, each of which is recorded or refused by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, pairwise
from typing import NamedTuple

from chalicelib.rules.servicing.checks import check, record, record_next
from chalicelib.rules.servicing.fold import follows, in_order, order_of, step
from chalicelib.rules.servicing.position import NOTHING, Position
from chalicelib.rules.servicing.refusals import Code, Refused, check_credit
from chalicelib.rules.servicing.values import Fact, Kind, Terms


class Reported(NamedTuple):
    """A fact without its number, which it gets when it is recorded. `place` is where it stands in the file.

    A reversal names the fact that it `reverses` by its number, or by the `reference` of one in the same list.
    """

    place: int
    fact: Fact
    reference: str | None = None
    reverses_reference: str | None = None


@dataclass
class Report:
    """What became of the reported facts, and the position after them.

    `taken` are those that were recorded, with their numbers and in the order of these; `refused` says why of the
    others. A reversal of what is not recorded is refused as an unknown fact.
    """

    position: Position
    taken: list[tuple[Reported, Fact]] = field(default_factory=list)
    refused: list[tuple[Reported, Refused]] = field(default_factory=list)


def report(
    terms: Terms,
    position: Position,
    facts: Sequence[Fact] | None,
    last_number: int,
    reported: Sequence[Reported],
    today: date,
) -> Report:
    """Records what a file reports, in the order given, which should be that of the value dates.

    `facts` are all of the loan, or None if each of the reported ones `follows` the one before and none is a reversal:
    then each is one step. The others of a run without a reversal take one replay together.
    """
    book = _Book(terms, facts, last_number, today, Report(position))
    if len(reported) == 1 and reported[0].fact.kind is not Kind.REVERSAL:
        # Most loans of most files have one.
        book.enter(reported)
        return book.report
    later = []
    for is_reversal, run in groupby(reported, lambda each: each.fact.kind is Kind.REVERSAL):
        if is_reversal:
            later += [each for each in run if not book.reverse(each, is_last_try=False)]
        else:
            book.enter(list(run))
    # Of what stood only below them.
    for each in later:
        book.reverse(each, is_last_try=True)
    return book.report


@dataclass
class _Book:
    terms: Terms
    facts: Sequence[Fact] | None
    last_number: int
    today: date
    report: Report
    numbers: dict[str, int] = field(default_factory=dict)

    def enter(self, run: Sequence[Reported]) -> None:
        """Some facts that are no reversals."""
        if len(run) > 1 and self.facts is not None and not _follow(self.report.position, run) and self._walk(run):
            return
        for each in run:
            self._enter_one(each)

    def reverse(self, each: Reported, *, is_last_try: bool) -> bool:
        """Whether it is known what became of a reversal: not if the fact that it undoes is unknown, until the end."""
        number = each.fact.reverses or self.numbers.get(each.reverses_reference or "")
        undone = next((fact for fact in self.facts or () if fact.number == number), None)
        if undone is not None:
            self._enter_one(each._replace(fact=each.fact._replace(reverses=number, amount=undone.amount)))
        elif is_last_try:
            refusal = Refused(Code.UNKNOWN_FACT, f"{each.reverses_reference} is not recorded.", {"reverses": number})
            self.report.refused.append((each, refusal))
        return undone is not None or is_last_try

    def _enter_one(self, each: Reported) -> None:
        fact = Fact(self.last_number + 1, *each.fact[1:])
        try:
            if self.facts is None or follows(self.report.position, fact):
                position = record_next(self.terms, self.report.position, fact, self.today, reported=True)
            else:
                position = record(self.terms, self.facts, fact, self.today, reported=True)
        except Refused as refusal:
            self.report.refused.append((each, refusal))
            return
        self._take([(each, fact)], position)

    def _walk(self, run: Sequence[Reported]) -> bool:
        """Records a run by one replay of everything; False, and nothing recorded, if a later fact could not stand."""
        numbered = {self.last_number + at: each for at, each in enumerate(run, start=1)}
        new = [each.fact._replace(number=number) for number, each in numbered.items()]
        counting = in_order(self.facts or ())
        since = counting[0].value_date if counting else None
        position, refused = NOTHING, {}
        for fact in sorted([*counting, *new], key=order_of):
            if fact.number in numbered:
                try:
                    check(self.terms, position, fact, self.today, since=since, reported=True)
                except Refused as refusal:
                    refused[fact.number] = refusal
                    continue
            try:
                position = step(self.terms, position, fact)
                check_credit(position)
            except Refused:
                return False
        self.report.refused += [(numbered[number], refusal) for number, refusal in refused.items()]
        taken = [each for number, each in numbered.items() if number not in refused]
        self._take(list(_numbered(taken, self.last_number)), position)
        return True

    def _take(self, taken: Sequence[tuple[Reported, Fact]], position: Position) -> None:
        self.report.taken += taken
        self.report.position = position
        self.last_number += len(taken)
        if self.facts is not None:
            self.facts = [*self.facts, *(fact for _, fact in taken)]
        for each, fact in taken:
            if each.reference:
                self.numbers[each.reference] = fact.number


def _follow(position: Position, run: Sequence[Reported]) -> bool:
    facts = [each.fact for each in run]
    return follows(position, facts[0]) and all(order_of(one) <= order_of(other) for one, other in pairwise(facts))


def _numbered(taken: Sequence[Reported], last_number: int) -> Iterator[tuple[Reported, Fact]]:
    for number, each in enumerate(taken, start=last_number + 1):
        yield each, each.fact._replace(number=number)
