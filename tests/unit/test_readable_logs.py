"""`make logs`: lines for machines, rendered for people."""

import json
import sys
from pathlib import Path

import click
import pytest

from infra.local import follow_logs
from infra.local.running import choose_launcher
from infra.local.settings import Home, Ports

REQUEST = {
    "at": "2026-11-23T16:29:01.790+00:00", "event": "request", "stage": "local", "request_id": "e3ba", "door": "api",
    "method": "POST", "route": "/api/create-loan", "status": 201, "actor": "key:12", "latency_ms": 13.5,
    "database_ms": 1.4, "round_trips": 7, "cold_start": False, "_aws": {"Timestamp": 1},
}  # fmt: skip


def readable(line: str) -> str:
    """The line as it is where there are no colours."""
    return click.unstyle(follow_logs.readable(line))


def from_compose(line: str) -> str | None:
    told = follow_logs.from_compose(line)
    return told and click.unstyle(told)


def test_a_request_is_told_by_time_status_route_duration_and_actor() -> None:
    told = readable(json.dumps(REQUEST))
    assert told == "16:29:01 201 POST /api/create-loan 14 ms (1 ms in 7 round trips) key:12 e3ba"


def test_a_decision_is_told_with_its_request() -> None:
    decided = {**REQUEST, "outcome": "refused", "reason": "SCORE_TOO_LOW", "saved": True, "decisions": 1}
    told = readable(json.dumps(decided))
    assert told.endswith(" key:12 outcome=refused reason=SCORE_TOO_LOW saved=true decisions=1 e3ba")


def test_a_cold_start_is_told() -> None:
    assert "cold start" in readable(json.dumps({**REQUEST, "cold_start": True}))


def test_a_status_has_its_colour() -> None:
    colours = {status: follow_logs.readable(json.dumps({**REQUEST, "status": status})) for status in (201, 404, 500)}
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


# What Docker Compose and LocalStack write before the line of a function.
OF_THE_API = "localstack-1  | 2026-11-23T16:29:01.801 DEBUG --- [et.reactor-0] l.s.l.i.version_manager : "
INVOCATION = "[loans-local-api-0d2f7d9e-5ad6-4a51-9d0c-6c3f6a0f8f11] "


def test_with_docker_the_line_of_a_function_is_told_as_without_it() -> None:
    told = from_compose(f"{OF_THE_API}{INVOCATION}{json.dumps(REQUEST)}")
    assert told == f"{'loans-local-api':28} | {readable(json.dumps(REQUEST))}"


def test_with_docker_what_localstack_tells_of_its_insides_is_left_out_and_its_warnings_are_not() -> None:
    assert from_compose(f"{OF_THE_API}Got logs for invocation '1'") is None
    warning = "2026-11-23T16:29:01.801  WARN --- [et.reactor-0] l.s.sqs : no queue"
    assert from_compose(f"localstack-1  | {warning}") == f"{'localstack-1':28} | {warning}"
    assert from_compose("postgres-1    | LOG:  ready") == f"{'postgres-1':28} | LOG:  ready"
    assert from_compose("no configuration file provided") == "no configuration file provided"


def test_make_logs_renders_what_docker_compose_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\ncat <<'END'\n{OF_THE_API}{INVOCATION}{json.dumps(REQUEST)}\nEND\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("LAUNCHER", "docker")
    choose_launcher(Home(tmp_path), Ports()).follow_logs(sys.stdout)
    assert capsys.readouterr().out == f"{'loans-local-api':28} | {readable(json.dumps(REQUEST))}\n"
