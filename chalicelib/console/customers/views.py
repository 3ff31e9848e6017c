"""The page with all there is about a customer."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.applications.explaining import terms_query
from chalicelib.console.customers.bars import bars_of
from chalicelib.console.customers.fields import details_of
from chalicelib.console.customers.history import entry_of
from chalicelib.console.customers.what_if import FIELDS, WhatIf, applied_before, check
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import CustomerNotFound, InvalidRequest
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.models import CursorId, PageQuery
from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.burden import burden
from chalicelib.services import applications, audit, customers, servicing_lists
from chalicelib.storage.applications import ApplicationFilter
from chalicelib.storage.paging import Cursor

# On the page of a customer; the lists have them all.
LATEST = 8
CHANGES = 10


class HistoryQuery(PageQuery):
    """Which part of a customer's history is shown."""

    before: CursorId | None = None


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
    history = audit.history(
        database, SubjectKind.CUSTOMER, number, cursor=read(HistoryQuery, visit.query).cursor(CHANGES)
    )
    latest = applications.list_applications(database, ApplicationFilter(number), cursor=Cursor(LATEST))
    owed = servicing_lists.loans_of_customer(database, number, today)
    return page(
        visit,
        "customers/customer.html",
        status=status,
        customer=found.customer,
        alike=customers.likely_the_same(database, found.customer, today),
        facts=found.facts,
        bars=bars_of(burden(found.facts, runtime.policy())),
        details=details_of(found.customer, today),
        what_if=what_if,
        before=applied_before(latest.rows, what_if),
        terms_query=terms_query,
        today=today,
        loans=owed.loans[:LATEST],
        owed=owed,
        applications=latest.rows,
        history=[entry_of(event) for event in history.rows],
        earlier=None if history.next is None else f"?before={history.next}#history",
    )
