"""The life of a loan through the API: what is recorded, what is owed, who is late, and what is refused."""

import csv
import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.calendar import add_months
from chalicelib.services.files import XLSX
from tests.support import plain_http
from tests.support.application import Answer, Api, assert_envelope, lines_of
from tests.support.customers import asking, registered
from tests.support.loan_lives import START, a_loan, an_imported_loan, row
from tests.support.people import credentials_of, key_of

# The EMI of 12,000 at 12% over 12 months.
EMI = Decimal("1066.19")
DUE = [add_months(START, month) for month in range(13)]
WHY = {"reason": "agreed with the customer"}
NOWHERE = 999999


@dataclass(frozen=True)
class Loan:
    """A loan of 12,000 that was made here on START, and the API that serves it."""

    api: Api
    customer_id: int
    loan_id: int

    def post(self, path: str, **body: Any) -> Answer:
        return self.api.post(f"/api/loans/{self.loan_id}/{path}", body)

    def get(self, path: str) -> Answer:
        return self.api.get(f"/api/loans/{self.loan_id}/{path}")

    def pay(self, amount: Decimal | int, day: date | None = None, **more: Any) -> Any:
        """The answer to a receipt that is recorded."""
        answer = self.post("receipts", amount=amount, **({"value_date": day} if day else {}), **more)
        assert answer.status == 201, answer.text
        return answer.json

    def account(self, day: date | None = None) -> Any:
        return self.get(f"account?as_of={day}" if day else "account").json

    def score(self) -> int:
        return int(self.api.post("/api/check-eligibility", asking(self.customer_id)).json["score"])


@pytest.fixture
def loan(api: Api, database: Database) -> Loan:
    customer_id = registered(api)
    return Loan(api, customer_id, a_loan(database, customer_id))


def an_import(api: Api, database: Database, **columns: Any) -> Loan:
    customer_id = registered(api)
    return Loan(api, customer_id, an_imported_loan(database, customer_id, **columns))


def recorded(database: Database) -> int:
    return int(row(database, "SELECT count(*) FROM loan_transactions").count)


def test_a_loan_is_repaid_on_time_then_late_and_settled(loan: Loan) -> None:
    before = loan.score()
    first = loan.pay(EMI, DUE[1], reference="UTR1", channel="upi")
    assert first["transaction"] | {"recorded_at": ""} == {
        "number": 2, "kind": "receipt", "amount": EMI, "value_date": str(DUE[1]), "intent": "instalment",
        "effect": None, "reverses": None, "opening": None, "reference": "UTR1", "channel": "upi", "reason": None,
        "recorded_by": "anyone", "recorded_at": "",
    }  # fmt: skip
    assert first["split"] == {
        "interest": 120, "principal": Decimal("946.19"), "charges": 0, "credit": 0, "charge_levied": 0,
    }  # fmt: skip
    assert first["account"]["emis_paid_on_time"] == 1
    assert loan.score() > before
    late = DUE[2] + timedelta(days=10)
    owed = loan.account(late)["account"]
    assert (owed["class"], owed["days_past_due"], owed["overdue"]) == ("SMA-0", 10, EMI)
    loan.pay(EMI, late)
    account = loan.account(late)
    assert (account["account"]["class"], account["account"]["days_past_due"]) == ("STANDARD", 0)
    assert [each["state"] for each in account["instalments"][:3]] == ["paid_on_time", "paid_late", "to_come"]
    assert account["instalments"][1]["covered_by"] == [{"transaction": 3, "value_date": str(late), "amount": EMI}]
    day = DUE[3] - timedelta(days=7)
    quote = loan.get(f"settlement?on={day}").json
    parts = ("principal", "interest", "charges", "prepayment_charge")
    assert quote["total"] == sum(quote[part] for part in parts)
    assert [each["on"] for each in quote["next_days"]] == [str(day + timedelta(days=n)) for n in range(1, 11)]
    settled = loan.pay(quote["total"], day, intent="settlement")["account"]
    assert (settled["status"], settled["outstanding"], settled["repayments_left"]) == ("closed", 0, 0)
    assert_envelope(loan.get("settlement"), 409, "loan_closed")
    assert_envelope(loan.post("receipts", amount=1), 409, "loan_closed")
    assert_envelope(loan.post("write-off", **WHY), 409, "loan_closed")


