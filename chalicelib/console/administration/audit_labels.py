"""The audit log in the words of a page."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from chalicelib.console.customers.fields import AMOUNTS as CUSTOMER_AMOUNTS
from chalicelib.console.customers.fields import FIELDS
from chalicelib.console.frame.formats import months
from chalicelib.console.frame.rendering import formats
from chalicelib.rules.auditing import Action, SubjectKind
from chalicelib.rules.importing import COUNTED_OUTCOMES, Outcome
from chalicelib.rules.sentences import counted

ACTIONS: Mapping[str, str] = {
    Action.CUSTOMER_REGISTERED: "Registered a customer",
    Action.CUSTOMER_CHANGED: "Changed a customer",
    Action.WAITING_LOANS_APPLIED: "Added waiting loans",
    Action.LOAN_APPLIED_FOR: "Applied for a loan",
    Action.LOAN_CHANGED: "Changed a loan",
    Action.LOAN_RECOUNTED: "Counted a loan anew",
    Action.TRANSACTION_RECORDED: "Recorded a transaction",
    Action.KEY_FACTS_ISSUED: "Issued a Key Facts Statement",
    Action.IMPORT_STARTED: "Import started",
    Action.IMPORT_COMPLETED: "Import completed",
    Action.IMPORT_FAILED: "Import failed",
    Action.IMPORT_RELEASED: "Released an import",
    Action.IMPORT_DISMISSED: "Dismissed a failed import",
    Action.IMPORT_RESTORED: "Took back the dismissal of an import",
    Action.IMPORTS_REDRIVEN: "Tried failed files again",
    Action.KEY_CREATED: "Created an API key",
    Action.KEY_ROTATED: "Rotated an API key",
    Action.KEY_REVOKED: "Revoked an API key",
    Action.USER_CREATED: "Created a user",
    Action.USER_CHANGED: "Changed a user",
    Action.USER_INVITED: "Created a link to choose a password",
    Action.INVITATION_ACCEPTED: "Chose a password by a link",
    Action.SECOND_FACTOR_SET_UP: "Set up a second factor",
    Action.SECOND_FACTOR_REMOVED: "Removed a second factor",
    Action.RECOVERY_CODES_RENEWED: "Renewed recovery codes",
    Action.RECOVERY_CODE_USED: "Used a recovery code",
    Action.SESSIONS_ENDED: "Ended sessions",
    Action.SIGNED_IN: "Signed in",
    Action.SIGNED_OUT: "Signed out",
    Action.SIGN_IN_FAILED: "Failed to sign in",
}
SUBJECTS: Mapping[str, str] = {
    SubjectKind.CUSTOMER: "Customer",
    SubjectKind.APPLICATION: "Application",
    SubjectKind.LOAN: "Loan",
    SubjectKind.KEY_FACTS: "Key Facts Statement",
    SubjectKind.IMPORT: "Import",
    SubjectKind.API_KEY: "API key",
    SubjectKind.USER: "User",
}

# Shown first, in this order; the database does not keep the order in which the rest was written.
FIRST = ("reason", "customer_id", "loan_id", "loan_amount", "interest_rate", "tenure", "approved")
AMOUNTS = CUSTOMER_AMOUNTS | {"loan_amount", "monthly_installment"}
RATES = {"interest_rate", "corrected_interest_rate", "rate_floor", "apr"}
# As the page of an import calls them.
_OUTCOMES = {Outcome.INSERTED: "new"}


LABELS = {
    "email": "E-mail",
    "apr": "APR",
    "loan_ids": "Loans",
    "size_bytes": "Size in bytes",
    "totp_since": "Second factor since",
    "link_expires_at": "Link works until",
}


def label_of(name: str) -> str:
    """The name of a value, as a label: approved_limit is Approved limit."""
    if name in LABELS:
        return LABELS[name]
    if name in FIELDS:
        return FIELDS[name].label
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def written(name: str, value: Any) -> object:
    """A value as a page shows it; None if there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal | int):
        return _number(name, value)
    if isinstance(value, dict):
        return _sheet(value) if "rows_found" in value else _pairs(value)
    if isinstance(value, list):
        return "; ".join(str(written(name, each)) for each in value)
    if isinstance(value, datetime):
        return formats().moment(value)
    return value


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{label_of(key).lower()} {written(key, each) or 'none'}" for key, each in values.items())


def _sheet(counts: Mapping[str, Any]) -> str:
    """The result of an import for a sheet: customers: 59 rows, 56 new, 3 rejected."""
    parts = [f"{counts[name]} {_OUTCOMES.get(name, name)}" for name in COUNTED_OUTCOMES if counts.get(name)]
    return ", ".join([f"{counts['sheet']}: {counted(counts['rows_found'], 'row')}", *parts])


def _number(name: str, value: Decimal | int) -> object:
    if name in AMOUNTS:
        return formats().money(value)
    if name in RATES:
        return formats().rate(Decimal(value))
    if name == "tenure":
        return months(int(value))
    return str(value)
