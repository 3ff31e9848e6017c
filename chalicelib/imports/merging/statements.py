"""What the merges of all kinds share: how a statement is run, and those that only differ by the kind's columns.

A merge decides for each staged row what is to become of it, in a temporary table `incoming_<kind>` with the staged
columns, `outcome`, `is_new`, and `last_position`, where the last row of the file about the same thing stands. All
statements after that work on this table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from chalicelib.imports.findings import Finding
from chalicelib.imports.kinds.columns import Kind

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


def run(
    connection: Connection, statement: str, import_id: int, newer: Sequence[int] = (), today: date | None = None
) -> int:
    """Executes a statement, :import_id, the array :newer and the date :today in it replaced; returns how many rows it
    touched.

    The values are written into the statement, because Postgres takes no parameters in CREATE TABLE … AS.
    """
    array = f"CAST(ARRAY[{', '.join(str(int(number)) for number in newer)}] AS bigint[])"
    statement = statement.replace(":import_id", str(int(import_id))).replace(":newer", array)
    if today:
        statement = statement.replace(":today", f"DATE '{today}'")
    return connection.execute(text(statement)).rowcount


def count(connection: Connection, kind: Kind, renumbered: str = "false") -> list[MergedRows]:
    """The rows of a kind by sheet and outcome; `renumbered` is the condition of those that got another number."""
    statement = f"""
        SELECT sheet, outcome, count(*), count(*) FILTER (WHERE {renumbered})
        FROM incoming_{kind.name}
        GROUP BY sheet, outcome
    """
    return [MergedRows(*row) for row in connection.execute(text(statement))]


def outcomes(connection: Connection, kind: Kind) -> set[str]:
    """What is to become of the rows of a kind, so that no statement looks through them for what none of them is."""
    return set(connection.scalars(text(f"SELECT DISTINCT outcome FROM incoming_{kind.name}")))


def listed(names: Iterable[str], of: str = "") -> str:
    """Columns as a statement lists them, of a table or without one: `staged.age, staged.phone_number`."""
    return ", ".join(f"{of}.{name}" if of else name for name in names)


def assigned(names: Iterable[str], to: str) -> str:
    """Columns that are set to those of another table: `age = incoming.age, phone_number = incoming.phone_number`."""
    return ", ".join(f"{name} = {to}.{name}" for name in names)


def differ(names: Sequence[str], one: str, other: str) -> str:
    """The condition that any of the columns differs between two tables; NULL is a value as any other."""
    return f"({listed(names, one)}) IS DISTINCT FROM ({listed(names, other)})"


def age_on(column: str) -> str:
    """The age in years at :today by a date of birth, as rules/ages.py has it."""
    return f"CAST(date_part('year', age(:today, {column})) AS integer)"


def same(names: Iterable[str], one: str, other: str) -> str:
    """The condition that the columns, which are never NULL, are the same in two tables."""
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in names)


# The columns of a line of the report.
FINDING = listed(("import_id", *Finding._fields))


def analyze(kind: Kind) -> str:
    """Tells the server how many rows there are of what the merge joins by."""
    return f"ANALYZE {kind.staging} (import_id, {listed(kind.key)})"


def or_stored(kind: Kind, name: str) -> str:
    """What a staged row says of a column; where its sheet says nothing of one that is kept, what is stored."""
    return f"coalesce(staged.{name}, stored.{name})" if name in kind.kept else f"staged.{name}"


def report_superseded(kind: Kind, the_same: str) -> str:
    """Reports the rows that a later row of the same file replaces; `the_same` is how the sentence begins, in SQL."""
    return f"""
        INSERT INTO import_findings ({FINDING})
        SELECT :import_id, incoming.sheet, incoming.row_number, 'superseded', '{kind.identifier.title}',
               CAST(incoming.{kind.identifier.name} AS text), 'superseded',
               format('%s comes again in row %s of the sheet %s, which was used instead.',
                      {the_same}, latest.row_number, latest.sheet)
        FROM incoming_{kind.name} AS incoming
        JOIN incoming_{kind.name} AS latest ON latest.position = incoming.last_position
        WHERE incoming.position < incoming.last_position
        ORDER BY incoming.position
    """


def yield_to_newer(kind: Kind) -> str:
    """Leaves alone what a newer version of the same file has brought."""
    return f"""
        WITH newer AS (
            SELECT DISTINCT {listed(kind.key)} FROM import_rows JOIN import_sheets USING (import_id, sheet)
            WHERE import_id = ANY (:newer) AND kind = '{kind.name}' AND outcome <> 'rejected'
        ), yielded AS (
            UPDATE incoming_{kind.name} AS incoming
            SET outcome = 'superseded'
            FROM newer
            WHERE {same(kind.key, "newer", "incoming")} AND NOT is_new AND outcome <> 'superseded'
            RETURNING incoming.sheet, incoming.row_number, incoming.{kind.identifier.name} AS number, incoming.position
        )
        INSERT INTO import_findings ({FINDING})
        SELECT :import_id, sheet, row_number, 'superseded', '{kind.identifier.title}', CAST(number AS text),
               'newer_version_here',
               'A newer version of this file was imported before; what it says about this {kind.one} was kept.'
        FROM yielded
        ORDER BY position
    """


def audit_changes(kind: Kind) -> str:
    """Writes down which rows of the table are about to be updated, and of each the values that differ, before and
    after. To be run before the update. A value that is or was NULL is left out.
    """
    return f"""
        INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, subject_kind, subject_id, before, after)
        SELECT 'import', imports.import_id, imports.object_key, '{kind.one}_changed', '{kind.one}',
               CAST(stored.{kind.one}_id AS text), {_differing(kind, "stored")}, {_differing(kind, "incoming")}
        FROM incoming_{kind.name} AS incoming
        JOIN {kind.name} AS stored ON stored.{kind.one}_id = incoming.{kind.one}_id
        JOIN imports ON imports.import_id = :import_id
        WHERE incoming.outcome = 'updated'
        ORDER BY incoming.position
    """


def _differing(kind: Kind, side: str) -> str:
    values = (
        f"'{name}', CASE WHEN {differ([name], 'stored', 'incoming')} THEN {side}.{name} END" for name in kind.values
    )
    return f"jsonb_strip_nulls(jsonb_build_object({', '.join(values)}))"


def update(kind: Kind) -> str:
    """Brings what differs to what the file says; its id stays."""
    return f"""
        UPDATE {kind.name}
        SET {assigned(kind.values, to="incoming")}, updated_at = now()
        FROM incoming_{kind.name} AS incoming
        WHERE incoming.{kind.one}_id = {kind.name}.{kind.one}_id AND incoming.outcome = 'updated'
    """


def move_sequence(kind: Kind, those: str) -> str:
    """Moves the sequence of the table's ids above the highest of `those` of the file; never back."""
    return f"""
        SELECT setval('{kind.name}_{kind.one}_id_seq', highest.{kind.one}_id)
        FROM (SELECT max({kind.one}_id) AS {kind.one}_id FROM incoming_{kind.name} WHERE {those}) AS highest,
             {kind.name}_{kind.one}_id_seq AS sequence
        WHERE highest.{kind.one}_id >= sequence.last_value + CAST(sequence.is_called AS integer)
    """


def note_rows(kind: Kind) -> str:
    """Notes what became of each row, and whom or what it is about."""
    return f"""
        INSERT INTO import_rows (import_id, sheet, row_number, outcome, {listed(kind.key)})
        SELECT :import_id, sheet, row_number, outcome, {listed(kind.key)}
        FROM incoming_{kind.name}
        ORDER BY position
    """