def test_a_loan_that_was_applied_for_today_can_be_repaid_today(api: Api) -> None:
    customer_id = registered(api)
    made = api.post("/api/create-loan", asking(customer_id)).json
    loan = Loan(api, customer_id, made["loan_id"])
    before = loan.score()
    assert loan.pay(made["monthly_installment"])["account"]["emis_paid_on_time"] == 1
    assert loan.score() > before
    assert api.get(f"/api/view-loans/{customer_id}").json[0]["repayments_left"] == 11
    total = loan.get("settlement").json["total"]
    assert loan.pay(total, intent="settlement")["account"]["status"] == "closed"


def test_what_is_left_grows_with_the_interest_of_a_shortened_loan_that_is_late(api: Api, database: Database) -> None:
    customer_id, start = registered(api), runtime.today() - timedelta(days=900)
    loan = Loan(api, customer_id, a_loan(database, customer_id, tenure=24, start=start))
    loan.pay(6000, start, intent="prepayment", effect="shorter_tenure")
    stored = row(database, "SELECT repayments_left FROM loan_positions").repayments_left
    left = loan.get("account").json["account"]["repayments_left"]
    assert stored < left < 24
    assert api.get(f"/api/view-loans/{customer_id}").json[0]["repayments_left"] == left


def test_a_rupee_over_fifty_years_raises_no_score_before_it_is_paid(api: Api) -> None:
    customer_id = registered(api)
    rupee = {"customer_id": customer_id, "loan_amount": 1, "interest_rate": 0, "tenure": 600}
    made = api.post("/api/create-loan", rupee).json
    assert (made["loan_approved"], made["monthly_installment"]) == (True, 0)
    loan = Loan(api, customer_id, made["loan_id"])
    assert api.get(f"/api/view-loans/{customer_id}").json[0]["repayments_left"] == 600
    assert loan.score() == 0
    assert loan.pay(1)["account"]["emis_paid_on_time"] == 600
    assert api.get(f"/api/view-loans/{customer_id}").json[0]["repayments_left"] == 0
    assert loan.score() == 100


def test_both_effects_of_a_prepayment_are_compared_beside_none(loan: Loan) -> None:
    compared = loan.get(f"prepayment?amount=5000&on={DUE[0]}").json
    assert (compared["on"], compared["amount"]) == (str(DUE[0]), 5000)
    none, shorter, lower = (compared[name] for name in ("without", "shorter_tenure", "lower_instalment"))
    assert (none["instalment"], none["instalments_left"], none["end_date"]) == (EMI, 12, str(DUE[12]))
    assert shorter["instalment"] == none["instalment"] > lower["instalment"]
    assert shorter["instalments_left"] < lower["instalments_left"] == 12
    assert shorter["interest_saved"] == none["interest_to_pay"] - shorter["interest_to_pay"] > lower["interest_saved"]
    for effect in ("shorter_tenure", "lower_instalment"):
        money = {"amount": 5000, "value_date": str(DUE[0]), "intent": "prepayment", "effect": effect}
        seen = loan.post("receipts/preview", **money).json
        assert seen["split"] == compared[effect]["split"]
    late = loan.get(f"prepayment?amount=5000&on={DUE[1] + timedelta(days=1)}")
    assert assert_envelope(late, 409, "in_arrears")["figures"]["overdue"] == EMI


def test_a_reversal_reopens_what_a_settlement_closed(loan: Loan) -> None:
    total = loan.get(f"settlement?on={DUE[1]}").json["total"]
    number = loan.pay(total, DUE[1], intent="settlement")["transaction"]["number"]
    answer = loan.post(f"transactions/{number}/reversal", reason="the cheque bounced", reference="R1")
    assert answer.status == 201
    made = answer.json
    assert (made["transaction"]["kind"], made["transaction"]["reverses"], made["split"]) == ("reversal", number, None)
    assert made["account"]["status"] == "open"
    account = loan.account(DUE[1])
    assert account["account"]["due"] == EMI
    assert [each["split"] is None for each in account["transactions"]] == [False, True, True]


def test_a_preview_says_what_the_receipt_will_do_and_records_nothing(loan: Loan, database: Database) -> None:
    body = {"amount": EMI, "value_date": DUE[1]}
    preview = loan.post("receipts/preview", **body)
    assert (preview.status, recorded(database)) == (200, 1)
    made = loan.pay(EMI, DUE[1])
    for name in ("split", "account", "recorded_before"):
        assert preview.json[name] == made[name]


