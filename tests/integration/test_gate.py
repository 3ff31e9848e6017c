"""Who is let in, what is remembered of it for how long, and what that costs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text

from chalicelib.errors import ApiKeyNotFound, Conflict, InvalidRequest, Unauthenticated
from chalicelib.postgres.database import Database
from chalicelib.rules.access import ANYONE, ASKED_EACH_TIME, Operation, Role
from chalicelib.rules.tokens import new_key, read_token
from chalicelib.services import access, api_keys, sessions, users
from chalicelib.services.access import MOST_TRUSTED, TRUSTED_SECONDS, Gate
from chalicelib.services.api_keys import WantedKey
from chalicelib.services.users import UserChanges
from chalicelib.storage.paging import Cursor
from tests.support.people import TEST, key_of, session_of, user_of


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(database: Database, clock: Clock) -> Gate:
    return Gate(database, open_to_anyone=False, now=clock)


READING = Operation.READ_LOANS


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine, "before_cursor_execute", note)


def sql(database: Database, statement: str) -> None:
    with database.reading() as connection:
        connection.execute(text(statement))


def test_the_first_request_of_a_key_is_one_statement_and_the_next_ones_are_none(database: Database, gate: Gate) -> None:
    token = key_of(database, Role.READER)
    with statements_of(database) as first:
        actor = gate.admit(token, READING)
    with statements_of(database) as further:
        assert {gate.admit(token, READING) for _ in range(10)} == {actor}
    assert (len(first), further) == (1, [])
    assert (actor.identity, actor.role, actor.name) == ("key:1", Role.READER, "a reader")


def test_the_first_request_of_a_session_is_one_statement_and_the_next_ones_are_none(
    database: Database, gate: Gate
) -> None:
    token = session_of(database, user_of(database, Role.OFFICER).login)
    with statements_of(database) as first:
        actor = gate.admit(token, READING)
    with statements_of(database) as further:
        gate.admit(token, READING)
    assert (len(first), further) == (1, [])
    assert (actor.identity, actor.role) == ("user:1", Role.OFFICER)


def test_another_container_refuses_a_revoked_key_after_thirty_seconds_at_the_latest(
    database: Database, new_database: Callable[[], Database], gate: Gate, clock: Clock
) -> None:
    token = key_of(database, Role.READER)
    gate.admit(token, READING)
    api_keys.revoke_key(new_database(), TEST, 1)
    clock.seconds += TRUSTED_SECONDS - 0.01
    gate.admit(token, READING)
    clock.seconds += 0.02
    with pytest.raises(Unauthenticated, match="revoked"):
        gate.admit(token, READING)


def test_the_container_that_revokes_a_key_refuses_it_at_once(database: Database, gate: Gate) -> None:
    token = key_of(database, Role.READER)
    gate.admit(token, READING)
    api_keys.revoke_key(database, TEST, 1)
    gate.forget()
    with pytest.raises(Unauthenticated, match="revoked"):
        gate.admit(token, READING)


def test_a_role_that_was_taken_away_is_gone_after_thirty_seconds(database: Database, gate: Gate, clock: Clock) -> None:
    user = user_of(database, Role.OFFICER)
    token = session_of(database, user.login)
    assert gate.admit(token, READING).role is Role.OFFICER
    users.change_user(database, TEST, user.user_id, changes=UserChanges(role="viewer"))
    clock.seconds += TRUSTED_SECONDS
    assert gate.admit(token, READING).role is Role.VIEWER


@pytest.mark.parametrize("operation", sorted(ASKED_EACH_TIME))
def test_who_lets_others_in_is_asked_for_each_time(database: Database, gate: Gate, operation: Operation) -> None:
    user = user_of(database, Role.ADMIN)
    user_of(database, Role.ADMIN, "another")
    token = session_of(database, user.login)
    assert gate.admit(token, operation).role is Role.ADMIN
    users.change_user(database, TEST, user.user_id, changes=UserChanges(role="viewer"))
    assert gate.admit(token, operation).role is Role.VIEWER


def test_a_key_is_trusted_no_longer_than_it_lasts(database: Database, gate: Gate, clock: Clock) -> None:
    token = key_of(database, Role.READER, days=1)
    sql(database, "UPDATE api_keys SET expires_at = now() + interval '5 seconds'")
    gate.admit(token, READING)
    sql(database, "UPDATE api_keys SET expires_at = now()")
    clock.seconds += 5
    with pytest.raises(Unauthenticated, match="expired"):
        gate.admit(token, READING)


def test_that_a_key_expired_or_was_revoked_is_told_to_who_has_its_secret_only(database: Database, gate: Gate) -> None:
    token = key_of(database, Role.READER)
    public_id = (read_token(token) or new_key()).public_id
    guessed = f"lk_{public_id}_{new_key().text[-43:]}"
    sql(database, "UPDATE api_keys SET expires_at = now(), revoked_at = now()")
    with pytest.raises(Unauthenticated, match="revoked"):
        gate.admit(token, READING)
    with pytest.raises(Unauthenticated, match="not valid"):
        gate.admit(guessed, READING)


def test_nothing_bad_is_remembered(database: Database, gate: Gate) -> None:
    token = new_key()
    with pytest.raises(Unauthenticated):
        gate.admit(token.text, READING)
    key_of(database, Role.READER)
    with database.transaction() as tx:
        tx.connection.execute(
            text("UPDATE api_keys SET public_id = :public_id, secret_hash = :digest"),
            {"public_id": token.public_id, "digest": token.digest},
        )
        tx.commit()
    assert gate.admit(token.text, READING).role is Role.READER


def test_garbage_does_not_reach_the_database(database: Database, gate: Gate) -> None:
    with statements_of(database) as sent:
        for garbage in ("", "x", "lk_", "lk_'; DROP TABLE users; --", "\x00" * 59, "ls_" + "é" * 43, "x" * 10**6):
            with pytest.raises(Unauthenticated):
                gate.admit(garbage, READING)
    assert sent == []


def test_no_more_is_remembered_than_there_is_room_for(
    database: Database, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_TRUSTED == 1000
    monkeypatch.setattr(access, "MOST_TRUSTED", 3)
    tokens = [key_of(database, Role.READER) for _ in range(5)]
    for token in tokens:
        gate.admit(token, READING)
    with statements_of(database) as sent:
        for token in reversed(tokens):
            gate.admit(token, READING)
    assert len(sent) == 2


def test_the_last_use_is_noted_once_a_minute(database: Database, gate: Gate) -> None:
    token = key_of(database, Role.READER)

    def used() -> object:
        gate.forget()
        gate.admit(token, READING)
        return api_keys.list_keys(database, Cursor(1)).rows[0].last_used_at

    first = used()
    assert first is not None
    assert used() == first
    sql(database, "UPDATE api_keys SET last_used_at = now() - interval '61 seconds'")
    assert used() != first


def test_a_wrong_secret_is_no_use(database: Database, gate: Gate) -> None:
    token = key_of(database, Role.READER)
    with pytest.raises(Unauthenticated):
        gate.admit(token[:-1] + ("A" if token[-1] != "A" else "B"), READING)
    assert api_keys.list_keys(database, Cursor(1)).rows[0].last_used_at is None


@pytest.mark.parametrize(
    "passed",
    [
        "expires_at = now()",
        "last_seen_at = now() - interval '30 minutes'",
        "ended_at = now()",
    ],
)
def test_a_session_that_is_over_lets_nobody_in(database: Database, gate: Gate, passed: str) -> None:
    token = session_of(database, user_of(database).login)
    sql(database, f"UPDATE sessions SET {passed}")
    with pytest.raises(Unauthenticated, match="over"):
        gate.admit(token, READING)


def test_a_session_stays_open_while_it_is_used(database: Database, gate: Gate) -> None:
    token = session_of(database, user_of(database).login)
    for _ in range(3):
        sql(database, "UPDATE sessions SET last_seen_at = now() - interval '29 minutes'")
        gate.forget()
        gate.admit(token, READING)
    with database.reading() as connection:
        idle = connection.scalar(text("SELECT now() - last_seen_at < interval '1 minute' FROM sessions"))
    assert idle is True


def test_a_session_lasts_twelve_hours_at_most(database: Database) -> None:
    session_of(database, user_of(database).login)
    with database.reading() as connection:
        assert connection.scalar(text("SELECT expires_at - created_at = interval '12 hours' FROM sessions")) is True


def test_a_session_of_somebody_who_is_disabled_lets_nobody_in(database: Database, gate: Gate) -> None:
    user_of(database, Role.ADMIN, "other")
    token = session_of(database, user_of(database).login)
    sql(database, "UPDATE users SET disabled_at = now()")
    with pytest.raises(Unauthenticated, match="over"):
        gate.admit(token, READING)


def test_an_open_gate_lets_in_who_shows_nothing_but_not_who_shows_something_wrong(database: Database) -> None:
    gate = Gate(database, open_to_anyone=True)
    assert gate.admit(None, READING) is ANYONE
    with pytest.raises(Unauthenticated):
        gate.admit("", READING)


def test_what_is_stored_is_no_secret(database: Database) -> None:
    key, session = key_of(database, Role.READER), session_of(database, user_of(database).login)
    with database.reading() as connection:
        for table in ("api_keys", "users", "sessions", "audit_log", "sign_in_failures"):
            stored = str(connection.execute(text(f"SELECT * FROM {table}")).all())
            assert not any(secret in stored for secret in (key[-43:], session[-43:], "correct horse"))


def test_a_key_of_nobody_or_of_an_importer_cannot_be_limited(database: Database) -> None:
    for role in ("reader", "importer"):
        with pytest.raises(InvalidRequest):
            api_keys.create_key(database, TEST, WantedKey("x", role, None, 99))
    assert api_keys.list_keys(database, Cursor(10)).rows == []


def test_a_revoked_key_stays_revoked(database: Database) -> None:
    key_of(database, Role.READER)
    api_keys.revoke_key(database, TEST, 1)
    (before,) = api_keys.list_keys(database, Cursor(10)).rows
    api_keys.revoke_key(database, TEST, 1)
    assert api_keys.list_keys(database, Cursor(10)).rows == [before]
    with pytest.raises(Conflict):
        api_keys.rotate_key(database, TEST, 1)
    with pytest.raises(ApiKeyNotFound):
        api_keys.rotate_key(database, TEST, 2)


def test_signing_out_twice_is_signing_out_once(database: Database) -> None:
    token = read_token(session_of(database, user_of(database).login))
    assert token is not None
    sessions.sign_out(database, TEST, token)
    sessions.sign_out(database, TEST, token)
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM audit_log WHERE action = 'signed_out'")) == 1
