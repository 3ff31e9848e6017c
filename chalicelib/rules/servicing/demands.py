"""What was demanded up to an instalment, in paise, and how many instalments an amount covers.

Demands are steps `(from, instalment)`: from instalment `from` on, until the next step, each is `instalment` paise. A
loan begins with one step; a prepayment that lowers the instalment adds another, which may begin where the one before
does, and then takes its place. Most loans have one all their lives, and it is told without looking for others.
"""

from collections.abc import Iterator
from itertools import pairwise

Steps = tuple[tuple[int, int], ...]


def demanded(steps: Steps, number: int) -> int:
    """The sum of the instalments up to and including `number`."""
    if len(steps) == 1:
        ((first, instalment),) = steps
        return instalment * (number - first + 1) if number >= first else 0
    total = 0
    for first, count, instalment in _spans(steps):
        if number < first:
            break
        total += instalment * (number - first + 1 if count is None else min(count, number - first + 1))
    return total


def covered_by(steps: Steps, received: int, most: int) -> int:
    """How many instalments `received` paise cover, counted from 1 as their numbers are, and at most `most`."""
    if len(steps) == 1:
        ((first, instalment),) = steps
        return min(most, first - 1 + (received // instalment if instalment else most))
    for first, count, instalment in _spans(steps):
        whole = received // instalment if instalment else most
        if count is None or whole < count:
            return min(most, first - 1 + whole)
        received -= instalment * count
    raise AssertionError("The last step has no end.")


def reached_by(steps: Steps, received: int, most: int) -> int:
    """The last instalment that `received` paise pay something of, and at most `most`; all of it or a part."""
    covered = covered_by(steps, received, most)
    return covered + (covered < most and demanded(steps, covered) < received)


def asking_nothing(steps: Steps, number: int) -> int:
    """How many of the instalments up to and including `number` are of 0 paise: an EMI of a rupee over 50 years is."""
    if len(steps) == 1 and steps[0][1]:
        return 0
    return sum(
        number - first + 1 if count is None else min(count, number - first + 1)
        for first, count, instalment in _spans(steps)
        if instalment == 0 and first <= number
    )


def instalment_at(steps: Steps, number: int) -> int:
    """What instalment `number` is, in paise; 0 before the first."""
    for first, instalment in reversed(steps):
        if first <= number:
            return instalment
    return 0


def _spans(steps: Steps) -> Iterator[tuple[int, int | None, int]]:
    """Each step with how many instalments it has; the last has no end."""
    for (first, instalment), (following, _) in pairwise(steps):
        yield first, following - first, instalment
    first, instalment = steps[-1]
    yield first, None, instalment
