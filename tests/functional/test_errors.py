"""Every error is the one envelope, names the value and the remedy, and shows nothing of the inside."""

import json

import pytest

from chalicelib import runtime
from infra.local.postgres import PostgresServer
from tests.support.application import Api, assert_envelope
from tests.support.customers import RUDRA, asking, registered


def test_all_bad_fields_are_named_at_once(api: Api) -> None:
    body = {"first_name": " ", "last_name": "-", "age": 17, "phone_number": "12345", "nickname": "R"}
    envelope = assert_envelope(api.post("/api/register", body), 400, "invalid_request")
    assert envelope["error"].endswith(
        "The fields of this request are first_name, last_name, date_of_birth, age, monthly_income, phone_number."
    )
    assert envelope["fields"] == {
        "first_name": [
            'must be text of 1 to 100 characters with at least one letter, without control characters; got " "'
        ],
        "last_name": ['must be text as of `first_name`; empty, null or left out if there is none; got "-"'],
        "age": ["must be a whole number of years, 18 to 120; got 17"],
        "monthly_income": [
            "is required; it must be an amount in rupees above 0 and at most 1000000000000, with at most 2 decimals"
        ],
        "phone_number": [
            'must be a phone number of 10 digits, as a number or text, also with +91, spaces and dashes; got "12345"'
        ],
        "nickname": ["is not a field of this request"],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("loan_amount", 0),
        ("loan_amount", 0.99),
        ("loan_amount", 1000.001),
        ("loan_amount", 10**13),
        ("loan_amount", "a lot"),
        ("loan_amount", True),
        ("loan_amount", None),
        ("loan_amount", [1]),
        ("interest_rate", -0.01),
        ("interest_rate", 100.01),
        ("interest_rate", "NaN"),
        ("interest_rate", "Infinity"),
        ("interest_rate", 8.12345),
        ("tenure", 0),
        ("tenure", 601),
        ("tenure", 12.5),
        ("tenure", -3),
        ("tenure", "a year"),
        ("tenure", False),
        ("customer_id", 0),
        ("customer_id", 2**63),
        ("customer_id", "me"),
        ("customer_id", {}),
    ],
)
@pytest.mark.parametrize("path", ["/api/check-eligibility", "/api/create-loan"])
def test_a_field_out_of_range_is_refused(api: Api, path: str, field: str, value: object) -> None:
    envelope = assert_envelope(api.post(path, asking(1) | {field: value}), 400, "invalid_request")
    assert list(envelope["fields"]) == [field]


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": "a\x00b"},
        {"first_name": "x" * 101},
        {"last_name": "\x00"},
        {"last_name": "a\u2028b"},
        {"age": 121},
        {"age": 30.5},
        {"monthly_income": 0},
        {"monthly_income": 100.001},
        {"phone_number": 123456789},
        {"phone_number": "98765 4321"},
        {"phone_number": "९८७६५४३२१"},
        {"phone_number": "9876543210x"},
        {"phone_number": 9876543210.5},
        {"phone_number": True},
    ],
)
def test_a_registration_out_of_range_is_refused(api: Api, change: dict[str, object]) -> None:
    envelope = assert_envelope(api.post("/api/register", RUDRA | change), 400, "invalid_request")
    assert list(envelope["fields"]) == list(change)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"\xff\xfe",
        b'{"age": NaN}',
        b'{"age": 1, "age": 2}',
        b'{"age": ' + b"9" * 5000 + b"}",
        b"[" * 60000,
        b'{"a":' * 10000 + b"1" + b"}" * 10000,
    ],
)
def test_a_body_that_is_no_json_object_is_refused(api: Api, body: bytes) -> None:
    assert_envelope(api.post("/api/register", body), 400, "invalid_request")


def test_half_a_surrogate_pair_is_refused_and_can_be_answered(api: Api) -> None:
    body = b'{"first_name": "\\ud800", "last_name": "x", "age": 30, "monthly_income": 5, "phone_number": 9876543210}'
    fields = assert_envelope(api.post("/api/register", body), 400, "invalid_request")["fields"]
    assert list(fields) == ["first_name"]
    assert_envelope(api.post("/api/register", b'{"\\udfff": 1}'), 400, "invalid_request")


def test_an_extra_field_is_refused_for_a_write_and_harmless_for_a_check(api: Api) -> None:
    body = asking(registered(api)) | {"purpose": "a tractor"}
    assert_envelope(api.post("/api/create-loan", body), 400, "invalid_request")
    assert api.post("/api/check-eligibility", body).status == 200


@pytest.mark.parametrize("path", ["/api/check-eligibility", "/api/create-loan"])
def test_an_unknown_customer_is_not_found(api: Api, path: str) -> None:
    envelope = assert_envelope(api.post(path, asking(4711)), 404, "customer_not_found")
    assert envelope["error"] == "There is no customer 4711."


@pytest.mark.parametrize("number", ["4711", "0", "-1", "abc", "1.5", "9" * 30, "%00", "٣"])
@pytest.mark.parametrize("path", ["/api/view-loan/", "/api/view-loans/"])
def test_a_loan_that_is_not_there_is_not_found(api: Api, path: str, number: str) -> None:
    assert_envelope(api.get(path + number), 404, "loan_not_found")


def test_a_wrong_method_is_told_the_right_one(api: Api) -> None:
    answer = api.get("/api/register")
    envelope = assert_envelope(answer, 405, "method_not_allowed")
    assert envelope["error"] == "GET is not possible here; use POST."
    assert answer.headers["Allow"] == "POST"


