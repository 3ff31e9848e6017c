"""The migrations: complete, repeatable, and safe under two deployers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from chalicelib.postgres.database import Database, make_engine
from chalicelib.postgres.migrate import migrate
from chalicelib.rules.access import USER, Author
from chalicelib.services import users
from chalicelib.services.users import UserChanges, WantedUser
from chalicelib.storage.import_tables import metadata
from infra.local.postgres import PostgresServer
from tests.support.people import PASSWORD
from tests.support.settings import settings_for

OPERATOR, ASHA = Author("operator", "make superuser"), Author(USER, "asha", 1)


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


CHECKS = """
    SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'c' AND connamespace = 'public'::regnamespace ORDER BY conname
"""


def test_the_migrations_make_exactly_the_checks_of_the_code(database: Database) -> None:
    """Alembic does not compare check constraints, so they are compared here, as Postgres writes them."""
    with database.transaction() as tx:
        by_migrations = tx.connection.execute(text(CHECKS)).all()
        for table in reversed(metadata.sorted_tables):
            tx.connection.execute(text(f"DROP TABLE {table.name}"))
        metadata.create_all(tx.connection)
        assert by_migrations == tx.connection.execute(text(CHECKS)).all()
        assert len(by_migrations) > 20


def test_migrating_a_second_time_changes_nothing(database: Database) -> None:
    before, after = migrate(database)
    assert before == after


def test_two_deployers_at_once_migrate_an_empty_database_once(
    postgres: PostgresServer, administration: Callable[[str], None]
) -> None:
    administration("CREATE DATABASE two_deployers")
    databases = [Database(make_engine(settings_for(postgres.url("two_deployers")))) for _ in range(4)]
    with ThreadPoolExecutor(4) as deployers:
        outcomes = list(deployers.map(migrate, databases))
    for database in databases:
        database.engine.dispose()
    assert sorted(before is None for before, _ in outcomes) == [False, False, False, True]


def test_a_downgrade_to_nothing_and_back_works(new_database: Callable[[], Database]) -> None:
    from alembic import command

    from chalicelib.postgres.migrate import alembic_config

    with new_database().transaction() as tx:
        command.downgrade(alembic_config(tx.connection), "base")
        tx.commit()
    before, _ = migrate(new_database())
    assert before is None


def test_a_password_that_another_user_set_last_is_known_not_to_be_ones_own(
    database: Database, new_database: Callable[[], Database]
) -> None:
    from alembic import command

    from chalicelib.postgres.migrate import alembic_config

    asha, by_admin, by_operator, own, reset = (
        users.create_user(database, author, WantedUser(login, login, "officer", PASSWORD))
        for login, author in (
            ("asha", OPERATOR),
            ("by-admin", ASHA),
            ("by-operator", OPERATOR),
            ("own", ASHA),
            ("reset", OPERATOR),
        )
    )
    again = UserChanges(password="another long password")
    users.change_user(database, Author(USER, "own", own.user_id), own.user_id, changes=again)
    users.change_user(database, ASHA, reset.user_id, changes=again)
    users.change_user(database, ASHA, by_operator.user_id, changes=UserChanges(name="Another"))
    with new_database().transaction() as tx:
        command.downgrade(alembic_config(tx.connection), "0012")
        command.upgrade(alembic_config(tx.connection), "head")
        found = tx.connection.execute(text("SELECT user_id FROM users WHERE password_state = 'given'")).scalars()
        assert set(found) == {by_admin.user_id, reset.user_id}
        assert asha.user_id == ASHA.author_id
        tx.commit()


def test_a_connection_that_broke_since_the_last_time_does_not_stop_a_migration(
    database: Database, administration: Callable[[str], None], database_url: str
) -> None:
    before = migrate(database)
    name = database_url.rpartition("/")[2]
    administration(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    assert migrate(database) == (before[1], before[1])
