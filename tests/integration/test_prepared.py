"""A statement that is prepared is parsed once a connection, and whatever happens to it on the server, it goes on."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chalicelib.postgres.connection import driver_of, prepared
from chalicelib.postgres.database import Database, make_engine
from chalicelib.postgres.errors import retried
from tests.support.settings import settings_for

DIVIDED = prepared("SELECT 12 / CAST(:by AS integer) AS divided, CAST(:named AS text) AS named")
KEPT = "SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture
def direct(database_url: str) -> Iterator[Database]:
    database = Database(make_engine(settings_for(database_url)))
    yield database
    database.engine.dispose()


@retried
def divided(database: Database, by: int) -> tuple[int, str]:
    with database.reading() as connection:
        row = connection.execute(DIVIDED, {"by": by, "named": f"by {by}"}).one()
    return row.divided, row.named


def kept(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(text(KEPT)).scalar_one())


def test_a_prepared_statement_is_parsed_once_and_answers_each_time_anew(direct: Database) -> None:
    assert [divided(direct, by) for by in (1, 2, 3, 4, 6, 12, 1)] == [
        (12 // by, f"by {by}") for by in (1, 2, 3, 4, 6, 12, 1)
    ]
    assert kept(direct) == 1


def test_any_other_statement_leaves_nothing_on_the_server(direct: Database) -> None:
    with direct.reading() as connection:
        assert connection.execute(text("SELECT CAST(:a AS integer)"), {"a": 1}).scalar() == 1
    assert kept(direct) == 0


def test_behind_a_proxy_no_statement_is_kept(database_url: str) -> None:
    database = Database(make_engine(settings_for(database_url, DATABASE_PROXY="yes")))
    assert [divided(database, 3), divided(database, 4)] == [(4, "by 3"), (3, "by 4")]
    assert kept(database) == 0
    database.engine.dispose()


def test_after_an_error_a_prepared_statement_goes_on_and_is_there_once(direct: Database) -> None:
    for _ in range(3):
        with pytest.raises(DBAPIError, match="division by zero"):
            divided(direct, 0)
    assert divided(direct, 6) == (2, "by 6")
    assert kept(direct) == 1


def test_a_statement_that_the_server_cannot_parse_is_not_taken_for_known(direct: Database) -> None:
    missing = prepared("SELECT a FROM made_later WHERE a = :a")
    for _ in range(2):
        with pytest.raises(DBAPIError, match="made_later"), direct.reading() as connection:
            connection.execute(missing, {"a": 1})
    with direct.reading() as connection:
        connection.execute(text("CREATE TABLE made_later AS SELECT 1 AS a"))
        assert connection.execute(missing, {"a": 1}).all() == [(1,)]


def test_statements_that_the_server_has_forgotten_are_prepared_anew(direct: Database) -> None:
    divided(direct, 1)
    with direct.reading() as connection:
        connection.execute(text("DEALLOCATE ALL"))
    assert divided(direct, 2) == (6, "by 2")
    assert kept(direct) == 1


def test_a_statement_goes_on_when_the_schema_has_changed_what_its_rows_are_made_of(direct: Database) -> None:
    every = prepared("SELECT * FROM growing WHERE a = :a")

    @retried
    def read() -> list[dict[str, object]]:
        with direct.reading() as connection:
            return [dict(row._mapping) for row in connection.execute(every, {"a": 1})]

    with direct.reading() as connection:
        connection.execute(text("CREATE TABLE growing AS SELECT 1 AS a, 2 AS b"))
    assert read() == [{"a": 1, "b": 2}]
    with direct.reading() as connection:
        connection.execute(text("ALTER TABLE growing ALTER COLUMN b TYPE text"))
    assert read() == [{"a": 1, "b": "2"}]


def test_one_that_goes_out_before_another_is_kept_too_and_its_rows_are_not_taken_for_the_others(
    direct: Database,
) -> None:
    for _ in range(3):
        with direct.transaction() as tx:
            ahead = "SELECT n, n FROM generate_series(1, CAST(%s AS integer)) AS n"
            driver_of(tx.connection).send_with_next(ahead, [3], is_prepared=True)
            assert tx.connection.execute(DIVIDED, {"by": 4, "named": "x"}).all() == [(3, "x")]
            removed = tx.connection.execute(prepared("DELETE FROM loans WHERE loan_id = :loan_id"), {"loan_id": 0})
            assert (removed.rowcount, removed.returns_rows) == (0, False)
            tx.commit()
    assert kept(direct) == 3
