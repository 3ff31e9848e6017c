"""The record: applications that can be decided again, customers to find and correct, loans and their schedules."""

import csv
import io
import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.decision import Decision, decide
from chalicelib.rules.policy import PRUDENT_1, STANDARD_1, Policy
from chalicelib.rules.score import LoanRequest, Part, ScorePart
from chalicelib.rules.stored import facts_from_stored, policy_from_stored, reason_from_stored
from chalicelib.services.applications import list_applications
from chalicelib.storage.applications import ApplicationFilter, StoredApplication
from chalicelib.storage.customers import Registration
from chalicelib.storage.paging import Cursor
from tests.support.application import Answer, Api, assert_envelope
from tests.support.customers import RUDRA, add_loan, asking, registered
from tests.support.lending import create_loan, register
from tests.support.people import TEST


def patch(api: Api, customer_id: int, body: object, tag: str | None) -> Answer:
    headers = {"Content-Type": "application/json"} | ({"If-Match": tag} if tag is not None else {})
    return api.call("PATCH", f"/api/customers/{customer_id}", json.dumps(body).encode(), headers)


def test_an_application_is_kept_with_everything_it_was_decided_from(api: Api) -> None:
    created = api.post("/api/create-loan", asking(registered(api))).json
    kept = api.get(f"/api/applications/{created['application_id']}/").json
    assert {name: kept[name] for name in ("loan_id", "loan_approved", "message", "monthly_installment")} == {
        name: created[name] for name in ("loan_id", "loan_approved", "message", "monthly_installment")
    }
    for name in ("policy", "score", "score_parts", "reasons", "facts", "rate_floor", "corrected_interest_rate"):
        assert kept[name] == created[name]
    assert kept["reasons"] == [{"code": "NO_LOAN_HISTORY", "sentence": created["reasons"][0]["sentence"]}]
    assert kept["policy_values"]["slabs"][1] == {"score_above": 30, "rate_floor": 12}
    assert kept["decided_on"] == runtime.today().isoformat()


def test_an_application_that_is_not_there_is_not_found(api: Api) -> None:
    assert_envelope(api.get("/api/applications/7"), 404, "application_not_found")


def test_applications_are_listed_newest_first_in_stable_pages(api: Api) -> None:
    customer_id = registered(api)
    made = [api.post("/api/create-loan", asking(customer_id)).json["application_id"] for _ in range(5)]
    first = api.get("/api/applications/?limit=2").json
    api.post("/api/create-loan", asking(customer_id))
    second = api.get(f"/api/applications/?limit=2&before={first['next']}").json
    third = api.get(f"/api/applications/?limit=2&before={second['next']}").json
    seen = [each["application_id"] for page in (first, second, third) for each in page["applications"]]
    assert seen == sorted(made, reverse=True)
    assert third["next"] is None


def test_applications_are_filtered(api: Api) -> None:
    first, second = registered(api), registered(api)
    api.post("/api/create-loan", asking(first))
    api.post("/api/create-loan", asking(second, loan_amount=10**9))
    today = runtime.today()

    def customers_of(query: str) -> list[int]:
        return [each["customer_id"] for each in api.get(f"/api/applications/?{query}").json["applications"]]

    assert customers_of("outcome=approved") == [first]
    assert customers_of("outcome=refused") == [second]
    assert customers_of(f"customer_id={first}&from={today}&to={today}") == [first]
    assert customers_of(f"from={today + timedelta(days=1)}") == []
    assert customers_of(f"to={today - timedelta(days=1)}") == []


def test_a_wrong_filter_is_named(api: Api) -> None:
    answer = api.get("/api/applications/?outcome=maybe&from=yesterday&limit=0&color=red")
    envelope = assert_envelope(answer, 400, "invalid_request")
    assert envelope["error"].endswith("The fields of this request are limit, customer_id, outcome, from, to, before.")
    assert envelope["fields"] == {
        "limit": ['must be a whole number, 1 to 100; got "0"'],
        "outcome": ['must be approved or refused; got "maybe"'],
        "from": ['must be a date from 1950 to 2199, such as 2026-11-23; got "yesterday"'],
        "color": ["is not a field of this request"],
    }


