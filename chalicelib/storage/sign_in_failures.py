"""The queries on failed sign-ins, which make those who guess wait.

An attempt is counted as failed before the password is looked at, and taken back if it was right. So a hundred
attempts at once are counted one by one, and no more than the allowed ones see a password compared.
"""

from sqlalchemy import Connection, text

WINDOW = "15 minutes"

# Counts a failure, unless the subject has to wait. The count starts anew when nothing failed for a while. The
# statement locks the row, so whoever comes second sees the count of the first.
_COUNT = text(f"""
    INSERT INTO sign_in_failures AS stored (subject, failures, blocked_until)
    VALUES (:subject, 1, CASE WHEN :most <= 1 THEN clock_timestamp() + interval '{WINDOW}' END)
    ON CONFLICT ON CONSTRAINT sign_in_failures_pkey DO UPDATE
    SET failures = CASE WHEN stored.last_failed_at <= clock_timestamp() - interval '{WINDOW}' THEN 1
                        ELSE stored.failures + 1 END,
        last_failed_at = clock_timestamp(),
        blocked_until = CASE WHEN stored.last_failed_at > clock_timestamp() - interval '{WINDOW}'
                              AND stored.failures + 1 >= :most THEN clock_timestamp() + interval '{WINDOW}' END
    WHERE stored.blocked_until IS NULL OR stored.blocked_until <= clock_timestamp()
""")  # noqa: S608 - the constant above

_SECONDS_LEFT = text("""
    SELECT CAST(ceil(EXTRACT(epoch FROM blocked_until - clock_timestamp())) AS integer)
    FROM sign_in_failures WHERE subject = :subject
""")

_TAKE_BACK = text("""
    UPDATE sign_in_failures SET failures = GREATEST(failures - 1, 0), blocked_until = NULL WHERE subject = :subject
""")

_CLEAR = text("DELETE FROM sign_in_failures WHERE subject = :subject")

_SWEEP = text(f"""
    DELETE FROM sign_in_failures
    WHERE last_failed_at <= now() - interval '{WINDOW}' AND (blocked_until IS NULL OR blocked_until <= now())
""")  # noqa: S608 - the constant above


def of_login(login: str) -> str:
    """The subject of everything that fails for a login."""
    return f"login:{login}"


def of_address(address: str) -> str:
    """The subject of everything that fails from an address."""
    return f"address:{address}"


def count_attempt(connection: Connection, subject: str, most: int) -> int | None:
    """Counts an attempt as failed; None where it may go on, or else the seconds to wait, and nothing is counted.

    The attempt with which the count comes to `most` is the last one that may go on.
    """
    if connection.execute(_COUNT, {"subject": subject, "most": most}).rowcount:
        return None
    seconds: int = connection.execute(_SECONDS_LEFT, {"subject": subject}).scalar_one()
    return max(1, seconds)


def take_back(connection: Connection, subject: str) -> None:
    """Takes back one attempt that was right after all; the failures before it stay."""
    connection.execute(_TAKE_BACK, {"subject": subject})


def clear(connection: Connection, subject: str) -> None:
    """Forgets all failures of a subject."""
    connection.execute(_CLEAR, {"subject": subject})


def sweep(connection: Connection) -> int:
    """Removes what makes nobody wait any more; returns how many."""
    return connection.execute(_SWEEP).rowcount
