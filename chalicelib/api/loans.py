"""The five endpoints of the service that is replaced, under its paths and with its fields."""

from typing import Any

from chalice.app import Response

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.endpoint import Call
from chalicelib.api.explaining import explanation, message, offered
from chalicelib.api.responses import respond, respond_text, to_json
from chalicelib.errors import LoanNotFound
from chalicelib.requests.models import CheckEligibilityBody, CreateLoanBody, RegisterBody
from chalicelib.requests.parsing import body_of, bytes_of, idempotency_attempt, number_in_path
from chalicelib.rules.access import Operation
from chalicelib.rules.score import LoanRequest
from chalicelib.services import customers, loans
from chalicelib.services.idempotency import Attempt, Once, Told
from chalicelib.services.loans import Application
from chalicelib.storage.customers import Customer, Registration


@endpoints.add("POST", "/api/register", Operation.REGISTER_CUSTOMER)
def register(call: Call) -> Response:
    """Registers a customer and computes the credit limit."""
    registration = Registration(**body_of(call.request, RegisterBody).model_dump())
    once = Once[Customer](_attempt(call), lambda made: to_json(_registered(made)))
    return _created(call, customers.register(runtime.database(), registration, runtime.policy(), call.author, once))


@endpoints.add("POST", "/api/check-eligibility", Operation.CHECK_ELIGIBILITY)
def check_eligibility(call: Call) -> Response:
    """Decides without saving."""
    body = body_of(call.request, CheckEligibilityBody)
    checked = loans.check_eligibility(
        runtime.database(), body.customer_id, _loan_request(body), runtime.policy(), runtime.today(), call.limit()
    )
    answer = {
        "customer_id": body.customer_id,
        "approval": checked.decision.approved,
        "interest_rate": body.interest_rate,
        "corrected_interest_rate": checked.decision.corrected_interest_rate,
        "tenure": body.tenure,
        "monthly_installment": checked.decision.monthly_installment,
        "loan_amount": body.loan_amount,
        **explanation(checked.facts, checked.decision),
        **offered(checked.counter_offer),
    }
    return respond(answer, call.request_id)


@endpoints.add("POST", "/api/create-loan", Operation.CREATE_LOAN)
def create_loan(call: Call) -> Response:
    """Decides and saves the application, and the loan if approved."""
    body = body_of(call.request, CreateLoanBody)
    once = Once[Application](_attempt(call), lambda made: to_json(_applied(body.customer_id, made)))
    told = loans.apply(
        runtime.database(),
        body.customer_id,
        _loan_request(body),
        runtime.policy(),
        runtime.today(),
        call.author,
        once,
        call.limit(),
    )
    return _created(call, told)


@endpoints.add("GET", "/api/view-loan/{loan_id}", Operation.READ_LOANS)
def view_loan(call: Call, loan_id: str) -> Response:
    """A loan with its customer."""
    loan = loans.view_loan(runtime.database(), number_in_path(loan_id, LoanNotFound, "loan"), call.limit())
    answer = {
        "loan_id": loan.loan_id,
        "customer": {
            name: getattr(loan, name) for name in ("customer_id", "first_name", "last_name", "phone_number", "age")
        },
        "loan_amount": loan.loan_amount,
        "interest_rate": loan.interest_rate,
        "monthly_installment": loan.monthly_installment,
        "tenure": loan.tenure,
    }
    return respond(answer, call.request_id)


@endpoints.add("GET", "/api/view-loans/{customer_id}", Operation.READ_LOANS)
def view_loans(call: Call, customer_id: str) -> Response:
    """The loans of a customer."""
    number = number_in_path(customer_id, LoanNotFound, "customer with loans")
    found = loans.view_loans(runtime.database(), number, call.limit())
    answer = [
        {
            "loan_id": loan.loan_id,
            "loan_amount": loan.loan_amount,
            "interest_rate": loan.interest_rate,
            "monthly_installment": loan.monthly_installment,
            "repayments_left": loan.repayments_left,
        }
        for loan in found
    ]
    return respond(answer, call.request_id)


def _registered(customer: Customer) -> dict[str, Any]:
    return {
        "customer_id": customer.customer_id,
        "name": customer.name,
        "phone_number": customer.phone_number,
        "age": customer.age,
        "monthly_income": customer.monthly_income,
        "approved_limit": customer.approved_limit,
    }


def _applied(customer_id: int, made: Application) -> dict[str, Any]:
    decision = made.decision
    return {
        "loan_id": made.loan_id,
        "customer_id": customer_id,
        "loan_approved": decision.approved,
        "message": message(decision),
        "monthly_installment": decision.monthly_installment,
        "application_id": made.application_id,
        "corrected_interest_rate": decision.corrected_interest_rate,
        **explanation(made.facts, decision),
        **offered(made.counter_offer),
    }


def _attempt(call: Call) -> Attempt | None:
    # The key belongs to whoever sent it: nobody is answered what somebody else was.
    route = f"{call.request.path} {call.actor.identity}"
    return idempotency_attempt(route, call.request.headers.get("idempotency-key"), bytes_of(call.request))


def _created(call: Call, told: Told) -> Response:
    headers = {"Idempotency-Replayed": "true"} if told.replayed else {}
    return respond_text(told.answer, call.request_id, 201, headers)


def _loan_request(body: CheckEligibilityBody) -> LoanRequest:
    return LoanRequest(body.loan_amount, body.interest_rate, body.tenure)