@pytest.mark.parametrize("policy", [STANDARD_1, PRUDENT_1], ids=lambda policy: policy.name)
def test_every_application_of_a_simulated_year_is_decided_the_same_again(database: Database, policy: Policy) -> None:
    start = date(2025, 11, 23)
    customers = [
        register(database, Registration("A", "B", 30, "9876543210", Decimal(20_000 + 7_000 * n)), policy, TEST)
        for n in range(6)
    ]
    for customer in customers[::2]:
        add_loan(database, customer.customer_id, emis_paid_on_time=20 * customer.customer_id)
    for day in range(0, 365, 5):
        customer = customers[day % len(customers)]
        ask = LoanRequest(Decimal(10_000 + 3_333 * (day % 97)), Decimal(day % 23), 1 + day % 60)
        create_loan(database, customer.customer_id, ask, policy, start + timedelta(days=day), TEST)
    kept = list_applications(database, ApplicationFilter(), cursor=Cursor(1000)).rows
    assert len(kept) == 73
    assert {each.approved for each in kept} == {True, False}
    for each in kept:
        request = LoanRequest(each.loan_amount, each.interest_rate, each.tenure)
        assert policy_from_stored(each.policy) == policy
        assert decide(facts_from_stored(each.facts), request, policy) == decision_of(each)


def decision_of(kept: StoredApplication) -> Decision:
    """The whole of the decision as it was kept."""
    return Decision(
        kept.approved,
        kept.policy["name"],
        kept.score,
        tuple(ScorePart(Part(part["name"]), Decimal(part["earned"]), part["possible"]) for part in kept.score_parts),
        tuple(reason for each in kept.reasons if (reason := reason_from_stored(each))),
        kept.rate_floor,
        kept.corrected_interest_rate,
        kept.monthly_installment,
    )


def test_a_refusal_comes_with_a_counter_offer_that_is_approved(api: Api) -> None:
    customer_id = registered(api)
    refused = api.post("/api/create-loan", asking(customer_id, loan_amount=900_000)).json
    offer = refused["counter_offer"]["largest_amount"]
    assert offer["loan_amount"] == 828_000
    assert refused["counter_offer"]["statement"]
    accepted = asking(customer_id, loan_amount=int(offer["loan_amount"]), tenure=offer["tenure"])
    assert api.post("/api/check-eligibility", accepted).json["approval"] is True
    assert "counter_offer" not in api.post("/api/check-eligibility", accepted).json


def test_an_offer_says_what_it_takes_of_the_income_only_above_the_share_of_the_policy(api: Api) -> None:
    customer_id = registered(api)
    offers = api.post("/api/check-eligibility", asking(customer_id, loan_amount=900_000, tenure=120)).json
    within, above = (offers["counter_offer"][which] for which in ("largest_amount", "shortest_tenure"))
    assert (within["warning"], above) == (None, None)
    short = api.post("/api/check-eligibility", asking(customer_id, loan_amount=900_000, tenure=12)).json
    warning = short["counter_offer"]["largest_amount"]["warning"]
    assert warning.startswith("With it, instalments take ")
    assert warning.endswith("more than the policy's 50%.")
    assert warning in short["counter_offer"]["statement"]


def test_a_customer_is_shown_with_the_exposure(api: Api, database: Database) -> None:
    customer_id = registered(api)
    add_loan(database, customer_id)
    answer = api.get(f"/api/customers/{customer_id}/")
    assert answer.json["exposure"] == {
        "approved_limit": 828000,
        "current_principal": 100000,
        "current_emis": 1000,
        "emi_share_of_income": Decimal("0.0435"),
        "loans": 1,
    }
    assert answer.headers["ETag"].startswith('"')


