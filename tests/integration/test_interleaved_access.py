"""What was proven must still be so when it is acted upon.

Each pair of acts is interleaved for real: one transaction has done its part and not committed, the other act is seen to
wait for it, and then the first commits.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from sqlalchemy import func, text

from chalicelib.errors import Conflict, Unauthenticated
from chalicelib.postgres.database import Database, Transaction
from chalicelib.rules.access import USER, Author, Role
from chalicelib.rules.tokens import Token
from chalicelib.services import api_keys, invitations, passwords, second_factors, users
from chalicelib.services.invitations import Invitee
from chalicelib.services.second_factors import Proof
from chalicelib.services.sessions import Attempt, change_own_password, sign_in
from chalicelib.services.users import UserChanges
from chalicelib.storage import api_keys as stored_keys
from chalicelib.storage import sessions as stored_sessions
from chalicelib.storage import users as stored_users
from tests.support.people import PASSWORD, TEST, key_of, second_factor_of, session_of, user_of
from tests.support.waiting import wait_until_someone_waits

ANOTHER = "another long password"
NEW_HASH = passwords.hashed(ANOTHER, "asha")

Result = TypeVar("Result")
Databases = Callable[[], Database]


def attempt(password: str = PASSWORD) -> Attempt:
    return Attempt("asha", password, "192.0.2.1", "a request")


def meanwhile(new_database: Databases, first: Callable[[Transaction], object], second: Callable[[], Result]) -> Result:
    """What `second` comes to, which waits for the transaction in which `first` was done before."""
    with new_database().transaction() as tx, ThreadPoolExecutor(1) as other:
        first(tx)
        waiting = other.submit(second)
        wait_until_someone_waits(new_database())
        tx.commit()
        return waiting.result()


def changing(user_id: int, **values: object) -> Callable[[Transaction], object]:
    """What changing a user does before its end."""

    def change(tx: Transaction) -> None:
        stored_users.lock_with_admins(tx.connection, user_id)
        stored_users.change(tx.connection, user_id, values)
        stored_sessions.end_all(tx.connection, user_id)

    return change


def open_sessions(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM sessions WHERE ended_at IS NULL")) or 0)


@pytest.mark.parametrize("change", [{"password_hash": NEW_HASH}, {"disabled_at": func.now()}])
def test_a_sign_in_with_what_is_changed_meanwhile_opens_no_session(
    database: Database, new_database: Databases, change: dict[str, object]
) -> None:
    user = user_of(database, Role.OFFICER, "asha")
    with pytest.raises(Unauthenticated, match="wrong"):
        meanwhile(new_database, changing(user.user_id, **change), lambda: sign_in(database, attempt()))
    assert open_sessions(database) == 0


def test_a_session_that_was_opened_before_the_password_changed_ends_with_it(
    database: Database, new_database: Databases
) -> None:
    user = user_of(database, Role.OFFICER, "asha")
    secret = _secret(database)

    def open_one(tx: Transaction) -> object:
        return open_session(tx, secret)

    changes = UserChanges(password=ANOTHER)
    meanwhile(new_database, open_one, lambda: users.change_user(database, TEST, user.user_id, changes=changes))
    assert open_sessions(database) == 0


def open_session(tx: Transaction, secret: stored_users.Secret) -> object:
    return stored_sessions.open_for(
        tx.connection,
        token_hash=b"x" * 32,
        user_id=secret.user_id,
        password_hash=secret.password_hash,
        address="192.0.2.1",
    )


def _secret(database: Database) -> stored_users.Secret:
    with database.reading() as connection:
        secret = stored_users.secret_of(connection, "asha")
    assert secret is not None
    return secret


def test_a_role_that_is_taken_away_meanwhile_is_not_that_of_the_session(
    database: Database, new_database: Databases
) -> None:
    user = user_of(database, Role.OFFICER, "asha")
    opened = meanwhile(new_database, changing(user.user_id, role="viewer"), lambda: sign_in(database, attempt()))
    assert opened.role == "viewer"


def test_sign_ins_of_one_user_do_not_wait_for_each_other(database: Database, new_database: Databases) -> None:
    user = user_of(database, Role.OFFICER, "asha")
    with new_database().transaction() as tx:
        open_session(tx, _secret(database))
        assert sign_in(database, attempt()).user_id == user.user_id


@pytest.mark.parametrize("change", [{"password_hash": NEW_HASH}, {"disabled_at": func.now()}])
def test_an_own_password_is_not_changed_by_who_knew_the_one_before(
    database: Database, new_database: Databases, change: dict[str, object]
) -> None:
    user = user_of(database, Role.OFFICER, "asha")
    with pytest.raises(Unauthenticated, match="wrong"):
        meanwhile(
            new_database,
            changing(user.user_id, **change),
            lambda: change_own_password(database, TEST, attempt(), new="a third long password"),
        )
    assert not passwords.matches("a third long password", _secret(database).password_hash)


def test_a_key_that_is_revoked_meanwhile_gets_no_new_secret(database: Database, new_database: Databases) -> None:
    key_of(database, Role.READER)

    def revoke(tx: Transaction) -> None:
        stored_keys.lock(tx.connection, 1)
        stored_keys.revoke(tx.connection, 1)

    with pytest.raises(Conflict, match="revoked"):
        meanwhile(new_database, revoke, lambda: api_keys.rotate_key(database, TEST, 1))


def test_the_last_admin_stays_one_while_the_other_is_demoted(database: Database, new_database: Databases) -> None:
    first, second = user_of(database, Role.ADMIN, "asha"), user_of(database, Role.ADMIN, "second")
    with pytest.raises(Conflict, match="only admin"):
        meanwhile(
            new_database,
            changing(second.user_id, role="viewer"),
            lambda: users.change_user(database, TEST, first.user_id, changes=UserChanges(disabled=True)),
        )


def test_a_session_signed_in_before_is_not_touched_by_a_failed_sign_in(database: Database) -> None:
    user_of(database, Role.OFFICER, "asha")
    session_of(database, "asha")
    with pytest.raises(Unauthenticated):
        sign_in(database, attempt("not the password"))
    assert open_sessions(database) == 1


def test_of_two_who_use_one_link_at_once_one_chooses_the_password(database: Database, new_database: Databases) -> None:
    link = Token(invitations.invite(database, TEST, Invitee("asha", "Asha Rao", "officer")).token)

    def accept(password: str) -> object:
        return invitations.accept(database, link, password, address="192.0.2.1", request_id="a request")

    used = meanwhile(
        new_database,
        lambda tx: stored_users.use_link(tx.connection, link.digest, NEW_HASH),
        lambda: accept("a third long password"),
    )
    assert used is None
    assert _secret(database).password_hash == NEW_HASH
    assert open_sessions(database) == 0


def test_of_two_who_send_one_code_at_once_one_gets_in(database: Database, new_database: Databases) -> None:
    app = second_factor_of(database, user_of(database, Role.OFFICER, "asha"))
    first, second = (Token(sign_in(database, attempt()).token) for _ in range(2))
    code = app.next_code()
    databases = [new_database() for _ in range(2)]

    def pass_code(turn: int) -> bool:
        try:
            second_factors.pass_code(
                databases[turn], (first, second)[turn], Proof(code, datetime.now(UTC), "192.0.2.1", "a request")
            )
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(pass_code, range(2))) == [False, True]


@pytest.mark.parametrize("change", [{"password_hash": NEW_HASH}, {"role": "viewer"}])
def test_a_code_that_is_sent_while_an_admin_ends_all_sessions_opens_none(
    database: Database, new_database: Databases, change: dict[str, object]
) -> None:
    user = user_of(database, Role.OFFICER, "asha")
    app = second_factor_of(database, user)
    half = Token(sign_in(database, attempt()).token)
    proof = Proof(app.next_code(), datetime.now(UTC), "192.0.2.1", "a request")
    # What follows once the code was counted: before that, the admin would have been waited for.
    with pytest.raises(Unauthenticated, match="begin again"):
        meanwhile(
            new_database,
            changing(user.user_id, **change),
            lambda: second_factors._pass(database, half, proof),
        )
    assert open_sessions(database) == 0


def test_two_admins_who_reset_each_other_at_once_do_not_both_succeed(
    database: Database, new_database: Databases
) -> None:
    first, second = user_of(database, Role.ADMIN, "asha"), user_of(database, Role.ADMIN, "second")
    author = Author(USER, second.name, second.user_id)
    with pytest.raises(Conflict, match="only admin"):
        meanwhile(
            new_database,
            lambda tx: (
                stored_users.lock_with_admins(tx.connection, second.user_id),
                stored_users.set_link(tx.connection, second.user_id, link_hash=b"x" * 32, password_hash=NEW_HASH),
            ),
            lambda: invitations.renew(database, author, first.user_id),
        )
