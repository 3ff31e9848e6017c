"""How long tests wait: until it happens. How long something takes is measured by bench/, on a quiet machine.

Other programs may use the machine, so that a second's work takes a minute. The one limit here ends what hangs.
"""

import time
from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 600.0
PAUSE_SECONDS = 0.02


def patiently(what: str, pause_seconds: float = 0.1) -> Iterator[None]:
    """Yields again and again with small pauses. Fails the test if that goes on for as long as something that hangs."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(pause_seconds)
    raise AssertionError(f"Waited {PATIENCE_SECONDS:.0f} s for {what} in vain.")


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Returns as soon as the condition is true. Fails the test as `patiently` does."""
    for _ in patiently(what, PAUSE_SECONDS):
        if condition():
            return
