"""What was done to an application, a loan or a user, on its page: what the audit log says of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from chalicelib import runtime
from chalicelib.console.administration.audit import Entry, entry_of
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.visit import Visit
from chalicelib.requests.models import CursorId
from chalicelib.rules.auditing import SubjectKind
from chalicelib.services import audit
from chalicelib.storage.paging import Cursor

ENTRIES = 10


class HistoryQuery(BaseModel):
    """Behind which entry a part of the history begins."""

    history: CursorId | None = None


@dataclass(frozen=True)
class History:
    """A part of a history, the newest first, and the addresses of the earlier and the latest part."""

    entries: Sequence[Entry]
    earlier: str | None
    latest: str | None


def history_of(visit: Visit, kind: SubjectKind, number: int) -> History:
    """The part of a history that the address asks for."""
    behind = read(HistoryQuery, visit.query).history
    found = audit.history(runtime.database(), kind, number, cursor=Cursor(ENTRIES, behind))
    return History(
        [entry_of(event) for event in found.rows],
        None if found.next is None else f"?history={found.next}#history",
        "?#history" if behind else None,
    )
