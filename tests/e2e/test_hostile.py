"""Hostile requests on LocalStack, over HTTP: none gets in, none gets a 5xx, and nothing is different afterwards."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
import requests
from openpyxl import load_workbook
from sqlalchemy import text

from chalicelib.storage.import_tables import metadata
from infra.local.portfolio import reading
from tests.support import plain_http
from tests.support.hostile.business import REPEATED_APPLICATION, REPEATED_SIGN_IN
from tests.support.hostile.cases import OWASP, Case
from tests.support.hostile.requests import all_cases
from tests.support.hostile.senders import PASSWORD, Credentials, Sender
from tests.support.hostile.workbooks import CUSTOMER_ID, FORMULA, SECRET, hostile_workbooks
from tests.support.patience import patiently
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e

CASES = all_cases()
NAMES_SENT = {json.loads(case.body)["first_name"].strip() for case in CASES
              if case.path == "/register/" and case.expected == 201 and case.body}  # fmt: skip
# As many as the stack has processes for.
AT_ONCE = 4
TELLTALES = ("Traceback", "pg8000", "sqlalchemy", "$argon2", "/var/task", "site-packages")
# Noted at each use, also of what a hostile request shows.
NOTED = ("last_used_at", "last_seen_at")
# The tables that a request which is answered 201 adds a row to, and what the audit log says of it.
ADDED = {"/register/": ("customers", "customer_registered"), "/imports/": ("imports", "import_started")}


@pytest.fixture(scope="module")
def credentials(closed_stack: Stack) -> Credentials:
    return Credentials(closed_stack)


@pytest.fixture(scope="module")
def numbers(closed_stack: Stack, credentials: Credentials) -> dict[str, str]:
    """What stands in braces in a path."""
    headers = {"Authorization": f"Bearer {credentials.tokens['writer']}"}
    asked = {"customer_id": 2, "loan_amount": 1000000000, "interest_rate": 18, "tenure": 12}
    application = plain_http.post(f"{closed_stack.api_url}/create-loan/", json=asked, headers=headers).json()
    with reading(closed_stack.file.database_url) as connection:
        other = connection.execute(text("SELECT min(loan_id) FROM loans WHERE customer_id <> 1")).scalar_one()
    return {"other loan": str(other), "other application": str(application["application_id"])}


@pytest.fixture(scope="module")
def before(closed_stack: Stack, numbers: dict[str, str]) -> "Rows":
    """What there is once the credentials are made, and an application that is somebody else's."""
    assert numbers
    return rows_of(closed_stack)


Rows = Mapping[str, Counter[str]]


def rows_of(stack: Stack) -> Rows:
    """The rows of every table, each as its hash; those of the audit log as what was done."""
    with reading(stack.file.database_url) as connection:

        def hashes(table: str) -> Counter[str]:
            row = "action" if table == "audit_log" else f"md5((to_jsonb(t) - '{{{','.join(NOTED)}}}'::text[])::text)"
            return Counter(connection.execute(text(f"SELECT {row} FROM {table} AS t")).scalars())

        return {table.name: hashes(table.name) for table in metadata.sorted_tables}


@pytest.fixture(scope="module")
def answers(
    closed_stack: Stack, credentials: Credentials, numbers: dict[str, str], before: Rows
) -> Iterator[Mapping[str, Future[requests.Response]]]:
    """The answers to all cases, which are sent some at once."""
    assert before
    send = Sender(closed_stack, credentials, numbers)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {str(case): pool.submit(send, case) for case in CASES}


@pytest.fixture(scope="module")
def plain(closed_stack: Stack, credentials: Credentials, numbers: dict[str, str]) -> Callable[[Case], Any]:
    """The answer to the request of a case without its headers."""
    send, kept = Sender(closed_stack, credentials, numbers), dict[str, Any]()

    def answer(case: Case) -> Any:
        if case.path not in kept:
            kept[case.path] = send(Case("headers", "plain", case.method, case.path, 200, case.who)).json()
        return kept[case.path]

    return answer


def test_there_are_hundreds_of_cases_for_the_ten_risks() -> None:
    assert len(CASES) >= 700
    assert len({str(case) for case in CASES}) == len(CASES)
    # Those of API6 are sent many times at once, and some of API10 are files; both have tests of their own.
    risks = Counter(case.owasp for case in (*CASES, REPEATED_APPLICATION, REPEATED_SIGN_IN))
    assert risks.keys() == {f"API{number}" for number in range(1, 11)} == set(OWASP.values())
    assert OWASP["workbook"] == "API10"
    assert hostile_workbooks()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nobody_gets_in(
    case: Case,
    answers: Mapping[str, Future[requests.Response]],
    credentials: Credentials,
    plain: Callable[[Case], Any],
) -> None:
    answer = answers[str(case)].result()
    assert answer.status_code == case.expected, answer.text[:500]
    for telltale in (*TELLTALES, *credentials.tokens.values(), *([case.never] if case.never else [])):
        assert telltale not in answer.text
    if case.base == "/api":
        assert_from_the_api(case, answer)
    if case.category in ("another customer", "SQL") and case.method == "GET" and answer.ok:
        assert all(not_sent_here(found) == [] for name, found in answer.json().items() if name != "next")
    if case.like_plain:
        assert answer.json() == plain(case)


