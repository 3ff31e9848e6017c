"""The sample portfolio: what is committed is what the program makes, and it has the quirks of real files."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

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
from data.make_receipts import UNTIL, OpeningRow, ReceiptRow, make_receipts
from data.portfolio_rows import Customer, Loan
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER

DATA = Path(__file__).parents[2] / "data"


class Portfolio(NamedTuple):
    """What the program makes."""

    customers: list[Customer]
    loans: list[Loan]


# When a test asks for it: every one of the processes that run side by side reads this file.
@cache
def portfolio() -> Portfolio:
    return Portfolio(*make_portfolio())


@cache
def year_of_receipts() -> tuple[list[OpeningRow], list[ReceiptRow]]:
    return make_receipts(portfolio().loans)


def rows_of(file: Path | BytesIO) -> list[tuple[object, ...]]:
    """Of all sheets, one after the other."""
    return [row for sheet in load_workbook(file).worksheets for row in sheet.iter_rows(values_only=True)]


def loans_by_customer() -> dict[int, list[Loan]]:
    found = defaultdict(list)
    for loan in portfolio().loans:
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
        ("customer_data.xlsx", lambda: customers_workbook(portfolio().customers)),
        ("loan_data.xlsx", lambda: loans_workbook(portfolio().loans)),
        ("receipt_data.xlsx", lambda: receipts_workbook(*year_of_receipts())),
    ],
)
def test_the_committed_workbook_is_the_one_the_program_makes(name: str, made: Callable[[], bytes]) -> None:
    assert rows_of(DATA / name) == rows_of(BytesIO(made()))


def test_the_program_makes_the_same_bytes_each_time() -> None:
    customers, loans = make_portfolio()
    first_customers, first_loans = portfolio()
    assert customers_workbook(customers) == customers_workbook(first_customers)
    assert loans_workbook(loans) == loans_workbook(first_loans)
    assert receipts_workbook(*make_receipts(loans)) == receipts_workbook(*year_of_receipts())


def test_the_size_is_that_of_a_small_lender() -> None:
    assert (len(portfolio().customers), len(portfolio().loans)) == (400, 1200)


def test_the_header_is_that_of_the_real_files() -> None:
    assert rows_of(DATA / "customer_data.xlsx")[0] == CUSTOMER_HEADER
    assert rows_of(DATA / "loan_data.xlsx")[0] == LOAN_HEADER


def test_about_four_in_a_hundred_loans_share_their_id_with_a_loan_of_another_customer() -> None:
    holders = defaultdict(list)
    for loan in portfolio().loans:
        holders[loan.loan_id].append(loan.customer_id)
    shared = [customers for customers in holders.values() if len(customers) > 1]
    assert 40 <= len(shared) <= 50
    assert all(len(set(customers)) == len(customers) for customers in shared)


def test_a_customer_has_no_loan_twice() -> None:
    assert max(Counter((loan.customer_id, loan.loan_id) for loan in portfolio().loans).values()) == 1


def test_blank_rows_trail_the_customers() -> None:
    rows = rows_of(DATA / "customer_data.xlsx")
    assert len(rows) > 401
    assert all(cell is None for row in rows[401:] for cell in row)


def test_some_customers_have_no_loans() -> None:
    assert len(portfolio().customers) - len(loans_by_customer()) == 24


def test_the_limit_is_no_multiple_of_the_income() -> None:
    ratios = {customer.approved_limit / customer.monthly_income for customer in portfolio().customers}
    assert len(ratios) > 200


def test_most_instalments_are_not_the_emi_and_some_do_not_repay_the_loan() -> None:
    exact = [int(emi(Decimal(x.loan_amount), Decimal(repr(x.interest_rate)), x.tenure)) for x in portfolio().loans]
    assert sum(loan.monthly_payment == wanted for loan, wanted in zip(portfolio().loans, exact, strict=True)) < 20
    assert any(loan.monthly_payment * loan.tenure < loan.loan_amount for loan in portfolio().loans)


def test_every_loan_runs_its_tenure_and_is_paid_no_longer() -> None:
    for loan in portfolio().loans:
        assert loan.ends_on == add_months(loan.approved_on, loan.tenure)
        assert 0 <= loan.emis_paid_on_time <= loan.tenure
        assert date(2010, 1, 1) <= loan.approved_on <= AS_OF


def test_every_band_of_the_score_has_customers() -> None:
    bands: Counter[Decimal | None] = Counter()
    owned = loans_by_customer()
    for customer in portfolio().customers:
        if loans := owned.get(customer.customer_id):
            slab = STANDARD_1.slab_for(history_score(facts_of(customer, loans), STANDARD_1))
            bands[slab.rate_floor if slab else None] += 1
    assert set(bands) == {Decimal(0), Decimal(12), Decimal(16), None}
    assert min(bands.values()) >= 10


def test_some_customers_are_over_their_limit_and_some_pay_more_than_half_of_their_income() -> None:
    owned = loans_by_customer()
    facts = [facts_of(customer, owned[customer.customer_id]) for customer in portfolio().customers]
    assert sum(one.current_principal > one.approved_limit for one in facts) >= 10
    assert sum(one.current_emis > one.monthly_income / 2 for one in facts) >= 10


def test_some_loans_have_a_year_of_receipts_with_prepayments_settlements_and_reversals() -> None:
    openings, receipts = year_of_receipts()
    assert len(openings) >= 60
    assert {row.loan_id for row in receipts} == {row.loan_id for row in openings}
    assert {row.opening_date for row in openings} == {add_months(UNTIL, -12)}
    assert all(add_months(UNTIL, -12) < row.payment_date <= UNTIL for row in receipts)
    intents = Counter(row.intent for row in receipts)
    assert intents["prepayment"] >= 3
    assert intents["settlement"] >= 2
    assert sum(row.reverses_reference is not None for row in receipts) >= 5


def test_the_receipts_of_another_day_go_up_to_it() -> None:
    _, receipts = make_receipts(portfolio().loans, date(2027, 3, 31))
    assert max(row.payment_date for row in receipts) > date(2027, 3, 1)
