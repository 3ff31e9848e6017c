"""What the API answers about customers."""

from datetime import date
from decimal import Decimal
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers.common import Age, CustomerId, FirstName, Income, LastName, Limit, NextId, Phone


class PossibleDuplicate(TypedDict):
    """A customer who is likely the same person as the one who was registered."""

    customer_id: CustomerId
    same_phone_number: Annotated[bool, Field(description="whether the phone number is the same")]
    same_name_and_age: Annotated[
        bool, Field(description="whether the words of the name, in any order, and the age are the same")
    ]


class RegisteredCustomer(TypedDict):
    """A customer as registered."""

    customer_id: CustomerId
    name: Annotated[str, Field(description="first and last name")]
    phone_number: Phone
    age: Age
    monthly_income: Income
    approved_limit: Limit
    possible_duplicates: NotRequired[
        Annotated[
            list[PossibleDuplicate],
            Field(description="only if there are any, and for a caller that may read customers; at most five"),
        ]
    ]


class CustomerRecord(TypedDict):
    """A customer."""

    customer_id: CustomerId
    first_name: FirstName
    last_name: LastName
    age: Age
    date_of_birth: Annotated[
        date | None, Field(description="the date of birth, by which the age is computed, if known")
    ]
    phone_number: Phone
    monthly_income: Income
    approved_limit: Limit


class Exposure(TypedDict):
    """What the customer owes today."""

    approved_limit: Limit
    current_principal: Annotated[Decimal, Field(description="the amounts of the current loans together, in rupees")]
    current_emis: Annotated[
        Decimal, Field(description="the monthly instalments of the current loans together, in rupees")
    ]
    emi_share_of_income: Annotated[
        Decimal, Field(description="the instalments as a share of the income, with 4 decimals")
    ]
    loans: Annotated[int, Field(description="approved loans ever")]


class CustomerWithExposure(CustomerRecord):
    """A customer with the exposure of today."""

    exposure: Annotated[Exposure, Field(description="what the customer owes today")]


class CustomersPage(TypedDict):
    """Customers by number."""

    customers: Annotated[list[CustomerRecord], Field(description="the customers of this page")]
    next: NextId
