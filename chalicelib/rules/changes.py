"""What would have to change, all of it, before a refused loan could be approved as asked."""

from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from chalicelib.rules.decision import emi_budget, rate_in_slab
from chalicelib.rules.figures import Figures
from chalicelib.rules.money import CONTEXT, emi, from_paise, whole_paise
from chalicelib.rules.policy import Policy, Slab
from chalicelib.rules.score import Facts, LoanRequest, standing_score


class ChangeCode(StrEnum):
    """Each is a bound on one fact. docs/decision-rules.md lists them; a test keeps the list complete."""

    CURRENT_EMIS_AT_MOST = "current_emis_at_most"
    MONTHLY_INCOME_AT_LEAST = "monthly_income_at_least"
    APPROVED_LIMIT_AT_LEAST = "approved_limit_at_least"
    CURRENT_PRINCIPAL_AT_MOST = "current_principal_at_most"
    EMIS_PAID_ON_TIME_AT_LEAST = "emis_paid_on_time_at_least"
    SCORE_ABOVE = "score_above"


class Change(NamedTuple):
    """The bound that a fact must reach: rupees for amounts, a count for instalments, points for the score.

    `figures` are what its sentence names beside the bound (sentences.py): the fact as it is, and for instalments how
    many `more` of them bring the score above `score_above`.
    """

    code: ChangeCode
    bound: Decimal | int
    figures: Figures


def changes_needed(facts: Facts, request: LoanRequest, policy: Policy) -> tuple[Change, ...]:
    """The changes with which, all together, the request would be approved; none if it is already.

    In the order of the reasons that they answer. Each bound is the nearest that will do, to the paisa or instalment.
    """
    score, slab = _score_change(facts, policy)
    rate = rate_in_slab(request.interest_rate, slab)
    changes = (_burden_change(facts, request, policy, rate), _limit_change(facts, request, policy), score)
    return tuple(change for change in changes if change)


def _burden_change(facts: Facts, request: LoanRequest, policy: Policy, rate: Decimal) -> Change | None:
    """Less to pay each month; if this loan's instalment alone is too much for the income, more income."""
    instalment = emi(request.loan_amount, rate, request.tenure) if policy.counts_requested_loan else Decimal(0)
    left = CONTEXT.subtract(emi_budget(facts, policy), instalment)
    if facts.current_emis <= left:
        return None
    if left < 0:
        return _income_change(facts, policy, CONTEXT.add(facts.current_emis, instalment))
    bound = from_paise(whole_paise(left))
    return Change(ChangeCode.CURRENT_EMIS_AT_MOST, bound, {"current_emis": facts.current_emis})


def _income_change(facts: Facts, policy: Policy, instalments: Decimal) -> Change:
    share, parts = policy.max_emi_share_of_income.as_integer_ratio()
    bound = from_paise(-(-whole_paise(instalments) * parts // share))
    return Change(ChangeCode.MONTHLY_INCOME_AT_LEAST, bound, {"monthly_income": facts.monthly_income})


def _limit_change(facts: Facts, request: LoanRequest, policy: Policy) -> Change | None:
    """A higher limit if the amount alone is above it, otherwise current loans that leave room for it."""
    limit, principal, amount = facts.approved_limit, facts.current_principal, request.loan_amount
    needed = CONTEXT.add(principal, amount) if policy.counts_requested_loan else max(principal, amount)
    if needed <= limit:
        return None
    if amount > limit:
        return Change(ChangeCode.APPROVED_LIMIT_AT_LEAST, needed, {"approved_limit": limit})
    bound = CONTEXT.subtract(limit, amount) if policy.counts_requested_loan else limit
    return Change(ChangeCode.CURRENT_PRINCIPAL_AT_MOST, bound, {"current_principal": principal})


def _score_change(facts: Facts, policy: Policy) -> tuple[Change | None, Slab]:
    """What brings the score into a slab, and that slab."""
    standing = standing_score(facts, policy).value
    slab = policy.slab_for(standing)
    if slab:
        return None, slab
    lowest = policy.slabs[-1]
    paid = _emis_for_a_score(lowest.score_above + 1, facts, policy)
    if paid is None:
        return Change(ChangeCode.SCORE_ABOVE, lowest.score_above, {"score": standing}), lowest
    figures = {"more": paid - facts.emis_paid_on_time, "score": standing, "score_above": lowest.score_above}
    reached = standing_score(replace(facts, emis_paid_on_time=paid), policy).value
    change = Change(ChangeCode.EMIS_PAID_ON_TIME_AT_LEAST, paid, figures)
    return change, policy.slab_for(reached) or lowest


def _emis_for_a_score(score: int, facts: Facts, policy: Policy) -> int | None:
    """How many instalments must have been paid on time for `score`; None if no payment can bring it there.

    That is without a current loan to pay on, or if the tenures do not have as many instalments.
    """
    if facts.current_principal == 0 or policy.punctuality_points == 0:
        return None
    completion = policy.completion_points * facts.loans_paid_in_full * facts.tenure_total
    missing = score * facts.tenure_total * facts.loans - completion
    paid = -(-missing // (policy.punctuality_points * facts.loans))
    return paid if paid <= facts.tenure_total else None
