"""Applications, and the decision of each as it can be read to the customer."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.applications.explaining import explain_application, loan_query, terms_query
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.lists import ROWS, Shown, shown_page
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import ApplicationNotFound, InvalidRequest
from chalicelib.requests.models import ApplicationsQuery
from chalicelib.requests.parsing import number_in_path
from chalicelib.services import applications, customers
from chalicelib.storage.applications import ApplicationFilter, StoredApplication

FILTERS = ("customer_id", "outcome", "from", "to")


def list_applications(visit: Visit) -> Response:
    """Applications, the newest first, with filters in the address."""
    typed = visit.query
    try:
        query = read(ApplicationsQuery, typed)
    except InvalidRequest as error:
        nothing: Shown[StoredApplication] = Shown([])
        return page(
            visit,
            "applications/applications.html",
            status=400,
            form=Form.refused(typed, error),
            shown=nothing,
            names={},
        )
    wanted = ApplicationFilter(query.customer_id, query.approved(), query.since, query.to)
    found = applications.list_applications(runtime.database(), wanted, cursor=query.cursor(ROWS))
    shown = shown_page(found, typed, cursor="before", kept=FILTERS)
    names = customers.names_of(runtime.database(), {each.customer_id for each in shown.rows})
    return page(visit, "applications/applications.html", form=Form(typed), shown=shown, names=names)


def view_application(visit: Visit, application_id: str) -> Response:
    """A decision with everything it was made from."""
    number = number_in_path(application_id, ApplicationNotFound, "application")
    application = applications.view_application(runtime.database(), number)
    explained = explain_application(application)
    return page(
        visit,
        "applications/application.html",
        application=application,
        explained=explained,
        again=loan_query(explained.request),
        terms=terms_query(explained, application.decided_on),
        name=customers.names_of(runtime.database(), {application.customer_id})[application.customer_id],
    )
