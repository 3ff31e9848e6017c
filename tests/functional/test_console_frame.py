"""What all pages of the console share: who is let in, forms that are ours, addresses, errors as pages."""

import re
import subprocess
import sys
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from chalicelib import runtime
from chalicelib.console.frame.pages import PAGES
from chalicelib.errors import DatabaseUnavailable
from chalicelib.postgres.database import Database
from chalicelib.rules.access import MACHINES, PEOPLE, PERMISSIONS, PUBLIC, Role
from tests.support.application import Api
from tests.support.console.browser import FORM, HOST, Browser, Seen
from tests.support.people import PASSWORD, key_of, session_of, user_of

HOME = "/console/"
SIGN_IN = "/console/sign-in/"


@pytest.fixture
def officer(browser: Browser, database: Database) -> Browser:
    """The browser of an officer who is signed in."""
    return browser.sign_in_as(database, Role.OFFICER)


def test_a_person_signs_in_sees_the_home_page_and_signs_out(browser: Browser, database: Database) -> None:
    user_of(database, Role.OFFICER, "asha")
    home = browser.sign_in(" Asha ")
    assert (home.status, home.path) == (200, HOME)
    assert "asha of the tests" in home.words
    left = browser.send(home, "sign-out/")
    assert left.status == 303
    assert "You are signed out." in browser.follow(left).words
    assert browser.open(HOME).path.startswith(SIGN_IN)


def test_signing_out_ends_the_session_in_the_database_too(officer: Browser) -> None:
    kept = dict(officer.cookies)
    officer.send(officer.get(HOME), "sign-out/")
    officer.cookies = kept
    assert officer.get(HOME).status == 303


def test_after_the_sign_in_one_is_where_one_wanted_to_be(browser: Browser, database: Database) -> None:
    user_of(database, Role.VIEWER, "asha")
    form = browser.open("/console/nowhere/?amount=5&q=a+b")
    assert form.path.startswith(SIGN_IN)
    sent = browser.send(form, "", login="asha", password=PASSWORD, next=form.hidden("next"))
    assert browser.follow(sent).path == "/console/nowhere/?amount=5&q=a+b"


@pytest.mark.parametrize(
    ("searched", "arrived"),
    [("लक्ष्मी नारायण वेंकटेश्वर", "/console/customers/?{query}"), ("ल" * 111, "/console/")],
)
def test_the_sign_in_leads_to_a_long_address_too_or_home(
    browser: Browser, database: Database, searched: str, arrived: str
) -> None:
    user_of(database, Role.VIEWER, "asha")
    query = urlencode({"q": searched})
    form = browser.open(f"/console/customers/?{query}")
    assert form.status == 200
    sent = browser.send(form, SIGN_IN, login="asha", password=PASSWORD, next=form.hidden("next"))
    assert browser.follow(sent).path == arrived.format(query=query)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "..//..//x",
        "a/\nb",
        "%2e%2e/",
        "x" * 600,
    ],
)
def test_the_sign_in_leads_nowhere_else(browser: Browser, database: Database, elsewhere: str) -> None:
    user_of(database, Role.VIEWER, "asha")
    form = browser.open(SIGN_IN)
    sent = browser.send(form, "", login="asha", password=PASSWORD, next=elsewhere)
    assert (sent.status, sent.headers["Location"]) == (303, "../")


def test_a_wrong_password_keeps_the_login_and_says_nothing_more(browser: Browser, database: Database) -> None:
    user_of(database, Role.VIEWER, "asha")
    for login in ("asha", "nobody"):
        form = browser.open(SIGN_IN)
        seen = browser.send(form, "", login=login, password="wrong", next="")
        assert seen.status == 403
        assert "The login or the password is wrong." in seen.words
        assert f'value="{login}"' in seen.text
        assert "wrong" not in re.findall(r'value="([^"]*)"', seen.text)
        # A browser puts the cursor into the first field with the attribute, whatever its value.
        assert [re.findall(r'<input[^>]* name="(\w+)"[^>]*autofocus', page.text) for page in (form, seen)] == [
            ["login"],
            ["password"],
        ]


@pytest.mark.parametrize("login", ["as\x1fha", "as\x85ha", "as\nha", "asha\x7f", "x" * 101])
def test_a_login_with_control_characters_is_none(browser: Browser, database: Database, login: str) -> None:
    user_of(database, Role.VIEWER, "asha")
    assert browser.sign_in(login).status == 403
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sign_in_failures")) == 0


