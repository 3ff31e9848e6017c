"""The queries on imports as jobs that a person starts and watches: begun by an upload, read by page and by row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.rules.importing import FINDING_OUTCOMES
from chalicelib.storage.imports import SheetCounts

INCOMING_PREFIX = "incoming/"

ROWS_A_FETCH = 10_000


@dataclass(frozen=True)
class NewJob:
    """An import that waits for its file, which must be uploaded under the key."""

    import_id: int
    object_key: str
    created_at: datetime


@dataclass(frozen=True)
class ImportJob:
    """An import as it stands, with the counts of its sheets as far as they are known."""

    import_id: int
    bucket: str
    object_key: str
    object_version: str | None
    state: str
    message: str | None
    rows_total: int | None
    rows_read: int
    report_key: str | None
    created_at: datetime
    finished_at: datetime | None
    sheets: tuple[SheetCounts, ...]

    @property
    def file_name(self) -> str:
        return self.object_key.rpartition("/")[2]


@dataclass(frozen=True)
class StoredFinding:
    """What an import says about one cell, row or sheet; `row_number` is as Excel shows it."""

    finding_id: int
    sheet: str
    row_number: int
    outcome: str
    column: str | None
    value: str | None
    code: str
    sentence: str


@dataclass(frozen=True)
class RowOutcome:
    """What became of a row, what is said of it and how (outcomes and sentences), and the columns to blame."""

    row_number: int
    outcome: str
    findings: tuple[str, ...]
    sentences: tuple[str, ...]
    columns: frozenset[str]


@dataclass(frozen=True)
class FindingCount:
    """How often an import says the same; `example` is the sentence of the first time."""

    sheet: str
    outcome: str
    column: str | None
    rows: int
    first_row: int
    example: str


# The key holds the number of the import, so both are made in one statement.
_START = text("""
    WITH drawn AS (SELECT nextval(pg_get_serial_sequence('imports', 'import_id')) AS import_id)
    INSERT INTO imports (import_id, bucket, object_key, file_key, state, started_by, spares_registered)
    OVERRIDING SYSTEM VALUE
    SELECT import_id, :bucket, :prefix || import_id || '/' || :file_name, :prefix || CAST(:file_name AS text),
           'awaiting_upload', :started_by, :spares_registered
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

_JOBS = """
    SELECT import_id, bucket, object_key, object_version, state, message, rows_total, rows_read, report_key,
           created_at, finished_at,
           (SELECT json_agg(json_build_object(
                'sheet', sheet, 'kind', kind, 'rows_found', rows_found, 'inserted', inserted, 'updated', updated,
                'unchanged', unchanged, 'superseded', superseded, 'waiting', waiting, 'rejected', rejected,
                'renumbered', renumbered) ORDER BY kind, sheet)
            FROM import_sheets WHERE import_sheets.import_id = imports.import_id) AS sheets
    FROM imports
"""
_OWN = "AND started_by = :started_by"
_ONE = "WHERE import_id = :import_id"
_BELOW = "WHERE import_id < coalesce(CAST(:before AS bigint), 9223372036854775807)"
_PAGE = "ORDER BY import_id DESC LIMIT :limit"

# One short index scan an outcome, so that a page costs the same in an import of ten findings and of a million.
_FINDINGS = text("""
    SELECT found.finding_id, found.sheet, found.row_number, found.outcome, found.column_name, found.value, found.code,
           found.message
    FROM unnest(CAST(:outcomes AS text[])) AS wanted (outcome)
    CROSS JOIN LATERAL (
        SELECT * FROM import_findings
        WHERE import_id = :import_id AND outcome = wanted.outcome AND finding_id > :after
        ORDER BY finding_id LIMIT :limit
    ) AS found
    ORDER BY found.finding_id LIMIT :limit
""")

# Cursors, because the driver holds the whole result of an ordinary SELECT in memory. Two that are merged here rather
# than one that joins: right after an import the server has no statistics, and would join a million rows in loops.
_DECLARE_ROWS = text("""
    DECLARE report_rows NO SCROLL CURSOR FOR
    SELECT row_number, outcome FROM import_rows
    WHERE import_id = :import_id AND sheet = :sheet
    ORDER BY row_number
""")
_DECLARE_SAID = text("""
    DECLARE report_said NO SCROLL CURSOR FOR
    SELECT row_number, outcome, message, column_name FROM import_findings
    WHERE import_id = :import_id AND sheet = :sheet
    ORDER BY row_number, finding_id
""")

_FINDING_COUNTS = text("""
    SELECT sheet, outcome, column_name, count(*), min(row_number), (array_agg(message ORDER BY finding_id))[1]
    FROM import_findings WHERE import_id = :import_id
    GROUP BY sheet, outcome, column_name, code
    ORDER BY array_position(CAST(:outcomes AS text[]), outcome), count(*) DESC, sheet, column_name
    LIMIT :limit
""")

_IS_RELEASABLE = text("""
    SELECT EXISTS (
        SELECT FROM import_findings JOIN imports USING (import_id)
        WHERE import_id = :import_id AND state = 'completed' AND outcome = 'rejected'
          AND code = 'not_yours'
    ) OR EXISTS (
        SELECT FROM import_sheets JOIN imports USING (import_id)
        WHERE import_id = :import_id AND state = 'completed' AND spares_registered AND waiting > 0
    )
""")

