"""Imports workbooks from S3: each version of an object once, whole or not at all.

What is wrong with a file ends the import with a sentence. What is wrong with the database, S3 or us is raised:
the message goes back to the queue, and the next delivery goes on where the import stopped.
"""

import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import IO, TYPE_CHECKING, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import DatabaseUnavailable
from chalicelib.imports import attempts, jobs, staging
from chalicelib.imports.headers import find_layouts
from chalicelib.imports.jobs import ImportJob, SheetCounts
from chalicelib.imports.loading import OpenedFile, OutOfTime, TimeLeft, load
from chalicelib.imports.process import for_many_rows
from chalicelib.imports.reading.processor_budget import processor_budget, reading_seconds, size_of
from chalicelib.imports.reading.workbook import FileRefused, read_workbook
from chalicelib.imports.s3_events import ObjectReference, message_for, references
from chalicelib.logs import log, log_exception
from chalicelib.metrics import log_import
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.bounds import MAX_FILE_BYTES
from chalicelib.rules.importing import COUNTED_OUTCOMES, ImportState
from chalicelib.storage.waiting_loans import apply_waiting_loans

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from sqlalchemy import Connection

# The longest that AWS lets an invocation run.
LONGEST_SECONDS = 900

# What writing a report takes on a slow day: twice what was measured.
REPORT_SECONDS_A_ROW = 1e-4

# The object was deleted, or this version of it was, before its message was read.
GONE = {"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed"}

# Puts a message into the queue, as if S3 had sent it.
Send: TypeAlias = Callable[[str], object]


@dataclass(frozen=True)
class ImportResult:
    """How an import ended. `repeated` is True where it had ended before, and nothing was done now."""

    import_id: int
    state: str
    message: str | None = None
    rows: int = 0
    report_key: str | None = None
    sheets: tuple[SheetCounts, ...] = ()
    repeated: bool = False
    is_dry_run: bool = False


def no_end() -> float:
    """The time left where nobody ends the invocation."""
    return math.inf


def import_messages(
    database: Database,
    s3: "S3Client",
    messages: Iterable[tuple[str, str]],
    time_left: TimeLeft = no_end,
    send: Send | None = None,
    today: date | None = None,
) -> list[str]:
    """Imports what the messages (id, body) tell of; returns the ids of those that must be delivered again.

    An import for which the time is too short goes on with a message of its own, if there is a way to `send` one:
    the queue would hide the old one for long, and counts its deliveries as failures. `today` as for import_object.
    """
    return [
        message_id
        for message_id, body in messages
        if not _is_done(database, s3, message_id, body, time_left, send, today)
    ]


def import_object(
    database: Database,
    s3: "S3Client",
    reference: ObjectReference,
    time_left: TimeLeft = no_end,
    ended: Callable[[ImportResult], object] = lambda _: None,
    today: date | None = None,
) -> ImportResult:
    """Imports one version of an object. A second call for the same version changes nothing.

    `ended` is called once the end is committed, whatever fails after that. `today` is the date at the lender's place of
    business, of which no receipt may be ahead; if it is left out, that of UTC.

    Raises OutOfTime where another invocation has to go on, and what the database, S3 or a fault of ours raises;
    then nothing of the file was applied.
    """
    job = _begin(database, reference, min(time_left(), LONGEST_SECONDS))
    if job.state == ImportState.RUNNING:
        day = today or datetime.now(UTC).date()
        result = _run(database, s3, reference, job.import_id, time_left, day)
    else:
        result = _result(job, repeated=True)
    ended(result)
    if result.state == ImportState.COMPLETED and not result.is_dry_run:
        # Also where it had ended before: whoever ended it may not have come so far.
        _apply_latecomers(database, result.import_id)
    return result


def _run(
    database: Database,
    s3: "S3Client",
    reference: ObjectReference,
    import_id: int,
    time_left: TimeLeft,
    today: date,
) -> ImportResult:
    try:
        with _downloaded(s3, reference) as (file, uploaded_at), for_many_rows():
            with processor_budget(reading_seconds(size_of(file))):
                opened = OpenedFile(*find_layouts(read_workbook(file)), uploaded_at)
            job, is_ended_here = load(database, import_id, opened, time_left, today)
            return _result(job, repeated=not is_ended_here)
    except FileRefused as refusal:
        return _fail(database, import_id, str(refusal))
    except Exception:
        # The worker lives, so the file does not kill it. Where the database is away the attempt stays counted.
        with suppress(DatabaseUnavailable):
            _forget_attempts(database, import_id)
        raise


def _result(job: ImportJob, *, repeated: bool) -> ImportResult:
    # Whoever ended it told of its rows.
    sheets = () if repeated else job.sheets
    return ImportResult(
        job.import_id,
        job.state,
        job.message,
        job.rows_total or 0,
        job.report_key,
        sheets,
        repeated=repeated,
        is_dry_run=job.is_dry_run,
    )


def _is_done(
    database: Database,
    s3: "S3Client",
    message_id: str,
    body: str,
    time_left: TimeLeft,
    send: Send | None,
    today: date | None,
) -> bool:
    try:
        for reference in references(body):
            _import_or_put_off(database, s3, reference, time_left, send, today)
    except Exception as error:
        # Whatever it is, the queue counts the attempts, and after the last one a person looks at it.
        log_exception("import_interrupted", error, message_id=message_id)
        return False
    return True


