"""The decision on an application as a letter, to print or as a PDF."""

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.papers import PaperQuery, answer_paper
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import ApplicationNotFound
from chalicelib.paper.letter import letter_paper
from chalicelib.requests.heading import number_in_path
from chalicelib.services import applications, customers


def view_letter(visit: Visit, application_id: str) -> Response:
    """The letter that a customer is handed."""
    number = number_in_path(application_id, ApplicationNotFound, "application")
    application = applications.view_application(runtime.database(), number)
    customer_id = application.customer_id
    name = customers.names_of(runtime.database(), [customer_id])[customer_id]
    paper = letter_paper(application, name, runtime.lender(), runtime.formats())
    back = (f"Application {number}", f"applications/{number}/")
    return answer_paper(visit, paper, read(PaperQuery, visit.query), back=back)
