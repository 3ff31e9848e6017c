"""From the rows of an open workbook into the database: staged in parts, then merged whole or not at all.

Each part is staged in a transaction that also moves the progress, so a load that is interrupted goes on where it
stopped, in whichever worker. Workers on the same import do not wait for each other: who comes second with a part
finds the progress beyond it and drops it. One last transaction merges, reports and counts.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from chalicelib.imports import findings, jobs, staging
from chalicelib.imports.findings import Finding
from chalicelib.imports.headers import Layout
from chalicelib.imports.jobs import ImportJob, SheetCounts
from chalicelib.imports.merging import merge
from chalicelib.imports.merging.locking import lock_merging
from chalicelib.imports.merging.statements import MergedRows, prepare
from chalicelib.imports.reading.sheets import FileRefused
from chalicelib.imports.rehearsal import rehearsed
from chalicelib.imports.rows import Chunk, read_chunks
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.importing import ImportState
from chalicelib.storage.waiting_loans import apply_waiting_loans

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Seconds until the invocation is ended.
TimeLeft: TypeAlias = Callable[[], float]

# To finish a part that was begun, and to send the message that says there is more to do. However short the time is,
# an invocation does one part, or else the import would never end.
STAGING_SECONDS = 10
# Merging cannot be interrupted; a slow database takes a tenth of a millisecond a row.
MERGING_SECONDS = 1
MERGING_SECONDS_A_ROW = 1e-4


class OutOfTime(Exception):
    """The invocation ends before the load does; what was staged stays, and another invocation goes on from there."""


@dataclass(frozen=True)
class OpenedFile:
    """What is to be loaded: the sheets of a workbook, and what is to be said about the file as such."""

    layouts: Sequence[Layout]
    findings: Sequence[Finding]
    uploaded_at: datetime | None

    @property
    def rows(self) -> int:
        return sum(layout.height for layout in self.layouts)


def load(
    database: Database, import_id: int, file: OpenedFile, time_left: TimeLeft, today: date
) -> tuple[ImportJob, bool]:
    """Applies all of a workbook; returns how the import stands, and whether it was ended here and not by another
    worker.

    Raises OutOfTime where the rest is to be done by another invocation, and FileRefused where there is no row.
    """
    at_first = _open(database, import_id, file)
    while True:
        _stage_all(database, import_id, file, time_left)
        _check_time_for_merging(file, at_first, time_left)
        job, is_merged = _merge(database, import_id, file, today)
        if job.state != ImportState.RUNNING:
            return job, is_merged


@retried
def _open(database: Database, import_id: int, file: OpenedFile) -> ImportJob:
    with database.transaction() as tx:
        job = jobs.lock(tx.connection, import_id)
        jobs.note_opened(tx.connection, import_id, rows_total=file.rows, uploaded_at=file.uploaded_at)
        tx.commit()
    return job


def _stage_all(database: Database, import_id: int, file: OpenedFile, time_left: TimeLeft) -> None:
    """Returns when all rows are staged, or the import has ended.

    While the database takes one part in, the next is read: a part is on its way and another in the making, no more.
    """
    job = _progress(database, import_id)
    has_staged = False
    with ThreadPoolExecutor(1, "staging") as thread:
        while job.state == ImportState.RUNNING and job.rows_read < file.rows:
            on_its_way: Future[ImportJob] | None = None
            for chunk in read_chunks(file.layouts, start=job.rows_read):
                if on_its_way:
                    job, has_staged = on_its_way.result(), True
                    if job.rows_read != chunk.start:
                        # Another worker is elsewhere; go on from there.
                        break
                if has_staged and time_left() < STAGING_SECONDS:
                    raise OutOfTime
                on_its_way = thread.submit(_stage, database, import_id, chunk)
            else:
                if on_its_way:
                    job, has_staged = on_its_way.result(), True


@retried
def _progress(database: Database, import_id: int) -> ImportJob:
    with database.reading() as connection:
        return jobs.get(connection, import_id)


@retried
def _stage(database: Database, import_id: int, chunk: Chunk) -> ImportJob:
    """Writes the good rows to staging and what is wrong with the others to the report, if nobody else has."""
    sheet, kind = chunk.layout.sheet.name, chunk.layout.kind
    with database.transaction() as tx:
        job = jobs.lock(tx.connection, import_id)
        if job.state != ImportState.RUNNING or job.rows_read != chunk.start:
            return job
        staged = len(chunk.positions)
        columns = [chunk.positions, [sheet] * staged, chunk.row_numbers, *chunk.columns]
        staging.stage(tx.connection, import_id, kind, columns)
        findings.add(tx.connection, import_id, chunk.findings)
        jobs.note_progress(tx.connection, import_id, rows_read=chunk.end, sheet=sheet, found=chunk.found, staged=staged)
        tx.commit()
    return replace(job, rows_read=chunk.end)


def _check_time_for_merging(file: OpenedFile, at_first: ImportJob, time_left: TimeLeft) -> None:
    """Raises OutOfTime where a merge begun now might be cut off; never in an invocation that has nothing else to do."""
    has_staged = at_first.rows_read < file.rows
    if has_staged and time_left() < MERGING_SECONDS + file.rows * MERGING_SECONDS_A_ROW:
        raise OutOfTime


@retried
def _merge(database: Database, import_id: int, file: OpenedFile, today: date) -> tuple[ImportJob, bool]:
    """Applies what is staged; returns how the import stands, and whether that was done here. It still runs where some
    of what was staged is lost and must be read again.
    """
    with database.transaction() as tx:
        job = jobs.lock(tx.connection, import_id)
        if job.state != ImportState.RUNNING or job.rows_read != file.rows:
            return job, False
        found = job.rows_by_sheet
        # The release before does not count; what it has begun is read again.
        if found is None or staging.staged_rows(tx.connection, import_id) != job.rows_staged:
            staging.clear(tx.connection, import_id)
            tx.commit()
            return job, False
        if not any(found.values()):
            raise FileRefused(_without_rows(file))
        lock_merging(tx.connection)
        apply = partial(_apply, tx.connection, import_id, file, found, today)
        sheets = rehearsed(tx.connection, import_id, apply) if job.is_dry_run else apply()
        findings.note_groups(tx.connection, import_id)
        jobs.complete(tx.connection, import_id, sheets)
        tx.commit()
    return replace(job, state=ImportState.COMPLETED, sheets=tuple(sheets)), True


def _apply(
    connection: "Connection", import_id: int, file: OpenedFile, found: Mapping[str, int], today: date
) -> list[SheetCounts]:
    prepare(connection)
    # One that was left waiting although its customer is here must not be taken for a new one.
    apply_waiting_loans(connection, jobs.author_of(connection, import_id))
    newer = jobs.newer_versions(connection, import_id)
    kinds = [layout.kind for layout in file.layouts]
    merged = merge(connection, kinds, import_id, newer, today)
    findings.add(connection, import_id, _about_the_file(file))
    rejected = findings.note_rejected(connection, import_id)
    staging.remove_staged(connection, import_id)
    return [
        _counts(layout, found.get(layout.sheet.name, 0), merged, rejected.get(layout.sheet.name, 0))
        for layout in file.layouts
    ]


def _without_rows(file: OpenedFile) -> str:
    names = ", ".join(layout.sheet.name for layout in file.layouts)
    has = "The sheet {} has its header" if len(file.layouts) == 1 else "The sheets {} have their headers"
    return f"{has.format(names)} and no rows; fill in the rows below it and send the file again."


def _about_the_file(file: OpenedFile) -> list[Finding]:
    return [*file.findings, *(finding for layout in file.layouts for finding in layout.findings)]


def _counts(layout: Layout, found: int, merged: Sequence[MergedRows], rejected: int) -> SheetCounts:
    """What became of the rows of a sheet, beside how many were found when they were read."""
    own = [rows for rows in merged if rows.sheet == layout.sheet.name]
    return SheetCounts(
        layout.sheet.name,
        layout.kind.name,
        rows_found=found,
        rejected=rejected,
        renumbered=sum(rows.renumbered for rows in own),
        **{rows.outcome: rows.rows for rows in own},
    )
