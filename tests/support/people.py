"""Keys and users for tests that need somebody to be somebody."""

from chalicelib.postgres.database import Database
from chalicelib.rules.access import MACHINES, Author, Role
from chalicelib.services import api_keys, sessions, users
from chalicelib.services.api_keys import WantedKey
from chalicelib.services.sessions import Attempt
from chalicelib.services.users import WantedUser
from chalicelib.storage.users import User

PASSWORD = "correct horse battery"
TEST = Author("operator", "the test")


def key_of(database: Database, role: Role, customer_id: int | None = None, days: int | None = None) -> str:
    """The token of a new API key."""
    wanted = WantedKey(f"a {role.value}", role.value, days, customer_id)
    return api_keys.create_key(database, TEST, wanted).token


def user_of(database: Database, role: Role = Role.ADMIN, login: str | None = None) -> User:
    """A new user, whose password is PASSWORD."""
    login = login or role.value
    return users.create_user(database, TEST, WantedUser(login, f"{login} of the tests", role.value, PASSWORD))


def session_of(database: Database, login: str) -> str:
    """The token of a new session of a user."""
    return sessions.sign_in(database, Attempt(login, PASSWORD, "192.0.2.1", "a request")).token


def credentials_of(database: Database, role: Role) -> str:
    """What a new somebody in this role shows."""
    if role in MACHINES:
        return key_of(database, role)
    return session_of(database, user_of(database, role).login)
