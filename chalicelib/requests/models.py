"""What the API takes. A field's description finishes the sentence "must be …", for a person and for the contract.

Numbers may also come as text, because the service this one replaces took them so.
"""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from chalicelib.rules import bounds, importing
from chalicelib.rules.bounds import AMOUNT_DECIMALS, MAX_AMOUNT, MAX_ID, Range
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.rules.text import is_plain_text, joined
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.dates import read_date
from chalicelib.rules.typed.letters import MAX_TYPED, is_blank
from chalicelib.rules.typed.names import OVERRIDES, name
from chalicelib.rules.typed.numbers import amount, number, percent, without_float_noise
from chalicelib.rules.typed.phones import phone_number
from chalicelib.rules.wording import Sentence
from chalicelib.storage.paging import Cursor

BUCKET_CODES = tuple(bucket.code for bucket in BUCKETS)

# The type of a fault whose sentence says more than what the field must be.
OUT_OF_ORDER = "out_of_order"
# Stands for a field before this one that is not valid.
NOT_VALID = object()


def _typed(read: Callable[[str], Decimal | Problem], *, from_floats: bool = False) -> BeforeValidator:
    """Takes a number of JSON, or a text as `read` reads it. `from_floats`: without the noise of binary floats."""

    def take(value: Any) -> Any:
        # Python takes True for 1; JSON's true is no number.
        if isinstance(value, bool):
            raise ValueError
        if isinstance(value, str):
            return _good(read(value))
        return without_float_noise(value) if from_floats and isinstance(value, Decimal) else value

    return BeforeValidator(take)


def _good(read: Any) -> Any:
    if isinstance(read, Problem):
        raise ValueError
    return read


def text_of(length: Range) -> StringConstraints:
    """Text of so many characters, without the blanks around it."""
    return StringConstraints(strip_whitespace=True, min_length=length.least, max_length=length.most)


WHOLE = _typed(number)
RUPEES = _typed(amount, from_floats=True)
PERCENT = _typed(percent, from_floats=True)


def printable(value: str) -> str:
    """Refuses what cannot be stored."""
    if not is_plain_text(value):
        raise ValueError
    return value


def visible(value: str) -> str:
    """Refuses what cannot be stored, of which nothing is seen, or which is seen in another order than it has."""
    if is_blank(value) or OVERRIDES.intersection(value):
        raise ValueError
    return printable(value)


def _person(value: Any) -> str:
    found = _good(name(value)) if isinstance(value, str) else ""
    # A sign for nothing is told of in an import; here nobody could be told.
    if not any(map(str.isalpha, found)):
        raise ValueError
    return str(found)


def _last_name(value: Any) -> str:
    return "" if value is None or (isinstance(value, str) and is_blank(value)) else _person(value)


def _day(value: Any) -> date:
    # What may have its day or its month first is refused: nothing here tells the order.
    found = read_date(value) if isinstance(value, str) else None
    if not isinstance(found, date):
        raise ValueError
    return found


def _birth(value: Any) -> date:
    found = read_date(value, since=bounds.FIRST_BIRTH) if isinstance(value, str) else None
    if not isinstance(found, date):
        raise ValueError
    return found


def _unless_born(value: int | None, info: ValidationInfo) -> int | None:
    # A date of birth that is not valid is told of; nobody has to give an age beside it.
    if value is None and info.data.get("date_of_birth", NOT_VALID) is None:
        raise PydanticCustomError("missing", "is required without a date of birth")
    return value


def _phone(value: Any) -> str:
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.adjusted() < MAX_TYPED:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError
    return str(_good(phone_number(str(value))))


def digits(value: Any) -> Any:
    """Lets digits alone pass for a number in an address."""
    # In an address everything is text, of which Python would also take 1_0, and pydantic 5.0.
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,19}", value, re.ASCII):
        raise ValueError
    return value


def _bucket(value: str) -> str:
    if value not in BUCKET_CODES:
        raise ValueError
    return value


Figure = Literal["money", "rate", "day", "number"]


def not_before(since: str) -> AfterValidator:
    """Refuses a day that is before the one in the field `since`, which is called `from` in a query."""
    return _in_order("must not be before", since, "day", given_as="from")