def test_the_mark_of_a_browser_is_for_our_own_sign_in_only_and_lets_its_owner_in(
    browser: Browser, database: Database
) -> None:
    user = user_of(database, Role.VIEWER, "asha")
    page = browser.open("/console/sign-in/")
    body = urlencode({"csrf": page.hidden("csrf"), "login": "asha", "password": PASSWORD}).encode()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    sent = {"Host": HOST, "Content-Type": FORM, "Sec-Fetch-Site": "same-origin", "Cookie": cookie}
    headers = browser.client.http.request("POST", "/console/sign-in/", sent, body).headers["Set-Cookie"]
    (mark,) = (each for each in headers if each.startswith(f"loans-device-{user.user_id}="))
    assert "HttpOnly" in mark
    assert "SameSite=Strict" in mark
    browser.sign_in("asha")
    stranger = Browser(browser.client)
    for _ in range(5):
        assert stranger.sign_in("asha", "not the password").status == 403
    assert stranger.sign_in("asha").status == 429
    browser.cookies.pop("loans-session")
    assert browser.sign_in("asha").status == 200


def test_who_guesses_passwords_has_to_wait(browser: Browser, database: Database) -> None:
    user_of(database, Role.VIEWER, "asha")
    form = browser.open(SIGN_IN)
    seen = [browser.send(form, "", login="asha", password=f"guess {turn}", next="") for turn in range(6)][-1]
    assert seen.status == 429
    assert int(seen.headers["Retry-After"]) > 0
    assert "try again in" in seen.words


def test_a_blank_around_a_password_belongs_to_it(browser: Browser, database: Database) -> None:
    user_of(database, Role.VIEWER, "asha")
    assert browser.sign_in("asha", f" {PASSWORD}").status == 403
    assert browser.sign_in("asha").status == 200


def test_the_console_asks_also_where_the_api_does_not(api: Api) -> None:
    browser = Browser(api.client, host="localhost")
    assert api.get("/api/customers").status == 200
    assert browser.get(HOME).headers["Location"] == "./sign-in/"


@pytest.mark.parametrize("role", MACHINES)
def test_a_key_in_the_cookie_is_not_a_session(browser: Browser, database: Database, role: Role) -> None:
    browser.cookies["loans-session"] = key_of(database, role)
    assert browser.get(HOME).status == 303


@pytest.mark.parametrize("cookie", ["", "x", "ls_" + "A" * 43, "lk_" + "a" * 12, '"', "\xff" * 5])
def test_a_cookie_that_is_no_session_of_ours_is_as_good_as_none(browser: Browser, cookie: str) -> None:
    browser.cookies["loans-session"] = cookie
    assert browser.get(HOME).status == 303


def test_every_page_says_who_may_and_nobody_else_gets_in(closed_api: Api, database: Database) -> None:
    for role in PEOPLE:
        browser = Browser(closed_api.client, {"loans-session": session_of(database, user_of(database, role).login)})
        token = browser.get(HOME)
        for method, path in PAGES:
            operation = PAGES[method, path].operation
            if operation in PUBLIC or path.endswith("sign-out"):
                continue
            address = re.sub(r"\{[^}]*\}", "1", path) + "/"
            seen = browser.get(address) if method == "GET" else browser.post(address, csrf=token.hidden("csrf"))
            stranger = Browser(closed_api.client)
            refused = stranger.get(address) if method == "GET" else stranger.post(address)
            assert refused.status == 303, (method, path)
            assert (seen.status == 403) == (operation not in PERMISSIONS[role]), (role, method, path, seen.status)


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}],
)
def test_a_form_from_elsewhere_is_not_taken_even_with_the_token(officer: Browser, headers: dict[str, str]) -> None:
    token = officer.get(HOME).hidden("csrf")
    refused = officer.post("/console/sign-out/", headers, csrf=token)
    assert refused.status == 403
    assert "Another site" in refused.words
    assert officer.get(HOME).status == 200


def test_without_sec_fetch_site_the_origin_has_to_be_ours(officer: Browser) -> None:
    token = officer.get(HOME).hidden("csrf")

    def sent_from(origin: str) -> int:
        body = f"csrf={token}".encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
        return officer.call("POST", "/console/sign-out/", body, headers).status

    assert [sent_from(origin) for origin in ("https://evil.example", "null", "https://loans.example")] == [
        403,
        403,
        303,
    ]


@pytest.mark.parametrize("token", ["", "x", "0" * 64])
def test_a_form_without_the_token_is_not_taken(officer: Browser, token: str) -> None:
    assert "out of date" in officer.post("/console/sign-out/", csrf=token).words
    assert officer.get(HOME).status == 200


