"""Whether a machine is quiet enough for figures: how far something strays that should always take the same time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from bench.measuring import Result

# How far the reference of a run may stray; what is measured beside it may be off by as much.
MOST = 0.15
ATTEMPTS = 3
# A run is looked at in so many parts, one after the other. Their medians do not show single hiccups, which p99 does.
PARTS = 5


def parts_of(seconds: Sequence[float]) -> list[float]:
    """The median of each part of a run."""
    bounds = [round(part * len(seconds) / PARTS) for part in range(PARTS + 1)]
    return [median(seconds[begin:end]) for begin, end in pairwise(bounds) if begin < end]


def spread(seconds: Sequence[float]) -> float:
    """How far the parts of a run lie apart, as a share of their median: 0.1 if the slowest took a tenth longer."""
    parts = parts_of(seconds)
    return (max(parts) - min(parts)) / median(parts)


def probe() -> float:
    """The spread of a second of work that needs nothing but a core."""
    return spread([_work() for _ in range(100)])


def _work() -> float:
    began = time.perf_counter()
    sum(number * number for number in range(100_000))
    return time.perf_counter() - began


def quietly(bench: Callable[[], Result], attempts: int = ATTEMPTS) -> Result:
    """Runs a bench again while the machine is too noisy, at most so often, and returns its quietest run.

    A bench that has no reference of its own is judged by a probe before and after it.
    """
    runs: list[Result] = []
    while len(runs) < attempts and not (runs and _noise(runs[-1]) <= MOST):
        before = probe()
        result = bench()
        runs.append(result if result.noise is not None else replace(result, noise=max(before, probe())))
    return min(runs, key=_noise)


def _noise(result: Result) -> float:
    assert result.noise is not None
    return result.noise


def verdict(result: Result) -> str:
    """What is to be thought of the figures, for below their table."""
    noise = _noise(result)
    if noise <= MOST:
        return f"The reference strayed by {noise:.0%} during the run; up to {MOST:.0%} counts as quiet."
    return (
        f"**Too noisy: do not quote these figures.** The reference strayed by {noise:.0%} in the quietest run, and "
        f"{MOST:.0%} is the most that counts as quiet. Run it again when nothing else runs."
    )
