"""The second factor in the console: set up, asked for, replaced, removed."""

import re

import pytest

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.auditing import Action
from chalicelib.services import audit, invitations, second_factors
from chalicelib.services.invitations import Invitee
from chalicelib.services.sessions import MOST_FAILURES_OF_A_LOGIN
from chalicelib.storage.audit import AuditFilter
from chalicelib.storage.paging import Cursor
from tests.support.application import Api
from tests.support.console.browser import Browser, Seen, choose_password, link_on
from tests.support.people import PASSWORD, TEST, AuthenticatorApp, second_factor_of, user_of

FACTOR = "/console/account/second-factor/"
CODES = "/console/account/recovery-codes/"
CODE = "/console/sign-in/code/"
RECOVERY = r"<code>([0-9a-z]{4}(?:-[0-9a-z]{4}){3})</code>"


@pytest.fixture
def app(database: Database) -> AuthenticatorApp:
    """The app of an officer who has set up the second factor."""
    return second_factor_of(database, user_of(database, Role.OFFICER, "asha"))


@pytest.fixture
def compulsory(closed_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deployment asks officers for a second factor."""
    assert closed_api
    monkeypatch.setenv("SECOND_FACTOR_ROLES", "officer")
    for builder in (runtime.settings, runtime.gate):
        builder.cache_clear()


def password(browser: Browser, next_page: str = "") -> Seen:
    """The page after login and password, from a browser that nobody knows."""
    browser.cookies.clear()
    page = browser.open(f"/console/sign-in/?next={next_page}")
    return browser.send(page, "", login="asha", password=PASSWORD, next=page.hidden("next"))


def code(browser: Browser, typed: str, next_page: str = "") -> Seen:
    """Signs in with password and code; the answer to the code."""
    page = password(browser, next_page)
    return browser.send(page, "code/", code=typed, next=page.hidden("next"))


def set_up(browser: Browser) -> tuple[AuthenticatorApp, list[str]]:
    page = browser.open(FACTOR)
    app = AuthenticatorApp(page.hidden("key"))
    shown = browser.follow(browser.send(page, "", key=app.secret, current_password=PASSWORD, code=app.next_code()))
    assert shown.path == CODES
    return app, re.findall(RECOVERY, shown.text)


def actions(database: Database) -> list[str]:
    return [event.action for event in audit.list_events(database, AuditFilter(subject_kind="user"), Cursor(50)).rows]


def test_one_sets_it_up_and_signs_in_with_it(browser: Browser, closed_api: Api, database: Database) -> None:
    browser.sign_in_as(database, Role.OFFICER)
    page = browser.get(FACTOR)
    assert 'role="img" aria-label="QR code' in page.text
    assert page.hidden("key") in page.text.replace(" ", "")
    app, codes = set_up(browser)
    assert len(codes) == 10
    assert "10 recovery codes are left" in browser.get(FACTOR).words
    other = Browser(closed_api.client)
    asked = other.send(other.open("/console/sign-in/"), "", login="a-officer", password=PASSWORD)
    assert "Type the code" in asked.words
    assert other.follow(other.send(asked, "code/", code=app.next_code())).path == "/console/"
    assert Action.SECOND_FACTOR_SET_UP in actions(database)


def test_the_recovery_codes_are_shown_once(browser: Browser, database: Database) -> None:
    browser.sign_in_as(database, Role.OFFICER)
    _, codes = set_up(browser)
    again = browser.get(CODES)
    assert codes[0] not in again.text
    assert "shown only once" in again.words
    with database.reading() as connection:
        assert codes[0].replace("-", "") not in str(connection.exec_driver_sql("SELECT * FROM recovery_codes").all())


@pytest.mark.parametrize("typed", ["", "000000", "abc", "12345678901234567890", "１２３４５６"])
def test_a_wrong_first_code_sets_up_nothing_and_keeps_the_key(browser: Browser, database: Database, typed: str) -> None:
    browser.sign_in_as(database, Role.OFFICER)
    page = browser.get(FACTOR)
    answer = browser.send(page, "", key=page.hidden("key"), current_password=PASSWORD, code=typed)
    assert answer.status == 400
    assert answer.hidden("key") == page.hidden("key")
    assert "Set up a second factor" in browser.get(FACTOR).words


@pytest.mark.parametrize("typed", ["", "not the password", "x" * 5000])
def test_who_does_not_know_the_password_sets_up_nothing(browser: Browser, database: Database, typed: str) -> None:
    browser.sign_in_as(database, Role.OFFICER)
    page = browser.get(FACTOR)
    app = AuthenticatorApp(page.hidden("key"))
    answer = browser.send(page, "", key=app.secret, current_password=typed, code=app.next_code())
    assert (answer.status, answer.hidden("key")) == (400, app.secret)
    assert "Is not your current password" in answer.words
    assert "Set up a second factor" in browser.get(FACTOR).words


def test_who_guesses_the_password_here_waits_as_at_the_sign_in(browser: Browser, database: Database) -> None:
    browser.sign_in_as(database, Role.OFFICER)
    page = browser.get(FACTOR)
    app = AuthenticatorApp(page.hidden("key"))
    for _ in range(MOST_FAILURES_OF_A_LOGIN):
        browser.send(page, "", key=app.secret, current_password="a guess", code="123456")
    answer = browser.send(page, "", key=app.secret, current_password=PASSWORD, code=app.next_code())
    assert (answer.status, answer.hidden("key")) == (429, app.secret)
    assert "try again in 15 minutes" in answer.words
    assert Action.SIGN_IN_FAILED in actions(database)


@pytest.mark.parametrize("key", ["", "AAAA", "0" * 32, "a" * 32, "A" * 33])
def test_a_key_that_the_page_did_not_make_is_not_taken(browser: Browser, database: Database, key: str) -> None:
    browser.sign_in_as(database, Role.OFFICER)
    assert browser.send(browser.get(FACTOR), "", key=key, code="123456").status == 200
    assert "Set up a second factor" in browser.get(FACTOR).words


def test_a_form_that_is_sent_twice_leads_to_the_recovery_codes_too(browser: Browser, database: Database) -> None:
    browser.sign_in_as(database, Role.OFFICER)
    page = browser.get(FACTOR)
    code = AuthenticatorApp(page.hidden("key")).next_code()
    typed = {"key": page.hidden("key"), "current_password": PASSWORD, "code": code}
    assert browser.send(page, "", **typed).status == 303
    shown = browser.follow(browser.send(page, "", **typed))
    assert (shown.path, len(re.findall(RECOVERY, shown.text))) == (CODES, 10)
    assert "shown only once" in browser.follow(browser.send(page, "", **typed)).words


def test_what_works_once_is_sent_once(browser: Browser, app: AuthenticatorApp, database: Database) -> None:
    invited = invitations.invite(database, TEST, Invitee("ravi", "Ravi", Role.VIEWER.value))
    pages = [browser.open("/console/sign-in/"), browser.get(f"/console/invitation/{invited.token}/"), password(browser)]
    code(browser, app.next_code())
    pages += [browser.get("/console/account/"), browser.get(FACTOR)]
    browser.cookies.clear()
    browser.sign_in_as(database, Role.VIEWER)
    for page in (*pages, browser.get(FACTOR)):
        assert "data-submit-once" in page.text, page.path
        assert "submit_once.js" in page.text, page.path


def test_the_password_alone_opens_nothing(browser: Browser, app: AuthenticatorApp) -> None:
    assert app
    page = password(browser)
    assert not [name for name in browser.cookies if name.startswith("loans-device")]
    assert "signed_in" not in actions(runtime.database())
    for path in ("/console/", "/console/account/", "/console/customers/", FACTOR, "/console/nowhere/"):
        assert browser.open(path).path.partition("?")[0] == CODE
    assert browser.post("/console/account/", csrf=page.hidden("csrf"), new_password="x").status == 303
    half = Api(browser.client, browser.cookies["loans-session"])
    assert half.get("/api/customers").status == 403
    left = browser.follow(browser.send(page, "../sign-out/"))
    assert left.path == "/console/sign-in/"


def test_the_code_leads_to_the_page_that_was_asked_for(browser: Browser, app: AuthenticatorApp) -> None:
    half = password(browser, "customers/")
    token = browser.cookies["loans-session"]
    arrived = browser.follow(browser.send(half, "code/", code=app.next_code(), next=half.hidden("next")))
    assert arrived.path == "/console/customers/"
    assert browser.cookies["loans-session"] != token
    browser.cookies["loans-session"] = token
    assert browser.get("/console/").status == 303


def test_who_goes_elsewhere_before_typing_the_code_comes_back_there(browser: Browser, app: AuthenticatorApp) -> None:
    password(browser)
    asked = browser.open("/console/customers/?q=asha")
    assert asked.path == f"{CODE}?next=customers%2F%3Fq%3Dasha"
    arrived = browser.send(asked, CODE, code=app.next_code(), next=asked.hidden("next"))
    assert browser.follow(arrived).path == "/console/customers/?q=asha"


def test_a_code_is_taken_once(browser: Browser, app: AuthenticatorApp) -> None:
    typed = app.next_code()
    assert code(browser, typed).status == 303
    again = code(browser, f"{typed[:3]} {typed[3:]}")
    assert again.status == 403
    assert "wrong or was used before" in again.words
    assert code(browser, app.next_code()).status == 303


def test_a_recovery_code_signs_in_once(browser: Browser, app: AuthenticatorApp, database: Database) -> None:
    first, second, *_ = app.recovery_codes
    assert code(browser, f" {first.upper()} ").status == 303
    assert "9 recovery codes are left" in browser.get(FACTOR).words
    assert code(browser, first).status == 403
    assert code(browser, second.replace("-", "")).status == 303
    assert actions(database).count(Action.RECOVERY_CODE_USED) == 2


def test_who_guesses_codes_has_to_wait(browser: Browser, app: AuthenticatorApp, database: Database) -> None:
    for _ in range(5):
        assert code(browser, "000000").status == 403
    waiting = code(browser, app.next_code())
    assert waiting.status == 429
    assert int(waiting.headers["Retry-After"]) > 800
    assert "try again in" in waiting.words
    assert actions(database).count(Action.SIGN_IN_FAILED) == 5
    # Beginning again with the password changes nothing about it.
    assert code(browser, app.next_code()).status == 429


def test_a_session_that_waits_for_the_code_ends_soon(
    browser: Browser, app: AuthenticatorApp, database: Database
) -> None:
    page = password(browser)
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE sessions SET expires_at = expires_at - interval '10 minutes'")
        tx.commit()
    late = browser.send(page, "code/", code=app.next_code())
    assert "Your session has ended" in late.words
    assert browser.get("/console/").status == 303


def test_new_recovery_codes_replace_the_old_ones(browser: Browser, app: AuthenticatorApp, database: Database) -> None:
    old = app.recovery_codes[0]
    code(browser, app.next_code())
    page = browser.get(FACTOR)
    refused = browser.send(page, "../recovery-codes/", code="000000")
    assert refused.status == 400
    assert "wrong or was used before" in refused.words
    shown = browser.follow(browser.send(page, "../recovery-codes/", code=app.next_code()))
    new = re.findall(RECOVERY, shown.text)
    assert len(new) == 10
    assert code(browser, old).status == 403
    assert code(browser, new[0]).status == 303
    assert Action.RECOVERY_CODES_RENEWED in actions(database)


def test_one_removes_ones_own_with_a_code_only(browser: Browser, app: AuthenticatorApp, database: Database) -> None:
    code(browser, app.next_code())
    page = browser.get(FACTOR)
    assert browser.send(page, "remove/", code="000000").status == 400
    assert actions(database)[0] == Action.SIGN_IN_FAILED
    assert "You have signed in with a code" in browser.get(FACTOR).words
    removed = browser.follow(browser.send(page, "remove/", code=app.recovery_codes[0]))
    assert "Set up a second factor" in removed.words
    browser.cookies.clear()
    assert browser.sign_in("asha").path == "/console/"
    assert Action.SECOND_FACTOR_REMOVED in actions(database)


@pytest.mark.parametrize("place", ["remove/", "../recovery-codes/"])
def test_what_was_removed_meanwhile_can_be_set_up_again(
    browser: Browser, app: AuthenticatorApp, database: Database, place: str
) -> None:
    code(browser, app.next_code())
    page = browser.get(FACTOR)
    second_factors.remove(database, TEST, 1)
    shown = browser.follow(browser.send(page, place, code=app.next_code()))
    assert (shown.status, shown.path) == (200, FACTOR)
    assert "Set up a second factor" in shown.words
    assert Action.SIGN_IN_FAILED not in actions(database)


def test_an_admin_removes_that_of_another(
    browser: Browser, closed_api: Api, app: AuthenticatorApp, database: Database
) -> None:
    assert app
    admin = Browser(closed_api.client).sign_in_as(database, Role.ADMIN)
    page = admin.get("/console/administration/users/1/")
    assert "Remove second factor" in page.words
    assert "They sign in with the password alone" in admin.follow(admin.send(page, "second-factor/")).words
    assert admin.send(page, "second-factor/").status == 409
    assert browser.sign_in("asha").path == "/console/"
    (event,) = audit.list_events(database, AuditFilter(action=Action.SECOND_FACTOR_REMOVED), Cursor(2)).rows
    assert (event.actor_kind, event.actor_name, event.subject_id) == ("user", "a-admin of the tests", "1")


def test_an_admin_does_not_remove_their_own_as_that_of_another(browser: Browser, database: Database) -> None:
    browser.sign_in_as(database, Role.ADMIN)
    set_up(browser)
    page = browser.get("/console/administration/users/1/")
    assert "Remove second factor" not in page.words
    refused = browser.send(page, "second-factor/")
    assert refused.status == 409
    assert "Remove it under My account" in refused.words
    answer = Api(browser.client, browser.cookies["loans-session"]).call("DELETE", "/api/users/1/second-factor")
    assert answer.status == 409
    assert "You have signed in with a code" in browser.get(FACTOR).words


@pytest.mark.usefixtures("compulsory")
def test_a_role_that_must_have_one_sets_it_up_before_anything_else(
    browser: Browser, closed_api: Api, database: Database
) -> None:
    browser.sign_in(user_of(database, Role.OFFICER, "asha").login)
    for path in ("/console/", "/console/customers/", "/console/account/"):
        led = browser.open(path)
        assert led.path == FACTOR
    assert "Your role requires it" in led.words
    refused = closed_api.showing(browser.cookies["loans-session"]).get("/api/customers")
    assert refused.status == 403
    assert "First set up a second factor" in refused.json["error"]
    set_up(browser)
    assert browser.get("/console/").status == 200
    viewer = Browser(closed_api.client).sign_in_as(database, Role.VIEWER)
    assert viewer.get("/console/").status == 200


@pytest.mark.usefixtures("compulsory")
def test_a_new_officer_with_a_second_factor_takes_five_clicks_from_home(
    browser: Browser, closed_api: Api, database: Database
) -> None:
    admin = browser.sign_in_as(database, Role.ADMIN)
    home = admin.get("/console/")
    clicks = ["/console/administration/"]
    assert clicks[0] in home.links()
    clicks.append("/console/administration/users/new/")
    assert clicks[1] in admin.get(clicks[0]).links()
    form = admin.get(clicks[1])
    assert '<option value="officer" selected>' in form.text
    clicks.append("Create user")
    link = link_on(admin.follow(admin.send(form, "", login="asha", name="Asha Rao", role="officer")))
    clicks.append("Choose password")
    asha = Browser(closed_api.client)
    assert choose_password(asha, link).path == FACTOR
    clicks.append("Set up second factor")
    set_up(asha)
    assert asha.get("/console/").status == 200
    assert len(clicks) == 5


def test_a_reset_password_still_asks_for_the_code(
    browser: Browser, closed_api: Api, app: AuthenticatorApp, database: Database
) -> None:
    admin = Browser(closed_api.client).sign_in_as(database, Role.ADMIN)
    link = link_on(admin.follow(admin.send(admin.get("/console/administration/users/1/"), "invitation/")))
    asked = choose_password(browser, link)
    assert "Type the code" in asked.words
    assert browser.follow(browser.send(asked, "../../sign-in/code/", code=app.next_code())).path == "/console/"
