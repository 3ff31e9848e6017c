"""The life of a loan in the console: what it owes, receipts and all else that is recorded, collections, statements."""

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from chalicelib import runtime
from chalicelib.console.frame.rendering import formats
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.money import ZERO
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.values import Effect, Intent, Kind
from chalicelib.services import counted_books, servicing_accounts, statistics
from chalicelib.services.servicing import Wanted, WantedOpening
from tests.support.console.browser import Browser, Seen, names_in
from tests.support.customers import named
from tests.support.lending import record
from tests.support.loan_lives import a_loan, an_imported_loan, receipt, stored_position
from tests.support.people import TEST

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOAN = "/console/loans/1/"
EMI = Decimal("1066.19")
# What a page may weigh.
MOST = 100_000


@pytest.fixture
def officer(browser: Browser, database: Database) -> Browser:
    """The browser of somebody who may record everything."""
    return browser.sign_in_as(database, Role.OFFICER)


def months_ago(months: int) -> date:
    """A day so many due dates before today, the last of which is some days over."""
    last = runtime.today() - timedelta(days=5)
    counted = last.year * 12 + last.month - 1 - months
    return date(counted // 12, counted % 12 + 1, min(last.day, 28))


def lent(database: Database, months: int = 3, **changes: object) -> int:
    """A loan of 12,000 at 12% for 12 months, of which the customer is Rudra Singh."""
    return a_loan(database, named(database), start=months_ago(months), **changes)  # type: ignore[arg-type]


def paid(database: Database, loan: int, amount: Decimal | str, day: date | None = None, **changes: object) -> None:
    record(database, loan, receipt(amount, day, **changes), runtime.today(), TEST)  # type: ignore[arg-type]


def opened(browser: Browser, path: str) -> Seen:
    seen = browser.get(path)
    assert seen.status == 200, seen.words
    assert len(seen.text.encode()) < MOST
    return seen


def filled(browser: Browser, path: str, **fields: object) -> Seen:
    """Opens a form, fills it in and sends it, and goes where it leads."""
    page = opened(browser, path)
    sent = {"idempotency_key": page.hidden("idempotency_key"), "do": "record"} | fields
    return browser.follow(browser.send(page, path, **sent))


def test_a_loan_opens_at_today(officer: Browser, database: Database) -> None:
    loan = lent(database)
    paid(database, loan, EMI, due_date(months_ago(3), 1), reference="UPI-1")
    words = opened(officer, LOAN).words
    standing = servicing_accounts.view_account(database, loan, runtime.today()).account.standing
    assert standing.days_past_due > 0
    assert "Loan 1 SMA" in words
    assert f"{standing.days_past_due} days" in words
    assert "Outstanding today ₹11," in words
    assert "Days past due" in words
    assert "Next instalment ₹" in words


def test_instalments_say_what_covered_them_and_whether_on_time(officer: Browser, database: Database) -> None:
    loan, start = lent(database), months_ago(3)
    paid(database, loan, EMI, due_date(start, 1))
    paid(database, loan, EMI, due_date(start, 2) + timedelta(days=5))
    words = opened(officer, LOAN).words
    assert re.search(r"1 \S+ \S+ \S+ Paid on time ₹1,066.19 ₹1,066.19 – No. 2 on", words)
    assert re.search(r"2 \S+ \S+ \S+ Paid late ₹1,066.19 ₹1,066.19 – No. 3 on", words)
    assert "Overdue ₹1,066.19" in words
    assert "To come" in words
    assert "1 paid on time, 10 left" in words


def test_the_ledger_says_who_recorded_what_and_how_it_was_split(officer: Browser, database: Database) -> None:
    loan = lent(database)
    paid(database, loan, "500", due_date(months_ago(3), 1), reference="UPI-77")
    words = opened(officer, LOAN).words
    assert "2 transactions" in words
    assert "UPI-77" in words
    assert "the test" in words
    assert "₹500.00 ₹120.00 ₹380.00" in words


def test_the_page_shows_a_loan_as_of_any_day_and_says_which(officer: Browser, database: Database) -> None:
    loan, start = lent(database), months_ago(3)
    paid(database, loan, EMI, due_date(start, 1))
    paid(database, loan, EMI, due_date(start, 2) + timedelta(days=5))
    day = due_date(start, 2) + timedelta(days=2)
    seen = opened(officer, f"{LOAN}?as_of={day}")
    assert "as it is known today: later transactions are left out." in seen.words
    assert f'value="{day}"' in seen.text
    assert "Overdue ₹1,066.19" in seen.words
    assert "Days past due 2" in seen.words
    assert "1 paid on time, 11 left" in seen.words
    assert "Receipt Later" in seen.words
    assert "Record a receipt" not in seen.words
    assert "Reverse" not in seen.words
    ahead = opened(officer, f"{LOAN}?as_of={due_date(start, 12)}&instalment=1")
    assert "if nothing happens before then." in ahead.words
    assert "Outstanding on" in ahead.words
    early = opened(officer, f"{LOAN}?as_of={start - timedelta(days=1)}")
    assert "Earlier days are not known." in early.words
    for wrong in ("soon", "2300-01-01"):
        refused = officer.get(f"{LOAN}?as_of={wrong}")
        assert refused.status == 400
        assert "Outstanding today" in refused.words
        assert f'value="{wrong}"' in refused.text


def test_the_parts_of_the_page_stay_on_the_day_that_is_shown(officer: Browser, database: Database) -> None:
    start = months_ago(3)
    lent(database, tenure=30)
    seen = opened(officer, f"{LOAN}?as_of={due_date(start, 1)}")
    assert f'href="?as_of={due_date(start, 1)}&amp;instalment=13#instalments"' in seen.text


def test_a_viewer_sees_it_all_and_is_offered_nothing_to_record(browser: Browser, database: Database) -> None:
    lent(database)
    viewer = browser.sign_in_as(database, Role.VIEWER)
    seen = opened(viewer, LOAN)
    assert "Record a receipt" not in seen.words
    assert "Reverse" not in seen.words
    for path in ("receipts", "refunds", "waivers", "write-off", "opening", "transactions/1/reversal"):
        assert viewer.get(f"{LOAN}{path}/").status == 403
    assert opened(viewer, f"{LOAN}settlement/").status == 200
    assert "Collections" in seen.words


def test_a_receipt_is_previewed_and_recorded(officer: Browser, database: Database) -> None:
    loan, day = lent(database), due_date(months_ago(3), 1)
    fields = {"amount": "1,066.19", "value_date": day, "purpose": "instalment", "reference": "R1", "channel": "UPI"}
    page = opened(officer, f"{LOAN}receipts/")
    preview = officer.send(page, f"{LOAN}receipts/", do="preview", **fields)
    assert preview.status == 200
    # The day in words: a browser may show 5 June as 06/05.
    assert f"On {formats().plain_day(day)} , ₹1,066.19 pays Interest ₹120.00 Principal ₹946.19" in preview.words
    assert 'value="1,066.19"' in preview.text
    assert stored_position(database, loan).principal == 1_200_000  # type: ignore[union-attr]
    after = filled(officer, f"{LOAN}receipts/", **fields)
    assert after.path == LOAN
    assert "Receipt recorded." in after.words
    assert "R1 · UPI" in after.words
    assert "a-officer of the tests" in after.words
    assert stored_position(database, loan).principal == 1_105_381  # type: ignore[union-attr]


def test_the_script_gets_the_preview_alone(officer: Browser, database: Database) -> None:
    lent(database)
    page = opened(officer, f"{LOAN}receipts/")
    assert "data-preview" in page.text
    day = due_date(months_ago(3), 1)
    sent = officer.send(page, f"{LOAN}receipts/", part="preview", amount="200", value_date=day)
    assert "<html" not in sent.text
    assert "Interest ₹120.00 Principal ₹80.00" in sent.words
    empty = officer.send(page, f"{LOAN}receipts/", part="preview", amount="", value_date=day)
    assert "Type an amount to see" in empty.words
    wrong = officer.send(page, f"{LOAN}receipts/", part="preview", amount="much", value_date=day)
    assert "The amount must be an amount, for example 1,20,000" in wrong.words
    settling = officer.send(page, f"{LOAN}receipts/", part="preview", amount="5", value_date=day, purpose="settlement")
    assert "The settlement on this day is ₹12,120, not ₹5: ₹12,000 principal, ₹120 interest." in settling.words


def test_a_double_click_records_one_receipt(officer: Browser, database: Database) -> None:
    lent(database)
    page = opened(officer, f"{LOAN}receipts/")
    fields = {"idempotency_key": page.hidden("idempotency_key"), "amount": "100", "do": "record"}
    for _ in range(2):
        assert officer.send(page, f"{LOAN}receipts/", **fields).status == 303
    assert "2 transactions" in opened(officer, LOAN).words


def test_a_known_reference_is_told_and_not_recorded_twice(officer: Browser, database: Database) -> None:
    loan = lent(database)
    paid(database, loan, "100", reference="UPI-9")
    again = filled(officer, f"{LOAN}receipts/", amount="100", reference="UPI-9")
    assert "Nothing was recorded twice." in again.words
    other = filled(officer, f"{LOAN}receipts/", amount="250", reference="UPI-9")
    assert other.status == 409
    assert "This reference was recorded before, with ₹100." in other.words
    assert 'aria-describedby="f-reference-wrong' in other.text


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"amount": ""}, 400, "Is required"),
        ({"amount": "0"}, 400, "Must be above ₹0"),
        ({"amount": "1.005"}, 400, "Must have at most 2 decimals"),
        ({"amount": "5", "value_date": "soon"}, 400, "Must be a date from 1950 to 2199"),
        ({"amount": "5", "value_date": "2199-01-01"}, 400, "1 Jan 2199 is in the future; today is "),
        ({"amount": "5", "value_date": "2001-01-01"}, 400, "1 Jan 2001 is before "),
        ({"amount": "5", "purpose": "fun"}, 400, "Must be one of those in the list"),
        ({"amount": "5", "purpose": "settlement"}, 409, "The settlement on this day is ₹12,"),
        ({"amount": "5", "purpose": "shorter_tenure"}, 409, "is overdue on this day."),
    ],
)
def test_what_is_wrong_with_a_receipt_stands_beside_its_field(
    officer: Browser, database: Database, fields: dict[str, str], status: int, sentence: str
) -> None:
    lent(database)
    seen = filled(officer, f"{LOAN}receipts/", **fields)
    assert seen.status == status
    assert sentence in seen.words
    assert "field-wrong" in seen.text
    assert "1 transaction," in opened(officer, LOAN).words


