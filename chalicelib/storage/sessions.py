"""The queries on sessions. A session is known by the hash of its token; the token itself is nowhere."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from chalicelib.postgres.connection import prepared

IDLE_MINUTES = 30
ABSOLUTE = "12 hours"
IDLE = f"{IDLE_MINUTES} minutes"
# Of a session that waits for the code of the second factor.
WAITING = "10 minutes"
# The beginning of the hash, in hexadecimal digits, by which a user names one of their sessions.
REFERENCE_LENGTH = 16

# Opens a session of a user whose password is still the one that was proven. Whoever changes the user holds the row, so
# this waits for them, and Postgres then looks again whether the user is as wanted. Shared, so that sign-ins at once do
# not wait for each other.
_OPEN_FOR = text(f"""
    WITH proven AS (
        SELECT user_id, name, role FROM users
        WHERE user_id = :user_id AND password_hash = :password_hash AND disabled_at IS NULL
        FOR SHARE
    ), opened AS (
        INSERT INTO sessions (token_hash, user_id, expires_at, address, awaits_code)
        SELECT :token_hash, user_id,
               now() + CASE WHEN :awaits_code THEN interval '{WAITING}' ELSE interval '{ABSOLUTE}' END,
               :address, :awaits_code
        FROM proven
        RETURNING expires_at
    )
    SELECT proven.name, proven.role, opened.expires_at FROM proven, opened
""")  # noqa: S608 - the constant above

# Looks a session up and notes that it is in use, at most once a minute, in one round trip.
_FIND = prepared(f"""
    WITH seen AS (
        UPDATE sessions SET last_seen_at = now()
        WHERE token_hash = :token_hash AND ended_at IS NULL AND expires_at > now()
          AND last_seen_at > now() - interval '{IDLE}' AND last_seen_at < now() - interval '1 minute'
    )
    SELECT users.user_id, users.name, users.role, sessions.expires_at,
           CAST(EXTRACT(epoch FROM LEAST(expires_at, last_seen_at + interval '{IDLE}') - now()) AS double precision)
               AS seconds_left,
           sessions.ended_at IS NOT NULL OR users.disabled_at IS NOT NULL AS is_ended,
           sessions.awaits_code, users.password_state, users.totp_secret IS NOT NULL AS has_second_factor
    FROM sessions JOIN users USING (user_id)
    WHERE sessions.token_hash = :token_hash
""")  # noqa: S608 - the constants above

# The sessions of a user that are good at this moment, the one used last first.
_OPEN = text(f"""
    SELECT left(encode(token_hash, 'hex'), {REFERENCE_LENGTH}) AS reference, created_at, last_seen_at, address
    FROM sessions
    WHERE user_id = :user_id AND ended_at IS NULL AND expires_at > now() AND NOT awaits_code
      AND last_seen_at > now() - interval '{IDLE}'
    ORDER BY last_seen_at DESC
""")  # noqa: S608 - the constant above

_END = text("UPDATE sessions SET ended_at = now() WHERE token_hash = :token_hash AND ended_at IS NULL")

_END_ALL = text("""
    UPDATE sessions SET ended_at = now() WHERE user_id = :user_id AND ended_at IS NULL AND expires_at > now()
""")

# The index on the user finds the few that this looks at.
_END_ONE = text(f"""
    UPDATE sessions SET ended_at = now()
    WHERE user_id = :user_id AND ended_at IS NULL AND left(encode(token_hash, 'hex'), {REFERENCE_LENGTH}) = :reference
""")  # noqa: S608 - the constant above

# Long enough to look up where somebody was signed in from when something odd is found.
_SWEEP = text("DELETE FROM sessions WHERE expires_at <= now() - interval '30 days'")


class FoundSession(NamedTuple):
    """What the check of a session needs. `seconds_left` is until it expires or has been idle for too long."""

    user_id: int
    name: str
    role: str
    expires_at: datetime
    seconds_left: float
    is_ended: bool
    awaits_code: bool
    password_state: str
    has_second_factor: bool


class NewSession(NamedTuple):
    """A session that was just opened, with its user as they are now."""

    name: str
    role: str
    expires_at: datetime


class OpenSession(NamedTuple):
    """A session as users see it. `last_seen_at` is noted once a minute. `reference` names it and lets nobody in."""

    reference: str
    created_at: datetime
    last_seen_at: datetime
    address: str


def open_for(
    connection: Connection,
    *,
    token_hash: bytes,
    user_id: int,
    password_hash: str,
    address: str,
    awaits_code: bool = False,
) -> NewSession | None:
    """Opens a session, unless the user was disabled or got another password since the hash was read: then None.

    Until the transaction ends, nobody can do either.
    """
    values = {
        "token_hash": token_hash,
        "user_id": user_id,
        "password_hash": password_hash,
        "address": address,
        "awaits_code": awaits_code,
    }
    row = connection.execute(_OPEN_FOR, values).first()
    return None if row is None else NewSession(*row)


def find(connection: Connection, token_hash: bytes) -> FoundSession | None:
    """The session with its user, however it stands; None where there never was one."""
    row = connection.execute(_FIND, {"token_hash": token_hash}).first()
    return None if row is None else FoundSession(*row)


def open_of(connection: Connection, user_id: int) -> list[OpenSession]:
    """The sessions of a user that are not over, the one used last first."""
    return [OpenSession(*row) for row in connection.execute(_OPEN, {"user_id": user_id})]


def end(connection: Connection, token_hash: bytes) -> bool:
    """Ends a session; False where it had ended before."""
    return connection.execute(_END, {"token_hash": token_hash}).rowcount == 1


def end_one(connection: Connection, user_id: int, reference: str) -> bool:
    """Ends the session of a user that has this reference; False if none that is open has it."""
    return connection.execute(_END_ONE, {"user_id": user_id, "reference": reference}).rowcount > 0


def end_all(connection: Connection, user_id: int) -> int:
    """Ends all sessions of a user; returns how many."""
    return connection.execute(_END_ALL, {"user_id": user_id}).rowcount


def sweep(connection: Connection) -> int:
    """Removes the sessions that expired a month ago; returns how many."""
    return connection.execute(_SWEEP).rowcount
