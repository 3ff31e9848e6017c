"""Register a customer, ask whether a loan would be approved, apply for it: under the paths of the replaced service."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import OF_A_WRITE, Link, created, ok
from chalicelib.api.explaining import explanation, message, offered
from chalicelib.api.responses import Reply, Text, to_json
from chalicelib.api.taking import IdempotencyKey
from chalicelib.errors import CustomerNotFound
from chalicelib.rules.access import Operation, Scope
from chalicelib.rules.score import LoanRequest
from chalicelib.services import customers, loans
from chalicelib.services.idempotency import Once, Told
from chalicelib.services.loans import Application
from chalicelib.storage.alike import Alike
from chalicelib.storage.customers import Registered

if TYPE_CHECKING:
    from chalicelib.api.answers import decisions as answers
    from chalicelib.api.answers.customers import PossibleDuplicate, RegisteredCustomer
    from chalicelib.requests.models import CheckEligibilityBody, CreateLoanBody, RegisterBody

_CUSTOMER = {"path.customer_id": "$response.body#/customer_id"}
_LOAN = {"path.loan_id": "$response.body#/loan_id"}


def _loan_of(amount: str) -> dict[str, str | int]:
    """A request for a loan of an amount that stands in the answer."""
    return {
        "customer_id": "$response.body#/customer_id",
        "loan_amount": f"$response.body#/{amount}",
        "interest_rate": 12,
        "tenure": 24,
    }


@endpoints.add(
    "POST",
    "/api/register",
    Operation.REGISTER_CUSTOMER,
    created(
        "The customer with its number and credit limit.",
        headers=("Idempotency-Replayed",),
        links={
            "customer": Link("The customer with the exposure of today.", "view_customer", _CUSTOMER),
            "eligibility": Link(
                "Whether the customer would get what the limit allows.",
                "check_eligibility",
                body=_loan_of("approved_limit"),
            ),
            "loan": Link("A loan for the customer.", "create_loan", body=_loan_of("monthly_income")),
        },
    ),
    tag="Decisions",
    raises=OF_A_WRITE,
)
def register(call: Call, body: "RegisterBody", attempt: IdempotencyKey) -> "Reply[RegisteredCustomer]":
    """Registers a customer and computes the credit limit."""
    today = runtime.today()
    registration = customers.registration_of(body.model_dump(), today)
    may_know = call.actor.may(Operation.READ_CUSTOMERS)
    once = Once[Registered](attempt, lambda made: to_json(_registered(made, made.alike if may_know else (), today)))
    told = customers.register(
        runtime.database(), registration, policy=runtime.policy(), today=today, author=call.author, once=once
    )
    return _told(told)


@endpoints.add(
    "POST",
    "/api/check-eligibility",
    Operation.CHECK_ELIGIBILITY,
    ok(
        "The decision, explained.",
        links={
            "loan": Link(
                "Applies for the loan that was checked.",
                "create_loan",
                body={
                    name: f"$response.body#/{name}"
                    for name in ("customer_id", "loan_amount", "interest_rate", "tenure")
                },
            )
        },
    ),
    tag="Decisions",
    raises=(CustomerNotFound,),
)
def check_eligibility(body: "CheckEligibilityBody", scope: Scope) -> "answers.Eligibility":
    """Decides without saving."""
    checked = loans.check_eligibility(
        runtime.database(),
        body.customer_id,
        _loan_request(body),
        policy=runtime.policy(),
        today=runtime.today(),
        scope=scope,
    )
    return {
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


@endpoints.add(
    "POST",
    "/api/create-loan",
    Operation.CREATE_LOAN,
    created(
        "The decision, explained; `loan_id` is null where it is a refusal.",
        headers=("Idempotency-Replayed",),
        links={
            "loan": Link("The loan.", "view_loan", _LOAN),
            "schedule": Link("Its schedule.", "view_schedule", _LOAN),
            "account": Link("What it owes.", "view_account", _LOAN),
            "loans": Link("All loans of the customer.", "view_loans", _CUSTOMER),
            "application": Link(
                "The application.", "view_application", {"path.application_id": "$response.body#/application_id"}
            ),
        },
    ),
    tag="Decisions",
    raises=(CustomerNotFound, *OF_A_WRITE),
)
def create_loan(
    call: Call, body: "CreateLoanBody", attempt: IdempotencyKey, scope: Scope
) -> "Reply[answers.AppliedLoan]":
    """Decides and saves the application, and the loan if approved."""
    once = Once[Application](attempt, lambda made: to_json(_applied(body.customer_id, made)))
    told = loans.apply(
        runtime.database(),
        body.customer_id,
        _loan_request(body),
        policy=runtime.policy(),
        today=runtime.today(),
        author=call.author,
        once=once,
        scope=scope,
    )
    return _told(told)


def _registered(customer: Registered, alike: Sequence[Alike], today: date) -> "RegisteredCustomer":
    answer: RegisteredCustomer = {
        "customer_id": customer.customer_id,
        "name": customer.name,
        "phone_number": customer.phone_number,
        "age": customer.age_on(today),
        "monthly_income": customer.monthly_income,
        "approved_limit": customer.approved_limit,
    }
    if alike:
        answer["possible_duplicates"] = [_duplicate(each) for each in alike]
    return answer


def _duplicate(alike: Alike) -> "PossibleDuplicate":
    return {
        "customer_id": alike.customer_id,
        "same_phone_number": alike.same_phone,
        "same_name_and_age": alike.same_name_and_age,
    }


def _applied(customer_id: int, made: Application) -> "answers.AppliedLoan":
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


def _told(told: Told) -> Reply[Any]:
    return Reply(Text(told.answer), {"Idempotency-Replayed": "true"} if told.replayed else {})


def _loan_request(body: "CheckEligibilityBody") -> LoanRequest:
    return LoanRequest(body.loan_amount, body.interest_rate, body.tenure)
