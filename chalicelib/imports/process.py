"""The process of an import: Python's own settings are not for many rows."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# A thread that has its answer waits so long for the interpreter while another computes. With Python's own 5 ms, the
# many small waits of a connection would add up to more than the work that they are to overlap with.
SWITCH_SECONDS = 0.0005

# Python looks for garbage each time that so many objects more are there than before. Its own 700 are 30 rows of a sheet
# or ten receipts, of which none is garbage before its chunk is done: the search took an eighth of a receipt's time.
OBJECTS_BETWEEN_SEARCHES = 100_000


@contextmanager
def for_many_rows() -> Iterator[None]:
    """Sets the whole process up for many rows; at the end it is as before.

    It is for whoever runs an import, once around all of it: parts that began and ended by themselves, as those of a
    generator do, would put back what others had set.
    """
    switches, searches = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES, *searches[1:])
    try:
        yield
    finally:
        sys.setswitchinterval(switches)
        gc.set_threshold(*searches)
