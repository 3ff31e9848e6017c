"""Who may change what a customer borrows by, and how high."""

import json
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.services import api_keys
from chalicelib.services.api_keys import WantedKey
from chalicelib.services.audit import list_events
from chalicelib.storage.audit import AuditFilter
from chalicelib.storage.customers import Registration
from chalicelib.storage.paging import Cursor
from tests.support.application import Answer, Api
from tests.support.console.browser import Browser
from tests.support.lending import register
from tests.support.people import TEST, credentials_of, key_of

REASON = "salary slip of October"


@pytest.fixture
def number(database: Database) -> int:
    """A customer with an income of 50,000 a month, and so a limit of 18,00,000."""
    registration = Registration("Asha", "Rao", 40, "9876543210", Decimal(50_000))
    return register(database, registration, STANDARD_1, TEST).customer_id


def patch(api: Api, number: int, body: dict[str, Any]) -> Answer:
    return api.call("PATCH", f"/api/customers/{number}", json.dumps(body).encode(), {"If-Match": "*"})


def test_a_writer_changes_limits_and_incomes_only_if_its_key_was_given_it(
    closed_api: Api, database: Database, number: int
) -> None:
    plain = closed_api.showing(key_of(database, Role.WRITER))
    given = closed_api.showing(
        api_keys.create_key(database, TEST, WantedKey("x", "writer", may_change_terms=True)).token
    )
    for body in ({"approved_limit": 1}, {"monthly_income": 60_000, "phone_number": "9876543211"}):
        refused = patch(plain, number, body)
        assert (refused.status, refused.json["code"]) == (403, "forbidden")
        assert "may not change limits and incomes" in refused.json["error"]
        assert patch(given, number, body).status == 200
    assert patch(plain, number, {"phone_number": "9876543212"}).status == 200
    assert "change limits and incomes" in given.get("/api/sessions/current").json["may"]
    assert "change limits and incomes" not in plain.get("/api/sessions/current").json["may"]


@pytest.mark.parametrize("wanted", [{"role": "reader"}, {"role": "importer"}, {"role": "writer", "customer_id": 1}])
def test_only_a_writer_of_all_customers_can_be_given_it(
    closed_api: Api, database: Database, number: int, wanted: dict[str, Any]
) -> None:
    admin = closed_api.showing(credentials_of(database, Role.ADMIN))
    body = {"name": "x", "may_change_terms": True, **wanted}
    assert number == 1
    answer = admin.post("/api/api-keys", body)
    assert (answer.status, list(answer.json["fields"])) == (400, ["may_change_terms"])
    made = admin.post("/api/api-keys", {"name": "x", "role": "writer", "may_change_terms": True})
    assert made.json["may_change_terms"] is True


@pytest.mark.parametrize(
    ("role", "body", "sentence"),
    [
        (Role.OFFICER, {"approved_limit": 3_000_001}, "at most 3000000 in your role, which is the lesser of 60"),
        (Role.OFFICER, {"approved_limit": 9_999_999_999, "monthly_income": 9_000_000}, "at most 10000000 in your role"),
        (Role.OFFICER, {"monthly_income": 10_000_001}, "at most 10000000 in your role"),
        (Role.ADMIN, {"approved_limit": 6_000_001}, "at most 6000000 in your role, which is the lesser of 120"),
        (Role.ADMIN, {"approved_limit": 9_999_999_999, "monthly_income": 99_000_000}, "at most 100000000 in your role"),
    ],
)
def test_nobody_sets_a_limit_above_the_ceiling_of_the_role(
    closed_api: Api, database: Database, number: int, role: Role, body: dict[str, Any], sentence: str
) -> None:
    api = closed_api.showing(credentials_of(database, role))
    answer = patch(api, number, body | {"reason": REASON})
    assert (answer.status, answer.json["code"]) == (400, "invalid_request")
    assert sentence in str(answer.json["fields"])
    most = 3_000_000 if role is Role.OFFICER else 6_000_000
    assert patch(api, number, {"approved_limit": most, "reason": REASON}).status == 200
    (event,) = list_events(database, AuditFilter(action="customer_changed"), Cursor(9)).rows
    assert (event.after or {})["reason"] == REASON


def test_what_is_above_the_ceiling_may_stay_or_fall(closed_api: Api, database: Database, number: int) -> None:
    admin, officer = (closed_api.showing(credentials_of(database, role)) for role in (Role.ADMIN, Role.OFFICER))
    assert patch(admin, number, {"approved_limit": 6_000_000}).status == 200
    assert patch(officer, number, {"monthly_income": 40_000}).status == 200
    assert patch(officer, number, {"approved_limit": 5_000_000}).status == 200
    assert patch(officer, number, {"approved_limit": 5_500_000}).status == 400


@pytest.mark.parametrize(
    "reason", ["asdfg", "asdfghjklqwer", "why why why why", "1234 56789 00", ". . . . . . . .", " "]
)
def test_a_reason_has_words(api: Api, number: int, reason: str) -> None:
    answer = patch(api, number, {"approved_limit": 1, "reason": reason})
    assert "at least two words" in answer.json["fields"]["reason"][0]
    assert (
        patch(
            api,
            number,
            {"approved_limit": 1, "reason": "\u0935\u0947\u0924\u0928 \u092a\u0930\u094d\u091a\u0940 \u0938\u0947"},
        ).status
        == 200
    )


def test_a_reason_by_itself_changes_nothing(api: Api, number: int) -> None:
    assert patch(api, number, {"reason": REASON}).status == 400


def test_the_console_says_the_ceiling_beside_the_field(browser: Browser, database: Database, number: int) -> None:
    officer = browser.sign_in_as(database, Role.OFFICER)
    form = officer.get(f"/console/customers/{number}/change/")
    who = {"first_name": "Asha", "last_name": "Rao", "age": "30"}
    typed = {**who, "monthly_income": "50000", "phone_number": "9876543210", "etag": form.hidden("etag")}
    seen = officer.send(form, "", approved_limit="99,99,99,99,999", reason=REASON, **typed)
    assert seen.status == 400
    assert 'Must be at most ₹30,00,000 in your role; got "99,99,99,99,999"' in seen.words
    assert "a limit of up to 60 monthly incomes, and at most ₹1,00,00,000." in seen.words
    short = officer.send(form, "", approved_limit="20,00,000", reason="asdfg", **typed)
    assert "at least two words" in short.words
