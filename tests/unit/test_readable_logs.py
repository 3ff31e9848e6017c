"""`make logs`: lines for machines, rendered for people."""

import json

from infra.local.follow_logs import readable

REQUEST = {
    "at": "2026-11-23T16:29:01.790+00:00", "event": "request", "stage": "local", "request_id": "e3ba", "door": "api",
    "method": "POST", "route": "/api/create-loan", "status": 201, "actor": "key:12", "latency_ms": 13.5,
    "database_ms": 1.4, "round_trips": 7, "cold_start": False, "_aws": {"Timestamp": 1},
}  # fmt: skip


def test_a_request_is_told_by_time_status_route_duration_and_actor() -> None:
    told = readable(json.dumps(REQUEST))
    assert told == "16:29:01 201 POST /api/create-loan 14 ms (1 ms in 7 round trips) key:12 e3ba"


def test_a_cold_start_is_told() -> None:
    assert "cold start" in readable(json.dumps({**REQUEST, "cold_start": True}))


def test_a_status_has_its_colour_on_a_terminal_only() -> None:
    assert "\x1b" not in readable(json.dumps(REQUEST))
    colours = {status: readable(json.dumps({**REQUEST, "status": status}), colours=True) for status in (201, 404, 500)}
    assert "\x1b[32m201\x1b[0m" in colours[201]
    assert "\x1b[33m404\x1b[0m" in colours[404]
    assert "\x1b[31m500\x1b[0m" in colours[500]


def test_any_other_event_is_its_name_and_fields() -> None:
    line = {"at": "2026-11-23T16:29:01.790+00:00", "event": "import", "stage": "local", "state": "completed", "rows": 3}
    assert readable(json.dumps(line)) == "16:29:01 import state=completed rows=3"


def test_a_trace_stands_below_its_line() -> None:
    line = {"event": "request_failed", "error": "KeyError", "trace": "Traceback:\n  here\n"}
    assert readable(json.dumps(line)) == "request_failed error=KeyError\n    Traceback:\n      here"


def test_what_is_not_ours_stays_as_it_is() -> None:
    for line in ("START RequestId: 1", '{"other": 1}', "[1, 2]", "", "{broken"):
        assert readable(line) == line
