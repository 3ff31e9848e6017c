"""What the API answers about loans and their schedules."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from chalicelib.api.answers.common import (
    Age,
    Amount,
    CustomerId,
    FirstName,
    Installment,
    LastName,
    LoanClass,
    LoanId,
    NextId,
    Phone,
    Rate,
    StartDate,
    Tenure,
)
from chalicelib.rules.servicing.standing import Status


class Borrower(TypedDict):
    """The customer of a loan."""

    customer_id: CustomerId
    first_name: FirstName
    last_name: LastName
    phone_number: Phone
    age: Age


class LoanWithCustomer(TypedDict):
    """A loan with its customer."""

    loan_id: LoanId
    customer: Annotated[Borrower, Field(description="whose loan it is")]
    loan_amount: Amount
    interest_rate: Rate
    monthly_installment: Installment
    tenure: Tenure


class LoanOfCustomer(TypedDict):
    """A loan, without its customer."""

    loan_id: LoanId
    loan_amount: Amount
    interest_rate: Rate
    monthly_installment: Installment
    repayments_left: Annotated[int, Field(description="instalments that are not paid yet", ge=0)]


LoansOfCustomer = TypeAliasType(
    "LoansOfCustomer", Annotated[list[LoanOfCustomer], Field(description="The loans of a customer.")]
)


LoanState = TypeAliasType("LoanState", Literal["current", "ended"])

# `class` is no name that Python allows.
_Classed = TypedDict(
    "_Classed",
    {
        "class": Annotated[
            LoanClass | None, Field(description="the class by days past due, today; null if the loan is not open")
        ]
    },
)


class LoanRecord(_Classed):
    """A loan with everything that is stored of it, and what it owes today if it is serviced here."""

    loan_id: LoanId
    customer_id: CustomerId
    loan_amount: Amount
    interest_rate: Rate
    monthly_installment: Installment
    tenure: Tenure
    emis_paid_on_time: Annotated[int, Field(description="instalments paid on time")]
    start_date: StartDate
    end_date: Annotated[date | None, Field(description="the day of its last instalment; null where it is not known")]
    source_loan_id: Annotated[
        int | None, Field(description="the number in the workbook it came from; null where none did")
    ]
    state: Annotated[LoanState, Field(description="current or ended")]
    status: Annotated[Status, Field(description="where the loan is in its life")]
    days_past_due: Annotated[
        int | None, Field(description="the day-ends that the first unpaid instalment has missed; null if not serviced")
    ]
    outstanding: Annotated[
        Decimal | None,
        Field(description="principal, interest and charges that are owed today, in rupees; null if not serviced"),
    ]
    overdue: Annotated[
        Decimal | None,
        Field(description="what was demanded before today and is not paid, in rupees; null if not serviced"),
    ]


class LoansPage(TypedDict):
    """Loans by number."""

    loans: Annotated[list[LoanRecord], Field(description="the loans of this page")]
    next: NextId


class Instalment(TypedDict):
    """One instalment; interest and principal add up to it."""

    number: Annotated[int, Field(description="1, 2, 3, …", ge=1)]
    due_date: Annotated[date, Field(description="the day on which it is due")]
    opening_balance: Annotated[Decimal, Field(description="what was owed before, in rupees")]
    interest: Annotated[Decimal, Field(description="what it pays of interest, in rupees")]
    principal: Annotated[Decimal, Field(description="what it pays of the loan, in rupees")]
    instalment: Annotated[Decimal, Field(description="what is paid, in rupees")]
    closing_balance: Annotated[Decimal, Field(description="what is owed after, in rupees")]


class AmortizationSchedule(TypedDict):
    """The instalments of a loan and their totals."""

    loan_amount: Amount
    tenure: Tenure
    interest_rate: Rate
    effective_interest_rate: Annotated[
        Decimal, Field(description="the rate that the schedule runs at, in percent a year")
    ]
    monthly_installment: Installment
    runs_at_stated_rate: Annotated[bool, Field(description="whether the instalment is the EMI of the stated rate")]
    rows: Annotated[list[Instalment], Field(description="the instalments; the last one pays what is left")]
    total_interest: Annotated[Decimal, Field(description="all interest, in rupees")]
    total_principal: Annotated[Decimal, Field(description="all principal, in rupees: the amount of the loan")]
    total_paid: Annotated[Decimal, Field(description="all instalments, in rupees")]
