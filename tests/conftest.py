"""What tests of every level share: a real Postgres, started once a run, and an empty database for each test."""

import shutil
import signal
import ssl
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import NullPool, create_engine, text
from xdist.scheduler import LoadScopeScheduling

from chalicelib.postgres.database import Database, make_engine
from chalicelib.postgres.migrate import migrate
from infra.local.postgres import PostgresServer
from infra.session import forget_other_clouds
from tests.support.databases import TEMPLATE, WITHOUT_DURABILITY, Databases
from tests.support.ports import free_port
from tests.support.settings import settings_for

forget_other_clouds()

# How long an example takes says more about the machine than about the code; bench/ measures.
settings.register_profile("thorough", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Each run draws others, and `make test` draws four times as many; pytest takes a profile by --hypothesis-profile.
settings.register_profile("gate", settings.get_profile("thorough"), max_examples=25)
settings.load_profile("gate")

DEPLOYING = ("tests/e2e/test_commands.py", "tests/e2e/test_deploy.py")


def pytest_configure() -> None:
    """A polite kill cleans up as Ctrl-C does: the servers of a run, in sessions of their own, would run on."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """What shares a fixture stays with one of the processes that run side by side: a file, and all on LocalStack, but
    for what deploys for minutes and has a LocalStack of its own beside the other.

    xdist's own groups (--dist loadgroup) are lost without a word under pytest 9.2: pytest-dev/pytest-xdist#1386.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path in DEPLOYING:
            return "deploying"
        return "tests/e2e" if path.startswith("tests/e2e/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Chooses the scheduler of a run of several processes."""
    return Together(config, log)


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """pg8000 reads the certificates of the machine for each connection, before it asks whether there is any TLS.

    It does not look at them, and the Postgres of the tests has none: that was a fifth of what a test with it took.
    """
    make = ssl.create_default_context
    unverified = cache(make)

    def made(*arguments: Any, **named: Any) -> ssl.SSLContext:
        return make(*arguments, **named) if arguments or named else unverified()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", made)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server of this run's own; what is in it does not outlive the run."""
    directory = Path(tempfile.mkdtemp(prefix="loans-test-postgres-"))
    server = PostgresServer(directory, free_port(), settings=(*WITHOUT_DURABILITY, "max_connections=200"))
    try:
        server.start()
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def administration(postgres: PostgresServer) -> Callable[[str], None]:
    """Runs a statement such as CREATE DATABASE, each on a connection of its own: tests stop the server between."""
    url = postgres.url("postgres").replace("postgresql:", "postgresql+pg8000:")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def run(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    run(f"CREATE DATABASE {TEMPLATE}")
    template = make_engine(settings_for(postgres.url(TEMPLATE)))
    migrate(Database(template))
    template.dispose()
    return run


@pytest.fixture(scope="session")
def databases(postgres: PostgresServer, administration: Callable[[str], None]) -> Databases:
    return Databases(postgres, administration)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The URL of an empty database of the newest revision, for this test alone."""
    yield databases.take()
    databases.give_back()


@pytest.fixture
def new_database(database_url: str) -> Iterator[Callable[[], Database]]:
    """Makes further `Database`s on the test's database, each with a connection of its own, as containers have."""
    made: list[Database] = []

    def make() -> Database:
        made.append(Database(make_engine(settings_for(database_url))))
        return made[-1]

    yield make
    for database in made:
        database.engine.dispose()


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()
