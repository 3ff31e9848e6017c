"""Nothing typed is lost: a form whose session has ended comes back after the sign-in, as it was."""

import re
from datetime import timedelta
from urllib.parse import urljoin

import pytest

from chalicelib import runtime
from chalicelib.console.frame import kept
from chalicelib.errors import DatabaseUnavailable
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from tests.support.console.browser import Browser, Seen
from tests.support.customers import add_loan, named
from tests.support.lending import record
from tests.support.loan_lives import a_loan, an_imported_loan, receipt
from tests.support.people import PASSWORD, TEST, AuthenticatorApp, second_factor_of, user_of

NEW = "/console/customers/new/"
SIGN_IN = "/console/sign-in/"
TYPED = {
    "first_name": "Meera & “Söhne”",
    "last_name": "Iyer",
    "age": "thirty",
    "phone_number": "98123 45678",
    "monthly_income": "₹64,000",
}


@pytest.fixture
def officer(browser: Browser, database: Database) -> Browser:
    return browser.sign_in_as(database, Role.OFFICER)


def end_sessions(database: Database) -> None:
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE sessions SET ended_at = now()")
        tx.commit()
    runtime.gate().forget()


def customers(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM customers").scalar_one())


def too_late(officer: Browser, database: Database, page: Seen, action: str = "", **typed: str) -> Seen:
    """The answer to a form of a page that is sent when the session has ended."""
    end_sessions(database)
    return officer.post(
        urljoin(page.path, action),
        {"Referer": f"https://{officer.host}{page.path}"},
        csrf=page.hidden("csrf"),
        **typed,
    )


def sign_in_again(browser: Browser, asked: Seen, login: str = "a-officer", password: str = PASSWORD) -> Seen:
    return browser.send(
        asked, urljoin(asked.path, _action_of(asked)), login=login, password=password, **_carried(asked)
    )


def _action_of(asked: Seen) -> str:
    return next(link for link in asked.links() if link.startswith(SIGN_IN))


def _carried(page: Seen) -> dict[str, str]:
    return {name: page.hidden(name) for name in ("next", "kept")}


def go_on(browser: Browser, between: Seen, following: str) -> Seen:
    """Presses the button of the page between the sign-in and the form."""
    assert following in between.links()
    return browser.send(between, following, kept_before=between.hidden("kept_before"))


def test_a_form_comes_back_filled_in_after_the_sign_in(officer: Browser, database: Database) -> None:
    page = officer.get(NEW)
    asked = too_late(officer, database, page, idempotency_key=page.hidden("idempotency_key"), **TYPED)
    assert asked.status == 403
    assert "Your session has ended. Sign in, and the form comes back as you left it." in asked.words
    between = sign_in_again(officer, asked)
    assert between.status == 200
    assert "Nothing was sent yet." in between.words
    back = go_on(officer, between, NEW)
    assert (back.status, back.path) == (200, NEW)
    assert "Here is what you typed" in back.words
    for value in ("Meera &amp; “Söhne”", "Iyer", "thirty", "98123 45678", "64,000"):
        assert f'value="{value}"' in back.text
    assert back.hidden("idempotency_key") == page.hidden("idempotency_key")
    sent = officer.send(
        back, "", idempotency_key=back.hidden("idempotency_key"), **TYPED | {"age": "37", "first_name": "Meera"}
    )
    assert officer.follow(sent).path == "/console/customers/1/"


@pytest.mark.parametrize(
    "address",
    [
        "customers/new/",
        "customers/1/change/",
        "customers/1/key-facts/",
        "loans/1/receipts/",
        "loans/1/refunds/",
        "loans/1/waivers/",
        "loans/1/write-off/",
        "loans/1/transactions/2/reversal/",
        "loans/2/opening/",
        "imports/new/",
        "administration/users/new/",
        "administration/users/2/",
        "administration/keys/new/",
    ],
)
@pytest.mark.usefixtures("s3")
def test_every_form_comes_back_with_each_of_its_fields(browser: Browser, database: Database, address: str) -> None:
    admin, place = browser.sign_in_as(database, Role.ADMIN), f"/console/{address}"
    user_of(database, Role.VIEWER, "asha")
    loan = a_loan(database, named(database), start=runtime.today() - timedelta(days=40))
    record(database, loan, receipt("2000"), runtime.today(), TEST)
    an_imported_loan(database, 1, end_date=None)
    page = admin.get(place)
    inputs = re.findall(r'<input id="f-([\w-]+)" name="([\w-]+)" type="(\w+)"', page.text)
    typed = {name: "2026-03-04" if kind == "date" else f"typed into {name}" for _, name, kind in inputs}
    assert typed
    asked = too_late(admin, database, page, **typed)
    back = go_on(admin, sign_in_again(admin, asked, login="a-admin"), place)
    shown = dict(re.findall(r'name="([\w-]+)" type="\w+" value="([^"]*)"', back.text))
    assert {name: shown.get(name) for name in typed} == typed


def test_nothing_is_done_before_the_form_is_sent_again(officer: Browser, database: Database) -> None:
    page = officer.get(NEW)
    good = TYPED | {"age": "37", "first_name": "Meera"}
    asked = too_late(officer, database, page, idempotency_key=page.hidden("idempotency_key"), **good)
    back = go_on(officer, sign_in_again(officer, asked), NEW)
    assert back.status == 200
    assert customers(database) == 0


def test_a_wrong_password_on_the_way_loses_nothing(officer: Browser, database: Database) -> None:
    asked = too_late(officer, database, officer.get(NEW), **TYPED)
    again = sign_in_again(officer, asked, password="not the password")
    assert "The login or the password is wrong." in again.words
    assert _carried(again) == _carried(asked)
    assert 'value="Iyer"' in go_on(officer, sign_in_again(officer, again), NEW).text


def test_a_second_factor_on_the_way_loses_nothing(browser: Browser, database: Database) -> None:
    browser.sign_in("nobody")
    app = second_factor_of(database, user_of(database, Role.OFFICER, "asha"))
    half = browser.send(browser.open(SIGN_IN), "", login="asha", password=PASSWORD)
    browser.send(half, "code/", code=app.next_code())
    asked = too_late(browser, database, browser.get(NEW), **TYPED)
    code_page = sign_in_again(browser, asked, login="asha")
    wrong = browser.send(code_page, "code/", code="000000", **_carried(code_page))
    between = browser.send(wrong, "../code/", code=app.next_code(), **_carried(wrong))
    assert 'value="Iyer"' in go_on(browser, between, NEW).text


def test_a_correction_comes_back_with_what_it_was_made_from(officer: Browser, database: Database) -> None:
    number = named(database)
    address = f"/console/customers/{number}/change/"
    page = officer.get(address)
    asked = too_late(officer, database, page, etag=page.hidden("etag"), reason="Salary slip", approved_limit="9")
    back = go_on(officer, sign_in_again(officer, asked), address)
    assert back.hidden("etag") == page.hidden("etag")
    assert "Salary slip" in back.text


def test_a_form_comes_back_to_the_page_that_it_stood_on(officer: Browser, database: Database) -> None:
    number = named(database)
    add_loan(database, number)
    address = "/console/loans/1/receipts/?amount=500"
    page = officer.get(address)
    asked = too_late(officer, database, page, "/console/loans/1/receipts/", amount="750", reference="UPI 7")
    back = go_on(officer, sign_in_again(officer, asked), address)
    assert 'value="750"' in back.text
    assert 'value="UPI 7"' in back.text


def test_a_form_without_a_page_of_its_own_leads_back_to_where_it_stood(officer: Browser, database: Database) -> None:
    number = named(database)
    address = f"/console/customers/{number}/?loan_amount=5000&interest_rate=12&tenure=12"
    page = officer.get(address)
    asked = too_late(
        officer, database, page, f"/console/customers/{number}/applications/", loan_amount="5000", tenure="12"
    )
    assert officer.follow(sign_in_again(officer, asked)).path == address


def test_passwords_and_codes_are_not_written_into_the_page(officer: Browser, database: Database) -> None:
    asked = too_late(
        officer,
        database,
        officer.get("/console/account/"),
        current_password=PASSWORD,
        new_password="another horse battery",
        repeated_password="another horse battery",
        code="123456",
        other="kept",
    )
    assert asked.hidden("kept") == "other=kept"
    assert "horse" not in asked.text
    assert "123456" not in asked.text


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_a_form_that_is_not_of_the_session_that_ended_is_not_kept(
    officer: Browser, database: Database, headers: dict[str, str]
) -> None:
    token = officer.get(NEW).hidden("csrf")
    end_sessions(database)
    for more, csrf in ((headers, token), ({}, "0" * 64)):
        sent = officer.post(NEW, dict(more), csrf=csrf, **TYPED)
        assert sent.status == 303
        asked = officer.follow(sent)
        assert "Your session has ended. Sign in to go on." in asked.words
        assert "Iyer" not in asked.text
    officer.cookies.pop("loans-session")
    assert "kept" not in officer.follow(officer.post(NEW, {}, csrf=token, **TYPED)).text


def test_the_key_of_an_authenticator_app_is_made_anew_and_not_carried(officer: Browser, database: Database) -> None:
    address = "/console/account/second-factor/"
    page = officer.get(address)
    asked = too_late(officer, database, page, key=page.hidden("key"), code="123456")
    assert page.hidden("key") not in asked.text
    back = officer.follow(officer.send(asked, SIGN_IN, login="a-officer", password=PASSWORD, next=asked.hidden("next")))
    assert back.path == address
    app = AuthenticatorApp(back.hidden("key"))
    assert app.secret in back.text.replace(" ", "")
    assert officer.send(back, "", key=app.secret, current_password=PASSWORD, code=app.next_code()).status == 303


def test_more_than_can_be_carried_is_not_promised(officer: Browser, database: Database) -> None:
    asked = too_late(officer, database, officer.get(NEW), last_name="x" * (kept.MAX_BYTES + 1))
    assert asked.status == 403
    assert "Your session has ended. Sign in to go on." in asked.words
    assert len(asked.text) < 10_000
    assert (
        officer.follow(
            officer.send(asked, SIGN_IN, login="a-officer", password=PASSWORD, next=asked.hidden("next"))
        ).path
        == NEW
    )


@pytest.mark.parametrize("text", ["%ff", "&".join(f"a{n}=1" for n in range(200)), "x" * 20_000, "a=%00", "password=x"])
def test_what_we_have_not_made_fills_in_nothing(officer: Browser, text: str) -> None:
    back = officer.send(officer.get(NEW), "", kept_before=text)
    assert back.status == 200
    assert kept.read_kept(text) == {}


def test_who_may_not_open_the_form_is_told_so_after_the_sign_in(officer: Browser, database: Database) -> None:
    user_of(database, Role.VIEWER, "vikram")
    asked = too_late(officer, database, officer.get(NEW), **TYPED)
    between = sign_in_again(officer, asked, login="vikram")
    assert go_on(officer, between, NEW).status == 403


def test_a_page_that_is_opened_too_late_says_why_one_has_to_sign_in(officer: Browser, database: Database) -> None:
    end_sessions(database)
    assert "Your session has ended." in officer.open("/console/customers/").words
    stranger = Browser(officer.client)
    assert "has ended" not in stranger.open("/console/customers/").words


def test_a_form_of_the_session_before_comes_back_if_one_has_signed_in_elsewhere_meanwhile(
    officer: Browser, database: Database
) -> None:
    page = officer.get(NEW)
    end_sessions(database)
    officer.cookies.pop("loans-session")
    officer.sign_in("a-officer")
    good = TYPED | {"age": "37", "first_name": "Meera", "idempotency_key": page.hidden("idempotency_key")}
    back = officer.send(page, "", **good)
    assert "Here is what you typed" in back.words
    assert 'value="Iyer"' in back.text
    assert customers(database) == 0
    assert officer.follow(officer.send(back, "", **good)).path == "/console/customers/1/"


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, {}],
)
def test_a_form_without_its_token_is_shown_to_nobody_if_the_browser_does_not_say_that_it_is_ours(
    officer: Browser, headers: dict[str, str]
) -> None:
    body = b"last_name=Iyer&csrf=" + b"0" * 64
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = officer.call("POST", NEW, body, form | (headers or {"Origin": "https://loans.example"}))
    assert refused.status == 403
    assert "Iyer" not in refused.text


