"""A key that is limited to one customer: the others do not exist for it."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from tests.support.application import Answer, Api, lines_of
from tests.support.customers import RUDRA, asking, registered
from tests.support.people import key_of


@dataclass(frozen=True)
class Two:
    """Two customers with a loan each, and the API as the key of the first one sees it."""

    everybody: Api
    own: Api
    customer_id: int
    other_id: int
    loan: dict[str, Any]
    other_loan: dict[str, Any]


@pytest.fixture
def two(api: Api, database: Database) -> Two:
    own, other = registered(api), registered(api)
    loans = [api.post("/api/create-loan", asking(customer_id)).json for customer_id in (own, other)]
    assert all(loan["loan_approved"] for loan in loans)
    return Two(api, api.showing(key_of(database, Role.WRITER, customer_id=own)), own, other, *loans)


def without_request(answer: Answer) -> tuple[int, dict[str, Any]]:
    return answer.status, {name: value for name, value in answer.json.items() if name != "request_id"}


def paths(customer_id: int, loan: dict[str, Any]) -> list[str]:
    return [
        f"/api/customers/{customer_id}",
        f"/api/view-loans/{customer_id}",
        f"/api/view-loan/{loan['loan_id']}",
        f"/api/loans/{loan['loan_id']}/schedule",
        f"/api/applications/{loan['application_id']}",
    ]


def test_it_sees_its_own_customer(two: Two) -> None:
    for path in paths(two.customer_id, two.loan):
        assert two.own.get(path).status == 200, path


def test_another_customer_is_answered_as_one_who_is_not_there(two: Two) -> None:
    nobody = {"loan_id": 999999, "application_id": 999999}
    for others, nobodys in zip(paths(two.other_id, two.other_loan), paths(999999, nobody), strict=True):
        status, envelope = without_request(two.own.get(others))
        assert status == 404, others
        there_is_none = without_request(two.everybody.get(nobodys))
        asked, missing = others.split("/")[-1], nobodys.split("/")[-1]
        if asked == "schedule":
            asked, missing = others.split("/")[-2], nobodys.split("/")[-2]
        assert json.dumps([status, envelope]) == json.dumps(there_is_none).replace(missing, asked)


def test_nothing_is_read_of_another_customer_so_that_the_time_tells_nothing(
    two: Two, capsys: pytest.CaptureFixture[str]
) -> None:
    two.own.get("/api/sessions/current")
    lines_of(capsys, "request")
    for kind in ("customers", "view-loans"):
        assert two.own.get(f"/api/{kind}/{two.other_id}").status == 404
    assert [line["round_trips"] for line in lines_of(capsys, "request")] == [0, 0]


@pytest.mark.parametrize("path", ["/api/check-eligibility", "/api/create-loan"])
def test_it_cannot_ask_for_another_customer(two: Two, path: str) -> None:
    assert two.own.post(path, asking(two.customer_id)).status in (200, 201)
    other, nobody = (two.own.post(path, asking(number)) for number in (two.other_id, 999999))
    assert (other.status, other.json["code"]) == (404, "customer_not_found")
    assert other.json["error"].replace(str(two.other_id), "999999") == nobody.json["error"]
    loans = two.everybody.get(f"/api/view-loans/{two.other_id}").json
    assert len(loans) == 1


@pytest.mark.parametrize("kind", ["customers", "loans", "applications", "transactions"])
def test_lists_have_its_own_customer_only(two: Two, kind: str) -> None:
    shown = two.own.get(f"/api/{kind}").json[kind]
    assert {each["customer_id"] for each in shown} == {two.customer_id}
    assert len(two.everybody.get(f"/api/{kind}").json[kind]) == 2
    if kind != "customers":
        assert two.own.get(f"/api/{kind}?customer_id={two.other_id}").json[kind] == []
    else:
        assert two.own.get(f"/api/customers?q={two.other_id}").json["customers"] == []


def test_a_page_of_applications_does_not_tell_the_day_of_one_of_somebody_else(two: Two) -> None:
    two.everybody.post("/api/create-loan", asking(two.other_id))
    other = two.everybody.get("/api/applications").json["applications"][0]
    assert other["customer_id"] == two.other_id
    days = f"from={other['decided_on']}&to={other['decided_on']}"
    for number in (other["application_id"], 999999):
        answer = two.own.get(f"/api/applications?{days}&before={number}")
        assert answer.json == {"applications": [], "next": None}
    assert len(two.own.get(f"/api/applications?{days}").json["applications"]) == 1


def test_a_page_of_transactions_does_not_go_on_from_one_of_somebody_else(two: Two) -> None:
    own, others = (
        two.everybody.get(f"/api/transactions?loan_id={each['loan_id']}").json for each in (two.loan, two.other_loan)
    )
    (first,), (other,) = own["transactions"], others["transactions"]
    assert first["transaction_id"] < other["transaction_id"]
    for number in (other["transaction_id"], 999999):
        assert two.own.get(f"/api/transactions?before={number}").json == {"transactions": [], "next": None}
    two.everybody.post(f"/api/loans/{two.loan['loan_id']}/receipts", {"amount": 100})
    shown = two.own.get("/api/transactions?limit=1").json
    assert two.own.get(f"/api/transactions?before={shown['next']}").json["transactions"] == own["transactions"]


def test_the_reference_of_a_payment_of_somebody_else_is_not_known(two: Two) -> None:
    def recorded(loan: dict[str, Any], reference: str) -> None:
        receipt = {"amount": 100, "reference": reference}
        assert two.everybody.post(f"/api/loans/{loan['loan_id']}/receipts", receipt).status == 201

    def previewed(reference: str) -> Answer:
        receipt = {"amount": 200, "reference": reference}
        return two.own.post(f"/api/loans/{two.loan['loan_id']}/receipts/preview", receipt)

    recorded(two.other_loan, "UTR 1")
    known, unknown = previewed("UTR 1"), previewed("UTR 2")
    assert (known.status, known.json) == (unknown.status, unknown.json) == (200, unknown.json)
    settled = {"amount": asking(two.customer_id)["loan_amount"], "intent": "settlement", "reference": "UTR 3"}
    assert two.everybody.post(f"/api/loans/{two.loan['loan_id']}/receipts", settled).status == 201
    own = two.everybody.post("/api/create-loan", asking(two.customer_id)).json
    conflict = two.own.post(f"/api/loans/{own['loan_id']}/receipts/preview", {"amount": 200, "reference": "UTR 3"})
    assert (conflict.status, conflict.json["code"]) == (409, "reference_conflict")
    assert conflict.json["figures"]["recorded_loan_id"] == two.loan["loan_id"]


def test_it_neither_registers_nor_changes_customers(two: Two) -> None:
    assert two.own.post("/api/register", RUDRA).status == 403
    changed = two.own.call("PATCH", f"/api/customers/{two.customer_id}", b'{"approved_limit": 10}', {"If-Match": "*"})
    assert changed.status == 403


def test_it_sees_its_limit(two: Two) -> None:
    current = two.own.get("/api/sessions/current").json
    assert current["customer_id"] == two.customer_id
    assert "register a customer" not in current["may"]


def test_an_idempotency_key_is_worth_nothing_to_somebody_else(two: Two, database: Database) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k-1"}
    body = json.dumps(asking(two.other_id)).encode()
    first = two.everybody.call("POST", "/api/create-loan", body, headers)
    assert first.status == 201
    assert two.own.call("POST", "/api/create-loan", body, headers).status == 404
    somebody = two.everybody.showing(key_of(database, Role.WRITER))
    again = somebody.call("POST", "/api/create-loan", body, headers)
    assert again.json["application_id"] != first.json["application_id"]
