"""Where a browser is sent: to another page after a form, to the sign-in and back, to a file in S3."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.cookies import DONE, SECRET, add_cookies, cookie_of, hand_over
from chalicelib.console.frame.headers import page_headers
from chalicelib.console.frame.notices import NOTICES
from chalicelib.console.frame.visit import BASE, MAX_QUERY_VALUE, Visit
from chalicelib.rules.access import Owed

SIGN_IN = "sign-in/"
SIGN_OUT = "sign-out/"
CODE = "sign-in/code/"
ACCOUNT = "account/"
SECOND_FACTOR = "account/second-factor/"
# Where a user is led who has to do something first.
OWED: Mapping[Owed, str] = {Owed.CODE: CODE, Owed.PASSWORD: ACCOUNT, Owed.SECOND_FACTOR: SECOND_FACTOR}
# What may follow `next=`: a page of ours, from /console/ on, so that nobody is sent elsewhere after the sign-in.
NEXT = re.compile(r"(?:[A-Za-z0-9_-]+/)*(?:\?[A-Za-z0-9=&%._~+-]*)?", re.ASCII)


def redirect(
    visit: Visit,
    path: str,
    *,
    done: str | None = None,
    secret: str | None = None,
    headers: Mapping[str, Any] | None = None,
) -> Response:
    """Sends the browser to a page, given from /console/ on, such as `customers/12/`.

    `done` names one of NOTICES, and `secret` is shown once (`handed_over`): the page shows them, and again if it is
    reloaded it does not.
    """
    assert done is None or done in NOTICES, done
    response = Response("", {**page_headers(visit), "Location": visit.root + path, **(headers or {})}, 303)
    given = [(name, value) for name, value in ((DONE, done), (SECRET, secret)) if value]
    stage = runtime.settings().stage
    add_cookies(response.headers, [hand_over(stage, name, value) for name, value in given])
    return response


def handed_over(visit: Visit) -> str:
    """The secret that the page before has handed over; an empty text if there is none. A page that shows it says
    `page(…, drops=SECRET)`.
    """
    return cookie_of(visit.request, runtime.settings().stage, SECRET) or ""


def redirect_to_file(visit: Visit, url: str) -> Response:
    """Sends the browser to a file in S3, by a link that we have signed."""
    return Response("", {**page_headers(visit), "Location": url}, 303)


def sign_in_path(following: str, path: str = SIGN_IN) -> str:
    """The path of a page of the sign-in that leads on to the page `following`; both from /console/ on."""
    return f"{path}?{urlencode({'next': following})}" if following else path


def safe_next(sent: str) -> str:
    """Where to go after the sign-in, from /console/ on; home if what was sent is no page of ours."""
    return sent if len(sent) <= MAX_QUERY_VALUE and NEXT.fullmatch(sent) else ""


def page_of_form(visit: Visit) -> str:
    """The page from which a form was sent, from /console/ on: the browser says it, or else it is the form's own
    address; home if it cannot be told.
    """
    referer = urlsplit(visit.request.headers.get("referer", ""))
    _, found, path = referer.path.partition(f"{BASE}/")
    if found and referer.netloc == visit.request.headers.get("host"):
        return safe_next(path + (f"?{referer.query}" if referer.query else ""))
    return requested_page(visit)


def requested_page(visit: Visit) -> str:
    """The page that was asked for, from /console/ on, with its query; home if it cannot be told."""
    path = visit.path.removeprefix(BASE).strip("/")
    query: Mapping[str, str] = visit.request.query_params or {}
    pairs = [(name, query[name]) for name in query]
    return safe_next((f"{path}/" if path else "") + (f"?{urlencode(pairs)}" if pairs else ""))
