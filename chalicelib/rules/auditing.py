"""What the audit log tells of: the actions, and which values of a change it keeps."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Action(StrEnum):
    """What was done, in the past tense. docs/access.md lists them."""

    CUSTOMER_REGISTERED = "customer_registered"
    CUSTOMER_CHANGED = "customer_changed"
    WAITING_LOANS_APPLIED = "waiting_loans_applied"
    LOAN_APPLIED_FOR = "loan_applied_for"
    LOAN_CHANGED = "loan_changed"
    LOAN_RECOUNTED = "loan_recounted"
    TRANSACTION_RECORDED = "transaction_recorded"
    KEY_FACTS_ISSUED = "key_facts_issued"
    IMPORT_STARTED = "import_started"
    IMPORT_COMPLETED = "import_completed"
    IMPORT_FAILED = "import_failed"
    IMPORT_RELEASED = "import_released"
    IMPORT_DISMISSED = "import_dismissed"
    IMPORT_RESTORED = "import_restored"
    IMPORTS_REDRIVEN = "imports_redriven"
    KEY_CREATED = "api_key_created"
    KEY_ROTATED = "api_key_rotated"
    KEY_REVOKED = "api_key_revoked"
    USER_CREATED = "user_created"
    USER_CHANGED = "user_changed"
    USER_INVITED = "user_invited"
    INVITATION_ACCEPTED = "invitation_accepted"
    SECOND_FACTOR_SET_UP = "second_factor_set_up"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    RECOVERY_CODE_USED = "recovery_code_used"
    SESSIONS_ENDED = "sessions_ended"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"


class SubjectKind(StrEnum):
    """What it was done to."""

    CUSTOMER = "customer"
    APPLICATION = "application"
    LOAN = "loan"
    KEY_FACTS = "key_facts"
    IMPORT = "import"
    API_KEY = "api_key"
    USER = "user"


class Event(NamedTuple):
    """One thing that was done to one subject. `before` and `after` are None where there is nothing to tell."""

    action: Action
    subject_kind: SubjectKind
    subject_id: int | None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def is_moment(name: str) -> bool:
    """Whether the value of this name is a moment.

    >>> is_moment("expires_at"), is_moment("totp_since"), is_moment("reason")
    (True, True, False)
    """
    return name.endswith(("_at", "_since"))


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of two states the values that differ: those before, and those after.

    >>> difference({"a": 1, "b": 2}, {"a": 1, "b": 3})
    ({'b': 2}, {'b': 3})
    """
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in changed}, {name: after[name] for name in changed}
