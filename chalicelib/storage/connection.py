"""A connection of pg8000 that asks the server once where pg8000 asks three times.

pg8000 sends a statement with parameters in three parts, and waits for an answer to each: parse, describe, execute. The
server takes all of them in one message train (PostgreSQL's protocol, 54.2.3, "Extended Query"), which also passes
through a proxy that pools connections, because nothing is left behind on the server: the statement has no name.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pg8000.core import DESCRIBE, NULL_BYTE, PORTAL, SYNC_MSG, Context, _flush, _write, make_params
from pg8000.dbapi import convert_paramstyle
from pg8000.legacy import Connection, Cursor

from chalicelib.storage.waits import waiting


class _Bound(str):
    """A statement with $1, $2, … and what they stand for."""

    values: Sequence[Any]
    oids: Sequence[int]


class OneTripCursor(Cursor):  # type: ignore[misc]
    """As pg8000's, which looks for the placeholders of a statement character by character, but not each time anew."""

    def execute(self, operation: str, args: Sequence[Any] = (), stream: Any = None) -> Any:
        """Runs a statement; with parameters, in one round trip. COPY talks in between, so it is left to pg8000."""
        if stream is not None or not args:
            return super().execute(operation, args, stream)
        bound = _Bound(_numbered(operation))
        bound.values, bound.oids = args, self._input_oids
        # As one without parameters, which pg8000 hands to the connection as it is.
        return super().execute(bound)


class OneTripConnection(Connection):  # type: ignore[misc]
    """As pg8000's, with a statement and its parameters in one round trip; every one is counted."""

    _opening: Sequence[str] = ()

    def cursor(self) -> OneTripCursor:
        return OneTripCursor(self)

    def handle_messages(self, context: Context) -> None:
        """Reads the answer to what was sent; pg8000 calls this for every answer."""
        with waiting():
            super().handle_messages(context)

    def send_with_next(self, opening: Sequence[str]) -> None:
        """Statements without parameters and rows, such as BEGIN, that go out in the train of the next statement."""
        self._opening = opening

    def forget_unsent(self) -> bool:
        """Gives up what waits for the next statement. True if anything did: then there is nothing to roll back."""
        unsent, self._opening = bool(self._opening), ()
        return unsent

    def execute_simple(self, statement: str) -> Context:
        """Runs a statement; a cursor calls this for whatever has no parameters, or has them bound."""
        opening, self._opening = self._opening, ()
        if not isinstance(statement, _Bound):
            return super().execute_simple("; ".join([*opening, statement]))
        context = Context(statement)
        for first in opening:
            self._send_parts(first)
        self._send_parts(statement, statement.oids, statement.values, described=True)
        _write(self._sock, SYNC_MSG)
        _flush(self._sock)
        self.handle_messages(context)
        return context

    def execute_unnamed(
        self, statement: str, vals: Sequence[Any] = (), oids: Sequence[int] = (), stream: Any = None
    ) -> Context:
        """Runs COPY; a cursor calls this for nothing else."""
        if self._opening:
            opening, self._opening = self._opening, ()
            super().execute_simple("; ".join(opening))
        return super().execute_unnamed(statement, vals, oids, stream)

    def _send_parts(
        self, statement: str, oids: Sequence[int] = (), values: Sequence[Any] = (), *, described: bool = False
    ) -> None:
        self.send_PARSE(NULL_BYTE, statement, oids)
        self.send_BIND(NULL_BYTE, make_params(self.py_types, values))
        if described:
            self._send_message(DESCRIBE, PORTAL + NULL_BYTE)
        self.send_EXECUTE()


# Statements are few; lists of values make variants of some.
@lru_cache(maxsize=1024)
def _numbered(statement: str) -> str:
    """A statement with %s as one with $1, $2, …"""
    return str(convert_paramstyle("format", statement, ())[0])
