"""Tests that interleave for real: one transaction holds a lock, and the other is seen to wait for it."""

from sqlalchemy import text

from chalicelib.postgres.database import Database
from tests.support.patience import patiently


def wait_until_someone_waits(database: Database) -> None:
    """Returns when another transaction is waiting for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in patiently("somebody who waits for a lock", pause_seconds=0.02):
        with database.reading() as connection:
            if connection.scalar(waiting):
                return
