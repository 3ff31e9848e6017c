"""The decision on a loan request: approved or not, at which rate, and why. Pure: the same values, the same answer."""

from decimal import Decimal
from typing import NamedTuple

from chalicelib.rules.money import CONTEXT, emi
from chalicelib.rules.policy import Policy, Slab
from chalicelib.rules.reasons import FIGURES, Reason, StatedReason
from chalicelib.rules.score import Facts, LoanRequest, Score, ScorePart, credit_score


class Case(NamedTuple):
    """A request with what was found for it: the score, and the instalment at the rate that would apply to it."""

    facts: Facts
    request: LoanRequest
    policy: Policy
    score: int
    rate: Decimal
    instalment: Decimal


class Decision(NamedTuple):
    """The result. `reasons` holds all that apply, the deciding one first.

    `score_parts` add up, rounded down, to `score`. `corrected_interest_rate` (percent a year) is the rate that
    applies if approved, else the requested one; `monthly_installment` (rupees) is computed on it. `rate_floor`
    (percent a year) is the least rate of the slab that the score falls in; None if it was refused.
    """

    approved: bool
    policy: str
    score: int
    score_parts: tuple[ScorePart, ...]
    reasons: tuple[StatedReason, ...]
    rate_floor: Decimal | None
    corrected_interest_rate: Decimal
    monthly_installment: Decimal

    @property
    def calls_for_counter_offer(self) -> bool:
        """Whether it was not approved as asked: refused, or approved at a rate above the requested one."""
        return not self.approved or any(reason.code is Reason.RATE_RAISED_TO_FLOOR for reason in self.reasons)


def decide(facts: Facts, request: LoanRequest, policy: Policy) -> Decision:
    """Applies `policy` to a request of a customer with these facts. Raises what emi() raises."""
    score = credit_score(facts, request, policy)
    slab = policy.slab_for(score.value)
    case = _case(facts, request, policy, score, slab)
    refusals = _refusals(case, score, slab)
    codes = refusals + _remarks(score, raised=not refusals and case.rate > request.interest_rate)
    rate = request.interest_rate if refusals else case.rate
    same = rate == case.rate
    return Decision(
        approved=not refusals,
        policy=policy.name,
        score=score.value,
        score_parts=score.parts,
        reasons=tuple(_stated(code, case) for code in codes),
        rate_floor=None if refusals or slab is None else slab.rate_floor,
        corrected_interest_rate=rate,
        monthly_installment=case.instalment if same else emi(request.loan_amount, rate, request.tenure),
    )


def emi_budget(facts: Facts, policy: Policy) -> Decimal:
    """What the instalments may take of the income in a month, in rupees."""
    return CONTEXT.multiply(policy.max_emi_share_of_income, facts.monthly_income)


def rate_in_slab(requested: Decimal, slab: Slab | None) -> Decimal:
    """The rate that would apply, in percent a year: the requested one, raised to the floor of the slab if any."""
    return max(requested, slab.rate_floor) if slab else requested


def _case(facts: Facts, request: LoanRequest, policy: Policy, score: Score, slab: Slab | None) -> Case:
    rate = rate_in_slab(request.interest_rate, slab)
    instalment = emi(request.loan_amount, rate, request.tenure)
    return Case(facts, request, policy, score.value, rate, instalment)


def _refusals(case: Case, score: Score, slab: Slab | None) -> tuple[Reason, ...]:
    """Every reason to refuse, in the order in which they decide."""
    forced = tuple(reason for reason in score.reasons if reason.refuses)
    too_low = (Reason.SCORE_TOO_LOW,) if slab is None and not forced else ()
    return _burden_reasons(case) + forced + too_low


def _burden_reasons(case: Case) -> tuple[Reason, ...]:
    """Whether the instalments take too much of the income: the current ones, or else they and the new one."""
    budget = emi_budget(case.facts, case.policy)
    if case.facts.current_emis > budget:
        return (Reason.EMI_BURDEN_TOO_HIGH,)
    with_this_loan = CONTEXT.add(case.facts.current_emis, case.instalment)
    if case.policy.counts_requested_loan and with_this_loan > budget:
        return (Reason.EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN,)
    return ()


def _remarks(score: Score, *, raised: bool) -> tuple[Reason, ...]:
    """What else a person should know: it did not refuse anything."""
    no_history = tuple(reason for reason in score.reasons if not reason.refuses)
    return ((Reason.RATE_RAISED_TO_FLOOR,) if raised else ()) + no_history


def _stated(code: Reason, case: Case) -> StatedReason:
    """The reason with the figures that it is about."""
    facts, policy = case.facts, case.policy
    known: dict[str, Decimal | int] = {
        "current_emis": facts.current_emis,
        "current_principal": facts.current_principal,
        "monthly_income": facts.monthly_income,
        "max_emi_share_of_income": policy.max_emi_share_of_income,
        "approved_limit": facts.approved_limit,
        "loan_amount": case.request.loan_amount,
        "interest_rate": case.rate,
        "monthly_installment": case.instalment,
        "score": case.score,
        "score_above": policy.slabs[-1].score_above,
    }
    return StatedReason(code, {name: known[name] for name in FIGURES[code]})
