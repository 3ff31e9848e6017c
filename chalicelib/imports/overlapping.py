"""Work on many rows: a second thread, whose work is mostly to wait, and a search for garbage that is not for rows."""

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

# A thread that has its answer waits so long for the interpreter while another computes. With Python's own 5 ms, the
# many small waits of a connection would add up to more than the work that they are to overlap with.
SWITCH_SECONDS = 0.0005

# Python looks for garbage each time that so many objects more are there than before. Its own 700 are 30 rows of a sheet
# or ten receipts, of which none is garbage before its chunk is done: the search took an eighth of a receipt's time.
OBJECTS_BETWEEN_SEARCHES = 100_000


@contextmanager
def wire(name: str) -> Iterator[ThreadPoolExecutor]:
    """One thread of this name; what it was given is done at the end."""
    before, searches = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES, *searches[1:])
    try:
        with ThreadPoolExecutor(1, name) as thread:
            yield thread
    finally:
        sys.setswitchinterval(before)
        gc.set_threshold(*searches)
