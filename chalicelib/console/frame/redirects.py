"""Where a browser is sent: to another page after a form, to the sign-in and back, to a file in S3."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from chalice.app import Response

from chalicelib.console.frame.headers import page_headers
from chalicelib.console.frame.notices import NOTICES
from chalicelib.console.frame.visit import BASE, Visit

SIGN_IN = "sign-in/"
# What may follow `next=`: a page of ours, from /console/ on, so that nobody is sent elsewhere after the sign-in.
NEXT = re.compile(r"(?:[A-Za-z0-9_-]+/)*(?:\?[A-Za-z0-9=&%._~+-]*)?", re.ASCII)
MAX_NEXT = 500


def redirect(visit: Visit, path: str, *, done: str | None = None, headers: Mapping[str, Any] | None = None) -> Response:
    """Sends the browser to a page, given from /console/ on, such as `customers/12/`; `done` names one of NOTICES."""
    if done is not None:
        assert done in NOTICES, done
        path += f"{'&' if '?' in path else '?'}done={done}"
    return Response("", {**page_headers(visit), "Location": visit.root + path, **(headers or {})}, 303)


def redirect_to_file(visit: Visit, url: str) -> Response:
    """Sends the browser to a file in S3, by a link that we have signed."""
    return Response("", {**page_headers(visit), "Location": url}, 303)


def sign_in_path(following: str) -> str:
    """The path of the sign-in that leads on to the page `following`; both from /console/ on."""
    return f"{SIGN_IN}?{urlencode({'next': following})}" if following else SIGN_IN


def safe_next(sent: str) -> str:
    """Where to go after the sign-in, from /console/ on; home if what was sent is no page of ours."""
    return sent if len(sent) <= MAX_NEXT and NEXT.fullmatch(sent) else ""


def requested_page(visit: Visit) -> str:
    """The page that was asked for, from /console/ on, with its query; home if it cannot be told."""
    path = visit.path.removeprefix(BASE).strip("/")
    query: Mapping[str, str] = visit.request.query_params or {}
    pairs = [(name, query[name]) for name in query]
    return safe_next((f"{path}/" if path else "") + (f"?{urlencode(pairs)}" if pairs else ""))
