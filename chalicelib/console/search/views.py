"""The search of every page: customers, loans, applications and imports by whatever somebody knows of them."""

from typing import Annotated, Literal

from chalice.app import Response
from pydantic import Field

from chalicelib import runtime
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.requests.models import Model, Searched
from chalicelib.rules.typed.sought import sought
from chalicelib.services import search
from chalicelib.services.search import Found

CUSTOMERS = 8


class SearchQuery(Model):
    """The address of the page. `part` is `results` if a script asks for these alone."""

    q: Searched = ""
    part: Annotated[Literal["results"], Field(description="results")] | None = None


def view_results(visit: Visit) -> Response:
    """What was found, by kind. If it is one thing, it is shown at once."""
    query = read(SearchQuery, visit.query)
    found = search.find(runtime.database(), sought(query.q), visit.actor, most=CUSTOMERS) if query.q else Found()
    if found.count == 1 and not query.part:
        return redirect(visit, _address(found))
    template = "search/results.html" if query.part else "search/search.html"
    return page(visit, template, found=found, searched=query.q, today=runtime.today())


def _address(found: Found) -> str:
    """The page of the one thing that was found, from /console/ on."""
    if found.loan:
        return f"loans/{found.loan.loan_id}/"
    if found.applied:
        return f"applications/{found.applied.application.application_id}/"
    if found.job:
        return f"imports/{found.job.import_id}/"
    return f"customers/{found.customers[0].customer_id}/"
