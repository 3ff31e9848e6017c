"""Why a decision is what it is: stable codes for machines, each with a sentence for a person."""

from enum import StrEnum


class Reason(StrEnum):
    """The codes. docs/decision-rules.md lists them; a test keeps the list complete."""

    EMI_BURDEN_TOO_HIGH = "EMI_BURDEN_TOO_HIGH"
    CURRENT_LOANS_EXCEED_LIMIT = "CURRENT_LOANS_EXCEED_LIMIT"
    AMOUNT_EXCEEDS_LIMIT = "AMOUNT_EXCEEDS_LIMIT"
    SCORE_TOO_LOW = "SCORE_TOO_LOW"
    NO_LOAN_HISTORY = "NO_LOAN_HISTORY"
    RATE_RAISED_TO_FLOOR = "RATE_RAISED_TO_FLOOR"
