"""Under which names, with which methods and in which shapes a request gets in."""

import json

import pytest

from app import app
from tests.support.application import Api
from tests.support.console.browser import Browser

PERSON = {"first_name": "Suharto", "age": 41, "monthly_income": 60000, "phone_number": 9812345678}


@pytest.mark.parametrize("last_name", ["", None, "  "])
def test_a_person_may_have_one_name(api: Api, last_name: object) -> None:
    answer = api.post("/api/register", {**PERSON, "last_name": last_name})
    assert (answer.status, answer.json["name"]) == (201, "Suharto")


def test_a_person_may_leave_out_a_last_name(api: Api) -> None:
    assert api.post("/api/register", PERSON).status == 201


@pytest.mark.parametrize("first_name", ["\u200b", "\u202eAsha", "12", "-", "Asha\ufffd"])
def test_a_name_that_nobody_can_see_is_refused(api: Api, first_name: str) -> None:
    assert api.post("/api/register", {**PERSON, "first_name": first_name}).status == 400


@pytest.mark.parametrize("phone", ["+91 98123 45678", "09812345678", "98123 45678"])
def test_a_phone_number_is_taken_as_people_write_it(api: Api, phone: str) -> None:
    assert api.post("/api/register", {**PERSON, "phone_number": phone}).json["phone_number"] == "9812345678"


def test_a_body_may_begin_with_a_byte_order_mark_and_have_a_float_for_a_phone_number(api: Api) -> None:
    sent = b"\xef\xbb\xbf" + json.dumps(PERSON).replace("9812345678", "9812345678.0").encode()
    assert api.call("POST", "/api/register", sent).status == 201


def test_a_body_without_a_content_type_is_refused(api: Api) -> None:
    assert api.call("POST", "/api/register", json.dumps(PERSON).encode(), content_type=None).status == 415


def test_a_request_of_very_many_fields_gets_a_short_answer(api: Api) -> None:
    many = api.post("/api/register", {f"{'x' * 100}{at}": 1 for at in range(50)})
    assert many.status == 400
    assert len(many.json["fields"]) <= 20
    assert len(json.dumps(many.json)) < 5000
    assert "at most 50 fields" in api.post("/api/register", {str(at): 1 for at in range(51)}).json["error"]


@pytest.mark.parametrize("host", ["localhost:4566", "127.0.0.1", "[::1]:8000", "LOCALHOST"])
def test_the_open_stage_answers_under_its_own_names(api: Api, host: str) -> None:
    assert api.call("GET", "/api/customers", b"", {"Host": host}).status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:4566", "10.0.0.7"])
def test_the_open_stage_answers_under_no_other_name(api: Api, host: str) -> None:
    assert api.call("GET", "/api/customers", b"", {"Host": host}).status == 403
    assert Browser(api.client).get("/console", {"Host": host}).status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_page_of_another_origin_writes_nothing(api: Api, origin: str) -> None:
    assert api.call("POST", "/api/register", json.dumps(PERSON).encode(), {"Origin": origin}).status == 403


def test_whatever_has_a_get_is_declared_with_a_head() -> None:
    assert all("HEAD" in methods for methods in app.routes.values() if "GET" in methods)


@pytest.mark.parametrize("path", ["/api/docs", "/api/openapi.json", "/api/customers"])
def test_a_head_has_the_status_of_the_get_and_no_body(api: Api, path: str) -> None:
    answer = api.call("HEAD", path, b"", {})
    assert (answer.status, answer.text) == (api.get(path).status, "")


def test_a_head_of_a_page_has_the_status_of_the_get_and_no_body(browser: Browser) -> None:
    seen = browser.call("HEAD", "/console/sign-in", b"", {})
    assert (seen.status, seen.text) == (browser.get("/console/sign-in").status, "")
