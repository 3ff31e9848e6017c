"""The Chalice application that is complete when it has to be: a container starts with what is asked for first."""

from typing import Any

from chalice.app import Blueprint, Chalice

from chalicelib import runtime
from chalicelib.api.routes import first_routes, later_routes
from chalicelib.config import runs_in_lambda
from chalicelib.starting import importing


class Application(Chalice):
    """The service. In Lambda, what the five endpoints do without is imported by the first request for something else.

    Whoever packages, serves or tests it finds all routes there from the beginning.
    """

    def __init__(self) -> None:
        super().__init__(app_name="loans")
        self.register_blueprint(first_routes())
        self._is_complete = False
        self._left: list[Blueprint] = []
        if runs_in_lambda():
            runtime.connect_early()
        else:
            self.complete()

    def complete(self) -> None:
        """Declares what is left: the other endpoints, the console, and the functions that are not the API.

        If it fails half way, the next call goes on with the part that failed: Chalice refuses a route that it has.
        """
        from chalicelib.console.frame.routes import console
        from chalicelib.handlers import functions

        # Made once, because `later_routes` hands out each endpoint once.
        self._left = self._left or [later_routes(), console, functions]
        while self._left:
            self.register_blueprint(self._left[0])
            del self._left[0]
        self._is_complete = True

    def __call__(self, event: Any, context: Any) -> Any:
        """Answers a request of API Gateway."""
        context_of_request = event["requestContext"]
        methods = self.routes.get(context_of_request["resourcePath"], {})
        if not self._is_complete and context_of_request["httpMethod"] not in methods:
            with importing():
                self.complete()
        return super().__call__(event, context)
