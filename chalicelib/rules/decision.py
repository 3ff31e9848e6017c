"""The decision on a loan request: approved or not, at which rate, and why. Pure: the same values, the same answer."""

from dataclasses import dataclass
from decimal import Decimal

from chalicelib.rules.money import emi
from chalicelib.rules.policy import Policy, Slab
from chalicelib.rules.reasons import Reason
from chalicelib.rules.score import Facts, LoanRequest, Score, credit_score


@dataclass(frozen=True)
class ExplainedReason:
    """A reason's code with its sentence for this customer and request."""

    code: Reason
    sentence: str


@dataclass(frozen=True)
class Decision:
    """The result. `reasons` holds all that apply, the deciding one first.

    `corrected_interest_rate` (percent a year) is the rate that applies if approved, else the requested one;
    `monthly_installment` (rupees) is computed on it.
    """

    approved: bool
    policy: str
    score: int
    reasons: tuple[ExplainedReason, ...]
    corrected_interest_rate: Decimal
    monthly_installment: Decimal

    @property
    def message(self) -> str | None:
        """Why it was refused, for a person; None where it was approved."""
        return None if self.approved else self.reasons[0].sentence


def decide(facts: Facts, request: LoanRequest, policy: Policy) -> Decision:
    """Applies `policy` to a request of a customer with these facts."""
    score = credit_score(facts, request, policy)
    slab = policy.slab_for(score.value)
    refusals = _refusals(facts, score, slab, policy)
    approved = slab is not None and not refusals
    rate = max(request.interest_rate, slab.rate_floor) if approved and slab else request.interest_rate
    codes = refusals + _remarks(score, raised=rate > request.interest_rate)
    return Decision(
        approved=approved,
        policy=policy.name,
        score=score.value,
        reasons=tuple(ExplainedReason(code, _sentence(code, facts, request, policy, score, slab)) for code in codes),
        corrected_interest_rate=rate,
        monthly_installment=emi(request.loan_amount, rate, request.tenure),
    )


def _refusals(facts: Facts, score: Score, slab: Slab | None, policy: Policy) -> tuple[Reason, ...]:
    """Every reason to refuse, in the order in which they decide."""
    burden = facts.current_emis > policy.max_emi_share_of_income * facts.monthly_income
    forced = tuple(reason for reason in score.reasons if reason is not Reason.NO_LOAN_HISTORY)
    too_low = slab is None and not forced
    return ((Reason.EMI_BURDEN_TOO_HIGH,) if burden else ()) + forced + ((Reason.SCORE_TOO_LOW,) if too_low else ())


def _remarks(score: Score, *, raised: bool) -> tuple[Reason, ...]:
    """What else a person should know: it did not refuse anything."""
    no_history = tuple(reason for reason in score.reasons if reason is Reason.NO_LOAN_HISTORY)
    return ((Reason.RATE_RAISED_TO_FLOOR,) if raised else ()) + no_history


def _sentence(code: Reason, facts: Facts, request: LoanRequest, policy: Policy, score: Score, slab: Slab | None) -> str:
    share = f"{policy.max_emi_share_of_income * 100:f}".rstrip("0").rstrip(".")
    lowest = policy.slabs[-1].score_above
    match code:
        case Reason.EMI_BURDEN_TOO_HIGH:
            return (
                f"The monthly instalments of the current loans, {facts.current_emis}, are more than {share}% "
                f"of the monthly income, {facts.monthly_income}."
            )
        case Reason.CURRENT_LOANS_EXCEED_LIMIT:
            return (
                f"The current loans add up to {facts.current_principal}, "
                f"which is more than the approved limit, {facts.approved_limit}."
            )
        case Reason.AMOUNT_EXCEEDS_LIMIT:
            return (
                f"The requested amount, {request.loan_amount}, is more than the approved limit, {facts.approved_limit}."
            )
        case Reason.SCORE_TOO_LOW:
            return f"The credit score is {score.value}; a loan needs a score above {lowest}."
        case Reason.NO_LOAN_HISTORY:
            return f"There are no earlier loans, so the credit score is {score.value}."
        case Reason.RATE_RAISED_TO_FLOOR:
            floor = slab.rate_floor if slab else request.interest_rate
            return f"At a credit score of {score.value} the interest rate is at least {floor}% a year."
