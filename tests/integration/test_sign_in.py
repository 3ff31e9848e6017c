"""Signing in: the right ones at once, those who guess ever less often, and nobody learns who has a login."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from statistics import median
from time import process_time

import pytest
from argon2 import extract_parameters
from sqlalchemy import text

from chalicelib.errors import Conflict, InvalidRequest, TooManyRequests, Unauthenticated
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.services import passwords, sessions, users
from chalicelib.services.sessions import MOST_FAILURES_OF_A_LOGIN, MOST_FAILURES_OF_AN_ADDRESS, Attempt, sign_in
from chalicelib.services.users import UserChanges
from chalicelib.storage import sessions as stored_sessions
from chalicelib.storage import sign_in_failures
from tests.support.people import PASSWORD, TEST, session_of, user_of

WRONG = "not the password"


def attempt(login: str, password: str = PASSWORD, address: str = "192.0.2.1") -> Attempt:
    return Attempt(login, password, address, "a request")


def failures(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        rows = connection.execute(text("SELECT subject, failures FROM sign_in_failures")).all()
    return {row.subject: row.failures for row in rows}


def sql(database: Database, statement: str) -> None:
    with database.reading() as connection:
        connection.execute(text(statement))


def guess(database: Database, login: str, times: int) -> None:
    for turn in range(times):
        with pytest.raises(Unauthenticated, match="wrong"):
            sign_in(database, attempt(login, f"{WRONG} {turn}"))


@pytest.mark.parametrize("login", ["asha", "nobody"])
def test_five_failures_of_a_login_make_it_wait_a_quarter_of_an_hour(database: Database, login: str) -> None:
    user_of(database, login="asha")
    guess(database, login, MOST_FAILURES_OF_A_LOGIN)
    with pytest.raises(TooManyRequests, match="15 minutes") as refused:
        sign_in(database, attempt(login))
    assert 890 <= refused.value.retry_after <= 900


def test_a_wait_is_over_when_it_is_over(database: Database) -> None:
    user_of(database, login="asha")
    guess(database, "asha", MOST_FAILURES_OF_A_LOGIN)
    sql(
        database,
        "UPDATE sign_in_failures SET blocked_until = now(), last_failed_at = last_failed_at - interval '15 minutes'",
    )
    assert sign_in(database, attempt("asha")).role == "admin"


def test_failures_that_are_long_ago_do_not_count(database: Database) -> None:
    user_of(database, login="asha")
    guess(database, "asha", MOST_FAILURES_OF_A_LOGIN - 1)
    sql(database, "UPDATE sign_in_failures SET last_failed_at = last_failed_at - interval '15 minutes'")
    guess(database, "asha", MOST_FAILURES_OF_A_LOGIN - 1)
    assert sign_in(database, attempt("asha")).name == "asha of the tests"


def test_the_right_password_clears_the_failures_of_the_login_and_leaves_those_of_the_address(
    database: Database,
) -> None:
    user_of(database, login="asha")
    guess(database, "asha", 3)
    sign_in(database, attempt("asha"))
    assert failures(database) == {"address:192.0.2.1": 3}


def test_one_login_that_waits_does_not_make_another_wait(database: Database) -> None:
    user_of(database, login="asha")
    guess(database, "nobody", MOST_FAILURES_OF_A_LOGIN)
    assert sign_in(database, attempt("asha")).token.startswith("ls_")


@pytest.fixture
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    # The hash is not what is tried here, and 50 of them take seconds.
    monkeypatch.setattr(passwords, "matches", lambda password, _hash: password == PASSWORD)


def fail_from(database: Database, times: int, address: str = "192.0.2.1") -> None:
    """So many different logins fail from an address, each when it may."""
    for turn in range(times):
        sql(database, "UPDATE sign_in_failures SET blocked_until = NULL")
        with pytest.raises(Unauthenticated):
            sign_in(database, attempt(f"guess {turn}", WRONG, address))


@pytest.mark.usefixtures("quick_hash")
def test_fifty_failures_from_an_address_slow_it_down_ever_more_and_do_not_stop_it(database: Database) -> None:
    user_of(database, login="asha")
    waits = []
    fail_from(database, MOST_FAILURES_OF_AN_ADDRESS - 1)
    for turn in range(9):
        fail_from(database, 1)
        with pytest.raises(TooManyRequests, match="second") as refused:
            sign_in(database, attempt("asha"))
        waits.append(refused.value.retry_after)
        assert turn or sign_in(database, attempt("asha", address="198.51.100.7")).role == "admin"
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    sql(database, "UPDATE sign_in_failures SET blocked_until = now()")
    assert sign_in(database, attempt("asha")).role == "admin"


@pytest.mark.usefixtures("quick_hash")
def test_a_right_password_from_a_browser_that_signed_in_before_passes_both_locks(database: Database) -> None:
    user_of(database, login="asha")
    device = sign_in(database, attempt("asha")).device
    fail_from(database, MOST_FAILURES_OF_AN_ADDRESS + 9)
    for turn in range(MOST_FAILURES_OF_A_LOGIN):
        with pytest.raises(Unauthenticated):
            sign_in(database, attempt("asha", f"{WRONG} {turn}", f"198.51.100.{turn}"))
    before = failures(database)
    assert sign_in(database, replace(attempt("asha"), devices=["x", device])).name == "asha of the tests"
    assert failures(database) == before
    with pytest.raises(TooManyRequests):
        sign_in(database, attempt("asha"))


@pytest.mark.usefixtures("quick_hash")
def test_who_guesses_from_a_known_browser_is_counted_too(database: Database) -> None:
    user_of(database, login="asha")
    known = replace(attempt("asha", WRONG), devices=[sign_in(database, attempt("asha")).device])
    for _ in range(2 * MOST_FAILURES_OF_A_LOGIN):
        with pytest.raises(Unauthenticated):
            sign_in(database, known)
    with pytest.raises(TooManyRequests):
        sign_in(database, known)
    with pytest.raises(TooManyRequests):
        sign_in(database, replace(known, password=PASSWORD))


def of_another_number(device: str) -> str:
    """The mark of a browser with another number, which any letter may begin."""
    return ("x" if device.startswith("y") else "y") + device[1:]


@pytest.mark.usefixtures("quick_hash")
@pytest.mark.parametrize("whose", ["another user", "the password before", "made up", "of another number"])
def test_a_browser_is_known_for_one_user_and_one_password(database: Database, whose: str) -> None:
    user, other = user_of(database, login="asha"), user_of(database, login="other")
    marks = {
        "another user": sign_in(database, attempt("other")).device,
        "the password before": sign_in(database, attempt("asha")).device,
        "made up": f"{'x' * 22}.{'x' * 43}",
        "of another number": of_another_number(sign_in(database, attempt("asha")).device),
    }
    if whose == "the password before":
        users.change_user(database, TEST, user.user_id, changes=UserChanges(password=PASSWORD))
    for turn in range(MOST_FAILURES_OF_A_LOGIN):
        with pytest.raises(Unauthenticated):
            sign_in(database, attempt("asha", WRONG, f"198.51.100.{turn}"))
    with pytest.raises(TooManyRequests):
        sign_in(database, replace(attempt("asha"), devices=[marks[whose]]))
    assert other.login == "other"


def test_the_browser_that_changes_the_password_stays_known(database: Database) -> None:
    user_of(database, login="asha")
    device = sessions.change_own_password(database, TEST, attempt("asha"), new="another long password")
    guess(database, "asha", MOST_FAILURES_OF_A_LOGIN)
    with pytest.raises(TooManyRequests):
        sign_in(database, attempt("asha", "another long password"))
    again = replace(attempt("asha", "another long password"), devices=[device])
    assert sign_in(database, again).role == "admin"


def test_no_more_guesses_at_once_than_one_after_the_other(
    database: Database, new_database: Callable[[], Database]
) -> None:
    user_of(database, login="asha")
    databases = [new_database() for _ in range(8)]

    def guess_at_once(turn: int) -> type[Exception]:
        try:
            sign_in(databases[turn % 8], attempt("asha", f"{WRONG} {turn}"))
        except (Unauthenticated, TooManyRequests) as error:
            return type(error)
        raise AssertionError

    with ThreadPoolExecutor(8) as guessers:
        outcomes = list(guessers.map(guess_at_once, range(24)))
    assert outcomes.count(Unauthenticated) == MOST_FAILURES_OF_A_LOGIN
    assert outcomes.count(TooManyRequests) == 24 - MOST_FAILURES_OF_A_LOGIN


def test_those_who_know_the_password_do_not_shut_each_other_out(
    database: Database, new_database: Callable[[], Database]
) -> None:
    user_of(database, login="asha")
    databases = [new_database() for _ in range(4)]
    with ThreadPoolExecutor(4) as people:
        opened = list(people.map(lambda turn: sign_in(databases[turn], attempt("asha")), range(4)))
    assert len({session.token for session in opened}) == 4
    assert failures(database) == {"address:192.0.2.1": 0}


def test_an_unknown_login_takes_as_long_as_a_wrong_password(database: Database) -> None:
    user_of(database, login="asha")

    def seconds(login: str) -> float:
        sql(database, "DELETE FROM sign_in_failures")
        began = process_time()
        with suppress(Unauthenticated):
            sign_in(database, attempt(login, WRONG))
        return process_time() - began

    known, unknown = (median(seconds(login) for _ in range(5)) for login in ("asha", "nobody"))
    assert 1 / 3 < known / unknown < 3


def test_the_hash_of_nobody_costs_as_much_as_that_of_somebody() -> None:
    somebody = extract_parameters(passwords.hashed(PASSWORD, "asha"))
    assert extract_parameters(passwords.NOBODYS_HASH) == somebody
    assert (somebody.type.name, somebody.memory_cost >= 46 * 1024, somebody.time_cost >= 2) == ("ID", True, True)


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 201, "asha.rao@bank.in", "ASHA.rao@bank.in"])
def test_a_password_that_may_not_be_one_is_refused(password: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        passwords.hashed(password, "asha.rao@bank.in")
    assert password not in str(refused.value) or not password


def test_a_password_is_the_same_however_a_keyboard_sends_it() -> None:
    assert passwords.matches("caf\u0065\u0301 au lait ", passwords.hashed("caf\u00e9 au lait ", "asha"))


@pytest.mark.parametrize("broken", ["", "nonsense", "$argon2id$v=19$m=1,t=1,p=1$x$y"])
def test_a_hash_that_is_none_matches_nothing(broken: str) -> None:
    assert not passwords.matches(PASSWORD, broken)


def test_a_disabled_user_is_told_the_same_as_nobody(database: Database) -> None:
    user_of(database, login="admin")
    user = user_of(database, Role.VIEWER, "asha")
    users.change_user(database, TEST, user.user_id, changes=UserChanges(disabled=True))
    with pytest.raises(Unauthenticated, match=sessions.WRONG):
        sign_in(database, attempt("asha"))


def test_a_new_password_lets_in_who_had_to_wait(database: Database) -> None:
    user = user_of(database, login="asha")
    guess(database, "asha", MOST_FAILURES_OF_A_LOGIN)
    users.change_user(database, TEST, user.user_id, changes=UserChanges(password="another long password"))
    assert sign_in(database, attempt("asha", "another long password")).user_id == user.user_id


def test_two_admins_who_demote_each_other_at_once_do_not_both_succeed(new_database: Callable[[], Database]) -> None:
    databases = [new_database() for _ in range(2)]
    for turn in range(10):
        first, second = (user_of(databases[0], Role.ADMIN, f"admin{turn}{side}") for side in "ab")
        sql(
            databases[0],
            f"UPDATE users SET disabled_at = now() WHERE user_id NOT IN ({first.user_id}, {second.user_id})",
        )

        def demote(pair: tuple[Database, int]) -> bool:
            with suppress(Conflict):
                users.change_user(pair[0], TEST, pair[1], changes=UserChanges(role="viewer"))
                return True
            return False

        with ThreadPoolExecutor(2) as admins:
            outcomes = list(admins.map(demote, zip(databases, (first.user_id, second.user_id), strict=True)))
        assert sorted(outcomes) == [False, True]


def test_a_superuser_who_is_there_gets_the_password_and_may_sign_in_again(database: Database) -> None:
    user = user_of(database, Role.ADMIN, "other") and user_of(database, Role.VIEWER, "asha")
    users.change_user(database, TEST, user.user_id, changes=UserChanges(disabled=True))
    made = users.make_superuser(database, TEST, "asha", name="Asha Rao", password="another long password")
    assert (made.user_id, made.role, made.disabled_at) == (user.user_id, "admin", None)
    assert sign_in(database, attempt("asha", "another long password")).name == "Asha Rao"


def test_what_is_over_is_swept(database: Database) -> None:
    user_of(database, login="asha")
    session_of(database, "asha")
    guess(database, "asha", 1)
    with database.transaction() as tx:
        assert sign_in_failures.sweep(tx.connection) == 0
        tx.connection.execute(text("UPDATE sign_in_failures SET last_failed_at = now() - interval '15 minutes'"))
        assert sign_in_failures.sweep(tx.connection) == 2
        assert stored_sessions.sweep(tx.connection) == 0
        tx.connection.execute(text("UPDATE sessions SET expires_at = now() - interval '31 days'"))
        assert stored_sessions.sweep(tx.connection) == 1
