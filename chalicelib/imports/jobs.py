"""The queries on imports: asked for, begun, watched, run and ended. Each is of one version of one object in S3."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, text

from chalicelib.imports.files import INCOMING_PREFIX
from chalicelib.rules.access import Author
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.importing import ImportState
from chalicelib.storage import audit
from chalicelib.storage.import_tables import import_sheets
from chalicelib.storage.paging import Cursor, Slice


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


# The counts of a sheet: how many rows were found, then what became of them.
COUNTS = tuple(field.name for field in fields(SheetCounts) if field.type is int)


@dataclass(frozen=True)
class NewJob:
    """An import that waits for its file, which must be uploaded under the key."""

    import_id: int
    object_key: str
    created_at: datetime


@dataclass(frozen=True)
class ImportJob:
    """An import as it stands; `message` says why it failed, `rows_total` is None until the file was opened.

    `rows_by_sheet` are the rows found so far, None where they were not counted from the start; `sheets` are the counts
    of a completed import.
    """

    import_id: int
    bucket: str
    object_key: str
    object_version: str | None
    state: str
    message: str | None
    rows_total: int | None
    rows_read: int
    rows_staged: int
    rows_by_sheet: dict[str, int] | None
    report_key: str | None
    created_at: datetime
    finished_at: datetime | None
    # Who asked for it: user:3, key:12; None for a file that was put into the bucket.
    started_by: str | None = None
    # Whether all was applied and taken back.
    is_dry_run: bool = False
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None
    sheets: tuple[SheetCounts, ...] = ()

    @property
    def file_name(self) -> str:
        return self.object_key.rpartition("/")[2]

    @property
    def percent(self) -> int | None:
        """How much of the file is read, 0 to 100; None until it is open."""
        if self.state == ImportState.COMPLETED:
            return 100
        return min(100, self.rows_read * 100 // self.rows_total) if self.rows_total else None


def totals(sheets: Sequence[SheetCounts]) -> dict[str, int]:
    """The counts of an import over its sheets."""
    return {name: sum(getattr(sheet, name) for sheet in sheets) for name in COUNTS}


_SHEET = ", ".join(f"'{field.name}', {field.name}" for field in fields(SheetCounts))
SHEETS = f"""(SELECT json_agg(json_build_object({_SHEET}) ORDER BY kind, sheet)
             FROM import_sheets WHERE import_sheets.import_id = imports.import_id)"""
COLUMNS = tuple(field.name for field in fields(ImportJob) if field.name != "sheets")
_JOBS = f"""
    SELECT {", ".join(COLUMNS)}, {SHEETS} AS sheets
    FROM imports
"""
_ONE = "WHERE import_id = :import_id"
_OWN = "AND started_by = :started_by"
_BELOW = "WHERE import_id < coalesce(CAST(:before AS bigint), 9223372036854775807)"
_NEWEST = "ORDER BY import_id DESC LIMIT :most"

# The key holds the number of the import, so both are made in one statement.
_START = text("""
    WITH drawn AS (SELECT nextval(pg_get_serial_sequence('imports', 'import_id')) AS import_id)
    INSERT INTO imports (import_id, bucket, object_key, file_key, state, started_by, spares_registered, is_released,
                         is_dry_run)
    OVERRIDING SYSTEM VALUE
    SELECT import_id, :bucket, :prefix || import_id || '/' || :file_name, :prefix || CAST(:file_name AS text),
           'awaiting_upload', :started_by, :spares_registered, :is_released, :is_dry_run
    FROM drawn
    RETURNING import_id, object_key, created_at
""")

# From an import that waits for its file to one that runs on this version of it. A second delivery of the notice, or
# a second upload, finds nothing that waits.
_ADOPT = text("""
    UPDATE imports
    SET state = 'running', object_version = :version, sequencer = :sequencer, size_bytes = :size_bytes,
        uploaded_at = :uploaded_at, rows_by_sheet = '{}'
    WHERE bucket = :bucket AND object_key = :key AND state = 'awaiting_upload'
