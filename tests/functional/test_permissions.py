"""Every route and every role: who may is let in, who may not is told so, who is nobody is asked who they are."""

import pytest
from chalice.app import Blueprint

from app import app
from chalicelib.api.declaring import ok
from chalicelib.api.endpoint import METHODS, NOWHERE, Endpoint, answering
from chalicelib.api.routes import declared
from chalicelib.postgres.database import Database
from chalicelib.rules.access import PERMISSIONS, PUBLIC, SCOPED, Operation, Role
from tests.support.application import Api, assert_envelope
from tests.support.customers import registered
from tests.support.people import credentials_of, key_of

ROUTES = sorted((key, endpoint.operation) for key, endpoint in declared().items())
SOMEBODY = [role for role in Role if role is not Role.ANYONE]

# What would not come back the same way for the next route.
PARAMETERS = dict.fromkeys(
    ("customer_id", "loan_id", "transaction_number", "application_id", "import_id", "key_id", "user_id", "number"),
    "999999",
)
PATHS_WITH_S3 = ("/api/imports/template",)

# The console's, what a PATCH of a customer asks for by its fields (test_ceilings.py), and what a list of imports asks
# for (test_whose_imports.py).
WITHOUT_A_ROUTE = {Operation.READ_POLICY, Operation.REDRIVE_IMPORTS, Operation.CHANGE_TERMS, Operation.READ_ALL_IMPORTS}


def calls() -> list[tuple[str, str, Operation]]:
    return [
        (method, path.format(**PARAMETERS), operation)
        for (method, path), operation in ROUTES
        if path not in PATHS_WITH_S3
    ]


def test_every_route_of_the_application_declares_a_permission_or_is_a_leftover() -> None:
    # The console's pages have a test of their own.
    routed = {path: methods for path, methods in app.routes.items() if path.startswith("/api") or path in NOWHERE}
    leftovers = {
        (method, path)
        for path, methods in routed.items()
        for method in methods
        if path in NOWHERE or methods[method].view_function.__name__.startswith("method_not_allowed")
    }
    routes = {(method, path) for path, methods in routed.items() for method in methods}
    heads = {("HEAD", path) for method, path in declared() if method == "GET"}
    assert routes - leftovers == set(declared()) | heads
    for path in {path for _, path in declared()}:
        assert {method for method, other in routes if other == path} == set(METHODS)


def test_every_operation_is_what_some_route_does() -> None:
    assert {endpoint.operation for endpoint in declared().values()} | WITHOUT_A_ROUTE == set(Operation)


@pytest.mark.parametrize("role", SOMEBODY)
def test_a_role_may_do_what_the_table_says_and_nothing_else(closed_api: Api, database: Database, role: Role) -> None:
    somebody = closed_api.showing(credentials_of(database, role))
    # The last of all, because it ends the session.
    for method, path, operation in sorted(calls(), key=lambda each: each[:2] == ("DELETE", "/api/sessions/current")):
        answer = somebody.call(method, path, b"{}")
        if operation in PERMISSIONS[role]:
            assert answer.status not in (401, 403), f"{role} may not {method} {path}: {answer.text}"
        else:
            assert_envelope(answer, 403, "forbidden")


def test_nobody_may_do_anything_but_what_is_public(closed_api: Api) -> None:
    for method, path, operation in calls():
        answer = closed_api.call(method, path, b"{}")
        assert (answer.status == 401) == (operation not in PUBLIC), f"{method} {path}: {answer.text}"


def test_anybody_may_do_on_a_laptop_what_the_table_says(api: Api) -> None:
    for method, path, operation in calls():
        answer = api.call(method, path, b"{}")
        assert (answer.status == 403) == (operation not in PERMISSIONS[Role.ANYONE]), f"{method} {path}: {answer.text}"


@pytest.mark.parametrize("role", [Role.READER, Role.WRITER])
def test_a_key_of_one_customer_may_do_less(api: Api, database: Database, role: Role) -> None:
    limited = api.showing(key_of(database, role, customer_id=registered(api)))
    for method, path, operation in calls():
        answer = limited.call(method, path, b"{}")
        allowed = operation in PERMISSIONS[role] & SCOPED
        assert (answer.status == 403) == (not allowed), f"{method} {path}: {answer.text}"


@pytest.mark.parametrize(("method", "path"), declared())
def test_what_a_key_of_one_customer_may_use_heeds_its_scope(method: str, path: str) -> None:
    endpoint = declared()[method, path]
    assert endpoint.heeds_scope or endpoint.operation in PUBLIC or endpoint.operation not in SCOPED


def test_a_view_that_takes_no_scope_is_not_called_for_a_key_of_one_customer(api: Api, database: Database) -> None:
    key = key_of(database, Role.READER, customer_id=registered(api))
    route = app.routes["/api/customers"]["GET"]
    was, called = route.view_function, []

    def forgetful() -> dict[str, object]:
        called.append(True)
        return {"customers": [], "next": 4711}

    endpoint = Endpoint(forgetful, Operation.READ_CUSTOMERS, "Customers", (ok("A page of customers."),))
    blueprint = Blueprint(__name__)
    app.register_blueprint(blueprint)
    route.view_function = answering(blueprint, endpoint.answer, "/api/customers", endpoint.operation)
    try:
        assert api.get("/api/customers").status == 200
        answer = api.showing(key).get("/api/customers")
    finally:
        route.view_function = was
    assert_envelope(answer, 403, "forbidden")
    assert called == [True]
