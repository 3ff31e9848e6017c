"""A connection of pg8000 that asks the server once where pg8000 asks three times.

pg8000 sends a statement with parameters in three parts, and waits for an answer to each: parse, describe, execute. The
server takes all of them in one message train (PostgreSQL's protocol, 54.2.3, "Extended Query"), which also passes
through a proxy that pools connections, because nothing is left behind on the server: the statement has no name.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import pack
from typing import Any, cast

import sqlalchemy
from pg8000.core import (
    BIND,
    DESCRIBE,
    EXECUTE_MSG,
    NULL_BYTE,
    PARSE,
    PORTAL,
    SYNC_MSG,
    Context,
    _flush,
    _write,
    make_params,
)
from pg8000.dbapi import convert_paramstyle
from pg8000.legacy import Connection, Cursor

from chalicelib.postgres.waits import waiting


class _Bound(str):
    """A statement with $1, $2, … and what they stand for."""

    values: Sequence[Any] = ()
    oids: Sequence[int] = ()


class _Train(Context):  # type: ignore[misc]  # pg8000 has no types
    """The answer to several statements at once, of which only the last was asked to describe itself."""

    def __init__(self, statement: str) -> None:
        super().__init__(statement)
        # Where the rows of the others go.
        self.rows: list[Any] | None = []

    def comes_to_the_last(self) -> None:
        self.rows, self.row_count = None, -1


class OneTripCursor(Cursor):  # type: ignore[misc]  # pg8000 has no types
    """As pg8000's, which looks for the placeholders of a statement character by character, but not each time anew."""

    def execute(self, operation: str, args: Sequence[Any] = (), stream: Any = None) -> Any:
        """Runs a statement; with parameters, in one round trip. COPY talks in between, so it is left to pg8000."""
        if stream is not None or not args:
            return super().execute(operation, args, stream)
        bound = _Bound(_numbered(operation))
        bound.values, bound.oids = args, self._input_oids
        # As one without parameters, which pg8000 hands to the connection as it is.
        return super().execute(bound)


class OneTripConnection(Connection):  # type: ignore[misc]  # pg8000 has no types
    """As pg8000's, with a statement and its parameters in one round trip; every one is counted."""

    _opening: Sequence[str] = ()

    def cursor(self) -> OneTripCursor:
        return OneTripCursor(self)

    def handle_messages(self, context: Context) -> None:
        """Reads the answer to what was sent; pg8000 calls this for every answer."""
        with waiting():
            super().handle_messages(context)

    def handle_ROW_DESCRIPTION(self, data: bytes, context: Context) -> None:  # noqa: N802 - the name is pg8000's
        """Reads that rows follow, and which."""
        if isinstance(context, _Train):
            context.comes_to_the_last()
        super().handle_ROW_DESCRIPTION(data, context)

    def handle_NO_DATA(self, data: bytes, context: Context) -> None:  # noqa: N802 - the name is pg8000's
        """Reads that no rows follow."""
        if isinstance(context, _Train):
            context.comes_to_the_last()
        super().handle_NO_DATA(data, context)

    def send_with_next(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Has a statement go out in the train of the next one, before it. Nobody hears of its rows, only of its error.

        Its values stand for %s in it. The next statement sees what this one waited for: each takes a snapshot of its
        own, if the isolation is READ COMMITTED.
        """
        if values:
            bound = _Bound(_numbered(statement))
            bound.values = values
            statement = bound
        self._opening = (*self._opening, statement)

    def forget_unsent(self) -> Sequence[str]:
        """Gives up what waits for the next statement, and returns it."""
        unsent, self._opening = self._opening, ()
        return unsent

    def execute_simple(self, statement: str) -> Context:
        """Runs a statement; a cursor calls this for whatever has no parameters, or has them bound."""
        opening = self.forget_unsent()
        if any(isinstance(each, _Bound) for each in (*opening, statement)):
            context: Context = _Train(statement)
            for first in opening:
                self._send_parts(first)
            self._send_parts(statement, described=True)
            _write(self._sock, SYNC_MSG)
        else:
            context = Context("; ".join([*opening, statement]))
            self.send_QUERY(context.statement)
        # From the sending on: where both are on one machine, the server may be done before it returns.
        with waiting():
            _flush(self._sock)
            super().handle_messages(context)
        return context

    def execute_unnamed(
        self, statement: str, vals: Sequence[Any] = (), oids: Sequence[int] = (), stream: Any = None
    ) -> Context:
        """Runs COPY; a cursor calls this for nothing else."""
        if self._opening:
            *self._opening, last = self._opening
            self.execute_simple(last)
        return super().execute_unnamed(statement, vals, oids, stream)

    def _send_parts(self, statement: str, *, described: bool = False) -> None:
        # pg8000's own senders have the server answer to each part at once, which is a packet and a waking for each.
        bound = statement if isinstance(statement, _Bound) else _Bound(statement)
        encoded = bound.encode(self._client_encoding)
        oids = [max(oid, 0) for oid in bound.oids]
        self._send_message(PARSE, NULL_BYTE + encoded + NULL_BYTE + pack(f"!H{len(oids)}I", len(oids), *oids))
        self._send_message(BIND, NULL_BYTE + NULL_BYTE + self._values(bound))
        if described:
            self._send_message(DESCRIBE, PORTAL + NULL_BYTE)
        _write(self._sock, EXECUTE_MSG)

    def _values(self, bound: _Bound) -> bytes:
        """The values as Bind has them: as text, NULL without any, and the results as text too."""
        encoded = [
            pack("!i", -1) if text is None else pack("!i", len(value := text.encode(self._client_encoding))) + value
            for text in make_params(self.py_types, bound.values)
        ]
        return pack("!HH", 0, len(encoded)) + b"".join(encoded) + pack("!H", 0)


def driver_of(connection: sqlalchemy.Connection) -> OneTripConnection:
    """The driver's connection under SQLAlchemy's."""
    return cast(OneTripConnection, connection.connection.driver_connection)


# Statements are few; lists of values make variants of some.
@lru_cache(maxsize=1024)
def _numbered(statement: str) -> str:
    """A statement with %s as one with $1, $2, …"""
    return str(convert_paramstyle("format", statement, ())[0])
