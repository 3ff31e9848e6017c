"""A connection of pg8000 that asks the server once where pg8000 asks three times.

pg8000 sends a statement with parameters in three parts, and waits for an answer to each: parse, describe, execute. The
server takes all of them in one message train (PostgreSQL's protocol, 54.2.3, "Extended Query"), which also passes
through a proxy that pools connections, because nothing is left behind on the server: the statement has no name.

A statement that is `prepared` has one, if the connection is the server's own and not a proxy's: the server parses and
plans it once a connection, and tells once what its rows are made of.

The last statement of a transaction can take COMMIT along. If the connection breaks then, nobody knows whether the
transaction was committed; so they go out together only if the connection has hardly broken before.
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from itertools import count
from select import POLLIN, poll
from struct import pack
from typing import Any, NamedTuple, TypeVar, cast, overload

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
from sqlalchemy import Executable, TextClause, text

from chalicelib.postgres.waits import waiting

# Nothing on the way forgets a connection this soon without telling either end. By the clock on the wall, because that
# of the process stands still while a container is frozen.
TRUSTED_SECONDS = 1.0

# Under this name a statement knows that it is prepared.
PREPARED = "loans_prepared"

Statement = TypeVar("Statement", bound=Executable)


@overload
def prepared(statement: str) -> TextClause: ...
@overload
def prepared(statement: Statement) -> Statement: ...
def prepared(statement: Any) -> Any:
    """Has the server parse and plan a statement once a connection. Of a text it makes a statement.

    For statements that find rows by key: the server may come to plan them without looking at their values, which are
    to make no difference. There are few of them, and none of them is made up as it goes.
    """
    made = text(statement) if isinstance(statement, str) else statement
    return made.execution_options(**{PREPARED: True})


class Placed:
    """A prepared statement of many values, each a :name, whose places are found once and not with each use."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._placed: tuple[str, Sequence[str]] | None = None

    def __str__(self) -> str:
        return self._statement

    def row(self, connection: sqlalchemy.Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """The one row that it returns, with the values by their names."""
        if self._placed is None:
            compiled = text(self._statement).compile(dialect=connection.dialect)
            self._placed = str(compiled), compiled.positiontup or ()
        statement, names = self._placed
        given = tuple([values[name] for name in names])
        return connection.exec_driver_sql(statement, given, {PREPARED: True}).one()


class _Bound(str):
    """A statement with $1, $2, … and what they stand for."""

    values: Sequence[Any] = ()
    oids: Sequence[int] = ()
    is_prepared = False


class Commit(Enum):
    """What became of the COMMIT that went out with the last statement of a transaction."""

    UNSENT = auto()
    # It went out, and the connection broke before all was answered.
    UNANSWERED = auto()
    # The server told of an error and goes on, so nothing is committed.
    REFUSED = auto()
    DONE = auto()


_COMMIT = _Bound("COMMIT")
_COMMIT.is_prepared = True


class _Rows(NamedTuple):
    """What the rows of a statement are made of, as pg8000 reads it from the server's description."""

    columns: Sequence[Any]
    input_funcs: Sequence[Any]


class _Train(Context):  # type: ignore[misc]  # pg8000 has no types
    """The answer to several statements at once, of which only the last is told of its rows."""

    def __init__(self, statement: str, ahead: int, described: _Rows | None) -> None:
        super().__init__(statement)
        # How many statements are answered before the last, and where their rows go.
        self.ahead = ahead
        self.rows: list[Any] | None = []
        # What is known of the rows of the last one, which then does not describe itself.
        self.described = described
        # The names under which statements are being prepared, in the order of sending; None for one without a name.
        self.parsing: deque[tuple[str, bytes] | None] = deque()
        if not ahead:
            self.comes_to_the_last()

    def comes_to_the_last(self) -> None:
        self.rows, self.row_count = None, -1
        if self.described:
            self.columns, self.input_funcs = self.described
            self.rows = [] if self.columns is not None else None


class OneTripCursor(Cursor):  # type: ignore[misc]  # pg8000 has no types
    """As pg8000's, which looks for the placeholders of a statement character by character, but not each time anew."""

    # Whether the next statement is prepared.
    prepares = False

    def execute(self, operation: str, args: Sequence[Any] = (), stream: Any = None) -> Any:
        """Runs a statement; with parameters, in one round trip. COPY talks in between, so it is left to pg8000."""
        if stream is not None or not args:
            return super().execute(operation, args, stream)
        bound = _Bound(_numbered(operation))
        bound.values, bound.oids, bound.is_prepared = args, self._input_oids, self.prepares
        # As one without parameters, which pg8000 hands to the connection as it is.
        return super().execute(bound)


class OneTripConnection(Connection):  # type: ignore[misc]  # pg8000 has no types
    """As pg8000's, with a statement and its parameters in one round trip; every one is counted."""

    _opening: Sequence[str] = ()
    _commits_with_next = False
    _heard_at = 0.0
    # Of the transaction that was begun last.
    commit_sent = Commit.UNSENT

    def __init__(self, *args: Any, keeps_statements: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Behind a proxy, another connection of the server may answer each transaction: none would know the names.
        self._keeps_statements = keeps_statements
        self._names: dict[str, bytes] = {}
        self._named = count()
        self._described: dict[str, _Rows] = {}

    def cursor(self) -> OneTripCursor:
        return OneTripCursor(self)

    def handle_messages(self, context: Context) -> None:
        """Reads the answer to what was sent; pg8000 calls this for every answer."""
        with waiting():
            self._read_answer(context)

    def _read_answer(self, context: Context) -> None:
        super().handle_messages(context)
        self._heard_at = time.time()

    def handle_PARSE_COMPLETE(self, data: bytes, context: Context) -> None:  # noqa: N802 - the name is pg8000's
        """Reads that a statement was parsed; from now on the server knows its name, whatever becomes of it."""
        super().handle_PARSE_COMPLETE(data, context)
        if isinstance(context, _Train) and (parsed := context.parsing.popleft()):
            statement, name = parsed
            self._names[statement] = name

    def handle_COMMAND_COMPLETE(self, data: bytes, context: Context) -> None:  # noqa: N802 - the name is pg8000's
        """Reads that a statement is done."""
        super().handle_COMMAND_COMPLETE(data, context)
        if isinstance(context, _Train) and context.ahead:
            context.ahead -= 1
            if not context.ahead:
                context.comes_to_the_last()

    def handle_ROW_DESCRIPTION(self, data: bytes, context: Context) -> None:  # noqa: N802 - the name is pg8000's
        """Reads that rows follow, and which."""
        super().handle_ROW_DESCRIPTION(data, context)
        self._remember_rows(context)

    def handle_NO_DATA(self, data: bytes, context: Context) -> None:  # noqa: N802 - the name is pg8000's
        """Reads that no rows follow."""
        super().handle_NO_DATA(data, context)
        self._remember_rows(context)

    def _remember_rows(self, context: Context) -> None:
        if isinstance(context.statement, _Bound) and context.statement.is_prepared:
            self._described[context.statement] = _Rows(context.columns, context.input_funcs)

    def forget_statements(self) -> None:
        """For when the server no longer knows a statement, or not as it was: each is prepared anew."""
        self._names.clear()
        self._described.clear()

    def send_with_next(self, statement: str, values: Sequence[Any] = (), *, is_prepared: bool = False) -> None:
        """Has a statement go out in the train of the next one, before it. Nobody hears of its rows, only of its error.

        Its values stand for %s in it. The next statement sees what this one waited for: each takes a snapshot of its
        own, if the isolation is READ COMMITTED.
        """
        if values:
            bound = _Bound(_numbered(statement))
            bound.values, bound.is_prepared = values, is_prepared
            statement = bound
        self._opening = (*self._opening, statement)

    def forget_unsent(self) -> Sequence[str]:
        """Gives up what waits for the next statement, and returns what would have gone out before it."""
        unsent, self._opening, self._commits_with_next = self._opening, (), False
        return unsent

    def begin_with_next(self, statements: Sequence[str]) -> None:
        """Has a transaction begin with the next statement, by these."""
        self.forget_unsent()
        self._opening, self.commit_sent = tuple(statements), Commit.UNSENT

    def commit_with_next(self) -> None:
        """Has COMMIT go out in the train of the next statement, behind it, if the connection is sure to work then.
        `commit_sent` says what became of it.
        """
        self._commits_with_next = True

    def _is_sure(self) -> bool:
        """Whether the connection works: it did a moment ago, and the server has not said since that it goes away."""
        if abs(time.time() - self._heard_at) >= TRUSTED_SECONDS:
            return False
        watched = poll()
        watched.register(self._usock, POLLIN)
        return not watched.poll(0)

    def execute_simple(self, statement: str) -> Context:
        """Runs a statement; a cursor calls this for whatever has no parameters, or has them bound."""
        commits = self._commits_with_next and self._is_sure()
        opening = self.forget_unsent()
        if commits or any(isinstance(each, _Bound) for each in (*opening, statement)):
            described = self._described.get(statement) if statement in self._names else None
            context: Context = _Train(statement, len(opening), described)
            for first in opening:
                self._send_parts(first, context)
            self._send_parts(statement, context, is_described=not described)
            if commits:
                self._send_parts(_COMMIT, context)
                self.commit_sent = Commit.UNANSWERED
            _write(self._sock, SYNC_MSG)
        else:
            context = Context("; ".join([*opening, statement]))
            self.send_QUERY(context.statement)
        try:
            # From the sending on: where both are on one machine, the server may be done before it returns.
            with waiting():
                _flush(self._sock)
                self._read_answer(context)
        except Exception as error:
            if commits and error is context.error:
                self.commit_sent = Commit.REFUSED
            raise
        if commits:
            self.commit_sent = Commit.DONE
        return context

    def execute_unnamed(
        self, statement: str, vals: Sequence[Any] = (), oids: Sequence[int] = (), stream: Any = None
    ) -> Context:
        """Runs COPY; a cursor calls this for nothing else."""
        opening = self.forget_unsent()
        if opening:
            *self._opening, last = opening
            self.execute_simple(last)
        return super().execute_unnamed(statement, vals, oids, stream)

    def _send_parts(self, statement: str, train: _Train, *, is_described: bool = False) -> None:
        # pg8000's own senders have the server answer to each part at once, which is a packet and a waking for each.
        bound = statement if isinstance(statement, _Bound) else _Bound(statement)
        name = self._names.get(bound)
        if name is None:
            name = self._send_parse(bound, train)
        self._send_message(BIND, NULL_BYTE + name + self._values(bound))
        if is_described:
            self._send_message(DESCRIBE, PORTAL + NULL_BYTE)
        _write(self._sock, EXECUTE_MSG)

    def _send_parse(self, bound: _Bound, train: _Train) -> bytes:
        """Has the server parse a statement, and returns the name that it gets: none if it is for this time only."""
        is_kept = bound.is_prepared and self._keeps_statements
        # No name is given twice: an error may leave it unknown whether the server has it.
        name = b"loans_%d\x00" % next(self._named) if is_kept else NULL_BYTE
        encoded = bound.encode(self._client_encoding)
        oids = [max(oid, 0) for oid in bound.oids]
        self._send_message(PARSE, name + encoded + NULL_BYTE + pack(f"!H{len(oids)}I", len(oids), *oids))
        train.parsing.append((str(bound), name) if is_kept else None)
        return name

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