def test_a_customer_is_changed_by_whoever_saw_the_newest_state(api: Api) -> None:
    customer_id = registered(api)
    seen = api.get(f"/api/customers/{customer_id}/").headers["ETag"]
    changed = patch(api, customer_id, {"approved_limit": 900000.5, "phone_number": "9999999999"}, seen)
    assert changed.status == 200
    assert (changed.json["approved_limit"], changed.json["monthly_income"]) == (Decimal("900000.5"), 23000)
    envelope = assert_envelope(patch(api, customer_id, {"monthly_income": 1}, seen), 412, "outdated")
    assert "read it again" in envelope["error"]
    assert patch(api, customer_id, {"monthly_income": 50000}, changed.headers["ETag"]).status == 200
    assert patch(api, customer_id, {"monthly_income": 60000}, "*").status == 200


def test_a_change_without_a_state_or_a_field_is_refused(api: Api) -> None:
    customer_id = registered(api)
    assert_envelope(patch(api, customer_id, {"monthly_income": 1}, None), 428, "precondition_required")
    assert_envelope(patch(api, customer_id, {}, "*"), 400, "invalid_request")
    assert_envelope(patch(api, customer_id, {"customer_id": 40}, "*"), 400, "invalid_request")
    assert_envelope(patch(api, customer_id, {"approved_limit": -1}, "*"), 400, "invalid_request")
    assert_envelope(patch(api, 99, {"approved_limit": 1}, "*"), 404, "customer_not_found")


@pytest.mark.parametrize(
    ("q", "found"),
    [("rud", [1, 2]), ("RUDRA S", [1]), ("sin", [1]), ("86979", [1]), ("2", [2]), ("9", []), ("100%", []), ("रु", [3])],
)
def test_customers_are_found_by_the_beginning_of_a_name_or_phone_or_by_number(
    api: Api, q: str, found: list[int]
) -> None:
    registered(api)
    registered(api, last_name="Rao_", phone_number="7000000000")
    registered(api, first_name="रुद्र", last_name="सिंह", phone_number="6000000000")
    assert [each["customer_id"] for each in api.get(f"/api/customers/?q={q}").json["customers"]] == found


def test_customers_are_listed_in_pages(api: Api) -> None:
    numbers = [registered(api) for _ in range(3)]
    first = api.get("/api/customers/?limit=2").json
    second = api.get(f"/api/customers/?limit=2&after={first['next']}").json
    assert [each["customer_id"] for page in (first, second) for each in page["customers"]] == numbers
    assert second["next"] is None
    assert first["customers"][0] == {
        "customer_id": 1,
        "first_name": "Rudra",
        "last_name": "Singh",
        "age": 23,
        "date_of_birth": None,
        "phone_number": str(RUDRA["phone_number"]),
        "monthly_income": 23000,
        "approved_limit": 828000,
    }


def test_loans_are_listed_by_customer_and_state(api: Api, database: Database) -> None:
    customer_id = registered(api)
    add_loan(database, customer_id, source_loan_id=77)
    add_loan(database, customer_id, end_date=date(2021, 1, 1))
    add_loan(database, registered(api))

    def listed(query: str) -> list[tuple[int, str]]:
        return [(loan["loan_id"], loan["state"]) for loan in api.get(f"/api/loans/?{query}").json["loans"]]

    assert listed("") == [(1, "current"), (2, "ended"), (3, "current")]
    assert listed(f"customer_id={customer_id}&state=current") == [(1, "current")]
    assert listed("state=ended") == [(2, "ended")]
    assert listed("after=2") == [(3, "current")]
    assert api.get("/api/loans/?limit=1").json["loans"][0]["source_loan_id"] == 77


def test_a_loan_has_a_schedule_that_repays_it(api: Api) -> None:
    loan_id = api.post("/api/create-loan", asking(registered(api))).json["loan_id"]
    plan = api.get(f"/api/loans/{loan_id}/schedule/").json
    assert len(plan["rows"]) == 12
    assert (plan["effective_interest_rate"], plan["runs_at_stated_rate"]) == (Decimal("8.12"), True)
    assert plan["total_principal"] == 120030
    assert plan["rows"][-1]["closing_balance"] == 0


