"""What every endpoint shares: its declaration, who may use it, errors as the envelope, one log line a request."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, wraps
from http import HTTPStatus
from typing import TypeVar

from chalice.app import Blueprint, Request, Response

from chalicelib import runtime
from chalicelib.api import cross_origin
from chalicelib.api.call import Call
from chalicelib.api.credentials import credentials_of
from chalicelib.api.declaring import Answer
from chalicelib.api.responses import respond_error, respond_with
from chalicelib.api.taking import Failures, Parameter, PathParameters, parameters_of
from chalicelib.errors import ConfigurationError, Forbidden, InternalError, LoanError, MethodNotAllowed, PathNotFound
from chalicelib.logs import log_exception
from chalicelib.metrics import RequestWatch
from chalicelib.requests.gateway import request_id_of, with_head, without_body
from chalicelib.requests.hosts import check_host
from chalicelib.rules.access import ANYONE, PUBLIC, Actor, Operation, Scope
from chalicelib.services import access

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# API Gateway answers a method or path it does not know before our code runs, so all of them are declared:
# the greedy path takes what no other does.
ANY_OTHER_PATH = "/{proxy+}"
NOWHERE = ("/", ANY_OTHER_PATH)

View = TypeVar("View", bound=Callable[..., object])
# Answers a request that may be made.
Answering = Callable[[Call, PathParameters], Response]


@dataclass(eq=False, repr=False)
class Endpoint:
    """A view and all that is said of it. Its docstring is the summary; its signature says what it takes and returns.

    `raises` is what the view raises beside what reading its parameters does. `about_no_customer` lets a key of one
    customer use a view that asks for no scope.
    """

    view: Callable[..., object]
    operation: Operation
    tag: str
    answers: tuple[Answer, ...]
    raises: Failures = ()
    note: str = ""
    about_no_customer: bool = False

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """What the view is handed, in the order in which it is read."""
        return parameters_of(self.view)

    @property
    def heeds_scope(self) -> bool:
        """Whether a key of one customer can be told nothing of the others."""
        return self.about_no_customer or any(each.type is Scope for each in self.parameters.values())

    def answer(self, call: Call, path_parameters: PathParameters) -> Response:
        """Reads what the view takes, and answers with what it returns."""
        if call.actor.scope.customer_id is not None and not self.heeds_scope:
            raise Forbidden("A key that is limited to one customer may not do this.")
        taken = {name: each.read(call, path_parameters) for name, each in self.parameters.items()}
        return respond_with(self.view(**taken), self.answers[0].status, call.request_id)


class Endpoints:
    """Keeps what is declared, and routes it on Chalice blueprints, in the end everything that is no endpoint."""

    def __init__(self) -> None:
        self.declared: dict[tuple[str, str], Endpoint] = {}
        self._routed = 0

    def add(
        self,
        method: str,
        path: str,
        operation: Operation,
        *answers: Answer,
        tag: str,
        raises: Failures = (),
        note: str = "",
        about_no_customer: bool = False,
    ) -> Callable[[View], View]:
        """Declares a view: what it does, which says who may, and all that the contract tells of it.

        The view may raise any LoanError; whatever else it raises is a 500 without details.
        """

        def declare(view: View) -> View:
            endpoint = Endpoint(view, operation, tag, answers, raises, note, about_no_customer)
            self.declared[method, path] = endpoint
            return view

        return declare

    def route(self, blueprint: Blueprint) -> None:
        """Routes what was declared since the last time. A blueprint that is registered takes no more."""
        for (method, path), endpoint in list(self.declared.items())[self._routed :]:
            _route(blueprint, path, with_head(method), endpoint.view, endpoint.answer, endpoint.operation)
        self._routed = len(self.declared)

    def route_rest(self, blueprint: Blueprint) -> None:
        """Routes the methods and paths that are left, to their 405 and 404. Call it after the last `add`."""
        allowed: dict[str, list[str]] = defaultdict(list)
        for method, path in self.declared:
            allowed[path] += with_head(method)
        for path, methods in allowed.items():
            _route_rest(blueprint, path, _method_not_allowed(tuple(methods)), exclude=methods)
        for path in NOWHERE:
            _route_rest(blueprint, path, path_not_found, exclude=())


def _route_rest(blueprint: Blueprint, path: str, answer: Answering, exclude: Collection[str]) -> None:
    methods = [method for method in METHODS if method not in exclude]
    # What is possible where stands in the contract, which is for everybody.
    _route(blueprint, path, methods, answer, answer, Operation.READ_CONTRACT)


def _route(
    blueprint: Blueprint,
    path: str,
    methods: list[str],
    named: Callable[..., object],
    answer: Answering,
    operation: Operation,
) -> None:
    # content_types: Chalice would answer 415 in an envelope of its own, even to a GET.
    route = blueprint.route(path, methods=methods, content_types=[])
    route(wraps(named)(answering(blueprint, answer, path, operation)))


def answering(blueprint: Blueprint, answer: Answering, path: str, operation: Operation) -> Callable[..., Response]:
    """What Chalice calls for a path: lets in whoever may, and turns whatever is raised into the envelope."""

    def respond(**path_parameters: str) -> Response:
        watch = RequestWatch("api")
        request = blueprint.current_request
        request_id = request_id_of(request)
        actor = None
        try:
            _check_host(request)
            actor = _actor(request, operation)
            response = answer(Call(request, request_id, actor), path_parameters)
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

    return respond


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


def _method_not_allowed(allowed: tuple[str, ...]) -> Answering:
    def method_not_allowed(call: Call, _: PathParameters) -> Response:
        answer = cross_origin.preflight(call.request, allowed, _origins())
        if answer is not None:
            return answer
        raise MethodNotAllowed(f"{call.request.method} is not possible here; use {' or '.join(allowed)}.", allowed)

    return method_not_allowed


def path_not_found(call: Call, _: PathParameters) -> Response:
    """Answers whatever is no path of ours."""
    # The greedy parameter is `proxy` to API Gateway and `proxy+` to `chalice local`.
    path = next(iter((call.request.uri_params or {}).values()), "")
    raise PathNotFound(f"There is nothing at /{path[:200]}.")
