"""The use cases of sessions: sign in, sign out. Those who guess passwords wait (storage/sign_in_failures.py).

A password is compared outside of a transaction, because that takes long. What follows from it holds on to the user and
asks whether the password is still the one that was compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from chalicelib.errors import InvalidRequest, TooManyRequests, Unauthenticated
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import USER, Author
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.devices import device_among, new_device
from chalicelib.rules.tokens import Token, new_session
from chalicelib.services.users import replace_password
from chalicelib.storage import audit, sessions, sign_in_failures, users
from chalicelib.storage.sign_in_failures import Brake, Counted
from chalicelib.storage.users import Secret

# Of a login or of one of its browsers; then they wait. An address is slowed down.
MOST_FAILURES_OF_A_LOGIN = 5
MOST_FAILURES_OF_AN_ADDRESS = 50

WRONG = "The login or the password is wrong."


@dataclass(frozen=True)
class Attempt:
    """Somebody who wants to sign in, from an address that the gateway saw. `devices` are the marks of the browser."""

    login: str
    password: str = field(repr=False)
    address: str
    request_id: str
    devices: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True)
class OpenedSession:
    """A session with its token, which nobody can read again, and the mark of a browser that signs in with it.

    If it `awaits_code`, the password was right and the code of the second factor is still to come
    (services/second_factors.py); until then there is no mark, and the session is good for nothing else.
    """

    token: str = field(repr=False)
    device: str = field(repr=False)
    user_id: int
    name: str
    role: str
    expires_at: datetime
    awaits_code: bool = False


@dataclass(frozen=True)
class _Proven:
    """Whose login and password these are, and whose failures this attempt was counted among."""

    secret: Secret
    counted: tuple[Counted, ...]


def sign_in(database: Database, attempt: Attempt) -> OpenedSession:
    """Opens a session, which awaits the code if the user has a second factor.

    Raises Unauthenticated, and TooManyRequests after too many failures in a row.

    An unknown login, a disabled user and a wrong password cannot be told apart, by the answer or by its time.
    """
    proven = _proven(database, attempt)
    opened = _open(database, attempt, proven)
    if opened is None:
        _note_failure(database, attempt, proven.secret)
        raise Unauthenticated(WRONG)
    return opened


def change_own_password(database: Database, author: Author, attempt: Attempt, *, new: str) -> str:
    """Gives the one who proves to know the present password a new one, and ends all sessions of the user.

    Returns the mark of the browser that did it; those of all others end with the old password.
    Raises Unauthenticated and TooManyRequests as `sign_in` does: who finds a screen unlocked guesses no faster.
    Raises InvalidRequest for a password that may not be one, or is the present one.
    """
    from chalicelib.services.passwords import hashed

    proven = _proven(database, attempt)
    if new == attempt.password:
        raise InvalidRequest("The password is the same.", {"password": ["must differ from your current password"]})
    new_hash = hashed(new, attempt.login)
    if not replace_password(database, author, proven.secret, password_hash=new_hash):
        _note_failure(database, attempt, proven.secret)
        raise Unauthenticated(WRONG)
    _forgive(database, proven)
    return new_device(proven.secret.user_id, new_hash)


def prove_password(database: Database, attempt: Attempt) -> Secret:
    """What is known of the one who proves to know the present password. Raises what `change_own_password` raises."""
    proven = _proven(database, attempt)
    _forgive(database, proven)
    return proven.secret


def _proven(database: Database, attempt: Attempt) -> _Proven:
    from chalicelib.services.passwords import NOBODYS_HASH, matches

    secret, counted = _count(database, attempt)
    is_right = matches(attempt.password, NOBODYS_HASH if secret is None else secret.password_hash)
    if secret is None or secret.is_disabled or not is_right:
        _note_failure(database, attempt, secret)
        raise Unauthenticated(WRONG)
    return _Proven(secret, counted)


@retried
def sign_out(database: Database, author: Author, token: Token) -> None:
    """Ends the session of a token; one that is over stays so."""
    with database.transaction() as tx:
        if sessions.end(tx.connection, token.digest):
            audit.add(tx.connection, author, Event(Action.SIGNED_OUT, SubjectKind.USER, author.author_id))
        tx.commit()


@retried
def end_own_session(database: Database, author: Author, reference: str) -> bool:
    """Ends one session of the author; False if none that is open has this reference."""
    assert author.author_id is not None, "a session belongs to a user"
    with database.transaction() as tx:
        if not sessions.end_one(tx.connection, author.author_id, reference):
            return False
        event = Event(Action.SESSIONS_ENDED, SubjectKind.USER, author.author_id, after={"sessions": 1})
        audit.add(tx.connection, author, event)
        tx.commit()
    return True


@retried
def _count(database: Database, attempt: Attempt) -> tuple[Secret | None, tuple[Counted, ...]]:
    """Counts the attempt as failed until it turns out not to be; returns what is known of the login, and where it
    was counted.
    """
    with database.transaction() as tx:
        secret = users.secret_of(tx.connection, attempt.login)
        device = secret and device_among(attempt.devices, secret.user_id, secret.password_hash)
        counted = _of_device(tx.connection, device) if device else ()
        if not counted:
            counted = _of_stranger(tx.connection, attempt)
        tx.commit()
    return secret, counted


def _of_device(connection: Connection, device: str) -> tuple[Counted, ...]:
    """A browser that has signed in before is counted by itself; after too many failures it is one like any other."""
    counted = Counted(sign_in_failures.of_device(device), MOST_FAILURES_OF_A_LOGIN)
    return (counted,) if sign_in_failures.count_attempt(connection, counted) is None else ()


def _of_stranger(connection: Connection, attempt: Attempt) -> tuple[Counted, ...]:
    address, login = sign_in_failures.of_address(attempt.address), sign_in_failures.of_login(attempt.login)
    counted = (Counted(address, MOST_FAILURES_OF_AN_ADDRESS, Brake.SLOWS), Counted(login, MOST_FAILURES_OF_A_LOGIN))
    for each in counted:
        wait = sign_in_failures.count_attempt(connection, each)
        if wait is not None:
            raise TooManyRequests(waiting_sentence(wait), wait)
    return counted


def waiting_sentence(seconds: int) -> str:
    """What somebody is told who failed too often and has to wait."""
    return f"Too many failed attempts to sign in; try again in {_duration(seconds)}."


def _duration(seconds: int) -> str:
    count, unit = (seconds, "second") if seconds <= 60 else (-(-seconds // 60), "minute")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _note_failure(database: Database, attempt: Attempt, secret: Secret | None) -> None:
    # A login that nobody has is not written down: people type their password there by mistake.
    user_id, login = (None, None) if secret is None else (secret.user_id, attempt.login)
    note_failure(database, user_id, login=login, address=attempt.address, request_id=attempt.request_id)


@retried
def note_failure(database: Database, user_id: int | None, *, login: str | None, address: str, request_id: str) -> None:
    """Writes down that somebody failed to sign in."""
    author = Author("anyone", "anyone", None, request_id)
    event = Event(Action.SIGN_IN_FAILED, SubjectKind.USER, user_id, after={"login": login, "address": address})
    with database.transaction() as tx:
        audit.add(tx.connection, author, event)
        tx.commit()


@retried
def _forgive(database: Database, proven: _Proven) -> None:
    with database.transaction() as tx:
        _take_back(tx.connection, proven)
        tx.commit()


def _take_back(connection: Connection, proven: _Proven) -> None:
    for counted in proven.counted:
        if counted.brake is Brake.SLOWS:
            sign_in_failures.take_back(connection, counted.subject)
        else:
            sign_in_failures.clear(connection, counted.subject)


@retried
def _open(database: Database, attempt: Attempt, proven: _Proven) -> OpenedSession | None:
    """None if the user was disabled, or got another password, since the password was compared."""
    secret = proven.secret
    with database.transaction() as tx:
        opened = open_session(
            tx.connection,
            secret.user_id,
            secret.password_hash,
            address=attempt.address,
            request_id=attempt.request_id,
            awaits_code=secret.has_second_factor,
        )
        if opened is None:
            return None
        _take_back(tx.connection, proven)
        tx.commit()
    return opened


def open_session(
    connection: Connection,
    user_id: int,
    password_hash: str,
    *,
    address: str,
    request_id: str,
    awaits_code: bool,
) -> OpenedSession | None:
    """Opens a session within a transaction; None if the user was disabled, or this is no longer the password's hash."""
    token = new_session()
    opened = sessions.open_for(
        connection,
        token_hash=token.digest,
        user_id=user_id,
        password_hash=password_hash,
        address=address,
        awaits_code=awaits_code,
    )
    if opened is None:
        return None
    if not awaits_code:
        author = Author(USER, opened.name, user_id, request_id)
        audit.add(connection, author, Event(Action.SIGNED_IN, SubjectKind.USER, user_id, after={"address": address}))
    device = "" if awaits_code else new_device(user_id, password_hash)
    return OpenedSession(token.text, device, user_id, opened.name, opened.role, opened.expires_at, awaits_code)
