"""The load of a test, with a Postgres that may be killed and a proxy that cuts in between."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.postgres.database import Database, make_engine
from tests.support.faults.cutting import CuttingProxy
from tests.support.faults.load import Load
from tests.support.faults.server import FragileServer, migrate_database
from tests.support.faults.storage import Storage
from tests.support.settings import settings_for


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
