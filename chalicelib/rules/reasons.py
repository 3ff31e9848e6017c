"""Why a decision is what it is: stable codes for machines. Their sentences stand in sentences.py."""

from enum import StrEnum


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
