"""What codes are called on the pages of more than one room."""

from collections.abc import Mapping, Sequence

from chalicelib.rules.access import ANYONE, KEY, USER
from chalicelib.rules.importing import ImportState
from chalicelib.rules.reasons import Reason
from chalicelib.rules.servicing.buckets import Bucket
from chalicelib.rules.servicing.standing import Standing, Status

# The states of an import, each with the kind of its badge.
IMPORT_STATES: Mapping[ImportState, tuple[str, str]] = {
    ImportState.AWAITING_UPLOAD: ("Waiting for the file", "warn"),
    ImportState.RUNNING: ("Running", "busy"),
    ImportState.COMPLETED: ("Completed", "good"),
    ImportState.FAILED: ("Failed", "bad"),
}
# The states of a loan that has no class, because it is not open.
LOAN_STATES: Mapping[Status, tuple[str, str]] = {
    Status.NOT_SERVICED: ("Not serviced here", "plain"),
    Status.OPEN: ("Open", "good"),
    Status.CLOSED: ("Closed", "plain"),
    Status.WRITTEN_OFF: ("Written off", "bad"),
}

# Why applications were refused, in a few words each.
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

# So many days past due or more, as lists are narrowed to.
LATE: Sequence[tuple[str, str]] = [
    ("1", "Late"),
    ("31", "More than 30 days"),
    ("61", "More than 60 days"),
    ("91", "More than 90 days"),
]

# How an actor of the audit log came to act.
HOW: Mapping[str, str] = {
    USER: "in the console",
    KEY: "API key",
    "import": "import",
    "bootstrap": "deployment",
    ANYONE.kind: "without a key",
}


def loan_badge(standing: Standing) -> tuple[str, str]:
    """How a loan stands, in a word or two: of an open one its class."""
    if standing.status is not Status.OPEN:
        return LOAN_STATES[standing.status]
    return class_badge(standing.bucket)


def class_badge(bucket: Bucket) -> tuple[str, str]:
    """A class: the best is good, those that hold are bad."""
    if bucket.days_past_due == 0:
        return bucket.code.capitalize(), "good"
    return bucket.code, "bad" if bucket.holds else "warn"
