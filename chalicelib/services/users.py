"""The use cases of users. Passwords come in and are hashed; nothing of them comes out or is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func

from chalicelib.errors import Conflict, UserNotFound
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import Author, Role
from chalicelib.rules.auditing import Action, Event, SubjectKind, difference
from chalicelib.storage import audit, sessions, sign_in_failures, users
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.sessions import OpenSession
from chalicelib.storage.users import NewUser, Secret, User


@dataclass(frozen=True)
class WantedUser:
    """A user to be created; the login is in lower case."""

    login: str
    name: str
    role: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class UserChanges:
    """What is to be changed of a user; None leaves it as it is."""

    name: str | None = None
    role: str | None = None
    disabled: bool | None = None
    # An empty text takes it away.
    email: str | None = None
    password: str | None = field(default=None, repr=False)


def create_user(database: Database, author: Author, wanted: WantedUser) -> User:
    """Makes a user with a password, as an operator or a test does; people are invited (services/invitations.py).

    Raises Conflict where the login is taken, InvalidRequest for a password that may not be one.
    """
    from chalicelib.services.passwords import hashed

    return _create(
        database, author, NewUser(wanted.login, wanted.name, wanted.role, hashed(wanted.password, wanted.login))
    )


def change_user(database: Database, author: Author, user_id: int, *, changes: UserChanges) -> User:
    """Changes a user. One who is disabled or gets another password is signed out everywhere, and their link ends.

    Raises UserNotFound, Conflict where nobody would be left to manage users, and InvalidRequest for a password that
    may not be one.
    """
    login = _login_of(database, user_id)
    return _change(database, author, user_id, changes=changes, password_hash=_new_hash(changes.password, login))


@retried
def replace_password(database: Database, author: Author, proven: Secret, *, password_hash: str) -> bool:
    """Gives a user who proved the present password another one, and signs them out everywhere.

    False, and nothing is changed, if the user was disabled or got another password since it was proved.
    """
    with database.transaction() as tx:
        user, _ = locked(tx.connection, proven.user_id)
        if user.disabled_at is not None or not users.has_hash(tx.connection, user.user_id, proven.password_hash):
            return False
        change_locked(tx.connection, author, user, changes=UserChanges(), password_hash=password_hash)
        tx.commit()
    return True


def make_superuser(database: Database, author: Author, login: str, *, name: str | None, password: str) -> User:
    """Makes an admin; who has the login already becomes one, with the password, and may sign in at once.

    Without a name, whoever is there keeps theirs, and a new user is called by the login.
    """
    user_id = number_of(database, login)
    if user_id is None:
        return create_user(database, author, WantedUser(login, name or login, Role.ADMIN.value, password))
    changes = UserChanges(name, Role.ADMIN.value, disabled=False, password=password)
    return change_user(database, author, user_id, changes=changes)


@retried
def end_sessions(database: Database, author: Author, user_id: int) -> None:
    """Signs a user out everywhere. Raises UserNotFound."""
    with database.transaction() as tx:
        user, _ = locked(tx.connection, user_id)
        ended = sessions.end_all(tx.connection, user.user_id)
        event = Event(Action.SESSIONS_ENDED, SubjectKind.USER, user_id, after={"sessions": ended})
        audit.add(tx.connection, author, event)
        tx.commit()


@retried
def list_users(database: Database, cursor: Cursor) -> Slice[User]:
    """Users by number, also those who are disabled."""
    with database.reading() as connection:
        return users.listed(connection, cursor)


@retried
def view_user(database: Database, user_id: int) -> tuple[User, list[OpenSession]]:
    """A user, and the sessions that are open. Raises UserNotFound."""
    with database.reading() as connection:
        user = users.get(connection, user_id)
        if user is None:
            raise _no_such_user(user_id)
        return user, sessions.open_of(connection, user_id)


@retried
def _create(database: Database, author: Author, wanted: NewUser) -> User:
    with database.transaction() as tx:
        user = add_user(tx.connection, author, wanted)
        tx.commit()
    return user


def add_user(connection: Connection, author: Author, wanted: NewUser) -> User:
    """Adds a user within a transaction. Raises Conflict where the login is taken."""
    user = users.add(connection, wanted)
    if user is None:
        raise Conflict(f"Somebody has the login {wanted.login} already.")
    audit.add(connection, author, Event(Action.USER_CREATED, SubjectKind.USER, user.user_id, after=_shown(user)))
    return user


@retried
def _change(
    database: Database, author: Author, user_id: int, *, changes: UserChanges, password_hash: str | None
) -> User:
    with database.transaction() as tx:
        before, admins = locked(tx.connection, user_id)
        _check_an_admin_is_left(before, changes, admins)
        after = change_locked(tx.connection, author, before, changes=changes, password_hash=password_hash)
        tx.commit()
    return after


def change_locked(
    connection: Connection, author: Author, before: User, *, changes: UserChanges, password_hash: str | None = None
) -> User:
    """Changes a user who was locked before, within a transaction; see `change_user`."""
    values = _values(before, changes, password_hash)
    after = users.change(connection, before.user_id, values) if values else before
    if after.disabled_at is not None or password_hash is not None:
        sessions.end_all(connection, before.user_id)
    if password_hash is not None:
        sign_in_failures.clear(connection, sign_in_failures.of_login(before.login))
    event = _changed(before, after)
    if event.after:
        audit.add(connection, author, event)
    return after


def _values(before: User, changes: UserChanges, password_hash: str | None) -> Mapping[str, object]:
    values: dict[str, object] = {}
    if changes.name is not None:
        values["name"] = changes.name
    if changes.role is not None:
        values["role"] = changes.role
    if changes.disabled is not None and changes.disabled != (before.disabled_at is not None):
        # A link handed out before would open the account again as soon as the user is enabled.
        values |= {"disabled_at": func.now() if changes.disabled else None, **users.NO_LINK}
    if changes.email is not None:
        values["email"] = changes.email or None
    if password_hash is not None:
        values |= users.own_password(password_hash)
    return values


def _check_an_admin_is_left(user: User, changes: UserChanges, admins: set[int]) -> None:
    stays = changes.role in (None, Role.ADMIN.value) and not changes.disabled
    if admins == {user.user_id} and not stays:
        raise Conflict(f"{user.login} is the only admin who may sign in; make another one first.")


def _changed(before: User, after: User) -> Event:
    differs = difference(_shown(before), _shown(after))
    return Event(Action.USER_CHANGED, SubjectKind.USER, after.user_id, *differs)


def _shown(user: User) -> dict[str, object]:
    return {name: value for name, value in vars(user).items() if name not in ("user_id", "created_at")}


@retried
def _login_of(database: Database, user_id: int) -> str:
    with database.reading() as connection:
        login = users.login_of(connection, user_id)
    if login is None:
        raise _no_such_user(user_id)
    return login


@retried
def number_of(database: Database, login: str) -> int | None:
    """The number of the user who has this login; None if nobody has it."""
    with database.reading() as connection:
        return users.number_of(connection, login)


def _new_hash(password: str | None, login: str) -> str | None:
    if password is None:
        return None
    from chalicelib.services.passwords import hashed

    return hashed(password, login)


def locked(connection: Connection, user_id: int) -> tuple[User, set[int]]:
    """A user, and the numbers of the admins who are able to sign in, all locked. Raises UserNotFound."""
    user, admins = users.lock_with_admins(connection, user_id)
    if user is None:
        raise _no_such_user(user_id)
    return user, admins


def _no_such_user(user_id: int) -> UserNotFound:
    return UserNotFound(f"There is no user {user_id}.")
