"""The words of imports: how one stands, what a sheet holds, what becomes of its rows, and what is said of them."""

from enum import StrEnum
from typing import Literal, TypeAlias, get_args


class ImportState(StrEnum):
    """How an import stands."""

    AWAITING_UPLOAD = "awaiting_upload"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


# In these an import stays.
ENDED = (ImportState.COMPLETED, ImportState.FAILED)


class SheetKind(StrEnum):
    """What a sheet holds."""

    CUSTOMERS = "customers"
    LOANS = "loans"
    OPENINGS = "openings"
    RECEIPTS = "receipts"


class Outcome(StrEnum):
    """What becomes of a row, and what is said of one."""

    INSERTED = "inserted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    # Another row about the same was used instead, or what is recorded here of a loan that is serviced.
    SUPERSEDED = "superseded"
    # What the row is about is not here yet: a loan's customer, a receipt's loan.
    WAITING = "waiting"
    REJECTED = "rejected"
    # A new loan, inserted or waiting, that could not keep the number of the file.
    RENUMBERED = "renumbered"
    # Taken over, though something about it is odd.
    FLAGGED = "flagged"


# Each row of a sheet has one of these in the end.
ROW_OUTCOMES = (
    Outcome.INSERTED,
    Outcome.UPDATED,
    Outcome.UNCHANGED,
    Outcome.SUPERSEDED,
    Outcome.WAITING,
    Outcome.REJECTED,
)
# What is counted of a sheet. Those renumbered are among the inserted or the waiting.
COUNTED_OUTCOMES = (*ROW_OUTCOMES, Outcome.RENUMBERED)

# What an import says of single rows, in the order in which a person cares.
FindingOutcome: TypeAlias = Literal[
    Outcome.REJECTED, Outcome.WAITING, Outcome.RENUMBERED, Outcome.SUPERSEDED, Outcome.FLAGGED
]
FINDING_OUTCOMES: tuple[FindingOutcome, ...] = get_args(FindingOutcome)