def test_a_script_that_sends_a_form_is_led_to_the_sign_in_as_ever(officer: Browser, database: Database) -> None:
    token = officer.get("/console/imports/new/").hidden("csrf")
    end_sessions(database)
    sent = officer.post("/console/imports/new/", {"Sec-Fetch-Mode": "cors"}, csrf=token, file_name="a.xlsx")
    assert sent.status == 303
    assert sent.headers["Location"].endswith("sign-in/?next=imports%2Fnew%2F")


def test_pages_say_when_the_session_ends_with_and_without_a_script(officer: Browser) -> None:
    page = officer.get("/console/")
    assert 'id="session-end"' in page.text
    assert 'data-idle-minutes="30"' in page.text
    assert "You are signed out 30 minutes after the last page you opened." in page.words
    assert "session-end" not in officer.get("/console/static/1/console.js").text
    assert "session-end" not in Browser(officer.client).open(SIGN_IN).text


RIGHT = {
    "first_name": "Meera",
    "last_name": "Iyer",
    "age": "30",
    "phone_number": "9812345678",
    "monthly_income": "64,000",
}


def _unreachable(*_arguments: object, **_named: object) -> None:
    raise DatabaseUnavailable("The database cannot be reached at the moment.")


@pytest.mark.parametrize("knows_the_session", [True, False])
def test_a_form_that_met_no_database_comes_back_as_it_was(
    officer: Browser, database: Database, monkeypatch: pytest.MonkeyPatch, knows_the_session: bool
) -> None:
    page, before = officer.get(NEW), customers(database)
    with monkeypatch.context() as outage:
        if not knows_the_session:
            runtime.gate().forget()
        outage.setattr(runtime.database().engine, "connect", _unreachable)
        for module in ("transaction", "reading"):
            outage.setattr(type(runtime.database()), module, _unreachable)
        refused = officer.send(page, NEW, **page.fields() | RIGHT)
        assert (refused.status, "Back to the form" in refused.words) == (503, True)
        again = officer.send(refused, NEW, kept_before=refused.hidden("kept_before"))
    if not knows_the_session:
        assert again.hidden("kept_before") == refused.hidden("kept_before")
    back = officer.send(refused, NEW, kept_before=refused.hidden("kept_before"))
    assert "Here is what you typed" in back.words
    assert {name: back.fields()[name] for name in RIGHT} == RIGHT
    assert customers(database) == before


def test_a_password_that_met_no_database_is_not_written_into_the_page(
    officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = officer.get("/console/account/")
    monkeypatch.setattr(runtime.database().engine, "connect", _unreachable)
    for module in ("transaction", "reading"):
        monkeypatch.setattr(type(runtime.database()), module, _unreachable)
    refused = officer.send(page, "/console/account/", current_password=PASSWORD, new_password="another horse entirely")
    assert refused.status == 503
    assert PASSWORD not in refused.text
    assert "another horse" not in refused.text
