"""What an import changed, as pages and as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chalicelib.errors import ImportNotFound
from chalicelib.imports import changes
from chalicelib.imports.changes import CHANGED, ChangedRow
from chalicelib.imports.jobs import ImportJob, SheetCounts
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.importing import ImportState
from chalicelib.rules.text import harmless
from chalicelib.services.files import published
from chalicelib.storage.paging import Cursor, Slice

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HEADER = ("sheet", "row", "kind", "number", "field", "before", "after")

# Rows of a file, which is made while somebody waits for it; a few seconds.
MOST_ROWS = 100_000
_ROWS_A_READ = 5_000


def sheets_that_changed(job: ImportJob) -> Sequence[SheetCounts]:
    """The sheets of a completed import of which rows changed something."""
    return [sheet for sheet in job.sheets if sheet.updated and sheet.kind in CHANGED]


def sheet_that_changed(job: ImportJob, name: str | None) -> SheetCounts | None:
    """The sheet of this name, or the first one if no name is given; None if no row of it changed something."""
    return next((each for each in sheets_that_changed(job) if name in (None, each.sheet)), None)


@retried
def list_changes(database: Database, job: ImportJob, sheet: SheetCounts, *, cursor: Cursor) -> Slice[ChangedRow]:
    """The rows of a sheet that changed something, from the top."""
    with database.reading() as connection:
        return changes.listed(connection, job.import_id, sheet=sheet.sheet, kind=sheet.kind, cursor=cursor)


def changes_link(database: Database, s3: "S3Client", signer: "S3Client", *, job: ImportJob) -> str:
    """A link to all changes of a completed import as CSV, at most those of MOST_ROWS rows; made when it is first asked
    for. Raises ImportNotFound if it changed nothing, and Unavailable without S3.
    """
    if job.state != ImportState.COMPLETED or not sheets_that_changed(job):
        raise ImportNotFound(f"Import {job.import_id} changed nothing.")
    key = f"changes/{job.import_id}/import-{job.import_id}-changes.csv"
    return published(
        s3,
        signer,
        bucket=job.bucket,
        key=key,
        make=lambda: _as_csv(database, job).encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
    )


def _as_csv(database: Database, job: ImportJob) -> str:
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(HEADER)
    for sheet in sheets_that_changed(job):
        for row in _rows(database, job, sheet):
            for each in row.values:
                about = (harmless(sheet.sheet), row.row_number, CHANGED[sheet.kind].one, row.subject_id)
                lines.writerow([*about, each.name, _cell(each.before), _cell(each.after)])
    return file.getvalue()


def _rows(database: Database, job: ImportJob, sheet: SheetCounts) -> Iterator[ChangedRow]:
    behind: int | None = None
    for _ in range(MOST_ROWS // _ROWS_A_READ):
        found = list_changes(database, job, sheet, cursor=Cursor(_ROWS_A_READ, behind))
        yield from found.rows
        behind = found.next
        if behind is None:
            return


def _cell(value: object) -> object:
    return harmless(value) if isinstance(value, str) else value
