"""Whether a form was sent by a page of ours: a token bound to the cookie, and what the browser says of the sender."""

import hashlib
import hmac
from urllib.parse import urlsplit

from chalice.app import Request

from chalicelib.errors import Forbidden

FIELD = "csrf"

STALE = "This form is out of date. Open the page again and send it once more."
ELSEWHERE = "Another site sent this form, so nothing was done."


class StaleForm(Forbidden):
    """The form does not carry the token of its sender: it is of another session, or not ours."""


def csrf_token(secret: str) -> str:
    """The token that belongs to this cookie. It does not reveal the cookie, so a page may show it."""
    return hmac.new(secret.encode(), b"loans console form", hashlib.sha256).hexdigest()


def check_origin(request: Request) -> None:
    """Raises Forbidden if the browser says that another site sends the request.

    All current browsers send Sec-Fetch-Site; Origin is for older ones. If both are missing, the token decides
    alone.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise Forbidden(ELSEWHERE)
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden(ELSEWHERE)


def check_token(sent: str, expected: str) -> None:
    """Raises StaleForm if the form does not carry the token of its sender."""
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise StaleForm(STALE)


def is_from_here(request: Request) -> bool:
    """Whether the browser says that a page of ours sends the request; False if it says nothing."""
    return bool(request.headers.get("sec-fetch-site") == "same-origin")
