"""Name, age and date of birth of a customer, given and corrected at both doors."""

import json
from datetime import date
from typing import Any

import pytest

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.services.audit import list_events
from chalicelib.storage.audit import AuditFilter
from chalicelib.storage.paging import Cursor
from tests.support.application import Answer, Api, assert_envelope
from tests.support.console.browser import Browser
from tests.support.customers import RUDRA, asking, named, registered


def born(years: int) -> str:
    """The date of birth of somebody who is so old, and has a birthday today."""
    today = runtime.today()
    return date(today.year - years, today.month, min(today.day, 28)).isoformat()


def patch(api: Api, customer_id: int, **body: Any) -> Answer:
    headers = {"Content-Type": "application/json", "If-Match": "*"}
    return api.call("PATCH", f"/api/customers/{customer_id}", json.dumps(body).encode(), headers)


def without_age(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in RUDRA.items() if name != "age"} | changes


def test_a_date_of_birth_is_kept_and_the_age_is_computed_wherever_it_is_answered(api: Api) -> None:
    answer = api.post("/api/register", without_age(date_of_birth=born(40)))
    assert (answer.status, answer.json["age"]) == (201, 40)
    customer_id = answer.json["customer_id"]
    seen = api.get(f"/api/customers/{customer_id}/").json
    assert (seen["age"], seen["date_of_birth"]) == (40, born(40))
    assert api.get("/api/customers/").json["customers"][0]["age"] == 40
    loan_id = api.post("/api/create-loan", asking(customer_id)).json["loan_id"]
    assert api.get(f"/api/view-loan/{loan_id}/").json["customer"]["age"] == 40


def test_an_age_beside_the_date_of_birth_is_held_to_it(api: Api) -> None:
    assert api.post("/api/register", RUDRA | {"age": 40, "date_of_birth": born(40)}).json["age"] == 40
    refused = assert_envelope(
        api.post("/api/register", RUDRA | {"age": 41, "date_of_birth": born(40)}), 400, "invalid_request"
    )
    assert refused["fields"] == {"age": [f"must be 40, as the date of birth {born(40)} says, or be left out; got 41"]}


@pytest.mark.parametrize("day", ["2020-11-28", "1903-01-01", "1899-12-31", "04/05/1990", "2190-01-01", 19900101])
def test_a_date_of_birth_that_cannot_be_is_refused(api: Api, day: object) -> None:
    refused = assert_envelope(api.post("/api/register", without_age(date_of_birth=day)), 400, "invalid_request")
    assert [*refused["fields"]] == ["date_of_birth"]


@pytest.mark.parametrize("body", [without_age(), without_age(age=None), without_age(date_of_birth=None)])
def test_without_a_date_of_birth_the_age_is_required(api: Api, body: dict[str, Any]) -> None:
    refused = assert_envelope(api.post("/api/register", body), 400, "invalid_request")
    assert [*refused["fields"]] == ["age"]


def test_name_age_and_date_of_birth_are_corrected_and_audited(api: Api, database: Database) -> None:
    customer_id = registered(api)
    changed = patch(api, customer_id, first_name="Rudhra", last_name="", age=24, reason="the passport says so").json
    assert (changed["first_name"], changed["last_name"], changed["age"]) == ("Rudhra", "", 24)
    changed = patch(api, customer_id, date_of_birth=born(30)).json
    assert (changed["age"], changed["date_of_birth"]) == (30, born(30))
    refused = assert_envelope(patch(api, customer_id, age=31), 400, "invalid_request")
    assert [*refused["fields"]] == ["age"]
    assert patch(api, customer_id, age=30).json["date_of_birth"] == born(30)
    assert_envelope(patch(api, customer_id, date_of_birth=None), 400, "invalid_request")
    changed = patch(api, customer_id, date_of_birth=None, age=31).json
    assert (changed["age"], changed["date_of_birth"]) == (31, None)
    events = list_events(database, AuditFilter(action="customer_changed"), Cursor(9)).rows
    assert events[-1].before == {"first_name": "Rudra", "last_name": "Singh", "age": 23}
    assert events[-2].after == {"age": None, "date_of_birth": born(30)}


def test_null_takes_away_what_a_customer_may_be_without_and_the_contract_says_so(api: Api) -> None:
    customer_id = registered(api)
    assert patch(api, customer_id, last_name=None).json["last_name"] == ""
    assert patch(api, customer_id, last_name="Singh").json["last_name"] == "Singh"
    assert patch(api, customer_id, last_name=None, age=24).json["last_name"] == ""
    fields = api.get("/api/openapi.json").json["components"]["schemas"]["PatchCustomerBody"]["properties"]
    nullable = {name for name, field in fields.items() if "null" in field.get("type", ())}
    assert nullable == {"last_name", "date_of_birth"}
    for name in nullable:
        assert "null" in fields[name]["description"]


def test_a_correction_that_changes_nothing_is_not_in_the_audit_log(api: Api, database: Database) -> None:
    # A program that sends all fields of its form sends most of them as they are.
    customer_id = registered(api)
    same = {name: value for name, value in RUDRA.items() if name != "phone_number"}
    assert patch(api, customer_id, **same, reason="sent once more").json["age"] == RUDRA["age"]
    assert patch(api, customer_id, age=RUDRA["age"]).status == 200
    assert list_events(database, AuditFilter(action="customer_changed"), Cursor(9)).rows == []


@pytest.fixture
def officer(browser: Browser, database: Database) -> Browser:
    """The browser of an officer who is signed in."""
    return browser.sign_in_as(database, Role.OFFICER)


def test_the_form_of_a_correction_takes_name_and_date_of_birth_with_a_reason(
    officer: Browser, database: Database
) -> None:
    number = named(database)
    form = officer.get(f"/console/customers/{number}/change/")
    typed = {"reason": "the passport says so", "first_name": "Rudhra", "date_of_birth": born(30), "age": ""}
    seen = officer.follow(officer.send(form, "", **(form.fields() | typed)))
    assert "Rudhra Singh" in seen.words
    assert "Age 30" in seen.words
    assert "First name: Rudra → Rudhra" in seen.words
    assert "Age: 23 → none" in seen.words
    assert "“the passport says so”" in seen.words
    assert "30" in officer.get("/console/customers/").words
    again = officer.get(f"/console/customers/{number}/change/")
    assert f'value="{born(30)}"' in again.text


def test_a_form_that_contradicts_itself_says_so_beside_the_age(officer: Browser, database: Database) -> None:
    number = named(database)
    form = officer.get(f"/console/customers/{number}/change/")
    typed = {"reason": "the passport says so", "date_of_birth": born(30)}
    seen = officer.send(form, "", **(form.fields() | typed))
    assert seen.status == 400
    assert "Must be 30, as the date of birth" in seen.words
    seen = officer.send(form, "", **(form.fields() | typed | {"date_of_birth": "", "age": ""}))
    assert seen.status == 400
    assert "Is required" in seen.words


def test_a_customer_is_registered_by_date_of_birth(officer: Browser) -> None:
    form = officer.get("/console/customers/new/")
    typed = {"first_name": "Asha", "date_of_birth": born(30), "phone_number": "8697989224", "monthly_income": "50000"}
    seen = officer.follow(officer.send(form, "", **(form.fields() | typed)))
    assert "Age 30" in seen.words
