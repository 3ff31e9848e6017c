"""Makes the report of an import: reads the file again, and writes it anew with what became of each row."""

import tempfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from chalicelib.imports import findings, jobs
from chalicelib.imports.files import CONTENT_TYPES, report_key
from chalicelib.imports.headers import Layout, find_layouts
from chalicelib.imports.jobs import ImportJob
from chalicelib.imports.reading.workbook import read_workbook
from chalicelib.imports.report.summary import Summary
from chalicelib.imports.report.workbook import ReportedSheet, write_report
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.importing import ImportState

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from sqlalchemy import Connection

SAID_MOST = 20

# Above this, a download goes to the disk instead of memory; Lambda has 512 MB there.
MEMORY_BYTES = 16 * 2**20


def make_report(database: Database, s3: "S3Client", bucket: str, import_id: int) -> str | None:
    """Makes and uploads the report, and notes its key. None for an import that is not completed, or not there."""
    job = _job(database, import_id)
    if job is None or job.state != ImportState.COMPLETED:
        return None
    key = report_key(import_id, job.file_name)
    with (
        tempfile.SpooledTemporaryFile(MEMORY_BYTES) as original,
        tempfile.SpooledTemporaryFile(MEMORY_BYTES) as report,
    ):
        _download(s3, job, original)
        _write(database, job, original, report)
        report.seek(0)
        s3.put_object(Bucket=bucket, Key=key, Body=report, ContentType=CONTENT_TYPES[".xlsx"])
    _note(database, import_id, key)
    return key


@retried
def _job(database: Database, import_id: int) -> ImportJob | None:
    with database.reading() as connection:
        return jobs.find(connection, import_id)


def _download(s3: "S3Client", job: ImportJob, file: IO[bytes]) -> None:
    # An unversioned bucket has no version to name; the import then knows its object by its ETag.
    version = job.object_version or ""
    named = {} if version.startswith("etag ") else {"VersionId": version}
    answer = s3.get_object(Bucket=job.bucket, Key=job.object_key, **named)  # type: ignore[arg-type]
    for block in answer["Body"].iter_chunks(2**20):
        file.write(block)
    file.seek(0)


@retried
def _write(database: Database, job: ImportJob, original: IO[bytes], report: IO[bytes]) -> None:
    original.seek(0)
    report.seek(0)
    report.truncate()
    layouts, _ = find_layouts(read_workbook(original))
    # A transaction for its cursors; nothing in it writes.
    with database.transaction() as tx:
        said_most = findings.said_most(tx.connection, job.import_id, SAID_MOST)
        write_report(report, _summary(job, said_most), _sheets(tx.connection, job.import_id, layouts))


def _sheets(connection: "Connection", import_id: int, layouts: list[Layout]) -> Iterator[ReportedSheet]:
    for layout in layouts:
        yield ReportedSheet(layout, findings.row_outcomes(connection, import_id, layout.sheet.name))


def _summary(job: ImportJob, said_most: list[findings.FindingCount]) -> Summary:
    assert job.finished_at is not None, "the database has it for every completed import"
    return Summary(job.import_id, job.file_name, job.created_at, job.finished_at, job.sheets, said_most, job.is_dry_run)


@retried
def _note(database: Database, import_id: int, key: str) -> None:
    with database.transaction() as tx:
        jobs.set_report(tx.connection, import_id, key)
        tx.commit()
