"""Somebody who is signed in to the console."""

from datetime import UTC, datetime
from secrets import token_hex

from bench.measuring import settings_for
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import ANYONE, Author, Role
from chalicelib.services import sessions, users
from chalicelib.services.sessions import Attempt
from chalicelib.services.users import WantedUser


def signed_in(database_url: str) -> str:
    """The token of an admin's session."""
    database = Database(make_engine(settings_for(database_url)))
    password = token_hex(16)
    users.create_user(database, Author.of(ANYONE, "bench"), WantedUser("bench", "Bench", Role.ADMIN.value, password))
    opened = sessions.sign_in(database, Attempt("bench", password, "127.0.0.1", "bench"))
    assert opened.expires_at > datetime.now(UTC)
    database.engine.dispose()
    return opened.token
