"""What the API takes for Key Facts Statements. Descriptions finish the sentence "must be …", as in models.py."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from chalicelib.requests.models import Amount, CustomerId, Day, Income, Model, Rate, Tenure, text_of, visible
from chalicelib.rules.bounds import FEE_NAME_LENGTH, LOAN_TYPE_LENGTH, MAX_FEES
from chalicelib.rules.key_facts import LOAN_TYPE, Charged, Fee, PayableTo
from chalicelib.rules.text import joined

FeeName = Annotated[
    str,
    text_of(FEE_NAME_LENGTH),
    AfterValidator(visible),
    Field(description=f"text of {FEE_NAME_LENGTH} characters, such as Processing fee"),
]
LoanType = Annotated[
    str,
    text_of(LOAN_TYPE_LENGTH),
    AfterValidator(visible),
    Field(description=f"text of {LOAN_TYPE_LENGTH} characters, such as Personal loan"),
]


class FeeBody(Model):
    """A fee: by default one of the lender's own, kept back once when the loan is paid out."""

    model_config = ConfigDict(extra="forbid")

    name: FeeName
    amount: Income
    payable_to: Annotated[PayableTo, Field(description=joined(PayableTo, "or"))] = PayableTo.LENDER
    charged: Annotated[Charged, Field(description=joined(Charged, "or"))] = Charged.ONCE

    def fee(self) -> Fee:
        """The same as a value of the rules."""
        return Fee(self.name, self.amount, self.payable_to, self.charged)


class KeyFactsBody(Model):
    """`POST /api/key-facts/`: without a date, the loan starts today."""

    model_config = ConfigDict(extra="forbid")

    customer_id: CustomerId | None = None
    loan_amount: Amount
    interest_rate: Rate
    tenure: Tenure
    start_date: Day | None = None
    loan_type: LoanType = LOAN_TYPE
    fees: Annotated[
        list[FeeBody],
        Field(
            max_length=MAX_FEES,
            description=f"a list of at most {MAX_FEES} fees, each with a name and an amount; "
            f"also payable_to, {joined(PayableTo, 'or')}, and charged, {joined(Charged, 'or')}",
        ),
    ] = Field([])


class PaperQuery(Model):
    """`GET /api/key-facts/{number}/`"""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[Literal["json", "pdf"], Field(description="json or pdf")] | None = None
