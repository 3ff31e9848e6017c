"""Hostile requests on LocalStack, over HTTP: none gets in, none gets a 5xx, and nothing is different afterwards."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import Connection, text

from infra.local.portfolio import reading
from tests.e2e.conftest import DATA, Stack, patiently
from tests.e2e.hostile_requests import Case, all_cases

pytestmark = pytest.mark.e2e

CASES = all_cases()
# One connection for all of them.
HTTP = requests.Session()
PASSWORD = "a long enough password"
# What only writes that are allowed may change.
UNTOUCHED = ("loans", "users", "api_keys", "waiting_loans", "idempotency_keys")
TELLTALES = ("Traceback", "pg8000", "sqlalchemy", "$argon2", "/var/task", "site-packages")


class Credentials:
    """Somebody of every kind, made over HTTP by the first admin, as a lender would."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        made = stack.administer("create_superuser", login="root", password=PASSWORD)
        assert made["login"] == "root"
        self.tokens = {"admin": self.sign_in("root")}
        for role in ("viewer", "officer"):
            self.ask("POST", "/users/", {"login": role, "name": role, "role": role, "password": PASSWORD})
            self.tokens[role] = self.sign_in(role)
        for role in ("reader", "writer", "importer"):
            self.tokens[role] = self.new_key(role)["token"]
        self.tokens["limited"] = self.new_key("writer", customer_id=1)["token"]
        self._end_some()

    def sign_in(self, login: str) -> str:
        return str(self.ask("POST", "/sessions/", {"login": login, "password": PASSWORD}, who=None)["token"])

    def new_key(self, role: str, **more: object) -> Any:
        return self.ask("POST", "/api-keys/", {"name": f"{role} of the tests", "role": role, **more})

    def _end_some(self) -> None:
        revoked, rotated, expired = (self.new_key("writer", days=1) for _ in range(3))
        self.ask("DELETE", f"/api-keys/{revoked['key_id']}/")
        self.ask("POST", f"/api-keys/{rotated['key_id']}/rotate/")
        self._stack.run(
            f"UPDATE api_keys SET expires_at = now() - interval '1 minute' WHERE key_id = {expired['key_id']}"
        )
        gone = self.ask("POST", "/users/", {"login": "gone", "name": "gone", "role": "admin", "password": PASSWORD})
        disabled = self.sign_in("gone")
        self.ask("PATCH", f"/users/{gone['user_id']}/", {"disabled": True})
        self.tokens["signed out"] = self.sign_in("root")
        self.ask("DELETE", "/sessions/current/", who="signed out")
        self.tokens |= {"revoked": revoked["token"], "rotated": rotated["token"], "expired": expired["token"]}
        self.tokens["disabled"] = disabled

    def ask(self, method: str, path: str, body: object = None, who: str | None = "admin") -> Any:
        headers = {} if who is None else {"Authorization": f"Bearer {self.tokens[who]}"}
        answer = requests.request(method, self._stack.api_url + path, json=body, headers=headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.text else None


@pytest.fixture(scope="module")
def closed_stack(stack: Stack) -> Iterator[Stack]:
    """The seeded stack, with its API configured as it is on every stage but the local one."""
    stack.empty()
    stack.seed(DATA)
    with stack.environment("api", API_AUTH="required"):
        yield stack


@pytest.fixture(scope="module")
def credentials(closed_stack: Stack) -> Credentials:
    return Credentials(closed_stack)


@pytest.fixture(scope="module")
def numbers(closed_stack: Stack, credentials: Credentials) -> dict[str, str]:
    """What stands in braces in a path."""
    headers = {"Authorization": f"Bearer {credentials.tokens['writer']}"}
    asked = {"customer_id": 2, "loan_amount": 1000000000, "interest_rate": 18, "tenure": 12}
    application = requests.post(f"{closed_stack.api_url}/create-loan/", json=asked, headers=headers, timeout=60).json()
    with reading(closed_stack.file.database_url) as connection:
        other = connection.execute(text("SELECT min(loan_id) FROM loans WHERE customer_id <> 1")).scalar_one()
    return {"other loan": str(other), "other application": str(application["application_id"])}


@pytest.fixture(scope="module")
def before(closed_stack: Stack, numbers: dict[str, str]) -> dict[str, int]:
    """How much there is once the credentials are made, and an application that is somebody else's."""
    assert numbers
    return sizes(closed_stack)


def sizes(stack: Stack) -> dict[str, int]:
    with reading(stack.file.database_url) as connection:
        return {name: size_of(connection, name) for name in UNTOUCHED}


def size_of(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_there_are_hundreds_of_cases_in_ten_categories() -> None:
    categories = Counter(case.category for case in CASES)
    assert len(categories) == 10
    assert len(CASES) >= 300
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.usefixtures("before")
def test_nobody_gets_in(case: Case, closed_stack: Stack, credentials: Credentials, numbers: dict[str, str]) -> None:
    answer = send(case, closed_stack, credentials, numbers)
    assert answer.status_code in case.expected, answer.text[:500]
    for telltale in (*TELLTALES, *credentials.tokens.values()):
        assert telltale not in answer.text
    if answer.status_code >= 400 and case.method != "HEAD":
        assert {"error", "code", "request_id"} <= answer.json().keys()
    assert "Set-Cookie" not in answer.headers
    if case.category == "another customer" and answer.ok:
        assert all(found in ([], {}) for name, found in answer.json().items() if name not in ("next",))


def test_nothing_is_different_afterwards(closed_stack: Stack, before: dict[str, int]) -> None:
    assert sizes(closed_stack) == before


@pytest.mark.usefixtures("credentials")
def test_guessing_a_password_is_stopped_whatever_address_is_claimed(closed_stack: Stack) -> None:
    answers = []
    for attempt in range(8):
        spoofed = {"X-Forwarded-For": f"203.0.113.{attempt}"}
        body = {"login": "viewer", "password": f"wrong password {attempt}"}
        answers.append(requests.post(f"{closed_stack.api_url}/sessions/", json=body, headers=spoofed, timeout=60))
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
    assert int(answers[-1].headers["Retry-After"]) > 60
    body = {"login": "viewer", "password": PASSWORD}
    assert requests.post(f"{closed_stack.api_url}/sessions/", json=body, timeout=60).status_code == 429


def test_a_revoked_key_is_refused_everywhere_within_the_bound(closed_stack: Stack, credentials: Credentials) -> None:
    key = credentials.new_key("reader")
    headers = {"X-API-Key": key["token"]}
    assert requests.get(f"{closed_stack.api_url}/customers/", headers=headers, timeout=60).status_code == 200
    credentials.ask("DELETE", f"/api-keys/{key['key_id']}/")
    for _ in patiently(35, "the key to be refused"):
        if requests.get(f"{closed_stack.api_url}/customers/", headers=headers, timeout=60).status_code == 401:
            return


def send(case: Case, stack: Stack, credentials: Credentials, numbers: dict[str, str]) -> requests.Response:
    path = re.sub(r"\{([a-z ]+)\}", lambda found: numbers[found[1]], case.path)
    headers: dict[str, str | bytes] = {
        name: filled(value, credentials.tokens).encode("utf-8") for name, value in case.headers.items()
    }
    if case.who is not None:
        headers["Authorization"] = f"Bearer {credentials.tokens[case.who]}"
    return HTTP.request(
        case.method, stack.api_url + path, headers=headers, data=case.body, timeout=60, allow_redirects=False
    )


def filled(value: str, tokens: dict[str, str]) -> str:
    """`{writer}`, `{writer[3:]}` and `{writer.upper()}` as what they stand for."""

    def stands_for(found: re.Match[str]) -> str:
        name, start, end, method = found.group("name", "start", "end", "method")
        token = tokens[name]
        if method:
            return str(getattr(token, method)())
        return token[slice(int(start) if start else None, int(end) if end else None)]

    pattern = r"\{(?P<name>writer|admin)(\[(?P<start>-?\d*):(?P<end>-?\d*)\])?(\.(?P<method>\w+)\(\))?\}"
    return re.sub(pattern, stands_for, value)
