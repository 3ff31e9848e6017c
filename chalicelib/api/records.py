"""The record: applications with what they were decided from, loans, and schedules."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from chalice.app import Response

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.endpoint import Call
from chalicelib.api.responses import page, respond
from chalicelib.api.schedules import respond_schedule
from chalicelib.errors import ApplicationNotFound, LoanNotFound
from chalicelib.requests.models import ApplicationsQuery, FormatQuery, LoansQuery, ScheduleBody
from chalicelib.requests.parsing import body_of, number_in_path, query_of
from chalicelib.rules.access import Operation
from chalicelib.rules.stored import facts_from_stored, policy_from_stored
from chalicelib.services import applications, loans
from chalicelib.storage.applications import ApplicationFilter, StoredApplication
from chalicelib.storage.loans import LoanOnRecord


@endpoints.add("GET", "/api/applications", Operation.READ_APPLICATIONS)
def list_applications(call: Call) -> Response:
    """Applications, the newest first."""
    query = query_of(call.request, ApplicationsQuery)
    wanted = ApplicationFilter(query.customer_id, query.approved(), query.since, query.to, call.limit())
    found = applications.list_applications(runtime.database(), wanted, query.before, query.limit + 1)
    answer = page("applications", found, query.limit, _application, lambda application: application.application_id)
    return respond(answer, call.request_id)


@endpoints.add("GET", "/api/applications/{application_id}", Operation.READ_APPLICATIONS)
def view_application(call: Call, application_id: str) -> Response:
    """An application with everything it was decided from."""
    number = number_in_path(application_id, ApplicationNotFound, "application")
    found = applications.view_application(runtime.database(), number, call.limit())
    return respond(_application(found), call.request_id)


@endpoints.add("GET", "/api/loans", Operation.READ_LOANS)
def list_loans(call: Call) -> Response:
    """Loans by number."""
    query = query_of(call.request, LoansQuery)
    today = runtime.today()
    found = loans.list_loans(
        runtime.database(), query.customer_id, query.current(), today, query.after, query.limit + 1, call.limit()
    )
    answer = page("loans", found, query.limit, lambda loan: _loan(loan, today), lambda loan: loan.loan_id)
    return respond(answer, call.request_id)


@endpoints.add("GET", "/api/loans/{loan_id}/schedule", Operation.READ_LOANS)
def view_schedule(call: Call, loan_id: str) -> Response:
    """The schedule of a loan, as JSON, CSV or a workbook."""
    wanted = query_of(call.request, FormatQuery).format
    number = number_in_path(loan_id, LoanNotFound, "loan")
    plan = loans.loan_schedule(runtime.database(), number, call.limit())
    return respond_schedule(call, plan, wanted, f"Loan {number}")


@endpoints.add("POST", "/api/schedule", Operation.READ_LOANS)
def preview_schedule(call: Call) -> Response:
    """The schedule of a loan that need not exist, as JSON, CSV or a workbook."""
    wanted = query_of(call.request, FormatQuery).format
    body = body_of(call.request, ScheduleBody)
    # It is about no customer, so whatever the limit is, it is kept.
    call.limit()
    plan = loans.preview_schedule(
        body.loan_amount, body.interest_rate, body.tenure, body.start_date or runtime.today(), body.monthly_installment
    )
    return respond_schedule(call, plan, wanted, "Preview")


def _application(stored: StoredApplication) -> dict[str, Any]:
    """As it was decided. Amounts inside the policy and the facts are kept as text; here they are numbers."""
    parts = [{**part, "earned": Decimal(part["earned"])} for part in stored.score_parts]
    return {
        "application_id": stored.application_id,
        "customer_id": stored.customer_id,
        "created_at": stored.created_at.isoformat(),
        "decided_on": stored.decided_on.isoformat(),
        "loan_amount": stored.loan_amount,
        "interest_rate": stored.interest_rate,
        "tenure": stored.tenure,
        "loan_approved": stored.approved,
        "loan_id": stored.loan_id,
        "message": None if stored.approved else stored.reasons[0]["sentence"],
        "corrected_interest_rate": stored.corrected_interest_rate,
        "monthly_installment": stored.monthly_installment,
        "policy": stored.policy["name"],
        "score": stored.score,
        "score_parts": parts,
        "reasons": [{"code": reason["code"], "sentence": reason["sentence"]} for reason in stored.reasons],
        "rate_floor": stored.rate_floor,
        "facts": vars(facts_from_stored(stored.facts)),
        "policy_values": asdict(policy_from_stored(stored.policy)),
    }


def _loan(loan: LoanOnRecord, today: date) -> dict[str, Any]:
    ends = loan.end_date.isoformat() if loan.end_date else None
    dates = {"start_date": loan.start_date.isoformat(), "end_date": ends}
    return {**vars(loan), **dates, "state": "current" if loan.is_current(today) else "ended"}
