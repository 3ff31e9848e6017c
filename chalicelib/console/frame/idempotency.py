"""Forms that a double click sends twice: what they do is done once."""

import hashlib
import secrets

from chalicelib.console.frame import csrf
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest
from chalicelib.services.idempotency import Attempt

# The hidden field that tells one opening of a form from the next.
FIELD = "idempotency_key"
MAX_KEY = 64


def new_key() -> str:
    """What a form carries in its hidden field."""
    return secrets.token_urlsafe(18)


def attempt_from(visit: Visit) -> Attempt:
    """The form as a request that may come again. Raises InvalidRequest for a form without a key.

    What was typed is part of the key: somebody who goes back and sends something else means something else.
    """
    typed = visit.form
    key = typed.get(FIELD, "")
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidRequest("This form is incomplete or damaged. Open the page again and send it once more.")
    sent = sorted((name, value) for name, value in typed.items() if name != csrf.FIELD)
    digest = hashlib.sha256(repr(sent).encode()).hexdigest()
    return Attempt(f"{visit.path} {visit.actor.identity}", digest, digest)
