"""The queries on idempotency keys: which request was answered with what, for a day."""

from typing import NamedTuple

from sqlalchemy import Connection, text

from chalicelib.postgres.connection import driver_of, prepared

# Claims the key for this transaction and looks for an answer, in one statement. The lock is released with the
# transaction, so a crash leaves no key in flight.
_CLAIM = prepared("""
    SELECT pg_try_advisory_xact_lock(hashtextextended(:route || ' ' || :key, 0)) AS claimed,
           stored.fingerprint, stored.answer
    FROM (SELECT 1) AS one
    LEFT JOIN idempotency_keys AS stored
           ON stored.route = :route AND stored.key = :key AND stored.created_at > now() - interval '24 hours'
""")

# An answer that is a day old makes room.
_MAKE_ROOM = "DELETE FROM idempotency_keys WHERE route = %s AND key = %s AND created_at <= now() - interval '24 hours'"

# Breaks idempotency_keys_pkey where another transaction kept an answer since the claim looked.
_REMEMBER = prepared("""
    INSERT INTO idempotency_keys (route, key, fingerprint, answer) VALUES (:route, :key, :fingerprint, :answer)
""")

_SWEEP = text("DELETE FROM idempotency_keys WHERE created_at <= now() - interval '24 hours'")


class Claim(NamedTuple):
    """What is known of a key: whether this transaction may use it, and what was answered before."""

    claimed: bool
    fingerprint: str | None
    answer: str | None


def claim(connection: Connection, route: str, key: str) -> Claim:
    """Claims a key until the transaction ends, unless another transaction is at work with it."""
    return Claim(*connection.execute(_CLAIM, {"route": route, "key": key}).one())


def remember(connection: Connection, *, route: str, key: str, fingerprint: str, answer: str) -> None:
    """Keeps an answer. The same work may be run again where another transaction kept one since the claim looked."""
    driver_of(connection).send_with_next(_MAKE_ROOM, [route, key], is_prepared=True)
    values = {"route": route, "key": key, "fingerprint": fingerprint, "answer": answer}
    connection.execute(_REMEMBER, values)


def sweep(connection: Connection) -> int:
    """Removes the answers that are a day old; returns how many."""
    return connection.execute(_SWEEP).rowcount
