"""The lists of the console: filters that combine, orders, pages both ways, sums, files, views that are kept."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from openpyxl import load_workbook

from chalicelib import runtime
from chalicelib.console.frame import listing
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.servicing.values import Effect, Intent
from chalicelib.services import list_files, saved_views
from tests.support.application import BUCKET
from tests.support.console.browser import Browser, Seen, names_in
from tests.support.customers import add_loan, named
from tests.support.lending import create_loan, record
from tests.support.loan_lives import a_loan, receipt, reversal
from tests.support.people import TEST, key_of, user_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TENURE = 12
RATE = Decimal("8.12")


@pytest.fixture
def officer(browser: Browser, database: Database) -> Browser:
    return browser.sign_in_as(database, Role.OFFICER)


def applied(database: Database, customer_id: int, amount: int, *, days_ago: int = 0) -> None:
    day = runtime.today() - timedelta(days=days_ago)
    create_loan(database, customer_id, LoanRequest(Decimal(amount), RATE, TENURE), STANDARD_1, day, TEST)


def link_of(seen: Seen, words: str) -> str:
    """Where the link with these words leads, as a path."""
    found = re.search(rf'<a[^>]*href="([^"]*)"[^>]*>{re.escape(words)}', seen.text)
    assert found, words
    return unescape(found[1])


def test_filters_of_applications_combine_and_each_is_removed_by_itself(officer: Browser, database: Database) -> None:
    number = named(database)
    applied(database, number, 900_000, days_ago=40)
    applied(database, number, 950_000)
    applied(database, number, 20_000)
    seen = officer.get("/console/applications/?outcome=refused&reason=limit&amount_from=9,20,000")
    assert names_in(seen) == ["Application 2"]
    assert "1 application , ₹9,50,000 applied for" in seen.words
    assert "Result: Refused" in seen.words
    assert "Amount from: ₹9,20,000" in seen.words
    without = officer.get(f"/console/applications/{link_of(seen, 'Amount from')}")
    assert names_in(without) == ["Application 2", "Application 1"]
    assert "outcome=refused&reason=limit" in without.text.replace("&amp;", "&")
    assert names_in(officer.get("/console/applications/?reason=SCORE_TOO_LOW")) == []
    assert names_in(officer.get("/console/applications/?score_from=1&policy=standard-1")) == ["Application 3"]


def test_the_title_of_a_window_says_what_a_list_is_narrowed_to(officer: Browser) -> None:
    assert "<title>Applications · Loans</title>" in officer.get("/console/applications/").text
    seen = officer.get("/console/applications/?outcome=refused&amount_from=920000")
    assert "<title>Applications: Result: Refused, Amount from: ₹9,20,000 · Loans</title>" in seen.text


def test_a_phone_shows_a_row_in_two_lines_of_the_cells_that_say_so(officer: Browser, database: Database) -> None:
    applied(database, named(database), 20_000)
    seen = officer.get("/console/applications/").text
    assert len(re.findall(r'<td class="[^"]*p-head', seen)) == 1
    assert len(re.findall(r'<td class="[^"]*p-line', seen)) == 3


def test_filters_are_folded_on_a_phone_unless_something_is_wrong_with_them(officer: Browser) -> None:
    fold = '<label class="fold"><input class="visually-hidden" type="checkbox" value="1"'
    assert f"{fold}>Filters" in officer.get("/console/applications/?outcome=refused").text
    assert f"{fold} checked>Filters" in officer.get("/console/applications/?amount_from=much").text


def test_refusals_for_income_and_customers_late_are_one_click(officer: Browser, database: Database) -> None:
    named(database)
    assert link_of(officer.get("/console/applications/"), "Refused for income") == "?outcome=refused&reason=income"
    assert link_of(officer.get("/console/customers/"), "More than 30 days late") == "?late=31"


def test_applications_say_who_applied_and_are_found_by_it(officer: Browser, database: Database) -> None:
    applied(database, named(database), 20_000)
    number = named(database)
    page = officer.get(f"/console/customers/{number}/?loan_amount=1000&interest_rate=9&tenure=12")
    officer.follow(
        officer.send(
            page,
            f"/console/customers/{number}/applications/",
            idempotency_key=page.hidden("idempotency_key"),
            loan_amount=1000,
            interest_rate=9,
            tenure=12,
        )
    )
    assert names_in(officer.get("/console/applications/?who=user:1")) == ["Application 2"]
    seen = officer.get("/console/applications/")
    assert re.search(r'<option value="user:1">[^<]+</option>', seen.text)
    assert names_in(officer.get("/console/loans/?who=user:1")) == ["Loan 2"]


@pytest.mark.parametrize("sort", ["newest", "number", "amount", "amount-descending", "score", "score-descending"])
def test_pages_go_both_ways_in_every_order_none_twice(officer: Browser, database: Database, sort: str) -> None:
    number = named(database)
    for nth in range(60):
        applied(database, number, 900_000 + nth % 7 * 1000)
    seen, pages = officer.get(f"/console/applications/?sort={sort}"), []
    while True:
        pages.append(names_in(seen))
        following = re.search(r'href="([^"]+)" rel="next"', seen.text)
        if not following:
            break
        seen = officer.get(f"/console/applications/{unescape(following[1])}")
    everything = [name for page in pages for name in page]
    assert (len(everything), len(set(everything))) == (60, 60)
    back = [names_in(seen)]
    while previous := re.search(r'href="([^"]+)" rel="prev"', seen.text):
        seen = officer.get(f"/console/applications/{unescape(previous[1])}")
        back.append(names_in(seen))
    assert back[::-1] == pages


@pytest.mark.parametrize("looked", [1000, 10], ids=["all", "ten at a time"])
def test_what_is_looked_through_at_once_changes_no_page(
    officer: Browser, database: Database, monkeypatch: pytest.MonkeyPatch, looked: int
) -> None:
    number = named(database)
    for nth in range(60):
        applied(database, number, 900_000 + nth % 3 * 1000)
    monkeypatch.setattr("chalicelib.storage.listing.LOOKED", looked)
    seen = officer.get("/console/applications/?outcome=refused")
    assert names_in(seen)[:3] == ["Application 60", "Application 59", "Application 58"]
    assert ("More than 30 applications" in seen.words) is (looked == 10)
    second = officer.get(f"/console/applications/{link_of(seen, 'Next page')}")
    assert names_in(second)[-1] == "Application 11"


def test_loans_are_found_by_class_amount_rate_start_and_state(officer: Browser, database: Database) -> None:
    number = named(database)
    late = a_loan(database, number)
    add_loan(database, number, loan_amount=Decimal(70_000), interest_rate=Decimal(21))

    def listed(query: str) -> list[str]:
        return names_in(officer.get(f"/console/loans/?{query}"))

    assert listed("class=NPA") == listed("late=91") == listed("state=open") == [f"Loan {late}"]
    assert listed("class=STANDARD") == listed("state=closed") == []
    assert listed("amount_from=70000") == listed("rate_from=21") == listed("state=not_serviced") == [f"Loan {late + 1}"]
    today = runtime.today()
    assert listed(f"from={today - timedelta(days=3)}") == []
    assert "of principal" in officer.get("/console/loans/?late=31").words


def test_receipts_are_found_by_day_kind_amount_who_and_whether_they_are_reversed(
    officer: Browser, database: Database, s3: "S3Client"
) -> None:
    today = runtime.today()
    number = a_loan(database, named(database, "Asha", "Rao"), start=today - timedelta(days=90))
    for amount, day, intent, effect in (
        ("2500", 40, None, None),
        ("700", 3, Intent.PREPAYMENT, Effect.SHORTER_TENURE),
        ("900", 2, None, None),
    ):
        record(database, number, receipt(amount, today - timedelta(days=day), intent, effect), today, TEST)
    record(database, number, reversal(4), today, TEST)

    def amounts(query: str) -> list[str]:
        seen = officer.get(f"/console/transactions/?{query}")
        assert names_in(seen) == [f"Loan {number}"] * len(names_in(seen))
        return re.findall(r'<td class="n p-head">₹([0-9,]+)</td>', seen.text)

    assert amounts("") == ["900", "900", "700", "2,500", "12,000"]
    assert amounts("kind=receipt") == ["900", "700", "2,500"]
    assert amounts("kind=receipt&reversed=no") == ["700", "2,500"]
    assert amounts("reversed=yes") == ["900"]
    assert amounts("kind=receipt&sort=amount") == ["700", "900", "2,500"]
    assert amounts(f"from={today - timedelta(days=3)}&intent=prepayment") == ["700"]
    assert amounts(f"to={today - timedelta(days=40)}&kind=receipt&amount_from=1") == ["2,500"]
    assert amounts(f"loan_id={number}&amount_from=5,000") == ["12,000"]
    assert amounts("loan_id=999") == amounts("who=key:7") == []
    seen = officer.get("/console/transactions/?kind=receipt&reversed=no")
    assert "2 transactions , ₹3,200 of receipts" in seen.words
    assert link_of(seen, f"Loan {number}") == f"../loans/{number}/#ledger"
    # What was received and what was disbursed do not add up.
    assert "₹12,000 of" not in officer.get("/console/transactions/").words
    content = content_of(officer.get("/console/transactions/?kind=receipt&format=csv"), s3).decode("utf-8-sig")
    first, second, _ = csv.DictReader(io.StringIO(content))
    assert (first["Amount"], first["What"], first["Reversed"]) == ("900.00", "Receipt", "Yes")
    assert (second["What"], second["Customer"]) == ("Receipt as a prepayment, fewer instalments", "Asha Rao")


def test_transactions_go_on_from_page_to_page(officer: Browser, database: Database) -> None:
    number = a_loan(database, named(database), amount="60000", start=runtime.today() - timedelta(days=20))
    for nth in range(1, 30):
        day = runtime.today() - timedelta(days=nth % 4)
        record(database, number, receipt(str(100 + nth), day), runtime.today(), TEST)
    for sort in ("newest", "day", "amount", "amount-descending"):
        seen = officer.get(f"/console/transactions/?kind=receipt&sort={sort}")
        second = officer.get(f"/console/transactions/{link_of(seen, 'Next page')}")
        found = [re.findall(r'<td class="n p-head">₹([0-9,]+)</td>', each.text) for each in (seen, second)]
        assert [len(each) for each in found] == [25, 4]
        assert len({*found[0], *found[1]}) == 29
        back = officer.get(f"/console/transactions/{link_of(second, 'Previous page')}")
        assert re.findall(r'<td class="n p-head">₹([0-9,]+)</td>', back.text) == found[0]


def test_who_is_late_is_found_with_the_phone_number_and_as_a_file(
    officer: Browser, database: Database, s3: "S3Client"
) -> None:
    late, other = named(database, "=Asha", "Rao", "7012345678"), named(database)
    a_loan(database, late)
    assert names_in(officer.get("/console/customers/?late=31")) == ["=Asha Rao"]
    assert names_in(officer.get("/console/customers/?exposure_from=1")) == ["=Asha Rao"]
    assert names_in(officer.get("/console/customers/?exposure_to=1")) == ["Rudra Singh"]
    assert other == 2
    for kind in ("csv", "xlsx"):
        content = content_of(officer.get(f"/console/customers/?late=31&format={kind}"), s3)
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")))) if kind == "csv" else rows_of(content)
        assert rows[0][:3] == ["Name", "Number", "Phone"]
        assert rows[1][2] == "7012345678"
        assert rows[1][0] == ("'=Asha Rao" if kind == "csv" else "=Asha Rao")
        assert len(rows) == 2


@pytest.mark.parametrize("address", ["applications", "loans", "customers", "imports", "transactions"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_list_is_a_file(officer: Browser, database: Database, s3: "S3Client", address: str, kind: str) -> None:
    number = named(database)
    add_loan(database, number)
    applied(database, number, 900_000)
    seen = officer.get(f"/console/{address}/?format={kind}")
    assert seen.status == 303
    assert urlsplit(seen.headers["Location"]).path.endswith(f"{address}-{runtime.today()}.{kind}")
    content_of(seen, s3)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_users_keys_and_the_audit_log_are_files(
    browser: Browser, database: Database, s3: "S3Client", kind: str
) -> None:
    admin = browser.sign_in_as(database, Role.ADMIN)
    key_of(database, Role.READER)
    for path, said in (
        ("users", {"Login": "a-admin", "Role": "Admin", "State": "Active"}),
        ("keys", {"Role": "Reader", "State": "Active", "Only customer": ""}),
        ("audit", {"What": "Created an API key", "About": "API key 1"}),
    ):
        page = f"/console/administration/{path}/"
        content = content_of(admin.get(f"{page}{link_of(admin.get(page), {'csv': 'CSV', 'xlsx': 'Excel'}[kind])}"), s3)
        titles, first, *_ = table_of(content, kind)
        found = dict(zip(titles, first, strict=True))
        assert {name: found[name] or "" for name in said} == said


def test_the_file_of_the_audit_log_has_what_its_filters_find_whole(
    browser: Browser, database: Database, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = browser.sign_in_as(database, Role.ADMIN)
    user_of(database, Role.VIEWER, "asha")
    for name in ("Asha Rao", "Asha Menon", "Asha Iyer"):
        admin.send(admin.get("/console/administration/users/2/"), "", name=name, role="viewer")
    monkeypatch.setattr(listing, "FILE_PART", 2)
    content = content_of(admin.get("/console/administration/audit/?action=user_changed&format=csv"), s3)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["Before and after"] for row in rows] == [
        "Name: Asha Menon → Asha Iyer",
        "Name: Asha Rao → Asha Menon",
        "Name: asha of the tests → Asha Rao",
    ]
    assert {row["Who"] for row in rows} == {"a-admin of the tests"}


def test_a_file_has_all_rows_that_match_in_their_order(
    officer: Browser, database: Database, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    number = named(database)
    for nth in range(7):
        applied(database, number, 900_000 + nth % 3)
    monkeypatch.setattr(listing, "FILE_PART", 2)
    content = content_of(officer.get("/console/applications/?sort=amount&format=csv"), s3).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["Application"] for row in rows] == ["1", "4", "7", "2", "5", "3", "6"]
    assert rows[0]["Amount"] == "900000.00"
    assert "limit" in rows[0]["Reasons"]


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x","y")', "+a", "-a", "@a", "＝a", "＠a"])
def test_a_name_that_looks_like_a_formula_stays_a_name_in_every_file(
    officer: Browser, database: Database, s3: "S3Client", name: str
) -> None:
    named(database, name, "")
    content = content_of(officer.get("/console/customers/?format=csv"), s3).decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(content)))["Name"] == f"'{name}"
    book = content_of(officer.get("/console/customers/?format=xlsx"), s3)
    assert rows_of(book)[1][0] == name
    # Also when somebody edits the cell.
    (sheet,) = load_workbook(io.BytesIO(book)).worksheets
    assert [sheet[place].quotePrefix for place in ("A2", "C2")] == [True, False]


def test_a_file_ends_after_so_many_rows(
    officer: Browser, database: Database, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        named(database)
    monkeypatch.setattr(list_files, "MOST_ROWS", 3)
    content = content_of(officer.get("/console/customers/?format=csv"), s3).decode()
    assert len(content.splitlines()) == 4


def test_a_list_is_saved_under_a_name_replaced_renamed_and_deleted(officer: Browser, database: Database) -> None:
    named(database)
    narrowed = officer.get("/console/customers/?exposure_to=1&sort=name&after=0")
    saved = officer.follow(save(officer, narrowed, "Nothing lent"))
    assert "View saved." in saved.words
    assert "Nothing lent" in officer.get("/console/customers/").words
    assert "/console/customers/?exposure_to=1&sort=name" in officer.get("/console/customers/").links()
    assert "Nothing lent" not in officer.get("/console/loans/").words
    officer.follow(save(officer, officer.get("/console/customers/?late=1"), "Nothing lent"))
    assert "/console/customers/?late=1" in officer.get("/console/customers/").links()
    page = officer.get("/console/views/")
    assert "View renamed." in officer.follow(officer.send(page, "1/", name="Late")).words
    assert "Late" in officer.get("/console/customers/").words
    assert "View deleted." in officer.follow(officer.send(page, "1/delete/")).words
    assert officer.send(page, "1/delete/").status == 404
    assert "No saved views yet" in officer.get("/console/views/").words


def test_who_has_as_many_views_as_there_may_be_replaces_one_and_adds_none(
    officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 2)
    page = officer.get("/console/views/")
    for name in ("One", "Two", "Two"):
        sent = officer.send(page, "", list="loans", query="late=1", name=name)
        assert sent.status == 303, sent.words
    for fields in ({"list": "loans", "name": "Three"}, {"list": "customers", "name": "Two"}):
        assert "Delete one first" in officer.send(page, "", query="late=1", **fields).words


def test_nobody_sees_or_changes_the_views_of_others(officer: Browser, database: Database) -> None:
    named(database)
    officer.follow(save(officer, officer.get("/console/customers/?late=1"), "Mine alone"))
    officer.cookies.clear()
    officer.sign_in(user_of(database, Role.VIEWER, "somebody").login)
    assert "Mine alone" not in officer.get("/console/customers/").words
    page = officer.get("/console/views/")
    assert officer.send(page, "1/delete/").status == 404
    assert officer.send(page, "1/", name="Yours").status == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"list": "users", "query": "late=1", "name": "A"},
        {"list": "loans", "query": "late=1&x-y=2", "name": "A"},
        {"list": "loans", "query": "x" * 2000, "name": "A"},
        {"list": "loans", "query": "late=1", "name": " "},
    ],
)
def test_a_view_of_what_is_no_list_is_refused(officer: Browser, fields: dict[str, str]) -> None:
    assert officer.send(officer.get("/console/views/"), "", **fields).status == 400


def test_two_views_of_a_list_cannot_have_one_name(officer: Browser, database: Database) -> None:
    named(database)
    for name in ("One", "Two"):
        save(officer, officer.get("/console/customers/?late=1"), name)
    refused = officer.send(officer.get("/console/views/"), "2/", name="One")
    assert refused.status == 409
    assert 'Another view of this list is called "One" already.' in refused.words


@pytest.mark.parametrize("query", ["late=0", "exposure_from=much", "sort=phone", "format=pdf", f"sort={'x' * 41}"])
def test_what_a_list_cannot_do_is_told(officer: Browser, query: str) -> None:
    assert officer.get(f"/console/customers/?{query}").status == 400


def save(browser: Browser, page: Seen, name: str) -> Seen:
    """Saves the list of a page as its form does."""
    fields = {"list": page.hidden("list"), "query": page.hidden("query"), "name": name}
    return browser.send(page, "/console/views/", **fields)


def content_of(seen: Seen, s3: "S3Client") -> bytes:
    """What lies where a redirect to S3 leads."""
    assert seen.status == 303, seen.words
    key = urlsplit(seen.headers["Location"]).path.removeprefix(f"/{BUCKET}/")
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def table_of(content: bytes, kind: str) -> list[list[object]]:
    """The rows of a file."""
    if kind == "xlsx":
        return rows_of(content)
    return [list(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))]


def rows_of(content: bytes) -> list[list[object]]:
    """The values of a workbook, none of which is a formula."""
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [[cell.value for cell in row] for row in sheet.iter_rows()]
