"""The cases that others publish, and what people complain of in systems that do this."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from chalicelib.rules.money import ZERO, from_paise
from chalicelib.rules.schedule import schedule
from chalicelib.rules.servicing.account import account
from chalicelib.rules.servicing.checks import record
from chalicelib.rules.servicing.days import A_DAY, due_date
from chalicelib.rules.servicing.fold import fold, history
from chalicelib.rules.servicing.instalments import State
from chalicelib.rules.servicing.settlement import settlement
from chalicelib.rules.servicing.standing import Status, standing
from chalicelib.rules.servicing.values import Intent
from tests.support.servicing.histories import disbursed, loan, paid, receipt, reversal

FINERACT = loan(100, 7, 6, date(2024, 1, 1))


def test_rbis_key_facts_statement_has_this_emi_and_this_interest() -> None:
    made = loan(20_000, 15, 24, date(2024, 4, 15))
    published = schedule(made.principal, made.annual_rate, made.tenure, made.start_date)
    assert made.instalment == Decimal("969.73")
    assert published.total_interest.quantize(Decimal(1)) == 3274


def test_due_dates_come_back_to_the_end_of_the_month_after_february() -> None:
    due = [due_date(date(2024, 1, 31), number) for number in range(1, 5)]
    assert due == [date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30), date(2024, 5, 31)]


def test_a_settlement_between_due_dates_pays_interest_for_its_days_alone() -> None:
    facts = paid(FINERACT, ("17.01", date(2024, 2, 1)))
    quote = settlement(FINERACT, fold(FINERACT, facts), date(2024, 2, 15))
    assert (quote.interest, quote.principal, quote.total) == (Decimal("0.24"), Decimal("83.57"), Decimal("83.81"))
    settled = receipt(3, "83.81", date(2024, 2, 15), Intent.SETTLEMENT)
    assert record(FINERACT, facts, settled, date(2024, 2, 15)).closed_on == date(2024, 2, 15)


def test_interest_that_is_not_paid_bears_no_interest() -> None:
    position = fold(FINERACT, [disbursed(FINERACT)])
    owed = [standing(FINERACT, position, date(2024, month, 1)) for month in range(1, 13)]
    assert owed[6].outstanding == Decimal("103.48")
    # After the last due date interest goes on by months, and nothing further falls due.
    assert [each.interest for each in owed] == [Decimal("0.58") * months for months in range(12)]
    assert owed[11].due == owed[11].outstanding


def test_a_loan_without_interest_takes_what_is_paid_from_what_is_left() -> None:
    made = loan(500, 0, 4, date(2024, 1, 1))
    dues = [due_date(made.start_date, number) for number in range(1, 5)]
    facts = paid(made, *zip((125, 150, 125, 100), dues, strict=True))
    left = [from_paise(fold(made, facts, day).principal) for day in dues]
    assert left == [375, 225, 100, 0]
    assert fold(made, facts).closed_on == dues[-1]


@pytest.mark.parametrize(
    ("day_end", "bucket"),
    [
        (date(2021, 3, 30), "STANDARD"),
        (date(2021, 3, 31), "SMA-0"),
        (date(2021, 4, 29), "SMA-0"),
        (date(2021, 4, 30), "SMA-1"),
        (date(2021, 5, 29), "SMA-1"),
        (date(2021, 5, 30), "SMA-2"),
        (date(2021, 6, 28), "SMA-2"),
        (date(2021, 6, 29), "NPA"),
    ],
)
def test_an_instalment_unpaid_since_31_march_2021_is_classified_as_rbi_says(day_end: date, bucket: str) -> None:
    made = loan(100_000, 12, 24, date(2021, 1, 31))
    # The instalment before it was paid; RBI's is due on 31 March.
    facts = paid(made, (made.instalment, date(2021, 2, 28)))
    # What the day-end of a day has made of a loan is its class when the next day begins.
    owed = standing(made, fold(made, facts, day_end), day_end + A_DAY)
    assert owed.bucket.code == bucket
    assert owed.unpaid_from == date(2021, 3, 31)


def test_an_npa_stays_one_until_all_arrears_are_paid_and_charges_do_not_hold_it() -> None:
    made = loan(120_000, 12, 24, date(2021, 1, 31), penal_charge=Decimal(500))
    one_of_three = paid(made, (made.instalment, date(2021, 6, 10)))
    still = standing(made, fold(made, one_of_three), date(2021, 6, 10))
    assert (still.days_past_due, still.bucket.code) == (71, "NPA")
    day = date(2021, 6, 20)
    arrears = standing(made, fold(made, one_of_three), day).overdue
    cured = fold(made, [*one_of_three, receipt(3, arrears, day)])
    assert standing(made, cured, day).bucket.code == "STANDARD"
    assert standing(made, cured, day).charges == 2000
    # In the past it was what it was.
    assert standing(made, fold(made, one_of_three, date(2021, 6, 9)), date(2021, 6, 9)).bucket.code == "NPA"
    assert standing(made, fold(made, one_of_three, date(2021, 5, 29)), date(2021, 5, 29)).bucket.code == "SMA-2"


# --- what people complain of elsewhere


def test_emis_are_in_paise() -> None:
    assert loan(20_000, 15, 24, date(2024, 4, 15)).instalment == Decimal("969.73")


def test_a_backdated_receipt_covers_the_instalment_it_was_for_and_takes_its_penal_charge_away() -> None:
    made = loan(100_000, 12, 12, date(2024, 1, 5), penal_charge=Decimal(250), grace_days=3)
    late = paid(made, (made.instalment, date(2024, 3, 20)))
    today = date(2024, 3, 20)
    assert [row.state for row in account(made, late, today).instalments][:2] == [State.PAID_LATE, State.OVERDUE]
    assert account(made, late, today).standing.charges == 500
    backdated = [*late, receipt(3, made.instalment, date(2024, 2, 5))]
    shown = account(made, backdated, today)
    assert [row.state for row in shown.instalments][:2] == [State.PAID_ON_TIME, State.PAID_LATE]
    assert [[cover.fact for cover in row.covered_by] for row in shown.instalments][:2] == [[3], [2]]
    assert shown.standing.charges == 250
    assert shown.standing.overdue == 0


def test_a_quote_hides_no_charge() -> None:
    made = loan(100_000, 12, 12, date(2024, 1, 5), penal_charge=Decimal(250), prepayment_charge=Decimal(2))
    quote = settlement(made, fold(made, [disbursed(made)]), date(2024, 2, 20))
    assert quote.charges == 250
    # 2% of what was not due yet: the instalment of 5 February had a principal of 7884.88, less the interest since then.
    due_principal = made.instalment - quote.interest
    assert quote.prepayment_charge == ((100_000 - due_principal) * 2 / 100).quantize(Decimal("0.01"))
    assert quote.total == 100_000 + quote.interest + 250 + quote.prepayment_charge
    assert [day for day, _ in quote.next_days] == [date(2024, 2, 20) + timedelta(days=ahead) for ahead in range(1, 11)]
    # 1% of 100,000 for the 29 days from 5 February to 5 March.
    assert quote.per_day == Decimal("34.48")


def test_reversing_a_receipt_reopens_a_closed_loan() -> None:
    facts = paid(FINERACT, ("17.01", date(2024, 2, 1)))
    facts.append(receipt(3, "83.81", date(2024, 2, 15), Intent.SETTLEMENT))
    closed = fold(FINERACT, facts)
    assert (closed.closed_on, closed.end_date, closed.paid_on_time) == (date(2024, 2, 15), date(2024, 2, 15), 6)
    reopened = record(FINERACT, facts, reversal(4, facts[2], date(2024, 2, 20)), date(2024, 2, 20))
    assert reopened == fold(FINERACT, facts[:2])
    assert (reopened.closed_on, reopened.end_date, reopened.paid_on_time) == (None, date(2024, 7, 1), 1)
    assert reopened.unpaid_from == date(2024, 3, 1)


def test_an_instalment_that_was_paid_in_advance_is_not_billed_again() -> None:
    made = loan(100_000, 12, 12, date(2024, 1, 5))
    facts = paid(made, (made.instalment * 3, date(2024, 1, 20)))
    shown = account(made, facts, date(2024, 2, 10))
    assert shown.standing.due == 0
    assert shown.standing.next_instalment is not None
    assert (shown.standing.next_instalment.number, shown.standing.next_instalment.amount) == (4, made.instalment)
    assert [row.state for row in shown.instalments][:4] == [State.PAID_ON_TIME] * 3 + [State.TO_COME]
    assert shown.standing.paid_on_time == 3
    # It saved interest all the same.
    plan = schedule(made.principal, made.annual_rate, 12, made.start_date)
    assert shown.standing.principal < plan.rows[0].closing_balance
    assert shown.instalments[-1].demanded < plan.rows[-1].instalment


def test_late_money_makes_the_last_instalment_larger() -> None:
    made = loan(100_000, 12, 12, date(2024, 1, 5))
    plan = schedule(made.principal, made.annual_rate, 12, made.start_date)
    late = [(row.instalment, row.due_date + timedelta(days=20)) for row in plan.rows[:11]]
    shown = account(made, paid(made, *late), plan.rows[-1].due_date)
    assert {row.demanded for row in shown.instalments[:11]} == {made.instalment}
    last = shown.instalments[11]
    assert (last.state, last.demanded) == (State.DUE_TODAY, shown.standing.outstanding)
    assert plan.rows[-1].instalment < last.demanded < plan.rows[-1].instalment + 1000


def test_money_beyond_what_is_owed_is_credit_that_can_be_refunded() -> None:
    facts = [*paid(FINERACT, ("120", date(2024, 1, 1)))]
    closed = standing(FINERACT, fold(FINERACT, facts), date(2024, 1, 1))
    assert (closed.status, closed.credit, closed.outstanding) == (Status.CLOSED, Decimal(20), ZERO)
    split = history(FINERACT, facts).entries[1].split
    assert [split.principal, split.credit] == [100, 20]
