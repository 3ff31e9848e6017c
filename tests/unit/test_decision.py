"""The decision of policy standard-1, line by line, and what must hold for every customer."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules.decision import decide
from chalicelib.rules.money import emi
from chalicelib.rules.policy import MAX_SCORE, STANDARD_1, Policy, PolicyError, Slab, policy_named
from chalicelib.rules.reasons import Reason
from chalicelib.rules.score import Facts, LoanRequest, credit_score, history_score
from tests.unit.strategies import facts_of_customers, requests, rupees

GOOD = Facts(
    monthly_income=Decimal(50_000),
    approved_limit=Decimal(1_800_000),
    loans=2,
    loans_paid_in_full=1,
    tenure_total=48,
    emis_paid_on_time=40,
    current_principal=Decimal(300_000),
    current_emis=Decimal(12_000),
)
NEW = Facts(Decimal(23_000), Decimal(828_000), 0, 0, 0, 0, Decimal(0), Decimal(0))
ASKED = LoanRequest(Decimal(200_000), Decimal("10.5"), 24)


def with_score(score: int) -> Facts:
    """A customer of 100 months in one unfinished loan, so that 70 x paid / 100 gives any score up to 70."""
    paid = -(-score * 100 // 70)
    facts = replace(GOOD, loans=1, loans_paid_in_full=0, tenure_total=100, emis_paid_on_time=paid)
    assert history_score(facts, STANDARD_1) == score
    return facts


def codes(facts: Facts, request: LoanRequest = ASKED) -> list[Reason]:
    return [reason.code for reason in decide(facts, request, STANDARD_1).reasons]


def test_a_good_history_is_approved_at_the_requested_rate() -> None:
    decision = decide(GOOD, ASKED, STANDARD_1)
    assert (decision.approved, decision.score, decision.reasons) == (True, 73, ())
    assert decision.corrected_interest_rate == Decimal("10.5")
    assert decision.monthly_installment == emi(ASKED.loan_amount, Decimal("10.5"), 24)
    assert decision.message is None


def test_a_customer_without_loans_scores_75() -> None:
    decision = decide(NEW, ASKED, STANDARD_1)
    assert (decision.approved, decision.score) == (True, 75)
    assert codes(NEW) == [Reason.NO_LOAN_HISTORY]


@pytest.mark.parametrize(
    ("score", "approved", "rate"),
    [
        (70, True, "10.5"),
        (51, True, "10.5"),
        (50, True, "12"),
        (49, True, "12"),
        (31, True, "12"),
        (30, True, "16"),
        (29, True, "16"),
        (11, True, "16"),
        (10, False, "10.5"),
        (0, False, "10.5"),
    ],
)
def test_each_score_falls_in_exactly_one_slab(score: int, approved: bool, rate: str) -> None:
    decision = decide(with_score(score), ASKED, STANDARD_1)
    assert (decision.approved, decision.corrected_interest_rate) == (approved, Decimal(rate))
    assert decision.monthly_installment == emi(ASKED.loan_amount, Decimal(rate), ASKED.tenure)


@pytest.mark.parametrize(("score", "asked"), [(40, "13.25"), (20, "18")])
def test_a_requested_rate_above_the_floor_is_not_lowered(score: int, asked: str) -> None:
    decision = decide(with_score(score), replace(ASKED, interest_rate=Decimal(asked)), STANDARD_1)
    assert decision.corrected_interest_rate == Decimal(asked)
    assert decision.reasons == ()


def test_a_raised_rate_says_so() -> None:
    decision = decide(with_score(40), ASKED, STANDARD_1)
    assert [reason.code for reason in decision.reasons] == [Reason.RATE_RAISED_TO_FLOOR]
    assert decision.reasons[0].sentence == "At a credit score of 40 the interest rate is at least 12% a year."


def test_instalments_of_exactly_half_the_income_are_not_too_many() -> None:
    assert decide(replace(GOOD, current_emis=Decimal(25_000)), ASKED, STANDARD_1).approved
    assert codes(replace(GOOD, current_emis=Decimal("25000.01"))) == [Reason.EMI_BURDEN_TOO_HIGH]


def test_current_loans_of_exactly_the_limit_do_not_exceed_it() -> None:
    assert decide(replace(GOOD, current_principal=GOOD.approved_limit), ASKED, STANDARD_1).approved
    over = replace(GOOD, current_principal=GOOD.approved_limit + Decimal("0.01"))
    assert codes(over) == [Reason.CURRENT_LOANS_EXCEED_LIMIT]
    assert decide(over, ASKED, STANDARD_1).score == 0


def test_an_amount_of_exactly_the_limit_does_not_exceed_it() -> None:
    at_limit = replace(ASKED, loan_amount=NEW.approved_limit)
    assert decide(NEW, at_limit, STANDARD_1).approved
    assert codes(NEW, replace(ASKED, loan_amount=NEW.approved_limit + 1)) == [Reason.AMOUNT_EXCEEDS_LIMIT]


def test_all_reasons_are_given_with_the_deciding_one_first() -> None:
    facts = replace(GOOD, current_emis=Decimal(40_000), current_principal=Decimal(2_000_000))
    assert codes(facts, replace(ASKED, loan_amount=Decimal(1_900_000))) == [
        Reason.EMI_BURDEN_TOO_HIGH,
        Reason.CURRENT_LOANS_EXCEED_LIMIT,
        Reason.AMOUNT_EXCEEDS_LIMIT,
    ]


def test_a_low_score_and_a_high_burden_are_both_named() -> None:
    facts = replace(with_score(5), current_emis=Decimal(40_000))
    assert codes(facts) == [Reason.EMI_BURDEN_TOO_HIGH, Reason.SCORE_TOO_LOW]


def test_a_refusal_says_why_to_a_person() -> None:
    decision = decide(replace(GOOD, current_emis=Decimal("26000.50")), ASKED, STANDARD_1)
    assert decision.message == (
        "The monthly instalments of the current loans, 26000.50, are more than 50% of the monthly income, 50000."
    )


def test_a_score_that_is_whole_is_not_lost_to_a_cut_off_quotient() -> None:
    # 70 x 3/7 is exactly 30; with 3/7 cut off it would be 29.999… and fall to 29.
    facts = replace(GOOD, loans=1, loans_paid_in_full=0, tenure_total=7, emis_paid_on_time=3)
    assert history_score(facts, STANDARD_1) == 30


@given(facts=facts_of_customers(), request=requests)
def test_the_score_never_leaves_0_to_100(facts: Facts, request: LoanRequest) -> None:
    assert 0 <= credit_score(facts, request, STANDARD_1).value <= MAX_SCORE


@given(facts=facts_of_customers(), request=requests, more=rupees)
def test_a_higher_amount_never_turns_a_refusal_into_an_approval(
    facts: Facts, request: LoanRequest, more: Decimal
) -> None:
    refused = not decide(facts, request, STANDARD_1).approved
    higher = replace(request, loan_amount=request.loan_amount + more)
    assert not (refused and decide(facts, higher, STANDARD_1).approved)


@given(facts=facts_of_customers(), request=requests)
def test_one_more_instalment_paid_on_time_never_lowers_the_score(facts: Facts, request: LoanRequest) -> None:
    better = replace(facts, emis_paid_on_time=facts.emis_paid_on_time + 1)
    assert credit_score(better, request, STANDARD_1).value >= credit_score(facts, request, STANDARD_1).value


@given(facts=facts_of_customers(), request=requests)
def test_the_corrected_rate_is_never_below_the_requested_one(facts: Facts, request: LoanRequest) -> None:
    decision = decide(facts, request, STANDARD_1)
    assert decision.corrected_interest_rate >= request.interest_rate
    assert decision.approved or decision.corrected_interest_rate == request.interest_rate


@given(facts=facts_of_customers(), request=requests)
def test_a_refusal_has_a_reason_and_an_approval_has_no_refusing_one(facts: Facts, request: LoanRequest) -> None:
    decision = decide(facts, request, STANDARD_1)
    remarks = {Reason.NO_LOAN_HISTORY, Reason.RATE_RAISED_TO_FLOOR}
    given_codes = {reason.code for reason in decision.reasons}
    assert bool(given_codes - remarks) is not decision.approved
    assert (decision.message is None) is decision.approved


@given(facts=facts_of_customers(), request=requests)
def test_the_decision_is_the_table_of_the_specification(facts: Facts, request: LoanRequest) -> None:
    """The same table written the slow and literal way, in fractions of whole numbers."""
    principal, limit = facts.current_principal, facts.approved_limit
    if principal > limit or request.loan_amount > limit:
        score = 0
    elif facts.loans == 0:
        score = 75
    else:
        hundredths = 70 * facts.emis_paid_on_time * facts.loans + 30 * facts.loans_paid_in_full * facts.tenure_total
        score = next(points for points in range(100, -1, -1) if points * facts.tenure_total * facts.loans <= hundredths)
    decision = decide(facts, request, STANDARD_1)
    assert decision.score == score
    burden = facts.current_emis * 2 > facts.monthly_income
    assert decision.approved is (not burden and score > 10)


@given(income=st.integers(1, 10**9))
def test_the_limit_is_36_incomes(income: int) -> None:
    assert STANDARD_1.approved_limit(Decimal(income)) == 36 * income


@pytest.mark.parametrize(("income", "limit"), [("23000", "800000"), ("24000", "900000"), ("23611.11", "800000")])
def test_a_limit_can_be_rounded_to_a_lakh_half_up(income: str, limit: str) -> None:
    to_a_lakh = replace(STANDARD_1, limit_rounding_step=Decimal(100_000))
    assert to_a_lakh.approved_limit(Decimal(income)) == Decimal(limit)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"income_multiple": Decimal(0)}, "income_multiple must be above 0"),
        ({"limit_rounding_step": Decimal(-1)}, "limit_rounding_step must be above 0"),
        ({"max_emi_share_of_income": Decimal("1.2")}, "max_emi_share_of_income must be above 0 and at most 1"),
        ({"score_without_history": 101}, "score_without_history must lie between 0 and 100"),
        ({"punctuality_points": 80}, "add up to 100, not 80 and 30"),
        ({"slabs": ()}, "at least one slab"),
        ({"slabs": (Slab(30, Decimal(12)), Slab(50, Decimal(12)))}, "from the highest score to the lowest"),
        ({"slabs": (Slab(50, Decimal(0)), Slab(50, Decimal(12)))}, "each once"),
        ({"slabs": (Slab(50, Decimal(16)), Slab(30, Decimal(12)))}, "must not have a lower rate_floor"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_a_sentence(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        replace(STANDARD_1, **change)  # type: ignore[arg-type]  # each value has its field's type


def test_an_unknown_policy_is_refused_naming_those_there_are() -> None:
    with pytest.raises(PolicyError, match=r"'generous-7'.*standard-1"):
        policy_named("generous-7")
    known: Policy = policy_named("standard-1")
    assert known is STANDARD_1
