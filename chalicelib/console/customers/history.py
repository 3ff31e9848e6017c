"""What was done to a customer, in the words of a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.console.customers.fields import FIELDS, shown_value
from chalicelib.console.frame.labels import HOW
from chalicelib.rules.auditing import Action
from chalicelib.storage.audit import StoredEvent

ACTIONS: Mapping[str, str] = {
    Action.CUSTOMER_REGISTERED: "Registered",
    Action.CUSTOMER_CHANGED: "Changed",
    Action.WAITING_LOANS_APPLIED: "Waiting loans added",
}
LABELS: Mapping[str, str] = {
    **{name: known.label for name, known in FIELDS.items()},
    "waiting_loans_applied": "Waiting loans added",
    "loan_ids": "Loans",
}


@dataclass(frozen=True)
class Line:
    """A value that differs; `before` is None if there was none."""

    label: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Entry:
    """One thing that was done. `import_id` leads to the import that did it."""

    at: datetime
    what: str
    who: str
    how: str
    import_id: int | None
    lines: Sequence[Line]
    reason: str | None


def entry_of(event: StoredEvent) -> Entry:
    """An entry of the audit log about a customer."""
    before, after = event.before or {}, event.after or {}
    return Entry(
        event.at,
        ACTIONS.get(event.action, event.action),
        event.actor_name,
        HOW.get(event.actor_kind, event.actor_kind),
        event.actor_id if event.actor_kind == "import" else None,
        [_line(name, before, after[name]) for name in LABELS if _is_shown(name, before, after)],
        after.get("reason"),
    )


def _line(name: str, before: Mapping[str, Any], value: Any) -> Line:
    had = name in before and before[name] is not None
    return Line(LABELS[name], _written(name, before[name]) if had else None, _written(name, value))


def _written(name: str, value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else shown_value(name, value)


def _is_shown(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    # That no loan waited is no news, unlike a limit of nothing; of age and date of birth one is never there.
    if name not in after or (after[name] is None and before.get(name) is None):
        return False
    return name != "waiting_loans_applied" or after[name] > 0
