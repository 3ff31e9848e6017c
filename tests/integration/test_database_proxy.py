"""Behind a proxy that refuses settings of a session, as RDS Proxy does."""

import re
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bench.proxy import CountingProxy
from chalicelib.config import STATEMENT_TIMEOUT_MS
from chalicelib.errors import DatabaseUnavailable
from chalicelib.postgres.database import Database, make_engine
from infra.local.postgres import PostgresServer
from tests.support.refusing_proxy import SENTENCE, RefusingProxy
from tests.support.settings import settings_for

# What the template gives the import where nobody sets anything.
OF_AN_IMPORT = {"DATABASE_PROXY": "yes", "STATEMENT_TIMEOUT_MS": "290000"}
ENDED_IN = "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'"

Connect = Callable[..., Database]


@pytest.fixture
def wire(postgres: PostgresServer) -> Iterator[CountingProxy]:
    """Counts the round trips on the way to the proxy."""
    with RefusingProxy(postgres.port) as proxy, CountingProxy(proxy.port) as wire:
        yield wire


@pytest.fixture
def connect(
    wire: CountingProxy, database_url: str, postgres: PostgresServer, administration: Callable[[str], None]
) -> Iterator[Connect]:
    """Makes the test's database, whose own time-out is the foundation's, as a function with this environment has it."""
    name = database_url.rpartition("/")[2]
    administration(f"ALTER DATABASE {name} SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
    made: list[Database] = []

    def make(**environ: str) -> Database:
        url = database_url.replace(f":{postgres.port}/", f":{wire.port}/")
        made.append(Database(make_engine(settings_for(url, **environ))))
        return made[-1]

    yield make
    for database in made:
        database.engine.dispose()


def ended_after(database: Database) -> int:
    """How many milliseconds a statement of its own may take."""
    with database.reading() as connection:
        return int(connection.execute(text(ENDED_IN)).scalar_one())


def ended_in_a_transaction_after(database: Database) -> int:
    with database.transaction() as tx:
        milliseconds = int(tx.connection.execute(text(ENDED_IN)).scalar_one())
        tx.commit()
    return milliseconds


def test_a_connection_that_asks_for_a_time_out_is_refused(connect: Connect) -> None:
    with pytest.raises(DBAPIError, match=re.escape(SENTENCE)):
        ended_after(connect())


def test_the_api_connects_and_has_the_time_out_of_the_database(connect: Connect) -> None:
    database = connect(DATABASE_PROXY="yes")
    assert ended_after(database) == STATEMENT_TIMEOUT_MS
    assert ended_in_a_transaction_after(database) == STATEMENT_TIMEOUT_MS


def test_a_transaction_of_an_import_has_its_own_time_out_and_leaves_none_behind(connect: Connect) -> None:
    database = connect(**OF_AN_IMPORT)
    assert ended_in_a_transaction_after(database) == 290_000
    assert ended_after(database) == STATEMENT_TIMEOUT_MS


def test_the_time_out_of_a_transaction_ends_its_statements(connect: Connect) -> None:
    database = connect(DATABASE_PROXY="yes", STATEMENT_TIMEOUT_MS="100")
    with pytest.raises(DatabaseUnavailable, match="took too long"), database.transaction() as tx:
        tx.connection.execute(text("SELECT pg_sleep(5)"))


@pytest.mark.parametrize("environ", [{"DATABASE_PROXY": "yes"}, OF_AN_IMPORT])
def test_a_transaction_still_begins_with_its_first_statement(
    connect: Connect, wire: CountingProxy, environ: dict[str, str]
) -> None:
    database = connect(**environ)
    ended_after(database)
    before = wire.round_trips
    ended_in_a_transaction_after(database)
    # The statement with its beginning, and COMMIT.
    assert wire.round_trips == before + 2


def test_what_is_not_committed_is_rolled_back_behind_the_proxy_too(connect: Connect) -> None:
    database = connect(**OF_AN_IMPORT)
    with database.transaction() as tx:
        tx.connection.execute(text("CREATE TABLE left_behind (a integer)"))
    with database.reading() as connection:
        assert connection.execute(text("SELECT to_regclass('left_behind')")).scalar_one() is None
