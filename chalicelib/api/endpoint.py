"""What every endpoint shares: its declaration, who may use it, errors as the envelope, one log line a request."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus

from chalice.app import Blueprint, Request, Response

from chalicelib import runtime
from chalicelib.api import cross_origin
from chalicelib.api.credentials import credentials_of
from chalicelib.api.responses import respond_error
from chalicelib.errors import ConfigurationError, Forbidden, InternalError, LoanError, MethodNotAllowed, PathNotFound
from chalicelib.logs import log_exception
from chalicelib.metrics import RequestWatch
from chalicelib.requests.gateway import request_id_of, with_head, without_body
from chalicelib.requests.hosts import check_host
from chalicelib.rules.access import ANYONE, PUBLIC, Actor, Author, Operation
from chalicelib.services import access

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# API Gateway answers a method or path it does not know before our code runs, so all of them are declared:
# the greedy path takes what no other does.
ANY_OTHER_PATH = "/{proxy+}"
NOWHERE = ("/", ANY_OTHER_PATH)


@dataclass(frozen=True)
class Call:
    """A request with who makes it. Views are handed it, and never see one that may not be."""

    request: Request
    request_id: str
    actor: Actor
    # Whether the view took the actor's limit over; see `limit`.
    _limited: list[bool] = field(default_factory=list)

    @property
    def author(self) -> Author:
        """Who answers for what the request changes."""
        return Author.of(self.actor, self.request_id)

    def limit(self) -> int | None:
        """The only customer whom the answer may be about; None where there is no such limit.

        Every view that is possible for a limited key has to ask, or its answer does not go out.
        """
        self._limited.append(True)
        return self.actor.customer_id

    def check_limit_was_heeded(self) -> None:
        """Raises Forbidden where the actor is limited to a customer, and the view did not ask for the limit."""
        if self.actor.customer_id is not None and not self._limited:
            raise Forbidden("A key that is limited to one customer may not do this.")


View = Callable[..., Response]


class Endpoints:
    """Declares endpoints on a Chalice blueprint, and in the end everything that is none."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint
        self.operations: dict[tuple[str, str], Operation] = {}

    def add(self, method: str, path: str, operation: Operation) -> Callable[[View], View]:
        """Declares a view and what it does, which says who may. It may raise any LoanError; whatever else it raises
        is a 500 without details.
        """

        def declare(view: View) -> View:
            self.operations[method, path] = operation
            wrapped = self._answering(view, path, operation)
            # content_types: Chalice would answer 415 in an envelope of its own, even to a GET.
            self._blueprint.route(path, methods=with_head(method), content_types=[])(wrapped)
            return view

        return declare

    def close(self) -> None:
        """Declares the methods and paths that are left, with their 405 and 404. Call it after the last `add`."""
        allowed: dict[str, list[str]] = defaultdict(list)
        for method, path in self.operations:
            allowed[path] += with_head(method)
        for path, methods in allowed.items():
            self._declare_rest(path, _method_not_allowed(tuple(methods)), exclude=methods)
        for path in NOWHERE:
            self._declare_rest(path, _path_not_found, exclude=())

    def _declare_rest(self, path: str, view: View, exclude: Collection[str]) -> None:
        methods = [method for method in METHODS if method not in exclude]
        # What is possible where stands in the contract, which is for everybody.
        wrapped = self._answering(view, path, Operation.READ_CONTRACT)
        self._blueprint.route(path, methods=methods, content_types=[])(wrapped)

    def _answering(self, view: View, path: str, operation: Operation) -> View:
        @wraps(view)
        def answer(**path_parameters: str) -> Response:
            watch = RequestWatch("api")
            request = self._blueprint.current_request
            request_id = request_id_of(request)
            actor = None
            try:
                _check_host(request)
                actor = _actor(request, operation)
                call = Call(request, request_id, actor)
                response = view(call, **path_parameters)
                call.check_limit_was_heeded()
            except LoanError as error:
                if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    # The client is told that something is out of reach; the log says what.
                    log_exception("request_interrupted", error, request_id=request_id)
                response = respond_error(error, request_id)
            except Exception as error:
                log_exception("request_failed", error, request_id=request_id)
                sentence = f"Something went wrong on our side. Please tell us the request id {request_id}."
                response = respond_error(InternalError(sentence), request_id)
            cross_origin.let_in(request, response, _origins())
            without_body(request, response)
            watch.log(
                request_id=request_id,
                method=request.method,
                route=path,
                status=response.status_code,
                actor=actor.identity if actor else None,
            )
            return response

        return answer


def _actor(request: Request, operation: Operation) -> Actor:
    """Who makes the request. Raises Unauthenticated or Forbidden where it may not be made."""
    if operation in PUBLIC:
        return ANYONE
    actor = runtime.gate().admit(credentials_of(request), operation)
    access.require(actor, operation)
    return actor


def _check_host(request: Request) -> None:
    try:
        settings = runtime.settings()
    except ConfigurationError:
        # Nothing that needs a setting is answered then, and the contract is for everybody.
        return
    check_host(request, settings)


def _origins() -> tuple[str, ...]:
    try:
        return runtime.settings().cors_origins
    except ConfigurationError:
        # Whatever was asked for fails with it too, and says so.
        return ()


def _method_not_allowed(allowed: tuple[str, ...]) -> View:
    def method_not_allowed(call: Call, **_path_parameters: str) -> Response:
        answer = cross_origin.preflight(call.request, allowed, _origins())
        if answer is not None:
            return answer
        raise MethodNotAllowed(f"{call.request.method} is not possible here; use {' or '.join(allowed)}.", allowed)

    return method_not_allowed


def _path_not_found(call: Call) -> Response:
    # The greedy parameter is `proxy` to API Gateway and `proxy+` to `chalice local`.
    path = next(iter((call.request.uri_params or {}).values()), "")
    raise PathNotFound(f"There is nothing at /{path[:200]}.")
