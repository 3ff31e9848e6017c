"""Money and instalments."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.money import emi, from_paise, largest_principal, money, whole_paise
from tests.support.strategies import rates, rupees, tenures


@pytest.mark.parametrize(
    ("principal", "rate", "tenure", "instalment"),
    [
        ("120030", "8.12", 12, "10447.88"),
        ("100000", "12", 24, "4707.35"),
        ("50000", "0", 10, "5000.00"),
        ("100", "0", 3, "33.33"),
        ("1", "0", 600, "0.00"),
        ("100000", "12", 1, "101000.00"),
        # Exactly half a paisa, which digits that are cut off somewhere would lose.
        ("1206", "1", 1, "1207.01"),
        ("100.50", "12", 2, "51.01"),
        ("1039243800", "74.39", 2, "568424455.24"),
    ],
)
def test_an_instalment_is_the_annuity_of_the_principal(principal: str, rate: str, tenure: int, instalment: str) -> None:
    assert emi(Decimal(principal), Decimal(rate), tenure) == Decimal(instalment)


@given(principal=rupees, rate=rates, tenure=tenures)
def test_all_instalments_together_repay_the_principal(principal: Decimal, rate: Decimal, tenure: int) -> None:
    # Each instalment is rounded by up to half a paisa.
    assert emi(principal, rate, tenure) * tenure >= principal - tenure * Decimal("0.005")


@given(principal=rupees, rate=rates, tenure=tenures)
def test_an_instalment_is_the_exact_fraction_of_the_formula_rounded_half_up(
    principal: Decimal, rate: Decimal, tenure: int
) -> None:
    monthly = Fraction(rate) / 1200
    growth = (1 + monthly) ** tenure
    exact = Fraction(principal) * (monthly * growth / (growth - 1) if monthly else Fraction(1, tenure))
    assert Fraction(-1, 200) <= exact - Fraction(emi(principal, rate, tenure)) < Fraction(1, 200)


@given(principal=rupees, rate=rates, tenure=tenures)
def test_a_longer_tenure_never_raises_the_instalment(principal: Decimal, rate: Decimal, tenure: int) -> None:
    assert emi(principal, rate, tenure + 1) <= emi(principal, rate, tenure)


@given(instalment=rupees, rate=rates, tenure=tenures)
def test_the_largest_principal_of_an_instalment_is_the_last_one_whose_emi_fits(
    instalment: Decimal, rate: Decimal, tenure: int
) -> None:
    largest = largest_principal(instalment, rate, tenure)
    assert largest == 0 or emi(Decimal(largest), rate, tenure) <= instalment
    assert emi(Decimal(largest + 1), rate, tenure) > instalment


@pytest.mark.parametrize(
    ("instalment", "rate", "tenure", "principal"),
    [
        ("5000", "0", 10, 50_000),
        # 2 / 600 is less than half a paisa and so rounded to nothing; 3 / 600 is half a paisa.
        ("0.00", "0", 600, 2),
        ("0.99", "12", 1, 0),
        ("-1", "12", 12, 0),
        ("4707.35", "12", 24, 100_000),
    ],
)
def test_the_largest_principal_is_in_whole_rupees(instalment: str, rate: str, tenure: int, principal: int) -> None:
    assert largest_principal(Decimal(instalment), Decimal(rate), tenure) == principal


@given(principal=rupees, rate=rates, tenure=tenures)
def test_a_higher_rate_never_lowers_the_instalment(principal: Decimal, rate: Decimal, tenure: int) -> None:
    assert emi(principal, rate + 1, tenure) >= emi(principal, rate, tenure)


@given(principal=rupees, rate=rates, tenure=tenures)
def test_the_balance_after_the_last_unrounded_instalment_is_nothing(
    principal: Decimal, rate: Decimal, tenure: int
) -> None:
    with localcontext(prec=60):
        monthly = rate / 1200
        growth = (1 + monthly) ** tenure
        accrued = tenure if monthly == 0 else (growth - 1) / monthly
        rounding = accrued * Decimal("0.005")
        assert abs(principal * growth - emi(principal, rate, tenure) * accrued) <= rounding + Decimal("0.01")


def test_the_callers_precision_does_not_change_an_instalment() -> None:
    with localcontext(prec=5):
        assert emi(Decimal("98765432.10"), Decimal("8.12"), 360) == Decimal("732984.85")


@pytest.mark.parametrize(
    ("principal", "rate", "tenure"), [("0", "8", 12), ("-1", "8", 12), ("1000", "-1", 12), ("1000", "8", 0)]
)
def test_an_instalment_of_nothing_is_refused(principal: str, rate: str, tenure: int) -> None:
    with pytest.raises(ValueError, match="principal above 0"):
        emi(Decimal(principal), Decimal(rate), tenure)


@pytest.mark.parametrize(
    ("value", "amount"),
    [("120030", "120030.00"), ("4707.345", "4707.35"), ("4707.344", "4707.34"), (7, "7.00"), ("-0.005", "-0.01")],
)
def test_money_is_rounded_half_up_to_the_paisa(value: str | int, amount: str) -> None:
    assert str(money(value)) == amount


@given(paise=st.integers(-(10**16), 10**16))
def test_paise_are_rupees_with_two_decimals(paise: int) -> None:
    assert whole_paise(from_paise(paise)) == paise
    assert str(from_paise(paise)).partition(".")[2].isdecimal()


@pytest.mark.parametrize(("amount", "paise"), [("1.999", 199), ("1E+2", 10_000), ("-0.001", -1)])
def test_whole_paise_leave_out_the_fraction_above_them(amount: str, paise: int) -> None:
    assert whole_paise(Decimal(amount)) == paise


def test_money_refuses_a_float() -> None:
    with pytest.raises(TypeError, match="never a float"):
        money(0.1)  # type: ignore[arg-type]  # what the type checker forbids is what is tested
