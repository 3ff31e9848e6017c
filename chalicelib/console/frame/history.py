"""What was done to a customer, in the words of a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.console.frame.rendering import formats
from chalicelib.rules.access import ANYONE, KEY, USER
from chalicelib.rules.auditing import Action
from chalicelib.storage.audit import StoredEvent

ACTIONS: Mapping[str, str] = {
    Action.CUSTOMER_REGISTERED: "Registered",
    Action.CUSTOMER_CHANGED: "Changed",
    Action.WAITING_LOANS_APPLIED: "Loans that waited were added",
}
FIELDS: Mapping[str, str] = {
    "first_name": "First name",
    "last_name": "Last name",
    "age": "Age",
    "phone_number": "Phone number",
    "monthly_income": "Monthly income",
    "approved_limit": "Approved limit",
    "waiting_loans_applied": "Loans that waited",
    "loan_ids": "Loans",
}
AMOUNTS = ("monthly_income", "approved_limit")
KINDS: Mapping[str, str] = {
    USER: "in the console",
    KEY: "API key",
    "import": "import",
    "bootstrap": "deployment",
    ANYONE.kind: "without a key",
}


@dataclass(frozen=True)
class Line:
    """A value that differs; `before` is None where there was none."""

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
        KINDS.get(event.actor_kind, event.actor_kind),
        event.actor_id if event.actor_kind == "import" else None,
        [_line(name, before, after[name]) for name in FIELDS if _is_told(name, after)],
        after.get("reason"),
    )


def _line(name: str, before: Mapping[str, Any], value: Any) -> Line:
    return Line(FIELDS[name], written(name, before[name]) if name in before else None, written(name, value))


def written(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return formats().money(value) if name in AMOUNTS else str(value)


def _is_told(name: str, after: Mapping[str, Any]) -> bool:
    # That no loan waited is nothing to tell, unlike a limit of nothing.
    return name in after and (name != "waiting_loans_applied" or after[name] > 0)
