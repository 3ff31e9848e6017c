"""What the database says, turned once into what a client can be told.

pg8000 gives a dictionary: "C" is the SQLSTATE, "n" the name of the constraint. SQLSTATEs are from appendix A
of the PostgreSQL manual.
"""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chalicelib.errors import DatabaseUnavailable, LoanError
from chalicelib.postgres.connection import driver_of

UNREACHABLE = "The database cannot be reached at the moment. Nothing was saved; please try again."
TOO_SLOW = "The database took too long to answer. Nothing was saved; please try again."
UNKNOWN_OUTCOME = (
    "The connection to the database broke while saving, so it is not known whether it was saved. "
    "Look it up before trying again."
)

# The server is going away, starting up, refuses us, or has no connection left for us; or it may not write (25006):
# it was the writer until a fail-over, and another one is now.
UNREACHABLE_STATES = {"57P01", "57P02", "57P03", "53300", "25006", "08000", "08001", "08003", "08004", "08006"}
# The sign-in was refused. A token is made for each connection, so the next one may do.
REFUSED_STATES = {"28P01", "28000"}
TOO_SLOW_STATES = {"57014", "55P03"}
# Another transaction was in the way; the same work may well succeed at once.
CONTENTION_STATES = {"40001", "40P01"}
# The server does not know a statement that was prepared, or the schema has changed what its rows are made of.
FORGOTTEN_STATES = {"26000", "0A000"}

ATTEMPTS = 3
# Before the last of them, so that whoever waited for a lock gets it: on a busy server, the second may take it once more
# before the other has woken up.
PAUSE_SECONDS = 0.1

P = ParamSpec("P")
T = TypeVar("T")


class Interrupted(DatabaseUnavailable):
    """The transaction came to nothing through no fault of its own, so it may be run again from its start."""


# What a client is told of a broken constraint, by its name; whoever has the tables says it.
_broken: dict[str, Callable[[], LoanError]] = {}


def translate_constraints(broken: Mapping[str, Callable[[], LoanError]]) -> None:
    """Has a breach of one of these constraints raised as its domain error. One of any other is a fault of ours, and
    goes on unchanged.
    """
    _broken.update(broken)


def interrupted() -> Interrupted:
    """For a constraint that another transaction ran ahead to: the same work may well succeed at once."""
    return Interrupted(UNREACHABLE)


def retried(use_case: Callable[P, T]) -> Callable[P, T]:
    """Runs a whole use case again, up to ATTEMPTS times, when its transaction was interrupted.

    Safe because nothing of an interrupted transaction persists, and OutcomeUnknown is not retried.
    """

    @wraps(use_case)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(ATTEMPTS - 1):
            with suppress(Interrupted):
                return use_case(*args, **kwargs)
        time.sleep(PAUSE_SECONDS)
        return use_case(*args, **kwargs)

    return attempt


@contextmanager
def translated() -> Iterator[None]:
    """Raises database errors inside as their domain errors; what has no sentence goes on unchanged."""
    try:
        yield
    except PoolTimeout:
        raise DatabaseUnavailable(UNREACHABLE) from None
    except ConnectionError as error:
        # pg8000 lets the socket's own error through where a connection is reset while it waits for an answer.
        raise Interrupted(UNREACHABLE) from error
    except (TimeoutError, ssl.SSLError) as error:
        raise DatabaseUnavailable(UNREACHABLE) from error
    except DBAPIError as error:
        domain_error = _domain_error(error)
        if domain_error is None:
            raise
        raise domain_error from error


def notice_disconnect(context: ExceptionContext) -> None:
    """Tells the pool that a connection is gone where the dialect does not see it (a `handle_error` listener).

    Postgres announces its shutdown as an ordinary error, after which the connection is dead.
    """
    error = context.original_exception
    if isinstance(error, OSError) or _state(error) in UNREACHABLE_STATES:
        context.is_disconnect = True


def forget_statements(context: ExceptionContext) -> None:
    """Has every statement prepared anew if the server has forgotten one (a `handle_error` listener)."""
    if _is_forgotten(context.original_exception) and context.connection is not None:
        driver_of(context.connection).forget_statements()


def _is_forgotten(error: object) -> bool:
    # 0A000 is said of much; what is meant here comes from one place of the server.
    return _state(error) in FORGOTTEN_STATES and (
        _state(error) == "26000" or _details(error).get("R") == "RevalidateCachedQuery"
    )


def forget_values(context: ExceptionContext) -> None:
    """Takes out of an error what stood in the row (a `handle_error` listener): its text goes to the log."""
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    for name in ("D", "W"):
        _details(original).pop(name, None)
    if wrapped is not None:
        # Its text was made before.
        wrapped.args = (f"({type(original).__name__}) {original}",)


def _domain_error(error: DBAPIError) -> LoanError | None:
    state = _state(error.orig)
    if state in CONTENTION_STATES | REFUSED_STATES or _is_forgotten(error.orig):
        return interrupted()
    if state in TOO_SLOW_STATES:
        return DatabaseUnavailable(TOO_SLOW)
    if error.connection_invalidated:
        return interrupted()
    if state in UNREACHABLE_STATES or state is None:
        return DatabaseUnavailable(UNREACHABLE)
    broken = _broken.get(_constraint(error.orig) or "")
    return broken() if broken else None


def _details(error: object) -> dict[str, Any]:
    arguments = getattr(error, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], dict) else {}


def _state(error: object) -> str | None:
    """The SQLSTATE, or None where the error is the driver's own: it could not talk to the server."""
    return _details(error).get("C")


def _constraint(error: object) -> str | None:
    return _details(error).get("n")
