"""The queries on API keys. What is stored of a secret is its hash, and only `find` reads that."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, insert, select, update

from chalicelib.postgres.connection import prepared
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import api_keys


class NewKey(NamedTuple):
    """A key to be created. `customer_id` limits it to one customer."""

    public_id: str
    name: str
    role: str
    secret_hash: bytes
    customer_id: int | None
    created_by: str
    expires_at: datetime | None
    may_change_terms: bool


class StoredKey(NamedTuple):
    """A key as lists show it."""

    key_id: int
    public_id: str
    name: str
    role: str
    may_change_terms: bool
    customer_id: int | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    rotated_at: datetime | None
    revoked_at: datetime | None


class FoundKey(NamedTuple):
    """What the check of a key needs. `seconds_left` is None for a key that does not expire."""

    key_id: int
    name: str
    role: str
    secret_hash: bytes
    customer_id: int | None
    expires_at: datetime | None
    seconds_left: float | None
    is_revoked: bool
    may_change_terms: bool


_STORED: Select[Any] = select(*(api_keys.c[name] for name in StoredKey._fields))

# Looks a key up and notes its use, at most once a minute, in one round trip. Only the right secret is a use.
_FIND = prepared("""
    WITH used AS (
        UPDATE api_keys SET last_used_at = now()
        WHERE public_id = :public_id AND secret_hash = :secret_hash AND revoked_at IS NULL
          AND (expires_at IS NULL OR expires_at > now())
          AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    )
    SELECT key_id, name, role, secret_hash, customer_id, expires_at,
           CAST(EXTRACT(epoch FROM expires_at - now()) AS double precision) AS seconds_left,
           revoked_at IS NOT NULL AS is_revoked, may_change_terms
    FROM api_keys
    WHERE public_id = :public_id
""")


def find(connection: Connection, public_id: str, secret_hash: bytes) -> FoundKey | None:
    """The key of this public id, whatever its secret; the caller has to compare the hashes."""
    row = connection.execute(_FIND, {"public_id": public_id, "secret_hash": secret_hash}).first()
    return None if row is None else FoundKey(*row)


def add(connection: Connection, key: NewKey) -> StoredKey:
    """Inserts a key."""
    statement = insert(api_keys).values(key._asdict()).returning(*_STORED.selected_columns)
    return StoredKey(*connection.execute(statement).one())


def get(connection: Connection, key_id: int) -> StoredKey | None:
    """One key; None where there is none of that number."""
    row = connection.execute(_STORED.where(api_keys.c.key_id == key_id)).first()
    return None if row is None else StoredKey(*row)


def lock(connection: Connection, key_id: int) -> StoredKey | None:
    """Reads a key and makes other changes of it wait until the transaction ends."""
    row = connection.execute(_STORED.where(api_keys.c.key_id == key_id).with_for_update(key_share=True)).first()
    return None if row is None else StoredKey(*row)


def set_secret(connection: Connection, key_id: int, secret_hash: bytes) -> StoredKey:
    """Gives a key another secret; the old one is worth nothing from then on."""
    return _change(connection, key_id, secret_hash=secret_hash, rotated_at=func.now())


def revoke(connection: Connection, key_id: int) -> StoredKey:
    """Ends a key for good."""
    return _change(connection, key_id, revoked_at=func.now())


def listed(connection: Connection, cursor: Cursor) -> Slice[StoredKey]:
    """Keys by number, also those that are revoked or expired."""
    statement = _STORED.where(api_keys.c.key_id > (cursor.behind or 0)).order_by(api_keys.c.key_id).limit(cursor.asked)
    return cursor.slice([StoredKey(*row) for row in connection.execute(statement)], lambda key: key.key_id)


def _change(connection: Connection, key_id: int, **values: Any) -> StoredKey:
    statement = update(api_keys).where(api_keys.c.key_id == key_id).values(**values)
    return StoredKey(*connection.execute(statement.returning(*_STORED.selected_columns)).one())