def test_both_effects_of_a_prepayment_are_previewed(api: Api) -> None:
    customer_id = registered(api)
    made = api.post("/api/create-loan", asking(customer_id)).json
    loan = Loan(api, customer_id, made["loan_id"])

    def left(effect: str) -> Any:
        body = {"amount": 60000, "intent": "prepayment", "effect": effect}
        return loan.post("receipts/preview", **body).json["account"]

    shorter, lower = left("shorter_tenure"), left("lower_instalment")
    assert shorter["end_date"] < lower["end_date"]
    assert lower["next_instalment"]["amount"] < shorter["next_instalment"]["amount"] == made["monthly_installment"]


def test_credit_is_refunded_and_what_is_owed_is_waived_and_written_off(loan: Loan) -> None:
    waived = loan.post("waivers", amount=100, value_date=DUE[1], intent="interest", **WHY).json
    assert (waived["split"]["interest"], waived["transaction"]["reason"]) == (100, WHY["reason"])
    loan.pay(13000, DUE[1])
    credit = loan.account(DUE[12])["account"]["credit"]
    assert credit > 0
    refunded = loan.post("refunds", amount=credit, channel="neft", **WHY).json
    assert refunded["account"]["credit"] == 0


def test_a_loan_is_written_off_whole(loan: Loan) -> None:
    answer = loan.post("write-off", value_date=DUE[3], **WHY)
    assert (answer.status, answer.json["account"]["status"]) == (201, "written_off")
    assert_envelope(loan.post("receipts", amount=1), 409, "loan_written_off")
    assert_envelope(loan.post("write-off", **WHY), 409, "loan_written_off")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("receipts", {"intent": "settlement"}, "loan_closed"),
        ("write-off", WHY, "loan_written_off"),
    ],
)
def test_a_loan_that_ended_today_takes_nothing_more_and_says_what_to_do_first(
    api: Api, database: Database, path: str, body: dict[str, Any], code: str
) -> None:
    made = api.post("/api/create-loan", asking(registered(api))).json
    loan = Loan(api, 0, made["loan_id"])
    loan.pay(100)
    assert loan.post(path, **body, amount=loan.get("settlement").json["total"]).status == 201
    before = recorded(database)
    for what, more in (("receipts", {}), ("receipts/preview", {}), ("waivers", WHY), ("write-off", WHY)):
        assert "reverse" in assert_envelope(loan.post(what, amount=5, **more), 409, code)["error"]
    assert recorded(database) == before