def not_below(least: str, figure: Figure) -> AfterValidator:
    """Refuses a figure that is below the one in the field `least`, because nothing is in between."""
    return _in_order("must not be below", least, figure)


def above(least: str, figure: Figure) -> AfterValidator:
    """Refuses a figure that is not above the one in the field `least`."""
    return _in_order("must be above", least, figure, is_in_order=operator.gt)


def _in_order(
    must: str,
    first: str,
    figure: Figure,
    *,
    given_as: str | None = None,
    is_in_order: Callable[[Any, Any], bool] = operator.ge,
) -> AfterValidator:
    words = f"{must} {{first:label}}, which is {{begin:{figure}}}; got {{end:{figure}}}"

    def check(end: Any, info: ValidationInfo) -> Any:
        begin = info.data.get(first)
        if begin is not None and not is_in_order(end, begin):
            sentence = Sentence(words, first=given_as or first, begin=begin, end=end)
            raise PydanticCustomError(OUT_OF_ORDER, "{sentence}", {"sentence": sentence})
        return end

    return AfterValidator(check)


Name = Annotated[
    str,
    text_of(bounds.NAME_LENGTH),
    AfterValidator(visible),
    Field(description=f"text of {bounds.NAME_LENGTH} characters without control characters"),
]
PersonName = Annotated[
    str,
    BeforeValidator(_person),
    Field(
        description=f"text of {bounds.NAME_LENGTH} characters with at least one letter, without control characters",
        json_schema_extra={"minLength": bounds.NAME_LENGTH.least, "maxLength": bounds.NAME_LENGTH.most},
    ),
]
LastName = Annotated[
    str,
    BeforeValidator(_last_name),
    Field(
        description="text as of `first_name`; empty, null or left out if there is none",
        json_schema_extra={"type": ["string", "null"], "maxLength": bounds.NAME_LENGTH.most},
    ),
]
Phone = Annotated[
    str,
    BeforeValidator(_phone),
    Field(
        description=f"a phone number of {bounds.PHONE_DIGITS} digits, as a number or text, "
        "also with +91, spaces and dashes",
        json_schema_extra={
            "type": ["string", "integer"],
            "minLength": bounds.PHONE_DIGITS,
            "maxLength": MAX_TYPED,
            "minimum": 10 ** (bounds.PHONE_DIGITS - 1),
            "maximum": 10**bounds.PHONE_DIGITS - 1,
        },
    ),
]


def _said(value: str) -> str:
    words = {word.casefold() for word in re.findall(r"\w{2,}", value)}
    if len(words) < 2 or not any(character.isalpha() for character in value):
        raise ValueError
    return visible(value)


