"""What makes a process start sooner."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Imports without looking for garbage: modules are kept, and looking through them takes a fifth of a start.

    Afterwards nothing that is there is looked through again, which the requests gain from, too.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