def test_an_imported_loan_is_opened_as_proposed(api: Api, database: Database) -> None:
    loan = an_import(api, database)
    assert loan.account()["account"]["status"] == "not_serviced"
    proposal = loan.get(f"opening?on={DUE[5]}&paid=3").json
    assert (proposal["paid"], proposal["first_unpaid_due_date"], proposal["instalments_left"]) == (3, str(DUE[4]), 9)
    figures = {name: value for name, value in proposal.items() if name not in ("loan_id", "paid")}
    opened = loan.post("opening", **figures)
    assert opened.status == 201
    assert opened.json["transaction"]["opening"] == {
        "interest_due": proposal["interest_due"], "first_unpaid_due_date": str(DUE[4]), "instalments_left": 9,
        "emis_paid_on_time": 3,
    }  # fmt: skip
    owed = loan.account(DUE[5])["account"]
    assert (owed["principal"], owed["overdue"], owed["due"]) == (proposal["amount"], EMI, 2 * EMI)
    assert_envelope(loan.post("opening", **figures), 409, "loan_already_serviced")
    assert_envelope(loan.get("opening"), 409, "loan_already_serviced")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("receipts", {}, "amount"),
        ("receipts", {"amount": 0}, "amount"),
        ("receipts", {"amount": -1}, "amount"),
        ("receipts", {"amount": "1.001"}, "amount"),
        ("receipts", {"amount": True}, "amount"),
        ("receipts", {"amount": 1, "value_date": "2199-12-31"}, "value_date"),
        ("receipts", {"amount": 1, "value_date": "2025-01-30"}, "value_date"),
        ("receipts", {"amount": 1, "value_date": "04/05/2025"}, "value_date"),
        ("receipts", {"amount": 1, "intent": "interest"}, "intent"),
        ("receipts", {"amount": 1, "intent": "gift"}, "intent"),
        ("receipts", {"amount": 1, "intent": "prepayment"}, "effect"),
        ("receipts", {"amount": 1, "effect": "shorter_tenure"}, "effect"),
        ("receipts", {"amount": 1, "intent": "prepayment", "effect": "smaller"}, "effect"),
        ("receipts", {"amount": 1, "reference": "x" * 101}, "reference"),
        ("receipts", {"amount": 1, "reference": " "}, "reference"),
        ("receipts", {"amount": 1, "channel": "a\nb"}, "channel"),
        ("receipts", {"amount": 1, "note": "hello"}, "note"),
        ("refunds", {"amount": 1}, "reason"),
        ("waivers", {"amount": 1, "intent": "instalment", **WHY}, "intent"),
        ("waivers", {"amount": 1, "reason": "because"}, "reason"),
        ("write-off", {"reason": None}, "reason"),
        ("transactions/1/reversal", {}, "reason"),
        ("transactions/1/reversal", {"value_date": "2025-02-01", **WHY}, "value_date"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(
    loan: Loan, database: Database, path: str, body: dict[str, Any], field: str
) -> None:
    envelope = assert_envelope(loan.post(path, **body), 400, "invalid_request")
    assert list(envelope["fields"]) == [field]
    assert recorded(database) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": 12001}, "amount"),
        ({"interest_due": -1}, "interest_due"),
        ({"first_unpaid_due_date": "2025-06-01"}, "first_unpaid_due_date"),
        ({"instalments_left": 600}, "instalments_left"),
        ({"value_date": "2025-01-01"}, "value_date"),
    ],
)
def test_an_opening_that_cannot_be_is_refused_with_its_field(
    api: Api, database: Database, wrong: dict[str, Any], field: str
) -> None:
    right = {
        "amount": 9000, "value_date": DUE[5], "interest_due": 100, "first_unpaid_due_date": DUE[4],
        "instalments_left": 9,
    }  # fmt: skip
    envelope = assert_envelope(an_import(api, database).post("opening", **right | wrong), 400, "invalid_request")
    assert list(envelope["fields"]) == [field]
    assert recorded(database) == 0


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("account?as_of=tomorrow", "as_of"),
        ("account?on=2025-03-01", "on"),
        ("settlement?on=2025-01-30", "on"),
        ("prepayment", "amount"),
        ("prepayment?amount=0", "amount"),
        ("prepayment?amount=5&on=2025-01-30", "on"),
        ("statement?from=2025-03-01&to=2025-02-01", "to"),
        ("statement?to=2025-01-30", "to"),
        ("statement?from=2199-01-01", "from"),
        ("statement?format=doc", "format"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(loan: Loan, path: str, field: str) -> None:
    assert list(assert_envelope(loan.get(path), 400, "invalid_request")["fields"]) == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [("paid=12", "paid"), ("paid=-1", "paid"), ("paid=x", "paid"), ("on=2025-01-01&paid=1", "on")],
)
def test_an_opening_is_not_proposed_for_what_cannot_be(api: Api, database: Database, query: str, field: str) -> None:
    answer = an_import(api, database).get(f"opening?{query}")
    assert list(assert_envelope(answer, 400, "invalid_request")["fields"]) == [field]


def test_what_stands_against_a_transaction_is_told_with_its_figures(loan: Loan) -> None:
    def refused(path: str, code: str, **body: Any) -> Any:
        return assert_envelope(loan.post(path, **body), 409, code)["figures"]

    quote = loan.get(f"settlement?on={DUE[1]}").json
    parts = {name: quote[name] for name in ("principal", "interest", "charges", "prepayment_charge")}
    assert refused("receipts", "settlement_differs", amount=100, value_date=DUE[1], intent="settlement") == {
        "amount": 100, "settlement": quote["total"], **parts,
    }  # fmt: skip
    prepayment = {"amount": 100, "intent": "prepayment", "effect": "shorter_tenure"}
    overdue = refused("receipts", "in_arrears", **prepayment, value_date=DUE[1] + timedelta(days=1))
    assert overdue == {"overdue": EMI}
    assert refused("refunds", "refund_above_credit", amount=5, **WHY) == {"amount": 5, "credit": 0}
    assert refused("waivers", "waiver_above_owed", amount=50000, value_date=START, **WHY)["owed"] == 12000
    assert refused("write-off", "write_off_differs", amount=5, value_date=START, **WHY)["owed"] == 12000
    assert refused("transactions/1/reversal", "reversal_of_a_disbursal", **WHY) == {"reverses": 1}
    number = loan.pay(EMI, DUE[1])["transaction"]["number"]
    undo = f"transactions/{number}/reversal"
    assert loan.post(undo, **WHY).status == 201
    assert refused(undo, "already_reversed", **WHY) == {"reverses": number, "reversed_by": number + 1}
    again = f"transactions/{number + 1}/reversal"
    assert refused(again, "reversal_of_a_reversal", **WHY) == {"reverses": number + 1, "reversal_of": number}


