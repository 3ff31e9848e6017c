"""The tests themselves: nothing of the machine, its load or its owner decides how they end."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.session import forget_other_clouds
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port
from tests.support.settings import PROJECT

TESTS = PROJECT / "tests"
# What is said once, in the file that is named, and which no other may do by itself.
ONCE = {
    r"\brequests\.(get|post|put|patch|delete|head|request|Session)\(": "plain_http.py",
    # A limit of seconds, which is too short as soon as others use the machine.
    r"assert [^\n]*(monotonic|perf_counter|elapsed)": "patience.py",
    r"(?<![-\w])(timeout|seconds)=([3-9]|\d\d)": "",
}


@pytest.mark.parametrize(("pattern", "place"), ONCE.items())
def test_waiting_and_asking_are_left_to_those_who_do_it_everywhere_alike(pattern: str, place: str) -> None:
    assert matches(pattern, except_in=place) == {}


def matches(pattern: str, except_in: str) -> Mapping[str, list[str]]:
    found = {
        str(path.relative_to(TESTS)): [match[0] for match in re.finditer(pattern, path.read_text())]
        for path in TESTS.rglob("*.py")
        if path.name not in (except_in, Path(__file__).name)
    }
    return {name: said for name, said in found.items() if said}


def test_a_test_is_ended_later_than_it_gives_up_waiting(pytestconfig: pytest.Config) -> None:
    assert float(pytestconfig.getini("timeout")) > 2 * PATIENCE_SECONDS


def test_a_port_is_free_and_not_one_that_the_system_gives_away() -> None:
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 15
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(ports) < lowest
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", ports.pop()))


def test_what_a_person_has_set_for_other_work_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "PGSSLMODE", "PGOPTIONS", "LOCALSTACK_HOST"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.setenv("no_proxy", "")
    forget_other_clouds()
    from os import environ

    assert "elsewhere" not in environ.values()
    assert environ["NO_PROXY"] == "example.org,localhost,127.0.0.1"
    assert environ["no_proxy"] == "localhost,127.0.0.1"
