"""Amortization schedules, and the effective rate of instalments that are not the EMI of their stated rate."""

from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.rules.calendar import add_months
from chalicelib.rules.effective_rate import PRECISION, InstalmentsDoNotRepay, effective_interest_rate
from chalicelib.rules.money import emi
from chalicelib.rules.schedule import Schedule, schedule
from tests.support.portfolios import PORTFOLIOS, StatedLoan, loans_in
from tests.support.strategies import rates, rupees, tenures

START = date(2026, 1, 31)


def rows(plan: Schedule) -> list[tuple[str, ...]]:
    return [(str(row.number), row.due_date.isoformat(), *map(str, row[2:])) for row in plan.rows]


def exact_instalment(principal: Decimal, annual_rate: Decimal, tenure: int) -> Fraction:
    monthly = Fraction(annual_rate) / 1200
    if monthly == 0:
        return Fraction(principal) / tenure
    growth = (1 + monthly) ** tenure
    return Fraction(principal) * monthly * growth / (growth - 1)


def check_is_whole(plan: Schedule) -> None:
    """What holds for every schedule."""
    assert 1 <= len(plan.rows) <= plan.tenure
    balance = plan.loan_amount
    for number, row in enumerate(plan.rows, start=1):
        assert (row.number, row.opening_balance) == (number, balance)
        assert row.interest + row.principal == row.instalment
        assert row.opening_balance - row.principal == row.closing_balance
        assert min(row.interest, row.principal, row.instalment) >= 0
        assert row.instalment == plan.monthly_installment or row is plan.rows[-1]
        assert all(amount.as_tuple().exponent == -2 for amount in row[2:])
        balance = row.closing_balance
    assert balance == 0
    assert plan.total_principal == plan.loan_amount == sum(row.principal for row in plan.rows)
    assert plan.total_interest == sum(row.interest for row in plan.rows)
    assert plan.total_paid == sum(row.instalment for row in plan.rows) == plan.total_principal + plan.total_interest


def check_rate(principal: Decimal, instalment: Decimal, tenure: int) -> Decimal:
    """The rate, which is the last multiple of 1e-8 at which the instalment repays the loan."""
    rate = effective_interest_rate(principal, instalment, tenure)
    assert rate >= 0
    assert rate % PRECISION == 0
    assert exact_instalment(principal, rate, tenure) <= Fraction(instalment)
    assert exact_instalment(principal, rate + PRECISION, tenure) > Fraction(instalment)
    return rate


def test_a_schedule_pays_the_interest_of_the_balance_and_the_rest_of_it() -> None:
    plan = schedule(Decimal(1000), Decimal(12), 4, START)
    assert rows(plan) == [
        ("1", "2026-02-28", "1000.00", "10.00", "246.28", "256.28", "753.72"),
        ("2", "2026-03-31", "753.72", "7.54", "248.74", "256.28", "504.98"),
        ("3", "2026-04-30", "504.98", "5.05", "251.23", "256.28", "253.75"),
        # The last instalment absorbs the difference.
        ("4", "2026-05-31", "253.75", "2.54", "253.75", "256.29", "0.00"),
    ]
    assert (plan.total_interest, plan.total_principal, plan.total_paid) == (
        Decimal("25.13"),
        Decimal("1000.00"),
        Decimal("1025.13"),
    )
    assert plan.effective_interest_rate == plan.interest_rate == 12


def test_the_example_of_the_specification_ends_at_nothing() -> None:
    plan = schedule(Decimal(120_030), Decimal("8.12"), 12, date(2026, 11, 23))
    assert plan.monthly_installment == Decimal("10447.88")
    assert (len(plan.rows), plan.rows[-1].due_date) == (12, date(2027, 11, 23))
    assert plan.rows[-1].instalment == Decimal("10447.89")
    check_is_whole(plan)


def test_interest_of_exactly_half_a_paisa_is_rounded_up() -> None:
    # 6 x 1% / 12 is half a paisa, and 1/12 of a percent has no end in decimals.
    assert schedule(Decimal(6), Decimal(1), 2, START).rows[0].interest == Decimal("0.01")


def test_without_interest_the_last_instalment_has_the_paise_that_do_not_divide() -> None:
    plan = schedule(Decimal(100), Decimal(0), 3, START)
    assert [str(row.instalment) for row in plan.rows] == ["33.33", "33.33", "33.34"]


def test_month_ends_come_back_after_a_short_month() -> None:
    due = [row.due_date for row in schedule(Decimal(1000), Decimal(12), 3, date(2024, 1, 31)).rows]
    assert due == [date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]


