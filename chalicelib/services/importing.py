"""Imports workbooks from S3: each version of an object once, whole or not at all.

What is wrong with a file ends the import with a sentence. What is wrong with the database, S3 or us is raised:
the message goes back to the queue, and the next delivery does the import from its start.
"""

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import count
from typing import IO, TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.ingest.events import ObjectReference, references
from chalicelib.ingest.findings import Finding
from chalicelib.ingest.headers import Layout, find_layouts
from chalicelib.ingest.rows import read_chunks
from chalicelib.ingest.workbook import FileRefused, read_workbook
from chalicelib.logs import log, log_exception
from chalicelib.storage import imports
from chalicelib.storage.database import Database
from chalicelib.storage.errors import retried
from chalicelib.storage.imports import ImportRecord, SheetCounts
from chalicelib.storage.merging import MergedRows
from chalicelib.storage.merging_customers import merge_customers
from chalicelib.storage.merging_loans import merge_loans
from chalicelib.storage.staging import add_findings, create_staging, stage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from sqlalchemy import Connection

MAX_OBJECT_BYTES = 200 * 2**20

# The object was deleted, or this version of it was, before its message was read.
GONE = {"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed"}

MERGES = {"customers": merge_customers, "loans": merge_loans}


@dataclass(frozen=True)
class ImportResult:
    """How an import ended. `repeated` is True where it had ended before, and nothing was done now."""

    import_id: int
    state: str
    message: str | None = None
    sheets: tuple[SheetCounts, ...] = ()
    repeated: bool = False


def import_messages(database: Database, s3: "S3Client", messages: Iterable[tuple[str, str]]) -> list[str]:
    """Imports what the messages (id, body) tell of; returns the ids of those that must be delivered again."""
    return [message_id for message_id, body in messages if not _is_done(database, s3, message_id, body)]


def import_object(database: Database, s3: "S3Client", reference: ObjectReference) -> ImportResult:
    """Imports one version of an object. A second call for the same version changes nothing.

    Raises what the database, S3 or a fault of ours raises; then nothing of the file was applied.
    """
    record = _begin(database, reference)
    if record.state != imports.RUNNING:
        return ImportResult(record.import_id, record.state, record.message, repeated=True)
    try:
        with _downloaded(s3, reference) as file:
            layouts, findings = find_layouts(read_workbook(file))
        result = _load(database, record.import_id, layouts, findings)
    except FileRefused as refusal:
        return _fail(database, record.import_id, str(refusal))
    _apply_latecomers(database)
    return result


def _is_done(database: Database, s3: "S3Client", message_id: str, body: str) -> bool:
    try:
        for reference in references(body):
            _import_and_log(database, s3, reference)
    except Exception as error:
        # Whatever it is, the queue counts the attempts, and after the last one a person looks at it.
        log_exception("import_interrupted", error, message_id=message_id)
        return False
    return True


def _import_and_log(database: Database, s3: "S3Client", reference: ObjectReference) -> None:
    began = time.monotonic()
    result = import_object(database, s3, reference)
    log(
        "import",
        import_id=result.import_id,
        key=reference.key,
        version=reference.identity,
        state=result.state,
        repeated=result.repeated,
        message=result.message,
        sheets=[vars(sheet) for sheet in result.sheets],
        ms=round((time.monotonic() - began) * 1000),
    )


@retried
def _begin(database: Database, reference: ObjectReference) -> ImportRecord:
    """Notes the import in a transaction of its own, so that it can be watched while it runs."""
    with database.transaction() as tx:
        record = imports.begin(
            tx.connection,
            bucket=reference.bucket,
            key=reference.key,
            version=reference.identity,
            sequencer=reference.sequencer,
            size_bytes=reference.size_bytes,
        )
        tx.commit()
    return record


@contextmanager
def _downloaded(s3: "S3Client", reference: ObjectReference) -> Iterator[IO[bytes]]:
    """The object in a temporary file. Raises FileRefused where it is gone or too large."""
    version = {"VersionId": reference.version_id} if reference.version_id else {}
    try:
        answer = s3.get_object(Bucket=reference.bucket, Key=reference.key, **version)  # type: ignore[arg-type]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in GONE:
            raise FileRefused(f"The object {reference.key} was deleted before it could be read.") from error
        raise
    if answer["ContentLength"] > MAX_OBJECT_BYTES:
        raise FileRefused(
            f"The file has {answer['ContentLength']} bytes; at most {MAX_OBJECT_BYTES} are read. Split it."
        )
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(answer["Body"], file)
        file.seek(0)
        yield file


@retried
def _load(database: Database, import_id: int, layouts: Sequence[Layout], findings: Sequence[Finding]) -> ImportResult:
    """Applies all of a workbook in one transaction, unless another worker has done so."""
    with database.transaction() as tx:
        record = imports.lock(tx.connection, import_id)
        if record.state != imports.RUNNING:
            return ImportResult(import_id, record.state, record.message, repeated=True)
        imports.lock_merging(tx.connection)
        sheets = _merge(tx.connection, import_id, layouts, findings)
        imports.complete(tx.connection, import_id, sheets)
        tx.commit()
    return ImportResult(import_id, imports.COMPLETED, sheets=tuple(sheets))


def _merge(
    connection: "Connection", import_id: int, layouts: Sequence[Layout], findings: Sequence[Finding]
) -> list[SheetCounts]:
    create_staging(connection)
    add_findings(connection, import_id, findings)
    positions = count(1)
    read = [_stage(connection, import_id, layout, positions) for layout in layouts]
    # Customers before loans, so that a workbook with both leaves nothing waiting.
    merged = [rows for kind, merge in MERGES.items() if _has(read, kind) for rows in merge(connection, import_id)]
    return [_counts(sheet, merged) for sheet in read]


def _stage(connection: "Connection", import_id: int, layout: Layout, positions: Iterator[int]) -> SheetCounts:
    """Writes the good rows of a sheet to staging and the bad ones to the report."""
    found = rejected = 0
    add_findings(connection, import_id, layout.findings)
    for chunk in read_chunks(layout):
        placed = ((next(positions), layout.sheet.name, good.row_number, *good.row) for good in chunk.good)
        stage(connection, layout.kind.name, placed)
        add_findings(connection, import_id, chunk.findings)
        found += chunk.found
        rejected += chunk.rejected
    return SheetCounts(layout.sheet.name, layout.kind.name, rows_found=found, rejected=rejected)


def _has(sheets: Sequence[SheetCounts], kind: str) -> bool:
    return any(sheet.kind == kind for sheet in sheets)


def _counts(read: SheetCounts, merged: Sequence[MergedRows]) -> SheetCounts:
    own = [rows for rows in merged if rows.sheet == read.sheet]
    outcomes = {rows.outcome: rows.rows for rows in own}
    known = {field.name: getattr(read, field.name) for field in fields(read)}
    return SheetCounts(**(known | outcomes | {"renumbered": sum(rows.renumbered for rows in own)}))


@retried
def _fail(database: Database, import_id: int, message: str) -> ImportResult:
    with database.transaction() as tx:
        record = imports.lock(tx.connection, import_id)
        if record.state == imports.RUNNING:
            imports.fail(tx.connection, import_id, message)
        tx.commit()
    return ImportResult(import_id, imports.FAILED, message)


@retried
def _apply_latecomers(database: Database) -> None:
    """Applies loans whose customer was registered while the import, not seeing it yet, let them wait."""
    with database.transaction() as tx:
        imports.apply_waiting_loans(tx.connection)
        tx.commit()
