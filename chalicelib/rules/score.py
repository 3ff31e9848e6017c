"""The credit score of a customer: a whole number from 0 to 100, from the loans so far, and what it is made of."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from chalicelib.rules.bounds import MAX_SCORE
from chalicelib.rules.money import CONTEXT, ZERO, from_paise
from chalicelib.rules.policy import Policy
from chalicelib.rules.reasons import Reason


@dataclass(frozen=True)
class Facts:
    """What a decision is made from: the customer, and the customer's approved loans.

    A loan is current while its end date has not passed. Money is in rupees, tenures are in months.
    """

    monthly_income: Decimal
    approved_limit: Decimal
    loans: int
    loans_paid_in_full: int
    tenure_total: int
    emis_paid_on_time: int
    current_principal: Decimal
    current_emis: Decimal


@dataclass(frozen=True)
class LoanRequest:
    """What is asked for: an amount in rupees, a rate in percent a year, a tenure in months."""

    loan_amount: Decimal
    interest_rate: Decimal
    tenure: int


class Part(StrEnum):
    """What can earn points. docs/decision-rules.md lists them; a test keeps the list complete."""

    PUNCTUALITY = "punctuality"
    COMPLETION = "completion"
    BEYOND_TENURE = "beyond_tenure"
    NO_HISTORY = "no_history"
    LIMIT = "limit"


class ScorePart(NamedTuple):
    """Points with two decimals, from 0 to `points_possible`."""

    name: Part
    points_earned: Decimal
    points_possible: int


class Score(NamedTuple):
    """The points of `parts` add up to at most 100, and rounded down to `value`.

    `reasons` are why the score is not earned by history: what forces it to 0, or that there is none.
    """

    value: int
    parts: tuple[ScorePart, ...]
    reasons: tuple[Reason, ...] = ()


def credit_score(facts: Facts, request: LoanRequest, policy: Policy) -> Score:
    """The score; the first line of the policy's table that applies decides."""
    over_limit = limit_reasons(facts, request, policy)
    if over_limit:
        return Score(0, (ScorePart(Part.LIMIT, ZERO, MAX_SCORE),), over_limit)
    return standing_score(facts, policy)


def standing_score(facts: Facts, policy: Policy) -> Score:
    """The score that the customer has whatever is asked for: from history, or the policy's start without one."""
    if facts.loans == 0:
        start = policy.score_without_history
        return Score(start, (ScorePart(Part.NO_HISTORY, _points(100 * start), MAX_SCORE),), (Reason.NO_LOAN_HISTORY,))
    return Score(history_score(facts, policy), history_parts(facts, policy))


def limit_reasons(facts: Facts, request: LoanRequest, policy: Policy) -> tuple[Reason, ...]:
    """Which rules of the limit are broken, in the order they decide.

    That the two together exceed the limit is news only where neither does so alone.
    """
    limit, principal, amount = facts.approved_limit, facts.current_principal, request.loan_amount
    together = policy.counts_requested_loan and max(principal, amount) <= limit < CONTEXT.add(principal, amount)
    checks = (
        (Reason.CURRENT_LOANS_EXCEED_LIMIT, principal > limit),
        (Reason.AMOUNT_EXCEEDS_LIMIT, amount > limit),
        (Reason.LIMIT_EXCEEDED_WITH_THIS_LOAN, together),
    )
    return tuple(reason for reason, broken in checks if broken)


def history_score(facts: Facts, policy: Policy) -> int:
    """floor(clamp(points for punctuality + points for completion, 0, 100)), for a customer with loans."""
    return _history_hundredths(facts, policy) // 100


def history_parts(facts: Facts, policy: Policy) -> tuple[ScorePart, ...]:
    """The parts of the score of a customer with loans: their points, rounded down together, are the score.

    Punctuality is rounded down to two decimals and completion takes the rest, so that 23 1/3 + 6 2/3 are 30 and
    not 29.99. A workbook may say that more instalments were paid on time than the tenures have. What that
    earns above the points for punctuality is a part of its own, up to the 100 of the whole.
    """
    total = _history_hundredths(facts, policy)
    paid = 100 * policy.punctuality_points * facts.emis_paid_on_time // facts.tenure_total
    punctuality = max(0, min(paid, 100 * policy.punctuality_points, total))
    completed = 100 * policy.completion_points * facts.loans_paid_in_full // facts.loans
    completion = completed if paid > punctuality else total - punctuality
    beyond = total - punctuality - completion
    parts = (
        ScorePart(Part.PUNCTUALITY, _points(punctuality), policy.punctuality_points),
        ScorePart(Part.COMPLETION, _points(completion), policy.completion_points),
        ScorePart(Part.BEYOND_TENURE, _points(beyond), MAX_SCORE - policy.punctuality_points),
    )
    return parts if beyond else parts[:2]


def _history_hundredths(facts: Facts, policy: Policy) -> int:
    """Hundredths of a point, rounded down.

    In whole numbers over a common denominator: a Decimal quotient such as 3/7 is cut off, and 70 x 3/7 would
    come out just below 30 and be rounded down to 29.
    """
    earned = (
        policy.punctuality_points * facts.emis_paid_on_time * facts.loans
        + policy.completion_points * facts.loans_paid_in_full * facts.tenure_total
    )
    return max(0, min(100 * MAX_SCORE, 100 * earned // (facts.tenure_total * facts.loans)))


def _points(hundredths: int) -> Decimal:
    # Points have two decimals, as rupees do.
    return from_paise(hundredths)
