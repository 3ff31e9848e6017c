"""Customers: the list to find one in, and the page with all there is about one."""

from decimal import Decimal
from typing import Annotated, Literal

from chalice.app import Response
from pydantic import Field

from chalicelib import runtime
from chalicelib.console.customers.fields import details_of
from chalicelib.console.customers.history import entry_of
from chalicelib.console.customers.what_if import FIELDS, WhatIf, check
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.lists import ROWS, address, shown_page
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import CustomerNotFound, InvalidRequest
from chalicelib.requests.models import CursorId, CustomersQuery, PageQuery
from chalicelib.requests.parsing import number_in_path
from chalicelib.rules.decision import emi_budget
from chalicelib.rules.score import Facts
from chalicelib.services import applications, customers, servicing_lists
from chalicelib.storage.applications import ApplicationFilter
from chalicelib.storage.customers import Order
from chalicelib.storage.paging import Cursor

# On the page of a customer; the lists have them all.
LATEST = 8
CHANGES = 10
# A bar warns from this share of what is possible on.
NEARLY = Decimal("0.8")


class ListQuery(CustomersQuery):
    """The address of the list. `part` is `rows` if a script asks for the table alone."""

    sort: Annotated[Order, Field(description=f"one of {', '.join(Order)}")] = Order.NUMBER
    part: Annotated[Literal["rows"], Field(description="rows")] | None = None


class HistoryQuery(PageQuery):
    """Which part of a customer's history is shown."""

    before: CursorId | None = None


def list_customers(visit: Visit) -> Response:
    """Customers to search as one types, in pages."""
    query = read(ListQuery, visit.query)
    found = customers.list_customers(runtime.database(), cursor=query.cursor(ROWS), searched=query.q, order=query.sort)
    shown = shown_page(found, visit.query, cursor="after", kept=("q", "sort"))
    template = "customers/customers_rows.html" if query.part else "customers/customers.html"
    return page(
        visit, template, form=Form(visit.query), query=query, shown=shown, sorts=_sorts(query.q), today=runtime.today()
    )


def view_customer(visit: Visit, customer_id: str) -> Response:
    """A customer with all there is; with amount, rate and tenure in the address, also what would be decided."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    typed = {name: visit.query[name] for name in FIELDS if name in visit.query}
    try:
        return _page(visit, number, check(number, typed))
    except InvalidRequest as error:
        return _page(visit, number, WhatIf(Form.refused(typed, error)), error.status)


def _page(visit: Visit, number: int, what_if: WhatIf, status: int = 200) -> Response:
    database, today = runtime.database(), runtime.today()
    found = customers.view_customer(database, number, today=today)
    history = customers.history(database, number, read(HistoryQuery, visit.query).cursor(CHANGES))
    latest = applications.list_applications(database, ApplicationFilter(number), cursor=Cursor(LATEST))
    owed = servicing_lists.loans_of_customer(database, number, today)
    return page(
        visit,
        "customers/customer.html",
        status=status,
        customer=found.customer,
        facts=found.facts,
        budget=emi_budget(found.facts, runtime.policy()),
        kinds=_kinds(found.facts),
        details=details_of(found.customer, today),
        what_if=what_if,
        today=today,
        loans=owed.loans[:LATEST],
        owed=owed,
        applications=latest.rows,
        history=[entry_of(event) for event in history.rows],
        earlier=None if history.next is None else f"?before={history.next}#history",
    )


def _sorts(searched: str) -> dict[str, str]:
    """The same list in each order, from its beginning."""
    kept = {"q": searched} if searched else {}
    return {order.value: address(kept | {"sort": order.value}) for order in Order}


def _kinds(facts: Facts) -> tuple[str, str]:
    """How the bars of limit and income are shown."""
    used = (facts.current_principal, facts.approved_limit), (facts.current_emis, emi_budget(facts, runtime.policy()))
    limit, income = (_kind(part, whole) for part, whole in used)
    return limit, income


def _kind(part: Decimal, most: Decimal) -> str:
    if part > most:
        return "bad"
    return "warn" if part > most * NEARLY else "good"
