"""`make profile CALL=register`: where the time of one call goes, in Python or waiting for the database, and in what.

The calls are those of bench/handlers.py, over its portfolio, each from the API Gateway event to the response.
"""

import argparse
import cProfile
import pstats
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy import event

from bench.handlers import BESIDE, FIVE, calls, calls_beside, portfolio
from bench.measuring import fresh_database, postgres
from bench.service import Call, Service, service
from chalicelib import runtime
from chalicelib.postgres.waits import waited_so_far
from infra.terminal import end_like_ctrl_c

ROUNDS = 300
SHOWN = 25
HOME = f"{Path(__file__).parent.parent}/"


def main() -> None:
    end_like_ctrl_c()
    parser = argparse.ArgumentParser(prog="make profile", description=__doc__)
    parser.add_argument("call", nargs="?", help=f"one of: {', '.join(map(repr, (*FIVE, *BESIDE)))}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often it is called")
    arguments = parser.parse_args()
    if arguments.call not in (*FIVE, *BESIDE):
        wrong = f"there is no call {arguments.call!r}" if arguments.call else "say which call, as in CALL=register"
        parser.error(f"{wrong}; there are {', '.join(map(repr, (*FIVE, *BESIDE)))}")
    with postgres() as server:
        url = fresh_database(server)
        token = portfolio(url)
        with service(url) as api:
            each = (calls(api) if arguments.call in FIVE else calls_beside(api, token))[arguments.call]
            lines = profiled(api, each, arguments.rounds)
    print(f"{arguments.call}, {arguments.rounds} times, from event to response.\n")
    print("\n".join(lines))


def profiled(api: Service, each: Iterator[Call], rounds: int) -> list[str]:
    """The report: first as it is, then by statement, then by function, which the profiler itself slows down."""
    for call in islice(each, rounds // 10 + 1):
        api.seconds(call)
    times = _split(api, list(islice(each, rounds)))
    with _Statements() as statements:
        for call in islice(each, rounds):
            api.seconds(call)
    profiler = cProfile.Profile()
    asked = list(islice(each, rounds))
    profiler.enable()
    for call in asked:
        api.seconds(call)
    profiler.disable()
    return [*times, "", *statements.lines(rounds), "", *_functions(profiler, rounds)]


def _split(api: Service, asked: list[Call]) -> list[str]:
    """The median of a call, and what of it are waits."""
    wholes, waits, trips = [], [], []
    for call in asked:
        before = waited_so_far()
        wholes.append(api.seconds(call))
        waited = waited_so_far().since(before)
        waits.append(waited.seconds)
        trips.append(waited.round_trips)
    whole, waiting = median(wholes) * 1000, median(waits) * 1000
    return [
        f"{whole:6.2f} ms  in all (median)",
        f"{waiting:6.2f} ms  waiting for the database, {median(trips):.0f} times",
        f"{whole - waiting:6.2f} ms  in Python",
    ]


class _Statements:
    """How long each statement took while it is open, its way through SQLAlchemy and the driver included."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._times: Counter[str] = Counter()

    def __enter__(self) -> "_Statements":
        self._engine = runtime.database().engine
        event.listen(self._engine, "before_cursor_execute", self._begin)
        event.listen(self._engine, "after_cursor_execute", self._end)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._begin)
        event.remove(self._engine, "after_cursor_execute", self._end)

    def _begin(self, *_: Any) -> None:
        self._began = perf_counter()

    def _end(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = " ".join(statement.split())
        self._seconds[words] = self._seconds.get(words, 0) + perf_counter() - self._began
        self._times[words] += 1

    def lines(self, rounds: int) -> list[str]:
        """The dearest first, by their beginnings."""
        told = [
            f"{seconds / rounds * 1000:6.2f} ms  {self._times[words] / rounds:.1f} times  {words[:90]}"
            for words, seconds in sorted(self._seconds.items(), key=lambda one: -one[1])
        ]
        return ["Statements, per call:", *told]


def _functions(profiler: cProfile.Profile, rounds: int) -> list[str]:
    """The functions in which most time passes, without what they call."""
    found = pstats.Stats(profiler, stream=sys.stderr).stats  # type: ignore[attr-defined]  # typeshed does not know it
    dearest = sorted(found.items(), key=lambda one: -one[1][2])[:SHOWN]
    lines = ["Functions, per call and without what they call (the profiler makes all of them slower):"]
    for (file, line, name), (_, calls_of, own, whole, _) in dearest:
        where = f"{file.replace(HOME, '').split('site-packages/')[-1]}:{line}" if line else ""
        lines.append(
            f"{own / rounds * 1e6:7.1f} us  {whole / rounds * 1e6:8.1f} us with them  "
            f"{calls_of / rounds:6.1f} times  {name} {where}"
        )
    return lines


if __name__ == "__main__":
    main()
