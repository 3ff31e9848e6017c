"""The queries on what was counted of a large book, so that no page has to count it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from chalicelib.postgres.connection import prepared

# How many loans and applications there are about, the server notes with every vacuum and analysis.
_READ = prepared("""
    SELECT (SELECT CAST(max(reltuples) AS bigint) FROM pg_class
            WHERE oid IN (CAST('loans' AS regclass), CAST('loan_applications' AS regclass))) AS rows,
           counted_books.counted_at, CAST(counted_books.counted AS text)
    FROM (SELECT 1) AS one
    LEFT JOIN counted_books ON counted_books.name = :name
""")

_KEEP = text("""
    INSERT INTO counted_books (name, counted_at, counted) VALUES (:name, :counted_at, CAST(:counted AS jsonb))
    ON CONFLICT (name) DO UPDATE SET counted_at = excluded.counted_at, counted = excluded.counted
    WHERE counted_books.counted_at < excluded.counted_at
""")


@dataclass(frozen=True)
class CountedBook:
    """How large the book is about, in loans or applications, and what was counted of it last, as JSON; None if nothing
    was.
    """

    rows: int
    counted_at: datetime | None
    counted: str | None


def get(connection: Connection, name: str) -> CountedBook:
    """What was counted under a name."""
    return CountedBook(*connection.execute(_READ, {"name": name}).one())


def keep(connection: Connection, name: str, *, counted_at: datetime, counted: str) -> None:
    """Keeps what was counted under a name, unless something newer is there."""
    connection.execute(_KEEP, {"name": name, "counted_at": counted_at, "counted": counted})
