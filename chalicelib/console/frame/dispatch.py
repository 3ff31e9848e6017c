"""How a page is answered: who asks, whether they may, whether a form is ours, errors as pages, one log line."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from importlib import import_module

from chalice.app import Request, Response

from chalicelib import runtime
from chalicelib.console.frame import kept
from chalicelib.console.frame.cookies import SESSION, VISITOR, cookie_of, new_visitor
from chalicelib.console.frame.csrf import FIELD, StaleForm, check_origin, check_token, csrf_token, is_from_here
from chalicelib.console.frame.error_pages import bare_error_page, error_page
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.notices import NOTICES
from chalicelib.console.frame.pages import PAGES, Page
from chalicelib.console.frame.redirects import (
    OWED,
    SIGN_OUT,
    page_of_form,
    redirect,
    requested_page,
    safe_next,
    sign_in_path,
)
from chalicelib.console.frame.rendering import page as rendered
from chalicelib.console.frame.visit import BASE, Visit, root_of
from chalicelib.errors import InternalError, LoanError, PathNotFound, Unauthenticated, Unavailable
from chalicelib.logs import log_exception
from chalicelib.metrics import RequestWatch
from chalicelib.requests.gateway import request_id_of
from chalicelib.requests.hosts import check_host
from chalicelib.rules.access import ANYONE, PUBLIC, Operation, Owed
from chalicelib.rules.tokens import read_token
from chalicelib.services import access

View = Callable[..., Response]


def answer_page(page: Page, request: Request, watch: RequestWatch, path_parameters: Mapping[str, str]) -> Response:
    """What a page answers: its view's answer, a redirect to the sign-in, or what went wrong as a page.

    A view gets the Visit and the parameters of the path. It may raise any LoanError; whatever else it raises is a page
    without details. A POST reaches it only from a form of ours.
    """
    request_id = request_id_of(request)
    actor = ANYONE
    try:
        visit, response = _answer(page, request, path_parameters)
        actor = visit.actor
    except Exception as error:
        # For example, the settings make no sense: then no template can be rendered.
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
    visit = _anonymous(request)
    try:
        check_host(visit.request, runtime.settings())
        visit = _authenticated(visit, page)
        visit, page = _let_in(visit, page)
        response = view_of(page)(visit, **path_parameters)
    except _NotSignedIn:
        response = _to_sign_in(visit, page)
    except _LedTo as led:
        response = redirect(visit, led.path)
    except LoanError as error:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log_exception("request_interrupted", error, request_id=visit.request_id)
        response = error_page(visit, error, typed=_typed(visit, page) if isinstance(error, Unavailable) else "")
    except Exception as error:
        log_exception("request_failed", error, request_id=visit.request_id)
        response = error_page(visit, InternalError("Something went wrong on our side."))
    return visit, response


def _let_in(visit: Visit, page: Page) -> tuple[Visit, Page]:
    """The visit as it may be made. What was typed before the sign-in is only shown in its form again: if it comes back
    from there, or if somebody signed in elsewhere meanwhile, which makes the token of the form stale.

    A sign-in that is sent again after it was let in, as by a reload, is led on into the console: its form belongs to a
    cookie that ended with it.
    """
    try:
        _authorize(visit, page)
    except StaleForm:
        if page.operation is Operation.SIGN_IN and signed_in(visit, Operation.SEE_ONESELF):
            raise _LedTo(safe_next(visit.form.get("next", ""))) from None
        if not (visit.is_opened and is_from_here(visit.request) and page.operation not in PUBLIC):
            raise
        typed = kept.read_kept(kept.kept_of(visit.form))
        if not typed or ("GET", page.path) not in PAGES:
            raise
        return _shown_again(visit, page, typed)
    if page.method != "GET" and ("GET", page.path) in PAGES and kept.BACK in visit.form:
        return _shown_again(visit, page, kept.read_kept(visit.form[kept.BACK]))
    return visit, page


def _typed(visit: Visit, page: Page) -> str:
    """What was typed into a form whose page can be shown again with it; an empty text if there is nothing to show."""
    session = cookie_of(visit.request, runtime.settings().stage, SESSION)
    if visit.request.method == "GET" or ("GET", page.path) not in PAGES or not (session and _is_ours(visit, session)):
        return ""
    return visit.form.get(kept.BACK) or kept.kept_of(visit.form)


def _shown_again(visit: Visit, page: Page, typed: Mapping[str, str]) -> tuple[Visit, Page]:
    page = PAGES["GET", page.path]
    _authorize(visit, page)
    return replace(visit, kept=typed), page


def view_of(page: Page) -> View:
    """The function that answers a page; its module is imported with the first request for one of its pages."""
    module, _, name = page.view.partition(":")
    view: View = getattr(import_module(f"chalicelib.console.{module}"), name)
    return view


def page_not_found(_visit: Visit, **_path_parameters: str) -> Response:
    """Answers every address that is no page."""
    raise PathNotFound("There is no such page. Check the address, or start from the home page.")


def _authenticated(visit: Visit, page: Page) -> Visit:
    """The visit with who makes it. Raises _NotSignedIn if that is not known and has to be."""
    if page.operation in PUBLIC:
        return visit
    known = signed_in(visit, page.operation)
    if known is None:
        raise _NotSignedIn
    return known


def _to_sign_in(visit: Visit, page: Page) -> Response:
    """The sign-in, which leads back to a page, never to what only a form does."""
    sent = cookie_of(visit.request, runtime.settings().stage, SESSION)
    # A script that sends a form keeps what was typed by itself, and follows a redirect to the sign-in.
    if page.method == "POST" and sent and visit.is_opened and _is_ours(visit, sent):
        return _sign_in_that_keeps(visit)
    following = requested_page(visit) if ("GET", page.path) in PAGES else ""
    return redirect(visit, sign_in_path(following), done="session-ended" if sent else None)


def _is_ours(visit: Visit, session: str) -> bool:
    """Whether the form was made by a page of the session that the cookie names, which may be over."""
    try:
        check_origin(visit.request)
        check_token(visit.form.get(FIELD, ""), csrf_token(session))
    except LoanError:
        return False
    return True


def _sign_in_that_keeps(visit: Visit) -> Response:
    typed = kept.kept_of(visit.form)
    fields = {"next": page_of_form(visit), kept.FIELD: typed}
    notice = NOTICES["session-ended-form" if typed else "session-ended"]
    # 403 and not 401, which would have to name a way of HTTP's own to show credentials.
    return rendered(visit, "account/sign_in.html", status=HTTPStatus.FORBIDDEN, form=Form(fields), ended=notice)


def _authorize(visit: Visit, page: Page) -> None:
    """Raises Forbidden for a form that is not ours, and for what the visitor's role may not do; _LedTo while the
    visitor has to do something else first.
    """
    if page.method != "GET":
        check_origin(visit.request)
        check_token(visit.form.get(FIELD, ""), visit.csrf)
    owes = visit.actor.owes
    if owes is not None and page.operation not in PUBLIC:
        path = OWED[owes]
        if page.path not in (f"{BASE}/{path}".rstrip("/"), f"{BASE}/{SIGN_OUT}".rstrip("/")):
            following = requested_page(visit) if ("GET", page.path) in PAGES else ""
            raise _LedTo(sign_in_path(following, path) if owes is Owed.CODE else path)
    if page.operation not in PUBLIC:
        access.require(visit.actor, page.operation)


class _NotSignedIn(Exception):
    """Nobody is signed in."""


class _LedTo(Exception):
    """The visitor is led to another page, at `path`, from /console/ on."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def _anonymous(request: Request) -> Visit:
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
    """The visit of the user whose session the cookie names; None if there is no such session. Whether the user may do
    the operation is not checked here.
    """
    sent = cookie_of(visit.request, runtime.settings().stage, SESSION)
    token = read_token(sent) if sent else None
    # An API key is not a session, even if it stands in the cookie.
    if token is None or token.public_id is not None:
        return None
    try:
        actor = runtime.gate().admit(token.text, operation)
    except Unauthenticated:
        return None
    return Visit(visit.request, visit.request_id, visit.root, actor, csrf_token(token.text), token)
