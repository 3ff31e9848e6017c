"""The engine and the two ways to use it: one statement to read, one transaction to write.

Every statement of pg8000 waits for the server, so the round trips are the latency. The engine runs in autocommit: a
read is its one statement. A transaction says BEGIN with its first statement and COMMIT itself, or even with its last
statement, which costs one round trip or none where the driver's own costs three.
"""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event

from chalicelib.config import STATEMENT_TIMEOUT_MS, AwsCredentials, Settings
from chalicelib.errors import DatabaseUnavailable, OutcomeUnknown
from chalicelib.postgres.connection import PREPARED, Commit, OneTripConnection, driver_of
from chalicelib.postgres.errors import (
    UNKNOWN_OUTCOME,
    forget_statements,
    forget_values,
    notice_disconnect,
    translated,
)
from chalicelib.postgres.iam import DatabaseAddress, authentication_token
from chalicelib.postgres.waits import waiting

# A container serves one request at a time, so it needs one connection; the budget of a database is
# containers x 1. The connection is made anew before a proxy or firewall forgets it. Nobody asks first whether it still
# works, which would cost each request a round trip: a use case that finds it broken is run again (errors.retried).
POOL = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 10, "pool_recycle": 300}

CONNECT_TIMEOUT_SECONDS = 5

# Under this name an engine knows what its transactions begin with.
BEGIN = "loans_begin"
# Under this name a connection knows what is to be done once its transaction is committed.
AFTER_COMMIT = "loans_after_commit"


def make_engine(settings: Settings, **overrides: Any) -> Engine:
    """An engine for `settings.database_url`; `overrides` are create_engine's (tests want another pool)."""
    engine = create_engine(
        settings.database_url,
        isolation_level="AUTOCOMMIT",
        # The parameters of a statement are people's data, and an error's text goes to the log.
        hide_parameters=True,
        connect_args={
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": f"loans-{settings.stage}",
            "startup_params": _session(settings),
            "keeps_statements": not settings.database_proxy,
        },
        execution_options={BEGIN: _begin(settings)},
        **(POOL | overrides),
    )
    slowest_ms = max(settings.statement_timeout_ms, STATEMENT_TIMEOUT_MS if settings.database_proxy else 0)
    patience = slowest_ms / 1000 + CONNECT_TIMEOUT_SECONDS

    def wait_longer_than_the_server(connection: Any, _record: object) -> None:
        # The driver's timeout is the socket's, for every read and not only for connecting. The server ends a
        # slow statement itself; only a server that has vanished should be given up on from this side.
        connection._usock.settimeout(patience)

    if settings.database_identity:
        event.listen(engine, "do_connect", _sign_in_as_role(settings, settings.database_identity))
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "do_execute", _say_if_prepared)
    event.listen(engine, "connect", wait_longer_than_the_server)
    event.listen(engine, "handle_error", notice_disconnect)
    event.listen(engine, "handle_error", forget_statements)
    event.listen(engine, "handle_error", forget_values)
    return engine


def _session(settings: Settings) -> dict[str, str]:
    """What a new connection asks of the server. RDS Proxy refuses whoever asks for anything, and has the database's."""
    return {} if settings.database_proxy else {"statement_timeout": str(settings.statement_timeout_ms)}


def _begin(settings: Settings) -> tuple[str, ...]:
    """What a transaction begins with. It ends with what it set, so a proxy may pass the session on;
    a SET outside of one would tie session and connection together.
    """
    if not settings.database_proxy or settings.statement_timeout_ms == STATEMENT_TIMEOUT_MS:
        return ("BEGIN",)
    return "BEGIN", f"SET LOCAL statement_timeout = {settings.statement_timeout_ms}"


