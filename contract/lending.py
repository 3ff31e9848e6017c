"""Customers, decisions, loans and applications, described."""

from collections.abc import Mapping

from chalicelib.errors import (
    ApplicationNotFound,
    CustomerNotFound,
    InstalmentsDoNotRepayLoan,
    InvalidRequest,
    LoanNotFound,
    Outdated,
    PreconditionRequired,
    Unavailable,
)
from chalicelib.requests import models
from contract import answers
from contract.described import (
    JSON,
    OF_A_BODY,
    OF_A_KEY,
    OF_A_WRITE,
    Answer,
    Described,
    Link,
    created,
    next_page,
    ok,
)

_CUSTOMER = {"path.customer_id": "$response.body#/customer_id"}
_ASKED = ("loan_amount", "interest_rate", "tenure")
_FIRST_CUSTOMER = "$response.body#/customers/0/customer_id"
_FIRST_LOAN = "$response.body#/loans/0/loan_id"

_SCHEDULE = (
    Answer(200, "The schedule.", {JSON: answers.AmortizationSchedule, "text/csv": None}),
    Answer(
        303,
        "The workbook lies at `Location`, a link that is good for some minutes.",
        {JSON: answers.DownloadLink},
        ("Location",),
    ),
)
_FORMATS = (
    "`format` says in which form: `json`, `csv`, or `xlsx`, a workbook that is downloaded through a link. "
    "Without it the header `Accept` decides."
)

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("POST", "/api/register"): Described(
        "Decisions",
        (
            created(
                answers.RegisteredCustomer,
                "The customer with its number and credit limit.",
                headers=("Idempotency-Replayed",),
                links={
                    "customer": Link("The customer with the exposure of today.", "view_customer", _CUSTOMER),
                    "eligibility": Link(
                        "Whether the customer would get what the limit allows.",
                        "check_eligibility",
                        body={
                            "customer_id": "$response.body#/customer_id",
                            "loan_amount": "$response.body#/approved_limit",
                            "interest_rate": 12,
                            "tenure": 24,
                        },
                    ),
                    "loan": Link(
                        "A loan for the customer.",
                        "create_loan",
                        body={
                            "customer_id": "$response.body#/customer_id",
                            "loan_amount": "$response.body#/monthly_income",
                            "interest_rate": 12,
                            "tenure": 24,
                        },
                    ),
                },
            ),
        ),
        (*OF_A_BODY, *OF_A_KEY, *OF_A_WRITE),
        body=models.RegisterBody,
        headers=("Idempotency-Key",),
    ),
    ("POST", "/api/check-eligibility"): Described(
        "Decisions",
        (
            ok(
                answers.Eligibility,
                "The decision, explained.",
                links={
                    "loan": Link(
                        "Applies for the loan that was checked.",
                        "create_loan",
                        body={name: f"$response.body#/{name}" for name in ("customer_id", *_ASKED)},
                    )
                },
            ),
        ),
        (*OF_A_BODY, CustomerNotFound),
        body=models.CheckEligibilityBody,
    ),
    ("POST", "/api/create-loan"): Described(
        "Decisions",
        (
            created(
                answers.AppliedLoan,
                "The decision, explained; `loan_id` is null where it is a refusal.",
                headers=("Idempotency-Replayed",),
                links={
                    "loan": Link("The loan.", "view_loan", {"path.loan_id": "$response.body#/loan_id"}),
                    "schedule": Link("Its schedule.", "view_schedule", {"path.loan_id": "$response.body#/loan_id"}),
                    "loans": Link("All loans of the customer.", "view_loans", _CUSTOMER),
                    "application": Link(
                        "The application.",
                        "view_application",
                        {"path.application_id": "$response.body#/application_id"},
                    ),
                },
            ),
        ),
        (*OF_A_BODY, CustomerNotFound, *OF_A_KEY, *OF_A_WRITE),
        body=models.CreateLoanBody,
        headers=("Idempotency-Key",),
    ),
    ("GET", "/api/view-loan/{loan_id}"): Described(
        "Loans",
        (
            ok(
                answers.LoanWithCustomer,
                "The loan.",
                links={
                    "customer": Link(
                        "Its customer.", "view_customer", {"path.customer_id": "$response.body#/customer/customer_id"}
                    )
                },
            ),
        ),
        (LoanNotFound,),
    ),
    ("GET", "/api/view-loans/{customer_id}"): Described(
        "Loans",
        (
            ok(
                answers.LoansOfCustomer,
                "The approved loans, at least one.",
                links={"loan": Link("The first one.", "view_loan", {"path.loan_id": "$response.body#/0/loan_id"})},
            ),
        ),
        (LoanNotFound,),
        note="A customer that is not known and one without loans are answered alike.",
    ),
    ("GET", "/api/loans"): Described(
        "Loans",
        (
            ok(
                answers.LoansPage,
                "A page of loans.",
                links={
                    **next_page("list_loans", "after"),
                    "schedule": Link("The schedule of the first.", "view_schedule", {"path.loan_id": _FIRST_LOAN}),
                    "loan": Link("The first one with its customer.", "view_loan", {"path.loan_id": _FIRST_LOAN}),
                },
            ),
        ),
        (InvalidRequest,),
        query=models.LoansQuery,
    ),
    ("GET", "/api/loans/{loan_id}/schedule"): Described(
        "Loans",
        _SCHEDULE,
        (InvalidRequest, LoanNotFound, InstalmentsDoNotRepayLoan, Unavailable),
        query=models.FormatQuery,
        note=_FORMATS,
    ),
    ("POST", "/api/schedule"): Described(
        "Loans",
        _SCHEDULE,
        (*OF_A_BODY, InstalmentsDoNotRepayLoan, Unavailable),
        body=models.ScheduleBody,
        query=models.FormatQuery,
        note=_FORMATS,
    ),
    ("GET", "/api/customers"): Described(
        "Customers",
        (
            ok(
                answers.CustomersPage,
                "A page of customers.",
                links={
                    **next_page("list_customers", "after"),
                    "customer": Link("The first one.", "view_customer", {"path.customer_id": _FIRST_CUSTOMER}),
                    "loans": Link("The loans of the first.", "view_loans", {"path.customer_id": _FIRST_CUSTOMER}),
                },
            ),
        ),
        (InvalidRequest,),
        query=models.CustomersQuery,
    ),
    ("GET", "/api/customers/{customer_id}"): Described(
        "Customers",
        (
            ok(
                answers.CustomerWithExposure,
                "The customer.",
                headers=("ETag",),
                links={
                    "change": Link(
                        "Corrects the customer that was read.",
                        "change_customer",
                        {
                            "path.customer_id": "$response.body#/customer_id",
                            "header.If-Match": "$response.header.ETag",
                        },
                    ),
                    "loans": Link("The loans of the customer.", "view_loans", _CUSTOMER),
                },
            ),
        ),
        (CustomerNotFound,),
    ),
    ("PATCH", "/api/customers/{customer_id}"): Described(
        "Customers",
        (ok(answers.CustomerWithExposure, "The customer as it is now.", headers=("ETag",)),),
        (*OF_A_BODY, CustomerNotFound, Outdated, PreconditionRequired, *OF_A_WRITE),
        body=models.PatchCustomerBody,
        headers=("If-Match",),
        note="Give at least one field. `If-Match` takes the `ETag` that came with the customer.",
    ),
    ("GET", "/api/applications"): Described(
        "Applications",
        (
            ok(
                answers.ApplicationsPage,
                "A page of applications.",
                links={
                    **next_page("list_applications", "before"),
                    "application": Link(
                        "The first one.",
                        "view_application",
                        {"path.application_id": "$response.body#/applications/0/application_id"},
                    ),
                },
            ),
        ),
        (InvalidRequest,),
        query=models.ApplicationsQuery,
    ),
    ("GET", "/api/applications/{application_id}"): Described(
        "Applications",
        (
            ok(
                answers.ApplicationRecord,
                "The application.",
                links={"customer": Link("Its customer.", "view_customer", _CUSTOMER)},
            ),
        ),
        (ApplicationNotFound,),
    ),
}
