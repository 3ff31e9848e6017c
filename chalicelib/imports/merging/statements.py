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


def audit_statement(kind: str, stored: str, columns: Sequence[str]) -> str:
    """A statement that writes down which rows of the table `stored` the import is about to update, and of each the
    values that differ, before and after. To be run before the update. A value that is or was NULL is left out.
    """
    before, after = (_differing(columns, side) for side in ("stored", "incoming"))
    return f"""
        INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, subject_kind, subject_id, before, after)
        SELECT 'import', imports.import_id, imports.object_key, '{kind}_changed', '{kind}',
               CAST(stored.{kind}_id AS text), {before}, {after}
        FROM incoming_{stored} AS incoming
        JOIN {stored} AS stored ON stored.{kind}_id = incoming.{kind}_id
        JOIN imports ON imports.import_id = :import_id
        WHERE incoming.outcome = 'updated'
        ORDER BY incoming.position
    """  # noqa: S608 - names of ours


def _differing(columns: Sequence[str], side: str) -> str:
    values = (
        f"'{name}', CASE WHEN stored.{name} IS DISTINCT FROM incoming.{name} THEN {side}.{name} END" for name in columns
    )
    return f"jsonb_strip_nulls(jsonb_build_object({', '.join(values)}))"


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
