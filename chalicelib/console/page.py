"""What every page shares: its declaration, who may see it, forms that are ours, errors as pages, one log line."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from urllib.parse import urlencode

from chalice.app import Blueprint, Request, Response

from chalicelib import runtime
from chalicelib.api.endpoint import request_id_of
from chalicelib.console import rendering
from chalicelib.console.cookies import SESSION, VISITOR, cookie_of, new_visitor
from chalicelib.console.csrf import FIELD, check_origin, check_token, csrf_token
from chalicelib.console.visit import BASE, Visit, root_of
from chalicelib.errors import InternalError, LoanError, PathNotFound, Unauthenticated
from chalicelib.logs import log_exception
from chalicelib.metrics import RequestWatch
from chalicelib.rules.access import ANYONE, PUBLIC, Operation
from chalicelib.rules.tokens import read_token
from chalicelib.services import access

View = Callable[..., Response]

SIGN_IN = "sign-in/"
# What may follow `next=`: a page of ours, from /console/ on, so that nobody is led elsewhere after the sign-in.
NEXT = re.compile(r"(?:[A-Za-z0-9_-]+/)*(?:\?[A-Za-z0-9=&%._~+-]*)?", re.ASCII)
MAX_NEXT = 500


@dataclass(frozen=True)
class _Declared:
    method: str
    path: str
    operation: Operation


class Pages:
    """Declares pages on a Chalice blueprint, and in the end everything below /console/ that is none."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint
        self.operations: dict[tuple[str, str], Operation] = {}

    def add(self, method: str, path: str, operation: Operation) -> Callable[[View], View]:
        """Declares a view and what it does, which says who may. `path` starts with /console and ends without a slash.

        The view is handed the Visit and the parameters of the path. It may raise any LoanError; whatever else it
        raises is a page without details. A POST reaches it only from a form of ours.
        """

        def declare(view: View) -> View:
            self.operations[method, path] = operation
            wrapped = self._answering(view, _Declared(method, path, operation))
            self._blueprint.route(path, methods=[method], content_types=[])(wrapped)
            return view

        return declare

    def close(self) -> None:
        """Declares what is left. Call it after the last `add`."""
        self.add("GET", f"{BASE}/{{proxy+}}", Operation.SEE_ONESELF)(_nothing_here)

    def _answering(self, view: View, declared: _Declared) -> View:
        @wraps(view)
        def answer(**path_parameters: str) -> Response:
            watch = RequestWatch("console")
            request = self._blueprint.current_request
            visit = _stranger(request)
            try:
                visit = self._recognized(visit, declared)
                _check(visit, declared)
                response = view(visit, **path_parameters)
            except _NotSignedIn as error:
                response = rendering.see(visit, sign_in_path(error.page))
            except LoanError as error:
                if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    log_exception("request_interrupted", error, request_id=visit.request_id)
                response = rendering.error_page(visit, error)
            except Exception as error:
                log_exception("request_failed", error, request_id=visit.request_id)
                response = rendering.error_page(visit, InternalError("Something went wrong on our side."))
            watch.log(
                request_id=visit.request_id,
                method=declared.method,
                route=declared.path,
                status=response.status_code,
                actor=visit.actor.identity,
            )
            return response

        return answer

    def _recognized(self, visit: Visit, declared: _Declared) -> Visit:
        """The visit with who makes it. Leads to the sign-in where that is not known and has to be."""
        if declared.operation in PUBLIC:
            return visit
        known = signed_in(visit)
        if known is None:
            # After signing in one is led to a page, never to what only a form does.
            is_page = ("GET", declared.path) in self.operations
            raise _NotSignedIn(page_of(visit) if is_page else "")
        return known


def _check(visit: Visit, declared: _Declared) -> None:
    """Raises Forbidden for a form that is not ours, and for what the one who visits may not do."""
    if declared.method != "GET":
        check_origin(visit.request)
        check_token(visit.form.get(FIELD, ""), visit.csrf)
    if declared.operation not in PUBLIC:
        access.require(visit.actor, declared.operation)


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


def signed_in(visit: Visit) -> Visit | None:
    """The visit with the one whose session the cookie names; None where there is no such session."""
    sent = cookie_of(visit.request, runtime.settings().stage, SESSION)
    token = read_token(sent) if sent else None
    # A key of a machine is not a session, even where it stands in the cookie.
    if token is None or token.public_id is not None:
        return None
    try:
        actor = runtime.gate().admit(token.text)
    except Unauthenticated:
        return None
    return Visit(visit.request, visit.request_id, visit.root, actor, csrf_token(token.text), token)


def _nothing_here(_visit: Visit, **_path_parameters: str) -> Response:
    raise PathNotFound("There is no such page. The address may be mistyped, or the page is gone.")
