"""The statement of account of a loan: as JSON, as CSV, as a workbook for a spreadsheet, or as a PDF to hand out."""

from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import FILE_ELSEWHERE, ok
from chalicelib.api.forms import CSV, FORMS, TABLE, form_of, written_as_csv
from chalicelib.api.responses import JSON, FileLink, Reply
from chalicelib.api.standing import paid_answered
from chalicelib.api.taking import LoanNumber
from chalicelib.errors import LoanNotServiced, PdfCannotWrite, Unavailable
from chalicelib.requests.servicing_models import StatementQuery
from chalicelib.rules.access import Operation, Scope
from chalicelib.services import customers, servicing_accounts
from chalicelib.services.servicing_accounts import LoanStatement
from chalicelib.services.statement_csv import StatementRow, rows_of, statement_csv

if TYPE_CHECKING:
    from chalicelib.api.answers import servicing as answers


@endpoints.add(
    "GET",
    "/api/loans/{loan_id}/statement",
    Operation.READ_LOANS,
    ok("The statement.", media=(JSON, CSV)),
    FILE_ELSEWHERE,
    tag="Servicing",
    raises=(LoanNotServiced, PdfCannotWrite, Unavailable),
    note=f"Without `from`, it begins when the servicing of the loan began; without `to`, it ends today. {FORMS} "
    "`format=pdf` leads to a PDF in the same way.",
)
def view_statement(
    call: Call, loan_id: LoanNumber, query: StatementQuery, scope: Scope
) -> "Reply[answers.StatementOfAccount] | FileLink":
    """All that happened to a loan between two days, with interest and charges, as JSON, CSV, a workbook or a PDF."""
    until = query.to or runtime.today()
    found = servicing_accounts.view_statement(runtime.database(), loan_id, since=query.since, until=until, scope=scope)
    form = form_of(call.request, query.format, (*TABLE, "pdf"))
    if form == "xlsx":
        return _workbook(found)
    if form == "pdf":
        return _pdf(found)
    if form == "csv":
        return written_as_csv(statement_csv(found))
    return Reply(_statement(found))


def _workbook(found: LoanStatement) -> FileLink:
    # Loads openpyxl and the AWS client, which the other forms do without.
    from chalicelib.services.statement_books import statement_link

    bucket = runtime.settings().import_bucket
    return FileLink(statement_link(runtime.s3(), runtime.signing_s3(), bucket=bucket, found=found))


def _pdf(found: LoanStatement) -> FileLink:
    # Load Babel, what writes PDFs and the AWS client, which the other forms do without.
    from chalicelib.paper.files import pdf_link
    from chalicelib.paper.statement import statement_paper

    number = found.loan.customer_id
    name = customers.names_of(runtime.database(), [number])[number]
    paper = statement_paper(found, name, runtime.lender(), runtime.formats())
    bucket = runtime.settings().import_bucket
    return FileLink(pdf_link(runtime.s3(), runtime.signing_s3(), bucket=bucket, paper=paper))


def _statement(found: LoanStatement) -> "answers.StatementOfAccount":
    made = found.statement
    return {
        "loan_id": found.loan.loan_id,
        "customer_id": found.loan.customer_id,
        "from": made.since,
        "to": made.until,
        "opening_balance": made.opening_balance,
        "lines": [_line(row) for row in rows_of(found)],
        "total_debit": made.total_debit,
        "total_credit": made.total_credit,
        "closing_balance": made.closing_balance,
    }


def _line(row: StatementRow) -> "answers.StatementLine":
    line = row.line
    return {
        "value_date": line.value_date,
        "kind": line.what,
        "transaction": line.fact.number if line.fact else None,
        "reference": row.reference,
        "channel": row.channel,
        "debit": line.debit,
        "credit": line.credit,
        "balance": line.balance,
        "split": paid_answered(line.split),
        "reversed_by": line.reversed_by,
    }
