"""The audit log: who did what to whom, and what it was before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalice.app import Response
from markupsafe import Markup

from chalicelib import runtime
from chalicelib.console.administration.audit_labels import ACTIONS, FIRST, SUBJECTS, label_of, written
from chalicelib.console.frame.authors import Authors
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.labels import HOW
from chalicelib.console.frame.listing import Column, FileFormat, answer_file, every_row, file_links
from chalicelib.console.frame.lists import shown_page
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest
from chalicelib.requests.access_models import AuditQuery
from chalicelib.rules.access import identity_of
from chalicelib.services import audit
from chalicelib.services.list_files import Written
from chalicelib.storage.audit import StoredEvent
from chalicelib.storage.paging import Slice

PAGE_ROWS = 50

FILTERS = ("actor", "action", "subject_kind", "subject_id", "from", "to")

# The page of a subject or of an actor, from /console/ on.
PLACES = {
    "customer": "customers/{}/",
    "application": "applications/{}/",
    "loan": "loans/{}/",
    "key_facts": "key-facts/{}/",
    "import": "imports/{}/",
    "user": "administration/users/{}/",
}
# Which values of a change are the number of something that has a page.
REFERENCES = {f"{kind}_id": kind for kind in PLACES}


@dataclass(frozen=True)
class Change:
    """A value that was changed; None if there was none before, or is none after. `place` is the page that the new value
    links to, if it is the number of something with a page.
    """

    label: str
    before: object
    after: object
    place: str | None = None


@dataclass(frozen=True)
class Entry:
    """An entry of the log as the page shows it. `actor` is what the filter calls the actor, `how` how they acted."""

    event: StoredEvent
    actor: str
    how: str
    action: str
    subject: str
    place: str | None
    changes: Sequence[Change]


class ShownAuditQuery(AuditQuery):
    """Also whether a file is asked for."""

    format: FileFormat | None = None


def view_audit(visit: Visit) -> Response:
    """Entries, the newest first, as the filters in the address say; or a file of them."""
    try:
        query = read(ShownAuditQuery, visit.query, {"from": "From"})
    except InvalidRequest as error:
        return _audit(visit, Form.refused(visit.query, error), Slice([]), status=error.status)
    database, wanted = runtime.database(), query.filter(runtime.settings().business_timezone)
    if query.format:
        entries = map(entry_of, every_row(lambda cursor: audit.list_events(database, wanted, cursor)))
        return answer_file(visit, "audit-log", COLUMNS, entries, query.format)
    found = audit.list_events(database, wanted, query.cursor(PAGE_ROWS))
    return _audit(visit, Form(visit.query), found)


def _audit(visit: Visit, form: Form, found: Slice[StoredEvent], status: int = 200) -> Response:
    shown = shown_page(found, visit.query, cursor="before", kept=FILTERS)
    return page(
        visit,
        "administration/audit.html",
        status=status,
        form=form,
        is_filtered=any(name in visit.query for name in FILTERS),
        entries=[entry_of(event) for event in shown.rows],
        actors=[("", "Anybody"), *Authors().options(visit.query.get("actor"))],
        actions=[("", "Anything"), *ACTIONS.items()],
        subjects=[("", "Anything"), *SUBJECTS.items()],
        first=shown.first,
        next=shown.next,
        files=file_links({name: visit.query[name] for name in FILTERS if name in visit.query}),
    )


def entry_of(event: StoredEvent) -> Entry:
    """An entry as the page shows it."""
    kind, number = event.subject_kind, event.subject_id
    subject = SUBJECTS.get(kind, kind)
    return Entry(
        event,
        identity_of(event.actor_kind, event.actor_id),
        HOW.get(event.actor_kind, event.actor_kind),
        ACTIONS.get(event.action, label_of(event.action)),
        subject if number is None else f"{subject} {number}",
        PLACES[kind].format(number) if kind in PLACES and number is not None else None,
        changes_of(event.before, event.after),
    )


def _told(change: Change) -> str:
    """A change as a cell of a file has it."""
    before, after = (_plain(value) for value in (change.before, change.after))
    return f"{change.label}: {after}" if before is None else f"{change.label}: {before} → {after or 'none'}"


def _plain(value: object) -> str | None:
    if isinstance(value, Markup):
        return value.striptags()
    return None if value is None else str(value)


COLUMNS: Sequence[Column[Entry]] = (
    Column("Number", lambda entry: entry.event.audit_id, Written.NUMBER),
    Column("When", lambda entry: entry.event.at, Written.MOMENT),
    Column("Who", lambda entry: entry.event.actor_name),
    Column("Identity", lambda entry: entry.actor),
    Column("What", lambda entry: entry.action),
    Column("About", lambda entry: entry.subject),
    Column("Before and after", lambda entry: "; ".join(map(_told, entry.changes))),
    Column("Request", lambda entry: entry.event.request_id),
)


def changes_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """What a change was about, value by value."""
    old, new = before or {}, after or {}
    names = sorted({**new, **old}, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    changes = [_change(name, old.get(name), new.get(name)) for name in names]
    return [change for change in changes if change.before is not None or change.after is not None]


def _change(name: str, old: Any, new: Any) -> Change:
    kind = REFERENCES.get(name)
    if kind is None:
        return Change(label_of(name), written(name, old), written(name, new))
    place = PLACES[kind].format(new) if new is not None else None
    return Change(SUBJECTS[kind], written(name, old), written(name, new), place)
