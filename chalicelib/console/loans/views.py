"""The list of loans, with what is owed of each and how late it is."""

from collections.abc import Mapping
from typing import Annotated, Literal

from chalice.app import Response
from pydantic import Field

from chalicelib import runtime
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.lists import ROWS, Shown, address, shown_page
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InvalidRequest
from chalicelib.requests.models import LoansQuery
from chalicelib.services import customers, servicing_lists
from chalicelib.services.servicing_lists import LoanToday

FILTERS = ("customer_id", "state")


class ListQuery(LoansQuery):
    """The address of the list."""

    sort: Annotated[Literal["newest", "number"], Field(description="newest or number")] = "newest"


def list_loans(visit: Visit) -> Response:
    """Loans, the newest first, or by number; with filters in the address."""
    try:
        query = read(ListQuery, visit.query)
    except InvalidRequest as error:
        if not error.fields.keys() & set(FILTERS):
            # No field of the form could say what is wrong.
            raise
        nothing: Shown[LoanToday] = Shown([])
        return _list(visit, Form.refused(visit.query, error), nothing, {}, ListQuery(), error.status)
    found = servicing_lists.list_loans(
        runtime.database(),
        today=runtime.today(),
        cursor=query.cursor(ROWS),
        customer_id=query.customer_id,
        current=query.current(),
        newest_first=query.sort == "newest",
    )
    shown = shown_page(found, visit.query, cursor="after", kept=(*FILTERS, "sort"))
    names = customers.names_of(runtime.database(), {each.loan.customer_id for each in shown.rows})
    return _list(visit, Form(visit.query), shown, names, query)


def _list(
    visit: Visit,
    form: Form,
    shown: Shown[LoanToday],
    names: Mapping[int, str],
    query: ListQuery,
    status: int = 200,
) -> Response:
    kept = {name: visit.query[name] for name in FILTERS if name in visit.query}
    return page(
        visit,
        "loans/loans.html",
        status=status,
        form=form,
        shown=shown,
        loans=[each.loan for each in shown.rows],
        names=names,
        standings={each.loan.loan_id: each.standing for each in shown.rows if each.standing},
        sort=query.sort,
        sorts={sort: address(kept | {"sort": sort}) for sort in ("newest", "number")},
        is_filtered=bool(kept),
        today=runtime.today(),
    )