def test_a_loan_that_was_made_elsewhere_is_not_serviced_before_its_opening(api: Api, database: Database) -> None:
    loan = an_import(api, database)
    for answer in (
        loan.post("receipts", amount=1),
        loan.post("receipts/preview", amount=1),
        loan.post("refunds", amount=1, **WHY),
        loan.post("waivers", amount=1, **WHY),
        loan.post("write-off", **WHY),
        loan.get("settlement"),
        loan.get("statement"),
    ):
        assert "opening" in assert_envelope(answer, 409, "loan_not_serviced")["error"]
    assert_envelope(loan.post("transactions/1/reversal", **WHY), 404, "transaction_not_found")


def test_an_opening_on_which_others_stand_is_not_reversed(api: Api, database: Database) -> None:
    loan = an_import(api, database)
    loan.post(
        "opening", amount=9000, value_date=DUE[3], interest_due=0, first_unpaid_due_date=DUE[4], instalments_left=9
    )
    loan.pay(EMI, DUE[4])
    told = assert_envelope(loan.post("transactions/1/reversal", **WHY), 409, "opening_in_use")
    assert told["figures"] == {"reverses": 1, "transaction": 2}


def test_a_write_off_keeps_earlier_receipts_from_changing_what_it_took(loan: Loan) -> None:
    total = loan.get(f"settlement?on={DUE[2]}").json["total"]
    loan.pay(total, DUE[2], intent="settlement")
    loan.post("refunds", amount=1, **WHY)
    answer = loan.post("write-off", value_date=DUE[1], **WHY)
    assert assert_envelope(answer, 409, "later_fact_stands")["figures"]["transaction"] == 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "receipts", {"amount": 1}),
        ("POST", "receipts/preview", {"amount": 1}),
        ("POST", "refunds", {"amount": 1, **WHY}),
        ("POST", "waivers", {"amount": 1, **WHY}),
        ("POST", "write-off", WHY),
        (
            "POST",
            "opening",
            {"amount": 1, "interest_due": 0, "first_unpaid_due_date": "2025-02-28", "instalments_left": 1},
        ),
        ("POST", "transactions/1/reversal", WHY),
        ("GET", "opening", None),
        ("GET", "account", None),
        ("GET", "settlement", None),
        ("GET", "prepayment?amount=5", None),
        ("GET", "statement", None),
    ],
)
def test_a_loan_that_is_not_there_is_not_found(api: Api, method: str, path: str, body: Any) -> None:
    for number in (NOWHERE, "0", "x"):
        data = json.dumps(body).encode() if body else b""
        assert_envelope(api.call(method, f"/api/loans/{number}/{path}", data), 404, "loan_not_found")


@pytest.mark.parametrize("number", ["7", "0", "x"])
def test_a_transaction_that_is_not_there_is_not_found(loan: Loan, number: str) -> None:
    assert_envelope(loan.post(f"transactions/{number}/reversal", **WHY), 404, "transaction_not_found")


def test_a_receipt_that_is_sent_again_with_its_key_is_recorded_once(loan: Loan, database: Database) -> None:
    def send(body: dict[str, Any]) -> Answer:
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k-1"}
        return loan.api.call("POST", f"/api/loans/{loan.loan_id}/receipts/", json.dumps(body).encode(), headers)

    first, second = send({"amount": 100}), send({"amount": 100})
    assert (first.status, second.status, first.text) == (201, 201, second.text)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert_envelope(send({"amount": 101}), 422, "idempotency_key_reused")
    assert recorded(database) == 2


def test_the_same_reference_is_one_receipt_and_with_other_values_a_conflict(loan: Loan, database: Database) -> None:
    first = loan.pay(EMI, DUE[1], reference="UTR1")
    again = loan.pay(EMI, DUE[1], reference="UTR1")
    assert (first["recorded_before"], again["recorded_before"]) == (False, True)
    assert again == first | {"recorded_before": True}
    assert loan.post("receipts/preview", amount=EMI, reference="UTR1").json["recorded_before"]
    answer = loan.post("receipts", amount=100, value_date=DUE[1], reference="UTR1")
    figures = assert_envelope(answer, 409, "reference_conflict")["figures"]
    assert figures == {"amount": 100, "recorded_amount": EMI}
    assert recorded(database) == 2


@pytest.mark.parametrize("seen", ["UTR\u200b 7", "ＵＴＲ 7", " UTR 7", "UTR 7\ufeff"])
def test_a_reference_that_looks_the_same_is_the_same_receipt(loan: Loan, database: Database, seen: str) -> None:
    loan.pay(EMI, DUE[1], reference="UTR 7")
    assert loan.pay(EMI, DUE[1], reference=seen)["recorded_before"]
    assert recorded(database) == 2


