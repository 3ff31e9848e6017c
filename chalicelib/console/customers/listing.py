"""The list of customers: searched as one types, found by exposure and by how late they are."""

from typing import Annotated, Literal

from chalice.app import Response
from pydantic import Field

from chalicelib import runtime
from chalicelib.console.frame.cells import Cell
from chalicelib.console.frame.labels import LATE
from chalicelib.console.frame.listing import Column, DaysLate, Filter, Input, List, ListQuery, answer_list
from chalicelib.console.frame.rendering import formats
from chalicelib.console.frame.visit import Visit
from chalicelib.requests.models import Income, Searched, not_below
from chalicelib.rules.sentences import counted
from chalicelib.services import lists
from chalicelib.services.list_files import Written
from chalicelib.services.lists import CustomerRow
from chalicelib.storage.customer_list import ORDERS, Wanted
from chalicelib.storage.listing import Page, Place, Summary


class CustomersListQuery(ListQuery):
    """The address of the list. `part` is `rows` if a script asks for the table alone."""

    q: Searched = ""
    late: DaysLate | None = None
    exposure_from: Income | None = None
    exposure_to: Annotated[Income, not_below("exposure_from", "money")] | None = None
    part: Annotated[Literal["rows"], Field(description="rows")] | None = None

    def wanted(self) -> Wanted:
        """What is looked for."""
        return Wanted(
            searched=self.q, days_late=self.late, exposure_from=self.exposure_from, exposure_to=self.exposure_to
        )


def list_customers(visit: Visit) -> Response:
    """Customers by number, or as the address says."""
    template = "customers/customers_rows.html" if "part" in visit.query else "customers/customers.html"
    return answer_list(visit, LIST, template)


def _page(query: CustomersListQuery, place: Place) -> Page[CustomerRow]:
    return lists.list_customers(runtime.database(), query.wanted(), place, today=runtime.today())


def _summary(query: CustomersListQuery) -> Summary:
    return lists.sum_customers(runtime.database(), query.wanted(), runtime.today())


def _looked_first(query: CustomersListQuery) -> str:
    return "first" if query.late is None else "longest overdue"


def _overdue(row: CustomerRow) -> Cell:
    if not row.days_past_due:
        return Cell(formats().money(None), quiet=True)
    return Cell(formats().money(row.overdue), more=counted(row.days_past_due, "day"), bad=True)


LIST: List[CustomersListQuery, CustomerRow] = List(
    "customers",
    "customer",
    "customers",
    CustomersListQuery,
    ORDERS,
    filters=(
        Filter("q", "Search"),
        Filter("late", "Days past due", Input.CHOICE, LATE),
        Filter("exposure_from", "Exposure from", Input.AMOUNT, is_rare=True),
        Filter("exposure_to", "Exposure to", Input.AMOUNT, is_rare=True),
    ),
    columns=(
        Column(
            "Name",
            lambda row: row.customer.name,
            sort="name",
            shown=lambda row: Cell(row.customer.name, f"customers/{row.customer.customer_id}/"),
        ),
        Column(
            "Number",
            lambda row: row.customer.customer_id,
            Written.NUMBER,
            sort="number",
            shown=lambda row: Cell(row.customer.customer_id),
            on_phone="head",
        ),
        Column("Phone", lambda row: row.customer.phone_number, on_phone="line"),
        Column("Age", lambda row: row.customer.age_on(runtime.today()), Written.NUMBER),
        Column("Monthly income", lambda row: row.customer.monthly_income, Written.MONEY),
        Column("Approved limit", lambda row: row.customer.approved_limit, Written.MONEY),
        Column("Exposure", lambda row: row.exposure, Written.MONEY),
        Column("Overdue", lambda row: row.overdue, Written.MONEY, shown=_overdue, on_phone="line"),
        Column("Days past due", lambda row: row.days_past_due, Written.NUMBER, on_page=False),
    ),
    number_of=lambda row: row.customer.customer_id,
    page_of=_page,
    summary_of=_summary,
    looked_first=_looked_first,
    shortcuts=(("Late", {"late": "1"}), ("More than 30 days late", {"late": "31"})),
)