def test_a_transaction_is_reversed_with_a_reason_and_both_stay_in_the_ledger(
    officer: Browser, database: Database
) -> None:
    loan = lent(database)
    before = stored_position(database, loan)
    paid(database, loan, "700", reference="R-5")
    path = f"{LOAN}transactions/2/reversal/"
    page = opened(officer, path)
    assert "No. 2: Receipt of ₹700 on" in page.words
    refused = filled(officer, path, reason="oops")
    assert refused.status == 400
    assert "Must be a reason of" in refused.words
    after = filled(officer, path, reason="Typed for the wrong loan")
    assert "as if it had never been recorded" in after.words
    assert "Reversed by No. 3" in after.words
    assert "“Typed for the wrong loan”" in after.words
    assert stored_position(database, loan)._replace(on=None, rank=0) == before._replace(on=None, rank=0)  # type: ignore[union-attr]
    again = filled(officer, path, reason="Typed for the wrong loan")
    assert again.status == 409
    assert "Transaction 2 was reversed already, by transaction 3." in again.words
    assert officer.get(f"{LOAN}transactions/9/reversal/").status == 404


def test_a_settlement_is_quoted_and_recorded_at_its_quote(officer: Browser, database: Database) -> None:
    loan, today = lent(database), runtime.today()
    total = servicing_accounts.quote_settlement(database, loan, today).settlement.total
    seen = opened(officer, f"{LOAN}settlement/")
    assert "pays the loan off today" in seen.words
    assert f"receipts/?purpose=settlement&amp;amount={total}&amp;value_date={today}" in seen.text
    later = opened(officer, f"{LOAN}settlement/?on={today + timedelta(days=20)}")
    assert "Record the settlement" not in later.words
    after = filled(officer, f"{LOAN}receipts/", amount=total, value_date=today, purpose="settlement")
    assert "Loan 1 Closed" in after.words
    assert "Record a receipt" not in after.words
    closed = officer.get(f"{LOAN}settlement/")
    assert closed.status == 409
    assert "The loan was closed on" in closed.words
    assert officer.get(f"{LOAN}settlement/?on=soon").status == 400


