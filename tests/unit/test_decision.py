"""The decision of the built-in policies, line by line, and what must hold for every customer and policy."""

from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given

from chalicelib.rules.decision import decide
from chalicelib.rules.money import emi
from chalicelib.rules.policy import PRUDENT_1, STANDARD_1, Policy
from chalicelib.rules.reasons import Reason
from chalicelib.rules.score import Facts, LoanRequest, history_score
from chalicelib.rules.sentences import reason_sentence
from tests.support.portfolios import PORTFOLIOS, facts_in
from tests.support.strategies import able_customers, facts_of_customers, policies, rates, requests, rupees

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


def codes(facts: Facts, request: LoanRequest = ASKED, policy: Policy = STANDARD_1) -> list[Reason]:
    return [reason.code for reason in decide(facts, request, policy).reasons]


def test_a_good_history_is_approved_at_the_requested_rate() -> None:
    decision = decide(GOOD, ASKED, STANDARD_1)
    assert (decision.approved, decision.score, decision.reasons) == (True, 73, ())
    assert decision.corrected_interest_rate == Decimal("10.5")
    assert decision.monthly_installment == emi(ASKED.loan_amount, Decimal("10.5"), 24)


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
    assert reason_sentence(decision.reasons[0]) == "At a credit score of 40 the interest rate is at least 12% a year."


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
    assert reason_sentence(decision.reasons[0]) == (
        "The monthly instalments of the current loans, 26000.50, are more than 50% of the monthly income, 50000."
    )


@given(facts=able_customers(), request=requests, policy=policies(), more=rupees)
def test_a_higher_amount_never_turns_a_refusal_into_an_approval(
    facts: Facts, request: LoanRequest, policy: Policy, more: Decimal
) -> None:
    refused = not decide(facts, request, policy).approved
    higher = replace(request, loan_amount=request.loan_amount + more)
    assert not (refused and decide(facts, higher, policy).approved)


@given(facts=able_customers(), request=requests, policy=policies(), more=rates)
def test_a_higher_rate_never_turns_a_refusal_into_an_approval(
    facts: Facts, request: LoanRequest, policy: Policy, more: Decimal
) -> None:
    refused = not decide(facts, request, policy).approved
    dearer = replace(request, interest_rate=request.interest_rate + more)
    assert not (refused and decide(facts, dearer, policy).approved)


@given(facts=able_customers(), request=requests, policy=policies())
def test_counting_the_requested_loan_never_approves_what_is_refused_without_it(
    facts: Facts, request: LoanRequest, policy: Policy
) -> None:
    counting, not_counting = (replace(policy, counts_requested_loan=counts) for counts in (True, False))
    assert decide(facts, request, not_counting).approved or not decide(facts, request, counting).approved


@given(facts=able_customers(), request=requests, policy=policies())
def test_the_corrected_rate_is_the_requested_one_raised_to_the_floor_of_the_slab(
    facts: Facts, request: LoanRequest, policy: Policy
) -> None:
    decision = decide(facts, request, policy)
    assert (decision.rate_floor is not None) is decision.approved
    assert decision.corrected_interest_rate == max(request.interest_rate, decision.rate_floor or Decimal(0))
    assert decision.monthly_installment == emi(request.loan_amount, decision.corrected_interest_rate, request.tenure)


@given(facts=able_customers(), request=requests, policy=policies())
def test_a_refusal_has_a_reason_that_refuses_first_and_an_approval_has_none(
    facts: Facts, request: LoanRequest, policy: Policy
) -> None:
    decision = decide(facts, request, policy)
    refusing = [reason.code.refuses for reason in decision.reasons]
    assert refusing == sorted(refusing, reverse=True)
    assert any(refusing) is not decision.approved
    raised = decision.corrected_interest_rate != request.interest_rate
    assert decision.calls_for_counter_offer is (raised or not decision.approved)


@given(facts=able_customers(), request=requests, policy=policies())
def test_the_callers_precision_does_not_change_a_decision(facts: Facts, request: LoanRequest, policy: Policy) -> None:
    with localcontext(prec=3):
        roughly = decide(facts, request, policy)
    assert roughly == decide(facts, request, policy)


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


def prudent_codes(facts: Facts, request: LoanRequest = ASKED) -> list[Reason]:
    return codes(facts, request, PRUDENT_1)


