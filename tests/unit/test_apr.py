"""The annual percentage rate: RBI's example, and what holds for any loan."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.rules.apr import annual_percentage_rate
from chalicelib.rules.money import emi, money
from chalicelib.rules.schedule import schedule

START = date(2024, 4, 15)
principals = st.decimals(min_value=1, max_value=10**12, places=2)
rates = st.decimals(min_value=0, max_value=100, places=4)
tenures = st.integers(min_value=1, max_value=600)


def payments_of(principal: Decimal, rate: Decimal, tenure: int) -> list[Decimal]:
    return [row.instalment for row in schedule(principal, rate, tenure, START).rows]


def test_rbis_example_gives_its_annual_percentage_rate() -> None:
    payments = payments_of(Decimal(20_000), Decimal(15), 24)
    assert annual_percentage_rate(Decimal(19_600), payments) == Decimal("17.07")
    # The effective rate of a year would be 18.47.
    assert annual_percentage_rate(Decimal(20_000), payments) == Decimal("15.00")


def test_instalments_rounded_to_whole_rupees_would_give_another_rate() -> None:
    assert annual_percentage_rate(Decimal(19_600), [Decimal(970)] * 24) == Decimal("17.10")


def test_a_loan_without_interest_and_fees_costs_nothing() -> None:
    assert annual_percentage_rate(Decimal(500), [Decimal(125)] * 4) == 0


def test_one_payment_after_a_month_is_known_without_any_search() -> None:
    assert annual_percentage_rate(Decimal(100), [Decimal(110)]) == Decimal(120)
    assert annual_percentage_rate(Decimal("0.01"), [Decimal(10**12)]) == money(1200 * (Decimal(10**14) - 1))


@given(principals, rates, tenures)
def test_without_fees_it_is_the_rate_as_far_as_rounded_instalments_allow(
    principal: Decimal, rate: Decimal, tenure: int
) -> None:
    payments = payments_of(principal, rate, tenure)
    found = annual_percentage_rate(principal, payments)
    # An instalment is rounded to the paisa, and so is the interest of each month: half a paisa more or less in each is
    # no more than one in each to be sure. Of small loans that is a lot.
    paisa = Decimal("0.01")
    low = (
        annual_percentage_rate(principal, [max(payment - paisa, Decimal(0)) for payment in payments])
        if sum(max(payment - paisa, Decimal(0)) for payment in payments) >= principal
        else Decimal(0)
    )
    high = annual_percentage_rate(principal, [payment + paisa for payment in payments])
    assert low <= found <= high
    if principal >= 10_000 and tenure <= 60:
        assert abs(found - rate) <= Decimal("0.01")


@given(principals, rates, tenures, st.decimals(min_value=0, max_value=1, places=6), st.decimals(0, 1, places=6))
def test_more_fees_never_make_a_loan_cheaper(
    principal: Decimal, rate: Decimal, tenure: int, one: Decimal, other: Decimal
) -> None:
    payments = payments_of(principal, rate, tenure)
    fewer, more = sorted(money(share * principal) for share in (one, other))
    if more < principal:
        cheap, dear = (annual_percentage_rate(principal - fees, payments) for fees in (fewer, more))
        assert cheap <= dear
        if more - fewer >= principal / 100 and tenure <= 60:
            assert cheap < dear


@given(
    st.decimals(Decimal("0.01"), 10**12, places=2), st.lists(st.decimals(0, 10**12, places=2), min_size=1, max_size=600)
)
@settings(deadline=None)
def test_it_ends_for_any_payments_and_discounts_them_to_what_was_received(
    received: Decimal, payments: list[Decimal]
) -> None:
    if sum(payments) < received:
        with pytest.raises(ValueError, match="payments of at least as much"):
            annual_percentage_rate(received, payments)
        return
    rate = annual_percentage_rate(received, payments) / 1200
    # Half the last decimal of the rate on either side encloses what was received.
    step = Decimal("0.005") / 1200 + Decimal("1e-13")
    low, high = (
        sum(p / (1 + r) ** k for k, p in enumerate(payments, 1)) for r in (max(rate - step, Decimal(0)), rate + step)
    )
    assert low * (1 + Decimal("1e-20")) >= received >= high * (1 - Decimal("1e-20"))


@pytest.mark.parametrize(("received", "payments"), [("0", ["1"]), ("-1", ["1"]), ("2", ["1"]), ("1", ["3", "-1"])])
def test_what_has_no_such_rate_is_refused(received: str, payments: list[str]) -> None:
    with pytest.raises(ValueError, match="annual percentage rate"):
        annual_percentage_rate(Decimal(received), list(map(Decimal, payments)))


def test_the_longest_and_dearest_loan_has_one() -> None:
    principal = Decimal(10**12)
    payments = payments_of(principal, Decimal(100), 600)
    assert payments[0] == emi(principal, Decimal(100), 600)
    assert annual_percentage_rate(principal, payments) == Decimal("100.00")
