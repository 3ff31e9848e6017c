"""What a customer is handed: decision letters, Key Facts Statements and statements of account, as pages and as PDFs."""

import json
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pypdfium2
import pytest

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.servicing.values import Effect, Intent
from tests.support import plain_http
from tests.support.application import BUCKET, Api
from tests.support.console.browser import Browser, Seen
from tests.support.customers import add_loan, named
from tests.support.lending import create_loan, record
from tests.support.loan_lives import a_loan, receipt
from tests.support.people import TEST, key_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What a page may weigh.
MOST = 100_000
LENDER = {
    "name": "Sahyog Finance & Co",
    "address": "12 MG Road, Pune",
    "grievance_officer": "Meera Iyer, 020 5550 1299",
}
FORM = "/console/customers/1/key-facts/"
RBIS = {
    "loan_amount": "20,000",
    "interest_rate": "15",
    "tenure": "24",
    "start_date": "2024-04-15",
    "loan_type": "Personal loan",
    "fee-1-name": "Processing fee",
    "fee-1-amount": "240",
    "fee-1-payable_to": "lender",
    "fee-1-charged": "once",
    "fee-3-name": "Insurance",
    "fee-3-amount": "₹160",
    "fee-3-payable_to": "third_party",
    "fee-3-charged": "once",
}


@pytest.fixture
def officer(browser: Browser, database: Database, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """The browser of an officer of a lender who has said who it is."""
    monkeypatch.setenv("LENDER", json.dumps(LENDER))
    runtime.settings.cache_clear()
    return browser.sign_in_as(database, Role.OFFICER)


def decided(
    database: Database, amount: int, *, tenure: int = 24, customer: int | None = None, on: date | None = None
) -> int:
    request = LoanRequest(Decimal(amount), Decimal("10.5"), tenure)
    number = named(database) if customer is None else customer
    return create_loan(database, number, request, STANDARD_1, on or runtime.today(), TEST).application_id


def opened(browser: Browser, path: str) -> Seen:
    seen = browser.open(path)
    assert seen.status == 200, seen.words
    assert len(seen.text.encode()) < MOST
    return seen


def clicked(browser: Browser, seen: Seen, words: str) -> Seen:
    """Goes where the first link with these words leads."""
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>(?:<[^>]+>)*{re.escape(words)}', seen.text)
    assert found, f"{seen.path} has no link {words}"
    return browser.get(urljoin(seen.path, found[1].replace("&amp;", "&")))


def pdf_of(seen: Seen) -> list[str]:
    """The text of each page of the PDF that a redirect leads to."""
    assert seen.status == 303, seen.words
    sent = plain_http.get(seen.headers["Location"])
    assert (sent.status_code, sent.headers["Content-Type"]) == (200, "application/pdf")
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(sent.content)]


@pytest.mark.usefixtures("s3")
def test_an_approved_customer_is_handed_terms_and_schedule_four_clicks_from_home(
    officer: Browser, database: Database
) -> None:
    decided(database, 100_000, on=date(2026, 1, 31))
    applications = clicked(officer, opened(officer, "/console/"), "Applications")
    application = clicked(officer, applications, "Application 1")
    letter = clicked(officer, application, "Decision letter")
    pages = pdf_of(clicked(officer, letter, "PDF"))
    for words in (letter.words, "\n".join(pages)):
        for said in (
            "Sahyog Finance & Co",
            "12 MG Road, Pune",
            "Rudra Singh",
            "Application 1",
            "31 Jan 2026",
            "Your application is approved.",
            "₹1,00,000",
            "10.5% a year",
            "28 Feb 2026",
            "Meera Iyer, 020 5550 1299",
        ):
            assert said in words, (said, words)
    assert f"Page 1 of {len(pages)}" in pages[0]
    assert all("Application 1" in page and "Sahyog" in page for page in pages)


@pytest.mark.usefixtures("s3")
def test_a_refused_customer_is_told_why_and_what_would_change_it(officer: Browser, database: Database) -> None:
    customer = named(database)
    add_loan(database, customer, monthly_installment=Decimal(12_000))
    application = decided(database, 50_000, customer=customer)
    letter = opened(officer, f"/console/applications/{application}/letter/")
    words = " ".join("\n".join(pdf_of(clicked(officer, letter, "PDF"))).split())
    for each in (letter.words, words):
        assert "We cannot approve this application." in each
        assert "are more than 50% of the monthly income, ₹23,000." in each
        assert "What would change this" in each
        assert "must fall to ₹11,500." in each
        assert "No other amount and no other tenure would have been approved." in each
        assert "Your instalments" not in each


