"""What the API takes. A field's description finishes the sentence "must be …", for a person and for the contract.

Numbers may also come as text, because the service this one replaces took them so.
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from chalicelib.rules.text import is_plain_text

# What the NUMERIC columns hold with room to spare: a lakh crore rupees.
MAX_AMOUNT = 10**12
MAX_ID = 2**63 - 1


def _no_boolean(value: Any) -> Any:
    # Python takes True for 1; JSON's true is not a number.
    if isinstance(value, bool):
        raise ValueError
    return value


def _printable(value: str) -> str:
    if not is_plain_text(value):
        raise ValueError
    return value


def _phone_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_printable),
    Field(description="text of 1 to 100 characters without control characters"),
]
Phone = Annotated[
    str,
    BeforeValidator(_phone_as_text),
    StringConstraints(pattern=r"^[0-9]{10}$"),
    Field(description="a phone number of 10 digits, as a number or text"),
]
Age = Annotated[
    int, BeforeValidator(_no_boolean), Field(ge=18, le=120, description="a whole number of years, 18 to 120")
]
Income = Annotated[
    Decimal,
    BeforeValidator(_no_boolean),
    Field(
        gt=0,
        le=MAX_AMOUNT,
        decimal_places=2,
        description=f"an amount in rupees above 0 and at most {MAX_AMOUNT}, with at most 2 decimals",
    ),
]
CustomerId = Annotated[
    int, BeforeValidator(_no_boolean), Field(ge=1, le=MAX_ID, description="the whole number of a customer, 1 or more")
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_no_boolean),
    Field(
        ge=1,
        le=MAX_AMOUNT,
        decimal_places=2,
        description=f"an amount in rupees, 1 to {MAX_AMOUNT}, with at most 2 decimals",
    ),
]
Rate = Annotated[
    Decimal,
    BeforeValidator(_no_boolean),
    Field(ge=0, le=100, decimal_places=4, description="percent a year, 0 to 100, with at most 4 decimals"),
]
Tenure = Annotated[
    int, BeforeValidator(_no_boolean), Field(ge=1, le=600, description="a whole number of months, 1 to 600")
]


class RegisterBody(BaseModel):
    """`POST /api/register/`"""

    model_config = ConfigDict(extra="forbid")

    first_name: Name
    last_name: Name
    age: Age
    monthly_income: Income
    phone_number: Phone


class CheckEligibilityBody(BaseModel):
    """`POST /api/check-eligibility/`: saves nothing, so a field too many does no harm."""

    model_config = ConfigDict(extra="ignore")

    customer_id: CustomerId
    loan_amount: Amount
    interest_rate: Rate
    tenure: Tenure


class CreateLoanBody(CheckEligibilityBody):
    """`POST /api/create-loan/`"""

    model_config = ConfigDict(extra="forbid")