def _import_or_put_off(
    database: Database,
    s3: "S3Client",
    reference: ObjectReference,
    time_left: TimeLeft,
    send: Send | None,
    today: date | None,
) -> None:
    try:
        result = _import_and_log(database, s3, reference, time_left, today)
        if result.state == ImportState.COMPLETED and result.report_key is None:
            _report(database, s3, reference, result, time_left)
    except OutOfTime:
        if send is None:
            raise
        send(message_for(reference))
        log("import_put_off", key=reference.key, version=reference.identity)


def _report(
    database: Database, s3: "S3Client", reference: ObjectReference, result: ImportResult, time_left: TimeLeft
) -> None:
    """Writes the report. The import is complete, so a delivery after this one has only the report to make.

    Raises what S3 and the database raise, with which the message goes back, and OutOfTime where an invocation that has
    nothing else to do could write it. A fault of ours would come again each time; it must not fail the import.
    """
    if time_left() < result.rows * REPORT_SECONDS_A_ROW:
        if not result.repeated:
            raise OutOfTime
        log("import_report_too_large", import_id=result.import_id, rows=result.rows)
        return
    try:
        # openpyxl is slow to load, and not every message leads to a report.
        from chalicelib.imports.report.making import make_report

        make_report(database, s3, reference.bucket, result.import_id)
    except (ClientError, BotoCoreError, DatabaseUnavailable) as error:
        if not _is_gone(error):
            raise
        log_exception("import_report_failed", error, import_id=result.import_id)
    except Exception as error:
        log_exception("import_report_failed", error, import_id=result.import_id)


def _import_and_log(
    database: Database, s3: "S3Client", reference: ObjectReference, time_left: TimeLeft, today: date | None
) -> ImportResult:
    began = time.monotonic()
    return import_object(database, s3, reference, time_left, lambda result: _log(reference, result, began), today)


def _log(reference: ObjectReference, result: ImportResult, began: float) -> None:
    fields = {
        "import_id": result.import_id,
        "key": reference.key,
        "version": reference.identity,
        "state": result.state,
        "repeated": result.repeated,
        "dry_run": result.is_dry_run,
        "message": result.message,
        "sheets": [vars(sheet) for sheet in result.sheets],
    }
    # What a dry run says of rows has become of none.
    sheets = () if result.is_dry_run else result.sheets
    rows = {outcome.value: sum(getattr(sheet, outcome) for sheet in sheets) for outcome in COUNTED_OUTCOMES}
    log_import(fields, rows, round((time.monotonic() - began) * 1000))


@retried
def _begin(database: Database, reference: ObjectReference, seconds: float) -> ImportJob:
    """Notes the import and the attempt in a transaction of its own, so that both are known whatever becomes of it.

    An import whose attempts before this one killed their workers fails here, unread.
    """
    with database.transaction() as tx:
        job = jobs.begin(
            tx.connection,
            bucket=reference.bucket,
            key=reference.key,
            version=reference.identity,
            sequencer=reference.sequencer,
            uploaded_at=reference.uploaded_at,
            size_bytes=reference.size_bytes,
        )
        if job.state == ImportState.RUNNING and not attempts.begin(tx.connection, job.import_id, seconds):
            job = _fail_within(tx.connection, job.import_id, attempts.KILLED)
        tx.commit()
    return job


@retried
def _forget_attempts(database: Database, import_id: int) -> None:
    with database.transaction() as tx:
        attempts.forget(tx.connection, import_id)
        tx.commit()


@retried
def give_up_dead(database: Database) -> list[int]:
    """Fails the imports that killed their workers, and those that nobody goes on with; returns which."""
    with database.transaction() as tx:
        dead = attempts.dead(tx.connection)
        for import_id, message in dead.items():
            _fail_within(tx.connection, import_id, message)
        tx.commit()
    return list(dead)


def _is_gone(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in GONE


@contextmanager
def _downloaded(s3: "S3Client", reference: ObjectReference) -> Iterator[tuple[IO[bytes], datetime]]:
    """The object in a temporary file, and when it was uploaded. Raises FileRefused where it is gone or too large."""
    version = {"VersionId": reference.version_id} if reference.version_id else {}
    try:
        answer = s3.get_object(Bucket=reference.bucket, Key=reference.key, **version)  # type: ignore[arg-type]
    except ClientError as error:
        if _is_gone(error):
            raise FileRefused(f"The object {reference.key} was deleted before it could be read.") from error
        raise
    if answer["ContentLength"] > MAX_FILE_BYTES:
        raise FileRefused(f"The file has {answer['ContentLength']} bytes; at most {MAX_FILE_BYTES} are read. Split it.")
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(answer["Body"], file)
        file.seek(0)
        yield file, answer["LastModified"]


@retried
def _fail(database: Database, import_id: int, message: str) -> ImportResult:
    """Ends an import that runs. One that another worker ended meanwhile stays as that one left it."""
    with database.transaction() as tx:
        job = jobs.lock(tx.connection, import_id)
        if job.state != ImportState.RUNNING:
            return _result(job, repeated=True)
        job = _fail_within(tx.connection, import_id, message)
        tx.commit()
    return _result(job, repeated=False)


def _fail_within(connection: "Connection", import_id: int, message: str) -> ImportJob:
    staging.clear(connection, import_id)
    jobs.fail(connection, import_id, message)
    return jobs.get(connection, import_id)


@retried
def _apply_latecomers(database: Database, import_id: int) -> None:
    """Applies loans whose customer was registered while the import, not seeing it yet, let them wait."""
    with database.transaction() as tx:
        apply_waiting_loans(tx.connection, jobs.author_of(tx.connection, import_id))
        tx.commit()
