"""What every endpoint shares: its declaration, errors as the envelope, one log line a request."""

import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.api.responses import respond_error
from chalicelib.errors import LoanError, MethodNotAllowed, PathNotFound
from chalicelib.logs import log, log_exception

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# API Gateway answers a method or path it does not know before our code runs, so all of them are declared:
# the greedy path takes what no other does.
ANY_OTHER_PATH = "/{proxy+}"
NOWHERE = ("/", ANY_OTHER_PATH)

View = Callable[..., Response]


class InternalError(LoanError):
    """Our fault. The log has the trace; the client gets the number to ask for it."""


class Endpoints:
    """Declares endpoints on a Chalice blueprint, and in the end everything that is none."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint
        self._methods: dict[str, list[str]] = defaultdict(list)

    def add(self, method: str, path: str) -> Callable[[View], View]:
        """Declares a view. It may raise any LoanError; whatever else it raises is a 500 without details."""

        def declare(view: View) -> View:
            self._methods[path].append(method)
            wrapped = self._answering(view, path)
            # content_types: Chalice would answer 415 in an envelope of its own, even to a GET.
            self._blueprint.route(path, methods=[method], content_types=[])(wrapped)
            return view

        return declare

    def close(self) -> None:
        """Declares the methods and paths that are left, with their 405 and 404. Call it after the last `add`."""
        for path, allowed in list(self._methods.items()):
            self._declare_rest(path, _method_not_allowed(tuple(allowed)), exclude=allowed)
        for path in NOWHERE:
            self._declare_rest(path, _path_not_found, exclude=())

    def _declare_rest(self, path: str, view: View, exclude: Any) -> None:
        methods = [method for method in METHODS if method not in exclude]
        self._blueprint.route(path, methods=methods, content_types=[])(self._answering(view, path))

    def _answering(self, view: View, path: str) -> View:
        @wraps(view)
        def answer(**path_parameters: str) -> Response:
            started = time.perf_counter()
            request = self._blueprint.current_request
            request_id = request_id_of(request)
            try:
                response = view(request, **path_parameters)
            except LoanError as error:
                response = respond_error(error, request_id)
            except Exception as error:
                log_exception("request_failed", error, request_id=request_id)
                sentence = f"Something went wrong on our side. Please tell us the request id {request_id}."
                response = respond_error(InternalError(sentence), request_id)
            log(
                "request",
                request_id=request_id,
                method=request.method,
                route=path,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
            return response

        return answer


def request_id_of(request: Request) -> str:
    """API Gateway's id of the request; without a gateway, the id of the invocation."""
    return str(request.context.get("requestId") or getattr(request.lambda_context, "aws_request_id", "unknown"))


def _method_not_allowed(allowed: tuple[str, ...]) -> View:
    def method_not_allowed(request: Request, **_path_parameters: str) -> Response:
        raise MethodNotAllowed(f"{request.method} is not possible here; use {' or '.join(allowed)}.", allowed)

    return method_not_allowed


def _path_not_found(request: Request) -> Response:
    # The greedy parameter is `proxy` to API Gateway and `proxy+` to `chalice local`.
    path = next(iter((request.uri_params or {}).values()), "")
    raise PathNotFound(f"There is nothing at /{path[:200]}.")
