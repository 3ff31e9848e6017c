"""The queries on second factors: the secret of a user, the step of its last code, and the recovery codes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

# Who has typed the password and is to type the code. The lock makes two who send the same code wait for each other.
_WAITING = text("""
    SELECT users.user_id, users.name, users.login, users.password_hash, users.totp_secret, users.totp_step
    FROM sessions JOIN users USING (user_id)
    WHERE sessions.token_hash = :token_hash AND sessions.awaits_code AND sessions.ended_at IS NULL
      AND sessions.expires_at > now() AND users.disabled_at IS NULL AND users.totp_secret IS NOT NULL
    FOR UPDATE OF users
""")

_OF_USER = text("""
    SELECT user_id, name, login, password_hash, totp_secret, totp_step FROM users
    WHERE user_id = :user_id AND disabled_at IS NULL
    FOR UPDATE
""")

_SET = text("""
    UPDATE users SET totp_secret = :secret, totp_step = :step, totp_since = now() WHERE user_id = :user_id
    RETURNING totp_since
""")

# From the time step of the last code to that of this one; only forward, so a code is good once.
_USE_STEP = text("UPDATE users SET totp_step = :step WHERE user_id = :user_id AND totp_step < :step")

_REMOVE = text("""
    UPDATE users SET totp_secret = NULL, totp_step = NULL, totp_since = NULL
    WHERE user_id = :user_id AND totp_secret IS NOT NULL
""")

_USE_RECOVERY_CODE = text("""
    UPDATE recovery_codes SET used_at = now()
    WHERE user_id = :user_id AND code_hash = :code_hash AND used_at IS NULL
""")

_ADD_RECOVERY_CODES = text("""
    INSERT INTO recovery_codes (user_id, code_hash) SELECT :user_id, decode(hash, 'hex')
    FROM unnest(CAST(:hashes AS text[])) AS hash
""")

_COUNT_RECOVERY_CODES = text("SELECT count(*) FROM recovery_codes WHERE user_id = :user_id AND used_at IS NULL")

_DROP_RECOVERY_CODES = text("DELETE FROM recovery_codes WHERE user_id = :user_id")


@dataclass(frozen=True)
class Holder:
    """A user with the secret of their second factor, None if they have none, and the step of its last code."""

    user_id: int
    name: str
    login: str
    password_hash: str = field(repr=False)
    secret: str | None = field(repr=False)
    step: int | None


def waiting(connection: Connection, token_hash: bytes) -> Holder | None:
    """Who typed the password in this session and is to type the code, locked; None if nobody is."""
    row = connection.execute(_WAITING, {"token_hash": token_hash}).first()
    return None if row is None else Holder(*row)


def of_user(connection: Connection, user_id: int) -> Holder | None:
    """A user who may sign in, locked; None if there is no such user."""
    row = connection.execute(_OF_USER, {"user_id": user_id}).first()
    return None if row is None else Holder(*row)


def set_secret(connection: Connection, user_id: int, *, secret: str, step: int) -> datetime:
    """Gives a user who was locked before a second factor whose code of this step was used."""
    since: datetime = connection.execute(_SET, {"user_id": user_id, "secret": secret, "step": step}).scalar_one()
    return since


def use_step(connection: Connection, user_id: int, step: int) -> bool:
    """Uses up all codes up to this step; False if they were used before."""
    return connection.execute(_USE_STEP, {"user_id": user_id, "step": step}).rowcount == 1


def use_recovery_code(connection: Connection, user_id: int, code_hash: bytes) -> bool:
    """Uses a recovery code up; False if it is none of this user, or was used before."""
    return connection.execute(_USE_RECOVERY_CODE, {"user_id": user_id, "code_hash": code_hash}).rowcount == 1


def replace_recovery_codes(connection: Connection, user_id: int, hashes: Iterable[bytes]) -> None:
    """Gives a user other recovery codes; the ones before are worth nothing any more."""
    connection.execute(_DROP_RECOVERY_CODES, {"user_id": user_id})
    connection.execute(_ADD_RECOVERY_CODES, {"user_id": user_id, "hashes": [each.hex() for each in hashes]})


def recovery_codes_left(connection: Connection, user_id: int) -> int:
    """How many recovery codes of a user are unused."""
    return int(connection.execute(_COUNT_RECOVERY_CODES, {"user_id": user_id}).scalar_one())


def remove(connection: Connection, user_id: int) -> bool:
    """Takes the second factor and its recovery codes from a user; False if there was none."""
    connection.execute(_DROP_RECOVERY_CODES, {"user_id": user_id})
    return connection.execute(_REMOVE, {"user_id": user_id}).rowcount == 1
