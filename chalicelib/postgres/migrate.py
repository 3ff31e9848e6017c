"""Brings the schema to the newest revision; safe to run twice and by two deployers at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried

MIGRATIONS = Path(__file__).parents[1] / "storage" / "migrations"

# Any number that nothing else locks: the first four letters of "migrate", read as a number.
ADVISORY_LOCK = 0x6D696772


@retried
def migrate(database: Database) -> tuple[str | None, str]:
    """Applies what is missing, all in one transaction. Returns the revisions before and after.

    The lock makes a second deployer wait; it then finds nothing left to do. Both the wait and each statement
    are bounded by the statement time-out of the function that migrates (the merge template sets it).
    """
    with database.transaction() as tx:
        tx.connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
        before = _revision(tx.connection)
        if before is not None and before not in known_revisions():
            # A newer release migrated, and was rolled back. Migrations only add, so this release works on its schema.
            return before, before
        command.upgrade(alembic_config(tx.connection), "head")
        after = _revision(tx.connection)
        tx.commit()
    if after is None:
        raise RuntimeError(f"The migrations in {MIGRATIONS} left the database without a revision.")
    return before, after


def alembic_config(connection: Connection | None) -> Config:
    """Alembic's configuration without an alembic.ini, for commands on this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def known_revisions() -> frozenset[str]:
    """The revisions that this release has migrations to."""
    scripts = ScriptDirectory.from_config(alembic_config(None))
    return frozenset(script.revision for script in scripts.walk_revisions())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