Reason = Annotated[
    str,
    text_of(bounds.REASON_LENGTH),
    AfterValidator(_said),
    Field(
        description=f"a reason of {bounds.REASON_LENGTH} characters and at least two words, "
        "such as: salary slip of October"
    ),
]
Age = Annotated[
    int,
    WHOLE,
    Field(ge=bounds.AGE.least, le=bounds.AGE.most, description=f"a whole number of years, {bounds.AGE}"),
]
_BORN = f"a date from {bounds.FIRST_BIRTH.year} on by which the age is {bounds.AGE}, such as 1986-11-23"
BirthDate = Annotated[
    date,
    BeforeValidator(_birth),
    Field(ge=bounds.FIRST_BIRTH, le=bounds.LAST_DATE, description=_BORN),
]
# The field before it is the date of birth.
AgeUnlessBorn = Annotated[Age | None, AfterValidator(_unless_born), Field(validate_default=True)]
Income = Annotated[
    Decimal,
    RUPEES,
    Field(
        gt=0,
        le=MAX_AMOUNT,
        decimal_places=AMOUNT_DECIMALS,
        description=f"an amount in rupees above 0 and at most {MAX_AMOUNT}, with at most {AMOUNT_DECIMALS} decimals",
    ),
]
CustomerId = Annotated[int, WHOLE, Field(ge=1, le=MAX_ID, description="the whole number of a customer, 1 or more")]
Amount = Annotated[
    Decimal,
    RUPEES,
    Field(
        ge=bounds.LOAN_AMOUNT.least,
        le=bounds.LOAN_AMOUNT.most,
        decimal_places=AMOUNT_DECIMALS,
        description=f"an amount in rupees, {bounds.LOAN_AMOUNT}, with at most {AMOUNT_DECIMALS} decimals",
    ),
]
Rate = Annotated[
    Decimal,
    PERCENT,
    Field(
        ge=bounds.RATE.least,
        le=bounds.RATE.most,
        decimal_places=bounds.RATE_DECIMALS,
        description=f"percent a year, {bounds.RATE}, with at most {bounds.RATE_DECIMALS} decimals",
    ),
]
Limit = Annotated[
    Decimal,
    RUPEES,
    Field(
        ge=bounds.LIMIT.least,
        le=bounds.LIMIT.most,
        decimal_places=AMOUNT_DECIMALS,
        description=f"an amount in rupees, {bounds.LIMIT}, with at most {AMOUNT_DECIMALS} decimals",
    ),
]
Day = Annotated[
    date,
    BeforeValidator(_day),
    Field(
        ge=bounds.FIRST_DATE,
        le=bounds.LAST_DATE,
        description=f"a date from {bounds.FIRST_DATE.year} to {bounds.LAST_DATE.year}, such as 2026-11-23",
    ),
]
# The last of some days, of which the field `since` has the first.
LastDay = Annotated[Day, not_before("since")]
CustomerNumber = Annotated[CustomerId, BeforeValidator(digits)]
LoanNumber = Annotated[int, BeforeValidator(digits), Field(ge=1, le=bounds.MAX_ID, description="the number of a loan")]
CursorId = Annotated[
    int,
    BeforeValidator(digits),
    Field(ge=0, le=MAX_ID, description="the number that `next` gave on the page before"),
]
Tenure = Annotated[
    int,
    WHOLE,
    Field(ge=bounds.TENURE.least, le=bounds.TENURE.most, description=f"a whole number of months, {bounds.TENURE}"),
]

FileName = Annotated[
    str,
    text_of(bounds.FILE_NAME_LENGTH),
    AfterValidator(visible),
    Field(description=f"the name of an .xlsx, .xlsm or .csv file, at most {bounds.FILE_NAME_LENGTH.most} characters"),
]
BucketCode = Annotated[
    str,
    AfterValidator(_bucket),
    Field(description=joined(BUCKET_CODES, "or"), json_schema_extra={"enum": list(BUCKET_CODES)}),
]
FindingOutcome = Annotated[importing.FindingOutcome, Field(description=joined(importing.FINDING_OUTCOMES, "or"))]


class Model(BaseModel):
    """What every model here has: its validator is built when the first request needs it, not at the cold start."""

    model_config = ConfigDict(defer_build=True)


# What may be null: in the contract the type of a field that may be left out is not null by itself.
OR_NULL = Field(json_schema_extra={"type": ["string", "null"]})


class PatchBody(Model):
    """The body of a PATCH: what is not given stays as it is, and something has to be given. Null takes away what
    `taken_away` names, and stands for the value that it has there.
    """

    model_config = ConfigDict(extra="forbid")

    taken_away: ClassVar[Mapping[str, Any]] = {}

    def changes(self) -> dict[str, Any]:
        """The fields that are given, by name."""
        given = self.model_dump(exclude_none=True)
        return {**{name: self.taken_away[name] for name in self.model_fields_set & self.taken_away.keys()}, **given}


class PatchCustomerBody(PatchBody):
    """`PATCH /api/customers/{customer_id}/`: what is not given stays as it is."""

    taken_away: ClassVar[Mapping[str, Any]] = {"last_name": "", "date_of_birth": None}

    first_name: PersonName | None = None
    last_name: LastName | None = Field(None, description="text as of `first_name`; empty or null if there is none")
    date_of_birth: Annotated[BirthDate, OR_NULL] | None = Field(None, description=f"{_BORN}; null takes it away")
    age: Age | None = None
    approved_limit: Limit | None = None
    monthly_income: Income | None = None
    phone_number: Phone | None = None
    reason: Reason | None = None


