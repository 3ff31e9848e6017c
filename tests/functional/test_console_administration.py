"""The console's administration: users, keys, the audit log, the policy; and everybody's own account."""

import re
from decimal import Decimal
from html import unescape

import pytest

from chalicelib import runtime
from chalicelib.console.administration.audit_labels import ACTIONS, SUBJECTS
from chalicelib.console.administration.views import score_bands
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.auditing import Action, SubjectKind
from chalicelib.rules.policy import POLICIES, STANDARD_1, Policy
from chalicelib.rules.score import LoanRequest
from chalicelib.services import api_keys, users
from tests.support.application import Api
from tests.support.console.browser import Browser, Seen, choose_password, link_on
from tests.support.customers import add_loan, named
from tests.support.lending import create_loan
from tests.support.people import PASSWORD, TEST, key_of, user_of

USERS = "/console/administration/users/"
KEYS = "/console/administration/keys/"
AUDIT = "/console/administration/audit/"
ACCOUNT = "/console/account/"
ANOTHER = "another horse battery"


@pytest.fixture
def admin(browser: Browser, database: Database) -> Browser:
    return browser.sign_in_as(database, Role.ADMIN)


def make_user(admin: Browser, **changes: str) -> Seen:
    fields = {"login": "Asha", "name": "Asha Rao", "role": "officer"} | changes
    return admin.send(admin.get(f"{USERS}new/"), "", **fields)


def asha_of(admin: Browser) -> Browser:
    """The browser of a new officer who has chosen a password."""
    link = link_on(admin.follow(make_user(admin)))
    asha = Browser(admin.client)
    assert choose_password(asha, link).status == 200
    return asha


def make_key(admin: Browser, **changes: str) -> Seen:
    fields = {"name": "Web shop", "role": "reader", "days": "30", "customer_id": ""} | changes
    return admin.send(admin.get(f"{KEYS}new/"), "", **fields)


def token_on(page: Seen) -> str:
    found = re.search(r'id="token" value="(lk_[^"]+)"', page.text)
    assert found, page.words
    return found.group(1)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OFFICER])
def test_only_admins_see_the_administration(browser: Browser, database: Database, role: Role) -> None:
    other = browser.sign_in_as(database, role)
    home = other.get("/console/")
    assert "/console/administration/" not in home.links()
    for path in ("", "users/", "users/new/", "users/1/", "keys/", "keys/new/", "audit/", "policy/"):
        assert other.get(f"/console/administration/{path}").status == 403
    assert other.send(home, "administration/users/1/disable/").status == 403


def test_the_administration_leads_to_its_parts(admin: Browser) -> None:
    links = admin.get("/console/administration/").links()
    assert {USERS, KEYS, AUDIT, "/console/policy/", "/console/imports/failed-files/"} <= set(links)


def test_an_admin_makes_a_user_who_signs_in(admin: Browser, closed_api: Api) -> None:
    made = admin.follow(make_user(admin))
    assert made.path == f"{USERS}2/invitation/"
    assert "Invited" in admin.get(USERS).words
    assert choose_password(Browser(closed_api.client), link_on(made)).path == "/console/account/second-factor/"
    assert "Asha Rao asha Officer Active" in admin.get(USERS).words
    assert Browser(closed_api.client).sign_in("asha").status == 200


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("login", "a b", "Must be 1 to 100 letters"),
        ("login", "", "Is required"),
        ("name", "", "Is required"),
        ("role", "owner", "Must be viewer, officer or admin"),
        ("email", "asha", "Must be an e-mail address"),
    ],
)
def test_a_user_that_is_not_valid_is_refused_beside_the_field_and_the_rest_is_kept(
    admin: Browser, field: str, value: str, sentence: str
) -> None:
    answer = make_user(admin, **{field: value})
    assert answer.status == 400
    assert sentence in answer.words
    kept = {"login": "Asha", "name": "Asha Rao"} | {field: value}
    assert f'value="{kept["login"]}"' in answer.text


def test_a_choice_of_a_role_is_one_word_and_says_below_what_it_means(admin: Browser) -> None:
    for form, role, meaning in (("users", "Officer", "can also register"), ("keys", "Writer", "can also register")):
        seen = admin.get(f"/console/administration/{form}/new/")
        assert f">{role}</option>" in seen.text
        assert f"{role}: {meaning}" in seen.words
        assert 'aria-describedby=" f-role-hint"' in seen.text


def test_a_login_that_somebody_has_is_told_beside_the_field(admin: Browser) -> None:
    make_user(admin)
    answer = make_user(admin, name="Another")
    assert answer.status == 409
    assert "Somebody has the login asha already." in answer.words
    assert 'value="Another"' in answer.text


