"""All endpoints of the API, in two parts: importing a module declares its own, and the second part is not imported
before somebody asks for one of it. The five endpoints that front ends wait for are in the first.
"""

from collections.abc import Mapping
from importlib import import_module

from chalice.app import Blueprint

from chalicelib.api.blueprint import endpoints
from chalicelib.api.endpoint import Endpoint

# The modules of register, check-eligibility, create-loan, view-loan and view-loans.
FIRST = ("decisions", "loans")
LATER = (
    "accounts",
    "api_keys",
    "applications",
    "audit",
    "contract",
    "customers",
    "delinquency",
    "imports",
    "key_facts",
    "loan_list",
    "schedules",
    "sessions",
    "statements",
    "transactions",
    "users",
)


def first_routes() -> Blueprint:
    """The endpoints of which the first request of a container is most likely one."""
    return _routes(FIRST)


def later_routes() -> Blueprint:
    """All the others, and what is left over: the methods and paths that are none."""
    later = _routes(LATER)
    endpoints.route_rest(later)
    return later


def declared() -> Mapping[tuple[str, str], Endpoint]:
    """Every endpoint by its method and path."""
    _import(FIRST)
    _import(LATER)
    return endpoints.declared


def _routes(modules: tuple[str, ...]) -> Blueprint:
    _import(modules)
    blueprint = Blueprint(__name__)
    endpoints.route(blueprint)
    return blueprint


def _import(modules: tuple[str, ...]) -> None:
    for module in modules:
        import_module(f"chalicelib.api.{module}")
