"""People who register, and somebody who is signed in to the console."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from secrets import token_hex
from typing import Any

from bench.measuring import settings_for
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import ANYONE, Author, Role
from chalicelib.services import sessions, users
from chalicelib.services.sessions import Attempt
from chalicelib.services.users import WantedUser

GIVEN = ("Asha", "Kabir", "Meera", "Ravi", "Zoya")


def people(monthly_income: int) -> Iterator[dict[str, Any]]:
    """Whom to register, in rupees a month: always somebody else. Of one person over and over, each answer would have to
    find those before and tell of them, which is rare.
    """
    for number in count():
        family = "".join(chr(ord("a") + int(digit)) for digit in f"{number:06d}").capitalize()
        yield {
            "first_name": GIVEN[number % len(GIVEN)],
            "last_name": family,
            "age": 21 + number % 40,
            "monthly_income": monthly_income,
            "phone_number": f"{7_100_000_000 + number}",
        }


def signed_in(database_url: str) -> str:
    """The token of an admin's session."""
    database = Database(make_engine(settings_for(database_url)))
    password = token_hex(16)
    users.create_user(database, Author.of(ANYONE, "bench"), WantedUser("bench", "Bench", Role.ADMIN.value, password))
    opened = sessions.sign_in(database, Attempt("bench", password, "127.0.0.1", "bench"))
    assert opened.expires_at > datetime.now(UTC)
    database.engine.dispose()
    return opened.token