def test_the_token_of_somebody_else_is_not_taken(officer: Browser, closed_api: Api) -> None:
    stranger = Browser(closed_api.client)
    assert officer.post("/console/sign-out/", csrf=stranger.open(SIGN_IN).hidden("csrf")).status == 403
    assert stranger.post(SIGN_IN, csrf=officer.get(HOME).hidden("csrf"), login="a", password="b").status == 403


def test_a_sign_in_that_is_sent_again_leads_on_once_somebody_is_signed_in(browser: Browser, database: Database) -> None:
    asha = user_of(database, Role.OFFICER).login
    page = browser.open(SIGN_IN)
    failed: dict[str, Any] = {
        "csrf": page.hidden("csrf"),
        "login": asha,
        "password": "not the password",
        "next": "loans/",
    }
    for _ in range(2):
        assert "out of date" not in browser.post(SIGN_IN, **failed).words
    assert browser.sign_in(asha).status == 200
    again = browser.post(SIGN_IN, **failed)
    assert (again.status, again.headers["Location"]) == (303, "../loans/")
    assert browser.get(HOME).status == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 70_000, 413),
        ("application/x-www-form-urlencoded", b"a=1&a=2", 400),
        ("application/x-www-form-urlencoded", b"a=%00", 400),
        ("application/x-www-form-urlencoded", b"a=%ff", 400),
        ("application/x-www-form-urlencoded", b"\xff", 400),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=" % n for n in range(101)), 400),
    ],
)
def test_a_body_that_is_no_form_of_ours_is_refused(
    officer: Browser, content_type: str, body: bytes, status: int
) -> None:
    headers = {"Content-Type": content_type, "Sec-Fetch-Site": "same-origin"}
    assert officer.call("POST", "/console/sign-out/", body, headers).status == status


def test_pages_are_not_kept_framed_or_sniffed_and_load_nothing_from_elsewhere(officer: Browser) -> None:
    home = officer.get(HOME)
    assert home.headers["Cache-Control"] == "no-store"
    assert home.headers["X-Content-Type-Options"] == "nosniff"
    policy = home.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r'(href|src|action)="[a-z]*:?//', home.text)
    assert not re.search(r"<style|\bstyle=|\bon[a-z]+=", home.text)
    assert len(home.text.encode()) < 100_000


def test_the_session_cookie_is_for_the_server_only(browser: Browser, database: Database) -> None:
    user_of(database, Role.VIEWER, "asha")
    form = browser.open(SIGN_IN)
    cookie = f"loans-visitor={browser.cookies['loans-visitor']}"
    body = urlencode({"csrf": form.hidden("csrf"), "login": "asha", "password": PASSWORD}).encode()
    response = browser.client.http.post(SIGN_IN, headers={"Content-Type": FORM, "Cookie": cookie}, body=body)
    session = response.headers["Set-Cookie"][0]
    assert session.startswith("loans-session=ls_")
    assert session.endswith("; Path=/; HttpOnly; SameSite=Lax")