def test_instalments_rounded_up_can_repay_sooner_and_the_schedule_ends_there() -> None:
    # Half a paisa a month is rounded up to one, which repays 3 rupees in half of the time.
    plan = schedule(Decimal(3), Decimal(0), 600, START)
    assert (plan.monthly_installment, len(plan.rows)) == (Decimal("0.01"), 300)
    check_is_whole(plan)


def test_instalments_rounded_to_nothing_leave_everything_to_the_last() -> None:
    plan = schedule(Decimal(1), Decimal(0), 600, START)
    assert (len(plan.rows), plan.rows[-1].instalment) == (600, Decimal("1.00"))
    check_is_whole(plan)


def test_a_stated_instalment_is_kept_and_the_schedule_says_at_which_rate_it_runs() -> None:
    # The first loan of the real workbook.
    plan = schedule(Decimal(900_000), Decimal("8.2"), 129, date(2017, 3, 9), Decimal(15_344))
    assert plan.interest_rate == Decimal("8.2")
    assert plan.effective_interest_rate == Decimal("17.19394657")
    assert {row.instalment for row in plan.rows[:-1]} == {Decimal(15_344)}
    assert abs(plan.rows[-1].instalment - 15_344) < 1
    assert (len(plan.rows), plan.rows[-1].due_date) == (129, date(2027, 12, 9))
    check_is_whole(plan)


def test_a_stated_instalment_that_is_the_emi_runs_at_the_stated_rate() -> None:
    stated = schedule(Decimal(100_000), Decimal(12), 24, START, Decimal("4707.35"))
    assert stated == schedule(Decimal(100_000), Decimal(12), 24, START)
    assert stated.effective_interest_rate == 12


def test_instalments_that_add_up_to_the_principal_have_a_rate_of_nothing() -> None:
    plan = schedule(Decimal(300_000), Decimal("13.46"), 3, START, Decimal(100_000))
    assert plan.effective_interest_rate == 0
    assert plan.total_interest == 0
    check_is_whole(plan)


@pytest.mark.parametrize(
    ("principal", "instalment", "tenure", "rate"),
    [
        ("1000", "2000", 1, "1200"),
        # Exactly an EMI, at a monthly rate that ends in decimals and at one that does not.
        ("20100", "10201", 2, "12"),
        ("28812", "14424.01", 2, "1"),
        ("100000", "4707.35", 24, "12.00005947"),
        ("1000000000000", "1000000000000", 600, "1200"),
        ("1000000000000", "1666666666.67", 600, "0"),
        ("0.01", "10000000000", 600, "1200000000000000"),
    ],
)
def test_the_effective_rate_is_found_to_eight_decimals(principal: str, instalment: str, tenure: int, rate: str) -> None:
    found = check_rate(Decimal(principal), Decimal(instalment), tenure)
    assert abs(found - Decimal(rate)) <= PRECISION


@pytest.mark.parametrize(
    ("principal", "instalment", "tenure", "least"),
    [
        ("1000000", "111111", 9, "111111.12"),
        ("100", "33.33", 3, "33.34"),
        ("1200", "0", 12, "100"),
        ("5", "-1", 1, "5"),
    ],
)
def test_instalments_that_do_not_repay_the_principal_have_no_rate(
    principal: str, instalment: str, tenure: int, least: str
) -> None:
    sentence = f"does not repay the principal of {principal} at any interest rate; .* must be at least {least}"
    with pytest.raises(InstalmentsDoNotRepay, match=sentence):
        schedule(Decimal(principal), Decimal(13), tenure, START, Decimal(instalment))
    assert effective_interest_rate(Decimal(principal), Decimal(least), tenure) >= 0


@pytest.mark.parametrize(("principal", "instalment"), [("1000.005", None), ("1000", "256.285")])
def test_a_fraction_of_a_paisa_is_refused(principal: str, instalment: str | None) -> None:
    with pytest.raises(ValueError, match="whole paise"):
        schedule(Decimal(principal), Decimal(12), 4, START, Decimal(instalment) if instalment else None)


def test_a_schedule_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="principal above 0"):
        schedule(Decimal(0), Decimal(12), 4, START)


def test_the_callers_precision_does_not_change_a_schedule() -> None:
    asked = (Decimal("98765432.10"), Decimal("8.12"), 36, START, Decimal("3200000.55"))
    with localcontext(prec=4):
        roughly = schedule(*asked)
    assert roughly == schedule(*asked)


