"""People: invitations and resets by a link, sessions of one's own, and who reads the policy."""

import re

import pytest

from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.auditing import Action
from chalicelib.services import audit
from chalicelib.storage.audit import AuditFilter
from chalicelib.storage.paging import Cursor
from tests.support.application import Api
from tests.support.console.browser import Browser, Seen, choose_password, link_on
from tests.support.people import PASSWORD, session_of, user_of

USERS = "/console/administration/users/"
ACCOUNT = "/console/account/"
ANOTHER = "another horse battery"


@pytest.fixture
def admin(browser: Browser, database: Database) -> Browser:
    return browser.sign_in_as(database, Role.ADMIN)


@pytest.fixture
def stranger(closed_api: Api) -> Browser:
    return Browser(closed_api.client)


def invite(admin: Browser) -> str:
    """The link of a new officer."""
    page = admin.get(f"{USERS}new/")
    return link_on(admin.follow(admin.send(page, "", login="asha", name="Asha Rao", role="officer", email="")))


def reset(admin: Browser, number: int = 2) -> Seen:
    return admin.send(admin.get(f"{USERS}{number}/"), "invitation/")


def sql(database: Database, statement: str) -> None:
    with database.transaction() as tx:
        tx.connection.exec_driver_sql(statement)
        tx.commit()


def test_a_link_works_once(admin: Browser, stranger: Browser, closed_api: Api) -> None:
    link = invite(admin)
    seen = stranger.get(link)
    assert "Asha Rao, you sign in as asha" in seen.words
    assert stranger.get(link).status == 200
    assert choose_password(stranger, link).status == 200
    late = Browser(closed_api.client)
    assert late.get(link).status == 404
    refused = late.post(
        link, csrf=late.open("/console/sign-in/").hidden("csrf"), new_password=ANOTHER, repeated_password=ANOTHER
    )
    assert refused.status == 404
    assert "no longer works" in refused.words
    assert late.sign_in("asha", ANOTHER).status == 403


@pytest.mark.parametrize(
    "ended",
    [
        "UPDATE users SET link_expires_at = now() WHERE login = 'asha'",
        "UPDATE users SET disabled_at = now() WHERE login = 'asha'",
    ],
)
def test_a_link_that_is_too_old_or_of_a_disabled_user_is_over(
    admin: Browser, stranger: Browser, database: Database, ended: str
) -> None:
    link = invite(admin)
    sql(database, ended)
    assert stranger.get(link).status == 404
    assert "no longer works" in stranger.get(link).words


@pytest.mark.parametrize("token", ["li_" + "A" * 43, "ls_" + "A" * 43, "x", "li_"])
def test_what_is_no_link_of_ours_is_told_the_same(stranger: Browser, token: str) -> None:
    assert stranger.get(f"/console/invitation/{token}/").status == 404


def test_nobody_has_a_password_before_it_is_chosen(admin: Browser, stranger: Browser, database: Database) -> None:
    invite(admin)
    for password in (PASSWORD, "!", "none"):
        assert stranger.sign_in("asha", password).status == 403
    with database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT password_hash, password_state FROM users WHERE user_id = 2").one()
    assert kept[0].startswith("$argon2id$")
    assert kept[1] == "none"


def test_the_link_is_stored_as_a_hash_and_shown_once(admin: Browser, database: Database) -> None:
    link = invite(admin)
    token = link.rstrip("/").rpartition("/")[2]
    again = admin.get(f"{USERS}2/invitation/")
    assert token not in again.text
    assert "shown only once" in again.words
    with database.reading() as connection:
        stored = str(connection.exec_driver_sql("SELECT * FROM users").all())
    assert token not in stored
    events = audit.list_events(database, AuditFilter(), Cursor(20)).rows
    assert token not in str(events)
    assert Action.USER_INVITED in {event.action for event in events}


def test_a_new_link_replaces_the_one_before(admin: Browser, stranger: Browser) -> None:
    first = invite(admin)
    second = link_on(admin.follow(reset(admin)))
    assert stranger.get(first).status == 404
    assert stranger.get(second).status == 200


def test_a_reset_ends_password_and_sessions_at_once_and_lets_choose_another(
    admin: Browser, stranger: Browser, closed_api: Api
) -> None:
    choose_password(stranger, invite(admin))
    assert stranger.get("/console/").status == 200
    link = link_on(admin.follow(reset(admin)))
    assert stranger.get("/console/").status == 303
    assert stranger.sign_in("asha").status == 403
    assert choose_password(Browser(closed_api.client), link, ANOTHER).status == 200
    assert stranger.sign_in("asha", ANOTHER).status == 200


def test_a_chosen_password_lets_in_who_had_to_wait(admin: Browser, stranger: Browser) -> None:
    link = invite(admin)
    for turn in range(6):
        stranger.sign_in("asha", f"guess number {turn}")
    assert stranger.sign_in("asha").status == 429
    choose_password(stranger, link)
    stranger.cookies.clear()
    assert stranger.sign_in("asha").status == 200


@pytest.mark.parametrize(
    ("new", "again", "sentence"),
    [
        ("short", "short", "Must be text of 12"),
        ("", "", "Is required"),
        (PASSWORD, ANOTHER, "Must be the same as the new password"),
    ],
)
def test_a_password_that_may_not_be_one_leaves_the_link_good(
    admin: Browser, stranger: Browser, new: str, again: str, sentence: str
) -> None:
    link = invite(admin)
    answer = stranger.send(stranger.get(link), "", new_password=new, repeated_password=again)
    assert answer.status == 400
    assert sentence in answer.words
    assert choose_password(stranger, link).status == 200


