"""What every page shares: who may see it, forms that are ours, errors as pages, one log line."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from importlib import import_module
from urllib.parse import urlencode

from chalice.app import Request, Response

from chalicelib import runtime
from chalicelib.console.frame import rendering
from chalicelib.console.frame.bare import bare_error_page
from chalicelib.console.frame.cookies import SESSION, VISITOR, cookie_of, new_visitor
from chalicelib.console.frame.csrf import FIELD, check_origin, check_token, csrf_token
from chalicelib.console.frame.pages import PAGES, Page
from chalicelib.console.frame.visit import BASE, Visit, root_of
from chalicelib.errors import InternalError, LoanError, PathNotFound, Unauthenticated
from chalicelib.logs import log_exception
from chalicelib.metrics import RequestWatch
from chalicelib.requests.gateway import request_id_of
from chalicelib.requests.hosts import check_host
from chalicelib.rules.access import ANYONE, PUBLIC, Operation
from chalicelib.rules.tokens import read_token
from chalicelib.services import access

View = Callable[..., Response]

SIGN_IN = "sign-in/"
# What may follow `next=`: a page of ours, from /console/ on, so that nobody is led elsewhere after the sign-in.
NEXT = re.compile(r"(?:[A-Za-z0-9_-]+/)*(?:\?[A-Za-z0-9=&%._~+-]*)?", re.ASCII)
MAX_NEXT = 500


def answer_page(page: Page, request: Request, watch: RequestWatch, path_parameters: Mapping[str, str]) -> Response:
    """What a page answers: its view's answer, the way to the sign-in, or what went wrong as a page.

    A view is handed the Visit and the parameters of the path. It may raise any LoanError; whatever else it raises is
    a page without details. A POST reaches it only from a form of ours.
    """
    request_id = request_id_of(request)
    actor = ANYONE
    try:
        visit, response = _answer(page, request, path_parameters)
        actor = visit.actor
    except Exception as error:
        # Settings that make no sense, for one: nothing is left to make a page of ours with.
        log_exception("request_failed", error, request_id=request_id)
        response = bare_error_page(request_id)
    watch.log(
        request_id=request_id,
        method=page.method,
        route=page.path,
        status=response.status_code,
        actor=actor.identity,
    )
    return response


def _answer(page: Page, request: Request, path_parameters: Mapping[str, str]) -> tuple[Visit, Response]:
    """The visit as far as it became known, and the page; whatever the view raises is a page too."""
    visit = _stranger(request)
    try:
        check_host(visit.request, runtime.settings())
        visit = _recognized(visit, page)
        _check(visit, page)
        response = view_of(page)(visit, **path_parameters)
    except _NotSignedIn as error:
        response = rendering.see(visit, sign_in_path(error.page))
    except LoanError as error:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log_exception("request_interrupted", error, request_id=visit.request_id)
        response = rendering.error_page(visit, error)
    except Exception as error:
        log_exception("request_failed", error, request_id=visit.request_id)
        response = rendering.error_page(visit, InternalError("Something went wrong on our side."))
    return visit, response


def view_of(page: Page) -> View:
    """The function that answers a page; its module is imported with the first request for one of its pages."""
    module, _, name = page.view.partition(":")
    view: View = getattr(import_module(f"chalicelib.console.{module}"), name)
    return view


def nothing_here(_visit: Visit, **_path_parameters: str) -> Response:
    """Answers whatever is no page."""
    raise PathNotFound("There is no such page. The address may be mistyped, or the page is gone.")


def _recognized(visit: Visit, page: Page) -> Visit:
    """The visit with who makes it. Leads to the sign-in where that is not known and has to be."""
    if page.operation in PUBLIC:
        return visit
    known = signed_in(visit, page.operation)
    if known is None:
        # After signing in one is led to a page, never to what only a form does.
        raise _NotSignedIn(page_of(visit) if ("GET", page.path) in PAGES else "")
    return known


def _check(visit: Visit, page: Page) -> None:
    """Raises Forbidden for a form that is not ours, and for what the one who visits may not do."""
    if page.method != "GET":
        check_origin(visit.request)
        check_token(visit.form.get(FIELD, ""), visit.csrf)
    if page.operation not in PUBLIC:
        access.require(visit.actor, page.operation)


class _NotSignedIn(Exception):
    def __init__(self, page: str) -> None:
        super().__init__(page)
        self.page = page


def sign_in_path(page: str) -> str:
    """The way to the sign-in, and from there to a page; both from /console/ on."""
    return f"{SIGN_IN}?{urlencode({'next': page})}" if page else SIGN_IN


def safe_next(sent: str) -> str:
    """Where to go after the sign-in, from /console/ on; home where it is not a page of ours."""
    return sent if len(sent) <= MAX_NEXT and NEXT.fullmatch(sent) else ""


def page_of(visit: Visit) -> str:
    """The page that was asked for, from /console/ on, with its query; home where it cannot be told."""
    path = visit.path.removeprefix(BASE).strip("/")
    query: Mapping[str, str] = visit.request.query_params or {}
    pairs = [(name, query[name]) for name in query]
    return safe_next((f"{path}/" if path else "") + (f"?{urlencode(pairs)}" if pairs else ""))


def _stranger(request: Request) -> Visit:
    """A visit of which nothing is known yet but the request."""
    stage = runtime.settings().stage
    known = cookie_of(request, stage, VISITOR)
    visitor = known or new_visitor()
    return Visit(
        request,
        request_id_of(request),
        root_of(request),
        ANYONE,
        csrf_token(visitor),
        visitor=None if known else visitor,
    )


def signed_in(visit: Visit, operation: Operation) -> Visit | None:
    """The visit with the one whose session the cookie names; None where there is no such session. Whether they may do
    what the operation is, remains to be seen.
    """
    sent = cookie_of(visit.request, runtime.settings().stage, SESSION)
    token = read_token(sent) if sent else None
    # A key of a machine is not a session, even where it stands in the cookie.
    if token is None or token.public_id is not None:
        return None
    try:
        actor = runtime.gate().admit(token.text, operation)
    except Unauthenticated:
        return None
    return Visit(visit.request, visit.request_id, visit.root, actor, csrf_token(token.text), token)
