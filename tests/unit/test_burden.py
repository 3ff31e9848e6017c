"""What a customer carries with one more loan, beside the limit and the policy's share of the income."""

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest

from chalicelib.rules.burden import burden
from chalicelib.rules.ceilings import Ceiling
from chalicelib.rules.policy import PRUDENT_1, STANDARD_1
from chalicelib.rules.reasons import Reason
from chalicelib.rules.score import Facts, LoanRequest, limit_reasons

FACTS = Facts(
    monthly_income=Decimal(30_000),
    approved_limit=Decimal(1_080_000),
    loans=1,
    loans_paid_in_full=0,
    tenure_total=12,
    emis_paid_on_time=3,
    current_principal=Decimal(100_000),
    current_emis=Decimal(9_000),
)


def test_a_loan_adds_to_what_is_carried() -> None:
    today, after = burden(FACTS, STANDARD_1), burden(FACTS, STANDARD_1, Decimal(50_000), Decimal(4_400))
    assert [today.principal, today.emis, today.emi_percent] == [100_000, 9_000, 30]
    assert [after.principal, after.emis, after.budget, after.emi_percent] == [150_000, 13_400, 15_000, Decimal("44.7")]


@pytest.mark.parametrize(
    ("instalment", "exceeds", "percent"), [("6000", False, "50"), ("6000.01", True, "50.1"), ("21000", True, "100")]
)
def test_what_exceeds_the_share_of_the_policy_is_seen_to(instalment: str, exceeds: bool, percent: str) -> None:
    carried = burden(FACTS, STANDARD_1, instalment=Decimal(instalment))
    assert (carried.exceeds_share, carried.emi_percent) == (exceeds, Decimal(percent))


def test_the_callers_precision_does_not_change_what_is_held_against_a_limit_or_an_income() -> None:
    facts = replace(FACTS, approved_limit=Decimal(62_500), current_principal=Decimal("0.01"))
    request = LoanRequest(Decimal(62_500), Decimal(0), 1)
    with localcontext(prec=2):
        assert limit_reasons(facts, request, PRUDENT_1) == (Reason.LIMIT_EXCEEDED_WITH_THIS_LOAN,)
        assert burden(FACTS, STANDARD_1, instalment=Decimal(4_400)).emi_percent == Decimal("44.7")
        assert Ceiling(incomes=36, most=10**12).limit_for(Decimal("23000.50")) == Decimal("828018.00")
