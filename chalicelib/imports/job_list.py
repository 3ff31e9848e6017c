"""The queries behind the console's list of imports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, literal_column, select

from chalicelib.imports.jobs import COLUMNS, SHEETS, ImportJob, job_of
from chalicelib.rules.importing import ImportState
from chalicelib.storage import listing
from chalicelib.storage.import_tables import import_sheets, imports
from chalicelib.storage.listing import NEWEST, Order, Page, Place, Source, Summary

ORDERS: Mapping[str, Order] = {"newest": NEWEST, "number": Order()}
# Of a file that was put into the bucket nobody is known.
BUCKET = "bucket"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which imports; None filters nothing. `outcome` is of some of their rows, `own` the identity whose imports are
    all that there are for whoever asks; the moment `to` does not count.
    """

    state: ImportState | None = None
    outcome: str | None = None
    who: str | None = None
    since: datetime | None = None
    to: datetime | None = None
    own: str | None = None
    dismissed: bool = False


_COLUMNS = imports.c
_NUMBER = _COLUMNS.import_id
_SHOWN: Select[Any] = select(*(_COLUMNS[name] for name in COLUMNS), literal_column(SHEETS).label("sheets"))


def page(connection: Connection, wanted: Wanted, place: Place) -> Page[ImportJob]:
    """The imports at a place of one of ORDERS."""
    return listing.page(
        connection,
        _SHOWN,
        place,
        source=_source(wanted),
        number=_NUMBER,
        make=lambda *values: job_of(dict(zip((*COLUMNS, "sheets"), values, strict=True))),
        number_of=lambda job: job.import_id,
    )


def summary(connection: Connection, wanted: Wanted) -> Summary:
    """How many there are."""
    return listing.summary(connection, _source(wanted))


def _source(wanted: Wanted) -> Source:
    # There are few imports, however many rows they had.
    return Source([select(_NUMBER).where(*_conditions(wanted))], NEWEST, listing.LOOKED)


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield from listing.given(
        (wanted.state, _COLUMNS.state.__eq__),
        (wanted.since, _COLUMNS.created_at.__ge__),
        (wanted.to, _COLUMNS.created_at.__lt__),
        (wanted.own, _COLUMNS.started_by.__eq__),
    )
    if wanted.who is not None:
        yield _COLUMNS.started_by.is_(None) if wanted.who == BUCKET else _COLUMNS.started_by == wanted.who
    if wanted.dismissed:
        yield _COLUMNS.dismissed_at.is_not(None)
    if wanted.outcome is not None:
        sheets = select(import_sheets.c.import_id).where(import_sheets.c.import_id == _NUMBER)
        yield sheets.where(import_sheets.c[wanted.outcome] > 0).exists()