def test_an_opening_with_a_known_reference_is_compared_by_its_figures(api: Api, database: Database) -> None:
    loan = an_import(api, database)
    figures = {
        "amount": 9000, "value_date": DUE[3], "interest_due": 0, "first_unpaid_due_date": DUE[4],
        "instalments_left": 9, "reference": "O1",
    }  # fmt: skip
    assert [loan.post("opening", **figures).json["recorded_before"] for _ in range(2)] == [False, True]
    answer = loan.post("opening", **figures | {"instalments_left": 8})
    told = assert_envelope(answer, 409, "reference_conflict")["figures"]
    assert told == {"instalments_left": 8, "recorded_instalments_left": 9}


def test_a_reference_of_another_loan_is_a_conflict(loan: Loan, database: Database) -> None:
    other = Loan(loan.api, loan.customer_id, a_loan(database))
    loan.pay(100, reference="UTR1")
    figures = assert_envelope(other.post("receipts", amount=100, reference="UTR1"), 409, "reference_conflict")
    assert figures["figures"] == {"loan_id": other.loan_id, "recorded_loan_id": loan.loan_id}


@pytest.mark.usefixtures("s3")
def test_a_statement_adds_up_in_every_form(loan: Loan) -> None:
    loan.pay(EMI, DUE[1], reference="=1+1", channel="upi")
    number = loan.pay(EMI, DUE[2])["transaction"]["number"]
    loan.post(f"transactions/{number}/reversal", **WHY)
    made = loan.get(f"statement?from={START}&to={DUE[2]}").json
    assert (made["from"], made["to"], made["opening_balance"]) == (str(START), str(DUE[2]), 0)
    assert made["opening_balance"] + made["total_debit"] - made["total_credit"] == made["closing_balance"]
    assert [line["kind"] for line in made["lines"]] == [
        "disbursal", "interest", "receipt", "interest", "receipt",
    ]  # fmt: skip
    assert made["lines"][2]["reference"] == "=1+1"
    assert made["lines"][4]["reversed_by"] == number + 1
    rows = list(csv.DictReader(StringIO(loan.get(f"statement?format=csv&to={DUE[2]}").text)))
    assert Decimal(rows[-1]["balance"]) == made["closing_balance"]
    assert [each["kind"] for each in rows[1:-1]] == [line["kind"] for line in made["lines"]]
    assert rows[3]["reference"] == "'=1+1"
    answer = loan.api.call("GET", f"/api/loans/{loan.loan_id}/statement?to={DUE[2]}", headers={"Accept": XLSX})
    assert answer.status == 303
    sheet: Any = load_workbook(BytesIO(plain_http.get(answer.json["url"]).content)).active
    cells = [list(each) for each in sheet.iter_rows(values_only=True)]
    assert Decimal(str(cells[-1][7])) == made["closing_balance"]
    assert "=1+1" in [each[3] for each in cells]
    assert [cell.data_type for cell in sheet["D"] if cell.value == "=1+1"] == ["s"]


def test_delinquency_counts_open_loans_by_class(loan: Loan, database: Database) -> None:
    other = Loan(loan.api, loan.customer_id, a_loan(database))
    other.pay(EMI, DUE[1])
    found = loan.api.get(f"/api/delinquency?as_of={DUE[1] + timedelta(days=1)}").json
    assert {each["class"]: each["loans"] for each in found["classes"]} == {
        "STANDARD": 1, "SMA-0": 1, "SMA-1": 0, "SMA-2": 0, "NPA": 0,
    }  # fmt: skip
    today = loan.api.get("/api/delinquency/").json
    assert today["as_of"] == str(runtime.today())
    assert {each["class"]: each["loans"] for each in today["classes"]}["NPA"] == 2
    assert sum(each["principal"] for each in today["classes"]) == Decimal("12000") + Decimal("11053.81")


def test_the_loans_of_a_class_come_in_pages_the_longest_late_first(loan: Loan, database: Database) -> None:
    others = [a_loan(database) for _ in range(2)]
    Loan(loan.api, loan.customer_id, others[0]).pay(EMI, DUE[1])
    first = path = "/api/delinquency/loans?class=NPA&limit=1"
    seen: list[Any] = []
    while path:
        page = loan.api.get(path).json
        seen += page["loans"]
        path = f"{first}&after={page['next']}" if page["next"] else ""
    assert [each["loan_id"] for each in seen] == [loan.loan_id, others[1], others[0]]
    assert (seen[0]["phone_number"], seen[0]["class"]) == ("8697989224", "NPA")
    assert seen[0]["days_past_due"] == (runtime.today() - DUE[1]).days
    assert loan.api.get("/api/delinquency/loans?class=SMA-0").json["loans"] == []
    assert loan.api.get("/api/delinquency/loans?class=NPA&after=_1").json["loans"] == []


