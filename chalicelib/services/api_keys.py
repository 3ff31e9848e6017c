"""The use cases of API keys. A token is returned once, by what makes it, and never again."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from chalicelib.errors import ApiKeyNotFound, Conflict, InvalidRequest
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import GIVEN, Author, Role
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.tokens import Token, new_key, renewed_key
from chalicelib.storage import api_keys, audit, customers
from chalicelib.storage.api_keys import NewKey, StoredKey
from chalicelib.storage.paging import Cursor, Slice


@dataclass(frozen=True)
class WantedKey:
    """A key that somebody asks for. It expires after `days`, or never; `customer_id` limits it to one customer.

    `may_change_terms`: a writer may change limits and incomes.
    """

    name: str
    role: str
    days: int | None = None
    customer_id: int | None = None
    may_change_terms: bool = False


@dataclass(frozen=True)
class IssuedKey:
    """A key with its token, which nobody can read again."""

    key: StoredKey
    token: str = field(repr=False)


@retried
def create_key(database: Database, author: Author, wanted: WantedKey) -> IssuedKey:
    """Makes a key. Raises InvalidRequest for a customer or a right that a key of this role cannot have."""
    if wanted.role == Role.IMPORTER and wanted.customer_id is not None:
        raise InvalidRequest(
            "An importer cannot be limited to one customer.", {"customer_id": ["must not be given with importer"]}
        )
    if wanted.may_change_terms and (Role(wanted.role) not in GIVEN or wanted.customer_id is not None):
        raise InvalidRequest(
            "Only a writer of all customers can be given to change limits and incomes.",
            {"may_change_terms": ["must be given with writer only, and without customer_id"]},
        )
    token = new_key()
    with database.transaction() as tx:
        if wanted.customer_id is not None and customers.get(tx.connection, wanted.customer_id) is None:
            raise InvalidRequest(
                f"There is no customer {wanted.customer_id}.",
                {"customer_id": [f"must be the number of a customer who is registered; got {wanted.customer_id}"]},
            )
        key = api_keys.add(tx.connection, _new_key(wanted, token, author))
        audit.add(tx.connection, author, _event(Action.KEY_CREATED, key))
        tx.commit()
    return IssuedKey(key, token.text)


@retried
def rotate_key(database: Database, author: Author, key_id: int) -> IssuedKey:
    """Gives a key a new secret; the old one is worth nothing from now on.

    Raises ApiKeyNotFound, and Conflict for a key that was revoked.
    """
    with database.transaction() as tx:
        key = _locked(tx.connection, key_id)
        if key.revoked_at is not None:
            raise Conflict(f"The API key {key_id} was revoked; make a new one.")
        token = renewed_key(key.public_id)
        key = api_keys.set_secret(tx.connection, key_id, token.digest)
        audit.add(tx.connection, author, _event(Action.KEY_ROTATED, key))
        tx.commit()
    return IssuedKey(key, token.text)


@retried
def revoke_key(database: Database, author: Author, key_id: int) -> None:
    """Ends a key for good; one that was revoked before stays so. Raises ApiKeyNotFound."""
    with database.transaction() as tx:
        if _locked(tx.connection, key_id).revoked_at is not None:
            return
        key = api_keys.revoke(tx.connection, key_id)
        audit.add(tx.connection, author, _event(Action.KEY_REVOKED, key))
        tx.commit()


@retried
def list_keys(database: Database, cursor: Cursor) -> Slice[StoredKey]:
    """Keys by number, also those that are revoked or expired."""
    with database.reading() as connection:
        return api_keys.listed(connection, cursor)


@retried
def view_key(database: Database, key_id: int) -> StoredKey:
    """A key as lists show it. Raises ApiKeyNotFound."""
    with database.reading() as connection:
        return _existing(api_keys.get(connection, key_id), key_id)


def _new_key(wanted: WantedKey, token: Token, author: Author) -> NewKey:
    return NewKey(
        public_id=token.public_id or "",
        name=wanted.name,
        role=wanted.role,
        secret_hash=token.digest,
        customer_id=wanted.customer_id,
        created_by=author.name,
        may_change_terms=wanted.may_change_terms,
        expires_at=None if wanted.days is None else datetime.now(UTC) + timedelta(days=wanted.days),
    )


def _locked(connection: Connection, key_id: int) -> StoredKey:
    return _existing(api_keys.lock(connection, key_id), key_id)


def _existing(key: StoredKey | None, key_id: int) -> StoredKey:
    if key is None:
        raise ApiKeyNotFound(f"There is no API key {key_id}.")
    return key


def _event(action: Action, key: StoredKey) -> Event:
    # When it was used last says nothing about the change.
    shown = {name: value for name, value in key._asdict().items() if value is not None and name != "last_used_at"}
    return Event(action, SubjectKind.API_KEY, key.key_id, after=shown)
