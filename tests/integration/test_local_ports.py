"""What `make up` finds before it starts anything: ports of others, and what an earlier one left behind."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from infra.local.native import Native
from infra.local.portfolio import count, reading
from infra.local.postgres import PostgresServer, reason_in
from infra.local.settings import Home, Ports
from infra.terminal import CommandError
from tests.support.databases import WITHOUT_DURABILITY
from tests.support.patience import wait_until
from tests.support.ports import free_port


@pytest.fixture
def ours() -> Iterator[Native]:
    """A stack of a folder of its own, of which Postgres runs; nobody noted its ports."""
    # Not below pytest's folder, which each run of pytest locks to others, among them the user of Postgres.
    home = Home(Path(tempfile.mkdtemp(prefix="loans-test-ports-")))
    native = Native(home, Ports(free_port(), free_port()), WITHOUT_DURABILITY)
    try:
        native.postgres.start()
        yield native
    finally:
        native.postgres.stop("immediate")
        shutil.rmtree(home.folder, ignore_errors=True)


def at_port(native: Native, port: int) -> Native:
    """The same folder, asked for with this DB_PORT."""
    return replace(native, ports=replace(native.ports, db=port))


def test_the_port_of_another_folders_postgres_is_refused_with_that_folder(
    ours: Native, postgres: PostgresServer
) -> None:
    sentence = re.escape(
        f"Port {postgres.port} is in use by postgres in {postgres.directory}/data. "
        f"The stack runs with DB_PORT={ours.ports.db}, not {postgres.port}; name that port, or `make down` first"
    )
    with pytest.raises(CommandError, match=sentence):
        at_port(ours, postgres.port).start()
    assert ours.localstack.pid() is None


def test_a_port_at_which_nothing_answers_is_refused_with_the_one_that_postgres_has(ours: Native) -> None:
    port = free_port()
    with pytest.raises(CommandError, match=f"runs with DB_PORT={ours.ports.db}, not {port}; name that port"):
        at_port(ours, port).start()


def test_the_port_that_it_has_is_taken(ours: Native) -> None:
    assert ours.missing() == ["localstack"]


def test_a_localstack_that_was_installed_anew_since_it_was_started_is_started_again(
    ours: Native, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its functions start from files that are of another release than the program they answer."""
    for name in ("LOCALSTACK_PYTHON", "LAMBDA_PYTHON"):
        monkeypatch.setattr(f"infra.local.native.{name}", tmp_path / "bin" / "python")
    stamp = tmp_path / "ready-3.11"
    stamp.touch()
    ours.localstack.start(["/bin/sleep", "3600"], {})
    try:
        started = ours.localstack.pid_file.stat().st_mtime
        os.utime(stamp, (started - 1, started - 1))
        assert ours.missing() == []
        os.utime(stamp, (started + 1, started + 1))
        with pytest.raises(CommandError, match="runs with DB_PORT"):
            at_port(ours, free_port()).missing()
        assert ours.localstack.pid() is not None
        assert ours.missing() == ["localstack"]
        assert ours.localstack.pid() is None
    finally:
        ours.localstack.stop(patience_seconds=0)


def test_a_schema_older_than_the_source_is_told_in_a_sentence(ours: Native) -> None:
    with pytest.raises(CommandError, match="`make up` migrates it"), reading(ours.postgres.url()) as connection:
        count(connection)


def test_a_cluster_whose_making_was_killed_is_made_by_the_next_start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="loans-test-half-"))
    server = PostgresServer(folder, free_port(), WITHOUT_DURABILITY)
    try:
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(server.start)
            wait_until(lambda: list(folder.glob("data*/PG_VERSION")), "the first files of the cluster")
            for process in psutil.Process().children(recursive=True):
                if process.name() == "initdb":
                    process.kill()
            with pytest.raises(CommandError, match="initdb failed"):
                first.result()
        server.start()
        assert server.is_running()
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            'FATAL:  no room\nchild process exited with exit code 1\ninitdb: removing data directory "x"',
            "FATAL:  no room",
        ),
        ("initdb: error: no such locale\ninitdb: hint: another", "initdb: error: no such locale"),
        ("pg_ctl: could not start server\nExamine the log output.", "Examine the log output."),
        ("", "no message"),
    ],
)
def test_of_what_a_program_of_postgres_says_the_reason_is_told(said: str, reason: str) -> None:
    assert reason_in(said) == reason