@pytest.mark.parametrize(
    ("query", "field"), [("", "class"), ("class=LATE", "class"), ("class=NPA&after=5", "after"),
                         ("class=NPA&after=x_1", "after"), ("class=NPA&after=_0", "after")],
)  # fmt: skip
def test_late_loans_are_asked_for_by_a_class_and_the_cursor_of_the_page_before(
    api: Api, query: str, field: str
) -> None:
    envelope = assert_envelope(api.get(f"/api/delinquency/loans?{query}"), 400, "invalid_request")
    assert list(envelope["fields"]) == [field]


def test_loans_are_listed_by_class(loan: Loan, database: Database) -> None:
    fresh = loan.api.post("/api/create-loan", asking(registered(loan.api))).json["loan_id"]
    an_imported_loan(database, loan.customer_id)

    def listed(query: str) -> list[int]:
        return [each["loan_id"] for each in loan.api.get(f"/api/loans?{query}").json["loans"]]

    assert listed("class=NPA") == [loan.loan_id]
    assert listed("class=STANDARD") == [fresh]
    assert listed(f"class=NPA&customer_id={loan.customer_id}") == [loan.loan_id]
    assert listed("class=SMA-1") == []
    envelope = assert_envelope(loan.api.get("/api/loans?class=BAD"), 400, "invalid_request")
    assert "STANDARD, SMA-0, SMA-1, SMA-2 or NPA" in envelope["fields"]["class"][0]


def test_a_list_of_loans_says_what_is_owed_of_each_and_how_late_it_is(loan: Loan, database: Database) -> None:
    Loan(loan.api, 0, a_loan(database)).pay(12_000, START, intent="settlement")
    an_imported_loan(database)
    late, closed, elsewhere = loan.api.get("/api/loans").json["loans"]
    account = loan.account()["account"]
    names = ("status", "class", "days_past_due", "outstanding", "overdue")
    assert [late[name] for name in names] == [account[name] for name in names]
    assert [closed[name] for name in names] == ["closed", None, 0, 0, 0]
    assert [elsewhere[name] for name in names] == ["not_serviced", None, None, None, None]


def test_a_key_of_one_customer_reads_and_previews_its_own_loans_and_records_nothing(
    loan: Loan, database: Database
) -> None:
    other_id = registered(loan.api)
    other = Loan(loan.api, other_id, a_loan(database, other_id))
    other.pay(100, reference="UTR1")
    key = loan.api.showing(key_of(database, Role.WRITER, customer_id=loan.customer_id))
    own, others = Loan(key, loan.customer_id, loan.loan_id), Loan(key, other_id, other.loan_id)
    for path in ("account", "settlement", f"prepayment?amount=5&on={DUE[0]}", "statement"):
        assert own.get(path).status == 200
        assert_envelope(others.get(path), 404, "loan_not_found")
    assert own.post("receipts/preview", amount=1).status == 200
    assert_envelope(others.post("receipts/preview", amount=1), 404, "loan_not_found")
    for answer in (own.post("receipts", amount=1), key.get("/api/delinquency")):
        assert_envelope(answer, 403, "forbidden")
    assert key.get(f"/api/loans?class=NPA&customer_id={other_id}").json["loans"] == []


@pytest.mark.parametrize(
    ("role", "records", "adjusts"),
    [
        (Role.VIEWER, False, False),
        (Role.OFFICER, True, True),
        (Role.ADMIN, True, True),
        (Role.READER, False, False),
        (Role.WRITER, True, True),
        (Role.IMPORTER, False, False),
    ],
)
def test_writers_officers_and_admins_record_receipts_and_the_rest(
    closed_api: Api, database: Database, role: Role, records: bool, adjusts: bool
) -> None:
    loan = Loan(closed_api.showing(credentials_of(database, role)), 0, a_loan(database))
    assert loan.post("receipts", amount=100).status == (201 if records else 403)
    for path in ("waivers", "write-off", "transactions/2/reversal"):
        assert (loan.post(path, amount=1, **WHY).status == 403) is not adjusts, path


