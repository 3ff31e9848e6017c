"""Alembic runs this file for every command; the connection is the one postgres/migrate.py holds."""

from alembic import context

from chalicelib.storage.import_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
context.run_migrations()
