"""Keys and users for tests that need somebody to be somebody."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pyotp import TOTP

from chalicelib.postgres.database import Database
from chalicelib.rules.access import MACHINES, USER, Author, Role
from chalicelib.services import api_keys, second_factors, sessions, users
from chalicelib.services.api_keys import WantedKey
from chalicelib.services.second_factor_codes import STEP_SECONDS, new_secret
from chalicelib.services.second_factors import Proof
from chalicelib.services.sessions import Attempt
from chalicelib.services.users import WantedUser
from chalicelib.storage.users import User

PASSWORD = "correct horse battery"
TEST = Author("operator", "the test")


def token_of(link: str) -> str:
    """The token in the address of a page to choose a password at."""
    return link.rstrip("/").rpartition("/")[2]


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


@dataclass
class AuthenticatorApp:
    """The second factor of a user, on a phone whose clock goes forward by a step with each code: from half a minute
    late, which the server takes, to half a minute early. So it has three codes for a test.
    """

    secret: str
    recovery_codes: list[str] = field(default_factory=list)
    steps: int = -1

    def next_code(self) -> str:
        """A code that was not used yet."""
        code = TOTP(self.secret).at(int(time.time()) + self.steps * STEP_SECONDS)
        self.steps += 1
        return str(code)


def second_factor_of(database: Database, user: User, password: str = PASSWORD) -> AuthenticatorApp:
    """Sets up a second factor for a user who has this password."""
    app = AuthenticatorApp(new_secret())
    proof = Proof(app.next_code(), datetime.now(UTC), "192.0.2.1", "a request")
    author, attempt = Author(USER, user.name, user.user_id), Attempt(user.login, password, "192.0.2.1", "a request")
    app.recovery_codes += second_factors.set_up(database, author, app.secret, attempt=attempt, proof=proof)
    return app


def credentials_of(database: Database, role: Role) -> str:
    """What a new somebody in this role shows."""
    if role in MACHINES:
        return key_of(database, role)
    return session_of(database, user_of(database, role).login)
