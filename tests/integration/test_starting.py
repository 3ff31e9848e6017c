"""A function connects to its database while it starts, and starts without one."""

import os
import subprocess
import sys

import pytest

from tests.support.settings import PROJECT

CONNECTIONS = "import app; from chalicelib import runtime; print(runtime.database().engine.pool.checkedin())"


@pytest.mark.parametrize(("variables", "connections"), [({"AWS_LAMBDA_FUNCTION_NAME": "loans"}, "1"), ({}, "0")])
def test_only_a_function_is_connected_when_its_first_request_arrives(
    database_url: str, variables: dict[str, str], connections: str
) -> None:
    assert _started(database_url, variables) == connections


def test_a_function_starts_if_its_database_cannot_be_reached() -> None:
    nobody_listens = "postgresql://loans@127.0.0.1:1/loans"
    assert _started(nobody_listens, {"AWS_LAMBDA_FUNCTION_NAME": "loans"}) == "0"


def test_a_function_starts_if_its_database_is_not_there_yet(database_url: str) -> None:
    no_such_database = f"{database_url}_not_there"
    assert _started(no_such_database, {"AWS_LAMBDA_FUNCTION_NAME": "loans"}) == "0"


def _started(url: str, variables: dict[str, str]) -> str:
    environ = {
        "PATH": os.environ["PATH"],
        "STAGE": "local",
        "DATABASE_URL": url,
        "IMPORT_BUCKET": "b",
        "IMPORT_QUEUE_URL": "q",
        **variables,
    }
    command = [sys.executable, "-c", CONNECTIONS]
    return subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=True).stdout.strip()