def test_who_recorded_it_is_the_name_of_the_key(closed_api: Api, database: Database) -> None:
    loan = Loan(closed_api.showing(credentials_of(database, Role.WRITER)), 0, a_loan(database))
    assert loan.pay(100)["transaction"]["recorded_by"] == "a writer"


def test_reads_answer_head_and_a_slash_at_the_end(loan: Loan) -> None:
    paths = [f"/api/loans/{loan.loan_id}/{name}" for name in ("account", "settlement", "statement")]
    for path in (*paths, "/api/delinquency", "/api/delinquency/loans?class=NPA"):
        plain, _, query = path.partition("?")
        with_slash = f"{plain}/?{query}" if query else f"{plain}/"
        assert loan.api.get(path).text == loan.api.get(with_slash).text
        head = loan.api.call("HEAD", path)
        assert (head.status, head.text) == (200, "")


def test_each_call_waits_for_the_database_as_often_as_it_must(loan: Loan, capsys: pytest.CaptureFixture[str]) -> None:
    loan.account()
    lines_of(capsys, "request")
    loan.pay(EMI, DUE[1])
    loan.pay(EMI, DUE[3])
    loan.pay(EMI, DUE[2], reference="UTR1")
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k-1"}
    body = json.dumps({"amount": 100, "reference": "UTR2"}).encode()
    loan.api.call("POST", f"/api/loans/{loan.loan_id}/receipts", body, headers)
    assert max(line["round_trips"] for line in lines_of(capsys, "request")) <= 4
    for path in ("account", f"account?as_of={DUE[2]}", "settlement", f"settlement?on={DUE[2]}", "statement"):
        loan.get(path)
    loan.get(f"prepayment?amount=5&on={DUE[2]}")
    for path in ("/api/delinquency", "/api/delinquency/loans?class=NPA", "/api/loans?class=NPA"):
        loan.api.get(path)
    assert [line["round_trips"] for line in lines_of(capsys, "request")] == [1] * 9


def test_what_was_recorded_of_all_loans_is_listed_by_kind_day_amount_loan_and_customer(
    loan: Loan, database: Database
) -> None:
    other = Loan(loan.api, customer_id := registered(loan.api), a_loan(database, customer_id))
    first = loan.pay(EMI, DUE[1], reference="UTR1", channel="upi")["transaction"]
    other.pay(500, DUE[2])
    last = loan.pay(700, DUE[3])["transaction"]["number"]
    loan.post(f"transactions/{last}/reversal", reason="typed by mistake")

    def listed(query: str) -> list[tuple[int, str, Decimal]]:
        found = loan.api.get(f"/api/transactions/?{query}").json["transactions"]
        return [(each["loan_id"], each["kind"], Decimal(str(each["amount"]))) for each in found]

    receipts = [
        (loan.loan_id, "receipt", Decimal(700)),
        (other.loan_id, "receipt", Decimal(500)),
        (loan.loan_id, "receipt", EMI),
    ]
    assert listed("kind=receipt") == receipts
    assert listed(f"kind=receipt&from={DUE[2]}&to={DUE[2]}") == receipts[1:2]
    assert listed("kind=receipt&amount_from=500&amount_to=700") == receipts[:2]
    assert listed(f"kind=receipt&loan_id={other.loan_id}") == receipts[1:2]
    assert listed(f"kind=receipt&customer_id={loan.customer_id}") == [receipts[0], receipts[2]]
    assert listed(f"customer_id={loan.customer_id}&loan_id={other.loan_id}") == []
    assert {kind for _, kind, _ in listed("")} == {"disbursal", "receipt", "reversal"}

    page = loan.api.get("/api/transactions/?kind=receipt&limit=1").json
    assert page["transactions"][0]["reversed"] is True
    seen = page["transactions"]
    while page["next"] is not None:
        page = loan.api.get(f"/api/transactions/?kind=receipt&limit=1&before={page['next']}").json
        seen += page["transactions"]
    assert [each["loan_id"] for each in seen] == [loan_id for loan_id, _, _ in receipts]
    shown = {name: value for name, value in first.items() if name != "opening"}
    assert {name: seen[2][name] for name in shown} == shown


@pytest.mark.parametrize("query", ["kind=gift", "loan_id=0", "amount_from=-1", "from=2026-02-01&to=2026-01-01", "x=1"])
def test_a_list_of_transactions_is_asked_for_by_what_there_is(api: Api, query: str) -> None:
    assert_envelope(api.get(f"/api/transactions/?{query}"), 400, "invalid_request")
