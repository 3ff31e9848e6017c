"""The schedule of a loan, and of one that need not exist: as JSON, as CSV, or as a workbook for a spreadsheet."""

from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import FILE_ELSEWHERE, ok
from chalicelib.api.forms import CSV, FORMS, TABLE, form_of, written_as_csv
from chalicelib.api.responses import JSON, FileLink, Reply
from chalicelib.api.taking import LoanNumber
from chalicelib.errors import InstalmentsDoNotRepayLoan, Unavailable
from chalicelib.requests.models import FormatQuery, ScheduleBody
from chalicelib.rules.access import Operation, Scope
from chalicelib.rules.schedule import Instalment, Schedule
from chalicelib.rules.score import LoanRequest
from chalicelib.services import loans
from chalicelib.services.schedule_csv import schedule_csv

if TYPE_CHECKING:
    from chalicelib.api.answers import loans as answers

_SCHEDULE = ok("The schedule.", media=(JSON, CSV))


@endpoints.add(
    "GET",
    "/api/loans/{loan_id}/schedule",
    Operation.READ_LOANS,
    _SCHEDULE,
    FILE_ELSEWHERE,
    tag="Loans",
    raises=(InstalmentsDoNotRepayLoan, Unavailable),
    note=FORMS,
)
def view_schedule(
    call: Call, loan_id: LoanNumber, query: FormatQuery, scope: Scope
) -> "Reply[answers.AmortizationSchedule] | FileLink":
    """The schedule of a loan, as JSON, CSV or a workbook."""
    plan = loans.loan_schedule(runtime.database(), loan_id, scope)
    return _in_form(plan, form_of(call.request, query.format, TABLE), f"Loan {loan_id}")


@endpoints.add(
    "POST",
    "/api/schedule",
    Operation.READ_LOANS,
    _SCHEDULE,
    FILE_ELSEWHERE,
    tag="Loans",
    raises=(InstalmentsDoNotRepayLoan, Unavailable),
    note=FORMS,
    about_no_customer=True,
)
def preview_schedule(
    call: Call, query: FormatQuery, body: ScheduleBody
) -> "Reply[answers.AmortizationSchedule] | FileLink":
    """The schedule of a loan that need not exist, as JSON, CSV or a workbook."""
    request = LoanRequest(body.loan_amount, body.interest_rate, body.tenure)
    plan = loans.preview_schedule(request, body.start_date or runtime.today(), body.monthly_installment)
    return _in_form(plan, form_of(call.request, query.format, TABLE), "Preview")


def _in_form(plan: Schedule, form: str, title: str) -> "Reply[answers.AmortizationSchedule] | FileLink":
    """A workbook comes from S3: the gateway would garble it (docs/decisions/api.md)."""
    if form == "xlsx":
        return _workbook(plan, title)
    if form == "csv":
        return written_as_csv(schedule_csv(plan))
    return Reply(schedule_answered(plan))


def _workbook(plan: Schedule, title: str) -> FileLink:
    # Loads openpyxl and the AWS client, which the other forms do without.
    from chalicelib.services.schedule_books import schedule_link

    bucket = runtime.settings().import_bucket
    return FileLink(schedule_link(runtime.s3(), runtime.signing_s3(), bucket=bucket, plan=plan, title=title))


def schedule_answered(plan: Schedule) -> "answers.AmortizationSchedule":
    """A schedule as answers have it."""
    return {
        "loan_amount": plan.loan_amount,
        "tenure": plan.tenure,
        "interest_rate": plan.interest_rate,
        "effective_interest_rate": plan.effective_interest_rate,
        "monthly_installment": plan.monthly_installment,
        "rows": [_instalment(row) for row in plan.rows],
        "total_interest": plan.total_interest,
        "total_principal": plan.total_principal,
        "total_paid": plan.total_paid,
        "runs_at_stated_rate": plan.runs_at_stated_rate,
    }


def _instalment(row: Instalment) -> "answers.Instalment":
    return {
        "number": row.number,
        "due_date": row.due_date,
        "opening_balance": row.opening_balance,
        "interest": row.interest,
        "principal": row.principal,
        "instalment": row.instalment,
        "closing_balance": row.closing_balance,
    }
