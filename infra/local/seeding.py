"""Workbooks into the bucket, and waiting until they are in the database."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from chalicelib.imports.jobs import ImportJob
from infra.local.portfolio import count, imports_of, reading
from infra.local.steps import Steps
from infra.terminal import CommandError

SEED, INCOMING = "seed/", "incoming/"
# Longer than an import may take (settings.IMPORT_PARAMETERS), during which nothing need be seen to move.
PATIENCE_SECONDS = 150

WHERE_LOGS_ARE = "`make logs`, or with Docker `docker compose logs localstack`, shows what the functions said."


class Uploaded(NamedTuple):
    """An object in the bucket: a key, and the version this upload made."""

    key: str
    version: str


def workbooks_in(folder: Path) -> list[Path]:
    """The workbooks of a folder. Raises CommandError if there is none."""
    # A name that starts with ~$ is the lock of a workbook that is open in Excel.
    found = [path for path in sorted(folder.glob("*.xlsx")) if not path.name.startswith("~$")]
    if not found:
        raise CommandError(f"DATA must be a folder with .xlsx files. There is none in {folder}.")
    return found


def upload(s3: Any, bucket: str, prefix: str, files: Sequence[Path]) -> list[Uploaded]:
    """Uploads the files under `prefix`: all of them, or none if one cannot be read (CommandError)."""
    try:
        contents = [(prefix + path.name, path.read_bytes()) for path in files]
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from error
    answers = ((key, s3.put_object(Bucket=bucket, Key=key, Body=content)) for key, content in contents)
    return [Uploaded(key, answer["VersionId"]) for key, answer in answers]


def replace_seeds(s3: Any, bucket: str, files: Sequence[Path]) -> list[Uploaded]:
    """Makes `seed/` hold these files and no others."""
    wanted = {SEED + path.name for path in files}
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=SEED).get("Contents", []):
        if item["Key"] not in wanted:
            s3.delete_object(Bucket=bucket, Key=item["Key"])
    return upload(s3, bucket, SEED, files)


def follow(database_url: str, uploaded: Sequence[Uploaded], steps: Steps) -> list[ImportJob]:
    """Waits until each object's import has ended, and says which failed. Raises CommandError if nothing moves for too
    long."""
    last, since = None, time.monotonic()
    while True:
        with reading(database_url) as connection:
            found, counts = imports_of(connection, uploaded), count(connection)
        ended = [item for item in found if item.state != "running"]
        progress = (
            f"Importing: {len(ended)}/{len(uploaded)} workbooks, "
            f"{counts.customers} customers, {counts.loans + counts.waiting} loans"
        )
        steps.progress(progress, is_last=len(ended) == len(uploaded))
        if len(ended) == len(uploaded):
            break
        if progress != last:
            last, since = progress, time.monotonic()
        if time.monotonic() - since > PATIENCE_SECONDS:
            raise CommandError(
                f"{len(uploaded) - len(ended)} of {len(uploaded)} workbooks were not imported within "
                f"{PATIENCE_SECONDS} s. {WHERE_LOGS_ARE}"
            )
        time.sleep(0.25)
    for item in ended:
        if item.state == "failed":
            click.echo(f"{item.object_key} was not imported: {item.message}")
    return ended