def not_sent_here(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was found, but for the people whom the cases register: the words of one payload are found in another."""
    return [each for each in found if each.get("first_name") not in NAMES_SENT]


def assert_from_the_api(case: Case, answer: requests.Response) -> None:
    assert "Set-Cookie" not in answer.headers
    if answer.status_code >= 400 and case.method != "HEAD":
        assert {"error", "code", "request_id"} <= answer.json().keys()
    if case.path == "/imports/" and answer.status_code == 201:
        assert re.fullmatch(r"incoming/[0-9a-f-]+/[^/\\:]+", answer.json()["key"])


def test_nothing_is_different_afterwards(
    closed_stack: Stack, before: Rows, answers: Mapping[str, Future[requests.Response]]
) -> None:
    made = Counter(case.path for case in CASES if answers[str(case)].result().status_code == 201)
    assert made.keys() == ADDED.keys()
    after = rows_of(closed_stack)
    tables = Counter({table: made[path] for path, (table, _) in ADDED.items()})
    for name, rows in before.items():
        if name == "audit_log":
            assert after[name] - rows == Counter({action: made[path] for path, (_, action) in ADDED.items()})
        else:
            assert rows <= after[name], name
            assert (after[name] - rows).total() == tables[name], name


def test_one_application_sent_many_times_at_once_is_one(
    closed_stack: Stack, credentials: Credentials, numbers: dict[str, str]
) -> None:
    applications = rows_of(closed_stack)["loan_applications"]
    sent = sent_at_once(REPEATED_APPLICATION, 12, Sender(closed_stack, credentials, numbers))
    # 409 says that the first is still being worked on.
    assert {answer.status_code for answer in sent} <= {201, 409}
    assert len({answer.json()["application_id"] for answer in sent if answer.status_code == 201}) == 1
    assert (rows_of(closed_stack)["loan_applications"] - applications).total() == 1


def test_guesses_at_once_are_no_more_than_one_after_the_other(
    closed_stack: Stack, credentials: Credentials, numbers: dict[str, str]
) -> None:
    sent = sent_at_once(REPEATED_SIGN_IN, 12, Sender(closed_stack, credentials, numbers))
    assert Counter(answer.status_code for answer in sent) == {401: 5, 429: 7}


def sent_at_once(case: Case, times: int, send: Sender) -> list[requests.Response]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(send, [case] * times))


def test_a_hostile_workbook_brings_in_no_more_than_its_text(credentials: Credentials) -> None:
    jobs = {name: credentials.ask("POST", "/imports/", {"file_name": "x.xlsx"}) for name in hostile_workbooks()}
    for name, content in hostile_workbooks().items():
        form = jobs[name]["upload"]
        sent = plain_http.post(form["url"], data=form["fields"], files={"file": content})
        assert sent.status_code == 204, name
    ended = {name: ended_import(credentials, job["import_id"]) for name, job in jobs.items()}
    assert {name: found["state"] for name, found in ended.items()} == {
        "an entity from outside": "failed", "a billion laughs": "failed", "a name that is a formula": "completed",
    }  # fmt: skip
    for name, found in ended.items():
        rows = credentials.ask("GET", f"/imports/{found['import_id']}/rows/")
        report = report_of(found)
        assert SECRET not in f"{found} {rows} {report}", name
        assert "hahaha" not in f"{found} {rows} {report}", name
    found = credentials.ask("GET", f"/customers/?q={quote(FORMULA)}")["customers"]
    assert [each["customer_id"] for each in found] == [CUSTOMER_ID]


def ended_import(credentials: Credentials, import_id: int) -> Any:
    for _ in patiently(f"the import {import_id}"):
        found = credentials.ask("GET", f"/imports/{import_id}/")
        if found["state"] == "failed" or found["report"]:
            return found
    raise AssertionError


def report_of(found: Any) -> list[tuple[Any, ...]]:
    """What stands in the report, whose cells hold no formula."""
    if found["report"] is None:
        return []
    book = load_workbook(BytesIO(plain_http.get(found["report"]["url"]).content))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    return [(cell.value,) for cell in cells]


@pytest.mark.usefixtures("credentials")
def test_guessing_a_password_is_stopped_whatever_address_is_claimed(closed_stack: Stack) -> None:
    answers = []
    for attempt in range(8):
        spoofed = {"X-Forwarded-For": f"203.0.113.{attempt}"}
        body = {"login": "viewer", "password": f"wrong password {attempt}"}
        answers.append(plain_http.post(f"{closed_stack.api_url}/sessions/", json=body, headers=spoofed))
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
    assert int(answers[-1].headers["Retry-After"]) > 60
    body = {"login": "viewer", "password": PASSWORD}
    assert plain_http.post(f"{closed_stack.api_url}/sessions/", json=body).status_code == 429


def test_a_revoked_key_is_refused_everywhere_within_the_bound(closed_stack: Stack, credentials: Credentials) -> None:
    key = credentials.new_key("reader")
    headers = {"X-API-Key": key["token"]}
    assert plain_http.get(f"{closed_stack.api_url}/customers/", headers=headers).status_code == 200
    credentials.ask("DELETE", f"/api-keys/{key['key_id']}/")
    for _ in patiently("the key to be refused"):
        if plain_http.get(f"{closed_stack.api_url}/customers/", headers=headers).status_code == 401:
            return
