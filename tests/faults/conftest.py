"""A Postgres that may be killed: it does not lose what it acknowledged, unlike the one of the other tests."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text

from chalicelib.postgres.database import Database, make_engine
from chalicelib.postgres.migrate import migrate
from infra.local.postgres import PostgresServer
from infra.local.processes import free_port
from tests.conftest import settings_for
from tests.faults.cutting import CuttingProxy
from tests.faults.load import Load
from tests.faults.storage import Storage

# What the operating system was given survives the death of the server, so fsync may be off; a commit that is
# acknowledged before it is written (synchronous_commit=off) would not.
SETTINGS = ("fsync=off", "max_connections=30")


class FragileServer:
    """A server of Postgres that dies without a word."""

    def __init__(self, directory: Path) -> None:
        self.server = PostgresServer(directory, free_port(), settings=SETTINGS)

    def die(self) -> None:
        """kill -9 to every one of its processes."""
        pid_file = self.server.directory / "data" / "postmaster.pid"
        postmaster = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        # A zombie that nobody collects would pass for a running server.
        psutil.wait_procs(processes, timeout=2)
        pid_file.unlink(missing_ok=True)

    def administer(self, statement: str) -> None:
        """Runs a statement such as CREATE DATABASE."""
        url = self.server.url("postgres").replace("postgresql:", "postgresql+pg8000:")
        engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))


@pytest.fixture(scope="session")
def fragile_server() -> Iterator[FragileServer]:
    directory = Path(tempfile.mkdtemp(prefix="loans-test-faults-"))
    fragile = FragileServer(directory)
    try:
        fragile.server.start()
        migrate_database(fragile.server.url())
        yield fragile
    finally:
        fragile.server.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def fault_url(fragile_server: FragileServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of the newest revision on the server that may die."""
    name = f"loans_{abs(hash(request.node.name))}"
    fragile_server.administer(f"CREATE DATABASE {name} TEMPLATE loans")
    yield fragile_server.server.url(name)
    fragile_server.server.start()
    fragile_server.administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def proxy(fragile_server: FragileServer) -> Iterator[CuttingProxy]:
    """What the workers take for the server."""
    with CuttingProxy(fragile_server.server.port) as proxy:
        yield proxy


@pytest.fixture
def load(fault_url: str, fragile_server: FragileServer, proxy: CuttingProxy, tmp_path: Path) -> Iterator[Load]:
    """The load, prepared but without workers."""
    settings = replace(settings_for(fault_url), stage="observer")
    observer = Database(make_engine(settings, pool_pre_ping=True, pool_size=2))
    storage = Storage(tmp_path / "queue")
    url = fault_url.replace(f":{fragile_server.server.port}/", f":{proxy.port}/")
    load = Load(tmp_path, observer, url, storage)
    try:
        load.prepare()
        yield load
    finally:
        for name in list(load.workers):
            load.kill(name)
        storage.close()
        observer.engine.dispose()


def migrate_database(url: str) -> None:
    engine = make_engine(settings_for(url))
    migrate(Database(engine))
    engine.dispose()