def test_a_prepayment_is_compared_by_both_effects_and_recorded(officer: Browser, database: Database) -> None:
    loan = lent(database, months=0)
    assert "Prepaid today" in opened(officer, f"{LOAN}prepayment/").words
    seen = opened(officer, f"{LOAN}prepayment/?amount=5,000")
    assert "Fewer instalments Lower instalments" in seen.words
    assert "Interest saved" in seen.words
    assert any("purpose=lower_instalment" in link for link in seen.links())
    assert officer.get(f"{LOAN}prepayment/?amount=nothing").status == 400
    after = filled(officer, f"{LOAN}receipts/", amount="5000", purpose="lower_instalment")
    assert "Receipt as a prepayment, lower instalments" in after.words
    demands = stored_position(database, loan).demands  # type: ignore[union-attr]
    assert len(demands) >= 1


def test_a_prepayment_is_not_compared_in_arrears(officer: Browser, database: Database) -> None:
    lent(database)
    seen = officer.get(f"{LOAN}prepayment/?amount=5000")
    assert seen.status == 409
    assert "is overdue on this day. Record that for instalments before the prepayment." in seen.words


def test_credit_is_refunded_and_no_more_than_there_is(officer: Browser, database: Database) -> None:
    loan = lent(database)
    paid(database, loan, "20000")
    seen = opened(officer, LOAN)
    assert "in credit" in seen.words
    credit = servicing_accounts.view_account(database, loan, runtime.today()).account.standing.credit
    too_much = filled(officer, f"{LOAN}refunds/", amount="30000", reason="paid too much")
    assert too_much.status == 409
    assert "so ₹30,000 cannot be refunded." in too_much.words
    after = filled(officer, f"{LOAN}refunds/", amount=credit, reason="paid too much", channel="NEFT")
    assert "Refund recorded." in after.words
    assert "in credit" not in after.words