def test_a_customer_who_asked_for_too_much_is_told_what_would_have_been_approved(
    officer: Browser, database: Database
) -> None:
    letter = opened(officer, f"/console/applications/{decided(database, 900_000)}/letter/")
    assert "The requested amount, ₹9,00,000, is more than the approved limit, ₹8,28,000." in letter.words
    instead = letter.words.partition("What would have been approved instead")[2]
    assert "Over 24 months, up to ₹8,28,000 would be approved at 10.5% a year" in instead


def test_a_customer_whose_rate_was_raised_is_told_why(officer: Browser, database: Database) -> None:
    customer = named(database)
    # 60 of 100 instalments are paid on time, which makes a score of 42.
    add_loan(database, customer, loan_amount=Decimal(1000), monthly_installment=Decimal(10))
    letter = opened(officer, f"/console/applications/{decided(database, 50_000, customer=customer)}/letter/")
    assert "The interest rate is 12% a year, which is higher than you asked for." in letter.words
    assert "At a credit score of 42 the interest rate is at least 12% a year." in letter.words
    assert "12% a year, fixed" in letter.words


def test_the_letter_of_the_longest_loan_is_a_page_like_any_other(officer: Browser, database: Database) -> None:
    application = decided(database, 500_000, tenure=600)
    letter = opened(officer, f"/console/applications/{application}/letter/")
    assert letter.text.count("<tr>") > 600


def test_a_lender_who_is_not_set_is_told_of_in_so_many_words(browser: Browser, database: Database) -> None:
    browser.sign_in_as(database, Role.VIEWER)
    letter = opened(browser, f"/console/applications/{decided(database, 50_000)}/letter/")
    assert "The name of the lender is not set" in letter.words


def test_a_name_is_text_wherever_it_stands(officer: Browser, database: Database, s3: "S3Client") -> None:
    customer = named(database, "<b>Rudra</b>", "& <Singh/>")
    letter = opened(officer, f"/console/applications/{decided(database, 50_000, customer=customer)}/letter/")
    assert "<b>Rudra</b>" not in letter.text
    assert "<b>Rudra</b> & <Singh/>" in "\n".join(pdf_of(clicked(officer, letter, "PDF")))
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="papers/")["KeyCount"] == 1


@pytest.mark.usefixtures("s3")
def test_a_name_that_no_font_has_makes_no_pdf_and_a_page_that_prints(officer: Browser, database: Database) -> None:
    customer = named(database, "محمد", "Singh")
    letter = opened(officer, f"/console/applications/{decided(database, 50_000, customer=customer)}/letter/")
    assert "محمد" in letter.words
    refused = clicked(officer, letter, "PDF")
    assert refused.status == 422
    assert "Print the page" in refused.words


def issued(officer: Browser, **changes: str) -> Seen:
    form = opened(officer, FORM)
    fields = RBIS | {"idempotency_key": form.hidden("idempotency_key")} | changes
    return officer.send(form, FORM, **fields)


@pytest.mark.usefixtures("s3")
def test_a_key_facts_statement_is_issued_shown_and_printed(officer: Browser, database: Database) -> None:
    named(database)
    statement = officer.follow(issued(officer))
    assert statement.path == "/console/key-facts/1/"
    pages = pdf_of(clicked(officer, statement, "PDF"))
    for words in (statement.words, "\n".join(pages)):
        for said in (
            "KFS 1",
            "17.07%",
            "Processing fee",
            "₹19,600.00",
            "₹969.73",
            "SMA-1",
            "13 Aug 2024",
            "Rudra Singh",
        ):
            assert said in words, (said, words)
    assert "KFS 1" in opened(officer, FORM).words


@pytest.mark.usefixtures("s3")
def test_a_loan_of_one_instalment_has_no_last_one(officer: Browser, database: Database) -> None:
    named(database)
    statement = officer.follow(issued(officer, tenure="1"))
    words = " ".join("\n".join(pdf_of(clicked(officer, statement, "PDF"))).split())
    for each in (statement.words, words):
        assert "1 instalment of ₹20,250, due on 15 May 2024" in each
        assert "1 equated monthly" not in each


def test_a_statement_says_below_it_who_issued_it(officer: Browser, database: Database) -> None:
    named(database)
    statement = officer.follow(issued(officer))
    assert "Issued a Key Facts Statement by a-officer of the tests" in statement.words


def test_the_form_shows_two_fees_and_the_others_if_they_were_typed(officer: Browser, database: Database) -> None:
    named(database)
    more = '<details class="more-fees"'
    assert f"{more}><summary>More fees" in opened(officer, FORM).text
    assert f"{more} open>" in issued(officer, tenure="").text