def test_name_and_role_are_changed(admin: Browser) -> None:
    make_user(admin, email="asha@example.com")
    page = admin.get(f"{USERS}2/")
    assert 'value="asha@example.com"' in page.text
    changed = admin.follow(admin.send(page, "", name="Asha Menon", role="viewer", email=""))
    assert "Changes saved." in changed.words
    assert 'value="asha@example.com"' not in changed.text
    assert "asha, viewer" in changed.words
    assert admin.send(page, "", name="Asha Menon", role="king").status == 400


def test_a_user_is_disabled_and_let_in_again(admin: Browser) -> None:
    asha = asha_of(admin)
    question = admin.get(f"{USERS}2/disable/")
    assert "Disable Asha Rao?" in question.words
    assert "1 session" in question.words
    assert asha.get("/console/").status == 200
    disabled = admin.follow(admin.send(question, ""))
    assert "signed out everywhere" in disabled.words
    assert "Disabled" in admin.get(USERS).words
    assert asha.get("/console/").status == 303
    assert asha.sign_in("asha").status == 403
    admin.follow(admin.send(disabled, "enable/"))
    assert asha.sign_in("asha").status == 200


def test_the_page_of_a_user_says_what_was_done_to_them(admin: Browser) -> None:
    make_user(admin)
    admin.send(admin.get(f"{USERS}2/"), "", name="Asha Menon", role="officer")
    words = admin.get(f"{USERS}2/").words.partition("Who did what, and when")[2]
    assert re.search(r"Changed a user by a-admin of the tests .* Name Asha Rao → Asha Menon", words)
    assert "Created a user by a-admin of the tests" in words


def test_the_sessions_of_a_user_are_shown_and_ended(admin: Browser) -> None:
    asha = asha_of(admin)
    page = admin.get(f"{USERS}2/")
    assert "Sign out everywhere" in page.words
    ended = admin.follow(admin.send(page, "sessions/"))
    assert "Not signed in anywhere." in ended.words
    assert asha.get("/console/").status == 303


def test_the_only_admin_can_be_neither_disabled_nor_demoted(admin: Browser) -> None:
    page = admin.get(f"{USERS}1/")
    for answer in (admin.send(page, "disable/"), admin.send(page, "", name="The admin", role="viewer")):
        assert answer.status == 409
        assert "make another one first" in answer.words
    assert admin.get(USERS).status == 200


@pytest.mark.parametrize("path", ["users/99/", "users/x/", "keys/99/rotate/", "keys/99/revoke/"])
def test_who_is_not_there_is_told_as_a_page(admin: Browser, path: str) -> None:
    assert admin.get(f"/console/administration/{path}").status == 404


def test_many_users_come_in_pages(admin: Browser, database: Database) -> None:
    with database.transaction() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO users (login, name, role, password_hash) "
            "SELECT 'user' || n, 'User ' || n, 'viewer', 'x' FROM generate_series(1, 60) AS n"
        )
        tx.commit()
    following = re.search(r'href="(\?after=\d+)"', admin.get(USERS).text)
    assert following
    assert "User 60" in admin.get(USERS + following.group(1)).words


def test_a_key_is_made_shown_once_and_works(admin: Browser, closed_api: Api) -> None:
    assert "No API keys yet" in admin.get(KEYS).words
    made = admin.follow(make_key(admin))
    assert made.path == f"{KEYS}1/issued/"
    assert made.headers["Cache-Control"] == "no-store"
    token = token_on(made)
    again = admin.get(made.path)
    assert token not in again.text
    assert "shown only once" in again.words
    assert admin.get(f"{KEYS}2/issued/").status == 404
    assert closed_api.showing(token).get("/api/customers/").status == 200
    listed = admin.get(KEYS)
    assert token not in listed.text
    assert "Web shop" in listed.words
    assert token[:15] in listed.text
    assert "Active" in listed.words


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Is required"),
        ("role", "admin", "Must be reader, writer or importer"),
        ("days", "0", "Must be a whole number of days"),
        ("days", "soon", "Must be a whole number of days"),
        ("customer_id", "x", "Must be the whole number of a customer"),
        ("customer_id", "99", "Must be the number of a customer who is registered"),
    ],
)
def test_a_key_that_is_not_valid_is_refused_beside_the_field(
    admin: Browser, field: str, value: str, sentence: str
) -> None:
    answer = make_key(admin, **{field: value})
    assert answer.status == 400
    assert sentence in answer.words
    assert "No API keys yet" in admin.get(KEYS).words


def test_without_days_a_key_does_not_end(admin: Browser, database: Database) -> None:
    make_key(admin, days="")
    assert api_keys.view_key(database, 1).expires_at is None


