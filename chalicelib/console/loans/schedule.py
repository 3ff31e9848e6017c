"""The schedule of a loan as it was agreed: a page, CSV, and a workbook from S3."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any, Literal

from chalice.app import Response
from pydantic import BaseModel, Field

from chalicelib import runtime
from chalicelib.console.frame.charts import Columns, Series, columns
from chalicelib.console.frame.lists import address
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect_to_file
from chalicelib.console.frame.rendering import download, formats, page
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import InstalmentsDoNotRepayLoan, LoanNotFound
from chalicelib.requests.heading import number_in_path
from chalicelib.rules.bounds import TENURE
from chalicelib.rules.money import ZERO
from chalicelib.rules.schedule import Instalment, Schedule
from chalicelib.services import loans
from chalicelib.services.schedule_csv import schedule_csv
from chalicelib.storage.paging import Cursor

# More columns than these are drawn a year each.
MOST_MONTHS = 24
# The instalments of the longest tenure would make a page of half a megabyte.
INSTALMENTS = 60


class ScheduleQuery(BaseModel):
    """Which part of a schedule is shown; or as which file it is asked for."""

    after: Annotated[
        int, Field(ge=0, le=TENURE.most, description=f"the number of an instalment, 0 to {TENURE.most}")
    ] = 0
    format: Annotated[Literal["csv", "xlsx"], Field(description="csv or xlsx")] | None = None


def view_schedule(visit: Visit, loan_id: str) -> Response:
    """The schedule, or why there is none. As a file: CSV from here, a workbook from S3."""
    number = number_in_path(loan_id, LoanNotFound, "loan")
    query = read(ScheduleQuery, visit.query)
    loan = loans.view_on_record(runtime.database(), number)
    try:
        plan = loans.schedule_of(loan)
    except InstalmentsDoNotRepayLoan:
        if query.format:
            raise
        return page(visit, "loans/schedule.html", loan=loan, plan=None)
    if query.format:
        return _workbook(visit, plan, number) if query.format == "xlsx" else _csv(visit, plan, number)
    shown = Cursor(INSTALMENTS).slice(plan.rows[query.after :], lambda row: row.number)
    values: dict[str, Any] = {"first": "?" if query.after else None, "next": None}
    if shown.next is not None:
        values["next"] = address({"after": shown.next})
    return page(visit, "loans/schedule.html", loan=loan, plan=plan, chart=_chart(plan), rows=shown.rows, **values)


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
