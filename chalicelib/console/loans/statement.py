"""The statement of account: a page to read or print, CSV, and a workbook from S3."""

from typing import Annotated

from chalice.app import Response
from pydantic import Field

from chalicelib import runtime
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.lists import address
from chalicelib.console.frame.papers import redirect_to_pdf
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect_to_file
from chalicelib.console.frame.rendering import download, formats, page
from chalicelib.console.frame.visit import Visit
from chalicelib.console.loans.refused import refused_form
from chalicelib.errors import InvalidRequest, LoanNotFound, TransactionRefused
from chalicelib.paper.statement import rows_of, statement_paper
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.servicing_models import StatementQuery
from chalicelib.services import customers, loans, servicing_accounts
from chalicelib.services.servicing_accounts import LoanStatement
from chalicelib.services.statement_csv import statement_csv

# On a page; a statement of decades would be one of half a megabyte.
LINES = 120


class ShownQuery(StatementQuery):
    """Also from which line on the page shows it."""

    line: Annotated[int, Field(ge=0, le=10**6, description="the number of a line, 0 or more")] = 0


def view_statement(visit: Visit, loan_id: str) -> Response:
    """The statement of a loan, of all its life if the address does not say of which days."""
    number = number_in_path(loan_id, LoanNotFound, "loan")
    database, today = runtime.database(), runtime.today()
    typed = {name: visit.query[name] for name in ("from", "to") if name in visit.query}
    try:
        query = read(ShownQuery, visit.query, {"from": "From"})
        found = servicing_accounts.view_statement(database, number, since=query.since, until=query.to or today)
    except (InvalidRequest, TransactionRefused) as error:
        loan = loans.view_on_record(database, number)
        form = refused_form({"from": "", "to": "", **typed}, error)
        return page(visit, "loans/statement.html", status=error.status, loan=loan, found=None, form=form)
    if query.format in ("csv", "xlsx", "pdf"):
        return _file(visit, found, query.format)
    made = found.statement
    rows = rows_of(found)
    return page(
        visit,
        "loans/statement.html",
        loan=found.loan,
        found=found,
        made=made,
        customer_name=_name(found),
        form=Form({"from": made.since.isoformat(), "to": made.until.isoformat()}),
        rows=rows[query.line : query.line + LINES],
        begins_with=rows[query.line - 1].balance if 0 < query.line <= len(rows) else made.opening_balance,
        is_first=query.line == 0,
        lines=len(rows),
        first=address(typed) if query.line else None,
        next=address({**typed, "line": query.line + LINES}) if query.line + LINES < len(rows) else None,
        files={kind: address({**typed, "format": kind}) for kind in ("csv", "xlsx", "pdf")},
    )


def _file(visit: Visit, found: LoanStatement, wanted: str) -> Response:
    number = found.loan.loan_id
    if wanted == "csv":
        return download(visit, statement_csv(found), "text/csv", f"loan-{number}-statement.csv")
    if wanted == "pdf":
        name = _name(found)
        return redirect_to_pdf(visit, statement_paper(found, name, runtime.lender(), formats()))
    # Loads openpyxl and the AWS client, which pages do without.
    from chalicelib.services.statement_books import statement_link

    bucket = runtime.settings().import_bucket
    link = statement_link(runtime.s3(), runtime.signing_s3(), bucket=bucket, found=found)
    return redirect_to_file(visit, link)


def _name(found: LoanStatement) -> str:
    number = found.loan.customer_id
    return customers.names_of(runtime.database(), [number])[number]
