"""The queries on imports: which object was imported with what result, and the loans that wait."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, insert, text

from chalicelib.rules.access import Author
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.importing import ImportState
from chalicelib.storage import audit
from chalicelib.storage.tables import import_sheets

RUNNING = ImportState.RUNNING
COMPLETED = ImportState.COMPLETED
FAILED = ImportState.FAILED

# Any number that nothing else locks: the letters of "merg", read as a number.
MERGE_LOCK = 0x6D657267


@dataclass(frozen=True)
class ImportRecord:
    """An import as it stands; `message` says why it failed, `rows_total` is None until the file was opened.

    `rows_by_sheet` are the rows found so far, None where they were not counted from the start.
    """

    import_id: int
    state: str
    message: str | None
    rows_total: int | None
    rows_read: int
    rows_staged: int
    rows_by_sheet: dict[str, int] | None
    report_key: str | None


@dataclass(frozen=True)
class SheetCounts:
    """What became of the rows of a sheet. Those renumbered are among the inserted or the waiting."""

    sheet: str
    kind: str
    rows_found: int
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    waiting: int = 0
    rejected: int = 0
    renumbered: int = 0


# Moves waiting loans whose customer is here into loans, under the number that was kept for them, unless a loan
# made at the very moment it was kept has it. Tells the audit log which, customer by customer. A file that spares who
# was registered here does so too by the loans it left waiting before.
_APPLY_WAITING = """
    WITH arrived AS (
        DELETE FROM waiting_loans AS waiting
        USING customers, imports
        WHERE customers.customer_id = waiting.customer_id AND imports.import_id = waiting.import_id
          AND (customers.from_workbook OR NOT imports.spares_registered) {of_one_customer}
        RETURNING waiting.*
    ), applied AS (
        INSERT INTO loans (loan_id, customer_id, source_loan_id, loan_amount, tenure, interest_rate,
                           monthly_installment, emis_paid_on_time, start_date, end_date)
        SELECT CASE WHEN EXISTS (SELECT FROM loans WHERE loans.loan_id = arrived.loan_id)
                    THEN nextval('loans_loan_id_seq') ELSE loan_id END,
               customer_id, source_loan_id, loan_amount, tenure, interest_rate,
               monthly_installment, emis_paid_on_time, start_date, end_date
        FROM arrived
        RETURNING customer_id, loan_id
    ), told AS (
        INSERT INTO audit_log (actor_kind, actor_id, actor_name, request_id, action, subject_kind, subject_id, after)
        SELECT CAST(:actor_kind AS text), CAST(:actor_id AS bigint), CAST(:actor_name AS text),
               CAST(:request_id AS text), 'waiting_loans_applied', 'customer', CAST(customer_id AS text),
               jsonb_build_object('loan_ids', jsonb_agg(loan_id ORDER BY loan_id))
        FROM applied
        GROUP BY customer_id
    )
    SELECT count(*) FROM applied
"""
_APPLY_ALL_WAITING = text(_APPLY_WAITING.format(of_one_customer=""))
_APPLY_WAITING_OF_ONE = text(_APPLY_WAITING.format(of_one_customer="AND waiting.customer_id = :customer_id"))


def apply_waiting_loans(connection: Connection, author: Author, customer_id: int | None = None) -> int:
    """Applies the loans that waited for a customer who is now here, or for this one; returns how many.

    The author is who brought the customer, or found the loans left behind.
    """
    values = audit.author_values(author)
    if customer_id is None:
        return int(connection.execute(_APPLY_ALL_WAITING, values).scalar_one())
    return int(connection.execute(_APPLY_WAITING_OF_ONE, values | {"customer_id": customer_id}).scalar_one())


def author_of(connection: Connection, import_id: int) -> Author:
    """The import as the author of what it changes."""
    key = connection.execute(text("SELECT object_key FROM imports WHERE import_id = :id"), {"id": import_id})
    return Author("import", key.scalar_one(), import_id)


# The form of an import that was asked for can be posted again: what arrives then is a version of the same file, and
# may do what that import may.
_BEGIN = """
    INSERT INTO imports
           (bucket, object_key, object_version, sequencer, uploaded_at, size_bytes, rows_by_sheet,
            file_key, started_by, spares_registered)
    SELECT :bucket, :object_key, :object_version, :sequencer, :uploaded_at, :size_bytes, '{}',
           coalesce(asked.file_key, :object_key), asked.started_by, coalesce(asked.spares_registered, false)
    FROM (VALUES (1)) AS one (row)
    LEFT JOIN LATERAL (
        SELECT file_key, started_by, spares_registered FROM imports
        WHERE bucket = :bucket AND object_key = :object_key AND file_key IS NOT NULL
        ORDER BY import_id LIMIT 1
    ) AS asked ON true
    ON CONFLICT ON CONSTRAINT imports_object_key DO NOTHING
