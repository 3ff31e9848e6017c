"""The sentence of each reason, for the person whose request it is about."""

from dataclasses import dataclass
from decimal import Decimal

from chalicelib.rules.money import CONTEXT, money
from chalicelib.rules.policy import Policy
from chalicelib.rules.reasons import Reason
from chalicelib.rules.score import Facts, LoanRequest


@dataclass(frozen=True)
class Case:
    """A request with what was found for it: the score, and the instalment at the rate that would apply to it."""

    facts: Facts
    request: LoanRequest
    policy: Policy
    score: int
    rate: Decimal
    instalment: Decimal


def rupees(amount: Decimal) -> str:
    """An amount as a person reads it: 828000.00 is 828000, 26000.5 is 26000.50.

    However many zeros it was stored with, so that the same decision reads the same years later.
    """
    return f"{amount:.0f}" if amount == amount.to_integral_value() else str(money(amount))


def percent(value: Decimal) -> str:
    """A percentage without needless zeros or an exponent, and without the sign."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def sentence(reason: Reason, case: Case) -> str:
    """Why, in words that name the customer's own figures."""
    facts, request = case.facts, case.request
    limit, principal = rupees(facts.approved_limit), rupees(facts.current_principal)
    match reason:
        case Reason.EMI_BURDEN_TOO_HIGH:
            return (
                f"The monthly instalments of the current loans, {rupees(facts.current_emis)}, are more than "
                f"{_share_of_income(case)}."
            )
        case Reason.EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN:
            return (
                f"The monthly instalments of the current loans, {rupees(facts.current_emis)}, and of this loan, "
                f"{rupees(case.instalment)} at {percent(case.rate)}% a year, are together more than "
                f"{_share_of_income(case)}."
            )
        case Reason.CURRENT_LOANS_EXCEED_LIMIT:
            return f"The current loans add up to {principal}, which is more than the approved limit, {limit}."
        case Reason.AMOUNT_EXCEEDS_LIMIT:
            return f"The requested amount, {rupees(request.loan_amount)}, is more than the approved limit, {limit}."
        case Reason.LIMIT_EXCEEDED_WITH_THIS_LOAN:
            return (
                f"The current loans, {principal}, and the requested amount, {rupees(request.loan_amount)}, "
                f"are together more than the approved limit, {limit}."
            )
        case Reason.SCORE_TOO_LOW:
            lowest = case.policy.slabs[-1].score_above
            return f"The credit score is {case.score}; a loan needs a score above {lowest}."
        case Reason.NO_LOAN_HISTORY:
            return f"There are no earlier loans, so the credit score is {case.score}."
        case Reason.RATE_RAISED_TO_FLOOR:
            return f"At a credit score of {case.score} the interest rate is at least {percent(case.rate)}% a year."


def _share_of_income(case: Case) -> str:
    share = CONTEXT.multiply(case.policy.max_emi_share_of_income, Decimal(100))
    return f"{percent(share)}% of the monthly income, {rupees(case.facts.monthly_income)}"
