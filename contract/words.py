"""What the document says in words: the introduction, the groups, the headers and the errors."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.errors import LoanError, TooManyRequests, Unauthenticated, Unavailable

PROJECT = Path(__file__).parent.parent

INTRODUCTION = """\
JSON in, JSON out. Amounts are rupees with at most two decimals, rates percent a year with at most four, tenures \
months; all of them are JSON numbers, and they are exact: read them as decimals, not as binary fractions. Numbers may \
be sent as text too. Each path answers with and without the slash at its end.

Requests carry a key, as `Authorization: Bearer …` or as `X-API-Key: …`. Each operation names the roles that may.

Every error is one envelope: `error` is a sentence for a person, `code` is for a program, `fields` has the sentences \
to each bad field, and `request_id` finds the request in the logs.

Fields may be added to answers; a client should not mind those it does not know. Writes refuse fields that they do not \
know.

Lists answer with `next`: given back as `after` or `before`, as the list has it, it leads to the next page; null is \
the end."""

TAGS = {
    "Decisions": "Register a customer, ask whether a loan would be approved, apply for it.",
    "Customers": "Find customers, see what they owe, correct them.",
    "Loans": "Loans and their schedules.",
    "Servicing": "What a loan owes, what was paid, who is late.",
    "Applications": "What was decided, why, and from what.",
    "Imports": "Workbooks of customers and loans, uploaded and watched.",
    "Access": "Keys of machines, users, sessions and the audit log.",
    "Contract": "This contract.",
}

SECURITY_SCHEMES: dict[str, dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, as `Authorization: Bearer …`."},
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key in a header of its own.",
    },
}

RESPONSE_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "Finds the request in the logs.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "A mark of this state, for `If-Match` or `If-None-Match`.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$'},
    },
    "Location": {
        "description": "Where to go on.",
        "required": True,
        "schema": {"type": "string", "format": "uri"},
    },
    "Cache-Control": {
        "description": "How long the answer may be kept.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "`true` where this is the stored answer to an earlier request with the same `Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "After how many seconds the same request may succeed.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {
        "description": "How to say who makes the request.",
        "schema": {"type": "string", "enum": ["Bearer"]},
    },
}

FAILURES_WITH_HEADERS: tuple[tuple[str, type[LoanError]], ...] = (
    ("Retry-After", Unavailable),
    ("Retry-After", TooManyRequests),
    ("WWW-Authenticate", Unauthenticated),
)

REQUEST_HEADERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "Makes it safe to send the request again: the same key with the same path and body gives the stored "
            "answer and does nothing else. 1 to 255 printable ASCII characters of your choosing, kept for 24 hours."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The `ETag` of what was read, so that no change of others is lost; `*` takes what is there now.",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of what is there already; if it is still the same, the answer is an empty 304.",
        "schema": {"type": "string"},
    },
}


@cache
def error_meanings() -> dict[str, str]:
    """When each code is answered, in the words of the table in docs/api.md."""
    table = re.findall(r"^\| `(\w+)` \| \d{3} \| (.+) \|$", (PROJECT / "docs" / "api.md").read_text(), re.MULTILINE)
    return dict(table)