def test_an_unknown_path_is_not_found(api: Api) -> None:
    assert "There is nothing at /nothing." in assert_envelope(api.get("/nothing"), 404, "path_not_found")["error"]
    assert_envelope(api.get("/"), 404, "path_not_found")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "application/xml"])
def test_a_body_that_is_not_sent_as_json_is_refused(api: Api, content_type: str) -> None:
    answer = api.post("/api/register", RUDRA, content_type=content_type)
    envelope = assert_envelope(answer, 415, "unsupported_media_type")
    assert "Content-Type: application/json" in envelope["error"]


@pytest.mark.parametrize("name", ["utf-8", '"UTF-8"', "utf8", "us-ascii", "iso-8859-1"])
def test_json_of_ascii_letters_may_name_any_character_set(api: Api, name: str) -> None:
    assert api.post("/api/register", RUDRA, content_type=f"Application/JSON; charset={name}").status == 201


@pytest.mark.parametrize("name", ["iso-8859-1", "utf-16", "windows-1252", ""])
def test_json_that_is_said_to_be_in_other_letters_is_not_read_as_utf_8(api: Api, name: str) -> None:
    body = json.dumps(RUDRA | {"first_name": "Zoë"}, ensure_ascii=False).encode()
    answer = api.post("/api/register", body, content_type=f"application/json; charset={name}")
    assert_envelope(answer, 415, "unsupported_media_type")
    assert api.post("/api/register", body, content_type="application/json; charset=utf-8").status == 201


def test_a_body_beyond_the_limit_is_refused(api: Api) -> None:
    assert_envelope(api.post("/api/register", b" " * 70_000), 413, "body_too_large")


def test_a_stopped_database_is_answered_with_503_and_a_started_one_with_200(api: Api, postgres: PostgresServer) -> None:
    customer_id = registered(api)
    postgres.stop()
    try:
        for _ in range(2):
            answer = api.post("/api/check-eligibility", asking(customer_id))
            assert_envelope(answer, 503, "database_unavailable")
            assert answer.headers["Retry-After"] == "5"
            assert_envelope(api.post("/api/create-loan", asking(customer_id)), 503, "database_unavailable")
    finally:
        postgres.start()
    assert api.post("/api/check-eligibility", asking(customer_id)).status == 200
    assert api.post("/api/create-loan", asking(customer_id)).status == 201


def test_our_own_fault_is_a_500_without_details(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(runtime, "policy", broken)
    answer = api.post("/api/register", RUDRA)
    assert_envelope(answer, 500, "internal_error")
    assert "secret" not in answer.text


@pytest.mark.parametrize("number", ["1e999999999", "-1E+999999999", "1e-999999999", "0.1e500"])
def test_a_number_that_would_fill_the_memory_when_written_out_is_refused(api: Api, number: str) -> None:
    body = f'{{"customer_id": 1, "loan_amount": {number}, "interest_rate": 18, "tenure": 12}}'.encode()
    answer = api.post("/api/create-loan/", body)
    assert_envelope(answer, 400, "invalid_request")
    assert "100 digits when written out" in answer.json["error"]


@pytest.mark.parametrize("number", ["1_000", "0x10", "1e3", "\u00b2", "", " "])
def test_a_text_that_only_python_takes_for_a_number_is_refused(api: Api, number: str) -> None:
    answer = api.post("/api/create-loan/", {"customer_id": 1, "loan_amount": number, "interest_rate": 18, "tenure": 12})
    assert_envelope(answer, 400, "invalid_request")
    assert list(answer.json["fields"]) == ["loan_amount"]


@pytest.mark.parametrize("number", ["100000", " 100000.00 ", "+100000", "\u0661\u0660\u0660\u0660\u0660\u0660"])
def test_a_number_may_come_as_text(api: Api, number: str) -> None:
    person = {"first_name": "Asha", "last_name": "Menon", "age": 41, "monthly_income": 60000}
    api.post("/api/register/", {**person, "phone_number": 9812345678})
    body = {"customer_id": 1, "loan_amount": number, "interest_rate": "18", "tenure": "12"}
    assert api.post("/api/check-eligibility/", body).json["loan_amount"] == 100000


# A body was once answered with 500 between two depths: json read it, and could not write it into the answer.
@pytest.mark.parametrize(("start", "end"), [(b'{"first_name":', b"}"), (b"", b""), (b'{"a":{"b":', b"}}")])
def test_a_body_of_any_depth_is_refused(api: Api, start: bytes, end: bytes) -> None:
    for depth in range(1, 1101):
        answer = api.post("/api/register", start + b"[" * depth + b"]" * depth + end)
        assert answer.status == 400, depth


def test_a_body_that_is_nested_too_deep_is_told_how_deep_it_may_be(api: Api) -> None:
    objects = api.post("/api/register", b'{"first_name":' * 21 + b"1" + b"}" * 21)
    assert "at most 20 levels deep" in assert_envelope(objects, 400, "invalid_request")["error"]
    last_good = api.post("/api/register", b'{"first_name":' + b"[" * 19 + b"]" * 19 + b"}")
    assert "first_name" in assert_envelope(last_good, 400, "invalid_request")["fields"]


def test_brackets_in_a_text_are_no_nesting(api: Api) -> None:
    assert api.post("/api/register", RUDRA | {"first_name": "R" + '"[\\{' * 24}).status == 201
    unclosed = b'{"first_name": "\\"' + b'[\\"' * 20_000
    assert_envelope(api.post("/api/register", unclosed), 400, "invalid_request")