def test_an_imported_loan_keeps_its_instalment_and_tells_the_effective_rate(api: Api, database: Database) -> None:
    customer_id = registered(api)
    add_loan(database, customer_id, loan_id=5, tenure=12, monthly_installment=Decimal(9_000))
    plan = api.get("/api/loans/5/schedule/").json
    assert plan["runs_at_stated_rate"] is False
    assert plan["rows"][0]["instalment"] == 9000
    assert plan["interest_rate"] == 10
    assert Decimal("14.4") < plan["effective_interest_rate"] < Decimal("14.7")


def test_instalments_that_do_not_repay_the_loan_are_told(api: Api, database: Database) -> None:
    add_loan(database, registered(api), loan_id=5, tenure=12, monthly_installment=Decimal(8_000))
    assert_envelope(api.get("/api/loans/5/schedule/"), 422, "instalments_do_not_repay")


@pytest.mark.parametrize(("query", "accept"), [("?format=csv", "*/*"), ("", "text/csv")])
def test_a_schedule_comes_as_csv(api: Api, query: str, accept: str) -> None:
    body = {"loan_amount": 100000, "interest_rate": 12, "tenure": 24, "start_date": "2026-01-31"}
    headers = {"Content-Type": "application/json", "Accept": accept}
    answer = api.call("POST", f"/api/schedule/{query}", json.dumps(body).encode(), headers)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(answer.text)))
    assert lines[1][:3] == ["1", "2026-02-28", "100000.00"]
    assert len(lines) == 26
    assert sum(Decimal(line[4]) for line in lines[1:25]) == Decimal(lines[25][4]) == 100000


def test_a_previewed_schedule_starts_today_and_needs_no_customer(api: Api) -> None:
    plan = api.post("/api/schedule/", {"loan_amount": 50000, "interest_rate": 0, "tenure": 10}).json
    assert {row["instalment"] for row in plan["rows"]} == {5000}
    assert plan["rows"][0]["due_date"] > runtime.today().isoformat()


@pytest.mark.parametrize(
    ("path", "twice"),
    [
        ("/api/customers/?limit=5&limit=6", "limit"),
        ("/api/loans/?state=current&customer_id=1&customer_id=2", "customer_id"),
        ("/api/applications/?from=2026-01-01&from=2026-01-01", "from"),
    ],
)
def test_a_parameter_that_is_given_twice_is_refused_by_its_name(api: Api, path: str, twice: str) -> None:
    answer = api.get(path)
    assert answer.status == 400
    assert answer.json["fields"] == {twice: ["is given more than once"]}


@pytest.mark.parametrize("number", ["1_0", "5.0", "%205", "+5", "%D9%A1", "5e0", "05x", ""])
@pytest.mark.parametrize(
    "query", ["customers/?limit", "customers/?after", "applications/?before", "loans/?customer_id"]
)
def test_a_number_in_a_query_is_digits_and_nothing_else(api: Api, query: str, number: str) -> None:
    answer = api.get(f"/api/{query}={number}")
    assert answer.status == 400
    assert list(answer.json["fields"]) == [query.partition("?")[2]]


def test_days_that_end_before_they_begin_are_refused(api: Api) -> None:
    answer = api.get("/api/applications/?from=2026-05-02&to=2026-05-01")
    assert answer.status == 400
    assert answer.json["fields"] == {"to": ["must not be before from, which is 2026-05-02; got 2026-05-01"]}
    assert api.get("/api/applications/?from=2026-05-02&to=2026-05-02").status == 200


def test_amounts_that_end_below_where_they_begin_are_refused(api: Api) -> None:
    answer = api.get("/api/transactions/?amount_from=5,000.50&amount_to=1e3")
    assert list(answer.json["fields"]) == ["amount_to"]
    answer = api.get("/api/transactions/?amount_from=5,000.50&amount_to=1000")
    assert answer.status == 400
    assert answer.json["fields"] == {"amount_to": ["must not be below amount_from, which is 5000.50; got 1000"]}
    assert api.get("/api/transactions/?amount_from=5000&amount_to=5000").status == 200
