"""The use cases of the second factor: set it up, sign in with it, renew its recovery codes, remove it.

Whoever types codes is counted as somebody who types passwords is (services/sessions.py): as failed, until the code was
right. After MOST_WRONG_CODES in a row the user waits.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from chalicelib.errors import Conflict, InvalidRequest, TooManyRequests, Unauthenticated, UserNotFound
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import USER, Author
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.tokens import Token
from chalicelib.services.second_factor_codes import new_recovery_codes, recovery_hash, step_of
from chalicelib.services.sessions import WRONG as WRONG_PASSWORD
from chalicelib.services.sessions import (
    Attempt,
    OpenedSession,
    note_failure,
    open_session,
    prove_password,
    waiting_sentence,
)
from chalicelib.services.users import locked
from chalicelib.storage import audit, second_factors, sessions, sign_in_failures
from chalicelib.storage.second_factors import Holder
from chalicelib.storage.sign_in_failures import Counted
from chalicelib.storage.users import Secret

MOST_WRONG_CODES = 5

WRONG = "This code is wrong or was used before. Wait for the next one, or type a recovery code."
OVER = "The sign-in took too long; begin again with your login and password."


@dataclass(frozen=True)
class SecondFactor:
    """What the owner of a second factor is told of it."""

    recovery_codes_left: int


@dataclass(frozen=True)
class Proof:
    """A code that was typed, of the app or a recovery code, when, from which address and in which request."""

    code: str = field(repr=False)
    now: datetime
    address: str
    request_id: str


def pass_code(database: Database, token: Token, proof: Proof) -> OpenedSession:
    """Opens the session of a user whose password was right and whose code is, in place of the one that awaited it.

    Raises Unauthenticated for a wrong code and if nobody is awaited, and TooManyRequests after too many wrong ones.
    """
    holder = _counted(database, token)
    opened = _pass(database, token, proof)
    if opened is None:
        _note_wrong(database, holder, proof)
        raise Unauthenticated(WRONG)
    return opened


def set_up(database: Database, author: Author, secret: str, *, attempt: Attempt, proof: Proof) -> list[str]:
    """Gives the author, who proves the password, a second factor whose first code they have typed, and returns its
    recovery codes. Without the password, whoever finds a screen unlocked could take the account with their own phone.

    Raises Unauthenticated and TooManyRequests for the password as a sign-in does, InvalidRequest for a wrong code, and
    Conflict if there is a second factor already.
    """
    return _set_up(database, author, prove_password(database, attempt), secret, proof)


@retried
def _set_up(database: Database, author: Author, proven: Secret, secret: str, proof: Proof) -> list[str]:
    codes = new_recovery_codes()
    with database.transaction() as tx:
        holder = _own(tx.connection, author)
        if (holder.user_id, holder.password_hash) != (proven.user_id, proven.password_hash):
            # It was changed meanwhile, which has ended this session too.
            raise Unauthenticated(WRONG_PASSWORD)
        if holder.secret is not None:
            raise Conflict("You have a second factor already. Remove it first to set up another one.")
        step = step_of(secret, proof.code, proof.now, after=0)
        if step is None:
            raise InvalidRequest("The code is wrong.", {"code": ["is not the code that the app shows now"]})
        since = second_factors.set_secret(tx.connection, holder.user_id, secret=secret, step=step)
        second_factors.replace_recovery_codes(tx.connection, holder.user_id, map(recovery_hash, codes))
        event = Event(Action.SECOND_FACTOR_SET_UP, SubjectKind.USER, holder.user_id, after={"totp_since": since})
        audit.add(tx.connection, author, event)
        tx.commit()
    return codes


def renew_recovery_codes(database: Database, author: Author, proof: Proof) -> list[str]:
    """Gives the author, who types a code, other recovery codes. Raises what `pass_code` raises, and Conflict if there
    is no second factor.
    """
    codes = new_recovery_codes()
    _prove_own(database, author, proof, codes=codes)
    return codes


def remove_own(database: Database, author: Author, proof: Proof) -> None:
    """Takes the second factor from the author, who types a code. Raises what `renew_recovery_codes` raises."""
    _prove_own(database, author, proof, codes=None)


@retried
def remove(database: Database, author: Author, user_id: int) -> None:
    """Takes the second factor from a user, who signs in without until they set up another one.

    Raises UserNotFound, and Conflict for oneself, and if there is none.
    """
    with database.transaction() as tx:
        user, _ = locked(tx.connection, user_id)
        if (author.kind, author.author_id) == (USER, user_id):
            # It takes a code there, which who finds the screen unlocked does not have.
            raise Conflict("You cannot remove your own second factor here. Remove it under My account.")
        if not second_factors.remove(tx.connection, user_id):
            raise Conflict(f"{user.login} has no second factor.")
        sign_in_failures.clear(tx.connection, _subject(user_id))
        event = Event(Action.SECOND_FACTOR_REMOVED, SubjectKind.USER, user_id, before={"totp_since": user.totp_since})
        audit.add(tx.connection, author, event)
        tx.commit()


@retried
def view(database: Database, user_id: int) -> SecondFactor:
    """What the owner of a second factor is told of it."""
    with database.reading() as connection:
        return SecondFactor(second_factors.recovery_codes_left(connection, user_id))


@retried
def _counted(database: Database, token: Token) -> Holder:
    with database.transaction() as tx:
        holder = second_factors.waiting(tx.connection, token.digest)
        if holder is None:
            raise Unauthenticated(OVER)
        _count(tx.connection, holder.user_id)
        tx.commit()
    return holder


@retried
def _pass(database: Database, token: Token, proof: Proof) -> OpenedSession | None:
    with database.transaction() as tx:
        holder = second_factors.waiting(tx.connection, token.digest)
        if holder is None:
            raise Unauthenticated(OVER)
        author = Author(USER, holder.name, holder.user_id, proof.request_id)
        if not _is_right(tx.connection, author, holder, proof):
            return None
        if not sessions.end(tx.connection, token.digest):
            # It was ended while this waited for the user, whose row alone is read anew then.
            raise Unauthenticated(OVER)
        opened = open_session(
            tx.connection,
            holder.user_id,
            holder.password_hash,
            address=proof.address,
            request_id=proof.request_id,
            awaits_code=False,
        )
        tx.commit()
    return opened


def _prove_own(database: Database, author: Author, proof: Proof, *, codes: list[str] | None) -> None:
    holder = _count_own(database, author)
    if not _renew_or_remove(database, author, proof, codes):
        _note_wrong(database, holder, proof)
        raise Unauthenticated(WRONG)


@retried
def _count_own(database: Database, author: Author) -> Holder:
    with database.transaction() as tx:
        holder = _own(tx.connection, author)
        if holder.secret is None:
            raise Conflict("You have no second factor.")
        _count(tx.connection, holder.user_id)
        tx.commit()
    return holder


@retried
def _renew_or_remove(database: Database, author: Author, proof: Proof, codes: list[str] | None) -> bool:
    with database.transaction() as tx:
        holder = _own(tx.connection, author)
        if not _is_right(tx.connection, author, holder, proof):
            return False
        if codes is None:
            second_factors.remove(tx.connection, holder.user_id)
            action = Action.SECOND_FACTOR_REMOVED
        else:
            second_factors.replace_recovery_codes(tx.connection, holder.user_id, map(recovery_hash, codes))
            action = Action.RECOVERY_CODES_RENEWED
        audit.add(tx.connection, author, Event(action, SubjectKind.USER, holder.user_id))
        tx.commit()
    return True


def _is_right(connection: Connection, author: Author, holder: Holder, proof: Proof) -> bool:
    """Whether the code is right; then it is used up, and the wrong ones before it are forgotten."""
    if holder.secret is None or holder.step is None:
        return False
    step = step_of(holder.secret, proof.code, proof.now, after=holder.step)
    is_right = step is not None and second_factors.use_step(connection, holder.user_id, step)
    if not is_right and second_factors.use_recovery_code(connection, holder.user_id, recovery_hash(proof.code)):
        is_right = True
        left = second_factors.recovery_codes_left(connection, holder.user_id)
        event = Event(Action.RECOVERY_CODE_USED, SubjectKind.USER, holder.user_id, after={"recovery_codes_left": left})
        audit.add(connection, author, event)
    if is_right:
        sign_in_failures.clear(connection, _subject(holder.user_id))
    return is_right


def _count(connection: Connection, user_id: int) -> None:
    wait = sign_in_failures.count_attempt(connection, Counted(_subject(user_id), MOST_WRONG_CODES))
    if wait is not None:
        raise TooManyRequests(waiting_sentence(wait), wait)


def _note_wrong(database: Database, holder: Holder, proof: Proof) -> None:
    note_failure(database, holder.user_id, login=holder.login, address=proof.address, request_id=proof.request_id)


def _subject(user_id: int) -> str:
    return sign_in_failures.of_code(user_id)


def _own(connection: Connection, author: Author) -> Holder:
    holder = None if author.author_id is None else second_factors.of_user(connection, author.author_id)
    if holder is None:
        raise UserNotFound(f"There is no user {author.author_id}.")
    return holder