_SET_REPORT = text("UPDATE imports SET report_key = :report_key WHERE import_id = :import_id")


def start(
    connection: Connection,
    *,
    bucket: str,
    file_name: str,
    started_by: str,
    spares_registered: bool = False,
) -> NewJob:
    """Inserts an import that waits for a file of this name, and may change what storage/tables.py says of these."""
    values = {
        "bucket": bucket,
        "prefix": INCOMING_PREFIX,
        "file_name": file_name,
        "started_by": started_by,
        "spares_registered": spares_registered,
    }
    return NewJob(*connection.execute(_START, values).one())


def adopt(
    connection: Connection,
    *,
    bucket: str,
    key: str,
    version: str,
    sequencer: str | None,
    size_bytes: int,
    uploaded_at: datetime | None = None,
) -> bool:
    """Gives the import that waits for this object its first version, and lets it run. False where none waits."""
    values = {
        "bucket": bucket,
        "key": key,
        "version": version,
        "sequencer": sequencer,
        "size_bytes": size_bytes,
        "uploaded_at": uploaded_at,
    }
    return connection.execute(_ADOPT, values).rowcount == 1


def give_up_waiting(connection: Connection, seconds: int, message: str) -> int:
    """Fails, with this message, the imports that have waited for their file for so long; returns how many."""
    return connection.execute(_GIVE_UP, {"seconds": seconds, "message": message}).rowcount


def get(connection: Connection, import_id: int, started_by: str | None = None) -> ImportJob | None:
    """One import; None where there is none of that number, or none that `started_by` asked for, if given."""
    values = {"import_id": import_id, "started_by": started_by}
    row = connection.execute(text(f"{_JOBS} {_ONE} {_OWN if started_by else ''}"), values).first()
    return None if row is None else _job(row._asdict())


def page(connection: Connection, before: int | None, limit: int, started_by: str | None = None) -> list[ImportJob]:
    """The newest imports first, from below the number `before` on; all, or those that `started_by` asked for."""
    values = {"before": before, "limit": limit, "started_by": started_by}
    rows = connection.execute(text(f"{_JOBS} {_BELOW} {_OWN if started_by else ''} {_PAGE}"), values)
    return [_job(row._asdict()) for row in rows]


def findings(
    connection: Connection, import_id: int, outcomes: Sequence[str], after: int, limit: int
) -> list[StoredFinding]:
    """What an import says about rows with one of these outcomes, in the order it said it, above the number `after`."""
    values = {"import_id": import_id, "outcomes": list(outcomes), "after": after, "limit": limit}
    return [StoredFinding(*row) for row in connection.execute(_FINDINGS, values)]


def is_releasable(connection: Connection, import_id: int) -> bool:
    """Whether a completed import left out rows, or left loans waiting, that it would not with the rights of another."""
    return bool(connection.execute(_IS_RELEASABLE, {"import_id": import_id}).scalar_one())


def finding_counts(connection: Connection, import_id: int, limit: int) -> list[FindingCount]:
    """What an import says most often, the gravest outcome first."""
    values = {"import_id": import_id, "outcomes": list(FINDING_OUTCOMES), "limit": limit}
    return [FindingCount(*row) for row in connection.execute(_FINDING_COUNTS, values)]


def row_outcomes(connection: Connection, import_id: int, sheet: str) -> Iterator[RowOutcome]:
    """What became of every row of a sheet, from the top, some thousands in memory at a time.

    Needs a transaction. Whoever begins with a sheet has done with the one before.
    """
    connection.exec_driver_sql("CLOSE ALL")
    for statement in (_DECLARE_ROWS, _DECLARE_SAID):
        connection.execute(statement, {"import_id": import_id, "sheet": sheet})
    said = _fetched(connection, "report_said")
    next_said = next(said, None)
    for row_number, outcome in _fetched(connection, "report_rows"):
        own = []
        while next_said and next_said[0] <= row_number:
            if next_said[0] == row_number:
                own.append(next_said)
            next_said = next(said, None)
        yield _row_outcome(row_number, outcome, own)


def _fetched(connection: Connection, cursor: str) -> Iterator[Sequence[Any]]:
    while rows := connection.exec_driver_sql(f"FETCH {ROWS_A_FETCH} FROM {cursor}").all():
        yield from rows


def _row_outcome(row_number: int, outcome: str, said: Sequence[Sequence[Any]]) -> RowOutcome:
    return RowOutcome(
        row_number,
        outcome,
        findings=tuple(each[1] for each in said),
        sentences=tuple(each[2] for each in said),
        columns=frozenset(each[3] for each in said if each[3]),
    )


def set_report(connection: Connection, import_id: int, report_key: str) -> None:
    """Notes where the report of an import lies in the bucket."""
    connection.execute(_SET_REPORT, {"import_id": import_id, "report_key": report_key})


def _job(row: Mapping[str, Any]) -> ImportJob:
    return ImportJob(**{**row, "sheets": tuple(SheetCounts(**sheet) for sheet in row["sheets"] or ())})
