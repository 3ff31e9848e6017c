"""The database of another stage on the local server: no password, and nothing but itself."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from chalicelib.postgres.database import Database, make_engine
from chalicelib.postgres.migrate import migrate
from infra.local.postgres import PostgresServer
from infra.terminal import CommandError
from tests.support.settings import settings_for


def answer(url: str, statement: str) -> object:
    engine = create_engine(url.replace("postgresql:", "postgresql+pg8000:"), poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(text(statement)).scalar()


def test_its_role_signs_in_without_a_password_and_migrates(postgres: PostgresServer) -> None:
    url = postgres.add_open_database("loans_other")
    assert postgres.add_open_database("loans_other") == url
    database = Database(make_engine(settings_for(url, STAGE="dev")))
    before, after = migrate(database)
    database.engine.dispose()
    assert before is None
    assert answer(url, "SELECT version_num FROM alembic_version") == after


def test_no_other_role_and_no_other_database_is_opened_by_it(postgres: PostgresServer) -> None:
    url = postgres.add_open_database("loans_other")
    address = f"127.0.0.1:{postgres.port}"
    for elsewhere in (
        f"postgresql://loans_other:password@{address}/postgres",
        f"postgresql://loans:secret@{address}/loans_other",
    ):
        with pytest.raises(DBAPIError, match="password"):
            answer(elsewhere, "SELECT 1")
    assert answer(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_a_name_that_would_be_sql_is_refused(postgres: PostgresServer) -> None:
    with pytest.raises(CommandError, match="Invalid value"):
        postgres.add_open_database("a; DROP ROLE loans")
