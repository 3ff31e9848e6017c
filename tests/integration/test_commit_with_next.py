"""A transaction whose last statement takes COMMIT along: what lasts, what is told, and when it waits twice instead."""

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chalicelib.errors import OutcomeUnknown
from chalicelib.postgres import connection as connections
from chalicelib.postgres.connection import driver_of
from chalicelib.postgres.database import Database, after_commit, commit_with_next
from chalicelib.postgres.errors import retried
from chalicelib.postgres.waits import waited_so_far

ADD = text("INSERT INTO t VALUES (:a) RETURNING a * 10")
# Ends the connection from within, as a server that goes away does while it works.
END = "SELECT pg_terminate_backend(pg_backend_pid())"


@pytest.fixture
def table(database: Database) -> Database:
    """A database with a table t that has a number once, but looks at that only at the end of a transaction."""
    with database.reading() as connection:
        connection.execute(text("CREATE TABLE t (a integer UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    return database


def rows(database: Database) -> list[int]:
    with database.reading() as connection:
        return list(connection.scalars(text("SELECT a FROM t ORDER BY a")))


def add(database: Database, number: int, done: list[int]) -> int:
    """Adds a number in a transaction whose last statement it is; returns what the statement said."""
    with database.transaction() as tx:
        commit_with_next(tx.connection)
        said = tx.connection.execute(ADD, {"a": number}).scalar_one()
        after_commit(tx.connection, lambda: done.append(number))
        tx.commit()
    return int(said)


def waits_of(work: Callable[[], object]) -> int:
    before = waited_so_far()
    work()
    return waited_so_far().since(before).round_trips


def test_a_last_statement_is_answered_and_committed_in_one_wait(
    table: Database, new_database: Callable[[], Database]
) -> None:
    done: list[int] = []
    said: list[int] = []
    assert waits_of(lambda: said.append(add(table, 1, done))) == 1
    assert waits_of(lambda: said.append(add(table, 2, done))) == 1
    assert (said, done, rows(new_database())) == ([10, 20], [1, 2], [1, 2])


def test_statements_before_the_last_one_are_committed_with_it(
    table: Database, new_database: Callable[[], Database]
) -> None:
    with table.transaction() as tx:
        tx.connection.execute(ADD, {"a": 1})
        driver_of(tx.connection).send_with_next("INSERT INTO t VALUES (%s)", [2])
        commit_with_next(tx.connection)
        removed = tx.connection.execute(text("DELETE FROM t WHERE a = 1"))
        assert (removed.rowcount, removed.returns_rows) == (1, False)
        tx.commit()
    assert rows(new_database()) == [2]


def test_a_last_statement_without_parameters_is_committed_too(table: Database) -> None:
    with table.transaction() as tx:
        commit_with_next(tx.connection)
        assert tx.connection.execute(text("INSERT INTO t VALUES (7) RETURNING a")).all() == [(7,)]
    assert rows(table) == [7]


def test_copy_as_the_last_statement_is_committed_behind(table: Database) -> None:
    with table.transaction() as tx:
        commit_with_next(tx.connection)
        driver_of(tx.connection).cursor().execute("COPY t FROM STDIN", stream=BytesIO(b"1\n2\n"))
        tx.commit()
    assert rows(table) == [1, 2]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param("INSERT INTO t VALUES (CAST(:a AS integer) / 0)", id="found by the statement"),
        pytest.param("INSERT INTO t VALUES (:a)", id="found by COMMIT"),
    ],
)
def test_an_error_of_the_last_statement_or_of_its_commit_leaves_nothing(table: Database, last: str) -> None:
    done: list[int] = []
    add(table, 1, done)

    def add_wrongly() -> None:
        with table.transaction() as tx:
            tx.connection.execute(ADD, {"a": 2})
            after_commit(tx.connection, lambda: done.append(2))
            commit_with_next(tx.connection)
            tx.connection.execute(text(last), {"a": 1})
            tx.commit()

    with pytest.raises(DBAPIError):
        add_wrongly()
    assert (done, rows(table)) == ([1], [1])
    add(table, 3, done)
    assert (done, rows(table)) == ([1, 3], [1, 3])


def test_a_connection_that_breaks_under_the_last_statement_leaves_the_outcome_unknown(
    table: Database, new_database: Callable[[], Database]
) -> None:
    attempts: list[int] = []
    done: list[int] = []

    @retried
    def broken() -> None:
        attempts.append(1)
        with table.transaction() as tx:
            tx.connection.execute(ADD, {"a": 1})
            after_commit(tx.connection, lambda: done.append(1))
            commit_with_next(tx.connection)
            tx.connection.execute(text(END))
            tx.commit()

    with pytest.raises(OutcomeUnknown, match="not known whether it was saved"):
        broken()
    assert (len(attempts), done) == (1, [])
    assert rows(new_database()) == []
    add(table, 2, done)
    assert rows(new_database()) == [2]


def test_a_connection_that_is_known_to_be_broken_is_replaced_and_the_work_run_again(
    table: Database, new_database: Callable[[], Database]
) -> None:
    done: list[int] = []
    add(table, 1, done)
    with new_database().reading() as other:
        others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
        other.execute(text(f"{others} AND pid <> pg_backend_pid()"))
    retried(add)(table, 2, done)
    assert (done, rows(table)) == ([1, 2], [1, 2])


def test_a_connection_that_was_silent_is_asked_before_it_is_told_to_commit(
    table: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "TRUSTED_SECONDS", 0)
    done: list[int] = []
    assert waits_of(lambda: add(table, 1, done)) == 2
    assert (done, rows(table)) == ([1], [1])


def test_what_goes_wrong_after_the_last_statement_changes_nothing_of_it(table: Database) -> None:
    with suppress(KeyError), table.transaction() as tx:
        commit_with_next(tx.connection)
        tx.connection.execute(ADD, {"a": 1})
        raise KeyError
    with table.reading() as connection:
        assert connection.scalar(text("SELECT pg_current_xact_id_if_assigned()")) is None
    assert rows(table) == [1]


def test_a_last_statement_that_never_comes_commits_nothing(table: Database) -> None:
    with suppress(KeyError), table.transaction() as tx:
        tx.connection.execute(ADD, {"a": 1})
        commit_with_next(tx.connection)
        raise KeyError
    assert rows(table) == []
    with table.transaction() as tx:
        tx.connection.execute(ADD, {"a": 2})
    assert rows(table) == []
