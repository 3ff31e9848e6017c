"""The audit log: who did what."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.declaring import next_page, ok
from chalicelib.api.moments import moment
from chalicelib.requests.access_models import AuditQuery
from chalicelib.rules.access import Operation
from chalicelib.services import audit
from chalicelib.storage.audit import StoredEvent

if TYPE_CHECKING:
    from chalicelib.api.answers import access as answers


@endpoints.add(
    "GET",
    "/api/audit",
    Operation.READ_AUDIT,
    ok("A page of events.", links=next_page("list_audit", "before")),
    tag="Access",
)
def list_audit(query: AuditQuery) -> "answers.AuditPage":
    """What was changed, by whom and when, the newest first."""
    wanted = query.filter(runtime.settings().business_timezone)
    found = audit.list_events(runtime.database(), wanted, query.cursor())
    return {"events": [_event(event) for event in found.rows], "next": found.next}


def _event(event: StoredEvent) -> "answers.AuditEvent":
    return {
        "audit_id": event.audit_id,
        "at": moment(event.at),
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name},
        "action": event.action,
        "subject": {"kind": event.subject_kind, "id": event.subject_id},
        "before": _values(event.before),
        "after": _values(event.after),
        "request_id": event.request_id,
    }


def _values(values: Mapping[str, Any] | None) -> "answers.AuditValues | None":
    if values is None:
        return None
    return {name: moment(value) if isinstance(value, datetime) else value for name, value in values.items()}
