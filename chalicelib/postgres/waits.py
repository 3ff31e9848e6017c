"""How often and how long this thread has waited for the database. A request tells the difference it made."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Waited(NamedTuple):
    """Round trips to the database, and the seconds until their answers were read."""

    round_trips: int = 0
    seconds: float = 0.0

    def since(self, earlier: "Waited") -> "Waited":
        """What came after `earlier`."""
        return Waited(self.round_trips - earlier.round_trips, self.seconds - earlier.seconds)


class _Thread(threading.local):
    round_trips = 0
    seconds = 0.0


_thread = _Thread()


def waited_so_far() -> Waited:
    """The waits of this thread since it began."""
    return Waited(_thread.round_trips, _thread.seconds)


@contextmanager
def waiting() -> Iterator[None]:
    """The block is one round trip, however it ends."""
    started = time.perf_counter()
    try:
        yield
    finally:
        _thread.round_trips += 1
        _thread.seconds += time.perf_counter() - started