def test_a_receipt_that_a_refund_stands_on_names_the_refund(officer: Browser, database: Database) -> None:
    loan = lent(database)
    paid(database, loan, "20000")
    filled(officer, f"{LOAN}refunds/", amount="10", reason="paid too much")
    refused = filled(officer, f"{LOAN}transactions/2/reversal/", reason="typed twice by mistake")
    assert refused.status == 409
    assert "Transaction 3, which is later, could not stand after this. Reverse that first." in refused.words


def test_what_is_owed_is_waived_and_no_more(officer: Browser, database: Database) -> None:
    lent(database)
    too_much = filled(officer, f"{LOAN}waivers/", amount="30000", intent="interest", reason="goodwill of the lender")
    assert too_much.status == 409
    assert "can be waived on this day, not ₹30,000." in too_much.words
    after = filled(officer, f"{LOAN}waivers/", amount="50", intent="interest", reason="goodwill of the lender")
    assert "Waiver of interest" in after.words
    assert "₹50.00 ₹50.00" in after.words


def test_a_loan_is_written_off_with_a_reason(officer: Browser, database: Database) -> None:
    lent(database)
    page = opened(officer, f"{LOAN}write-off/")
    preview = officer.send(page, f"{LOAN}write-off/", part="preview", value_date=runtime.today())
    assert "is written off" in preview.words
    assert filled(officer, f"{LOAN}write-off/", reason="").status == 400
    yesterday = runtime.today() - timedelta(days=1)
    after = filled(officer, f"{LOAN}write-off/", reason="customer has died", value_date=yesterday)
    assert "Loan 1 Written off" in after.words
    refused = filled(officer, f"{LOAN}receipts/", amount="5")
    assert refused.status == 409
    assert "Reverse that first." in refused.words


