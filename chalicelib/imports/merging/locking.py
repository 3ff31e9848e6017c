"""One import merges at a time."""

from sqlalchemy import Connection, text

# Any number that nothing else locks: the letters of "merg", read as a number.
MERGE_LOCK = 0x6D657267


def lock_merging(connection: Connection) -> None:
    """Makes every other import wait with its merge until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MERGE_LOCK})


def try_lock_merging(connection: Connection) -> bool:
    """As lock_merging, but False at once where an import is at work."""
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": MERGE_LOCK}).scalar_one())
