"""How many loans are how late, and which."""

from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.declaring import Link, next_page, ok
from chalicelib.requests.servicing_models import DelinquencyQuery, LateLoansQuery, cursor_of
from chalicelib.rules.access import Operation
from chalicelib.rules.servicing.buckets import bucket_named
from chalicelib.services import delinquency
from chalicelib.services.delinquency import LateLoanToday

if TYPE_CHECKING:
    from chalicelib.api.answers import servicing as answers


@endpoints.add(
    "GET",
    "/api/delinquency",
    Operation.READ_DELINQUENCY,
    ok(
        "The classes.",
        links={
            "loans": Link(
                "The loans of the worst class.", "list_late_loans", {"query.class": "$response.body#/classes/4/class"}
            )
        },
    ),
    tag="Servicing",
)
def view_delinquency(query: DelinquencyQuery) -> "answers.DelinquencyReport":
    """How many open loans are how late on a day, and their principal."""
    today = runtime.today()
    found = delinquency.view_delinquency(runtime.database(), query.as_of or today, today)
    return {
        "as_of": found.as_of,
        "classes": [
            {
                "class": total.bucket.code,
                "days_past_due_from": total.bucket.days_past_due,
                "loans": total.loans,
                "principal": total.principal,
            }
            for total in found.buckets
        ],
    }


@endpoints.add(
    "GET",
    "/api/delinquency/loans",
    Operation.READ_DELINQUENCY,
    ok(
        "A page of loans.",
        links={
            **next_page("list_late_loans", "after"),
            "account": Link(
                "The account of the first.", "view_account", {"path.loan_id": "$response.body#/loans/0/loan_id"}
            ),
        },
    ),
    tag="Servicing",
)
def list_late_loans(query: LateLoansQuery) -> "answers.LateLoansPage":
    """The open loans of a class today, those that are late the longest first."""
    today, bucket = runtime.today(), bucket_named(query.bucket)
    # One more than wanted tells whether there are more.
    found = delinquency.list_late_loans(runtime.database(), bucket, today, behind=query.behind(), limit=query.limit + 1)
    shown = found[: query.limit]
    return {
        "as_of": today,
        "loans": [_late(each) for each in shown],
        "next": cursor_of(shown[-1].behind) if len(found) > query.limit else None,
    }


def _late(late: LateLoanToday) -> "answers.LateLoan":
    loan, stands = late.loan, late.standing
    return {
        "loan_id": loan.loan_id,
        "customer_id": loan.customer_id,
        "first_name": loan.first_name,
        "last_name": loan.last_name,
        "phone_number": loan.phone_number,
        "class": stands.bucket.code,
        "days_past_due": stands.days_past_due,
        "unpaid_from": stands.unpaid_from,
        "overdue": stands.overdue,
        "charges": stands.charges,
        "principal": stands.principal,
        "outstanding": stands.outstanding,
    }