def test_dates_in_the_sentences_of_errors_are_written_in_words(officer: Browser, database: Database) -> None:
    lent(database)
    number = an_imported_loan(database, named(database))
    opening = {"amount": "99,999", "interest_due": "0", "instalments_left": "3", "value_date": runtime.today()}
    page = opened(officer, f"/console/loans/{number}/opening/")
    typed = opening | {"first_unpaid_due_date": "2001-02-03", "idempotency_key": page.hidden("idempotency_key")}
    told = (
        (officer.get(f"{LOAN}settlement/?on=2001-02-03"), "3 Feb 2001 is before "),
        (officer.get(f"{LOAN}statement/?to=2001-02-03"), "A statement cannot end on 3 Feb 2001, before it begins on "),
        (
            officer.get(f"{LOAN}statement/?from=2001-02-03&to=2001-01-31"),
            "before From, which is 3 Feb 2001; got 31 Jan",
        ),
        (officer.get(f"/console/loans/{number}/opening/?on=2001-02-03"), "The loan starts on "),
        (officer.send(page, "", **typed), "The first unpaid due date, 3 Feb 2001, is no due date of a loan of "),
        (officer.send(page, "", **typed), "The principal outstanding, ₹99,999, cannot be more than the loan, ₹"),
        (opened_preview(officer, amount="5", value_date="2199-01-01"), "1 Jan 2199 is in the future"),
    )
    for seen, sentence in told:
        assert sentence in seen.words
        wrong = " ".join(re.findall(r'(?:field-wrong|role="alert")[^>]*>([^<]*)', seen.text))
        assert not re.search(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", wrong), wrong


def opened_preview(officer: Browser, **fields: object) -> Seen:
    """What a script shows of a receipt while it is typed."""
    return officer.send(opened(officer, f"{LOAN}receipts/"), f"{LOAN}receipts/", part="preview", **fields)


def test_an_imported_loan_is_opened_as_proposed(officer: Browser, database: Database) -> None:
    start = months_ago(5)
    number = an_imported_loan(database, named(database), start_date=start, end_date=due_date(start, 12))
    path = f"/console/loans/{number}/"
    before = opened(officer, path)
    assert "This loan is not serviced here yet." in before.words
    proposed = opened(officer, f"{path}opening/?on={runtime.today()}&paid=3")
    fields = {
        name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', proposed.text)[1]  # type: ignore[index]
        for name in ("amount", "interest_due", "first_unpaid_due_date", "instalments_left")
    }
    assert (fields["instalments_left"], fields["first_unpaid_due_date"]) == ("9", due_date(start, 4).isoformat())
    wrong = filled(officer, f"{path}opening/?paid=3", **fields | {"value_date": runtime.today(), "amount": "99999"})
    assert wrong.status == 400
    assert "cannot be more than the loan" in wrong.words
    after = filled(officer, f"{path}opening/?paid=3", **fields, value_date=runtime.today())
    assert "The loan is serviced here from now on." in after.words
    assert "Opening" in after.words
    again = officer.get(f"{path}opening/")
    assert again.status == 409
    assert "The loan is serviced here since" in again.words


def test_an_opening_that_leaves_nothing_is_not_proposed(officer: Browser, database: Database) -> None:
    number = an_imported_loan(database, named(database))
    for query in ("paid=12", "paid=many", "on=soon", "paid=3&on=2001-01-01"):
        seen = officer.get(f"/console/loans/{number}/opening/?{query}")
        assert seen.status == 400
        assert "field-wrong" in seen.text or 'role="alert"' in seen.text


def test_a_statement_adds_up_as_page_csv_and_workbook(officer: Browser, database: Database, s3: "S3Client") -> None:
    loan, start = lent(database), months_ago(3)
    paid(database, loan, EMI, due_date(start, 1), reference="=SUM(A1)")
    record(database, loan, Wanted(Kind.REVERSAL, reverses=2, reason="typed twice"), runtime.today(), TEST)
    paid(database, loan, "900", due_date(start, 2))
    made = servicing_accounts.view_statement(database, loan, since=None, until=runtime.today()).statement
    words = opened(officer, f"{LOAN}statement/").words
    assert "Opening balance ₹0.00" in words
    assert "Disbursal No. 1 ₹12,000.00" in words
    assert "Interest ₹120.00" in words
    assert "reversed by No. 3" in words
    assert f"Closing balance ₹{made.closing_balance:,.2f}" in words
    rows = list(csv.reader(io.StringIO(officer.get(f"{LOAN}statement/?format=csv").text)))
    assert rows[0][:3] == ["value_date", "kind", "transaction"]
    debit, credit = (sum(Decimal(row[place] or 0) for row in rows[2:-1]) for place in (5, 6))
    assert Decimal(rows[1][7]) + debit - credit == Decimal(rows[-1][7]) == made.closing_balance
    assert rows[-1][5:7] == [f"{debit}", f"{credit}"]
    assert "'=SUM(A1)" in {row[3] for row in rows}
    seen = officer.get(f"{LOAN}statement/?format=xlsx")
    assert seen.status == 303
    bucket = runtime.settings().import_bucket
    key = s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Key"]
    assert key.endswith("loan-1-statement.xlsx")
    sheet = load_workbook(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())).active
    assert sheet is not None
    cells = list(sheet.iter_rows(values_only=True))
    assert [row[1] for row in cells if str(row[1]).endswith("balance")] == ["Opening balance", "Closing balance"]
    assert Decimal(str(cells[-1][7])) == made.closing_balance


