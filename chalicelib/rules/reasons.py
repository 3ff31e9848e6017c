"""Why a decision is what it is: stable codes for machines, each with the figures that it compares.

Their sentences stand in sentences.py.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from chalicelib.rules.figures import Figures


class Reason(StrEnum):
    """The codes. docs/decision-rules.md lists them; a test keeps the list complete."""

    EMI_BURDEN_TOO_HIGH = "EMI_BURDEN_TOO_HIGH"
    EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN = "EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN"
    CURRENT_LOANS_EXCEED_LIMIT = "CURRENT_LOANS_EXCEED_LIMIT"
    AMOUNT_EXCEEDS_LIMIT = "AMOUNT_EXCEEDS_LIMIT"
    LIMIT_EXCEEDED_WITH_THIS_LOAN = "LIMIT_EXCEEDED_WITH_THIS_LOAN"
    SCORE_TOO_LOW = "SCORE_TOO_LOW"
    NO_LOAN_HISTORY = "NO_LOAN_HISTORY"
    RATE_RAISED_TO_FLOOR = "RATE_RAISED_TO_FLOOR"

    @property
    def refuses(self) -> bool:
        """Whether it refuses the loan; otherwise it is a remark."""
        return self not in (Reason.NO_LOAN_HISTORY, Reason.RATE_RAISED_TO_FLOOR)


# The figures that each reason is about. `monthly_installment` and `interest_rate` are those that would apply.
FIGURES: Mapping[Reason, tuple[str, ...]] = {
    Reason.EMI_BURDEN_TOO_HIGH: ("current_emis", "max_emi_share_of_income", "monthly_income"),
    Reason.EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN: (
        "current_emis",
        "monthly_installment",
        "interest_rate",
        "max_emi_share_of_income",
        "monthly_income",
    ),
    Reason.CURRENT_LOANS_EXCEED_LIMIT: ("current_principal", "approved_limit"),
    Reason.AMOUNT_EXCEEDS_LIMIT: ("loan_amount", "approved_limit"),
    Reason.LIMIT_EXCEEDED_WITH_THIS_LOAN: ("current_principal", "loan_amount", "approved_limit"),
    Reason.SCORE_TOO_LOW: ("score", "score_above"),
    Reason.NO_LOAN_HISTORY: ("score",),
    Reason.RATE_RAISED_TO_FLOOR: ("score", "interest_rate"),
}


class StatedReason(NamedTuple):
    """A reason with its figures for one customer and request: those that FIGURES names."""

    code: Reason
    figures: Figures