def test_nobody_resets_their_own_password_by_a_link(admin: Browser) -> None:
    answer = admin.post(f"{USERS}1/invitation/", csrf=admin.get(USERS).hidden("csrf"))
    assert answer.status == 409
    assert "under My account" in answer.words
    assert admin.get("/console/").status == 200


def test_a_link_from_before_the_user_was_disabled_stays_over(admin: Browser, stranger: Browser) -> None:
    link = invite(admin)
    admin.send(admin.get(f"{USERS}2/disable/"), "")
    admin.send(admin.get(f"{USERS}2/"), "enable/")
    assert stranger.get(link).status == 404
    assert "the link works until" not in admin.get(f"{USERS}2/").words


def test_who_is_disabled_gets_no_link_before_being_enabled(admin: Browser, stranger: Browser) -> None:
    choose_password(stranger, invite(admin))
    page = admin.get(f"{USERS}2/")
    assert "Reset password" in page.words
    disabled = admin.follow(admin.send(admin.get(f"{USERS}2/disable/"), ""))
    assert "Reset password" not in disabled.words
    refused = admin.send(page, "invitation/")
    assert refused.status == 409
    assert "enable the user first" in refused.words


def test_an_admin_who_has_not_chosen_a_password_is_not_one_who_may_sign_in(admin: Browser) -> None:
    page = admin.get(f"{USERS}new/")
    admin.send(page, "", login="second", name="Second", role="admin")
    answer = admin.send(admin.get(f"{USERS}1/"), "disable/")
    assert answer.status == 409
    assert "make another one first" in answer.words


def test_who_was_given_a_password_by_somebody_else_changes_it_before_anything_else(
    browser: Browser, database: Database
) -> None:
    user_of(database, Role.OFFICER, "asha")
    sql(database, "UPDATE users SET password_state = 'given'")
    led = browser.sign_in("asha")
    assert led.path == ACCOUNT
    assert "Choose a password of your own" in led.words
    assert browser.open("/console/customers/").path == ACCOUNT
    same = browser.send(led, "", current_password=PASSWORD, new_password=PASSWORD, repeated_password=PASSWORD)
    assert "Must differ from your current password" in same.words
    browser.send(led, "", current_password=PASSWORD, new_password=ANOTHER, repeated_password=ANOTHER)
    assert browser.sign_in("asha", ANOTHER).path == "/console/"


def test_the_api_lets_nobody_past_what_the_console_asks_for(closed_api: Api, database: Database) -> None:
    user_of(database, Role.OFFICER, "asha")
    sql(database, "UPDATE users SET password_state = 'given'")
    answer = closed_api.showing(session_of(database, "asha")).get("/api/customers")
    assert answer.status == 403
    assert "First choose a password of your own" in answer.json["error"]


def test_one_ends_one_session_of_ones_own(browser: Browser, closed_api: Api, database: Database) -> None:
    person = browser.sign_in_as(database, Role.OFFICER)
    elsewhere, third = Browser(closed_api.client), Browser(closed_api.client)
    elsewhere.sign_in("a-officer")
    third.sign_in("a-officer")
    page = person.get(ACCOUNT)
    assert page.words.count("This browser") == 1
    references = re.findall(r'account/sessions/([0-9a-f]{16})/"', page.text)
    assert len(references) == 2
    ended = person.follow(person.send(page, f"sessions/{references[0]}/"))
    assert "Session ended." in ended.words
    assert sorted(each.get("/console/").status for each in (person, elsewhere, third)) == [200, 200, 303]
    assert person.get("/console/").status == 200


def test_nobody_ends_the_session_of_somebody_else(admin: Browser, closed_api: Api, database: Database) -> None:
    other = Browser(closed_api.client).sign_in_as(database, Role.OFFICER)
    user_of(database, Role.VIEWER, "third")
    Browser(closed_api.client).sign_in("a-officer")
    (reference,) = re.findall(r'account/sessions/([0-9a-f]{16})/"', other.get(ACCOUNT).text)
    page = admin.get(ACCOUNT)
    assert "is ended" not in admin.follow(admin.send(page, f"sessions/{reference}/")).words
    assert len(re.findall(r"account/sessions/", other.get(ACCOUNT).text)) == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OFFICER, Role.ADMIN])
def test_everybody_reads_the_policy_that_they_have_to_explain(browser: Browser, database: Database, role: Role) -> None:
    seen = browser.sign_in_as(database, role).get("/console/policy/")
    assert seen.status == 200
    assert "36 × monthly income" in seen.words
    assert ("/console/administration/users/" in seen.links()) == (role is Role.ADMIN)


def test_a_notice_is_shown_once_and_does_not_go_along_with_the_address(
    browser: Browser, closed_api: Api, database: Database
) -> None:
    person = browser.sign_in_as(database, Role.OFFICER)
    Browser(closed_api.client).sign_in("a-officer")
    page = person.get(ACCOUNT)
    (reference,) = re.findall(r'account/sessions/([0-9a-f]{16})/"', page.text)
    shown = person.follow(person.send(page, f"sessions/{reference}/"))
    assert shown.path == ACCOUNT
    assert "Session ended." in shown.words
    assert "Session ended." not in person.get(shown.path).words


def test_a_part_of_a_page_takes_no_notice_from_the_page_that_comes_next(browser: Browser) -> None:
    browser.cookies["loans-done"] = "signed-out"
    assert "signed out" not in browser.get("/console/sign-in/", {"Sec-Fetch-Mode": "cors"}).words
    assert "You are signed out." in browser.get("/console/sign-in/", {"Sec-Fetch-Mode": "navigate"}).words