def test_prudent_counts_the_instalment_of_the_requested_loan() -> None:
    room = Decimal(25_000) - emi(ASKED.loan_amount, ASKED.interest_rate, ASKED.tenure)
    assert decide(replace(GOOD, current_emis=room), ASKED, PRUDENT_1).approved
    just_above = replace(GOOD, current_emis=room + Decimal("0.01"))
    assert prudent_codes(just_above) == [Reason.EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN]
    assert decide(just_above, ASKED, STANDARD_1).approved


def test_prudent_counts_the_instalment_at_the_rate_that_would_apply() -> None:
    room = Decimal(25_000) - emi(ASKED.loan_amount, Decimal(12), ASKED.tenure)
    assert prudent_codes(replace(with_score(40), current_emis=room)) == [Reason.RATE_RAISED_TO_FLOOR]
    refused = decide(replace(with_score(40), current_emis=room + Decimal("0.01")), ASKED, PRUDENT_1)
    assert [reason.code for reason in refused.reasons] == [Reason.EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN]
    # The refused loan is still quoted as it was asked for.
    assert refused.corrected_interest_rate == ASKED.interest_rate
    assert refused.monthly_installment == emi(ASKED.loan_amount, ASKED.interest_rate, ASKED.tenure)


def test_prudent_counts_the_requested_amount_against_the_limit() -> None:
    at_limit = replace(GOOD, current_principal=GOOD.approved_limit - ASKED.loan_amount)
    assert decide(at_limit, ASKED, PRUDENT_1).approved
    over = replace(at_limit, current_principal=at_limit.current_principal + Decimal("0.01"))
    assert prudent_codes(over) == [Reason.LIMIT_EXCEEDED_WITH_THIS_LOAN]
    assert decide(over, ASKED, PRUDENT_1).score == 0
    assert decide(over, ASKED, STANDARD_1).approved


def test_prudent_does_not_blame_the_requested_loan_for_what_is_broken_without_it() -> None:
    facts = replace(GOOD, current_emis=Decimal(40_000), current_principal=Decimal(2_000_000))
    assert prudent_codes(facts) == [Reason.EMI_BURDEN_TOO_HIGH, Reason.CURRENT_LOANS_EXCEED_LIMIT]
    too_much = replace(ASKED, loan_amount=GOOD.approved_limit + 1, tenure=600, interest_rate=Decimal(0))
    assert prudent_codes(GOOD, too_much) == [Reason.AMOUNT_EXCEEDS_LIMIT]


@given(facts=able_customers(), request=requests)
def test_the_prudent_decision_is_the_standard_one_with_the_requested_loan_counted(
    facts: Facts, request: LoanRequest
) -> None:
    """The rules of prudent-1 said once more, without a word of the code that decides."""
    standard = decide(facts, request, STANDARD_1)
    rate = standard.corrected_interest_rate
    fits_limit = facts.current_principal + request.loan_amount <= facts.approved_limit
    instalments = facts.current_emis + emi(request.loan_amount, rate, request.tenure)
    fits_income = instalments * 2 <= facts.monthly_income
    assert decide(facts, request, PRUDENT_1).approved is (standard.approved and fits_limit and fits_income)


GRID = [
    LoanRequest(Decimal(amount), Decimal(rate), tenure)
    for amount, rate, tenure in product((1, 50_000, 700_000, 5_000_000), ("0", "8.12", "13", "24"), (1, 12, 60, 240))
]


@pytest.mark.parametrize("policy", [STANDARD_1, PRUDENT_1], ids=lambda policy: policy.name)
@pytest.mark.parametrize("portfolio", PORTFOLIOS, ids=lambda folder: folder.parent.name)
def test_over_a_portfolio_the_parts_add_up_to_the_score_and_the_reasons_agree_with_the_result(
    portfolio: Path, policy: Policy
) -> None:
    customers = facts_in(portfolio, date(2024, 1, 15))
    assert len(customers) >= 300
    for facts, request in product(customers, GRID):
        decision = decide(facts, request, policy)
        assert int(sum(part.points_earned for part in decision.score_parts)) == decision.score
        assert all(0 <= part.points_earned <= part.points_possible for part in decision.score_parts)
        assert decision.approved is not any(reason.code.refuses for reason in decision.reasons)
        raised = any(reason.code is Reason.RATE_RAISED_TO_FLOOR for reason in decision.reasons)
        assert raised is (decision.corrected_interest_rate > request.interest_rate)
