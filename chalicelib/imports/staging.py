"""Rows of a workbook on their way in: unlogged tables that COPY fills, a part of the file in each transaction."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

LINES_A_BLOCK = 500

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

_COUNT = """
    SELECT (SELECT count(*) FROM staged_customers WHERE import_id = :import_id)
         + (SELECT count(*) FROM staged_loans WHERE import_id = :import_id)
"""

# Takes back all that was staged and found, so that the file is read again from its start.
_CLEAR = (
    "DELETE FROM staged_customers WHERE import_id = :import_id",
    "DELETE FROM staged_loans WHERE import_id = :import_id",
    "DELETE FROM import_findings WHERE import_id = :import_id",
    "UPDATE imports SET rows_read = 0, rows_staged = 0, rows_by_sheet = '{}' WHERE import_id = :import_id",
)


def stage(connection: Connection, import_id: int, kind: str, columns: Sequence[Collection[object]]) -> None:
    """Appends rows, given by their columns, to the staging table of a kind (customers, loans).

    The first three columns are where a row stood: `position` counts the rows of the whole workbook, so that one
    number says which of two came later; then the sheet, and the row as Excel shows it.
    """
    copy(connection, f"staged_{kind}", [[import_id] * len(columns[0]), *columns])


def staged_rows(connection: Connection, import_id: int) -> int:
    """How many rows of an import lie in staging: fewer than were put there where the server crashed meanwhile."""
    return int(connection.execute(text(_COUNT), {"import_id": import_id}).scalar_one())


def clear(connection: Connection, import_id: int) -> None:
    """Takes back what was read of a file so far: staged rows, findings and progress."""
    for statement in _CLEAR:
        connection.execute(text(statement), {"import_id": import_id})


def remove_staged(connection: Connection, import_id: int) -> None:
    """Empties staging of what has been merged."""
    for statement in _CLEAR[:2]:
        connection.execute(text(statement), {"import_id": import_id})


def add_findings(connection: Connection, import_id: int, findings: Iterable[Sequence[object]]) -> None:
    """Appends findings to the report of an import: the columns of import_findings after import_id."""
    columns = "import_id, sheet, row_number, outcome, column_name, value, code, message"
    rows = [(import_id, *finding) for finding in findings]
    copy(connection, f"import_findings ({columns})", list(zip(*rows, strict=True)))


def copy(connection: Connection, table: str, columns: Sequence[Collection[object]]) -> None:
    """Appends rows, given by their columns, by COPY to a table, whose name may be followed by a list of columns.

    Raises DBAPIError, as every other statement does. The rows are all written out before the first is sent: the
    driver cannot break off a COPY it has begun.
    """
    blocks = list(_blocks(columns))
    if not blocks:
        return
    statement = f"COPY {table} FROM STDIN"
    driver: Any = connection.dialect.loaded_dbapi
    try:
        connection.connection.cursor().execute(statement, stream=blocks)  # type: ignore[call-arg]
    except driver.Error as error:
        raise DBAPIError.instance(statement, None, error, driver.Error, dialect=connection.dialect) from error


def _blocks(columns: Sequence[Collection[object]]) -> Iterator[bytes]:
    """The rows in COPY's text format; each block is sent as one message."""
    lines = map("\t".join, zip(*map(_fields, columns), strict=True))
    while some := list(islice(lines, LINES_A_BLOCK)):
        yield "\n".join((*some, "")).encode()


def _fields(column: Collection[object]) -> Iterator[str]:
    # Whole numbers seldom come again in a column: ids, and where a row stood.
    return map(str, column) if set(map(type, column)) == {int} else map(_Fields().__getitem__, column)


class _Fields(dict[object, str]):
    """How each value is written in COPY's text format, kept because most values of a column come again."""

    def __missing__(self, value: object) -> str:
        field = self[value] = _field(value)
        return field


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)
