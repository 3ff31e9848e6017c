"""A budget of processor time for opening a file, so that one that keeps the reader busy for ever ends with a sentence.

A parser of ours is interrupted by a signal. One in C that never comes back hears no signal of Python's, so a second
timer, which nobody handles, ends the process at twice the budget, and the count of attempts ends the import
(imports/attempts.py). No RLIMIT_CPU: the system compares that with ticks, which in a process that lives for long are
seconds off from what it tells of the time used.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from chalicelib.imports.reading.sheets import FileRefused

# A workbook takes about 1.2e-6 s a byte on a laptop, and was seen to take six times as long on a slow processor, which
# is no fault of the file: this ends what would go on for ever, and what takes long is seen by the tests of growth.
LEAST_SECONDS = 60.0
SECONDS_A_BYTE = 2e-5
# What a timer is set to whose time is up already.
_AT_ONCE = 1e-6


def size_of(file: IO[bytes]) -> int:
    """The bytes of a file, which is left where it was."""
    return os.fstat(file.fileno()).st_size


def reading_seconds(size_bytes: int) -> float:
    """The seconds of processor time that opening a file of this size may take."""
    return LEAST_SECONDS + size_bytes * SECONDS_A_BYTE


@contextmanager
def processor_budget(seconds: float) -> Iterator[None]:
    """Raises FileRefused inside once the process has worked for so many seconds; not outside of the main thread.

    Inside of another budget, that goes on afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def refuse(_number: int, _frame: object) -> None:
        raise FileRefused(
            f"Reading the file took more than {seconds:.0f} s of processor time, which is more than a file of its size "
            "needs; save it anew in Excel, or split it."
        )

    before = signal.signal(signal.SIGPROF, refuse)
    outer = _set_timers(seconds, 2 * seconds)
    try:
        yield
    finally:
        left = _set_timers(0, 0)[0]
        signal.signal(signal.SIGPROF, before)
        spent = seconds - left
        _set_timers(*(max(each - spent, _AT_ONCE) if each else 0 for each in outer))


def _set_timers(refused_in: float, ended_in: float) -> tuple[float, float]:
    """Sets both, 0 for never; returns what they were at."""
    ended_before, _ = signal.setitimer(signal.ITIMER_VIRTUAL, ended_in)
    refused_before, _ = signal.setitimer(signal.ITIMER_PROF, refused_in)
    return refused_before, ended_before
