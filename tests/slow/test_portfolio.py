"""The sample portfolio: what is committed is what the program makes, and it has the quirks of real files."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from chalicelib.rules.calendar import add_months
from chalicelib.rules.money import emi
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import Facts, history_score
from data.make_portfolio import (
    AS_OF,
    customers_workbook,
    loans_workbook,
    make_portfolio,
    receipts_workbook,
)
from data.make_receipts import UNTIL, make_receipts
from data.portfolio_rows import Customer, Loan
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER

DATA = Path(__file__).parents[2] / "data"

CUSTOMERS, LOANS = make_portfolio()
OPENINGS, RECEIPTS = make_receipts(LOANS)


def rows_of(file: Path | BytesIO) -> list[tuple[object, ...]]:
    """Of all sheets, one after the other."""
    return [row for sheet in load_workbook(file).worksheets for row in sheet.iter_rows(values_only=True)]


def loans_by_customer() -> dict[int, list[Loan]]:
    found = defaultdict(list)
    for loan in LOANS:
        found[loan.customer_id].append(loan)
    return found


def current(loans: Sequence[Loan]) -> Iterator[Loan]:
    return (loan for loan in loans if loan.ends_on >= AS_OF)


def facts_of(customer: Customer, loans: Sequence[Loan]) -> Facts:
    return Facts(
        monthly_income=Decimal(customer.monthly_income),
        approved_limit=Decimal(customer.approved_limit),
        loans=len(loans),
        loans_paid_in_full=sum(loan.emis_paid_on_time >= loan.tenure for loan in loans),
        tenure_total=sum(loan.tenure for loan in loans),
        emis_paid_on_time=sum(loan.emis_paid_on_time for loan in loans),
        current_principal=Decimal(sum(loan.loan_amount for loan in current(loans))),
        current_emis=Decimal(sum(loan.monthly_payment for loan in current(loans))),
    )


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("customer_data.xlsx", customers_workbook(CUSTOMERS)),
        ("loan_data.xlsx", loans_workbook(LOANS)),
        ("receipt_data.xlsx", receipts_workbook(OPENINGS, RECEIPTS)),
    ],
)
def test_the_committed_workbook_is_the_one_the_program_makes(name: str, made: bytes) -> None:
    assert rows_of(DATA / name) == rows_of(BytesIO(made))


def test_the_program_makes_the_same_bytes_each_time() -> None:
    customers, loans = make_portfolio()
    assert customers_workbook(customers) == customers_workbook(CUSTOMERS)
    assert loans_workbook(loans) == loans_workbook(LOANS)
    assert receipts_workbook(*make_receipts(loans)) == receipts_workbook(OPENINGS, RECEIPTS)


def test_the_size_is_that_of_a_small_lender() -> None:
    assert (len(CUSTOMERS), len(LOANS)) == (400, 1200)


def test_the_header_is_that_of_the_real_files() -> None:
    assert rows_of(DATA / "customer_data.xlsx")[0] == CUSTOMER_HEADER
    assert rows_of(DATA / "loan_data.xlsx")[0] == LOAN_HEADER


def test_about_four_in_a_hundred_loans_share_their_id_with_a_loan_of_another_customer() -> None:
    holders = defaultdict(list)
    for loan in LOANS:
        holders[loan.loan_id].append(loan.customer_id)
    shared = [customers for customers in holders.values() if len(customers) > 1]
    assert 40 <= len(shared) <= 50
    assert all(len(set(customers)) == len(customers) for customers in shared)


def test_a_customer_has_no_loan_twice() -> None:
    assert max(Counter((loan.customer_id, loan.loan_id) for loan in LOANS).values()) == 1


def test_blank_rows_trail_the_customers() -> None:
    rows = rows_of(DATA / "customer_data.xlsx")
    assert len(rows) > 401
    assert all(cell is None for row in rows[401:] for cell in row)


def test_some_customers_have_no_loans() -> None:
    assert len(CUSTOMERS) - len(loans_by_customer()) == 24


def test_the_limit_is_no_multiple_of_the_income() -> None:
    ratios = {customer.approved_limit / customer.monthly_income for customer in CUSTOMERS}
    assert len(ratios) > 200


def test_most_instalments_are_not_the_emi_and_some_do_not_repay_the_loan() -> None:
    exact = [int(emi(Decimal(x.loan_amount), Decimal(repr(x.interest_rate)), x.tenure)) for x in LOANS]
    assert sum(loan.monthly_payment == wanted for loan, wanted in zip(LOANS, exact, strict=True)) < 20
    assert any(loan.monthly_payment * loan.tenure < loan.loan_amount for loan in LOANS)


def test_every_loan_runs_its_tenure_and_is_paid_no_longer() -> None:
    for loan in LOANS:
        assert loan.ends_on == add_months(loan.approved_on, loan.tenure)
        assert 0 <= loan.emis_paid_on_time <= loan.tenure
        assert date(2010, 1, 1) <= loan.approved_on <= AS_OF


def test_every_band_of_the_score_has_customers() -> None:
    bands: Counter[Decimal | None] = Counter()
    owned = loans_by_customer()
    for customer in CUSTOMERS:
        if loans := owned.get(customer.customer_id):
            slab = STANDARD_1.slab_for(history_score(facts_of(customer, loans), STANDARD_1))
            bands[slab.rate_floor if slab else None] += 1
    assert set(bands) == {Decimal(0), Decimal(12), Decimal(16), None}
    assert min(bands.values()) >= 10


def test_some_customers_are_over_their_limit_and_some_pay_more_than_half_of_their_income() -> None:
    owned = loans_by_customer()
    facts = [facts_of(customer, owned[customer.customer_id]) for customer in CUSTOMERS]
    assert sum(one.current_principal > one.approved_limit for one in facts) >= 10
    assert sum(one.current_emis > one.monthly_income / 2 for one in facts) >= 10


def test_some_loans_have_a_year_of_receipts_with_prepayments_settlements_and_reversals() -> None:
    assert len(OPENINGS) >= 60
    assert {row.loan_id for row in RECEIPTS} == {row.loan_id for row in OPENINGS}
    assert {row.opening_date for row in OPENINGS} == {add_months(UNTIL, -12)}
    assert all(add_months(UNTIL, -12) < row.payment_date <= UNTIL for row in RECEIPTS)
    intents = Counter(row.intent for row in RECEIPTS)
    assert intents["prepayment"] >= 3
    assert intents["settlement"] >= 2
    assert sum(row.reverses_reference is not None for row in RECEIPTS) >= 5


def test_the_receipts_of_another_day_go_up_to_it() -> None:
    _, receipts = make_receipts(LOANS, date(2027, 3, 31))
    assert max(row.payment_date for row in receipts) > date(2027, 3, 1)
