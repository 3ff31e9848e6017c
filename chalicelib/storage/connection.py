"""A connection of pg8000 that asks the server once where pg8000 asks three times.

pg8000 sends a statement with parameters in three parts, and waits for an answer to each: parse, describe, execute. The
server takes all of them in one message train (PostgreSQL's protocol, 54.2.3, "Extended Query"), which also passes
through a proxy that pools connections, because nothing is left behind on the server: the statement has no name.
"""

from collections.abc import Sequence
from typing import Any

from pg8000.core import DESCRIBE, NULL_BYTE, PORTAL, SYNC_MSG, Context, _flush, _write, make_params
from pg8000.legacy import Connection

from chalicelib.storage.waits import waiting


class OneTripConnection(Connection):  # type: ignore[misc]
    """As pg8000's, with a statement and its parameters in one round trip; every one is counted."""

    def handle_messages(self, context: Context) -> None:
        """Reads the answer to what was sent; pg8000 calls this for every answer."""
        with waiting():
            super().handle_messages(context)

    def execute_unnamed(
        self, statement: str, vals: Sequence[Any] = (), oids: Sequence[int] = (), stream: Any = None
    ) -> Context:
        """Runs a statement with its parameters; pg8000 calls this for whatever has some."""
        if stream is not None:
            # COPY talks in between.
            return super().execute_unnamed(statement, vals, oids, stream)
        context = Context(statement)
        self.send_PARSE(NULL_BYTE, statement, oids)
        self.send_BIND(NULL_BYTE, make_params(self.py_types, vals))
        self._send_message(DESCRIBE, PORTAL + NULL_BYTE)
        self.send_EXECUTE()
        _write(self._sock, SYNC_MSG)
        _flush(self._sock)
        self.handle_messages(context)
        return context