"""

_RECORD = ", ".join(field.name for field in fields(ImportRecord))


def begin(
    connection: Connection,
    *,
    bucket: str,
    key: str,
    version: str,
    sequencer: str | None,
    uploaded_at: datetime | None,
    size_bytes: int,
) -> ImportRecord:
    """The import of this version of the object: made if there is none, found as it stands if there is."""
    values = {"bucket": bucket, "object_key": key, "object_version": version}
    more = {"sequencer": sequencer, "uploaded_at": uploaded_at, "size_bytes": size_bytes}
    is_new = connection.execute(text(_BEGIN), values | more).rowcount == 1
    found = connection.execute(
        text(f"""
            SELECT {_RECORD} FROM imports
            WHERE bucket = :bucket AND object_key = :object_key AND object_version = :object_version
        """),  # noqa: S608
        values,
    )
    record = ImportRecord(*found.one())
    if is_new:
        _audit(connection, Action.IMPORT_STARTED, record.import_id, key, {"size_bytes": size_bytes})
    return record


def get(connection: Connection, import_id: int) -> ImportRecord:
    """An import as it stands."""
    statement = text(f"SELECT {_RECORD} FROM imports WHERE import_id = :import_id")  # noqa: S608
    return ImportRecord(*connection.execute(statement, {"import_id": import_id}).one())


def lock(connection: Connection, import_id: int) -> ImportRecord:
    """Makes other workers on the same import wait until the transaction ends."""
    statement = text(f"SELECT {_RECORD} FROM imports WHERE import_id = :import_id FOR UPDATE")  # noqa: S608
    return ImportRecord(*connection.execute(statement, {"import_id": import_id}).one())


def note_opened(connection: Connection, import_id: int, rows_total: int, uploaded_at: datetime | None) -> None:
    """Notes what is known once the file is open; when it was uploaded only if no notice has said so before."""
    statement = """
        UPDATE imports SET rows_total = :rows_total, uploaded_at = COALESCE(uploaded_at, :uploaded_at)
        WHERE import_id = :import_id AND state = 'running'
    """
    connection.execute(text(statement), {"import_id": import_id, "rows_total": rows_total, "uploaded_at": uploaded_at})


# NULL stays NULL: what was not counted from the start is not counted at all.
_NOTE_PROGRESS = """
    UPDATE imports
    SET rows_read = :rows_read, rows_staged = rows_staged + :staged, attempts = 0,
        rows_by_sheet = rows_by_sheet || jsonb_build_object(
            CAST(:sheet AS text), coalesce(CAST(rows_by_sheet ->> :sheet AS bigint), 0) + :found)
    WHERE import_id = :import_id
"""


def note_progress(
    connection: Connection, import_id: int, *, rows_read: int, sheet: str, found: int, staged: int
) -> None:
    """Moves the progress to `rows_read`: so many rows more of the sheet are found, and `staged` lie in staging."""
    values = {"import_id": import_id, "rows_read": rows_read, "sheet": sheet, "found": found, "staged": staged}
    connection.execute(text(_NOTE_PROGRESS), values)


# Imports of newer versions of the same file that are done: of the same key, or of the same name where that was asked
# for. For one key S3's sequencers tell, the shorter filled up with zeros on the right, as AWS documents it; for two
# keys, and where a sequencer is missing or both are the same, when the versions were uploaded does.
_NEWER = """
    WITH own AS (SELECT * FROM imports WHERE import_id = :import_id),
    done AS (
        SELECT done.* FROM own JOIN imports AS done USING (bucket, object_key) WHERE done.state = 'completed'
        UNION
        SELECT done.* FROM own JOIN imports AS done USING (bucket, file_key) WHERE done.state = 'completed'
    )
    SELECT done.import_id
    FROM own CROSS JOIN done
    WHERE CASE WHEN done.object_key = own.object_key
                    AND rpad(upper(done.sequencer), 64, '0') <> rpad(upper(own.sequencer), 64, '0')
               THEN rpad(upper(done.sequencer), 64, '0') > rpad(upper(own.sequencer), 64, '0') COLLATE "C"
               ELSE done.uploaded_at > own.uploaded_at END
