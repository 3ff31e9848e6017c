"""An application, and its decision as it can be read to the customer."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.administration.history import history_of
from chalicelib.console.applications.explaining import explain_application, loan_query, terms_query
from chalicelib.console.frame.authors import Authors
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import ApplicationNotFound
from chalicelib.requests.heading import number_in_path
from chalicelib.rules.auditing import SubjectKind
from chalicelib.services import applications, customers


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
        who=Authors().words(application.created_by),
        history=history_of(visit, SubjectKind.APPLICATION, number),
        terms=terms_query(explained, application.decided_on),
        name=customers.names_of(runtime.database(), {application.customer_id})[application.customer_id],
    )
