"""The queries on failed sign-ins, which make those who guess wait: a login and a device stop, an address slows down.

An attempt is counted as failed before the password is looked at, and taken back if it was right. So a hundred
attempts at once are counted one by one, and no more than the allowed ones see a password compared.
"""

from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection, TextClause, text

WINDOW = "15 minutes"
SLOWEST = "60 seconds"

# How long a subject waits after its count came to :most. A stop lasts for the window; whoever is slowed down waits a
# second, then twice as long each time, up to the slowest. The exponent has a bound: 2^1000 seconds is no interval.
_STOP = f"interval '{WINDOW}'"
_SLOW = f"LEAST(interval '{SLOWEST}', interval '1 second' * 2 ^ LEAST(stored.failures + 1 - :most, 10))"


def _count(wait: str) -> TextClause:
    # Counts a failure, unless the subject has to wait. The count starts anew when nothing failed for a while. The
    # statement locks the row, so whoever comes second sees the count of the first.
    return text(f"""
        INSERT INTO sign_in_failures AS stored (subject, failures) VALUES (:subject, 1)
        ON CONFLICT ON CONSTRAINT sign_in_failures_pkey DO UPDATE
        SET failures = CASE WHEN stored.last_failed_at <= clock_timestamp() - interval '{WINDOW}' THEN 1
                            ELSE stored.failures + 1 END,
            last_failed_at = clock_timestamp(),
            blocked_until = CASE WHEN stored.last_failed_at > clock_timestamp() - interval '{WINDOW}'
                                  AND stored.failures + 1 >= :most THEN clock_timestamp() + {wait} END
        WHERE stored.blocked_until IS NULL OR stored.blocked_until <= clock_timestamp()
    """)  # noqa: S608 - the constants above


_COUNT_OR_STOP, _COUNT_OR_SLOW = _count(_STOP), _count(_SLOW)

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


class Brake(Enum):
    """What happens after too many failures: nobody may go on for the window, or one attempt at a time."""

    STOPS = "stops"
    SLOWS = "slows"


@dataclass(frozen=True)
class Counted:
    """Whose failures are counted together, from how many in a row on (at least 2) they have to wait, and how."""

    subject: str
    most: int
    brake: Brake = Brake.STOPS


def of_login(login: str) -> str:
    """The subject of everything that fails for a login."""
    return f"login:{login}"


def of_address(address: str) -> str:
    """The subject of everything that fails from an address."""
    return f"address:{address}"


def of_code(user_id: int) -> str:
    """The subject of what fails of the codes of a second factor."""
    return f"code:{user_id}"


def of_device(number: str) -> str:
    """The subject of what fails from a browser that has signed in before."""
    return f"device:{number}"


def count_attempt(connection: Connection, counted: Counted) -> int | None:
    """Counts an attempt as failed; None if it may go on, or else the seconds to wait, and nothing is counted.

    The attempt with which the count comes to `most` is the last one that need not wait.
    """
    statement = _COUNT_OR_SLOW if counted.brake is Brake.SLOWS else _COUNT_OR_STOP
    values = {"subject": counted.subject, "most": counted.most}
    if connection.execute(statement, values).rowcount:
        return None
    seconds: int = connection.execute(_SECONDS_LEFT, values).scalar_one()
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
