"""What merging customers and merging loans share."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

# For sorting and joining a whole file at once; only one import merges at a time.
_SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off"


@dataclass(frozen=True)
class MergedRows:
    """How many rows of a sheet had an outcome; `renumbered` of them got another number than the file's."""

    sheet: str
    outcome: str
    rows: int
    renumbered: int


def prepare(connection: Connection) -> None:
    """Gives the transaction what it needs for a large set."""
    connection.exec_driver_sql(_SETTINGS)


def run(connection: Connection, statement: str, import_id: int, newer: Sequence[int] = ()) -> int:
    """Executes a statement, :import_id and the array :newer in it replaced; returns how many rows it touched.

    The numbers are written into the statement, because Postgres takes no parameters in CREATE TABLE … AS.
    """
    array = f"CAST(ARRAY[{', '.join(str(int(number)) for number in newer)}] AS bigint[])"
    statement = statement.replace(":import_id", str(int(import_id))).replace(":newer", array)
    return connection.execute(text(statement)).rowcount
