"""The use cases of imports: ask for an upload, watch, read what was said of each row, release, get the template.

What needs a library that is slow to load (openpyxl, the AWS client) is loaded where it is used, because the API
imports this module at its cold start.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from chalicelib.errors import Conflict, ImportNotFound
from chalicelib.imports import findings, jobs
from chalicelib.imports.files import content_type_of, safe_file_name
from chalicelib.imports.findings import FindingCount, StoredFinding
from chalicelib.imports.jobs import ImportJob, NewJob
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import Actor, Author
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.bounds import MAX_FILE_BYTES
from chalicelib.rules.importing import FINDING_OUTCOMES, ImportState
from chalicelib.services.files import published, reached
from chalicelib.storage import audit
from chalicelib.storage.paging import Cursor, Slice

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOAD_SECONDS = 3600

# An upload that began in time may end later, and its notice may have to wait for the database.
WAITING_SECONDS = 2 * UPLOAD_SECONDS
NEVER_ARRIVED = "No file arrived before the upload expired; ask for a new one."


@dataclass(frozen=True)
class Upload:
    """A form to be posted with the file as its last field, and what it allows."""

    url: str
    fields: dict[str, str]
    content_type: str


@dataclass(frozen=True)
class StartedImport:
    """An import that waits for its file, and the way to send it."""

    job: NewJob
    file_name: str
    upload: Upload


def start_import(
    database: Database,
    signer: "S3Client",
    *,
    bucket: str,
    file_name: str,
    actor: Actor,
    request_id: str,
    is_dry_run: bool = False,
) -> StartedImport:
    """Notes an import, which may change what the actor may, and signs the upload of its file. A dry run is taken back
    once it is known what it would do. Raises InvalidRequest for a file of another kind.
    """
    name = safe_file_name(file_name)
    content_type = content_type_of(name)
    job = _start(database, bucket=bucket, file_name=name, actor=actor, request_id=request_id, is_dry_run=is_dry_run)
    upload = _signed_upload(signer, bucket=bucket, key=job.object_key, content_type=content_type)
    return StartedImport(job, name, upload)


def release_import(database: Database, s3: "S3Client", import_id: int, *, actor: Actor, request_id: str) -> NewJob:
    """Imports the file of somebody who may change less once more, as a file of this actor. It is a copy in S3 under the
    number of the new import, which is returned.

    Raises ImportNotFound; Conflict where there is nothing to release, or a newer version of the file was imported, or
    the file is not in S3 any more; Unavailable where S3 cannot be reached.
    """
    job = _releasable(database, import_id, actor)
    return _again(database, s3, job, actor=actor, request_id=request_id, releases=import_id)


def import_for_good(database: Database, s3: "S3Client", import_id: int, *, actor: Actor, request_id: str) -> NewJob:
    """Imports the file of a dry run, which may change what this actor may. It is a copy in S3 under the number of the
    new import, which is returned.

    Raises ImportNotFound; Conflict for what is no completed dry run, or whose file is not in S3 any more; Unavailable
    where S3 cannot be reached.
    """
    job = view_import(database, import_id, actor)
    if not job.is_dry_run or job.state != ImportState.COMPLETED:
        raise Conflict(f"Import {import_id} is not a dry run that is done.")
    return _again(database, s3, job, actor=actor, request_id=request_id)


def _again(
    database: Database, s3: "S3Client", job: ImportJob, *, actor: Actor, request_id: str, releases: int | None = None
) -> NewJob:
    """Has the file of an import imported as one of this actor."""
    source = {"Bucket": job.bucket, "Key": job.object_key, "VersionId": job.object_version}
    not_kept = Conflict(f"The file of import {job.import_id} is not kept any more; ask for it to be sent again.")
    with reached(not_there=not_kept):
        s3.head_object(**source)  # type: ignore[arg-type]
        released = _start(
            database,
            bucket=job.bucket,
            file_name=job.file_name,
            actor=actor,
            request_id=request_id,
            releases=releases,
        )
        # Not with its tags, which a scan of the bucket may put there: S3 would ask for rights to read and write those.
        s3.copy_object(
            Bucket=job.bucket,
            Key=released.object_key,
            CopySource=source,  # type: ignore[arg-type]  # an import that was read has a version
            TaggingDirective="REPLACE",
        )
    return released


def upload_of(signer: "S3Client", job: ImportJob, now: datetime, *, back_to: str | None = None) -> Upload | None:
    """The upload of an import that still waits for its file, until the same moment; None where none is open any more.

    S3 leads a browser that posts the form on to `back_to`, the whole address of a page.
    """
    seconds_left = int((_expires_at(job) - now).total_seconds())
    if job.state != ImportState.AWAITING_UPLOAD or seconds_left <= 0:
        return None
    return _signed_upload(
        signer,
        bucket=job.bucket,
        key=job.object_key,
        content_type=content_type_of(job.file_name),
        seconds=seconds_left,
        back_to=back_to,
    )


def awaiting_message(job: ImportJob, now: datetime) -> str | None:
    """Why an import still waits for its file after its upload has expired; None for every other one."""
    if job.state != ImportState.AWAITING_UPLOAD or now <= _expires_at(job):
        return None
    return NEVER_ARRIVED


@retried
def give_up_waiting(database: Database) -> int:
    """Fails the imports whose file can hardly arrive any more; returns how many.

    A file that arrives all the same is an import of its own.
    """
    with database.transaction() as tx:
        failed = jobs.give_up_waiting(tx.connection, WAITING_SECONDS, NEVER_ARRIVED)
        tx.commit()
    return failed


@retried
def view_import(database: Database, import_id: int, actor: Actor) -> ImportJob:
    """An import as it stands. Raises ImportNotFound, also for one that is not there for this actor
    (`Actor.own_imports`).
    """
    with database.reading() as connection:
        return _found(connection, import_id, actor)


@retried
def list_imports(database: Database, actor: Actor, cursor: Cursor) -> Slice[ImportJob]:
    """The imports that there are for this actor, the newest first."""
    with database.reading() as connection:
        return jobs.listed(connection, cursor, actor.own_imports)


@retried
def list_findings(
    database: Database, import_id: int, actor: Actor, *, cursor: Cursor, outcome: str | None = None
) -> Slice[StoredFinding]:
    """What an import says about rows: all of it, or what has this outcome. Raises ImportNotFound."""
    outcomes: Sequence[str] = FINDING_OUTCOMES if outcome is None else (outcome,)
    with database.reading() as connection:
        if not jobs.exists(connection, import_id, actor.own_imports):
            raise _not_found(import_id)
        return findings.listed(connection, import_id, outcomes=outcomes, cursor=cursor)


@retried
def finding_groups(database: Database, import_id: int) -> Sequence[FindingCount]:
    """What an import that is done says of rows, each kind of it once with how often; the gravest first."""
    with database.reading() as connection:
        return findings.groups(connection, import_id)


@retried
def dismiss_import(
    database: Database, import_id: int, *, actor: Actor, request_id: str, is_undone: bool = False
) -> None:
    """Takes a failed import from those that need attention, or puts it back. Again, it changes nothing.

    Raises ImportNotFound, and Conflict for an import that did not fail.
    """
    author = Author.of(actor, request_id)
    action = Action.IMPORT_RESTORED if is_undone else Action.IMPORT_DISMISSED
    with database.transaction() as tx:
        job = _found(tx.connection, import_id, actor)
        if job.state != ImportState.FAILED:
            raise Conflict(f"Import {import_id} did not fail; there is nothing to dismiss.")
        if jobs.dismiss(tx.connection, import_id, None if is_undone else author.name):
            audit.add(tx.connection, author, Event(action, SubjectKind.IMPORT, import_id))
        tx.commit()


@retried
def is_releasable(database: Database, import_id: int) -> bool:
    """Whether an import left out rows, or left loans waiting, that it would not with the rights of another."""
    with database.reading() as connection:
        return jobs.is_releasable(connection, import_id)


def template_link(s3: "S3Client", signer: "S3Client", bucket: str) -> str:
    """A link to the template workbook, which is made when it is first asked for. Raises Unavailable without S3."""
    from chalicelib.imports.template import edition, write_template

    def made() -> bytes:
        file = io.BytesIO()
        write_template(file)
        return file.getvalue()

    key = f"templates/{edition()}/loans-import-template.xlsx"
    return published(s3, signer, bucket=bucket, key=key, make=made)


@retried
def _releasable(database: Database, import_id: int, actor: Actor) -> ImportJob:
    with database.reading() as connection:
        job = _found(connection, import_id, actor)
        newer = jobs.newer_versions(connection, import_id)
        has_something = jobs.is_releasable(connection, import_id)
    if not has_something:
        raise Conflict(f"Nothing of import {import_id} waits to be released.")
    if newer:
        raise Conflict(f"A newer version of this file was imported as {max(newer)}; look at that one instead.")
    return job


@retried
def _start(
    database: Database,
    *,
    bucket: str,
    file_name: str,
    actor: Actor,
    request_id: str,
    releases: int | None = None,
    is_dry_run: bool = False,
) -> NewJob:
    author = Author.of(actor, request_id)
    with database.transaction() as tx:
        job = jobs.start(
            tx.connection,
            bucket=bucket,
            file_name=file_name,
            started_by=actor.identity,
            spares_registered=actor.spares_registered,
            is_released=releases is not None,
            is_dry_run=is_dry_run,
        )
        after = {"key": job.object_key} | ({"dry_run": True} if is_dry_run else {})
        audit.add(tx.connection, author, Event(Action.IMPORT_STARTED, SubjectKind.IMPORT, job.import_id, after=after))
        if releases is not None:
            released = Event(Action.IMPORT_RELEASED, SubjectKind.IMPORT, releases, after={"as_import": job.import_id})
            audit.add(tx.connection, author, released)
        tx.commit()
    return job


def _expires_at(job: ImportJob) -> datetime:
    return job.created_at + timedelta(seconds=UPLOAD_SECONDS)


def _signed_upload(
    signer: "S3Client",
    *,
    bucket: str,
    key: str,
    content_type: str,
    seconds: int = UPLOAD_SECONDS,
    back_to: str | None = None,
) -> Upload:
    fields = {"Content-Type": content_type} | ({"success_action_redirect": back_to} if back_to else {})
    conditions: list[Any] = [*({name: value} for name, value in fields.items())]
    conditions.append(["content-length-range", 1, MAX_FILE_BYTES])
    signed = signer.generate_presigned_post(bucket, key, Fields=fields, Conditions=conditions, ExpiresIn=seconds)
    return Upload(signed["url"], dict(signed["fields"]), content_type)


def _found(connection: Connection, import_id: int, actor: Actor) -> ImportJob:
    job = jobs.find(connection, import_id, actor.own_imports)
    if job is None:
        raise _not_found(import_id)
    return job


def _not_found(import_id: int) -> ImportNotFound:
    return ImportNotFound(f"There is no import {import_id}.")