@given(principal=rupees, rate=rates, tenure=tenures, start=st.dates(date(2000, 1, 1), date(2100, 12, 31)))
def test_every_schedule_is_whole_and_its_instalments_are_a_month_apart(
    principal: Decimal, rate: Decimal, tenure: int, start: date
) -> None:
    plan = schedule(principal, rate, tenure, start)
    assert plan.effective_interest_rate == rate
    assert [row.due_date for row in plan.rows] == [add_months(start, k + 1) for k in range(len(plan.rows))]
    check_is_whole(plan)


@given(principal=rupees, rate=rates, tenure=tenures)
def test_each_months_interest_is_the_twelfth_of_the_years_rounded_half_up(
    principal: Decimal, rate: Decimal, tenure: int
) -> None:
    for row in schedule(principal, rate, tenure, START).rows:
        exact = Fraction(row.opening_balance) * Fraction(rate) / 1200
        assert Fraction(-1, 200) <= exact - Fraction(row.interest) < Fraction(1, 200)


@given(
    principal=st.integers(10_000_00, 10**10).map(lambda paise: Decimal(paise) / 100),
    rate=st.integers(0, 3600).map(lambda hundredths: Decimal(hundredths) / 100),
    tenure=st.integers(1, 60),
)
def test_the_last_instalment_of_an_ordinary_loan_differs_by_less_than_two_rupees(
    principal: Decimal, rate: Decimal, tenure: int
) -> None:
    plan = schedule(principal, rate, tenure, START)
    # Each month's half paisa of rounding, twice, grown by at most 3% a month until the last.
    assert abs(plan.rows[-1].instalment - plan.monthly_installment) <= Decimal("0.01") * 164
    assert len(plan.rows) == tenure


@given(principal=rupees, extra=rupees, tenure=tenures)
def test_every_instalment_that_repays_has_a_rate_found_to_eight_decimals(
    principal: Decimal, extra: Decimal, tenure: int
) -> None:
    least = emi(principal, Decimal(0), tenure) + Decimal("0.01")
    for instalment in (least, least + extra):
        check_rate(principal, instalment, tenure)
        check_is_whole(schedule(principal, Decimal(13), tenure, START, instalment))


@given(principal=rupees, rate=rates, tenure=tenures)
def test_the_effective_rate_of_an_emi_is_its_rate_to_the_rounding_of_the_instalment(
    principal: Decimal, rate: Decimal, tenure: int
) -> None:
    instalment = emi(principal, rate, tenure)
    assume(instalment * tenure >= principal)
    short = instalment - emi(principal, check_rate(principal, instalment, tenure), tenure)
    assert 0 <= short <= Decimal("0.01") + principal * PRECISION / 1200


def largest_difference(plan: Schedule) -> Decimal:
    """What the last instalment can have to absorb: half a paisa a month and the digits of the rate that are left out,
    each grown until the end of the loan."""
    monthly = plan.effective_interest_rate / 1200
    growth = (1 + monthly) ** plan.tenure
    accrued = (growth - 1) / monthly if monthly else Decimal(plan.tenure)
    return accrued * (Decimal("0.005") + plan.loan_amount * PRECISION / 1200)


def schedule_of(loan: StatedLoan) -> Schedule:
    return schedule(loan.loan_amount, loan.interest_rate, loan.tenure, loan.start, loan.monthly_installment)


@pytest.mark.parametrize("portfolio", PORTFOLIOS, ids=lambda folder: folder.parent.name)
def test_every_loan_of_a_portfolio_has_a_schedule_or_is_said_not_to_repay(portfolio: Path) -> None:
    loans = loans_in(portfolio)
    assert len(loans) > 700
    for loan in loans:
        if loan.monthly_installment * loan.tenure < loan.loan_amount:
            with pytest.raises(InstalmentsDoNotRepay, match=rf"{loan.tenure} x an instalment of"):
                schedule_of(loan)
            continue
        plan = schedule_of(loan)
        check_is_whole(plan)
        assert plan.monthly_installment == loan.monthly_installment
        assert (len(plan.rows), plan.rows[-1].due_date) == (loan.tenure, add_months(loan.start, loan.tenure))
        assert abs(plan.rows[-1].instalment - loan.monthly_installment) <= largest_difference(plan)
        if loan.monthly_installment != emi(loan.loan_amount, loan.interest_rate, loan.tenure):
            assert plan.effective_interest_rate == check_rate(loan.loan_amount, loan.monthly_installment, loan.tenure)
