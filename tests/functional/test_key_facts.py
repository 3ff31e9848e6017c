"""Key Facts Statements through the API: issued, kept, read again, as JSON and as PDF."""

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.calendar import add_working_days
from chalicelib.rules.key_facts import RULE
from chalicelib.storage import audit
from chalicelib.storage.audit import AuditFilter
from chalicelib.storage.paging import Cursor
from tests.support import plain_http
from tests.support.application import BUCKET, Answer, Api, assert_envelope
from tests.support.customers import registered
from tests.support.people import key_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FEES = [
    {"name": "Processing fee", "amount": 240},
    {"name": "Insurance", "amount": 160, "payable_to": "third_party"},
]
RBIS = {"loan_amount": 20000, "interest_rate": 15, "tenure": 24, "start_date": "2024-04-15", "fees": FEES}


def issued(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.post("/api/key-facts/", RBIS | changes)
    assert answer.status == 201, answer.text
    return dict(answer.json)


def test_rbis_example_has_its_annual_percentage_rate(api: Api) -> None:
    found = issued(api)
    assert found["apr"] == Decimal("17.07")
    assert found["monthly_installment"] == Decimal("969.73")
    assert found["computation"] == {
        "loan_amount": 20000,
        "fees_once_to_lender": 240,
        "fees_once_to_third_parties": 160,
        "fees_monthly_to_lender": 0,
        "fees_monthly_to_third_parties": 0,
        "net_disbursed": 19600,
        "total_interest": Decimal("3273.58"),
        "total_paid": Decimal("23273.58"),
        "total_fees": 400,
        "total_cost": Decimal("3673.58"),
    }
    assert len(found["schedule"]["rows"]) == found["instalments"] == 24
    assert [each["code"] for each in found["class_dates"]] == ["SMA-0", "SMA-1", "SMA-2", "NPA"]


def test_a_statement_is_kept_under_its_number_and_read_again_as_it_was(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = issued(api), issued(api)
    assert second["number"] > first["number"]
    assert first["rule"] == RULE
    # What the settings say of the lender later is not what was said that day.
    monkeypatch.setenv("LENDER", json.dumps({"name": "Another Lender"}))
    runtime.settings.cache_clear()
    assert api.get(f"/api/key-facts/{first['number']}/").json == first
    assert issued(api)["lender"]["name"] == "Another Lender"


def test_a_statement_of_today_is_valid_for_three_working_days_and_starts_today(api: Api) -> None:
    found = issued(api, start_date=None, fees=[])
    assert found["issued_on"] == runtime.today().isoformat()
    assert found["valid_until"] == add_working_days(runtime.today(), 3).isoformat()
    assert found["schedule"]["rows"][0]["opening_balance"] == 20000
    assert (found["apr"], found["fees"]) == (15, [])


def test_it_is_for_a_customer_by_the_name_of_that_day(api: Api) -> None:
    customer_id = registered(api)
    found = issued(api, customer_id=customer_id)
    assert (found["customer_id"], found["customer_name"]) == (customer_id, "Rudra Singh")
    assert_envelope(api.post("/api/key-facts/", RBIS | {"customer_id": 999}), 404, "customer_not_found")


def test_the_same_request_with_the_same_key_makes_one_statement(api: Api, database: Database) -> None:
    headers = {"Idempotency-Key": "one", "Content-Type": "application/json"}
    answers = [api.call("POST", "/api/key-facts/", json.dumps(RBIS).encode(), headers) for _ in range(2)]
    assert answers[0].text == answers[1].text
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM key_facts_statements")).scalar() == 1


def test_each_fault_of_a_fee_is_told_at_its_place_with_the_remedy(api: Api) -> None:
    wrong = [{"name": "", "amount": 1}, {"name": "Valuation", "amount": "much", "payable_to": "me"}, {"sum": 1}]
    fields = assert_envelope(api.post("/api/key-facts/", RBIS | {"fees": wrong}), 400, "invalid_request")["fields"]
    assert set(fields) == {
        "fees[0].name",
        "fees[1].amount",
        "fees[1].payable_to",
        "fees[2].name",
        "fees[2].amount",
        "fees[2].sum",
    }
    assert fields["fees[1].payable_to"] == ['must be lender or third_party; got "me"']


@pytest.mark.parametrize("amounts", [[20000], [19999, 1], [10**12]])
def test_fees_must_leave_something_of_the_loan(api: Api, amounts: list[int]) -> None:
    fees = [{"name": "Fee", "amount": amount} for amount in amounts]
    fields = assert_envelope(api.post("/api/key-facts/", RBIS | {"fees": fees}), 400, "invalid_request")["fields"]
    assert "must be less than the loan amount" in fields["fees"][0]


def test_there_are_at_most_twenty_fees(api: Api) -> None:
    fees = [{"name": "Fee", "amount": 1}] * 21
    fields = assert_envelope(api.post("/api/key-facts/", RBIS | {"fees": fees}), 400, "invalid_request")["fields"]
    assert "at most 20 fees" in fields["fees"][0]


def test_the_dearest_and_longest_loan_has_a_statement(api: Api) -> None:
    dearest = {
        "loan_amount": 10**12,
        "interest_rate": 100,
        "tenure": 600,
        "fees": [{"name": "Fee", "amount": 10**12 - 1}],
    }
    assert issued(api, **dearest)["apr"] > 10**12


def test_a_statement_is_never_changed(api: Api, database: Database) -> None:
    issued(api)
    for statement in ("UPDATE key_facts_statements SET apr = 1", "DELETE FROM key_facts_statements"):
        with pytest.raises(ProgrammingError, match="append-only"), database.transaction() as tx:
            tx.connection.execute(text(statement))


def test_the_audit_log_says_who_issued_it(api: Api, database: Database) -> None:
    number = issued(api)["number"]
    with database.reading() as connection:
        wanted = AuditFilter(action="key_facts_issued", subject_kind="key_facts", subject_id=str(number))
        (entry,) = audit.listed(connection, wanted, Cursor(2)).rows
    assert entry.after
    assert (entry.actor_kind, entry.after["apr"]) == ("anyone", Decimal("17.07"))


def test_a_key_of_one_customer_issues_to_that_one_and_sees_no_others(api: Api, database: Database) -> None:
    own, other = registered(api), registered(api)
    limited = api.showing(key_of(database, Role.WRITER, customer_id=own))
    assert issued(limited)["customer_id"] == own
    assert_envelope(limited.post("/api/key-facts/", RBIS | {"customer_id": other}), 404, "customer_not_found")
    for hidden in (issued(api, customer_id=other), issued(api)):
        assert_envelope(limited.get(f"/api/key-facts/{hidden['number']}/"), 404, "key_facts_not_found")


def test_a_reader_reads_statements_and_issues_none(closed_api: Api, database: Database) -> None:
    writer, reader = (closed_api.showing(key_of(database, role)) for role in (Role.WRITER, Role.READER))
    number = issued(writer)["number"]
    assert reader.get(f"/api/key-facts/{number}/").status == 200
    assert_envelope(reader.post("/api/key-facts/", RBIS), 403, "forbidden")


@pytest.mark.parametrize("number", ["0", "x", "999999"])
def test_a_number_of_none_is_not_found(api: Api, number: str) -> None:
    assert_envelope(api.get(f"/api/key-facts/{number}/"), 404, "key_facts_not_found")


def words_of(answer: Answer) -> str:
    assert answer.status == 303, answer.text
    sent = plain_http.get(answer.headers["Location"])
    assert (sent.status_code, sent.headers["Content-Type"]) == (200, "application/pdf")
    pages = pypdfium2.PdfDocument(sent.content)
    return "\n".join(page.get_textpage().get_text_range() for page in pages)


def test_the_pdf_says_what_the_json_says(api: Api, s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENDER", json.dumps({"name": "Sahyog Finance", "cooling_off_days": 3}))
    runtime.settings.cache_clear()
    customer_id = registered(api, first_name="राजेश कृष्णमूर्ति", last_name="श्रीवास्तव")
    found = issued(api, customer_id=customer_id)
    for _ in range(2):
        address = f"/api/key-facts/{found['number']}/"
        words = words_of(api.call("GET", address, headers={"Accept": "application/pdf, application/json;q=0.5"}))
        assert words_of(api.get(f"{address}?format=pdf")) == words
    assert len(s3.list_object_versions(Bucket=BUCKET, Prefix="papers/")["Versions"]) == 1
    for said in (
        "Sahyog Finance",
        "राजेश कृष्णमूर्ति श्रीवास्तव",
        f"KFS {found['number']}",
        "17.07%",
        "₹969.73",
        "₹19,600.00",
        "Processing fee",
        "3 days from the disbursal",
        "15 Apr 2026",
        "Page 1 of ",
        "Not stated by the lender",
    ):
        assert said in words, words


@pytest.mark.usefixtures("s3")
def test_a_name_that_no_font_has_makes_no_pdf_and_says_which_letters(api: Api) -> None:
    customer_id = registered(api, first_name="李", last_name="Singh")
    number = issued(api, customer_id=customer_id)["number"]
    answer = api.get(f"/api/key-facts/{number}/?format=pdf")
    assert "李" in assert_envelope(answer, 422, "pdf_cannot_write")["error"]
