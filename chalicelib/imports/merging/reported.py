"""What the merges of openings and receipts share. Both record facts of loans, one by one by the rules of servicing.

A merge works on a temporary table `incoming_<kind>`: the staged rows, and those of earlier imports that waited for what
is here now (`has_waited`). `place` tells them apart. Each is `pending` until its outcome is known; one that is rejected
is taken out. What is said of a row that waited goes to the import that brought it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, text

from chalicelib.imports.copying import copy
from chalicelib.imports.kinds.columns import Kind
from chalicelib.imports.merging.recording import LOANS_A_BATCH, Changed, Recorder, Source, written
from chalicelib.imports.merging.statements import FINDING, MergedRows, count, differ, listed, note_rows, run
from chalicelib.rules.servicing.refusals import Code, Refused

T = TypeVar("T")

# What to do about a refusal, where its sentence does not say so itself.
_REMEDIES = {
    Code.FUTURE_DATE: "Correct the date, or send the row again on that day.",
    Code.BEFORE_DISBURSAL: "Correct the date or the Loan ID.",
    Code.SETTLEMENT_DIFFERS: "Correct the amount, leave the Intent empty, or send the row again after what was paid "
    "before.",
    Code.CLOSED: "Leave the Intent empty, and the money is kept as credit.",
    Code.ALREADY_REVERSED: "Leave the row out.",
    Code.LATER_FACT_STANDS: "Reverse that fact first.",
    Code.ALREADY_SERVICED: "Reverse its opening first, if that was wrong.",
    Code.OPENING_INVALID: "Correct the figures.",
}


class Judged(NamedTuple):
    """What the rules say about a row that they refuse. A row that waits has the outcome waiting."""

    place: int
    outcome: str
    column: str
    value: str | None
    code: str
    sentence: str


def judged(place: int, column: str, value: object, refusal: Refused) -> Judged:
    """A row that the rules refuse for good."""
    remedy = _REMEDIES.get(refusal.code)
    sentence = f"{refusal.sentence} {remedy}" if remedy else refusal.sentence
    return Judged(place, "rejected", column, None if value is None else str(value), refusal.code.value, sentence)


_JUDGED = text("""
    CREATE TEMP TABLE judged_rows
        (place bigint, outcome text, column_name text, value text, code text, sentence text) ON COMMIT DROP
