"""The five endpoints: their contract word for word, and what they save."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from chalicelib.postgres.database import Database
from chalicelib.rules.calendar import add_months
from chalicelib.rules.money import emi
from chalicelib.storage.tables import loan_applications, loans
from tests.support.application import Api
from tests.support.customers import RUDRA, add_loan, asking, registered


def test_registering_a_customer_computes_the_limit(api: Api) -> None:
    answer = api.post("/api/register", RUDRA)
    assert answer.status == 201
    assert answer.json == {
        "customer_id": 1,
        "name": "Rudra Singh",
        "phone_number": "8697989224",
        "age": 23,
        "monthly_income": 23000,
        "approved_limit": 828000,
    }
    assert '"approved_limit":828000}' in answer.text


@pytest.mark.parametrize(
    ("again", "same_phone_number", "same_name_and_age"),
    [
        ({}, True, True),
        ({"first_name": "Meera"}, True, False),
        ({"age": 24, "phone_number": "+91 86979 89224"}, True, False),
        ({"phone_number": 9812345678, "first_name": "SINGH", "last_name": "rudra"}, False, True),
    ],
)
def test_a_registration_names_who_may_be_the_same_person(
    api: Api, again: dict[str, object], same_phone_number: bool, same_name_and_age: bool
) -> None:
    first = api.post("/api/register", RUDRA).json
    second = api.post("/api/register", RUDRA | again)
    assert "possible_duplicates" not in first
    assert second.status == 201
    assert second.json["possible_duplicates"] == [
        {
            "customer_id": first["customer_id"],
            "same_phone_number": same_phone_number,
            "same_name_and_age": same_name_and_age,
        }
    ]


@pytest.mark.parametrize(
    "other", [{"age": 24, "phone_number": 9812345678}, {"last_name": "Sing", "phone_number": 9812345678}]
)
def test_somebody_of_another_age_or_name_and_phone_is_somebody_else(api: Api, other: dict[str, object]) -> None:
    registered(api)
    assert "possible_duplicates" not in api.post("/api/register", RUDRA | other).json


def test_at_most_five_are_named_and_those_first_who_share_the_phone_number(api: Api) -> None:
    for number in range(7):
        registered(api, phone_number=9812345670 + number)
    phone = registered(api, first_name="Meera", phone_number=9812345679)
    found = api.post("/api/register", RUDRA | {"phone_number": 9812345679}).json["possible_duplicates"]
    assert len(found) == 5
    assert found[0]["customer_id"] == phone


def test_a_path_answers_with_and_without_the_trailing_slash(api: Api) -> None:
    assert api.post("/api/register/", RUDRA).status == api.post("/api/register", RUDRA).status == 201


def test_a_phone_number_may_be_text_and_an_income_may_have_paise(api: Api) -> None:
    answer = api.post("/api/register", RUDRA | {"phone_number": "0697989224", "monthly_income": "23000.55"})
    assert (answer.json["phone_number"], answer.json["approved_limit"]) == ("0697989224", Decimal("828020"))
    assert '"monthly_income":23000.55' in answer.text


def test_names_of_any_script_are_kept_as_they_are(api: Api) -> None:
    assert api.post("/api/register", RUDRA | {"first_name": "  रुद्र ", "last_name": "O'Neil"}).json["name"] == (
        "रुद्र O'Neil"
    )


def test_checking_eligibility_decides_and_explains(api: Api) -> None:
    customer_id = registered(api)
    answer = api.post("/api/check-eligibility", asking(customer_id))
    assert answer.status == 200
    assert answer.json == {
        "customer_id": customer_id,
        "approval": True,
        "interest_rate": Decimal("8.12"),
        "corrected_interest_rate": Decimal("8.12"),
        "tenure": 12,
        "monthly_installment": Decimal("10447.88"),
        "loan_amount": 120030,
        "policy": "standard-1",
        "score": 75,
        "score_parts": [{"name": "no_history", "earned": 75, "possible": 100}],
        "rate_floor": 0,
        "reasons": [{"code": "NO_LOAN_HISTORY", "sentence": "There are no earlier loans, so the credit score is 75."}],
        "facts": {
            "monthly_income": 23000,
            "approved_limit": 828000,
            "loans": 0,
            "loans_paid_in_full": 0,
            "tenure_total": 0,
            "emis_paid_on_time": 0,
            "current_principal": 0,
            "current_emis": 0,
        },
    }


def test_checking_eligibility_saves_nothing(api: Api, database: Database) -> None:
    api.post("/api/check-eligibility", asking(registered(api)))
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM loan_applications")) == 0
        assert connection.scalar(text("SELECT count(*) FROM loans")) == 0


def test_a_low_score_gets_the_floor_rate_and_its_instalment(api: Api, database: Database) -> None:
    customer_id = registered(api)
    add_loan(database, customer_id)
    answer = api.post("/api/check-eligibility", asking(customer_id)).json
    assert (answer["approval"], answer["score"], answer["corrected_interest_rate"]) == (True, 42, 12)
    assert answer["monthly_installment"] == emi(Decimal(120030), Decimal(12), 12)
    assert [reason["code"] for reason in answer["reasons"]] == ["RATE_RAISED_TO_FLOOR"]


def test_creating_a_loan_saves_the_application_and_the_loan(api: Api, database: Database) -> None:
    customer_id = registered(api)
    answer = api.post("/api/create-loan", asking(customer_id))
    assert answer.status == 201
    created = answer.json
    assert (created["customer_id"], created["loan_approved"], created["message"]) == (customer_id, True, None)
    assert created["monthly_installment"] == Decimal("10447.88")
    with database.reading() as connection:
        loan = connection.execute(select(loans)).one()
        application = connection.execute(select(loan_applications)).one()
    assert (loan.loan_id, loan.customer_id, loan.emis_paid_on_time) == (created["loan_id"], customer_id, 0)
    assert loan.end_date == add_months(loan.start_date, 12)
    assert (application.application_id, application.loan_id) == (created["application_id"], loan.loan_id)
    assert (application.policy["name"], application.score) == ("standard-1", 75)
    assert [reason["code"] for reason in application.reasons] == ["NO_LOAN_HISTORY"]


def test_a_refused_application_is_saved_without_a_loan(api: Api, database: Database) -> None:
    customer_id = registered(api)
    answer = api.post("/api/create-loan", asking(customer_id, loan_amount=828_001))
    assert answer.status == 201
    assert answer.json["loan_id"] is None
    assert answer.json["loan_approved"] is False
    assert answer.json["message"] == "The requested amount, 828001, is more than the approved limit, 828000."
    with database.reading() as connection:
        application = connection.execute(select(loan_applications)).one()
        assert connection.scalar(text("SELECT count(*) FROM loans")) == 0
    assert (application.application_id, application.approved) == (answer.json["application_id"], False)
    assert application.facts["approved_limit"] == "828000.00"


def test_a_loan_counts_in_the_next_decision(api: Api) -> None:
    customer_id = registered(api)
    api.post("/api/create-loan", asking(customer_id))
    facts = api.post("/api/check-eligibility", asking(customer_id)).json["facts"]
    assert (facts["loans"], facts["current_principal"], facts["tenure_total"]) == (1, 120030, 12)
    assert facts["current_emis"] == Decimal("10447.88")


@pytest.mark.parametrize(
    ("days", "current"), [(1, True), (0, True), (-1, False), (None, True)], ids=["later", "today", "past", "open"]
)
def test_a_loan_is_current_until_its_end_date_has_passed(
    api: Api, database: Database, days: int | None, current: bool
) -> None:
    from chalicelib import runtime

    customer_id = registered(api)
    end = None if days is None else runtime.today() + timedelta(days=days)
    add_loan(database, customer_id, end_date=end)
    facts = api.post("/api/check-eligibility", asking(customer_id)).json["facts"]
    assert facts["current_principal"] == (100_000 if current else 0)
    assert facts["current_emis"] == (1_000 if current else 0)
    assert facts["loans"] == 1


def test_viewing_a_loan_shows_its_customer(api: Api) -> None:
    customer_id = registered(api)
    loan_id = api.post("/api/create-loan", asking(customer_id)).json["loan_id"]
    answer = api.get(f"/api/view-loan/{loan_id}")
    assert answer.status == 200
    assert answer.json == {
        "loan_id": loan_id,
        "customer": {
            "customer_id": customer_id,
            "first_name": "Rudra",
            "last_name": "Singh",
            "phone_number": "8697989224",
            "age": 23,
        },
        "loan_amount": 120030,
        "interest_rate": Decimal("8.12"),
        "monthly_installment": Decimal("10447.88"),
        "tenure": 12,
    }


def test_viewing_the_loans_of_a_customer_lists_what_is_left_to_repay(api: Api, database: Database) -> None:
    customer_id = registered(api)
    loan_id = api.post("/api/create-loan", asking(customer_id)).json["loan_id"]
    add_loan(database, customer_id, loan_id=5000)
    answer = api.get(f"/api/view-loans/{customer_id}")
    assert answer.status == 200
    assert answer.json == [
        {
            "loan_id": loan_id,
            "loan_amount": 120030,
            "interest_rate": Decimal("8.12"),
            "monthly_installment": Decimal("10447.88"),
            "repayments_left": 12,
        },
        {
            "loan_id": 5000,
            "loan_amount": 100000,
            "interest_rate": 10,
            "monthly_installment": 1000,
            "repayments_left": 40,
        },
    ]


def test_a_customer_with_only_refusals_has_no_loans_to_view(api: Api) -> None:
    customer_id = registered(api)
    api.post("/api/create-loan", asking(customer_id, loan_amount=10**9))
    answer = api.get(f"/api/view-loans/{customer_id}")
    assert (answer.status, answer.json["code"]) == (404, "loan_not_found")