class ScheduleBody(Model):
    """`POST /api/schedule/`: without an instalment, it is the EMI; without a date, the loan starts today."""

    model_config = ConfigDict(extra="ignore")

    loan_amount: Amount
    interest_rate: Rate
    tenure: Tenure
    monthly_installment: Income | None = None
    start_date: Day | None = None


class PageQuery(Model):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, BeforeValidator(digits), Field(ge=1, le=100, description="a whole number, 1 to 100")] = 20

    def cursor(self, size: int | None = None) -> Cursor:
        """The part of the list that is asked for, of `size` rows if the query does not say how many."""
        # A list has one of the two. No row has the number 0, which `after` is at the beginning.
        behind = getattr(self, "after", None) or getattr(self, "before", None)
        return Cursor(size or self.limit, behind)


Searched = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=bounds.MAX_SEARCH_LENGTH),
    AfterValidator(printable),
    Field(description=f"text of at most {bounds.MAX_SEARCH_LENGTH} characters"),
]


class CustomersQuery(PageQuery):
    """`GET /api/customers/`"""

    q: Searched = Field(
        "",
        description=f"text of at most {bounds.MAX_SEARCH_LENGTH} characters: the beginnings of words of a name in any "
        "order, the beginning or last four digits of a phone number, or a customer's number",
    )
    after: CursorId = 0


class LoansQuery(PageQuery):
    """`GET /api/loans/`"""

    customer_id: CustomerNumber | None = None
    state: Annotated[Literal["current", "ended"], Field(description="current or ended")] | None = None
    bucket: BucketCode | None = Field(None, alias="class")
    after: CursorId = 0

    def current(self) -> bool | None:
        """Whether the loans are to be current; None where any will do."""
        return None if self.state is None else self.state == "current"


class ApplicationsQuery(PageQuery):
    """`GET /api/applications/`"""

    customer_id: CustomerNumber | None = None
    outcome: Annotated[Literal["approved", "refused"], Field(description="approved or refused")] | None = None
    since: Day | None = Field(None, alias="from")
    to: LastDay | None = None
    before: CursorId | None = None

    def approved(self) -> bool | None:
        """The outcome as it is stored; None where any will do."""
        return None if self.outcome is None else self.outcome == "approved"


class StartImportBody(Model):
    """`POST /api/imports/`"""

    model_config = ConfigDict(extra="forbid")

    file_name: FileName
    dry_run: Annotated[bool, Field(description="true or false")] = False


class ImportsQuery(PageQuery):
    """`GET /api/imports/`"""

    before: CursorId | None = None


class ImportRowsQuery(PageQuery):
    """`GET /api/imports/{import_id}/rows/`"""

    outcome: FindingOutcome | None = None
    after: CursorId = 0


class ImportChangesQuery(PageQuery):
    """`GET /api/imports/{import_id}/changes/`"""

    # None is the first sheet that changed something. A name of a sheet of a workbook has 31 characters at most.
    sheet: (
        Annotated[
            str,
            StringConstraints(max_length=100),
            AfterValidator(printable),
            Field(description="the name of a sheet, of at most 100 characters"),
        ]
        | None
    ) = None
    after: CursorId = 0


class FormatQuery(Model):
    """`GET /api/loans/{loan_id}/schedule/`"""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[Literal["json", "csv", "xlsx"], Field(description="json, csv or xlsx")] | None = None


class DocsQuery(Model):
    """`GET /api/docs/`"""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[Literal["html", "json"], Field(description="html or json")] | None = None


class RegisterBody(Model):
    """`POST /api/register/`: the age may be left out where the date of birth is given."""

    # That one of the two is there is not said in the schema: generators make no class of an anyOf.
    model_config = ConfigDict(extra="forbid")

    first_name: PersonName
    last_name: LastName = ""
    date_of_birth: BirthDate | None = None
    age: AgeUnlessBorn = None
    monthly_income: Income
    phone_number: Phone


class CheckEligibilityBody(Model):
    """`POST /api/check-eligibility/`: saves nothing, so a field too many does no harm."""

    model_config = ConfigDict(extra="ignore")

    customer_id: CustomerId
    loan_amount: Amount
    interest_rate: Rate
    tenure: Tenure


class CreateLoanBody(CheckEligibilityBody):
    """`POST /api/create-loan/`"""

    model_config = ConfigDict(extra="forbid")