def test_outside_a_laptop_the_cookies_are_secure_and_of_this_host_only(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE", "prod")
    monkeypatch.setenv("DATABASE_URL", "postgresql://loans_app@nowhere.invalid/loans")
    runtime.settings.cache_clear()
    response = browser.client.http.get(SIGN_IN)
    assert re.fullmatch(
        r"__Host-loans-visitor=[\w-]{32}; Path=/; HttpOnly; SameSite=Lax; Secure", response.headers["Set-Cookie"]
    )


@pytest.mark.parametrize(
    "path", [SIGN_IN, "/console/nothing/", "/console/static/x/console.css", "/api/openapi.json", "/api/customers", "/x"]
)
@pytest.mark.parametrize(("stage", "expected"), [("prod", "max-age=31536000; includeSubDomains"), ("local", None)])
def test_browsers_are_told_to_use_tls_from_now_on_wherever_there_is_tls(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, path: str, stage: str, expected: str | None
) -> None:
    monkeypatch.setenv("STAGE", stage)
    if stage == "prod":
        monkeypatch.setenv("DATABASE_URL", "postgresql://loans_app@nowhere.invalid/loans")
    runtime.settings.cache_clear()
    assert browser.client.http.get(path).headers.get("Strict-Transport-Security") == expected
    # Settings that make no sense: the page for when there can be no other.
    monkeypatch.setenv("BUSINESS_TIMEZONE", "nowhere")
    runtime.settings.cache_clear()
    assert browser.client.http.get(path).headers.get("Strict-Transport-Security") == expected


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/sign-in", "/console/sign-in/"])
def test_links_lead_to_the_same_places_with_and_without_a_slash(browser: Browser, path: str) -> None:
    seen = browser.get(path)
    if seen.status == 303:
        seen = browser.follow(seen)
    assert re.fullmatch(r"/console/static/[0-9a-f]{12}/style\.css", next(x for x in seen.links() if "style" in x))


@pytest.mark.parametrize("prefix", ["", "/prod", "/_aws/execute-api/loans/local"])
def test_links_work_behind_whatever_stands_before_the_console(officer: Browser, prefix: str) -> None:
    seen = officer.get("/console/")
    links = {each.removeprefix(prefix) for each in type(seen)(200, {}, seen.text, f"{prefix}/console/").links()}
    assert {"/console/", "/console/customers/", "/console/sign-out/"} <= links


def test_a_page_that_is_not_there_is_told_as_a_page(officer: Browser) -> None:
    seen = officer.get("/console/nowhere/")
    assert seen.status == 404
    assert "There is no such page." in seen.words
    assert "/console/customers/" in seen.links()


@pytest.fixture
def out_of_reach(officer: Browser, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """An officer who signed in while there still was a database."""
    runtime.gate().forget()
    runtime.database().engine.dispose()
    monkeypatch.setattr(runtime.database().engine, "connect", _unreachable)
    return officer


def _unreachable(*_arguments: object, **_named: object) -> None:
    raise DatabaseUnavailable("The database cannot be reached at the moment.")


def test_a_database_out_of_reach_is_told_as_a_page(out_of_reach: Browser) -> None:
    _is_told_to_try_again(out_of_reach.get(HOME))


def test_a_database_out_of_reach_is_told_to_a_sign_in_that_is_sent_again(out_of_reach: Browser) -> None:
    _is_told_to_try_again(out_of_reach.post(SIGN_IN, csrf="stale", login="asha", password="a password"))


def _is_told_to_try_again(seen: Seen) -> None:
    assert seen.status == 503
    assert seen.headers["Retry-After"] == "5"
    assert "try again" in seen.words


@pytest.mark.parametrize("path", [HOME, "/console/sign-in/", "/console/nothing/"])
def test_settings_that_make_no_sense_are_told_as_a_page_without_them(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    with monkeypatch.context() as wrong:
        wrong.setenv("BUSINESS_TIMEZONE", "Asia/Atlantis")
        runtime.settings.cache_clear()
        seen = browser.get(path)
    runtime.settings.cache_clear()
    assert seen.status == 500
    assert seen.headers["Content-Type"] == "text/html; charset=utf-8"
    assert seen.headers["X-Request-Id"] in seen.words
    assert "Something went wrong" in seen.words
    assert "Atlantis" not in seen.text
    assert "default-src 'none'" in seen.headers["Content-Security-Policy"]


def test_a_notice_is_one_of_ours(browser: Browser) -> None:
    for named, is_shown in (("signed-out", True), ("Call+0800", False)):
        browser.cookies["loans-done"] = named
        assert ("You are signed out." in browser.get(SIGN_IN).words) is is_shown
        assert "Call 0800" not in browser.get(SIGN_IN).words
    # An address says nothing: it can be shared.
    assert "You are signed out." not in browser.get(f"{SIGN_IN}?done=signed-out").words


def test_static_files_are_kept_for_good_under_their_version(browser: Browser) -> None:
    address = next(link for link in browser.open(SIGN_IN).links() if link.endswith("style.css"))
    seen = browser.get(address)
    assert (seen.status, seen.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in seen.headers["Cache-Control"]
    assert browser.get(address, {"If-None-Match": seen.headers["ETag"]}).status == 304
    assert browser.get("/console/static/000000000000/style.css").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.css", "..%2frendering.py", "rendering.py", "__init__.py"])
def test_only_what_is_in_static_is_served(browser: Browser, name: str) -> None:
    assert browser.get(f"/console/static/0/{name}").status == 404


def test_the_application_starts_without_the_console_but_for_its_addresses() -> None:
    program = """
import sys, app
print(sorted(app.app.routes["/console"]))
names = ("jinja2", "babel", "markupsafe", "chalicelib.console.", "chalicelib.services.statistics", "chalicelib.paper",
         "reportlab", "PIL", "uharfbuzz")
print(sorted(name for name in sys.modules if name.startswith(names)))
"""
    environment = {"STAGE": "local"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "['GET', 'HEAD']",
        "['chalicelib.console.frame', 'chalicelib.console.frame.pages', 'chalicelib.console.frame.routes']",
    ]
