"""Who makes a request, and whether they may."""

import hmac
import time
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import (
    ANYONE,
    ASKED_EACH_TIME,
    GIVEN,
    KEY,
    TERMS,
    USER,
    Actor,
    Operation,
    Owed,
    PasswordState,
    Role,
)
from chalicelib.rules.tokens import Token, read_token
from chalicelib.storage import api_keys, sessions
from chalicelib.storage.api_keys import FoundKey
from chalicelib.storage.sessions import FoundSession

# How long other containers may go on to let in whoever was shut out in one of them.
TRUSTED_SECONDS = 30
# More than a container meets within that time; the oldest make room.
MOST_TRUSTED = 1000

MISSING = "Send an API key or the token of a session, as Authorization: Bearer … or as X-API-Key: …."
# Does not tell an unknown key from a wrong secret, so nobody learns which keys there are.
WRONG = "These credentials are not valid; check that they were copied completely."


class _Trusted(NamedTuple):
    actor: Actor
    until: float


class Gate:
    """Tells who has sent credentials, and remembers for TRUSTED_SECONDS whom the database vouched for, except where
    others are let in.

    Nothing bad is remembered: what is not known is looked up each time.
    """

    def __init__(
        self,
        database: Database,
        *,
        open_to_anyone: bool,
        second_factor_roles: Collection[str] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._second_factor_roles = second_factor_roles
        self._open_to_anyone = open_to_anyone
        self._now = now
        self._trusted: dict[bytes, _Trusted] = {}

    def admit(self, credentials: str | None, operation: Operation) -> Actor:
        """The actor who has these credentials. Raises Unauthenticated where they are missing or not good.

        Whether the actor may do what the operation is, `require` says.
        """
        if credentials is not None:
            return self._actor(credentials, is_asked=operation in ASKED_EACH_TIME)
        if self._open_to_anyone:
            return ANYONE
        raise Unauthenticated(MISSING)

    def forget(self) -> None:
        """Looks everybody up again: for the container in which a key, user or session was changed."""
        self._trusted.clear()

    def _actor(self, credentials: str, *, is_asked: bool) -> Actor:
        token = read_token(credentials)
        if token is None:
            raise Unauthenticated(WRONG)
        digest = token.digest
        known = self._trusted.get(digest)
        if known is not None and self._now() < known.until and not is_asked:
            return known.actor
        self._trusted.pop(digest, None)
        asked_at = self._now()
        actor, seconds_left = _look_up(self._database, token, digest, self._second_factor_roles)
        self._remember(digest, _Trusted(actor, asked_at + min(TRUSTED_SECONDS, seconds_left)))
        return actor

    def _remember(self, digest: bytes, trusted: _Trusted) -> None:
        while len(self._trusted) >= MOST_TRUSTED:
            self._trusted.pop(next(iter(self._trusted)), None)
        self._trusted[digest] = trusted


def require(actor: Actor, operation: Operation) -> None:
    """Raises Forbidden unless the actor may do what the operation is."""
    if actor.may(operation):
        return
    if actor.owes is not None:
        raise Forbidden(f"First {actor.owes.value}: the console leads you there.")
    limited = "" if actor.customer_id is None else ", limited to one customer,"
    raise Forbidden(f"The role {actor.role.value}{limited} may not {operation.value}.")


def require_for_change(actor: Actor, fields: Iterable[str]) -> None:
    """Raises Forbidden if limit or income of a customer is among the fields, and the actor may not change them."""
    if TERMS.intersection(fields):
        require(actor, Operation.CHANGE_TERMS)


@retried
def _look_up(
    database: Database, token: Token, digest: bytes, second_factor_roles: Collection[str]
) -> tuple[Actor, float]:
    """The actor whom the database knows by this token, and for how many seconds that is so at most."""
    with database.reading() as connection:
        if token.public_id is None:
            return _of_session(sessions.find(connection, digest), second_factor_roles)
        return _of_key(api_keys.find(connection, token.public_id, digest), digest)


def _of_key(found: FoundKey | None, digest: bytes) -> tuple[Actor, float]:
    if found is None or not hmac.compare_digest(found.secret_hash, digest):
        raise Unauthenticated(WRONG)
    if found.is_revoked:
        raise Unauthenticated("This API key was revoked; ask for a new one.")
    seconds_left = TRUSTED_SECONDS if found.seconds_left is None else found.seconds_left
    if seconds_left <= 0:
        raise Unauthenticated("This API key has expired; ask for a new one.")
    role = Role(found.role)
    given = GIVEN.get(role, frozenset()) if found.may_change_terms else frozenset()
    return Actor(KEY, found.name, role, found.key_id, found.customer_id, found.expires_at, given), seconds_left


def _of_session(found: FoundSession | None, second_factor_roles: Collection[str]) -> tuple[Actor, float]:
    if found is None:
        raise Unauthenticated(WRONG)
    if found.is_ended or found.seconds_left <= 0:
        raise Unauthenticated("This session is over; sign in again.")
    owes = _owed(found, second_factor_roles)
    actor = Actor(USER, found.name, Role(found.role), found.user_id, expires_at=found.expires_at, owes=owes)
    # What is owed may be done in another container the next moment.
    return actor, found.seconds_left if owes is None else 0


def _owed(found: FoundSession, second_factor_roles: Collection[str]) -> Owed | None:
    if found.awaits_code:
        return Owed.CODE
    if found.password_state == PasswordState.GIVEN:
        return Owed.PASSWORD
    if found.role in second_factor_roles and not found.has_second_factor:
        return Owed.SECOND_FACTOR
    return None
