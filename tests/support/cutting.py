"""Connections that the server ends while they are in use."""

from sqlalchemy import text

from chalicelib.postgres.database import Database


def cut_all_others(database: Database) -> None:
    """Ends every connection to this database but the one that asks for it."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    with database.reading() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
