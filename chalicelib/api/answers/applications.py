"""What the API answers about applications."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers.common import Amount, CorrectedRate, CustomerId, Installment, NextId, Rate, Tenure
from chalicelib.api.answers.decisions import Explained


class PolicySlab(TypedDict):
    """A slab of scores."""

    score_above: Annotated[int, Field(description="the slab is for scores above this one")]
    rate_floor: Annotated[Decimal, Field(description="the least rate in percent a year")]


class PolicyValues(TypedDict):
    """Every number of the policy, as it was on that day."""

    name: Annotated[str, Field(description="the name of the policy")]
    income_multiple: Annotated[Decimal, Field(description="the limit is so many monthly incomes")]
    limit_rounding_step: Annotated[Decimal, Field(description="to which the limit is rounded, in rupees")]
    max_emi_share_of_income: Annotated[Decimal, Field(description="the share of the income that instalments may take")]
    counts_requested_loan: Annotated[
        bool, Field(description="whether the requested loan counts beside the current ones")
    ]
    score_without_history: Annotated[int, Field(description="the score of a customer without loans")]
    punctuality_points: Annotated[int, Field(description="points for instalments paid on time")]
    completion_points: Annotated[int, Field(description="points for loans paid in full")]
    slabs: Annotated[list[PolicySlab], Field(description="which scores are approved, and at which least rate")]


class ApplicationRecord(Explained):
    """An application with everything it was decided from."""

    application_id: Annotated[int, Field(description="the number of the application")]
    customer_id: CustomerId
    created_at: Annotated[datetime, Field(description="the moment at which it was saved")]
    decided_on: Annotated[date, Field(description="the day for which it was decided")]
    loan_amount: Amount
    interest_rate: Rate
    tenure: Tenure
    loan_approved: Annotated[bool, Field(description="whether the loan was approved")]
    loan_id: Annotated[int | None, Field(description="the number of the loan; null where it was refused")]
    message: Annotated[str | None, Field(description="why it was refused, for a person; null where it was approved")]
    corrected_interest_rate: CorrectedRate
    monthly_installment: Installment
    policy_values: Annotated[PolicyValues, Field(description="the policy it was decided by")]


class ApplicationsPage(TypedDict):
    """Applications, the newest first."""

    applications: Annotated[list[ApplicationRecord], Field(description="the applications of this page")]
    next: NextId
