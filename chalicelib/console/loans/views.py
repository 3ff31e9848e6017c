"""Loans, and each with its schedule."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any, Literal

from chalice.app import Response
from pydantic import BaseModel, Field

from chalicelib import runtime
from chalicelib.console.frame.charts import Columns, Series, columns
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.lists import ROWS, Shown, address, shown_page
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect_to_file
from chalicelib.console.frame.rendering import download, formats, page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InstalmentsDoNotRepayLoan, InvalidRequest, LoanNotFound
from chalicelib.requests.models import LoansQuery
from chalicelib.requests.parsing import number_in_path
from chalicelib.rules.bounds import TENURE
from chalicelib.rules.money import ZERO
from chalicelib.rules.schedule import Instalment, Schedule
from chalicelib.services import customers, loans
from chalicelib.services.schedule_csv import schedule_csv
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.paging import Cursor

FILTERS = ("customer_id", "state")
# More columns than these are drawn a year each.
MOST_MONTHS = 24
# The instalments of the longest tenure would make a page of half a megabyte.
INSTALMENTS = 60


class ListQuery(LoansQuery):
    """The address of the list."""

    sort: Annotated[Literal["newest", "number"], Field(description="newest or number")] = "newest"


class InstalmentsQuery(BaseModel):
    """Which part of a schedule is shown."""

    after: Annotated[
        int, Field(ge=0, le=TENURE.most, description=f"the number of an instalment, 0 to {TENURE.most}")
    ] = 0


class ExportQuery(BaseModel):
    """As which file a schedule is asked for."""

    format: Annotated[Literal["csv", "xlsx"], Field(description="csv or xlsx")]


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
    names = customers.names_of(runtime.database(), {loan.customer_id for loan in shown.rows})
    return _list(visit, Form(visit.query), shown, names, query)


def _list(
    visit: Visit,
    form: Form,
    shown: Shown[LoanOnRecord],
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
        names=names,
        sort=query.sort,
        sorts={sort: address(kept | {"sort": sort}) for sort in ("newest", "number")},
        is_filtered=bool(kept),
        today=runtime.today(),
    )


def view_loan(visit: Visit, loan_id: str) -> Response:
    """A loan with its schedule, or with why it has none."""
    number = number_in_path(loan_id, LoanNotFound, "loan")
    after = read(InstalmentsQuery, visit.query).after
    file = loans.view_file(runtime.database(), number)
    values: dict[str, Any] = {"file": file, "loan": file.loan, "today": runtime.today()}
    try:
        plan = loans.schedule_of(file.loan)
    except InstalmentsDoNotRepayLoan:
        return page(visit, "loans/loan.html", plan=None, **values)
    shown = Cursor(INSTALMENTS).slice(plan.rows[after:], lambda row: row.number)
    return page(
        visit,
        "loans/loan.html",
        plan=plan,
        chart=_chart(plan),
        rows=shown.rows,
        first="?#schedule" if after else None,
        next=None if shown.next is None else f"{address({'after': shown.next})}#schedule",
        **values,
    )


def export_schedule(visit: Visit, loan_id: str) -> Response:
    """The schedule as a file: CSV from here, a workbook from S3."""
    number = number_in_path(loan_id, LoanNotFound, "loan")
    wanted = read(ExportQuery, visit.query).format
    plan = loans.loan_schedule(runtime.database(), number)
    return _workbook(visit, plan, number) if wanted == "xlsx" else _csv(visit, plan, number)


def _csv(visit: Visit, plan: Schedule, number: int) -> Response:
    return download(visit, schedule_csv(plan), "text/csv", f"loan-{number}-schedule.csv")


def _workbook(visit: Visit, plan: Schedule, number: int) -> Response:
    # Loads openpyxl and the AWS client, which pages do without.
    from chalicelib.services.schedule_books import schedule_link

    bucket = runtime.settings().import_bucket
    link = schedule_link(runtime.s3(), runtime.signing_s3(), bucket=bucket, plan=plan, title=f"Loan {number}")
    return redirect_to_file(visit, link)


def _chart(plan: Schedule) -> Columns:
    """Principal and interest of each month; of a long loan, of each year."""
    write = formats()
    if len(plan.rows) <= MOST_MONTHS:
        labels, groups = [write.short_month(row.due_date) for row in plan.rows], [[row] for row in plan.rows]
    else:
        years = [(year, list(rows)) for year, rows in groupby(plan.rows, key=lambda row: row.due_date.year)]
        labels, groups = [str(year) for year, _ in years], [rows for _, rows in years]
    series = [
        Series("principal", "s1", [_sum(rows, "principal") for rows in groups]),
        Series("interest", "s2", [_sum(rows, "interest") for rows in groups]),
    ]
    return columns("Principal and interest of the instalments", labels, series, write.money)


def _sum(rows: Sequence[Instalment], name: str) -> Decimal:
    return sum((getattr(row, name) for row in rows), ZERO)
