"""The queries on attempts: workers that have begun an import and not come back, so that one that kills them ends.

An attempt counts until its import makes progress or its worker stops by itself. It is over when its invocation must be.
"""

from sqlalchemy import Connection, text

MOST_ATTEMPTS = 2
# Longer than a message waits in a queue: nobody will go on with the import.
FORGOTTEN_DAYS = 15

KILLED = (
    "Reading this file ended the worker twice, by its memory, its time or a crash. "
    "Split the file, or save it anew in Excel, and send it again."
)
FORGOTTEN = "The import was begun and nobody went on with it; send the file again."

# Counts one more, unless as many as may be are over.
_BEGIN = text(f"""
    UPDATE imports
    SET attempts = attempts + 1,
        attempt_ends_at = greatest(attempt_ends_at, clock_timestamp() + make_interval(secs => :seconds))
    WHERE import_id = :import_id AND state = 'running'
      AND NOT (attempts >= {MOST_ATTEMPTS} AND attempt_ends_at <= clock_timestamp())
""")  # noqa: S608 - numbers of ours

_FORGET = text("UPDATE imports SET attempts = 0 WHERE import_id = :import_id AND attempts > 0")

# Imports that killed their workers, or that nobody goes on with.
_DEAD = text(f"""
    SELECT import_id, attempts >= {MOST_ATTEMPTS} AND attempt_ends_at <= clock_timestamp() AS was_killed
    FROM imports
    WHERE state = 'running'
      AND (attempts >= {MOST_ATTEMPTS} AND attempt_ends_at <= clock_timestamp()
           OR coalesce(attempt_ends_at, created_at) < now() - make_interval(days => {FORGOTTEN_DAYS}))
    ORDER BY import_id
    FOR UPDATE SKIP LOCKED
""")  # noqa: S608 - numbers of ours


def begin(connection: Connection, import_id: int, seconds: float) -> bool:
    """Counts an attempt that ends within so many seconds. False where the ones before were the last."""
    return connection.execute(_BEGIN, {"import_id": import_id, "seconds": seconds}).rowcount == 1


def forget(connection: Connection, import_id: int) -> None:
    """Takes back the attempts of an import: it went on, or its worker stopped by itself."""
    connection.execute(_FORGET, {"import_id": import_id})


def dead(connection: Connection) -> dict[int, str]:
    """The imports that nobody is at work on and nobody should be again, locked, and why each is to fail."""
    return {import_id: KILLED if was_killed else FORGOTTEN for import_id, was_killed in connection.execute(_DEAD)}
