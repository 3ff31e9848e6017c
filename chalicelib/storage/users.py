"""The queries on users."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, insert, or_, select, update

from chalicelib.rules.access import Role
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import users


@dataclass(frozen=True)
class NewUser:
    """A user to be created; the login is in lower case."""

    login: str
    name: str
    role: str
    password_hash: str


@dataclass(frozen=True)
class User:
    """A user as lists show it."""

    user_id: int
    login: str
    name: str
    role: str
    created_at: datetime
    password_changed_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True)
class Secret:
    """What a sign-in needs to know of a user."""

    user_id: int
    name: str
    role: str
    password_hash: str
    is_disabled: bool


_STORED: Select[Any] = select(*(users.c[field.name] for field in fields(User)))
_SECRET: Select[Any] = select(
    users.c.user_id, users.c.name, users.c.role, users.c.password_hash, users.c.disabled_at.is_not(None)
)
_IS_ADMIN = and_(users.c.role == Role.ADMIN.value, users.c.disabled_at.is_(None))


def add(connection: Connection, user: NewUser) -> User:
    """Inserts a user. Raises Conflict where the login is taken."""
    return User(*connection.execute(insert(users).values(vars(user)).returning(*_STORED.selected_columns)).one())


def get(connection: Connection, user_id: int) -> User | None:
    """One user; None where there is none of that number."""
    row = connection.execute(_STORED.where(users.c.user_id == user_id)).first()
    return None if row is None else User(*row)


def secret_of(connection: Connection, login: str) -> Secret | None:
    """What is known of a login; None where nobody has it."""
    row = connection.execute(_SECRET.where(users.c.login == login)).first()
    return None if row is None else Secret(*row)


def lock_with_admins(connection: Connection, user_id: int) -> tuple[User | None, set[int]]:
    """Reads a user, and the numbers of all admins who may sign in, and locks all of them until the transaction ends.

    So that two admins who take each other's role at once cannot both succeed: who comes second sees what the first did.
    """
    statement = _STORED.where(or_(users.c.user_id == user_id, _IS_ADMIN)).order_by(users.c.user_id)
    found = [User(*row) for row in connection.execute(statement.with_for_update(key_share=True))]
    admins = {user.user_id for user in found if user.role == Role.ADMIN and user.disabled_at is None}
    return next((user for user in found if user.user_id == user_id), None), admins


def change(connection: Connection, user_id: int, values: Mapping[str, object]) -> User:
    """Sets the given columns of a user who was locked before."""
    statement = update(users).where(users.c.user_id == user_id).values(**values).returning(*_STORED.selected_columns)
    return User(*connection.execute(statement).one())


def has_hash(connection: Connection, user_id: int, password_hash: str) -> bool:
    """Whether this is the hash of the user's password at this moment."""
    statement = select(users.c.password_hash == password_hash).where(users.c.user_id == user_id)
    return bool(connection.scalar(statement))


def number_of(connection: Connection, login: str) -> int | None:
    """The number of the user who has this login."""
    return connection.scalar(select(users.c.user_id).where(users.c.login == login))


def login_of(connection: Connection, user_id: int) -> str | None:
    """The login of a user; None where there is none of that number."""
    return connection.scalar(select(users.c.login).where(users.c.user_id == user_id))


def listed(connection: Connection, cursor: Cursor) -> Slice[User]:
    """Users by number, also those who are disabled."""
    statement = _STORED.where(users.c.user_id > (cursor.behind or 0)).order_by(users.c.user_id).limit(cursor.asked)
    return cursor.slice([User(*row) for row in connection.execute(statement)], lambda user: user.user_id)