def test_a_key_is_rotated_after_a_question(admin: Browser, closed_api: Api) -> None:
    old = token_on(admin.follow(make_key(admin)))
    question = admin.get(f"{KEYS}1/rotate/")
    assert "Rotate Web shop?" in question.words
    assert closed_api.showing(old).get("/api/customers/").status == 200
    new = token_on(admin.follow(admin.send(question, "")))
    assert new not in admin.get(f"{KEYS}1/issued/").text
    assert closed_api.showing(old).get("/api/customers/").status == 401
    assert closed_api.showing(new).get("/api/customers/").status == 200


def test_a_key_is_revoked_after_a_question(admin: Browser, closed_api: Api) -> None:
    token = token_on(admin.follow(make_key(admin)))
    question = admin.get(f"{KEYS}1/revoke/")
    assert "This cannot be undone." in question.words
    assert closed_api.showing(token).get("/api/customers/").status == 200
    listed = admin.follow(admin.send(question, ""))
    assert "Key revoked." in listed.words
    assert "Revoked" in listed.words
    assert closed_api.showing(token).get("/api/customers/").status == 401
    assert "was revoked" in admin.get(f"{KEYS}1/rotate/").words
    assert admin.post(f"{KEYS}1/rotate/", csrf=listed.hidden("csrf")).status == 409


def test_last_use_and_expiry_are_in_the_list(admin: Browser, database: Database, closed_api: Api) -> None:
    token = key_of(database, Role.READER, days=1)
    assert "never" in admin.get(KEYS).words
    closed_api.showing(token).get("/api/customers/")
    assert "never" not in admin.get(KEYS).words
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE api_keys SET expires_at = now() - interval '1 minute'")
        tx.commit()
    assert "Expired" in admin.get(KEYS).words


def test_what_was_done_to_a_key_is_a_click_away(admin: Browser) -> None:
    make_key(admin)
    assert f"{AUDIT}?subject_kind=api_key&subject_id=1" in admin.get(KEYS).links()
    assert filtered(admin, "?subject_kind=api_key&subject_id=1") == ["Created an API key"]


def test_the_audit_log_tells_who_did_what_and_what_it_was_before(admin: Browser) -> None:
    make_user(admin)
    admin.send(admin.get(f"{USERS}2/"), "", name="Asha Menon", role="officer")
    seen = admin.get(AUDIT)
    assert "a-admin of the tests user:1 Changed a user User 2 Name Asha Rao → Asha Menon" in seen.words
    assert f"{USERS}2/" in seen.links()
    assert "li_" not in seen.text
    assert "password_hash" not in seen.text


def test_a_number_in_the_audit_log_leads_to_what_it_is_the_number_of(admin: Browser, database: Database) -> None:
    customer = named(database)
    add_loan(database, customer)
    create_loan(database, customer, LoanRequest(Decimal(5000), Decimal(12), 12), STANDARD_1, runtime.today(), TEST)
    seen = admin.get(AUDIT)
    assert f'<dt>Customer</dt><dd><ins><a href="../../customers/{customer}/">{customer}</a></ins>' in seen.text
    assert '<dt>Loan</dt><dd><ins><a href="../../loans/2/">2</a></ins>' in seen.text
    assert "Tenure 12 months" in seen.words


def filtered(admin: Browser, query: str) -> list[str]:
    """What the entries that a filter finds are about."""
    found = re.findall(r'<th scope="row" class="what">([^<]+) <', admin.get(AUDIT + query).text)
    return [unescape(each) for each in found]


def test_the_filters_of_the_audit_log_stand_in_its_address(admin: Browser, database: Database) -> None:
    make_user(admin)
    make_key(admin)
    users.end_sessions(database, TEST, 2)
    assert filtered(admin, "?action=api_key_created") == ["Created an API key"]
    assert filtered(admin, "?actor=user:1") == [
        "Created an API key",
        "Created a link to choose a password",
        "Created a user",
        "Signed in",
    ]
    assert filtered(admin, "?actor=operator&subject_kind=user&subject_id=2") == ["Ended sessions"]
    assert filtered(admin, "?subject_kind=api_key") == ["Created an API key"]
    today = runtime.today().isoformat()
    assert len(filtered(admin, f"?from={today}&to={today}")) == len(filtered(admin, ""))
    assert filtered(admin, "?from=2199-01-01") == []
    assert filtered(admin, "?actor=&action=&subject_kind=&subject_id=&from=&to=") == filtered(admin, "")
    kept = admin.get(f"{AUDIT}?actor=user:1&action=signed_in")
    assert 'value="user:1"' in kept.text
    assert '<option value="signed_in" selected>' in kept.text
    assert "No entries found" in admin.get(f"{AUDIT}?action=loan_changed").words


