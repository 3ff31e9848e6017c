"""The queries on users."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from chalicelib.rules.access import PasswordState, Role
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import users

# How long a link to choose a password with is good.
LINK_HOURS = 72


@dataclass(frozen=True)
class NewUser:
    """A user to be created; the login is in lower case."""

    login: str
    name: str
    role: str
    password_hash: str
    password_state: str = PasswordState.OWN.value
    email: str | None = None


@dataclass(frozen=True)
class User:
    """A user as lists show it. `link_expires_at` is until when a link lets them choose a password, if they have one;
    `totp_since` since when they sign in with a second factor.
    """

    user_id: int
    login: str
    name: str
    role: str
    created_at: datetime
    password_changed_at: datetime
    disabled_at: datetime | None
    email: str | None
    password_state: str
    link_expires_at: datetime | None
    totp_since: datetime | None

    @property
    def is_invited(self) -> bool:
        """Whether the user has not chosen a password yet."""
        return self.password_state == PasswordState.NONE

    @property
    def has_given_password(self) -> bool:
        """Whether somebody else knows the password."""
        return self.password_state == PasswordState.GIVEN

    @property
    def is_able(self) -> bool:
        """Whether the user may sign in and has a password to do so."""
        return self.disabled_at is None and not self.is_invited


@dataclass(frozen=True)
class Secret:
    """What a sign-in needs to know of a user."""

    user_id: int
    name: str
    role: str
    password_hash: str
    is_disabled: bool
    has_second_factor: bool


# The columns of a user whose link, if there was one, is good no more.
NO_LINK: Mapping[str, object] = {"link_hash": None, "link_expires_at": None}

_STORED: Select[Any] = select(*(users.c[field.name] for field in fields(User)))
_SECRET: Select[Any] = select(
    users.c.user_id,
    users.c.name,
    users.c.role,
    users.c.password_hash,
    users.c.disabled_at.is_not(None),
    users.c.totp_secret.is_not(None),
)
_LINK_LASTS = timedelta(hours=LINK_HOURS)
_IS_ADMIN = and_(users.c.role == Role.ADMIN.value, users.c.disabled_at.is_(None))


def add(connection: Connection, user: NewUser) -> User | None:
    """Inserts a user; None, and nothing is inserted, if somebody has the login."""
    statement = insert(users).values(vars(user)).on_conflict_do_nothing(constraint="users_login_key")
    row = connection.execute(statement.returning(*_STORED.selected_columns)).first()
    return None if row is None else User(*row)


def get(connection: Connection, user_id: int) -> User | None:
    """One user; None where there is none of that number."""
    row = connection.execute(_STORED.where(users.c.user_id == user_id)).first()
    return None if row is None else User(*row)


def secret_of(connection: Connection, login: str) -> Secret | None:
    """What is known of a login; None where nobody has it."""
    row = connection.execute(_SECRET.where(users.c.login == login)).first()
    return None if row is None else Secret(*row)


def lock_with_admins(connection: Connection, user_id: int) -> tuple[User | None, set[int]]:
    """Reads a user and the numbers of all admins who are able to sign in, and locks them until the transaction ends.

    So that two admins who take each other's role at once cannot both succeed: who comes second sees what the first did.
    """
    statement = _STORED.where(or_(users.c.user_id == user_id, _IS_ADMIN)).order_by(users.c.user_id)
    found = [User(*row) for row in connection.execute(statement.with_for_update(key_share=True))]
    admins = {user.user_id for user in found if user.role == Role.ADMIN and user.is_able}
    return next((user for user in found if user.user_id == user_id), None), admins


def change(connection: Connection, user_id: int, values: Mapping[str, object]) -> User:
    """Sets the given columns of a user who was locked before."""
    statement = update(users).where(users.c.user_id == user_id).values(**values).returning(*_STORED.selected_columns)
    return User(*connection.execute(statement).one())


def set_link(connection: Connection, user_id: int, *, link_hash: bytes, password_hash: str) -> User:
    """Gives a user who was locked before a link to choose a password with; there is no other password until then."""
    values = {
        "link_hash": link_hash,
        "link_expires_at": func.now() + _LINK_LASTS,
        "password_hash": password_hash,
        "password_state": PasswordState.NONE.value,
    }
    return change(connection, user_id, values)


def of_link(connection: Connection, link_hash: bytes) -> User | None:
    """The user who may choose a password with this link; None if it was used, replaced or is too old."""
    row = connection.execute(_STORED.where(_is_good(link_hash))).first()
    return None if row is None else User(*row)


def use_link(connection: Connection, link_hash: bytes, password_hash: str) -> User | None:
    """Sets the password that was chosen with a link, which ends the link; None if the link is good no more."""
    statement = update(users).where(_is_good(link_hash)).values(**own_password(password_hash))
    row = connection.execute(statement.returning(*_STORED.selected_columns)).first()
    return None if row is None else User(*row)


def own_password(password_hash: str) -> dict[str, object]:
    """The columns of a user who has chosen this password."""
    return {
        "password_hash": password_hash,
        "password_changed_at": func.now(),
        "password_state": PasswordState.OWN.value,
        **NO_LINK,
    }


def _is_good(link_hash: bytes) -> ColumnElement[bool]:
    return and_(users.c.link_hash == link_hash, users.c.link_expires_at > func.now(), users.c.disabled_at.is_(None))


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