def _sign_in_as_role(settings: Settings, credentials: AwsCredentials) -> Callable[..., None]:
    """Gives each new connection a token of its own, over TLS with the server's certificate checked."""
    context = ssl.create_default_context(cafile=settings.database_ca_file)

    def sign_in(_dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
        address = DatabaseAddress(parameters["host"], parameters.get("port", 5432), parameters["user"])
        parameters["password"] = authentication_token(address, credentials)
        parameters["ssl_context"] = context

    return sign_in


def _connect(
    _dialect: object, _record: object, arguments: Sequence[Any], parameters: dict[str, Any]
) -> OneTripConnection:
    with waiting():
        return OneTripConnection(*arguments, **parameters)


def _say_if_prepared(cursor: Any, _statement: str, _parameters: object, context: Any) -> None:
    cursor.prepares = PREPARED in context.execution_options


class Transaction:
    """One transaction. Nothing persists unless `commit()` is called."""

    connection: Connection

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open = False

    def __enter__(self) -> Self:
        with translated():
            self.connection = self._engine.connect()
        self._after_commit: list[Callable[[], object]] = []
        self.connection.info[AFTER_COMMIT] = self._after_commit
        self._driver = driver_of(self.connection)
        # Sent with the first statement, which saves waiting for an answer that says nothing.
        self._driver.begin_with_next(self._engine.get_execution_options()[BEGIN])
        self._open = True
        return self

    def commit(self) -> None:
        """Makes it last, unless the last statement has, then does what was left for afterwards.

        Raises OutcomeUnknown where the connection broke before the server answered; then nothing is done afterwards.
        """
        if self._driver.commit_sent is not Commit.DONE:
            try:
                with translated():
                    self.connection.exec_driver_sql("COMMIT")
            except DatabaseUnavailable as error:
                raise OutcomeUnknown(UNKNOWN_OUTCOME) from error
        self._open = False
        for callback in self._after_commit:
            callback()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Once the connection is back in its pool, it is somebody else's.
        commit_sent = self._driver.commit_sent
        try:
            if self._open and commit_sent is not Commit.DONE and not self.connection.invalidated:
                self._roll_back()
        except Exception:
            # Whatever went wrong before matters more; a connection that cannot roll back is thrown away.
            self.connection.invalidate()
        finally:
            self.connection.close()
        if isinstance(error, Exception) and commit_sent is Commit.UNANSWERED:
            raise OutcomeUnknown(UNKNOWN_OUTCOME) from error
        if error is not None:
            with translated():
                raise error

    def _roll_back(self) -> None:
        unsent = self._driver.forget_unsent()
        # A transaction whose BEGIN never went out is none to the server.
        if "BEGIN" not in unsent:
            self.connection.exec_driver_sql("ROLLBACK")


def commit_with_next(connection: Connection) -> None:
    """Says that the next statement is the last of the transaction that this connection is in, and that nothing after it
    may undo it: COMMIT may go out with it, which saves waiting once more. `Transaction.commit` comes after it as ever.
    """
    driver_of(connection).commit_with_next()


def see_one_moment(connection: Connection) -> None:
    """Says that the transaction that this connection is in, and that has read nothing yet, only reads, and that all its
    statements see the same, whatever is written meanwhile.
    """
    driver_of(connection).send_with_next("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def after_commit(connection: Connection, callback: Callable[[], object]) -> None:
    """Leaves something for after the COMMIT of the transaction that this connection is in, such as to count a decision.

    It is forgotten where the transaction is rolled back, so whoever is run again does it once. It must not fail.
    """
    connection.info[AFTER_COMMIT].append(callback)


class Database:
    """What the services are given instead of a connection."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def transaction(self) -> Transaction:
        """A unit of work: `with database.transaction() as tx: …; tx.commit()`."""
        return Transaction(self.engine)

    def connect(self) -> None:
        """Connects, for whoever comes next to find it done. Raises DatabaseUnavailable."""
        with translated(), self.engine.connect():
            pass

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for a use case that is one SELECT, which needs no transaction around it."""
        with translated(), self.engine.connect() as connection:
            yield connection