""")


def has_waiting(connection: Connection, kind: Kind) -> bool:
    """Whether any row of an earlier import waits."""
    return bool(connection.execute(text(f"SELECT EXISTS (SELECT FROM waiting_{kind.name})")).scalar_one())


def gather(kind: Kind, order: str, ready: str) -> str:
    """Makes the table: a row of this import hides one that waits under its key; of those that wait, the `ready` ones.

    Rows are numbered by loan, then in the `order` in which they are recorded, and loans fall into batches.
    """
    own = ("import_id", "position", "sheet", "row_number", *kind.names)
    key = kind.identifier.name
    return f"""
        CREATE TEMP TABLE incoming_{kind.name} ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY loan_id, {order}) AS place,
               dense_rank() OVER (ORDER BY loan_id) / {LOANS_A_BATCH} AS batch,
               row_number() OVER (PARTITION BY {key} ORDER BY {order}) > 1 AS is_repeat,
               CAST('pending' AS text) AS outcome, gathered.*, imports.object_key, imports.spares_registered,
               -- Only rows of this file yield to its newer versions.
               has_waited AS is_new
        FROM (SELECT {listed(own)}, false AS has_waited FROM {kind.staging} WHERE import_id = :import_id
              UNION ALL
              SELECT {listed(own, "waiting")}, true
              FROM waiting_{kind.name} AS waiting
              WHERE {ready}
                AND NOT EXISTS (SELECT FROM {kind.staging} AS staged
                                WHERE staged.import_id = :import_id AND staged.{key} = waiting.{key})) AS gathered
        JOIN imports USING (import_id)
    """


def lock_loans(kind: Kind) -> str:
    """Makes whoever else records something of these loans wait; all at once, in one order, so that nobody waits for
    another who waits for us.
    """
    return f"""
        SELECT count(*) FROM (
            SELECT FROM loans WHERE loan_id IN (SELECT loan_id FROM incoming_{kind.name})
            ORDER BY loan_id FOR NO KEY UPDATE) AS locked
    """


def reject(kind: Kind, column: str, code: str, told: str) -> str:
    """Takes out rows with a finding. `told` selects the place of each, the value in the cell and the sentence."""
    return _reject(kind, f"SELECT told.*, '{column}' AS column_name, '{code}' AS code FROM ({told}) AS told")


def _reject(kind: Kind, told: str) -> str:
    key = kind.identifier.name
    return f"""
        WITH told AS ({told}), refused AS (
            DELETE FROM incoming_{kind.name} AS incoming USING told
            WHERE incoming.place = told.place
            RETURNING incoming.place, incoming.import_id, sheet, row_number, has_waited, {key} AS key,
                      told.column_name, told.value, told.code, told.sentence
        ), forgotten AS (
            DELETE FROM waiting_{kind.name} AS waiting USING refused
            WHERE refused.has_waited AND waiting.{key} = refused.key
        )
        INSERT INTO import_findings ({FINDING})
        SELECT import_id, sheet, row_number, 'rejected', column_name, value, code, sentence
        FROM refused ORDER BY place
    """


def wait(kind: Kind, column: str, code: str, told: str) -> str:
    """Lets rows wait, with a finding unless they waited before; `told` as for `reject`."""
    return _wait(kind, f"SELECT told.*, '{column}' AS column_name, '{code}' AS code FROM ({told}) AS told")


def _wait(kind: Kind, told: str) -> str:
    return f"""
        WITH told AS ({told}), waits AS (
            UPDATE incoming_{kind.name} AS incoming SET outcome = 'waiting' FROM told
            WHERE incoming.place = told.place
            RETURNING incoming.place, incoming.import_id, sheet, row_number, has_waited,
                      told.column_name, told.value, told.code, told.sentence
        )
        INSERT INTO import_findings ({FINDING})
        SELECT import_id, sheet, row_number, 'waiting', column_name, value, code, sentence
        FROM waits WHERE NOT has_waited ORDER BY place
    """


def differing_repeat(kind: Kind, names: Sequence[str]) -> str:
    """Takes out rows that another of the file contradicts: the one that comes first counts."""
    key = kind.identifier.name
    return reject(
        kind,
        kind.identifier.title,
        f"{kind.identifier.name.removesuffix('_id')}_conflict",
        f"""
        SELECT incoming.place, CAST(incoming.{key} AS text) AS value,
               format('{kind.identifier.title} %s stands with other values in row %s of the sheet %s, which was used; '
                      'correct the one that is wrong.', incoming.{key}, used.row_number, used.sheet) AS sentence
        FROM incoming_{kind.name} AS incoming
        JOIN incoming_{kind.name} AS used ON used.{key} = incoming.{key} AND NOT used.is_repeat
        WHERE incoming.is_repeat AND incoming.outcome = 'pending' AND {differ(names, "incoming", "used")}
        """,
    )


def unknown_loan(kind: Kind) -> str:
    """Lets rows wait whose loan is not here, or waits itself for its customer."""
    return wait(
        kind,
        "Loan ID",
        "loan_unknown",
        f"""
        SELECT place, CAST(loan_id AS text) AS value,
               format('There is no loan %s yet; the row waits and is applied when the loan arrives. If the number is '
                      'wrong, send the row again with the right one.', loan_id) AS sentence
        FROM incoming_{kind.name} AS incoming
        WHERE outcome = 'pending' AND NOT EXISTS (SELECT FROM loans WHERE loans.loan_id = incoming.loan_id)
        """,
    )


def of_another_customer(kind: Kind) -> str:
    """Takes out rows whose customer does not have the loan. Whose it is is not said."""
    return reject(
        kind,
        "Customer ID",
        "customer_differs",
        f"""
        SELECT place, CAST(incoming.customer_id AS text) AS value,
               format('Loan %s is not one of customer %s; correct the Loan ID or the Customer ID.',
                      incoming.loan_id, incoming.customer_id) AS sentence
        FROM incoming_{kind.name} AS incoming JOIN loans USING (loan_id)
        WHERE outcome = 'pending' AND loans.customer_id <> incoming.customer_id
        """,
    )


def sources(connection: Connection, kind: Kind) -> dict[int, Source]:
    """The imports that the rows came with, by their numbers."""
    statement = f"SELECT DISTINCT import_id, object_key FROM incoming_{kind.name}"
    return {row.import_id: Source(*row) for row in connection.execute(text(statement))}


def record_batches(
    connection: Connection,
    kind: Kind,
    read: Callable[[int], T],
    judge: Callable[[T], tuple[list[Changed], list[Judged]]],
) -> list[Judged]:
    """Records the pending rows, a batch at a time; returns what is said of those that are refused.

    `read` gives a batch by its number, and `judge` what becomes of it. While one is judged, the database writes the one
    before and reads the one behind: all rows of a loan are in one batch, so none depends on another.
    """
    recorder, batches = Recorder(connection), _batches(connection, kind)
    said: list[Judged] = []
    with ThreadPoolExecutor(1, "merging") as thread:
        being_written: Future[None] | None = None
        being_read = thread.submit(read, 0)
        for batch in range(batches):
            found = being_read.result()
            # The last one reads nothing, behind the end.
            being_read = thread.submit(read, batch + 1)
            changed, refused = judge(found)
            said += refused
            # Here, because the thread is to do nothing but wait for the database.
            ready = written(changed)
            if being_written:
                being_written.result()
            being_written = thread.submit(recorder.add, ready)
        if being_written:
            being_written.result()
    recorder.apply()
    return said


def _batches(connection: Connection, kind: Kind) -> int:
    highest = connection.execute(text(f"SELECT max(batch) FROM incoming_{kind.name}")).scalar_one()
    return 0 if highest is None else int(highest) + 1


def conclude(connection: Connection, kind: Kind, import_id: int, said: Sequence[Judged]) -> list[MergedRows]:
    """What the rules refused is taken out or waits, all other pending rows are inserted; then the rows that wait are
    kept, what has been waiting long enough is forgotten, and the rows of this import are noted.
    """
    connection.execute(_JUDGED)
    copy(connection, "judged_rows", ("place", "outcome", "column_name", "value", "code", "sentence"), list(zip(*said)))  # noqa: B905 - empty
    told = "SELECT place, column_name, value, code, sentence FROM judged_rows WHERE outcome = '{}'"
    key, columns = kind.identifier.name, ("import_id", "position", "sheet", "row_number", *kind.names)
    for statement in (
        _reject(kind, told.format("rejected")),
        _wait(kind, told.format("waiting")),
        "DROP TABLE judged_rows",
        f"UPDATE incoming_{kind.name} SET outcome = 'inserted' WHERE outcome = 'pending' AND NOT is_repeat",
        *_repeated(kind),
        f"""
            DELETE FROM waiting_{kind.name} AS waiting USING incoming_{kind.name} AS incoming
            WHERE waiting.{key} = incoming.{key} AND incoming.outcome IN ('inserted', 'unchanged')
        """,
        f"DELETE FROM incoming_{kind.name} WHERE has_waited",
        f"""
            INSERT INTO waiting_{kind.name} ({listed(columns)})
            SELECT {listed(columns)} FROM incoming_{kind.name} WHERE outcome = 'waiting' AND NOT is_repeat
            ON CONFLICT ({key}) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in columns)}
        """,
        note_rows(kind),
    ):
        run(connection, statement, import_id)
    merged = count(connection, kind)
    run(connection, f"DROP TABLE incoming_{kind.name}", import_id)
    return merged


def _repeated(kind: Kind) -> tuple[str, str]:
    """Rows that say once more what another of the file says share what becomes of that one."""
    key = kind.identifier.name
    return (
        f"""
            UPDATE incoming_{kind.name} AS incoming
            SET outcome = CASE first.outcome WHEN 'inserted' THEN 'unchanged' ELSE first.outcome END
            FROM incoming_{kind.name} AS first
            WHERE incoming.outcome = 'pending' AND incoming.is_repeat AND first.{key} = incoming.{key}
              AND NOT first.is_repeat
        """,
        reject(
            kind,
            kind.identifier.title,
            "repeats_rejected",
            f"""
            SELECT place, CAST({key} AS text) AS value,
                   format('The same {kind.one} stands in another row of this file, which was rejected; correct that.')
                   AS sentence
            FROM incoming_{kind.name} WHERE outcome = 'pending'
            """,
        ),
    )