def test_a_statement_of_some_days_begins_with_what_was_owed(officer: Browser, database: Database) -> None:
    lent(database)
    start = months_ago(3)
    seen = opened(officer, f"{LOAN}statement/?from={due_date(start, 1)}&to={due_date(start, 2)}")
    assert "Opening balance ₹12,120.00" in seen.words
    assert f'value="{due_date(start, 2)}"' in seen.text
    for query in ("from=soon", "from=2026-05-02&to=2026-05-01"):
        refused = officer.get(f"{LOAN}statement/?{query}")
        assert refused.status == 400
        assert "field-wrong" in refused.text


def test_loans_that_need_an_opening_are_named_on_the_first_page_with_a_workbook_that_proposes_them(
    officer: Browser, database: Database
) -> None:
    who = named(database)
    told_of = an_imported_loan(database, who, source_loan_id=None, end_date=None)
    an_imported_loan(database, who, end_date=None)
    counted_books.overviews.cache_clear()
    home = opened(officer, "/console/")
    assert (
        f"Loan {told_of} of customer {who} was made here, and a workbook said that 3 of its instalments" in home.words
    )
    assert "1 imported loan is current but not serviced here yet." in home.words
    an_imported_loan(database, who, source_loan_id=78, end_date=runtime.today() - timedelta(days=1))
    assert "/console/loans/?state=unopened" in home.links()
    assert names_in(opened(officer, "/console/loans/?state=unopened")) == [f"Loan {told_of + 1}", f"Loan {told_of}"]
    assert "but a workbook said that 3 of its instalments were paid on time" in opened(officer, LOAN).words
    assert "./loans/openings/" in home.text


def test_a_loan_that_is_not_serviced_has_no_statement_yet(officer: Browser, database: Database) -> None:
    number = an_imported_loan(database, named(database))
    for page in ("statement/", "settlement/", "prepayment/?amount=5"):
        seen = officer.get(f"/console/loans/{number}/{page}")
        assert seen.status == 409
        assert "Record its opening first" in seen.words


def test_a_long_life_comes_in_pages_under_100_kb(officer: Browser, database: Database) -> None:
    start = runtime.today() - timedelta(days=900)
    loan = a_loan(database, named(database), start=start, tenure=360, amount="500000")
    for days in range(1, 160):
        paid(database, loan, "2000", start + timedelta(days=5 * days), reference=f"NACH-{days:08d}")
    seen = opened(officer, LOAN)
    assert "160 transactions" in seen.words
    earlier = re.search(r'href="(\?before=\d+)#ledger" rel="next"', seen.text)
    assert earlier
    earlier_page = opened(officer, f"{LOAN}{earlier[1]}").text
    assert "NACH-00000159" not in earlier_page.partition('id="history"')[0]
    assert re.search(r"Schedule as agreed 1 to 12 .* 61 to 72 ", seen.words)
    assert ">1</th>" not in seen.text.partition('id="ledger"')[0]
    assert ">1</th>" in opened(officer, f"{LOAN}?instalment=1").text.partition('id="ledger"')[0]
    statement = opened(officer, f"{LOAN}statement/")
    assert "Closing balance" not in statement.words
    following = re.search(r'href="(\?line=\d+)" rel="next"', statement.text)
    assert following
    assert "Brought forward" in opened(officer, f"{LOAN}statement/{following[1]}").words