""")

# The form of an import that was asked for can be posted again: what arrives then is a version of the same file, and
# may do what that import may.
_BEGIN = text("""
    INSERT INTO imports
           (bucket, object_key, object_version, sequencer, uploaded_at, size_bytes, rows_by_sheet,
            file_key, started_by, spares_registered, is_released, is_dry_run)
    SELECT :bucket, :key, :version, :sequencer, :uploaded_at, :size_bytes, '{}',
           coalesce(asked.file_key, :key), asked.started_by, coalesce(asked.spares_registered, false),
           coalesce(asked.is_released, false), coalesce(asked.is_dry_run, false)
    FROM (VALUES (1)) AS one (row)
    LEFT JOIN LATERAL (
        SELECT file_key, started_by, spares_registered, is_released, is_dry_run FROM imports
        WHERE bucket = :bucket AND object_key = :key AND file_key IS NOT NULL
        ORDER BY import_id LIMIT 1
    ) AS asked ON true
    ON CONFLICT ON CONSTRAINT imports_object_key DO NOTHING
""")
_OF_VERSION = "WHERE bucket = :bucket AND object_key = :key AND object_version = :version"

# From imports whose file has not arrived for so long to failed ones, which the audit log tells of.
_GIVE_UP = text("""
    WITH given_up AS (
        UPDATE imports
        SET state = 'failed', message = :message, finished_at = clock_timestamp()
        WHERE state = 'awaiting_upload' AND created_at < now() - make_interval(secs => :seconds)
        RETURNING import_id, object_key, message
    )
    INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, subject_kind, subject_id, after)
    SELECT 'import', import_id, object_key, 'import_failed', 'import', CAST(import_id AS text),
           jsonb_build_object('message', message)
    FROM given_up
""")

_NOTE_OPENED = text("""
    UPDATE imports SET rows_total = :rows_total, uploaded_at = COALESCE(uploaded_at, :uploaded_at)
    WHERE import_id = :import_id AND state = 'running'
""")

# NULL stays NULL: what was not counted from the start is not counted at all.
_NOTE_PROGRESS = text("""
    UPDATE imports
    SET rows_read = :rows_read, rows_staged = rows_staged + :staged, attempts = 0,
        rows_by_sheet = rows_by_sheet || jsonb_build_object(
            CAST(:sheet AS text), coalesce(CAST(rows_by_sheet ->> :sheet AS bigint), 0) + :found)
    WHERE import_id = :import_id
""")

# From a running import to one that ended; one that had ended before stays as it is.
_FINISH = text("""
    UPDATE imports SET state = :state, message = :message, finished_at = clock_timestamp()
    WHERE import_id = :import_id AND state = 'running'
    RETURNING object_key
""")

_DISMISS = text("""
    UPDATE imports SET dismissed_at = clock_timestamp(), dismissed_by = :by
    WHERE import_id = :import_id AND state = 'failed' AND dismissed_at IS NULL
""")
_RESTORE = text("""
    UPDATE imports SET dismissed_at = NULL, dismissed_by = NULL
    WHERE import_id = :import_id AND dismissed_at IS NOT NULL
""")

_SET_REPORT = text("UPDATE imports SET report_key = :report_key WHERE import_id = :import_id")

# Imports of newer versions of the same file that are done: of the same key, or of the same name where that was asked
# for. For one key S3's sequencers tell, the shorter filled up with zeros on the right, as AWS documents it; for two
# keys, and where a sequencer is missing or both are the same, when the versions were uploaded does.
_NEWER = text("""
    WITH own AS (SELECT * FROM imports WHERE import_id = :import_id),
    done AS (
        SELECT done.* FROM own JOIN imports AS done USING (bucket, object_key)
        WHERE done.state = 'completed' AND NOT done.is_dry_run
        UNION
        SELECT done.* FROM own JOIN imports AS done USING (bucket, file_key)
        WHERE done.state = 'completed' AND NOT done.is_dry_run
    )
    SELECT done.import_id
    FROM own CROSS JOIN done
    WHERE CASE WHEN done.object_key = own.object_key
                    AND rpad(upper(done.sequencer), 64, '0') <> rpad(upper(own.sequencer), 64, '0')
               THEN rpad(upper(done.sequencer), 64, '0') > rpad(upper(own.sequencer), 64, '0') COLLATE "C"
               ELSE done.uploaded_at > own.uploaded_at END
""")

_IS_RELEASABLE = text("""
    SELECT EXISTS (
        SELECT FROM import_findings JOIN imports USING (import_id)
        WHERE import_id = :import_id AND state = 'completed' AND outcome = 'rejected' AND NOT is_dry_run
          AND (code = 'not_yours' OR (code = 'number_out_of_reach' AND NOT is_released))
    ) OR EXISTS (
        SELECT FROM import_sheets JOIN imports USING (import_id)
        WHERE import_id = :import_id AND state = 'completed' AND NOT is_dry_run AND spares_registered
          AND waiting > 0 AND kind = 'loans'
    )
