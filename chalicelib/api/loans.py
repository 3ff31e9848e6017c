"""Loans: one with its customer, and those of a customer, under the paths of the replaced service."""

from typing import TYPE_CHECKING

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.declaring import Link, ok
from chalicelib.api.taking import BorrowerNumber, LoanNumber
from chalicelib.rules.access import Operation, Scope
from chalicelib.services import loans

if TYPE_CHECKING:
    from chalicelib.api.answers import loans as answers


@endpoints.add(
    "GET",
    "/api/view-loan/{loan_id}",
    Operation.READ_LOANS,
    ok(
        "The loan.",
        links={
            "customer": Link(
                "Its customer.", "view_customer", {"path.customer_id": "$response.body#/customer/customer_id"}
            )
        },
    ),
    tag="Loans",
)
def view_loan(loan_id: LoanNumber, scope: Scope) -> "answers.LoanWithCustomer":
    """A loan with its customer."""
    loan = loans.view_loan(runtime.database(), loan_id, scope)
    return {
        "loan_id": loan.loan_id,
        "customer": {
            "customer_id": loan.customer_id,
            "first_name": loan.first_name,
            "last_name": loan.last_name,
            "phone_number": loan.phone_number,
            "age": loan.age_on(runtime.today()),
        },
        "loan_amount": loan.loan_amount,
        "interest_rate": loan.interest_rate,
        "monthly_installment": loan.monthly_installment,
        "tenure": loan.tenure,
    }


@endpoints.add(
    "GET",
    "/api/view-loans/{customer_id}",
    Operation.READ_LOANS,
    ok(
        "The approved loans, at least one.",
        links={"loan": Link("The first one.", "view_loan", {"path.loan_id": "$response.body#/0/loan_id"})},
    ),
    tag="Loans",
    note="A customer that is not known and one without loans are answered alike.",
)
def view_loans(customer_id: BorrowerNumber, scope: Scope) -> "answers.LoansOfCustomer":
    """The loans of a customer."""
    return [
        {
            "loan_id": loan.loan_id,
            "loan_amount": loan.loan_amount,
            "interest_rate": loan.interest_rate,
            "monthly_installment": loan.monthly_installment,
            "repayments_left": loan.repayments_left,
        }
        for loan in loans.view_loans(runtime.database(), customer_id, today=runtime.today(), scope=scope)
    ]
