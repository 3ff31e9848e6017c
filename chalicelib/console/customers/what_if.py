"""What would be decided on a loan, before anyone applies; and the application."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.applications.explaining import Explained, explain_check
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.once import attempt_of, new_key
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import see
from chalicelib.console.frame.typed import plain
from chalicelib.console.frame.visit import Visit
from chalicelib.errors import CustomerNotFound, RequestInFlight
from chalicelib.requests.models import CheckEligibilityBody
from chalicelib.requests.parsing import number_in_path
from chalicelib.rules.score import LoanRequest
from chalicelib.services import loans
from chalicelib.services.idempotency import Once
from chalicelib.services.loans import Application

FIELDS = ("loan_amount", "interest_rate", "tenure")


@dataclass(frozen=True)
class WhatIf:
    """The form of amount, rate and tenure, and below it what would be decided; None before somebody asks."""

    form: Form
    explained: Explained | None = None
    once: str = field(default_factory=new_key)


def asked_of(customer_id: int, typed: Mapping[str, str]) -> WhatIf:
    """What was asked and what would be decided on it today. Raises InvalidRequest and CustomerNotFound."""
    if not typed:
        return WhatIf(Form())
    request, policy = _request(customer_id, typed), runtime.policy()
    checked = loans.check_eligibility(runtime.database(), customer_id, request, policy=policy, today=runtime.today())
    return WhatIf(Form(typed), explain_check(request, checked, policy))


def apply(visit: Visit, customer_id: str) -> Response:
    """Makes the application, however often the button is pressed, and leads to its decision."""
    number = number_in_path(customer_id, CustomerNotFound, "customer")
    request = _request(number, visit.form)

    once = Once(attempt_of(visit), _noted)
    try:
        told = loans.apply(
            runtime.database(),
            number,
            request,
            policy=runtime.policy(),
            today=runtime.today(),
            author=visit.author,
            once=once,
        )
    except RequestInFlight:
        return see(visit, f"customers/{number}/", done="application-underway")
    made = json.loads(told.answer)
    done = "application-approved" if made["approved"] else "application-refused"
    return see(visit, f"applications/{made['application_id']}/", done=done)


def _noted(made: Application) -> str:
    return json.dumps({"application_id": made.application_id, "approved": made.decision.approved})


def _request(customer_id: int, typed: Mapping[str, str]) -> LoanRequest:
    body = read(CheckEligibilityBody, {**plain(typed), "customer_id": str(customer_id)})
    return LoanRequest(body.loan_amount, body.interest_rate, body.tenure)
