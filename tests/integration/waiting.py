"""Tests that interleave for real: one transaction holds a lock, and the other is seen to wait for it."""

import time

import pytest
from sqlalchemy import text

from chalicelib.storage.database import Database


def wait_until_someone_waits(database: Database) -> None:
    """Returns when another transaction is waiting for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with database.reading() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.02)
    pytest.fail("Nobody waited for a lock.")
