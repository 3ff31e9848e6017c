"""COPY: rows into a table, many at a time."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

# Between two blocks the sender may have to wait for the interpreter.
LINES_A_BLOCK = 10_000

_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_ESCAPES = str.maketrans(_ESCAPED)


def copy(connection: Connection, table: str, names: Sequence[str], columns: Sequence[Collection[object]]) -> None:
    """Appends rows to a table, given by its columns' names and their values.

    Raises DBAPIError, as every other statement does. The rows are all written out before the first is sent: the
    driver cannot break off a COPY it has begun.
    """
    copy_from(connection, f"{table} ({', '.join(names)})", list(lines(columns)))


def copy_from(connection: Connection, place: str, blocks: Sequence[bytes] | Iterator[bytes]) -> None:
    """Appends rows in COPY's text format, if there are any, to a table, given with its columns. Raises DBAPIError."""
    if blocks:
        _copy(connection, f"COPY {place} FROM STDIN", blocks)


def copy_to(connection: Connection, query: str, file: Any) -> None:
    """Writes what a query finds to a file, in COPY's text format. Raises DBAPIError."""
    _copy(connection, f"COPY ({query}) TO STDOUT", file)


def _copy(connection: Connection, statement: str, stream: object) -> None:
    driver: Any = connection.dialect.loaded_dbapi
    try:
        connection.connection.cursor().execute(statement, stream=stream)  # type: ignore[call-arg]  # pg8000's own
    except driver.Error as error:
        raise DBAPIError.instance(statement, None, error, driver.Error, dialect=connection.dialect) from error


def lines(columns: Sequence[Collection[object]]) -> Iterator[bytes]:
    """Rows, given by the values of their columns, in COPY's text format; each block is sent as one message."""
    # A column at a time, because a row at a time goes from dictionary to dictionary, none of which stays at hand.
    fields = [list(_fields(column)) for column in columns]
    written = map("\t".join, zip(*fields, strict=True))
    while some := list(islice(written, LINES_A_BLOCK)):
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
    if not isinstance(value, str):
        return str(value)
    # Hardly any text has one of them, and to look for all four is several times as fast as to translate.
    return value.translate(_ESCAPES) if any(sign in value for sign in _ESCAPED) else value
