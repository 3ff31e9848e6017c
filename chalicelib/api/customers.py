"""Customers to find, to read with their exposure, and to correct."""

from typing import Any

from chalice.app import Response

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.endpoint import Call
from chalicelib.api.responses import page, respond
from chalicelib.errors import CustomerNotFound, InvalidRequest
from chalicelib.requests.models import CustomersQuery, PatchCustomerBody
from chalicelib.requests.parsing import changes_of, entity_tags, number_in_path, query_of
from chalicelib.rules.access import Operation
from chalicelib.services import access, customers
from chalicelib.services.customers import CustomerWithExposure


@endpoints.add("GET", "/api/customers", Operation.READ_CUSTOMERS)
def list_customers(call: Call) -> Response:
    """Customers by number; `q` finds them by name, phone number or number."""
    query = query_of(call.request, CustomersQuery)
    found = customers.list_customers(runtime.database(), query.q, query.after, query.limit + 1, call.limit())
    answer = page(
        "customers", found, query.limit, lambda customer: dict(vars(customer)), lambda customer: customer.customer_id
    )
    return respond(answer, call.request_id)


@endpoints.add("GET", "/api/customers/{customer_id}", Operation.READ_CUSTOMERS)
def view_customer(call: Call, customer_id: str) -> Response:
    """A customer with the exposure of today."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    return _answer(call, customers.view_customer(runtime.database(), number, runtime.today(), call.limit()))


@endpoints.add("PATCH", "/api/customers/{customer_id}", Operation.CHANGE_CUSTOMER)
def change_customer(call: Call, customer_id: str) -> Response:
    """Corrects limit, income or phone number of a customer who is still as the client read it."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    changes = changes_of(call.request, PatchCustomerBody)
    reason = changes.pop("reason", None)
    if not changes:
        raise InvalidRequest("A reason changes nothing by itself; give the field that it is for.")
    access.require_for_change(call.actor, changes)
    ceiling = runtime.settings().ceilings.of(call.actor.role)
    changed = customers.change_and_view_customer(
        runtime.database(), number, changes, entity_tags(call.request), call.author, runtime.today(), reason, ceiling
    )
    return _answer(call, changed)


def _answer(call: Call, found: CustomerWithExposure) -> Response:
    answer = {**vars(found.customer), "exposure": _exposure(found)}
    return respond(answer, call.request_id, headers={"ETag": f'"{found.etag}"'})


def _exposure(found: CustomerWithExposure) -> dict[str, Any]:
    facts = found.facts
    return {
        "approved_limit": facts.approved_limit,
        "current_principal": facts.current_principal,
        "current_emis": facts.current_emis,
        "emi_share_of_income": found.emi_share_of_income,
        "loans": facts.loans,
    }
