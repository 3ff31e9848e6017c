"""`make up` with the port of another folder's Postgres deploys to neither: it says whose port it is, and what to do."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.native import Native
from infra.local.postgres import PostgresServer
from infra.local.settings import Home, Ports
from infra.terminal import CommandError
from tests.support.databases import WITHOUT_DURABILITY
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
