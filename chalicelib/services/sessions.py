"""The use cases of sessions: sign in, sign out. Those who guess passwords wait (storage/sign_in_failures.py)."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from chalicelib.errors import TooManyRequests, Unauthenticated
from chalicelib.rules.access import USER, Author
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.tokens import Token, new_session
from chalicelib.services.users import UserChanges, change_user
from chalicelib.storage import audit, sessions, sign_in_failures, users
from chalicelib.storage.database import Database
from chalicelib.storage.errors import retried
from chalicelib.storage.users import Secret

MOST_FAILURES_OF_A_LOGIN = 5
MOST_FAILURES_OF_AN_ADDRESS = 50

WRONG = "The login or the password is wrong."


@dataclass(frozen=True)
class Attempt:
    """Somebody who wants to sign in, from an address that the gateway saw."""

    login: str
    password: str = field(repr=False)
    address: str
    request_id: str


@dataclass(frozen=True)
class OpenedSession:
    """A session with its token, which nobody can read again."""

    token: str = field(repr=False)
    user_id: int
    name: str
    role: str
    expires_at: datetime


def sign_in(database: Database, attempt: Attempt) -> OpenedSession:
    """Opens a session. Raises Unauthenticated, and TooManyRequests after too many failures in a row.

    An unknown login, a disabled user and a wrong password cannot be told apart, by the answer or by its time.
    """
    return _open(database, attempt, _proven(database, attempt))


def change_own_password(database: Database, author: Author, attempt: Attempt, new: str) -> None:
    """Gives the one who proves to know the present password a new one, and ends all sessions of the user.

    Raises Unauthenticated and TooManyRequests as `sign_in` does: who finds a screen unlocked guesses no faster.
    Raises InvalidRequest for a password that may not be one.
    """
    secret = _proven(database, attempt)
    change_user(database, author, secret.user_id, UserChanges(password=new))
    _forgive(database, attempt)


def _proven(database: Database, attempt: Attempt) -> Secret:
    """Whose login and password these are."""
    from chalicelib.services.passwords import NOBODYS_HASH, matches

    secret = _count(database, attempt)
    is_right = matches(attempt.password, NOBODYS_HASH if secret is None else secret.password_hash)
    if secret is None or secret.is_disabled or not is_right:
        _note_failure(database, attempt, secret)
        raise Unauthenticated(WRONG)
    return secret


@retried
def sign_out(database: Database, author: Author, token: Token) -> None:
    """Ends the session of a token; one that is over stays so."""
    with database.transaction() as tx:
        if sessions.end(tx.connection, token.digest):
            audit.add(tx.connection, author, Event(Action.SIGNED_OUT, SubjectKind.USER, author.author_id))
        tx.commit()


@retried
def _count(database: Database, attempt: Attempt) -> Secret | None:
    """Counts the attempt as failed until it turns out not to be; returns what is known of the login."""
    with database.transaction() as tx:
        _admit(tx.connection, sign_in_failures.of_address(attempt.address), MOST_FAILURES_OF_AN_ADDRESS)
        _admit(tx.connection, sign_in_failures.of_login(attempt.login), MOST_FAILURES_OF_A_LOGIN)
        secret = users.secret_of(tx.connection, attempt.login)
        tx.commit()
    return secret


def _admit(connection: Connection, subject: str, most: int) -> None:
    wait = sign_in_failures.count_attempt(connection, subject, most)
    if wait is not None:
        raise TooManyRequests(f"Too many failed attempts to sign in; try again in {-(-wait // 60)} minutes.", wait)


@retried
def _note_failure(database: Database, attempt: Attempt, secret: Secret | None) -> None:
    # A login that nobody has is not written down: people type their password there by mistake.
    author = Author("anyone", "anyone", None, attempt.request_id)
    user_id = None if secret is None else secret.user_id
    after = {"login": None if secret is None else attempt.login, "address": attempt.address}
    with database.transaction() as tx:
        audit.add(tx.connection, author, Event(Action.SIGN_IN_FAILED, SubjectKind.USER, user_id, after=after))
        tx.commit()


@retried
def _forgive(database: Database, attempt: Attempt) -> None:
    with database.transaction() as tx:
        sign_in_failures.take_back(tx.connection, sign_in_failures.of_address(attempt.address))
        sign_in_failures.clear(tx.connection, sign_in_failures.of_login(attempt.login))
        tx.commit()


@retried
def _open(database: Database, attempt: Attempt, secret: Secret) -> OpenedSession:
    token = new_session()
    author = Author(USER, secret.name, secret.user_id, attempt.request_id)
    with database.transaction() as tx:
        sign_in_failures.take_back(tx.connection, sign_in_failures.of_address(attempt.address))
        sign_in_failures.clear(tx.connection, sign_in_failures.of_login(attempt.login))
        expires_at = sessions.add(tx.connection, token.digest, secret.user_id, attempt.address)
        signed_in = Event(Action.SIGNED_IN, SubjectKind.USER, secret.user_id, after={"address": attempt.address})
        audit.add(tx.connection, author, signed_in)
        tx.commit()
    return OpenedSession(token.text, secret.user_id, secret.name, secret.role, expires_at)
