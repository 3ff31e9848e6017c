"""What an import says about single rows."""

from collections.abc import Mapping

from chalicelib.rules.importing import FindingOutcome, Outcome

# The outcomes, each with the kind of its badge and what it means.
OUTCOMES: Mapping[FindingOutcome, tuple[str, str, str]] = {
    Outcome.REJECTED: ("Rejected", "bad", "Not imported. Correct the row and import the file again"),
    Outcome.WAITING: ("Waiting", "warn", "A loan whose customer is not here yet. It is added with the customer"),
    Outcome.RENUMBERED: ("Renumbered", "busy", "Its loan number was taken, so the loan got a new one"),
    Outcome.SUPERSEDED: (
        "Superseded",
        "plain",
        "The same customer or loan comes again, further down or in a newer file",
    ),
    Outcome.FLAGGED: ("Remark", "plain", "Imported, but something about it is unusual"),
}
