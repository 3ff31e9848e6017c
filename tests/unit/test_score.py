"""The credit score and the parts it is made of."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given

from chalicelib.rules.bounds import MAX_SCORE
from chalicelib.rules.policy import STANDARD_1, Policy
from chalicelib.rules.score import Facts, LoanRequest, Part, credit_score, history_score
from tests.support.strategies import facts_of_customers, policies, requests

CUSTOMER = Facts(Decimal(50_000), Decimal(1_800_000), 2, 1, 48, 40, Decimal(300_000), Decimal(12_000))
ASKED = LoanRequest(Decimal(200_000), Decimal("10.5"), 24)


def with_history(loans: int, full: int, tenures: int, paid: int) -> Facts:
    return replace(CUSTOMER, loans=loans, loans_paid_in_full=full, tenure_total=tenures, emis_paid_on_time=paid)


def parts(facts: Facts, policy: Policy = STANDARD_1, request: LoanRequest = ASKED) -> list[tuple[str, str, int]]:
    score = credit_score(facts, request, policy)
    return [(part.name, str(part.points_earned), part.points_possible) for part in score.parts]


def test_a_history_earns_points_for_punctuality_and_for_completion() -> None:
    assert parts(CUSTOMER) == [("punctuality", "58.33", 70), ("completion", "15.00", 30)]
    assert history_score(CUSTOMER, STANDARD_1) == 73


def test_without_a_history_the_policys_start_is_the_only_part() -> None:
    assert parts(with_history(0, 0, 0, 0)) == [("no_history", "75.00", 100)]


def test_a_score_forced_to_0_has_the_limit_as_its_only_part_with_nothing_earned() -> None:
    assert parts(replace(CUSTOMER, current_principal=CUSTOMER.approved_limit + 1)) == [("limit", "0.00", 100)]
    too_much = replace(ASKED, loan_amount=CUSTOMER.approved_limit + 1)
    assert parts(CUSTOMER, request=too_much) == [("limit", "0.00", 100)]


def test_instalments_paid_beyond_the_tenures_are_a_part_of_their_own() -> None:
    # 70 x 12/10 are 84 points: 70 for punctuality, and 14 more.
    assert parts(with_history(1, 0, 10, 12)) == [
        ("punctuality", "70.00", 70),
        ("completion", "0.00", 30),
        ("beyond_tenure", "14.00", 30),
    ]


def test_points_above_100_are_not_earned() -> None:
    assert parts(with_history(1, 1, 10, 700)) == [("punctuality", "70.00", 70), ("completion", "30.00", 30)]
    assert parts(with_history(2, 1, 10, 700)) == [
        ("punctuality", "70.00", 70),
        ("completion", "15.00", 30),
        ("beyond_tenure", "15.00", 30),
    ]


def test_a_score_that_is_whole_is_not_lost_to_a_cut_off_quotient() -> None:
    # 70 x 3/7 is exactly 30; with 3/7 cut off it would be 29.999… and fall to 29.
    assert history_score(with_history(1, 0, 7, 3), STANDARD_1) == 30


def test_parts_that_are_whole_only_together_are_rounded_together() -> None:
    # 70 x 7/9 + 30 x 5/9 are 54.444… + 16.666…, which is 71.111…; 70 x 1/3 + 30 x 2/9 are exactly 30.
    assert parts(with_history(9, 5, 9, 7)) == [("punctuality", "54.44", 70), ("completion", "16.67", 30)]
    whole = with_history(9, 2, 9, 3)
    assert parts(whole) == [("punctuality", "23.33", 70), ("completion", "6.67", 30)]
    assert history_score(whole, STANDARD_1) == 30


@given(facts=facts_of_customers(), request=requests, policy=policies())
def test_the_parts_add_up_to_the_score_with_the_fraction_cut_off(
    facts: Facts, request: LoanRequest, policy: Policy
) -> None:
    score = credit_score(facts, request, policy)
    earned = sum((part.points_earned for part in score.parts), Decimal(0))
    assert int(earned) == score.value
    assert 0 <= earned <= MAX_SCORE
    assert all(0 <= part.points_earned <= part.points_possible for part in score.parts)
    assert all(part.points_earned.as_tuple().exponent == -2 for part in score.parts)
    assert len({part.name for part in score.parts}) == len(score.parts)


@given(facts=facts_of_customers(), request=requests, policy=policies())
def test_each_part_is_within_a_hundredth_of_its_own_formula(facts: Facts, request: LoanRequest, policy: Policy) -> None:
    earned = {part.name: part.points_earned for part in credit_score(facts, request, policy).parts}
    if Part.PUNCTUALITY in earned:
        paid = Decimal(policy.punctuality_points * facts.emis_paid_on_time) / facts.tenure_total
        full = Decimal(policy.completion_points * facts.loans_paid_in_full) / facts.loans
        assert abs(earned[Part.PUNCTUALITY] - min(paid, Decimal(policy.punctuality_points))) <= Decimal("0.01")
        assert abs(earned[Part.COMPLETION] - full) <= Decimal("0.01")


@given(facts=facts_of_customers(), request=requests, policy=policies())
def test_one_more_instalment_paid_on_time_never_lowers_the_score(
    facts: Facts, request: LoanRequest, policy: Policy
) -> None:
    better = replace(facts, emis_paid_on_time=facts.emis_paid_on_time + 1)
    assert credit_score(better, request, policy).value >= credit_score(facts, request, policy).value


@pytest.mark.parametrize("part", Part)
def test_every_part_is_in_the_document(part: Part) -> None:
    assert f"\n| `{part}` |" in (Path(__file__).parents[2] / "docs" / "decision-rules.md").read_text()
