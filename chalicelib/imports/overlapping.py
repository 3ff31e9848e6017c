"""Work on many rows: a second thread, whose work is mostly to wait, and a search for garbage that is not for rows."""

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

# A thread that has its answer waits so long for the interpreter while another computes. With Python's own 5 ms, the
# many small waits of a connection would add up to more than the work that they are to overlap with.
SWITCH_SECONDS = 0.0005

# Python looks for garbage each time that so many objects came to be which are still there. Its own 700 are 30 rows, and
# a chunk has some ten thousand, of which none is garbage; those of two chunks are less than this.
OBJECTS_BETWEEN_SEARCHES = 100_000


@contextmanager
def few_searches() -> Iterator[None]:
    """Looks for garbage seldom, while rows in great numbers come and go."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def wire(name: str) -> Iterator[ThreadPoolExecutor]:
    """One thread of this name; what it was given is done at the end."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with ThreadPoolExecutor(1, name) as thread:
            yield thread
    finally:
        sys.setswitchinterval(before)
