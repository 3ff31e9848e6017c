"""The figures of a Key Facts Statement, against RBI's published examples."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.calendar import add_working_days
from chalicelib.rules.key_facts import Charged, Fee, FeesTakeAll, PayableTo, Proposal, class_dates, key_facts, total
from chalicelib.rules.lender import Lender
from chalicelib.rules.money import emi
from chalicelib.rules.servicing.values import terms_of
from chalicelib.rules.stored_key_facts import (
    lender_as_stored,
    lender_from_stored,
    proposal_as_stored,
    proposal_from_stored,
)

PROCESSING = Fee("Processing fee", Decimal(240), PayableTo.LENDER, Charged.ONCE)
INSURANCE = Fee("Insurance", Decimal(160), PayableTo.THIRD_PARTY, Charged.ONCE)


def proposed(amount: str, rate: str, tenure: int, *fees: Fee) -> Proposal:
    principal, annual = Decimal(amount), Decimal(rate)
    return Proposal(terms_of(principal, annual, tenure, date(2024, 4, 15), emi(principal, annual, tenure)), fees)


def test_the_computation_sheet_is_rbis() -> None:
    made = key_facts(proposed("20000", "15", 24, PROCESSING, INSURANCE))
    assert (made.once, made.monthly, made.received) == (Decimal(400), Decimal(0), Decimal(19_600))
    assert made.plan.monthly_installment == Decimal("969.73")
    # 3,274 and 23,274 in the circular, which has no paise.
    assert (made.plan.total_interest, made.total_paid) == (Decimal("3273.58"), Decimal("23273.58"))
    assert made.apr == Decimal("17.07")
    assert made.total_cost == Decimal("3673.58")


def test_a_fee_with_every_instalment_counts_each_time() -> None:
    monthly = Fee("Insurance", Decimal(10), PayableTo.THIRD_PARTY, Charged.MONTHLY)
    made = key_facts(proposed("20000", "15", 24, PROCESSING, monthly))
    assert (made.monthly, made.total_fees) == (Decimal(10), Decimal(480))
    assert made.apr > key_facts(proposed("20000", "15", 24, PROCESSING)).apr


def test_fees_are_added_up_by_who_gets_them() -> None:
    fees = (PROCESSING, INSURANCE)
    assert total(fees, Charged.ONCE, PayableTo.LENDER) == 240
    assert total(fees, Charged.ONCE, PayableTo.THIRD_PARTY) == 160
    assert total(fees, Charged.MONTHLY) == 0


def test_fees_that_leave_nothing_are_refused_with_both_amounts() -> None:
    with pytest.raises(FeesTakeAll, match=r"400.*loan of 400.*less than the loan amount"):
        key_facts(proposed("400", "15", 24, PROCESSING, INSURANCE))


def test_the_classes_are_reached_on_rbis_dates() -> None:
    reached = class_dates(date(2021, 3, 31))
    assert {each.code: each.day for each in reached} == {
        "SMA-0": date(2021, 3, 31),
        "SMA-1": date(2021, 4, 30),
        "SMA-2": date(2021, 5, 30),
        "NPA": date(2021, 6, 29),
    }


def test_working_days_skip_the_weekend() -> None:
    friday = date(2026, 11, 27)
    assert add_working_days(friday, 3) == date(2026, 12, 2)
    assert add_working_days(date(2026, 11, 28), 1) == date(2026, 11, 30)
    assert add_working_days(friday, 0) == friday


fees = st.builds(
    Fee,
    st.text(min_size=1, max_size=60),
    st.decimals(Decimal("0.01"), 10**9, places=2),
    st.sampled_from(PayableTo),
    st.sampled_from(Charged),
)


@given(
    st.lists(fees, max_size=20), st.decimals(1, 10**12, places=2), st.decimals(0, 100, places=4), st.integers(1, 600)
)
def test_a_proposal_is_read_back_as_it_was_stored(
    several: list[Fee], amount: Decimal, rate: Decimal, tenure: int
) -> None:
    proposal = proposed(str(amount), str(rate), tenure, *several)
    assert proposal_from_stored(proposal_as_stored(proposal)) == proposal


def test_a_lender_is_read_back_and_may_have_been_stored_with_fewer_fields() -> None:
    lender = Lender(name="Sahyog Finance", cooling_off_days=3, key_facts_days=5)
    assert lender_from_stored(lender_as_stored(lender)) == lender
    assert lender_from_stored({"name": "Sahyog Finance"}) == Lender(name="Sahyog Finance")
