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
from chalicelib.services import loans, servicing_lists
from chalicelib.services.servicing_lists import Listed
from chalicelib.storage.loans import LoanOnRecord

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
        nothing: Shown[LoanOnRecord] = Shown([])
        return _list(visit, Form.refused(visit.query, error), nothing, {}, ListQuery(), error.status)
    found = loans.list_loans(
        runtime.database(),
        today=runtime.today(),
        cursor=query.cursor(ROWS),
        customer_id=query.customer_id,
        current=query.current(),
        newest_first=query.sort == "newest",
    )
    shown = shown_page(found, visit.query, cursor="after", kept=(*FILTERS, "sort"))
    listed = servicing_lists.standings_of(runtime.database(), [loan.loan_id for loan in shown.rows], runtime.today())
    return _list(visit, Form(visit.query), shown, listed, query)


def _list(
    visit: Visit,
    form: Form,
    shown: Shown[LoanOnRecord],
    listed: Mapping[int, Listed],
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
        names={number: each.customer_name for number, each in listed.items()},
        standings={number: each.standing for number, each in listed.items() if each.standing},
        sort=query.sort,
        sorts={sort: address(kept | {"sort": sort}) for sort in ("newest", "number")},
        is_filtered=bool(kept),
        today=runtime.today(),
    )