def test_the_list_of_loans_and_a_customer_say_what_is_owed_and_how_late(officer: Browser, database: Database) -> None:
    who = named(database)
    late, fine = a_loan(database, who, start=months_ago(3)), a_loan(database, named(database), start=runtime.today())
    days = servicing_accounts.view_account(database, late, runtime.today()).account.standing.days_past_due
    words = opened(officer, "/console/loans/").words
    assert f"{days} days" in words
    assert re.search(rf"Loan {fine} Rudra Singh Standard ₹12,000 12% ₹1,066.19 0 of 12 ₹12,000 –", words)
    customer = opened(officer, f"/console/customers/{who}/").words
    assert f"today on 1 loan, of which ₹3,198.57 is overdue , up to {days} days." in customer
    assert "Rudra Singh" in customer


def test_collections_of_a_new_book_say_what_will_stand_there(officer: Browser) -> None:
    seen = opened(officer, "/console/collections/")
    assert "No open loans yet" in seen.words
    assert "/console/loans/" in seen.links()


def test_collections_count_each_class_and_list_its_loans_oldest_first(officer: Browser, database: Database) -> None:
    for phone in ("9000000001", "9000000002"):
        a_loan(database, named(database, phone=phone), start=months_ago(2))
    oldest = a_loan(database, named(database, "Asha", "Rao", "9000000003"), start=months_ago(7))
    a_loan(database, named(database, phone="9000000004"), start=runtime.today())
    seen = opened(officer, "/console/collections/")
    assert "4 open loans" in seen.words
    assert names_in(seen) == [f"Loan {oldest}"]
    assert "NPA 91 days and more 1 ₹12,000" in seen.words
    assert 'href="tel:+919000000003"' in seen.text
    late = servicing_accounts.view_account(database, 1, runtime.today()).account.standing
    listed = opened(officer, f"/console/collections/?bucket={late.bucket.code}")
    assert names_in(listed) == ["Loan 1", "Loan 2"]
    assert f"/console/loans/1/receipts/?amount={late.due}" in listed.links()
    empty = opened(officer, "/console/collections/?bucket=SMA-2")
    assert "No loans in this class" in empty.words or names_in(empty)
    assert officer.get("/console/collections/?bucket=BAD").status == 400
    # Behind a loan without a due date, which is last, there is none that is late.
    assert "No loans in this class" in opened(officer, "/console/collections/?bucket=NPA&after=1").words


def test_collections_are_saved_as_csv_with_phone_numbers(officer: Browser, database: Database) -> None:
    number = a_loan(database, named(database, "=cmd", "Rao", "9000000003"), start=months_ago(7))
    seen = officer.get("/console/collections/?bucket=NPA&format=csv")
    assert seen.headers["Content-Disposition"].startswith('attachment; filename="collections-npa-')
    rows = list(csv.DictReader(io.StringIO(seen.text)))
    standing = servicing_accounts.view_account(database, number, runtime.today()).account.standing
    assert [(row["loan"], row["phone"], row["class"]) for row in rows] == [(f"{number}", "9000000003", "NPA")]
    assert Decimal(rows[0]["overdue"]) == standing.overdue
    assert rows[0]["name"].startswith("'=cmd")


def test_the_loans_of_a_class_come_in_pages(officer: Browser, database: Database) -> None:
    for _ in range(30):
        a_loan(database, named(database), start=months_ago(7))
    first = opened(officer, "/console/collections/?bucket=NPA")
    following = re.search(r'href="(\?[^"]+)#loans" rel="next"', first.text)
    assert following
    second = opened(officer, f"/console/collections/{following[1].replace('&amp;', '&')}")
    assert (len(names_in(first)), len(names_in(second))) == (25, 5)
    assert not set(names_in(first)) & set(names_in(second))


def test_paying_on_time_and_early_is_recorded_with_its_effects(officer: Browser, database: Database) -> None:
    loan = lent(database, months=0)
    paid(database, loan, "2000", intent=Intent.PREPAYMENT, effect=Effect.SHORTER_TENURE)
    assert "Receipt as a prepayment, fewer instalments" in opened(officer, LOAN).words


