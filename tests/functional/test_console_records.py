"""The console's applications and loans: lists with filters, a decision to read out, a schedule to take along."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING

import pytest

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.services.customers import change_customer, etag_of, view_customer
from tests.support.console.browser import Browser, names_in
from tests.support.customers import add_loan, named
from tests.support.lending import create_loan
from tests.support.people import TEST

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ASKED = LoanRequest(Decimal(120_030), Decimal("8.12"), 12)
TOO_MUCH = LoanRequest(Decimal(900_000), Decimal("8.12"), 12)


@pytest.fixture
def viewer(browser: Browser, database: Database) -> Browser:
    """The browser of somebody who may look at everything."""
    return browser.sign_in_as(database, Role.VIEWER)


def applied(database: Database, customer_id: int, request: LoanRequest, days_ago: int = 0) -> None:
    day = runtime.today() - timedelta(days=days_ago)
    create_loan(database, customer_id, request, STANDARD_1, day, TEST)


@pytest.mark.parametrize(("address", "words"), [("applications", "No applications yet"), ("loans", "No loans yet")])
def test_an_empty_list_says_what_to_do(viewer: Browser, address: str, words: str) -> None:
    seen = viewer.get(f"/console/{address}/")
    assert words in seen.words
    assert "/console/customers/" in seen.links()
    filtered = viewer.get(f"/console/{address}/?customer_id=7")
    assert "Remove one and try again" in filtered.words


def test_applications_are_listed_with_their_customers_and_filtered_by_the_address(
    viewer: Browser, database: Database
) -> None:
    rudra, asha = named(database), named(database, "Asha", "Rao")
    applied(database, rudra, TOO_MUCH, days_ago=3)
    applied(database, asha, ASKED)

    def listed(query: str) -> list[str]:
        return names_in(viewer.get(f"/console/applications/?{query}"))

    today, then = runtime.today(), runtime.today() - timedelta(days=3)
    assert listed("") == ["Application 2", "Application 1"]
    assert listed("outcome=approved") == listed(f"customer_id={asha}") == listed(f"from={today}") == ["Application 2"]
    assert listed("outcome=refused&customer_id=") == listed(f"to={then}") == ["Application 1"]
    assert "Rudra Singh" in viewer.get("/console/applications/").words
    kept = viewer.get(f"/console/applications/?outcome=refused&from={then}").text
    assert '<option value="refused" selected>' in kept
    assert f'value="{then}"' in kept


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("applications/?from=yesterday", "Must be a date from 1950 to 2199"),
        ("applications/?from=2026-05-02&to=2026-05-01", "Must not be before From, which is 2 May 2026; got 1 May 2026"),
        (
            "applications/?amount_from=5,000&amount_to=1,000",
            "Must not be below Amount from, which is ₹5,000; got ₹1,000",
        ),
        ("applications/?score_from=50&score_to=10", "Must not be below Score from, which is 50; got 10"),
        ("loans/?rate_from=12.5&rate_to=9", "Must not be below Rate from, which is 12.5%; got 9%"),
        ("loans/?rate_from=12.5&rate_below=12.5", "Must be above Rate from, which is 12.5%; got 12.5%"),
        (
            "customers/?exposure_from=5000&exposure_to=1000",
            "Must not be below Exposure from, which is ₹5,000; got ₹1,000",
        ),
        ("applications/?outcome=maybe", "Must be approved or refused"),
        ("loans/?customer_id=Rudra", "Must be the whole number of a customer"),
    ],
)
def test_a_filter_that_is_not_valid_is_kept_with_a_sentence(viewer: Browser, address: str, sentence: str) -> None:
    seen = viewer.get(f"/console/{address}")
    assert seen.status == 400
    assert sentence in seen.words
    assert 'aria-invalid="true"' in seen.text


@pytest.mark.parametrize("address", ["applications", "loans"])
def test_pages_go_on_with_their_filters(viewer: Browser, database: Database, address: str) -> None:
    number = named(database)
    for _ in range(30):
        add_loan(database, number)
        applied(database, number, TOO_MUCH)
    first = viewer.get(f"/console/{address}/?customer_id={number}")
    following = re.search(r'href="(\?[^"]+)" rel="next"', first.text)
    assert following
    assert f"customer_id={number}" in following[1]
    second = viewer.get(f"/console/{address}/{unescape(following[1])}")
    assert (len(names_in(first)), len(names_in(second))) == (25, 5)
    assert f"/console/{address}/?customer_id={number}" in second.links()


def test_a_decision_can_be_read_to_the_customer(viewer: Browser, database: Database) -> None:
    number = named(database)
    add_loan(database, number, loan_amount=Decimal(20_000))
    applied(database, number, TOO_MUCH)
    seen = viewer.get("/console/applications/1/")
    assert "A loan of ₹9,00,000 over 12 months at 8.12% a year is refused." in seen.words
    assert "The requested amount, ₹9,00,000, is more than the approved limit, ₹8,28,000." in seen.words
    assert "0 of 100 points" in seen.words
    assert "Principal of current loans ₹20,000" in seen.words
    assert "Instalments take at most 50% of the income" in seen.words
    assert "Largest amount ₹8,28,000 over 12 months" in seen.words
    assert "The approved limit, ₹8,28,000, must be at least ₹9,00,000." in seen.words
    assert any(f"customers/{number}/?loan_amount=828000" in link for link in seen.links())


def test_an_approval_shows_the_parts_of_its_score_and_leads_to_the_loan(viewer: Browser, database: Database) -> None:
    number = named(database)
    add_loan(database, number, loan_amount=Decimal(1000), emis_paid_on_time=80)
    applied(database, number, ASKED)
    seen = viewer.get("/console/applications/1/")
    assert "Instalments paid on time 56 of 70" in seen.words
    assert "Loans paid in full 0 of 30" in seen.words
    assert 'width="80.0%"' in seen.text
    assert "/console/loans/2/" in seen.links()
    assert "What would have been approved instead" not in seen.words


def test_a_decision_stays_as_it_was_when_the_customer_changes(viewer: Browser, database: Database) -> None:
    number = named(database)
    applied(database, number, TOO_MUCH)

    def decision() -> str:
        # Before it stands the moment at which the page is printed.
        return viewer.get("/console/applications/1/").words.partition("· decided")[2]

    before = decision()
    assert "Refused" in before
    tag = etag_of(view_customer(database, number, today=runtime.today()).customer)
    change_customer(database, number, {"approved_limit": Decimal(5)}, etags={tag}, author=TEST, today=runtime.today())
    assert decision() == before


def test_an_application_that_was_stored_with_its_sentence_only_is_shown_by_that_sentence(
    viewer: Browser, database: Database
) -> None:
    applied(database, named(database), TOO_MUCH)
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE loan_applications SET reasons = reasons #- '{0,figures}'")
        tx.commit()
    words = viewer.get("/console/applications/1/").words
    assert "The requested amount, 900000, is more than the approved limit, 828000." in words


def test_loans_are_filtered_by_state_and_customer(viewer: Browser, database: Database) -> None:
    rudra, asha = named(database), named(database, "Asha", "Rao")
    add_loan(database, rudra)
    add_loan(database, asha, end_date=runtime.today() - timedelta(days=1), emis_paid_on_time=3)
    assert names_in(viewer.get("/console/loans/")) == ["Loan 2", "Loan 1"]
    assert names_in(viewer.get("/console/loans/?state=current")) == ["Loan 1"]
    ended = viewer.get(f"/console/loans/?state=ended&customer_id={asha}")
    assert names_in(ended) == ["Loan 2"]
    assert "Asha Rao Ended ₹1,00,000 10% ₹1,000 3 of 100 – –" in ended.words


def test_loans_are_listed_newest_first_or_by_number_in_pages_that_keep_order_and_filters(
    viewer: Browser, database: Database
) -> None:
    number = named(database)
    for _ in range(30):
        add_loan(database, number)
    newest = viewer.get("/console/loans/")
    assert names_in(newest) == [f"Loan {loan}" for loan in range(30, 5, -1)]
    assert 'aria-sort="descending"' in newest.text
    assert names_in(viewer.get("/console/loans/?after=6")) == [f"Loan {loan}" for loan in range(5, 0, -1)]
    by_number = viewer.get("/console/loans/?state=current&sort=number")
    assert names_in(by_number) == [f"Loan {loan}" for loan in range(1, 26)]
    assert "/console/loans/?state=current&sort=number&after=25" in by_number.links()
    assert "/console/loans/?state=current&sort=newest" in by_number.links()
    assert '<input type="hidden" name="sort" value="number">' in by_number.text
    assert viewer.get("/console/loans/?sort=colour").status == 400


def test_a_loan_made_here_shows_its_schedule_and_where_it_was_decided(viewer: Browser, database: Database) -> None:
    number = named(database)
    applied(database, number, ASKED)
    loan = viewer.get("/console/loans/1/")
    assert {"/console/applications/1/", f"/console/customers/{number}/"} <= set(loan.links())
    assert "Rudra Singh" in loan.words
    assert "/console/loans/1/schedule/" in loan.links()
    seen = viewer.get("/console/loans/1/schedule/")
    assert "12 instalments" in seen.words
    assert "₹10,447.88" in seen.words
    assert seen.text.count('<rect class="s1"') == 13
    assert "All 12 ₹5,344.57 ₹1,20,030.00 ₹1,25,374.57" in seen.words


def test_one_instalment_is_no_instalments(viewer: Browser, database: Database) -> None:
    number = named(database)
    applied(database, number, replace(ASKED, tenure=1))
    words = viewer.get("/console/loans/1/schedule/").words
    assert "1 instalment" in words
    assert "1 instalments" not in words
    add_loan(database, number, tenure=1, monthly_installment=Decimal(5))
    assert "There is no schedule: 1 instalment of ₹5 comes to ₹5" in viewer.get("/console/loans/2/schedule/").words


def test_a_long_schedule_is_drawn_by_years_and_comes_in_pages_under_100_kb(viewer: Browser, database: Database) -> None:
    number = named(database)
    add_loan(database, number, tenure=600, loan_amount=Decimal(10_000_000), monthly_installment=Decimal(90_000))
    seen = viewer.get("/console/loans/1/schedule/?after=60")
    assert "600 instalments, 61 to 120 shown" in seen.words
    assert "/console/loans/1/schedule/?after=120" in seen.links()
    assert len(seen.text.encode()) < 100_000
    assert 50 <= seen.text.count('<rect class="s2"') <= 52
    assert viewer.get("/console/loans/1/schedule/?after=600").status == 200
    assert viewer.get("/console/loans/1/schedule/?after=601").status == 400


def test_a_loan_that_its_instalments_never_repay_is_shown_without_a_schedule(
    viewer: Browser, database: Database
) -> None:
    number = named(database)
    add_loan(database, number, tenure=10, monthly_installment=Decimal(5), source_loan_id=4711)
    seen = viewer.get("/console/loans/1/schedule/")
    assert seen.status == 200
    assert "There is no schedule: 10 instalments of ₹5 come to ₹50" in seen.words
    assert "Imported, as number 4711 of the file" in viewer.get("/console/loans/1/").words
    assert viewer.get("/console/loans/1/schedule/?format=csv").status == 422


def test_a_schedule_is_saved_as_csv(viewer: Browser, database: Database) -> None:
    applied(database, named(database), ASKED)
    seen = viewer.get("/console/loans/1/schedule/?format=csv")
    assert seen.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert seen.headers["Content-Disposition"] == 'attachment; filename="loan-1-schedule.csv"'
    rows = list(csv.DictReader(io.StringIO(seen.text)))
    assert (len(rows), rows[0]["instalment"], rows[-1]["number"]) == (13, "10447.88", "total")


def test_a_schedule_as_a_workbook_comes_from_s3(viewer: Browser, database: Database, s3: "S3Client") -> None:
    applied(database, named(database), ASKED)
    seen = viewer.get("/console/loans/1/schedule/?format=xlsx")
    assert seen.status == 303
    key = s3.list_objects_v2(Bucket=runtime.settings().import_bucket)["Contents"][0]["Key"]
    assert key.endswith("loan-1-schedule.xlsx")
    assert key in seen.headers["Location"]


@pytest.mark.parametrize("query", ["?format=pdf", "?format=json"])
def test_another_form_of_a_schedule_is_refused(viewer: Browser, database: Database, query: str) -> None:
    applied(database, named(database), ASKED)
    assert viewer.get(f"/console/loans/1/schedule/{query}").status == 400


@pytest.mark.parametrize("address", ["applications/7/", "applications/x/", "loans/7/", "loans/7/schedule/?format=csv"])
def test_what_is_not_there_is_not_found(viewer: Browser, address: str) -> None:
    assert viewer.get(f"/console/{address}").status == 404