"""


def newer_versions(connection: Connection, import_id: int) -> list[int]:
    """The completed imports of newer versions of the same file; hardly ever any."""
    return list(connection.scalars(text(_NEWER), {"import_id": import_id}))


# What became of the rows that were not staged because something is wrong with them.
_NOTE_REJECTED = """
    INSERT INTO import_rows (import_id, sheet, row_number, outcome)
    SELECT DISTINCT import_id, sheet, row_number, outcome FROM import_findings
    WHERE import_id = :import_id AND outcome = 'rejected'
"""

_COUNT_REJECTED = """
    SELECT sheet, count(*) AS rows FROM import_rows WHERE import_id = :import_id AND outcome = 'rejected' GROUP BY sheet
"""


def note_rejected(connection: Connection, import_id: int) -> dict[str, int]:
    """Notes the rejected rows among the others; returns how many there are in each sheet that has any."""
    connection.execute(text(_NOTE_REJECTED), {"import_id": import_id})
    found = connection.execute(text(_COUNT_REJECTED), {"import_id": import_id})
    return {row.sheet: row.rows for row in found}


def lock_merging(connection: Connection) -> None:
    """Makes every other import wait with its merge until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MERGE_LOCK})


def try_lock_merging(connection: Connection) -> bool:
    """As lock_merging, but False at once where an import is at work."""
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": MERGE_LOCK}).scalar_one())


def complete(connection: Connection, import_id: int, sheets: Sequence[SheetCounts]) -> None:
    """Notes the counts, and that the import is done. The database refuses counts that do not add up."""
    for sheet in sheets:
        connection.execute(insert(import_sheets).values(import_id=import_id, **asdict(sheet)))
    key = _finish(connection, import_id, COMPLETED, None)
    if key is not None:
        _audit(connection, Action.IMPORT_COMPLETED, import_id, key, {"sheets": [asdict(sheet) for sheet in sheets]})


def fail(connection: Connection, import_id: int, message: str) -> None:
    """Notes why the file could not be imported, unless the import has ended already."""
    key = _finish(connection, import_id, FAILED, message)
    if key is not None:
        _audit(connection, Action.IMPORT_FAILED, import_id, key, {"message": message})


def is_populated(connection: Connection) -> bool:
    """Whether there is any customer or loan, also a waiting one."""
    statement = """
        SELECT EXISTS (SELECT FROM customers) OR EXISTS (SELECT FROM loans) OR EXISTS (SELECT FROM waiting_loans)
    """
    return bool(connection.execute(text(statement)).scalar_one())


def forget(connection: Connection, *, bucket: str, key: str, version: str) -> None:
    """Forgets a completed import and its report, so that the same object can be imported again."""
    statement = """
        WITH gone AS (
            SELECT import_id FROM imports
            WHERE bucket = :bucket AND object_key = :key AND object_version = :version AND state = 'completed'
        ), findings AS (DELETE FROM import_findings USING gone WHERE import_findings.import_id = gone.import_id),
        sheets AS (DELETE FROM import_sheets USING gone WHERE import_sheets.import_id = gone.import_id),
        rows AS (DELETE FROM import_rows USING gone WHERE import_rows.import_id = gone.import_id)
        UPDATE imports SET state = 'running', finished_at = NULL, rows_read = 0, rows_staged = 0, rows_by_sheet = '{}',
            report_key = NULL, attempts = 0, attempt_ends_at = NULL
        FROM gone WHERE imports.import_id = gone.import_id
    """
    connection.execute(text(statement), {"bucket": bucket, "key": key, "version": version})


def _finish(connection: Connection, import_id: int, state: str, message: str | None) -> str | None:
    """The key of the import that ends now; None where it had ended before."""
    statement = """
        UPDATE imports SET state = :state, message = :message, finished_at = clock_timestamp()
        WHERE import_id = :import_id AND state = 'running'
        RETURNING object_key
    """
    values = {"import_id": import_id, "state": state, "message": message}
    key: str | None = connection.scalar(text(statement), values)
    return key


def _audit(connection: Connection, action: Action, import_id: int, key: str, after: Mapping[str, object]) -> None:
    author = Author("import", key, import_id)
    audit.add(connection, author, Event(action, SubjectKind.IMPORT, import_id, after=after))
