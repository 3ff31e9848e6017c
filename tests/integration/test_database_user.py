"""The functions' user of the database, made by the statements of infra/foundation.py, has what the service needs."""

import re
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import NullPool, create_engine, text

from chalicelib.postgres.database import Database, make_engine
from chalicelib.postgres.migrate import migrate
from infra.foundation import NEEDS
from infra.local.postgres import PostgresServer
from tests.support.settings import PROJECT, settings_for

# The server of the tests has a database `loans` that is its superuser's.
NAME = "loans_of_its_user"


def statements() -> list[str]:
    """What is run as master, on the database NAME."""
    return [need.statement.replace("DATABASE loans", f"DATABASE {NAME}") for need in NEEDS]


@pytest.fixture
def url(postgres: PostgresServer, administration: Callable[[str], None]) -> Iterator[str]:
    """The URL of a database as Aurora has it after the statements, for the user they make."""
    administration("CREATE ROLE rds_iam")
    administration(f"CREATE DATABASE {NAME}")
    master = postgres.url(NAME).replace("postgresql:", "postgresql+pg8000:")
    with create_engine(master, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
        for statement in statements():
            connection.execute(text(statement))
        # Aurora asks for a token instead.
        connection.execute(text("ALTER ROLE loans_app PASSWORD 'a-token'"))
    yield re.sub(r"//[^@]*@", "//loans_app:a-token@", postgres.url(NAME))
    administration(f"DROP DATABASE {NAME} WITH (FORCE)")
    administration("DROP ROLE loans_app")
    administration("DROP ROLE rds_iam")


def test_the_user_that_the_statements_make_can_migrate_and_is_no_superuser(url: str) -> None:
    database = Database(make_engine(settings_for(url)))
    assert migrate(database)
    with database.reading() as connection:
        asked = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        assert tuple(connection.execute(text(asked)).one()) == (False, False, False)
        assert connection.execute(text("SELECT count(*) FROM customers")).scalar_one() == 0
    database.engine.dispose()


def test_the_statements_are_those_of_the_decision_about_them() -> None:
    decisions = " ".join((PROJECT / "docs" / "decisions" / "deployment.md").read_text().split())
    documented = re.findall(r"`((?:CREATE ROLE|GRANT) [^`]+)`", decisions)
    assert [need.statement for need in NEEDS] == documented
