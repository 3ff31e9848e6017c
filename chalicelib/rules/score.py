"""The credit score of a customer: a whole number from 0 to 100, from the loans so far."""

from dataclasses import dataclass
from decimal import Decimal

from chalicelib.rules.policy import MAX_SCORE, Policy
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


@dataclass(frozen=True)
class Score:
    """`reasons` are why the score is not earned by history: what forces it to 0, or that there is none."""

    value: int
    reasons: tuple[Reason, ...] = ()


def credit_score(facts: Facts, request: LoanRequest, policy: Policy) -> Score:
    """The score; the first line of the policy's table that applies decides."""
    over_limit = limit_reasons(facts, request)
    if over_limit:
        return Score(0, over_limit)
    if facts.loans == 0:
        return Score(policy.score_without_history, (Reason.NO_LOAN_HISTORY,))
    return Score(history_score(facts, policy))


def limit_reasons(facts: Facts, request: LoanRequest) -> tuple[Reason, ...]:
    """Which of the limit's two rules are broken, in the order they decide."""
    checks = (
        (Reason.CURRENT_LOANS_EXCEED_LIMIT, facts.current_principal > facts.approved_limit),
        (Reason.AMOUNT_EXCEEDS_LIMIT, request.loan_amount > facts.approved_limit),
    )
    return tuple(reason for reason, broken in checks if broken)


def history_score(facts: Facts, policy: Policy) -> int:
    """floor(clamp(points for punctuality + points for completion, 0, 100)), for a customer with loans.

    In whole numbers over a common denominator: a Decimal quotient such as 3/7 is cut off, and 70 x 3/7 would
    come out just below 30 and be rounded down to 29.
    """
    earned = (
        policy.punctuality_points * facts.emis_paid_on_time * facts.loans
        + policy.completion_points * facts.loans_paid_in_full * facts.tenure_total
    )
    return max(0, min(MAX_SCORE, earned // (facts.tenure_total * facts.loans)))
