"""That a form was sent by a page of ours: a token bound to the cookie, and what the browser says of the sender."""

import hashlib
import hmac
from urllib.parse import urlsplit

from chalice.app import Request

from chalicelib.errors import Forbidden

FIELD = "csrf"

STALE = "This form is out of date; open the page again and send it anew."
ELSEWHERE = "This form was sent by another site, so nothing was done."


def csrf_token(secret: str) -> str:
    """The token of whoever has this cookie. It tells nothing about the cookie, so a page may show it."""
    return hmac.new(secret.encode(), b"loans console form", hashlib.sha256).hexdigest()


def check_origin(request: Request) -> None:
    """Raises Forbidden where the browser says that another site sends the request.

    Sec-Fetch-Site is what all current browsers send; Origin is for older ones. Where both are missing, the token
    decides alone.
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
    """Raises Forbidden where the form does not carry the token of the one who sends it."""
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise Forbidden(STALE)
