"""A second thread, whose work is mostly to wait, for the database or the reader of workbooks."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

# A thread that has its answer waits so long for the interpreter while another computes. With Python's own 5 ms, the
# many small waits of a connection would add up to more than the work that they are to overlap with.
SWITCH_SECONDS = 0.0005


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
