"""What would be decided on a loan, before anyone applies; and the application."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.applications.explaining import Explained, explain_check
from chalicelib.console.customers.bars import Bars, bars_of
from chalicelib.console.frame import idempotency
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import formats
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import CustomerNotFound, RequestInFlight
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.models import CheckEligibilityBody
from chalicelib.rules.burden import burden
from chalicelib.rules.score import LoanRequest
from chalicelib.services import loans
from chalicelib.services.idempotency import Once
from chalicelib.services.loans import Application
from chalicelib.storage.applications import StoredApplication

# Who applies for the same a day later means it.
RECENT = timedelta(days=1)
FIELDS = ("loan_amount", "interest_rate", "tenure")


@dataclass(frozen=True)
class Before:
    """An application for exactly the same, and how long ago it was, in words."""

    application: StoredApplication
    ago: str


@dataclass(frozen=True)
class WhatIf:
    """The form of amount, rate and tenure, the decision on them, and the bars of limit and income with the loan; None
    before anything was typed.
    """

    form: Form
    explained: Explained | None = None
    bars: Bars | None = None
    idempotency_key: str = field(default_factory=idempotency.new_key)


def check(customer_id: int, typed: Mapping[str, str]) -> WhatIf:
    """What would be decided today on a loan as typed. Raises InvalidRequest and CustomerNotFound."""
    if not typed:
        return WhatIf(Form())
    request, policy = _request(customer_id, typed), runtime.policy()
    checked = loans.check_eligibility(runtime.database(), customer_id, request, policy=policy, today=runtime.today())
    carried = burden(checked.facts, policy, request.loan_amount, checked.decision.monthly_installment)
    return WhatIf(Form(typed), explain_check(request, checked, policy), bars_of(carried))


def applied_before(applications: Sequence[StoredApplication], what_if: WhatIf) -> Before | None:
    """That exactly this was applied for within a day, if it was: the latest of these applications of the customer."""
    if what_if.explained is None:
        return None
    now, asked = datetime.now(UTC), what_if.explained.request
    for each in applications:
        same = LoanRequest(each.loan_amount, each.interest_rate, each.tenure) == asked
        if same and now - each.created_at < RECENT:
            return Before(each, formats().ago(each.created_at, now))
    return None


def apply(visit: Visit, customer_id: str) -> Response:
    """Makes the application, however often the button is pressed, and leads to its decision."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    request = _request(number, visit.form)

    once = Once(idempotency.attempt_from(visit), _stored_answer)
    try:
        applied = loans.apply(
            runtime.database(),
            number,
            request,
            policy=runtime.policy(),
            today=runtime.today(),
            author=visit.author,
            once=once,
        )
    except RequestInFlight:
        return redirect(visit, f"customers/{number}/", done="application-underway")
    answer = json.loads(applied.answer)
    done = "application-approved" if answer["approved"] else "application-refused"
    return redirect(visit, f"applications/{answer['application_id']}/", done=done)


def _stored_answer(made: Application) -> str:
    return json.dumps({"application_id": made.application_id, "approved": made.decision.approved})


def _request(customer_id: int, typed: Mapping[str, str]) -> LoanRequest:
    body = read(CheckEligibilityBody, {**typed, "customer_id": str(customer_id)})
    return LoanRequest(body.loan_amount, body.interest_rate, body.tenure)
