"""All loans in pages."""

from datetime import date
from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.declaring import Link, next_page, ok
from chalicelib.requests.models import LoansQuery
from chalicelib.rules.access import Operation, Scope
from chalicelib.rules.servicing.buckets import bucket_named
from chalicelib.rules.servicing.standing import Status
from chalicelib.services import servicing_lists
from chalicelib.services.servicing_lists import LoanToday

if TYPE_CHECKING:
    from chalicelib.api.answers import loans as answers

_FIRST = {"path.loan_id": "$response.body#/loans/0/loan_id"}


@endpoints.add(
    "GET",
    "/api/loans",
    Operation.READ_LOANS,
    ok(
        "A page of loans.",
        links={
            **next_page("list_loans", "after"),
            "account": Link("What the first owes.", "view_account", _FIRST),
            "schedule": Link("The schedule of the first.", "view_schedule", _FIRST),
            "loan": Link("The first one with its customer.", "view_loan", _FIRST),
        },
    ),
    tag="Loans",
)
def list_loans(query: LoansQuery, scope: Scope) -> "answers.LoansPage":
    """Loans by number."""
    today = runtime.today()
    found = servicing_lists.list_loans(
        runtime.database(),
        today=today,
        cursor=query.cursor(),
        customer_id=query.customer_id,
        current=query.current(),
        bucket=bucket_named(query.bucket) if query.bucket else None,
        scope=scope,
    )
    return {"loans": [_loan(each, today) for each in found.rows], "next": found.next}


def _loan(each: LoanToday, today: date) -> "answers.LoanRecord":
    loan, stands = each.loan, each.standing
    return {
        "loan_id": loan.loan_id,
        "customer_id": loan.customer_id,
        "loan_amount": loan.loan_amount,
        "interest_rate": loan.interest_rate,
        "monthly_installment": loan.monthly_installment,
        "tenure": loan.tenure,
        "emis_paid_on_time": loan.emis_paid_on_time,
        "start_date": loan.start_date,
        "end_date": loan.end_date,
        "source_loan_id": loan.source_loan_id,
        "state": "current" if loan.is_current(today) else "ended",
        "status": stands.status if stands else Status.NOT_SERVICED,
        "class": stands.bucket.code if stands and stands.status is Status.OPEN else None,
        "days_past_due": stands.days_past_due if stands else None,
        "outstanding": stands.outstanding if stands else None,
        "overdue": stands.overdue if stands else None,
    }
