"""What the API answers about decisions."""

from decimal import Decimal
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers.common import (
    Amount,
    CorrectedRate,
    CustomerId,
    Income,
    Installment,
    Limit,
    Rate,
    Tenure,
)
from chalicelib.rules.changes import ChangeCode
from chalicelib.rules.reasons import Reason
from chalicelib.rules.score import Part


class ScorePart(TypedDict):
    """Where points of the score come from."""

    name: Annotated[Part, Field(description="what the points are for")]
    earned: Annotated[
        Decimal, Field(description="points earned; those of all parts, rounded down together, are the score")
    ]
    possible: Annotated[int, Field(description="points that could be earned")]


class DecisionReason(TypedDict):
    """Why the decision is as it is."""

    code: Annotated[Reason, Field(description="the reason for a program")]
    sentence: Annotated[str, Field(description="the reason for a person")]


class DecisionFacts(TypedDict):
    """What the decision was made from: the customer, and the approved loans of the customer."""

    monthly_income: Income
    approved_limit: Limit
    loans: Annotated[int, Field(description="approved loans ever")]
    loans_paid_in_full: Annotated[int, Field(description="loans with all their instalments paid on time")]
    tenure_total: Annotated[int, Field(description="the tenures of all loans together, in months")]
    emis_paid_on_time: Annotated[int, Field(description="the instalments of all loans that were paid on time")]
    current_principal: Annotated[Decimal, Field(description="the amounts of the current loans together, in rupees")]
    current_emis: Annotated[
        Decimal, Field(description="the monthly instalments of the current loans together, in rupees")
    ]


class LoanOffer(TypedDict):
    """A loan that the same policy would approve."""

    loan_amount: Amount
    tenure: Tenure
    interest_rate: Rate
    monthly_installment: Installment
    warning: Annotated[
        str | None,
        Field(description="that instalments would take more of the income than the policy's share; null if not"),
    ]


class NeededChange(TypedDict):
    """A fact that would have to be another, and the bound it must reach."""

    code: Annotated[ChangeCode, Field(description="which fact, and whether the bound is the least or the most")]
    bound: Annotated[Decimal, Field(description="rupees, a number of instalments, or points of the score")]
    sentence: Annotated[str, Field(description="the same for a person")]


class LoanCounterOffer(TypedDict):
    """What could be had instead."""

    largest_amount: Annotated[
        LoanOffer | None, Field(description="the largest amount for the asked tenure; null for none")
    ]
    shortest_tenure: Annotated[
        LoanOffer | None, Field(description="the shortest tenure for the asked amount; null for none")
    ]
    changes: Annotated[
        list[NeededChange], Field(description="all that would have to change first for the loan as asked")
    ]
    statement: Annotated[str, Field(description="all of it for a person")]


class Explained(TypedDict):
    """What every decision carries."""

    policy: Annotated[str, Field(description="the name of the policy")]
    score: Annotated[int, Field(description="the credit score, 0 to 100", ge=0, le=100)]
    score_parts: Annotated[list[ScorePart], Field(description="what the score is made of")]
    reasons: Annotated[list[DecisionReason], Field(description="why, the deciding reason first")]
    rate_floor: Annotated[
        Decimal | None, Field(description="the least rate at this score in percent a year; null for no loan")
    ]
    facts: Annotated[DecisionFacts, Field(description="what the decision was made from")]


class Offered(TypedDict):
    """What a decision that was just made may carry."""

    counter_offer: NotRequired[Annotated[LoanCounterOffer, Field(description="where it is not approved as asked")]]


class Eligibility(Explained, Offered):
    """A decision that was not saved."""

    customer_id: CustomerId
    approval: Annotated[bool, Field(description="whether the loan would be approved")]
    interest_rate: Rate
    corrected_interest_rate: CorrectedRate
    tenure: Tenure
    monthly_installment: Installment
    loan_amount: Amount


class AppliedLoan(Explained, Offered):
    """A decision that was saved, and the loan if it was approved."""

    loan_id: Annotated[int | None, Field(description="the number of the loan; null where it is refused")]
    customer_id: CustomerId
    loan_approved: Annotated[bool, Field(description="whether the loan is approved")]
    message: Annotated[str | None, Field(description="why it is refused, for a person; null where it is approved")]
    monthly_installment: Installment
    application_id: Annotated[int, Field(description="the number of the application")]
    corrected_interest_rate: CorrectedRate
