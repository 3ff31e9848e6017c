"""The mark of a browser that has signed in: a right password from there passes while strangers guess.

<22 characters, 128 random bits>.<43 characters, HMAC-SHA256 of user and random part under the password's hash>

Nothing of it is stored. The key is the stored hash of the password with its random salt, so a mark is good for one
user, and no longer than the password.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

_FORM = re.compile(r"([A-Za-z0-9_-]{22})\.[A-Za-z0-9_-]{43}", re.ASCII)


def new_device(user_id: int, password_hash: str) -> str:
    """A mark for one more browser of a user."""
    return _mark(secrets.token_urlsafe(16), user_id, password_hash)


def device_among(marks: Iterable[str], user_id: int, password_hash: str) -> str | None:
    """The random part of the first mark that is this user's; None if none is."""
    for mark in marks:
        form = _FORM.fullmatch(mark)
        if form and hmac.compare_digest(mark, _mark(form[1], user_id, password_hash)):
            return form[1]
    return None


def _mark(number: str, user_id: int, password_hash: str) -> str:
    text = f"loans device {user_id} {number}".encode()
    digest = hmac.new(password_hash.encode(), text, hashlib.sha256).digest()
    return f"{number}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
