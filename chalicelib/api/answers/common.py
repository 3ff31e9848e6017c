"""What several answers have: fields with their descriptions, and the link to a file."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from chalicelib.rules.servicing.buckets import BUCKETS


def one_of(values: Iterable[str]) -> Any:
    """A text that is one of these; for what the database says, which is text here too."""
    return Field(json_schema_extra={"enum": [str(value) for value in values]})


CustomerId = Annotated[int, Field(description="the number of the customer")]
LoanId = Annotated[int, Field(description="the number of the loan")]
FirstName = Annotated[str, Field(description="the first name")]
LastName = Annotated[str, Field(description="the last name")]
Age = Annotated[int, Field(description="the age in years")]
Phone = Annotated[str, Field(description="the phone number, 10 digits", pattern="^[0-9]{10}$")]
Income = Annotated[Decimal, Field(description="the monthly income in rupees")]
Limit = Annotated[Decimal, Field(description="the credit limit in rupees")]
Amount = Annotated[Decimal, Field(description="the amount of the loan in rupees")]
Rate = Annotated[Decimal, Field(description="the interest rate in percent a year")]
CorrectedRate = Annotated[
    Decimal,
    Field(description="the rate that applies if approved, else the requested one, in percent a year"),
]
Tenure = Annotated[int, Field(description="the tenure in months")]
Installment = Annotated[Decimal, Field(description="the monthly instalment in rupees")]
StartDate = Annotated[date, Field(description="the day from which the loan runs")]
Seconds = Annotated[int, Field(description="for how many seconds the link or form works")]
# A named type is one component of the contract, and one class of a generated client, wherever it stands.
LoanClass = TypeAliasType("LoanClass", Annotated[str, one_of(bucket.code for bucket in BUCKETS)])
NextId = Annotated[int | None, Field(description="where the next page begins; null on the last one")]


class DownloadLink(TypedDict):
    """A link to a file; who has it can use it."""

    url: Annotated[str, Field(description="where the file can be downloaded")]
    expires_in_seconds: Seconds