""")

_IS_POPULATED = text("""
    SELECT EXISTS (SELECT FROM customers) OR EXISTS (SELECT FROM loans) OR EXISTS (SELECT FROM waiting_loans)
           OR EXISTS (SELECT FROM waiting_openings) OR EXISTS (SELECT FROM waiting_receipts)
""")

# From a completed import to one that has not begun to read, without anything it said.
_FORGET = text("""
    WITH gone AS (
        SELECT import_id FROM imports
        WHERE bucket = :bucket AND object_key = :key AND object_version = :version AND state = 'completed'
    ), findings AS (DELETE FROM import_findings USING gone WHERE import_findings.import_id = gone.import_id),
    sheets AS (DELETE FROM import_sheets USING gone WHERE import_sheets.import_id = gone.import_id),
    rows AS (DELETE FROM import_rows USING gone WHERE import_rows.import_id = gone.import_id)
    UPDATE imports SET state = 'running', finished_at = NULL, rows_read = 0, rows_staged = 0, rows_by_sheet = '{}',
        report_key = NULL, attempts = 0, attempt_ends_at = NULL
    FROM gone WHERE imports.import_id = gone.import_id
""")


def start(
    connection: Connection,
    *,
    bucket: str,
    file_name: str,
    started_by: str,
    spares_registered: bool = False,
    is_released: bool = False,
    is_dry_run: bool = False,
) -> NewJob:
    """Inserts an import that waits for a file of this name, and may change what its columns say (import_tables.py)."""
    values = {
        "bucket": bucket,
        "prefix": INCOMING_PREFIX,
        "file_name": file_name,
        "started_by": started_by,
        "spares_registered": spares_registered,
        "is_released": is_released,
        "is_dry_run": is_dry_run,
    }
    return NewJob(*connection.execute(_START, values).one())


def begin(
    connection: Connection,
    *,
    bucket: str,
    key: str,
    version: str,
    sequencer: str | None,
    uploaded_at: datetime | None,
    size_bytes: int,
) -> ImportJob:
    """The import of this version of the object, as it stands: the one that waited for it, the one that was begun with
    it before, or else a new one.
    """
    values = {"bucket": bucket, "key": key, "version": version}
    more = {"sequencer": sequencer, "uploaded_at": uploaded_at, "size_bytes": size_bytes}
    connection.execute(_ADOPT, values | more)
    is_new = connection.execute(_BEGIN, values | more).rowcount == 1
    job = job_of(connection.execute(text(f"{_JOBS} {_OF_VERSION}"), values).one()._asdict())
    if is_new:
        _audit(connection, Action.IMPORT_STARTED, job.import_id, key, {"size_bytes": size_bytes})
    return job


def find(connection: Connection, import_id: int, started_by: str | None = None) -> ImportJob | None:
    """One import; None where there is none of that number, or none that `started_by` asked for, if given."""
    statement = text(f"{_JOBS} {_ONE} {_OWN if started_by else ''}")
    row = connection.execute(statement, {"import_id": import_id, "started_by": started_by}).first()
    return None if row is None else job_of(row._asdict())


def exists(connection: Connection, import_id: int, started_by: str | None = None) -> bool:
    """Whether `find` would find an import."""
    statement = text(f"SELECT EXISTS (SELECT FROM imports {_ONE} {_OWN if started_by else ''})")
    return bool(connection.execute(statement, {"import_id": import_id, "started_by": started_by}).scalar_one())


def listed(connection: Connection, cursor: Cursor, started_by: str | None = None) -> Slice[ImportJob]:
    """The newest imports first; all, or those that `started_by` asked for."""
    values = {"before": cursor.behind, "most": cursor.asked, "started_by": started_by}
    rows = connection.execute(text(f"{_JOBS} {_BELOW} {_OWN if started_by else ''} {_NEWEST}"), values)
    return cursor.slice([job_of(row._asdict()) for row in rows], lambda job: job.import_id)


def get(connection: Connection, import_id: int) -> ImportJob:
    """An import that there is, as it stands."""
    return job_of(connection.execute(text(f"{_JOBS} {_ONE}"), {"import_id": import_id}).one()._asdict())


def lock(connection: Connection, import_id: int) -> ImportJob:
    """As get, and makes other workers on the same import wait until the transaction ends."""
    return job_of(connection.execute(text(f"{_JOBS} {_ONE} FOR UPDATE"), {"import_id": import_id}).one()._asdict())


def note_opened(connection: Connection, import_id: int, *, rows_total: int, uploaded_at: datetime | None) -> None:
    """Notes what is known once the file is open; when it was uploaded only if no notice has said so before."""
    values = {"import_id": import_id, "rows_total": rows_total, "uploaded_at": uploaded_at}
    connection.execute(_NOTE_OPENED, values)


def note_progress(
    connection: Connection, import_id: int, *, rows_read: int, sheet: str, found: int, staged: int
) -> None:
    """Moves the progress to `rows_read`: so many rows more of the sheet are found, and `staged` lie in staging."""
    values = {"import_id": import_id, "rows_read": rows_read, "sheet": sheet, "found": found, "staged": staged}
    connection.execute(_NOTE_PROGRESS, values)


def complete(connection: Connection, import_id: int, sheets: Sequence[SheetCounts]) -> None:
    """Notes the counts, and that the import is done. The database refuses counts that do not add up."""
    for sheet in sheets:
        connection.execute(insert(import_sheets).values(import_id=import_id, **asdict(sheet)))
    after = {"sheets": [asdict(sheet) for sheet in sheets]}
    _finish(connection, import_id, ImportState.COMPLETED, None, Action.IMPORT_COMPLETED, after)


def fail(connection: Connection, import_id: int, message: str) -> None:
    """Notes why the file could not be imported, unless the import has ended already."""
    _finish(connection, import_id, ImportState.FAILED, message, Action.IMPORT_FAILED, {"message": message})


def dismiss(connection: Connection, import_id: int, by: str | None) -> bool:
    """Notes who says of a failed import that there is nothing left to do about it, or takes that back for None. Returns
    whether that changed anything.
    """
    statement = _RESTORE if by is None else _DISMISS
    return connection.execute(statement, {"import_id": import_id, "by": by}).rowcount == 1


def give_up_waiting(connection: Connection, seconds: int, message: str) -> int:
    """Fails, with this message, the imports that have waited for their file for so long; returns how many."""
    return connection.execute(_GIVE_UP, {"seconds": seconds, "message": message}).rowcount


def set_report(connection: Connection, import_id: int, report_key: str) -> None:
    """Notes where the report of an import lies in the bucket."""
    connection.execute(_SET_REPORT, {"import_id": import_id, "report_key": report_key})


def newer_versions(connection: Connection, import_id: int) -> list[int]:
    """The completed imports of newer versions of the same file; hardly ever any."""
    return list(connection.scalars(_NEWER, {"import_id": import_id}))


def is_releasable(connection: Connection, import_id: int) -> bool:
    """Whether a completed import left out rows, or left loans waiting, that it would not with the rights of another."""
    return bool(connection.execute(_IS_RELEASABLE, {"import_id": import_id}).scalar_one())


def author_of(connection: Connection, import_id: int) -> Author:
    """The import as the author of what it changes."""
    key = connection.execute(text("SELECT object_key FROM imports WHERE import_id = :id"), {"id": import_id})
    return Author("import", key.scalar_one(), import_id)


def is_populated(connection: Connection) -> bool:
    """Whether anything was imported or registered here: any customer or loan, also a waiting one."""
    return bool(connection.execute(_IS_POPULATED).scalar_one())


def forget(connection: Connection, *, bucket: str, key: str, version: str) -> None:
    """Forgets a completed import and its report, so that the same object can be imported again."""
    connection.execute(_FORGET, {"bucket": bucket, "key": key, "version": version})


def job_of(row: Mapping[str, Any]) -> ImportJob:
    """The import of a row with COLUMNS and the SHEETS."""
    return ImportJob(**{**row, "sheets": tuple(SheetCounts(**sheet) for sheet in row["sheets"] or ())})


def _finish(
    connection: Connection, import_id: int, state: str, message: str | None, action: Action, after: Mapping[str, object]
) -> None:
    """Ends an import that runs, and tells the audit log."""
    key = connection.scalar(_FINISH, {"import_id": import_id, "state": state, "message": message})
    if key is not None:
        _audit(connection, action, import_id, key, after)


def _audit(connection: Connection, action: Action, import_id: int, key: str, after: Mapping[str, object]) -> None:
    author = Author("import", key, import_id)
    audit.add(connection, author, Event(action, SubjectKind.IMPORT, import_id, after=after))