def test_home_says_what_is_outstanding_and_overdue_and_what_came_in(officer: Browser, database: Database) -> None:
    late = lent(database)
    older = a_loan(database, named(database), start=months_ago(7), tenure=5)
    lowered = a_loan(database, named(database), start=months_ago(3))
    for day in (1, 2):
        paid(database, lowered, EMI, due_date(months_ago(3), day))
    paid(
        database, lowered, "3000", due_date(months_ago(3), 2), intent=Intent.PREPAYMENT, effect=Effect.LOWER_INSTALMENT
    )
    today = runtime.today()
    accounts = [servicing_accounts.view_account(database, loan, today).account for loan in (late, older, lowered)]
    overview = statistics.count(database, STANDARD_1, today)
    assert overview.outstanding == sum(each.standing.principal for each in accounts)
    # The interest of the last instalment is counted by an average month.
    assert abs(overview.servicing.overdue - sum(each.standing.overdue for each in accounts)) < 20
    exact = sum(accounts[place].standing.overdue for place in (0, 2))
    paid(database, older, "20000")
    assert statistics.count(database, STANDARD_1, today).servicing.overdue == exact
    this_month = [
        row.demanded
        for each in (accounts[0], accounts[2])
        for row in each.instalments
        if (row.due_date.year, row.due_date.month) == (today.year, today.month)
    ]
    counted = statistics.count(database, STANDARD_1, today).servicing
    assert counted.demanded_in_all == sum(this_month)
    received = sum(
        each.amount
        for loan in (late, older, lowered)
        for each in servicing_accounts.view_account(database, loan, today).transactions
        if each.kind is Kind.RECEIPT and each.value_date >= today.replace(day=1)
    )
    assert counted.received == received
    # The sign-in led to an overview that is kept for a while.
    counted_books.overviews.cache_clear()
    words = opened(officer, "/console/").words
    assert "2 of 2 loans are late" in words
    assert "Money this month" in words
    assert "Late loans by class" in words


@pytest.mark.usefixtures("officer")
def test_home_counts_of_a_late_shortened_loan_no_more_than_is_left_of_it(database: Database) -> None:
    loan, start = lent(database, months=5), months_ago(5)
    paid(database, loan, EMI, due_date(start, 1))
    paid(database, loan, "10900", due_date(start, 1), intent=Intent.PREPAYMENT, effect=Effect.SHORTER_TENURE)
    owed = servicing_accounts.view_account(database, loan, runtime.today()).account.standing
    assert 0 < owed.overdue == owed.outstanding < EMI
    counted = statistics.count(database, STANDARD_1, runtime.today()).servicing
    assert abs(counted.overdue - owed.overdue) < 1


@pytest.mark.usefixtures("officer")
def test_home_counts_interest_at_the_rate_that_it_runs_at(database: Database) -> None:
    # 12% flat: 1,440 of interest in twelve instalments, which is 21.5% of what is left.
    start = months_ago(16)
    loan = an_imported_loan(database, monthly_installment=Decimal(1120), start_date=start, end_date=None)
    told = WantedOpening(ZERO, due_date(start, 1), 12)
    record(database, loan, Wanted(Kind.OPENING, Decimal(12_000), start, opening=told), runtime.today(), TEST)
    owed = servicing_accounts.view_account(database, loan, runtime.today()).account.standing
    assert owed.overdue > 15_000
    counted = statistics.count(database, STANDARD_1, runtime.today()).servicing
    assert abs(counted.overdue - owed.overdue) < 20


@pytest.mark.usefixtures("officer")
def test_home_counts_the_instalment_of_this_month_if_several_prepayments_lowered_later_ones(
    database: Database,
) -> None:
    loan, start = lent(database, months=2), months_ago(2)
    paid(database, loan, EMI * 6, start)
    for day in (due_date(start, 1), due_date(start, 2)):
        paid(database, loan, "500", day, intent=Intent.PREPAYMENT, effect=Effect.LOWER_INSTALMENT)
    counted = statistics.count(database, STANDARD_1, runtime.today()).servicing
    assert counted.demanded_in_all == EMI
