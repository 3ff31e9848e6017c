"""What the log tells of a request: one line, for machines, without personal data."""

import json
from decimal import Decimal
from typing import Any

import pytest

from chalicelib import metrics
from chalicelib.metrics import NAMESPACE
from chalicelib.rules.decision import Decision
from tests.support.application import Api, decisions_of, lines_of

# Marked, so that they would be found wherever they went.
FIRST_NAME, LAST_NAME, PHONE = "Xanthippe", "Quillfeather", 9_123_498_765
CUSTOMER = {
    "first_name": FIRST_NAME,
    "last_name": LAST_NAME,
    "age": 37,
    "phone_number": PHONE,
    "monthly_income": 98_761,
}

DECISION = Decision(True, "standard-1", 75, (), (), Decimal(0), Decimal(12), Decimal("4707.35"))


def application(customer_id: int, amount: int) -> dict[str, Any]:
    return {"customer_id": customer_id, "loan_amount": amount, "interest_rate": 12.5, "tenure": 24}


def test_a_request_is_one_line_with_everything_to_look_for(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    answer = api.get("/api/customers/?limit=1")
    (line,) = lines_of(capsys, "request")
    told = {name: line[name] for name in ("door", "method", "route", "status", "actor", "stage")}
    assert told == {
        "door": "api", "method": "GET", "route": "/api/customers", "status": 200, "actor": "anyone", "stage": "local",
    }  # fmt: skip
    assert answer.headers["X-Request-Id"] == line["request_id"]
    assert line["round_trips"] >= 1
    assert 0 < line["database_ms"] <= line["latency_ms"]
    assert isinstance(line["cold_start"], bool)


def test_only_the_first_request_of_a_container_is_a_cold_start(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        api.get("/api/openapi.json")
    assert [line["cold_start"] for line in lines_of(capsys, "request")][1:] == [False, False]


def test_round_trips_are_those_of_the_request_alone(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        api.get("/api/customers/?limit=1")
    counted = [line["round_trips"] for line in lines_of(capsys, "request")]
    # The first one connects, and learns what the server is.
    assert counted[0] > counted[1]
    assert counted[1] == counted[2] == 1


def test_a_page_of_the_console_is_a_line_too(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.client.http.request("GET", "/console/sign-in")
    (line,) = lines_of(capsys, "request")
    assert (line["door"], line["route"], line["status"]) == ("console", "/console/sign-in", 200)


def test_every_metric_of_a_line_is_one_of_its_fields_and_so_is_what_tells_it_apart(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    customer_id = api.post("/api/register/", CUSTOMER).json["customer_id"]
    api.post("/api/check-eligibility/", application(customer_id, 100_000))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    measured = [line for line in lines if "_aws" in line]
    directives = [(line, each) for line in measured for each in line["_aws"]["CloudWatchMetrics"]]
    assert {metric["Name"] for _, each in directives for metric in each["Metrics"]} > {"latency_ms", "decisions"}
    for line, directive in directives:
        assert directive["Namespace"] == NAMESPACE
        assert all(isinstance(line[metric["Name"]], int | float) for metric in directive["Metrics"])
        assert all(isinstance(line[name], str) and line[name] for group in directive["Dimensions"] for name in group)


def test_a_request_is_one_line_with_what_it_decided(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    customer_id = api.post("/api/register/", CUSTOMER).json["customer_id"]
    capsys.readouterr()
    api.post("/api/create-loan/", application(customer_id, 100_000))
    api.get(f"/api/customers/{customer_id}/")
    decided, other = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (decided["event"], decided["route"], decided["decisions"]) == ("request", "/api/create-loan", 1)
    # The next request of the same thread knows nothing of it.
    assert (other["event"], "decisions" in other) == ("request", False)
    counted = {metric["Name"] for each in other["_aws"]["CloudWatchMetrics"] for metric in each["Metrics"]}
    assert "decisions" not in counted


def test_what_is_decided_outside_of_a_request_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.log_decision(DECISION, saved=False)
    assert [line["decisions"] for line in lines_of(capsys, "decision")] == [1]
    metrics.log_transaction("receipt")
    assert [line["kind"] for line in lines_of(capsys, "transaction")] == ["receipt"]


def test_a_second_decision_of_a_request_is_counted_too(capsys: pytest.CaptureFixture[str]) -> None:
    watch = metrics.RequestWatch("api")
    for saved in (True, False):
        metrics.log_decision(DECISION, saved=saved)
    watch.log(request_id="1", method="GET", route="/", status=200, actor=None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["saved"]) for line in lines] == [("decision", False), ("request", True)]


def test_a_decision_is_counted_by_its_outcome_and_deciding_reason(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    customer_id = api.post("/api/register/", CUSTOMER).json["customer_id"]
    answers = [
        api.post("/api/check-eligibility/", application(customer_id, 100_000)).json,
        api.post("/api/create-loan/", application(customer_id, 90_000_000)).json,
    ]
    told = [(line["outcome"], line["reason"], line["saved"]) for line in decisions_of(capsys)]
    expected = [answer["reasons"][0]["code"] if answer["reasons"] else "NONE" for answer in answers]
    assert told == [("approved", expected[0], False), ("refused", expected[1], True)]


def test_nothing_that_a_person_told_us_is_in_the_log(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    customer_id = api.post("/api/register/", CUSTOMER).json["customer_id"]
    api.post("/api/register/", {**CUSTOMER, "age": FIRST_NAME})
    api.post("/api/register/", CUSTOMER)
    api.post("/api/register/", b'{"first_name": "' + FIRST_NAME.encode())
    api.post("/api/create-loan/", application(customer_id, 100_000))
    api.get(f"/api/customers/?q={LAST_NAME}")
    api.get(f"/api/customers/{customer_id}/")
    api.get(f"/api/view-loan/{FIRST_NAME}/")
    api.get("/api/view-loan/1/")
    captured = capsys.readouterr()
    told = captured.out + captured.err
    assert told.count('"event": "request"') == 9
    for marked in (FIRST_NAME, LAST_NAME, str(PHONE), str(CUSTOMER["monthly_income"])):
        assert marked not in told
