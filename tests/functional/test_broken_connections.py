"""A connection that broke between two requests is nobody's problem: nothing asks first whether it still works."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event, text

from chalicelib import runtime
from chalicelib.postgres import connection as connections
from chalicelib.postgres.database import Database
from tests.support.application import Api, decisions_of

PERSON = {"first_name": "Asha", "last_name": "Menon", "age": 41, "monthly_income": 60000, "phone_number": 9812345678}
ASKED = {"customer_id": 1, "loan_amount": 100000, "interest_rate": 18, "tenure": 12}

REQUESTS: list[tuple[str, str, object]] = [
    ("POST", "/api/register/", PERSON),
    ("POST", "/api/check-eligibility/", ASKED),
    ("POST", "/api/create-loan/", ASKED),
    ("GET", "/api/view-loan/1/", None),
    ("GET", "/api/view-loans/1/", None),
    ("GET", "/api/loans/", None),
    ("GET", "/api/loans/1/schedule/", None),
    ("GET", "/api/applications/", None),
    ("GET", "/api/applications/1/", None),
    ("GET", "/api/customers/?q=Ash", None),
    ("GET", "/api/customers/1/", None),
    ("PATCH", "/api/customers/1/", {"monthly_income": 70000}),
    ("GET", "/api/imports/", None),
]


@pytest.fixture
def break_connections(administration: Callable[[str], None], database_url: str) -> Callable[[], None]:
    """Ends the connections to the test's database on the server, as a restart or a fail-over does, and waits for it."""
    name = database_url.rpartition("/")[2]
    ended = f"SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '{name}'"
    return lambda: administration(ended)


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_a_request_after_the_connection_broke_is_answered(
    api: Api, break_connections: Callable[[], None], method: str, path: str, body: object
) -> None:
    assert (api.post("/api/register/", PERSON).status, api.post("/api/create-loan/", ASKED).status) == (201, 201)
    break_connections()
    headers = {"Content-Type": "application/json", "If-Match": "*"}
    assert api.call(method, path, json.dumps(body).encode() if body else b"", headers).status in (200, 201)


@pytest.fixture
def stand_by(administration: Callable[[str], None], database_url: str) -> Iterator[Callable[[bool], None]]:
    """Makes new connections to the test's database those of a stand-by, which cannot be written to, and ends that."""
    name = database_url.rpartition("/")[2]

    def switch(is_stand_by: bool) -> None:
        administration(f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if is_stand_by else 'off'}")

    yield switch
    switch(False)


def test_a_connection_to_the_writer_of_before_a_fail_over_is_left_for_the_writer_of_now(
    api: Api, stand_by: Callable[[bool], None], break_connections: Callable[[], None]
) -> None:
    assert api.post("/api/register/", PERSON).status == 201
    stand_by(True)
    break_connections()
    assert api.call("GET", "/api/customers/1/").status == 200
    stand_by(False)
    assert api.post("/api/create-loan/", ASKED).status == 201


def test_while_there_is_no_writer_a_client_is_asked_to_come_again(
    api: Api, stand_by: Callable[[bool], None], break_connections: Callable[[], None]
) -> None:
    assert api.post("/api/register/", PERSON).status == 201
    stand_by(True)
    break_connections()
    answer = api.post("/api/create-loan/", ASKED)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


@contextmanager
def broken_before(statement_part: str, break_connections: Callable[[], None]) -> Iterator[None]:
    """Breaks the connection once, right before the first statement with these words."""
    to_break = [statement_part]

    def break_once(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if to_break and to_break[0] in statement:
            to_break.clear()
            break_connections()

    engine = runtime.database().engine
    event.listen(engine, "before_cursor_execute", break_once)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", break_once)
    assert not to_break


def apply_with_key(api: Api) -> int:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "one"}
    return api.call("POST", "/api/create-loan/", json.dumps(ASKED).encode(), headers).status


def test_a_decision_whose_transaction_is_run_again_is_counted_once(
    api: Api, break_connections: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert api.post("/api/register/", PERSON).status == 201
    # Between the decision and the COMMIT.
    with broken_before("INTO idempotency_keys", break_connections):
        assert apply_with_key(api) == 201
    assert [line["saved"] for line in decisions_of(capsys)] == [True]


@pytest.mark.parametrize("trusted_seconds", [0, connections.TRUSTED_SECONDS])
def test_a_decision_whose_commit_is_interrupted_is_counted_when_it_is_committed(
    api: Api,
    database: Database,
    trusted_seconds: float,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """COMMIT by itself, and together with the last statement."""
    monkeypatch.setattr(connections, "TRUSTED_SECONDS", trusted_seconds)
    assert api.post("/api/register/", PERSON).status == 201
    with ended_by_the_first_commit(database):
        assert apply_with_key(api) == 503
    assert decisions_of(capsys) == []
    assert apply_with_key(api) == 201
    assert apply_with_key(api) == 201
    assert [line["saved"] for line in decisions_of(capsys)] == [True]


@contextmanager
def ended_by_the_first_commit(database: Database) -> Iterator[None]:
    """Has the server end the connection in the middle of the COMMIT of a loan, until the block is left."""
    ending = """
        CREATE FUNCTION end_it() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER ended AFTER INSERT ON loans DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION end_it()
    """
    with database.reading() as connection:
        connection.execute(text(ending))
    yield
    with database.reading() as connection:
        connection.execute(text("DROP TRIGGER ended ON loans; DROP FUNCTION end_it"))
