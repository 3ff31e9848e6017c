"""The lines that CloudWatch counts: a request, a decision, an import.

A line in the embedded metric format says under `_aws` which of its fields are metrics, and by which others they are
told apart. Each combination of those costs like a metric of its own, so a route or a customer is never among them: the
log itself answers questions about one route.

CloudWatch bills the bytes of a line, and each has a time, a stage and a directive. So what a request decides or records
stands on the line of the request, and has one of its own only outside of a request.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat

from chalicelib.config import stage_name
from chalicelib.logs import log
from chalicelib.postgres.waits import waited_so_far
from chalicelib.rules.decision import Decision
from chalicelib.rules.importing import COUNTED_OUTCOMES

NAMESPACE = "Loans"
COUNT, MILLISECONDS = "Count", "Milliseconds"

REQUEST_METRICS = {"latency_ms": MILLISECONDS, "database_ms": MILLISECONDS, "round_trips": COUNT}
DECISION_METRICS = {"decisions": COUNT}
IMPORT_METRICS = {"imports": COUNT, "import_ms": MILLISECONDS}
ROW_METRICS = {f"rows_{outcome}": COUNT for outcome in COUNTED_OUTCOMES}


class _Thread(threading.local):
    watch: "RequestWatch | None" = None


_thread = _Thread()

# Whether the request is the first that this container answers: once, and never again.
_cold_start = chain([True], repeat(False))


@dataclass(frozen=True)
class Counted:
    """Fields of a line that are metrics (name to unit), counted once for each group of other fields in `by`."""

    metrics: Mapping[str, str]
    by: Sequence[Sequence[str]] = ((),)

    @cached_property
    def directive(self) -> dict[str, object]:
        return {
            "Namespace": NAMESPACE,
            "Dimensions": [["stage", *group] for group in self.by],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in self.metrics.items()],
        }


REQUEST = Counted(REQUEST_METRICS, by=((), ("door",)))
DECISION = Counted(DECISION_METRICS, by=((), ("outcome", "reason")))
IMPORT = Counted(IMPORT_METRICS, by=((), ("state",)))
ROWS = Counted(ROW_METRICS)


def log_counted(event: str, counted: Sequence[Counted], fields: Mapping[str, object]) -> None:
    """One line with its stage, and what of it is counted."""
    directives = [each.directive for each in counted]
    embedded = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives}
    log(event, stage=stage_name(), **fields, _aws=embedded)


class RequestWatch:
    """Runs from when it is made to when it is logged, by one thread; what that counts meanwhile is on the same line."""

    def __init__(self, door: str) -> None:
        self._door = door
        self._started = time.perf_counter()
        self._waited = waited_so_far()
        self._cold_start = next(_cold_start)
        self._counted: list[Counted] = [REQUEST]
        self._told: dict[str, object] = {}
        _thread.watch = self

    def joins(self, counted: Sequence[Counted], fields: Mapping[str, object]) -> bool:
        """Keeps the fields for the line of the request; False if the line has such fields already."""
        if self._told.keys() & fields.keys():
            return False
        self._counted += counted
        self._told |= fields
        return True

    def log(self, *, request_id: str, method: str, route: str, status: int, actor: str | None) -> None:
        """The one line of the request. `route` is the pattern of the path, which names nobody."""
        _thread.watch = None
        waited = waited_so_far().since(self._waited)
        fields = {
            "request_id": request_id,
            "door": self._door,
            "method": method,
            "route": route,
            "status": status,
            "actor": actor,
            "latency_ms": round((time.perf_counter() - self._started) * 1000, 1),
            "database_ms": round(waited.seconds * 1000, 1),
            "round_trips": waited.round_trips,
            "cold_start": self._cold_start,
        }
        log_counted("request", self._counted, fields | self._told)


def _joins_request(counted: Sequence[Counted], fields: Mapping[str, object]) -> bool:
    """Whether the fields go on the line of the request that this thread answers; if not, they need one of their own."""
    return _thread.watch is not None and _thread.watch.joins(counted, fields)


def log_decision(decision: Decision, *, saved: bool) -> None:
    """One decision, by outcome and the reason that decided it; `saved` is False for one that was only asked about."""
    fields = {
        "outcome": "approved" if decision.approved else "refused",
        "reason": decision.reasons[0].code.value if decision.reasons else "NONE",
        "policy": decision.policy,
        "saved": saved,
        "decisions": 1,
    }
    if not _joins_request([DECISION], fields):
        log_counted("decision", [DECISION], fields)


def log_transaction(kind: str) -> None:
    """One transaction of a loan that was recorded, by its kind: fields of a line, and no metric, which would cost."""
    fields = {"kind": kind, "transactions": 1}
    if not _joins_request([], fields):
        log("transaction", **fields)


def log_import(fields: Mapping[str, object], rows: Mapping[str, int], milliseconds: int) -> None:
    """One import by the state it ended in, and its rows by outcome, where there are any."""
    named = {f"rows_{outcome}": count for outcome, count in rows.items()} if any(rows.values()) else {}
    # A second delivery of an import that had ended is no second import.
    imports = 0 if fields.get("repeated") else 1
    counted = [IMPORT, ROWS] if named else [IMPORT]
    log_counted("import", counted, {**fields, "imports": imports, "import_ms": milliseconds, **named})
