"""A budget of processor time for opening a file, so that one that keeps the reader busy for ever ends with a sentence.

A parser of ours is interrupted by a signal. One in C that never comes back hears no signal of Python's, so a limit of
the system ends the process at twice the budget, and the count of attempts ends the import (storage/attempts.py).
"""

import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from chalicelib.ingest.sheets import FileRefused

# A workbook of a million loans has 60 MB and takes 20 s on a laptop; a slow processor may take several times as long.
LEAST_SECONDS = 20.0
SECONDS_A_BYTE = 2e-6


def size_of(file: IO[bytes]) -> int:
    """The bytes of a file, which is left where it was."""
    return os.fstat(file.fileno()).st_size


def reading_seconds(size_bytes: int) -> float:
    """The seconds of processor time that opening a file of this size may take."""
    return LEAST_SECONDS + size_bytes * SECONDS_A_BYTE


@contextmanager
def processor_budget(seconds: float) -> Iterator[None]:
    """Raises FileRefused inside once the process has worked for so many seconds; not outside of the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def refuse(_number: int, _frame: object) -> None:
        raise FileRefused(
            f"Reading the file took more than {seconds:.0f} s of processor time, which is more than a file of its size "
            "needs; save it anew in Excel, or split it."
        )

    before = signal.signal(signal.SIGPROF, refuse)
    limits = resource.getrlimit(resource.RLIMIT_CPU)
    used = resource.getrusage(resource.RUSAGE_SELF)
    ceiling = int(used.ru_utime + used.ru_stime + 2 * seconds) + 2
    if limits[1] == resource.RLIM_INFINITY or ceiling <= limits[1]:
        resource.setrlimit(resource.RLIMIT_CPU, (ceiling, limits[1]))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_CPU, limits)