def test_a_statement_is_issued_once_however_often_the_button_is_pressed(officer: Browser, database: Database) -> None:
    named(database)
    form = opened(officer, FORM)
    fields = RBIS | {"idempotency_key": form.hidden("idempotency_key")}
    paths = {officer.follow(officer.send(form, FORM, **fields)).path for _ in range(2)}
    assert paths == {"/console/key-facts/1/"}


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(officer: Browser, database: Database) -> None:
    named(database)
    changes = {"tenure": "", "fee-3-amount": "much", "fee-5-name": "Valuation"}
    seen = issued(officer, **changes)
    assert seen.status == 400
    for name in ("tenure", "fee-3-amount", "fee-5-amount"):
        assert f'id="f-{name}-wrong"' in seen.text
    assert 'value="Insurance"' in seen.text
    assert 'value="20,000"' in seen.text


def test_fees_that_leave_nothing_are_refused_beside_the_first(officer: Browser, database: Database) -> None:
    named(database)
    seen = issued(officer, **{"fee-1-amount": "20000"})
    assert seen.status == 400
    assert re.search(
        r"come to ₹[\d,]+, which leaves nothing of a loan of ₹[\d,]+; together they must be less", seen.words
    )
    assert 'id="f-fee-1-amount-wrong"' in seen.text


def test_the_form_is_filled_from_an_application_a_loan_and_a_what_if(officer: Browser, database: Database) -> None:
    decided(database, 100_000, customer=named(database))
    customer = named(database, "Meera", "Iyer")
    today = runtime.today().isoformat()
    for page, words, start in (
        ("/console/applications/1/", "Key facts", today),
        ("/console/loans/1/", "Key facts", today),
        (f"/console/customers/{customer}/?loan_amount=100000&interest_rate=10.5&tenure=24", "Key facts", ""),
    ):
        form = clicked(officer, opened(officer, page), words)
        assert form.status == 200
        given = dict(re.findall(r'name="(\w+)" type="\w+" value="([^"]*)"', form.text))
        assert given["loan_amount"] == "1,00,000"
        assert [Decimal(given[name].replace(",", "")) for name in ("loan_amount", "interest_rate", "tenure")] == [
            100_000,
            10.5,
            24,
        ]
        assert given["start_date"] == start


def test_a_viewer_reads_statements_and_is_not_offered_to_issue_one(officer: Browser, database: Database) -> None:
    named(database)
    officer.follow(issued(officer))
    viewer = Browser(officer.client).sign_in_as(database, Role.VIEWER)
    assert "KFS 1" in opened(viewer, "/console/key-facts/1/").words
    assert viewer.get(FORM).status == 403
    decided(database, 50_000, customer=1)
    assert "key-facts" not in opened(viewer, "/console/applications/1/").text


@pytest.mark.usefixtures("s3")
def test_a_statement_of_account_is_a_pdf_four_clicks_from_home(officer: Browser, database: Database) -> None:
    a_loan(database, named(database), start=date(2026, 3, 31))
    loans = clicked(officer, opened(officer, "/console/"), "Loans</span>")
    statement = clicked(officer, clicked(officer, loans, "Loan 1"), "Statement")
    words = "\n".join(pdf_of(clicked(officer, statement, "PDF")))
    for said in ("Statement of account", "Loan 1", "Rudra Singh", "Disbursal", "Opening balance", "Closing balance"):
        assert said in words, (said, words)
    through_the_api = Api(officer.client, key_of(database, Role.READER)).get("/api/loans/1/statement/?format=pdf")
    assert through_the_api.status == 303
    assert through_the_api.headers["Location"].partition("?")[0].endswith("/loan-1-statement.pdf")
    some_days = opened(officer, "/console/loans/1/statement/?from=2026-04-01&to=2026-05-01")
    assert "1 Apr 2026 to 1 May 2026" in "\n".join(pdf_of(clicked(officer, some_days, "PDF")))


def test_no_such_paper_is_told_like_no_such_page(officer: Browser) -> None:
    for path in ("applications/99/letter/", "key-facts/99/", "customers/99/key-facts/"):
        assert officer.get(f"/console/{path}").status == 404


@pytest.mark.usefixtures("s3")
def test_a_statement_of_account_says_what_a_month_asks_for_at_its_end(officer: Browser, database: Database) -> None:
    loan = a_loan(database, named(database), start=date(2026, 3, 31))
    for amount, intent, effect in (("1066.19", None, None), ("5000", Intent.PREPAYMENT, Effect.LOWER_INSTALMENT)):
        record(database, loan, receipt(amount, date(2026, 4, 30), intent, effect), date(2026, 4, 30), TEST)
    for until, said in (("2026-04-29", "₹1,066.19 a month"), ("2026-05-01", "₹583.91 a month")):
        page = opened(officer, f"/console/loans/1/statement/?to={until}")
        words = "\n".join(pdf_of(clicked(officer, page, "PDF")))
        assert said in words, (said, words)
