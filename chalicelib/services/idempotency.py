"""A write that a client may send again: done once, and answered the same for a day.

The answer is kept in the transaction of the write, so either both exist or neither does, wherever the connection or
the process broke. After draft-ietf-httpapi-idempotency-key-header.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection

from chalicelib.errors import IdempotencyKeyReused, RequestInFlight
from chalicelib.postgres.database import Database, commit_with_next
from chalicelib.postgres.errors import retried
from chalicelib.storage import idempotency


class Attempt(NamedTuple):
    """A request that carries a key. `fingerprint` tells it from another one of its route."""

    route: str
    key: str
    fingerprint: str


Made = TypeVar("Made")

# Is told whether nothing is done in the transaction after it, so that its last statement may take COMMIT along.
Make: TypeAlias = Callable[[Connection, bool], Made]


class Once(NamedTuple, Generic[Made]):
    """That something is to be made once for an attempt, if there is one, and how it is answered: the text that `tell`
    makes of it is kept in the transaction that makes it.
    """

    attempt: Attempt | None
    tell: Callable[[Made], str]


class Told(NamedTuple):
    """The answer as it was told, and whether it was told before."""

    answer: str
    replayed: bool


@retried
def run_once(database: Database, once: Once[Made], make: Make[Made]) -> Told:
    """Runs `make` in a transaction and commits it, unless the attempt was answered before.

    Raises RequestInFlight while another request with this key is at work, and IdempotencyKeyReused where the key was
    used with another request. What `make` raises is not kept: the same request may be tried again.
    """
    attempt = once.attempt
    with database.transaction() as tx:
        stored = _stored_answer(tx.connection, attempt) if attempt else None
        if stored is not None:
            return Told(stored, replayed=True)
        answer = once.tell(make(tx.connection, attempt is None))
        if attempt:
            commit_with_next(tx.connection)
            idempotency.remember(tx.connection, **attempt._asdict(), answer=answer)
        tx.commit()
    return Told(answer, replayed=False)


def _stored_answer(connection: Connection, attempt: Attempt) -> str | None:
    claim = idempotency.claim(connection, attempt.route, attempt.key)
    if claim.fingerprint is not None and claim.fingerprint != attempt.fingerprint:
        raise IdempotencyKeyReused(
            f"The Idempotency-Key {attempt.key!r} was used with another request; send a new key with a new request."
        )
    if claim.answer is None and not claim.claimed:
        raise RequestInFlight(
            f"A request with the Idempotency-Key {attempt.key!r} is being worked on; send it again in a moment."
        )
    return claim.answer
