"""Customers to find, to read with their exposure, and to correct."""

from datetime import date
from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import OF_A_WRITE, Link, next_page, ok
from chalicelib.api.responses import Reply
from chalicelib.api.taking import CustomerNumber, IfMatch
from chalicelib.errors import InvalidRequest, Outdated
from chalicelib.requests.models import CustomersQuery, PatchCustomerBody
from chalicelib.rules.access import Operation, Scope
from chalicelib.services import access, customers
from chalicelib.services.customers import CustomerWithExposure
from chalicelib.storage.customers import Customer

if TYPE_CHECKING:
    from chalicelib.api.answers import customers as answers

_CUSTOMER = {"path.customer_id": "$response.body#/customer_id"}
_FIRST = {"path.customer_id": "$response.body#/customers/0/customer_id"}


@endpoints.add(
    "GET",
    "/api/customers",
    Operation.READ_CUSTOMERS,
    ok(
        "A page of customers.",
        links={
            **next_page("list_customers", "after"),
            "customer": Link("The first one.", "view_customer", _FIRST),
            "loans": Link("The loans of the first.", "view_loans", _FIRST),
        },
    ),
    tag="Customers",
)
def list_customers(query: CustomersQuery, scope: Scope) -> "answers.CustomersPage":
    """Customers by number; `q` finds them by name, phone number or number."""
    today = runtime.today()
    found = customers.list_customers(runtime.database(), cursor=query.cursor(), searched=query.q, scope=scope)
    return {"customers": [_customer(each, today) for each in found.rows], "next": found.next}


@endpoints.add(
    "GET",
    "/api/customers/{customer_id}",
    Operation.READ_CUSTOMERS,
    ok(
        "The customer.",
        headers=("ETag",),
        links={
            "change": Link(
                "Corrects the customer that was read.",
                "change_customer",
                {**_CUSTOMER, "header.If-Match": "$response.header.ETag"},
            ),
            "loans": Link("The loans of the customer.", "view_loans", _CUSTOMER),
        },
    ),
    tag="Customers",
)
def view_customer(customer_id: CustomerNumber, scope: Scope) -> "Reply[answers.CustomerWithExposure]":
    """A customer with the exposure of today."""
    today = runtime.today()
    return _with_exposure(customers.view_customer(runtime.database(), customer_id, today=today, scope=scope), today)


@endpoints.add(
    "PATCH",
    "/api/customers/{customer_id}",
    Operation.CHANGE_CUSTOMER,
    ok("The customer as it is now.", headers=("ETag",)),
    tag="Customers",
    raises=(Outdated, *OF_A_WRITE),
    note="Give at least one field. `If-Match` takes the `ETag` that came with the customer.",
)
def change_customer(
    call: Call, customer_id: CustomerNumber, body: PatchCustomerBody, etags: IfMatch
) -> "Reply[answers.CustomerWithExposure]":
    """Corrects a customer who is still as the client read it."""
    changes = body.changes()
    reason = changes.pop("reason", None)
    if not changes:
        raise InvalidRequest("A reason changes nothing by itself; give the field that it is for.")
    access.require_for_change(call.actor, changes)
    today = runtime.today()
    changed = customers.change_customer(
        runtime.database(),
        customer_id,
        changes,
        etags=etags,
        author=call.author,
        today=today,
        reason=reason,
        ceiling=runtime.settings().ceilings.of(call.actor.role),
    )
    return _with_exposure(changed, today)


def _customer(customer: Customer, today: date) -> "answers.CustomerRecord":
    return {
        "customer_id": customer.customer_id,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "age": customer.age_on(today),
        "date_of_birth": customer.date_of_birth,
        "phone_number": customer.phone_number,
        "monthly_income": customer.monthly_income,
        "approved_limit": customer.approved_limit,
    }


def _with_exposure(found: CustomerWithExposure, today: date) -> "Reply[answers.CustomerWithExposure]":
    return Reply({**_customer(found.customer, today), "exposure": _exposure(found)}, {"ETag": f'"{found.etag}"'})


def _exposure(found: CustomerWithExposure) -> "answers.Exposure":
    facts = found.facts
    return {
        "approved_limit": facts.approved_limit,
        "current_principal": facts.current_principal,
        "current_emis": facts.current_emis,
        "emi_share_of_income": found.emi_share_of_income,
        "loans": facts.loans,
    }
