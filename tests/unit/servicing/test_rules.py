"""Rule by rule: coverage, prepayments, what counts as on time, charges, and the ends of a loan."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.rules.money import ZERO, emi, from_paise
from chalicelib.rules.schedule import schedule
from chalicelib.rules.servicing.account import account
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket, bucket_of, worst
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.fold import fold, history
from chalicelib.rules.servicing.instalments import State
from chalicelib.rules.servicing.opening import due_but_the_last, propose_opening
from chalicelib.rules.servicing.position import NOTHING
from chalicelib.rules.servicing.prepayment import compare_prepayments
from chalicelib.rules.servicing.refusals import Code, Refused
from chalicelib.rules.servicing.settlement import payoff
from chalicelib.rules.servicing.standing import Status, standing
from chalicelib.rules.servicing.statement import statement
from chalicelib.rules.servicing.stored import (
    opening_as_stored,
    opening_from_stored,
    position_as_stored,
    position_from_stored,
    terms_as_stored,
    terms_from_stored,
)
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Terms, TermsError, terms_of
from chalicelib.rules.stored import StoredValueError
from tests.support.servicing.histories import disbursed, loan, paid, prepayment, receipt, terms

MADE = loan(100_000, 12, 24, date(2024, 1, 5))
FIRST_DUE = date(2024, 2, 5)


def on_time(made: Terms, instalments: int) -> list[Fact]:
    """The disbursal, and so many instalments on their due dates."""
    rows = schedule(made.principal, made.annual_rate, made.tenure, made.start_date).rows[:instalments]
    return paid(made, *((row.instalment, row.due_date) for row in rows))


# --- prepayments


def test_a_prepayment_can_lower_the_instalment_for_the_months_that_are_left() -> None:
    day = due_date(MADE.start_date, 6)
    facts = [*on_time(MADE, 6), prepayment(100, 20_000, day, Effect.LOWER_INSTALMENT)]
    shown = account(MADE, facts, day)
    plan = schedule(MADE.principal, MADE.annual_rate, 24, MADE.start_date)
    left = plan.rows[5].closing_balance - 20_000
    lower = emi(left, MADE.annual_rate, 18)
    assert shown.standing.principal == left
    assert {row.demanded for row in shown.instalments[6:23]} == {lower}
    assert [row.demanded for row in shown.instalments[6:]] == [
        row.instalment for row in schedule(left, MADE.annual_rate, 18, day).rows
    ]
    assert shown.standing.repayments_left == 18


def test_a_prepayment_can_shorten_the_tenure_at_the_same_instalment() -> None:
    day = due_date(MADE.start_date, 6)
    facts = [*on_time(MADE, 6), prepayment(100, 20_000, day, Effect.SHORTER_TENURE)]
    shown = account(MADE, facts, day)
    assert {row.demanded for row in shown.instalments[:-1]} == {MADE.instalment}
    assert shown.standing.repayments_left == len(shown.instalments) - 6 < 15
    assert shown.standing.end_date == shown.instalments[-1].due_date
    # It is no instalment: the next one is asked for all the same.
    assert shown.standing.next_instalment is not None
    assert shown.standing.next_instalment.amount == MADE.instalment


def test_a_shortened_loan_that_is_repaid_counts_the_instalments_that_were_never_demanded_as_paid_on_time() -> None:
    day = due_date(MADE.start_date, 6)
    facts = [*on_time(MADE, 6), prepayment(100, 20_000, day, Effect.SHORTER_TENURE)]
    for row in account(MADE, facts, day).instalments[6:]:
        facts.append(receipt(len(facts) + 200, row.demanded, row.due_date))
    end = fold(MADE, facts)
    assert end.closed_on == end.end_date == facts[-1].value_date < due_date(MADE.start_date, 24)
    assert end.paid_on_time == 24


def test_a_settlement_in_arrears_does_not_count_what_was_never_demanded() -> None:
    facts = on_time(MADE, 3)
    day = due_date(MADE.start_date, 6)
    settled = receipt(100, payoff(MADE, fold(MADE, facts), day), day, Intent.SETTLEMENT)
    end = fold(MADE, [*facts, settled])
    # Three were paid on time, two were overdue, one was due that day.
    assert (end.closed_on, end.paid_on_time) == (day, 4)


def test_the_last_instalment_counts_as_paid_on_time_if_a_late_customer_pays_what_is_left_before_it_is_due() -> None:
    facts = paid(MADE)
    day = FIRST_DUE + timedelta(days=21)
    facts.append(receipt(2, standing(MADE, fold(MADE, facts), day).outstanding, day))
    shown = account(MADE, facts, day)
    # Early money saves interest, so it reaches the 22nd of 24 and asks for less than an instalment of it.
    assert [row.number for row in shown.instalments if row.state is State.PAID_LATE] == [1]
    assert [row.number for row in shown.instalments if row.state is State.PAID_ON_TIME] == list(range(2, 23))
    assert shown.instalments[-1].demanded < MADE.instalment
    assert shown.standing.paid_on_time == 21


def test_a_settlement_without_arrears_counts_them_all() -> None:
    facts = on_time(MADE, 3)
    day = due_date(MADE.start_date, 3) + timedelta(days=10)
    settled = receipt(100, payoff(MADE, fold(MADE, facts), day), day, Intent.SETTLEMENT)
    assert fold(MADE, [*facts, settled]).paid_on_time == 24


def test_both_effects_of_a_prepayment_stand_side_by_side() -> None:
    day = due_date(MADE.start_date, 6)
    made = loan(100_000, 12, 24, MADE.start_date, prepayment_charge=Decimal(2))
    position = fold(made, on_time(made, 6))
    compared = compare_prepayments(made, position, Decimal(20_000), day)
    plan = schedule(made.principal, made.annual_rate, 24, made.start_date)
    assert compared.without.interest == sum(row.interest for row in plan.rows[6:])
    assert compared.without.instalments_left == 18
    shorter, lower = compared.shorter_tenure, compared.lower_instalment
    assert shorter.split == lower.split
    assert [shorter.split.principal, shorter.split.charge_levied] == [20_000, 400]
    assert shorter.prospect.instalment == made.instalment > lower.prospect.instalment
    assert shorter.prospect.instalments_left < lower.prospect.instalments_left == 18
    assert shorter.interest_saved > lower.interest_saved > 0
    assert lower.prospect.end_date == due_date(made.start_date, 24)


def test_prepayments_of_a_loan_that_is_not_serviced_are_refused_and_not_compared() -> None:
    with pytest.raises(Refused) as refused:
        compare_prepayments(loan(12_000, 12, 12, date(2026, 1, 5)), NOTHING, Decimal(500), date(2026, 3, 1))
    assert refused.value.code is Code.NOT_SERVICED


def test_the_instalment_of_a_loan_that_has_one_left_is_what_that_one_asks_for() -> None:
    made = loan(12_000, 12, 12, date(2026, 1, 5))
    day = due_date(made.start_date, 1)
    position = fold(made, paid(made, (made.instalment, day)))
    owed = standing(made, position, day).principal
    compared = compare_prepayments(made, position, owed - 50, day)
    assert (compared.without.instalment, compared.without.instalments_left) == (made.instalment, 11)
    shorter = compared.shorter_tenure.prospect
    assert (shorter.instalment, shorter.instalments_left) == (Decimal("50.50"), 1)
    nothing = compare_prepayments(made, position, owed, day).lower_instalment.prospect
    assert (nothing.instalment, nothing.instalments_left) == (ZERO, 0)


def test_a_statement_stops_for_interest_on_due_dates_and_for_penal_charges_only_if_there_are_any() -> None:
    plain = loan(12_000, 12, 12, date(2026, 1, 5))
    until = due_date(plain.start_date, 3)
    days = [line.value_date for line in statement(plain, [disbursed(plain)], plain.start_date, until).lines]
    assert days == [plain.start_date, *(due_date(plain.start_date, number) for number in (1, 2, 3))]
    penal = replace(plain, penal_charge=Decimal(100))
    lines = statement(penal, [disbursed(penal)], penal.start_date, until).lines
    assert due_date(plain.start_date, 1) + timedelta(days=1) in {line.value_date for line in lines}


def test_a_prepayment_never_raises_the_instalment() -> None:
    # Every instalment so far came 25 days late, so more is left than planned.
    plan = schedule(MADE.principal, MADE.annual_rate, 24, MADE.start_date)
    late = paid(MADE, *((row.instalment, row.due_date + timedelta(days=25)) for row in plan.rows[:20]))
    day = late[-1].value_date
    after = fold(MADE, [*late, prepayment(100, "0.01", day, Effect.LOWER_INSTALMENT)])
    assert after.demands[-1][1] == after.demands[0][1]


def test_instalments_of_nothing_are_left_and_not_paid_until_the_loan_is() -> None:
    start = date(2024, 1, 31)
    rupee = loan(1, 0, 600, start)
    new = [disbursed(rupee)]
    assert rupee.instalment == 0
    before = fold(rupee, new)
    assert (before.paid_on_time, before.repayments_left, before.unpaid_from) == (0, 600, due_date(start, 600))
    shown = account(rupee, new, date(2030, 1, 1))
    assert (shown.standing.overdue, shown.standing.days_past_due, shown.standing.repayments_left) == (ZERO, 0, 600)
    assert [(row.number, row.demanded) for row in shown.instalments] == [(600, Decimal(1))]
    in_parts = [*new, receipt(2, "0.40", date(2025, 1, 1))]
    assert (fold(rupee, in_parts).paid_on_time, fold(rupee, in_parts).repayments_left) == (0, 600)
    paid_up = fold(rupee, [*in_parts, receipt(3, "0.60", date(2026, 1, 1))])
    assert (paid_up.paid_on_time, paid_up.repayments_left, paid_up.closed_on) == (600, 0, date(2026, 1, 1))
    late = fold(rupee, [*new, receipt(2, 1, due_date(start, 600) + timedelta(days=1))])
    assert (late.paid_on_time, late.repayments_left) == (0, 0)


def test_a_prepayment_that_lowers_the_instalment_to_nothing_pays_none_of_them() -> None:
    made = loan(240, 0, 24, date(2024, 1, 31))
    first = due_date(made.start_date, 1)
    facts = [*paid(made, (10, first)), prepayment(3, "229.95", date(2024, 3, 5), Effect.LOWER_INSTALMENT)]
    after = fold(made, facts)
    assert after.demands == ((1, 10_00), (2, 0))
    assert (after.paid_on_time, after.repayments_left) == (1, 23)
    end = fold(made, [*facts, receipt(4, "0.05", due_date(made.start_date, 24))])
    assert (end.paid_on_time, end.repayments_left) == (24, 0)


# --- charges


def test_a_penal_charge_comes_once_for_each_missed_instalment_after_the_grace_days() -> None:
    made = loan(100_000, 12, 24, date(2024, 1, 5), grace_days=3, penal_charge=Decimal("150.50"))
    position = fold(made, [disbursed(made)])
    charges = {day: standing(made, position, date(2024, 2, day)).charges for day in (5, 8, 9, 28)}
    assert charges == {5: 0, 8: 0, 9: Decimal("150.50"), 28: Decimal("150.50")}
    assert standing(made, position, date(2024, 3, 9)).charges == Decimal("301.00")
    in_time = fold(made, paid(made, (made.instalment, date(2024, 2, 8))))
    assert standing(made, in_time, date(2024, 2, 28)).charges == 0
    # Nothing further falls due after the last instalment.
    assert standing(made, position, date(2030, 1, 1)).charges == 24 * Decimal("150.50")


def test_charges_are_paid_last_and_a_loan_is_closed_only_without_them() -> None:
    made = loan(1000, 12, 1, date(2024, 1, 5), penal_charge=Decimal(50))
    day = date(2024, 2, 10)
    facts = paid(made, (Decimal("1001.67"), day))
    assert account(made, facts, day).standing.principal > 0
    owed = standing(made, fold(made, [disbursed(made)]), day)
    facts = paid(made, (owed.principal + owed.interest, day))
    unfinished = account(made, facts, day)
    assert (unfinished.standing.status, unfinished.standing.outstanding) == (Status.OPEN, Decimal(50))
    assert (unfinished.standing.days_past_due, unfinished.standing.due) == (0, ZERO)
    assert unfinished.instalments[0].state is State.PAID_LATE
    assert fold(made, [*facts, receipt(3, 50, day)]).closed_on == day
    waived = Fact(3, Kind.WAIVER, Decimal(50), day, Intent.CHARGES)
    assert fold(made, [*facts, waived]).closed_on == day


def test_a_waiver_of_a_charge_that_a_backdated_receipt_takes_away_lapses() -> None:
    made = loan(100_000, 12, 24, date(2024, 1, 5), penal_charge=Decimal(500))
    waiver = Fact(2, Kind.WAIVER, Decimal(500), date(2024, 2, 10), Intent.CHARGES)
    backdated = receipt(3, made.instalment, FIRST_DUE)
    assert fold(made, [disbursed(made), waiver]).charges == 0
    entries = history(made, [disbursed(made), waiver, backdated]).entries
    assert set(entries[2].split) == {ZERO}


def test_a_waiver_covers_what_is_demanded() -> None:
    day = FIRST_DUE + timedelta(days=3)
    position = fold(MADE, [disbursed(MADE)])
    overdue = standing(MADE, position, day).overdue
    waived = fold(MADE, [disbursed(MADE), Fact(2, Kind.WAIVER, overdue, day)])
    assert (standing(MADE, waived, day).overdue, waived.covered, waived.paid_on_time) == (ZERO, 1, 0)
    more = fold(MADE, [disbursed(MADE), Fact(2, Kind.WAIVER, overdue * 3, day)])
    assert more.covered == 1
    assert more.last < 24


def test_a_write_off_stops_demands() -> None:
    day = date(2024, 9, 1)
    owed = standing(MADE, fold(MADE, [disbursed(MADE)]), day)
    entries, position = history(MADE, [disbursed(MADE), Fact(2, Kind.WRITE_OFF, owed.outstanding, day)])
    assert entries[1].split[:3] == (owed.interest, owed.principal, ZERO)
    later = standing(MADE, position, date(2025, 1, 1))
    assert (later.status, later.days_past_due) == (Status.WRITTEN_OFF, 0)
    assert later.outstanding == later.due == 0
    assert (later.next_instalment, later.repayments_left, later.end_date) == (None, 0, day)


# --- on time


def test_an_instalment_that_is_covered_before_its_due_date_counts_at_once() -> None:
    assert fold(MADE, paid(MADE, (MADE.instalment * 2, date(2024, 1, 20)))).paid_on_time == 2
    assert fold(MADE, paid(MADE, (MADE.instalment, FIRST_DUE))).paid_on_time == 1
    assert fold(MADE, paid(MADE, (MADE.instalment, FIRST_DUE + timedelta(days=1)))).paid_on_time == 0


def test_an_instalment_paid_in_two_parts_is_on_time_if_the_second_is() -> None:
    half = Decimal("2353.68")
    assert fold(MADE, paid(MADE, (half, date(2024, 1, 20)), (MADE.instalment - half, FIRST_DUE))).paid_on_time == 1


def test_a_loan_that_outlived_its_due_dates_has_no_end_date() -> None:
    last = due_date(MADE.start_date, 24)
    assert fold(MADE, [disbursed(MADE)]).end_date == last
    assert fold(MADE, paid(MADE, (1, last + timedelta(days=1)))).end_date is None


# --- openings


@settings(max_examples=60)
@given(
    made=terms(st.integers(2, 10), charged=False),
    instalments=st.integers(0, 9),
    unpaid_days=st.integers(0, 150),
    later=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 4)), max_size=4),
)
def test_a_proposed_opening_goes_on_as_if_its_instalments_had_been_paid(
    made: Terms, instalments: int, unpaid_days: int, later: list[tuple[int, int]]
) -> None:
    assume(instalments < made.tenure)
    rows = schedule(made.principal, made.annual_rate, made.tenure, made.start_date).rows[:instalments]
    assume(len(rows) == instalments and (not rows or rows[-1].closing_balance))
    whole = paid(made, *((row.instalment, row.due_date) for row in rows if row.instalment))
    opened_on = due_date(made.start_date, instalments) + timedelta(days=unpaid_days)
    opening = propose_opening(made, opened_on, instalments, emis_paid_on_time=instalments)
    day, receipts = opened_on, []
    for number, (days, share) in enumerate(later, start=1000):
        day += timedelta(days=days)
        receipts.append(receipt(number, from_paise(max(1, int(made.instalment * 40) * share)), day))
    for ahead in (0, 45, 400):
        seen_on = day + timedelta(days=ahead)
        lived = standing(made, fold(made, [*whole, *receipts]), seen_on)
        opened = standing(made, fold(made, [opening, *receipts]), seen_on)
        assert opened == lived


def test_an_opening_starts_with_what_the_books_elsewhere_said() -> None:
    opening = propose_opening(MADE, date(2024, 8, 20), 5, emis_paid_on_time=4)
    assert opening.opening is not None
    assert opening.opening.first_unpaid_due_date == date(2024, 7, 5)
    assert (opening.opening.instalments_left, opening.opening.emis_paid_on_time) == (19, 4)
    shown = account(MADE, [opening], date(2024, 8, 20))
    assert [(row.number, row.state) for row in shown.instalments[:3]] == [
        (6, State.OVERDUE),
        (7, State.OVERDUE),
        (8, State.TO_COME),
    ]
    assert (shown.standing.days_past_due, shown.standing.overdue) == (46, MADE.instalment * 2)
    assert shown.standing.interest == opening.opening.interest_due
    assert (shown.standing.paid_on_time, shown.standing.repayments_left) == (4, 19)
    caught_up = fold(MADE, [opening, receipt(2, MADE.instalment * 3, date(2024, 8, 20))])
    assert caught_up.paid_on_time == 5


def test_an_opening_can_be_proposed_for_a_loan_that_is_paid_ahead() -> None:
    opening = propose_opening(MADE, date(2024, 1, 20), 2, emis_paid_on_time=2)
    plan = schedule(MADE.principal, MADE.annual_rate, 24, MADE.start_date)
    assert opening.opening is not None
    assert (opening.amount, opening.opening.interest_due) == (plan.rows[1].closing_balance, ZERO)
    owed = standing(MADE, fold(MADE, [opening]), date(2024, 3, 1))
    assert owed.next_instalment is not None
    assert (owed.due, owed.next_instalment.number) == (ZERO, 3)


# --- buckets


def test_an_opening_is_proposed_with_something_left_also_if_the_loan_is_repaid_before_its_tenure() -> None:
    # The EMI of 0.0067 is one paisa, so 100 of the 150 instalments repay the rupee.
    made, on = loan(1, 0, 150, date(2010, 1, 5)), date(2024, 1, 5)
    assert due_but_the_last(made, on) == 99
    assert propose_opening(made, on, 99, 0).amount == Decimal("0.01")
    with pytest.raises(Refused, match="at most 99 can be") as refused:
        propose_opening(made, on, 100, 0)
    assert refused.value.figures == {"instalments": 99}


def test_buckets_are_data() -> None:
    own = (Bucket("good", 0), Bucket("bad", 5, holds=True), Bucket("worse", 50))
    assert [bucket_of(days, False, own).code for days in (0, 4, 5, 49, 50)] == ["good", "good", "bad", "bad", "worse"]
    assert bucket_of(0, True, own).code == "bad"
    position = fold(MADE, paid(MADE, (1, FIRST_DUE + timedelta(days=5))), buckets=own)
    assert standing(MADE, position, position.on or FIRST_DUE, own).bucket.code == "bad"
    assert position.held


def test_a_customer_is_as_bad_as_the_worst_loan() -> None:
    assert worst([BUCKETS[1], BUCKETS[3], BUCKETS[0]]) == BUCKETS[3]
    assert worst([]) is None


# --- terms, and what is stored


def test_the_terms_of_a_loan_run_at_the_rate_of_its_published_schedule() -> None:
    start = date(2017, 3, 9)
    for amount, rate, tenure, instalment in (("100000", "12", 24, "4707.35"), ("900000", "8.2", 129, "15344")):
        made = terms_of(Decimal(amount), Decimal(rate), tenure, start, Decimal(instalment))
        plan = schedule(Decimal(amount), Decimal(rate), tenure, start, Decimal(instalment))
        assert made.annual_rate == plan.effective_interest_rate
        shown = account(made, [disbursed(made)], start)
        assert [row.demanded for row in shown.instalments] == [row.instalment for row in plan.rows]


def test_instalments_that_do_not_repay_leave_the_rest_to_the_last() -> None:
    made = terms_of(Decimal(1_000_000), Decimal(13), 9, date(2024, 1, 1), Decimal(111_111))
    assert made.annual_rate == 13
    shown = account(made, [disbursed(made)], date(2024, 1, 1))
    assert shown.instalments[-1].demanded > shown.instalments[0].demanded == 111_111


@pytest.mark.parametrize(
    "wrong",
    [
        {"principal": Decimal(0)},
        {"principal": Decimal("0.001")},
        {"annual_rate": Decimal(-1)},
        {"annual_rate": Decimal("NaN")},
        {"tenure": 0},
        {"grace_days": -1},
        {"fees": Decimal(-5)},
        {"penal_charge": 5.0},
    ],
)
def test_terms_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(TermsError):
        replace(MADE, **wrong)  # type: ignore[arg-type]


def test_what_was_stored_otherwise_is_not_read() -> None:
    opening = propose_opening(MADE, date(2024, 8, 20), 5, emis_paid_on_time=4).opening
    assert opening is not None
    assert opening_from_stored(opening_as_stored(opening)) == opening
    good = terms_as_stored(MADE)
    for wrong in ({}, {**good, "tenure": "24"}, {**good, "principal": 1000}, {**good, "start_date": "soon"}):
        with pytest.raises(StoredValueError):
            terms_from_stored(wrong)
    position = position_as_stored(fold(MADE, [disbursed(MADE)]))
    for wrong in ({**position, "held": 1}, {**position, "demands": [[1]]}, {**position, "more": 1}):
        with pytest.raises(StoredValueError):
            position_from_stored(wrong)
