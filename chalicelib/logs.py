"""Logs as JSON lines on standard output, which Lambda hands to CloudWatch. No personal data goes in.

A print costs nothing at the cold start, where Powertools' logger would cost about as much as Chalice.
"""

import json
import traceback
from datetime import UTC, datetime


def log(event: str, **fields: object) -> None:
    """One line: when, the event's name and its fields."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    print(json.dumps({"at": at, "event": event, **fields}, default=str), flush=True)


def log_exception(event: str, error: BaseException, **fields: object) -> None:
    """One line with the trace of `error`, for us; a client never sees it."""
    trace = "".join(traceback.format_exception(error))
    log(event, error=type(error).__name__, trace=trace, **fields)
