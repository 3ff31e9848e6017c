"""What the API answers about Key Facts Statements."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers.common import Amount, Installment, Rate, Tenure
from chalicelib.api.answers.loans import AmortizationSchedule
from chalicelib.rules.key_facts import Charged, PayableTo


class KeyFactsFee(TypedDict):
    """A fee of the loan."""

    name: Annotated[str, Field(description="what it is for")]
    amount: Annotated[Decimal, Field(description="rupees each time")]
    payable_to: Annotated[PayableTo, Field(description="who gets it; a third party is paid through the lender")]
    charged: Annotated[Charged, Field(description="once, kept back at the disbursal, or with every instalment")]


class KeyFactsClass(TypedDict):
    """When a class would be reached if no instalment were paid."""

    code: Annotated[str, Field(description="the class")]
    date: Annotated[date, Field(description="the day at whose end it is reached")]


class KeyFactsComputation(TypedDict):
    """The computation sheet of the APR, in rupees."""

    loan_amount: Amount
    fees_once_to_lender: Annotated[Decimal, Field(description="fees charged once that the lender gets")]
    fees_once_to_third_parties: Annotated[Decimal, Field(description="fees charged once that third parties get")]
    fees_monthly_to_lender: Annotated[Decimal, Field(description="fees with each instalment that the lender gets")]
    fees_monthly_to_third_parties: Annotated[
        Decimal, Field(description="fees with each instalment that third parties get")
    ]
    net_disbursed: Annotated[Decimal, Field(description="the loan amount less the fees charged once")]
    total_interest: Annotated[Decimal, Field(description="all interest")]
    total_paid: Annotated[Decimal, Field(description="principal and interest")]
    total_fees: Annotated[Decimal, Field(description="all fees of the whole tenure")]
    total_cost: Annotated[Decimal, Field(description="interest and fees of the whole tenure")]


class KeyFactsLender(TypedDict):
    """The lender as the settings had it that day; an empty text was not set."""

    name: Annotated[str, Field(description="the name")]
    address: Annotated[str, Field(description="the address")]
    contact: Annotated[str, Field(description="telephone or mail")]
    grievance_officer: Annotated[str, Field(description="the nodal grievance redressal officer")]
    grievance_clause: Annotated[str, Field(description="the clause on grievance redressal")]
    recovery_clause: Annotated[str, Field(description="the clause on engaging recovery agents")]
    recovery_agents: Annotated[str, Field(description="who may approach the borrower to recover")]
    transfer: Annotated[str, Field(description="whether the loan may be transferred or securitised")]
    co_lending: Annotated[str, Field(description="the partners of a co-lending and their shares")]
    switching: Annotated[str, Field(description="what switching between fixed and floating rates costs")]
    cooling_off_days: Annotated[int | None, Field(description="days to return the loan without a charge")]
    key_facts_days: Annotated[int, Field(description="working days for which the statement is valid")]


class KeyFactsStatement(TypedDict):
    """A Key Facts Statement as it was issued."""

    number: Annotated[int, Field(description="the number of the statement, which no other has")]
    rule: Annotated[str, Field(description="the rule that the figures were computed by")]
    customer_id: Annotated[int | None, Field(description="for whom; null for somebody who is not a customer yet")]
    customer_name: Annotated[str | None, Field(description="the name that day; null without a customer")]
    issued_on: Annotated[date, Field(description="the day of its issue")]
    valid_until: Annotated[date, Field(description="the last day on which the lender stands by it")]
    loan_type: Annotated[str, Field(description="the kind of loan")]
    loan_amount: Amount
    interest_rate: Rate
    interest_type: Annotated[Literal["fixed"], Field(description="fixed, for every loan here")]
    tenure: Tenure
    monthly_installment: Installment
    instalments: Annotated[int, Field(description="how many instalments there are")]
    first_due_date: Annotated[date, Field(description="the day on which the first instalment is due")]
    fees: Annotated[list[KeyFactsFee], Field(description="the fees one by one")]
    apr: Annotated[
        Decimal, Field(description="the annual percentage rate: 12 x the monthly rate of return, fees counted")
    ]
    computation: Annotated[KeyFactsComputation, Field(description="how the APR comes about")]
    penal_charge: Annotated[Decimal, Field(description="rupees for each instalment that is late")]
    grace_days: Annotated[int, Field(description="days after the due date without a penal charge")]
    prepayment_charge: Annotated[Decimal, Field(description="percent of the principal that is prepaid")]
    class_dates: Annotated[
        list[KeyFactsClass], Field(description="when each class would be reached if no instalment were paid")
    ]
    lender: Annotated[KeyFactsLender, Field(description="who lends, and what it must say of itself")]
    schedule: Annotated[AmortizationSchedule, Field(description="the repayment schedule")]
