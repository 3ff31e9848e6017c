"""From the rows of an open workbook into the database: staged in parts, then merged whole or not at all.

Each part is staged in a transaction that also moves the progress, so a load that is interrupted goes on where it
stopped, in whichever worker. Workers on the same import do not wait for each other: who comes second with a part
finds the progress beyond it and drops it. One last transaction merges, reports and counts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from chalicelib.imports import records, staging
from chalicelib.imports.findings import Finding
from chalicelib.imports.headers import Layout
from chalicelib.imports.merging.customers import merge_customers
from chalicelib.imports.merging.loans import merge_loans
from chalicelib.imports.merging.statements import MergedRows, prepare
from chalicelib.imports.reading.sheets import FileRefused
from chalicelib.imports.records import ImportRecord, SheetCounts
from chalicelib.imports.rows import Chunk, read_chunks
from chalicelib.storage.database import Database
from chalicelib.storage.errors import retried

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

# Customers before loans, so that a workbook with both leaves nothing waiting.
MERGES = {"customers": merge_customers, "loans": merge_loans}


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
    database: Database, import_id: int, file: OpenedFile, time_left: TimeLeft
) -> tuple[ImportRecord, list[SheetCounts]]:
    """Applies all of a workbook, unless another worker does; returns how the import stands and its counts.

    Raises OutOfTime where the rest is to be done by another invocation, and FileRefused where there is no row.
    """
    at_first = _open(database, import_id, file)
    while True:
        _stage_all(database, import_id, file, time_left)
        _check_time_for_merging(file, at_first, time_left)
        record, sheets = _merge(database, import_id, file)
        if record.state != records.RUNNING:
            return record, sheets


@retried
def _open(database: Database, import_id: int, file: OpenedFile) -> ImportRecord:
    with database.transaction() as tx:
        record = records.lock(tx.connection, import_id)
        records.note_opened(tx.connection, import_id, file.rows, file.uploaded_at)
        tx.commit()
    return record


def _stage_all(database: Database, import_id: int, file: OpenedFile, time_left: TimeLeft) -> None:
    """Returns when all rows are staged, or the import has ended."""
    has_staged = False
    record = _progress(database, import_id)
    while record.state == records.RUNNING and record.rows_read < file.rows:
        for chunk in read_chunks(file.layouts, start=record.rows_read):
            if has_staged and time_left() < STAGING_SECONDS:
                raise OutOfTime
            record = _stage(database, import_id, chunk)
            has_staged = True
            if record.rows_read != chunk.end:
                # Another worker is elsewhere; go on from there.
                break


@retried
def _progress(database: Database, import_id: int) -> ImportRecord:
    with database.reading() as connection:
        return records.get(connection, import_id)


@retried
def _stage(database: Database, import_id: int, chunk: Chunk) -> ImportRecord:
    """Writes the good rows to staging and what is wrong with the others to the report, if nobody else has."""
    with database.transaction() as tx:
        record = records.lock(tx.connection, import_id)
        if record.state != records.RUNNING or record.rows_read != chunk.start:
            return record
        sheet = [chunk.layout.sheet.name] * len(chunk.positions)
        columns = [chunk.positions, sheet, chunk.row_numbers, *chunk.columns]
        staging.stage(tx.connection, import_id, chunk.layout.kind.name, columns)
        staging.add_findings(tx.connection, import_id, chunk.findings)
        records.note_progress(
            tx.connection,
            import_id,
            rows_read=chunk.end,
            sheet=chunk.layout.sheet.name,
            found=chunk.found,
            staged=len(chunk.positions),
        )
        tx.commit()
    return replace(record, rows_read=chunk.end)


def _check_time_for_merging(file: OpenedFile, at_first: ImportRecord, time_left: TimeLeft) -> None:
    """Raises OutOfTime where a merge begun now might be cut off; never in an invocation that has nothing else to do."""
    has_staged = at_first.rows_read < file.rows
    if has_staged and time_left() < MERGING_SECONDS + file.rows * MERGING_SECONDS_A_ROW:
        raise OutOfTime


@retried
def _merge(database: Database, import_id: int, file: OpenedFile) -> tuple[ImportRecord, list[SheetCounts]]:
    """Applies what is staged. The import still runs afterwards where some of that was lost and must be read again."""
    with database.transaction() as tx:
        record = records.lock(tx.connection, import_id)
        if record.state != records.RUNNING or record.rows_read != file.rows:
            return record, []
        found = record.rows_by_sheet
        # The release before does not count; what it has begun is read again.
        if found is None or staging.staged_rows(tx.connection, import_id) != record.rows_staged:
            staging.clear(tx.connection, import_id)
            tx.commit()
            return record, []
        if not any(found.values()):
            raise FileRefused(_without_rows(file))
        records.lock_merging(tx.connection)
        sheets = _apply(tx.connection, import_id, file, found)
        records.complete(tx.connection, import_id, sheets)
        tx.commit()
    return replace(record, state=records.COMPLETED), sheets


def _apply(connection: "Connection", import_id: int, file: OpenedFile, found: Mapping[str, int]) -> list[SheetCounts]:
    prepare(connection)
    # One that was left waiting although its customer is here must not be taken for a new one.
    records.apply_waiting_loans(connection, records.author_of(connection, import_id))
    newer = records.newer_versions(connection, import_id)
    kinds = {layout.kind.name for layout in file.layouts}
    merged = [rows for kind, merge in MERGES.items() if kind in kinds for rows in merge(connection, import_id, newer)]
    staging.add_findings(connection, import_id, _about_the_file(file))
    rejected = records.note_rejected(connection, import_id)
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
