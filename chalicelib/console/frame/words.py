"""What codes are called on a page."""

from collections.abc import Mapping

from chalicelib.rules.importing import FindingOutcome, ImportState, Outcome
from chalicelib.rules.reasons import Reason

REASONS: Mapping[Reason, str] = {
    Reason.EMI_BURDEN_TOO_HIGH: "Instalments take too much of the income",
    Reason.EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN: "Instalments would take too much of the income",
    Reason.CURRENT_LOANS_EXCEED_LIMIT: "Current loans exceed the limit",
    Reason.AMOUNT_EXCEEDS_LIMIT: "Amount exceeds the limit",
    Reason.LIMIT_EXCEEDED_WITH_THIS_LOAN: "Limit would be exceeded with this loan",
    Reason.SCORE_TOO_LOW: "Score too low",
    Reason.NO_LOAN_HISTORY: "No loan history",
    Reason.RATE_RAISED_TO_FLOOR: "Rate raised to the floor",
}

# The states of an import with the kind of their badge.
IMPORT_STATES: Mapping[ImportState, tuple[str, str]] = {
    ImportState.AWAITING_UPLOAD: ("Waiting for the file", "warn"),
    ImportState.RUNNING: ("Running", "busy"),
    ImportState.COMPLETED: ("Completed", "good"),
    ImportState.FAILED: ("Failed", "bad"),
}


def months(count: int) -> str:
    """A number of months in words: 1 month, 12 months."""
    return f"{count} month{'' if count == 1 else 's'}"


# What an import says about single rows, with the kind of its badge and what it means.
FINDING_OUTCOMES: Mapping[FindingOutcome, tuple[str, str, str]] = {
    Outcome.REJECTED: ("Rejected", "bad", "Not taken over; correct the row and import the file again"),
    Outcome.WAITING: ("Waiting", "warn", "A loan whose customer is not here yet; it appears with the customer"),
    Outcome.RENUMBERED: ("Renumbered", "busy", "Its loan number was taken, so the loan has a new one"),
    Outcome.SUPERSEDED: (
        "Superseded",
        "plain",
        "The same customer or loan comes again, further down or in a newer file",
    ),
    Outcome.FLAGGED: ("Remark", "plain", "Taken over, though something about it is odd"),
}
