"""Rows of a workbook on their way in: unlogged tables that COPY fills, a part of the file in each transaction."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, text

from chalicelib.imports.copying import copy
from chalicelib.imports.kinds import KINDS
from chalicelib.imports.kinds.columns import Kind

# Where a row stood: `position` counts the rows of the whole workbook, so that one number says which of two came later;
# then the sheet, and the row as Excel shows it.
PLACE = ("position", "sheet", "row_number")

_COUNTS = [f"(SELECT count(*) FROM {kind.staging} WHERE import_id = :import_id)" for kind in KINDS]
_COUNT = f"SELECT {' + '.join(_COUNTS)}"

_REMOVE = [f"DELETE FROM {kind.staging} WHERE import_id = :import_id" for kind in KINDS]

# Takes back all that was staged and found, so that the file is read again from its start.
_CLEAR = (
    *_REMOVE,
    "DELETE FROM import_findings WHERE import_id = :import_id",
    "UPDATE imports SET rows_read = 0, rows_staged = 0, rows_by_sheet = '{}' WHERE import_id = :import_id",
)


def stage(connection: Connection, import_id: int, kind: Kind, columns: Sequence[Collection[object]]) -> None:
    """Appends rows to the staging table of their kind, given by the columns of PLACE and those of the kind."""
    names = ("import_id", *PLACE, *kind.names)
    copy(connection, kind.staging, names, [[import_id] * len(columns[0]), *columns])


def staged_rows(connection: Connection, import_id: int) -> int:
    """How many rows of an import lie in staging: fewer than were put there where the server crashed meanwhile."""
    return int(connection.execute(text(_COUNT), {"import_id": import_id}).scalar_one())


def clear(connection: Connection, import_id: int) -> None:
    """Takes back what was read of a file so far: staged rows, findings and progress."""
    for statement in _CLEAR:
        connection.execute(text(statement), {"import_id": import_id})


def remove_staged(connection: Connection, import_id: int) -> None:
    """Empties staging of what has been merged."""
    for statement in _REMOVE:
        connection.execute(text(statement), {"import_id": import_id})
