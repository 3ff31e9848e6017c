"""Forms that a double click sends twice: what they do is done once."""

import hashlib
import secrets

from chalicelib.console.frame.csrf import FIELD
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest
from chalicelib.services.idempotency import Attempt

# The hidden field that tells one opening of a form from the next.
KEY = "once"
MAX_KEY = 64


def new_key() -> str:
    """What a form carries in its field `once`."""
    return secrets.token_urlsafe(18)


def attempt_of(visit: Visit) -> Attempt:
    """The form as a request that may come again. Raises InvalidRequest for a form without a key.

    What was typed is part of the key: who goes back and sends something else means something else.
    """
    typed = visit.form
    key = typed.get(KEY, "")
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidRequest("The form is not what the page sends; open the page again and send it anew.")
    told = sorted((name, value) for name, value in typed.items() if name != FIELD)
    digest = hashlib.sha256(repr(told).encode()).hexdigest()
    return Attempt(f"{visit.path} {visit.actor.identity}", digest, digest)