@pytest.mark.parametrize(
    "query",
    [
        "?actor=the boss",
        "?actor=users:3",
        "?action=theft",
        "?subject_kind=dog",
        "?subject_id=x",
        "?from=1.1.26",
        "?to=soon",
        "?from=2026-05-02&to=2026-05-01",
    ],
)
def test_a_filter_that_makes_no_sense_is_told_beside_its_field(admin: Browser, query: str) -> None:
    seen = admin.get(AUDIT + query.replace(" ", "%20"))
    assert seen.status == 400
    assert "Must " in seen.words
    assert filtered(admin, query.replace(" ", "%20")) == []


def test_the_audit_log_comes_in_pages_that_keep_the_filter(admin: Browser, database: Database) -> None:
    user_of(database, Role.VIEWER, "asha")
    for _ in range(60):
        users.end_sessions(database, TEST, 2)
    page = admin.get(f"{AUDIT}?action=sessions_ended")
    assert len(page.text.encode()) < 100_000
    following = re.search(r'href="(\?action=sessions_ended&amp;before=\d+)" rel="next"', page.text)
    assert following
    assert len(filtered(admin, unescape(following.group(1)))) == 10


def test_every_action_and_subject_of_the_audit_log_has_words() -> None:
    assert set(ACTIONS) == set(Action)
    assert set(SUBJECTS) == set(SubjectKind)


def test_the_active_policy_is_readable(admin: Browser) -> None:
    words = admin.get("/console/policy/").words
    for told in (
        "standard-1",
        "36 × monthly income",
        "Instalments take at most 50% of the income",
        "up to 70 points",
        "31 to 50 Approved at least 12%",
    ):
        assert told in words
    assert "51 to 100 Approved as requested" in words
    assert "0 to 10 Refused" in words


@pytest.mark.parametrize("policy", POLICIES.values())
def test_the_bands_of_a_policy_are_what_it_decides(policy: Policy) -> None:
    bands = list(score_bands(policy))
    assert [score for lowest, highest, _ in reversed(bands) for score in range(lowest, highest + 1)] == list(range(101))
    for lowest, highest, slab in bands:
        assert {policy.slab_for(score) for score in range(lowest, highest + 1)} == {slab}


def change_own(browser: Browser, current: str, new: str, again: str | None = None) -> Seen:
    page = browser.get(ACCOUNT)
    return browser.send(page, "", current_password=current, new_password=new, repeated_password=again or new)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OFFICER, Role.ADMIN])
def test_everybody_changes_their_own_password_and_signs_in_anew(
    browser: Browser, database: Database, role: Role
) -> None:
    person = browser.sign_in_as(database, role)
    assert ACCOUNT in person.get("/console/").links()
    changed = person.follow(change_own(person, PASSWORD, ANOTHER))
    assert changed.path.startswith("/console/sign-in/")
    assert "Password changed." in changed.words
    assert person.get("/console/").status == 303
    assert person.sign_in(f"a-{role.value}").status == 403
    assert person.sign_in(f"a-{role.value}", ANOTHER).status == 200


@pytest.mark.parametrize(
    ("current", "new", "again", "sentence"),
    [
        ("wrong horse battery", ANOTHER, ANOTHER, "Is not your current password"),
        ("", ANOTHER, ANOTHER, "Is not your current password"),
        ("x" * 300, ANOTHER, ANOTHER, "Is not your current password"),
        (PASSWORD, ANOTHER, "another horse", "Must be the same as the new password"),
        (PASSWORD, "short", "short", "Must be text of 12"),
        (PASSWORD, "", "", "Is required"),
    ],
)
def test_a_password_is_not_changed_without_the_present_one_or_to_a_bad_one(
    browser: Browser, closed_api: Api, database: Database, current: str, new: str, again: str, sentence: str
) -> None:
    person = browser.sign_in_as(database, Role.OFFICER)
    answer = person.send(person.get(ACCOUNT), "", current_password=current, new_password=new, repeated_password=again)
    assert answer.status == 400
    assert sentence in answer.words
    assert ANOTHER not in answer.text
    assert person.get(ACCOUNT).status == 200
    assert Browser(closed_api.client).sign_in("a-officer").status == 200


def test_the_login_is_no_password(browser: Browser, database: Database) -> None:
    user_of(database, Role.VIEWER, "asha.the.viewer")
    browser.sign_in("asha.the.viewer")
    answer = change_own(browser, PASSWORD, "Asha.The.Viewer")
    assert answer.status == 400
    assert "Must not be the login" in answer.words


def test_who_finds_a_screen_unlocked_guesses_no_faster(browser: Browser, database: Database) -> None:
    person = browser.sign_in_as(database, Role.OFFICER)
    for turn in range(5):
        assert change_own(person, f"guess number {turn}", ANOTHER).status == 400
    answer = change_own(person, PASSWORD, ANOTHER)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert person.get("/console/").status == 200
