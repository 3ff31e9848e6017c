"""Brings a deployment to life: the newest schema, and into an empty database the workbooks under `seed/`."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, TypedDict

from chalicelib.config import Settings
from chalicelib.imports import jobs
from chalicelib.imports.merging import merge_waiting
from chalicelib.imports.merging.locking import try_lock_merging
from chalicelib.imports.running import give_up_dead
from chalicelib.imports.s3_events import ObjectReference, message_for
from chalicelib.logs import log
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.postgres.migrate import migrate
from chalicelib.rules.access import BOOTSTRAP
from chalicelib.services import imports
from chalicelib.services.counted_books import count_ahead
from chalicelib.services.servicing_upkeep import begin_servicing, recount
from chalicelib.storage import idempotency, sessions, sign_in_failures
from chalicelib.storage.waiting_loans import apply_waiting_loans

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

SEED_PREFIX = "seed/"

# The next run goes on with it.
RECOUNTING_SECONDS = 60


class BootstrapResult(TypedDict):
    """The schema's revision, the keys that were queued to be imported, and whether there was data before."""

    revision: str
    seeded: list[str]
    populated: bool


def bootstrap(database: Database, settings: Settings, *, s3: "S3Client", sqs: "SQSClient") -> BootstrapResult:
    """Migrates; queues the workbooks under `seed/` if the database is empty. A populated one is left alone.

    Safe to run at any time and by several at once: an object that is queued twice is imported once.
    """
    _, revision = migrate(database)
    begun = begin_servicing(database)
    recounted = recount(database, RECOUNTING_SECONDS)
    found = list(_seeds(s3, settings.import_bucket))
    today = datetime.now(settings.business_timezone).date()
    populated = _prepare(database, found, today)
    _sweep(database)
    count_ahead(database, settings.policy, today)
    given_up = imports.give_up_waiting(database) + len(give_up_dead(database))
    seeded = [] if populated else [_queue(sqs, settings.import_queue_url, seed) for seed in found]
    log(
        "bootstrap",
        revision=revision,
        seeded=seeded,
        populated=populated,
        given_up=given_up,
        begun=begun,
        recounted=recounted,
    )
    return {"revision": revision, "seeded": seeded, "populated": populated}


def _seeds(s3: "S3Client", bucket: str) -> Iterator[ObjectReference]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=SEED_PREFIX):
        for item in page.get("Contents", []):
            # The S3 console makes an empty object of this name where a person makes a folder.
            if not item["Key"].endswith("/"):
                yield _newest_version(s3, bucket, item["Key"])


def _newest_version(s3: "S3Client", bucket: str, key: str) -> ObjectReference:
    head = s3.head_object(Bucket=bucket, Key=key)
    return ObjectReference(
        bucket=bucket,
        key=key,
        version_id=head.get("VersionId"),
        etag=head["ETag"].strip('"'),
        size_bytes=head["ContentLength"],
    )


@retried
def _prepare(database: Database, seeds: list[ObjectReference], today: date) -> bool:
    """Whether there is data, or an import that brings some. If not, the seeds may be imported again.

    An emptied database remembers that the seeds were imported once; it has to forget that to be seeded anew.
    """
    with database.transaction() as tx:
        if not try_lock_merging(tx.connection):
            return True
        apply_waiting_loans(tx.connection, BOOTSTRAP)
        merge_waiting(tx.connection, today)
        populated = jobs.is_populated(tx.connection)
        if not populated:
            for seed in seeds:
                jobs.forget(tx.connection, bucket=seed.bucket, key=seed.key, version=seed.identity)
        tx.commit()
    return populated


@retried
def _sweep(database: Database) -> None:
    """Removes what is kept for a time only."""
    with database.transaction() as tx:
        idempotency.sweep(tx.connection)
        sessions.sweep(tx.connection)
        sign_in_failures.sweep(tx.connection)
        tx.commit()


def _queue(sqs: "SQSClient", queue_url: str, seed: ObjectReference) -> str:
    sqs.send_message(QueueUrl=queue_url, MessageBody=message_for(seed))
    return seed.key
