"""Customers, as a workbook brings them."""

from datetime import date

from chalicelib.imports.kinds.columns import DATES, MISSING, PHONES, RUPEES, RUPEES_A_MONTH, YEARS, Check, Column, Kind
from chalicelib.imports.kinds.readers import BIRTH_DATE, ID, PHONE_NUMBER, money, text_of_name, whole_number
from chalicelib.rules.bounds import AGE, NAME_LENGTH
from chalicelib.rules.importing import SheetKind
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.names import means_nothing
from chalicelib.rules.typed.phones import unlikely

CUSTOMER_ID = Column(
    "Customer ID", "customer_id", ID, "The customer's number: a whole number from 1. It is kept.", example=101
)


def validate_age_or_birth(age: int | None, born: date | None) -> Problem | None:
    """Only a date of birth makes an age unnecessary."""
    return MISSING if age is None and born is None else None


CUSTOMERS = Kind(
    name=SheetKind.CUSTOMERS,
    one="customer",
    key=("customer_id",),
    columns=(
        CUSTOMER_ID,
        Column(
            "First Name",
            "first_name",
            text_of_name(least=1),
            f"Text of {NAME_LENGTH} characters, in any script.",
            example="Asha",
            flag=means_nothing,
        ),
        Column(
            "Last Name",
            "last_name",
            text_of_name(least=0),
            f"Text of at most {NAME_LENGTH.most} characters; may be left empty.",
            example="Menon",
            # Many people have one name only.
            if_blank="",
            flag=means_nothing,
        ),
        Column(
            "Age",
            "age",
            whole_number(*AGE),
            f"Years: a whole number from {AGE}.",
            example=41,
            unit=YEARS,
            # The check below says where it is missing.
            if_blank=None,
        ),
        Column(
            "Phone Number",
            "phone_number",
            PHONE_NUMBER,
            "10 digits, as a number or as text.",
            example=9812345678,
            unit=PHONES,
            aliases=("Phone", "Mobile Number"),
            flag=unlikely,
        ),
        Column(
            "Monthly Salary",
            "monthly_income",
            money(zero=False),
            "Rupees a month, above 0.",
            example=60_000,
            unit=RUPEES_A_MONTH,
            aliases=("Monthly Income",),
        ),
        Column(
            "Approved Limit",
            "approved_limit",
            money(zero=True),
            "Rupees, 0 or more. It is kept as it is.",
            example=2_160_000,
            unit=RUPEES,
            aliases=("Credit Limit",),
        ),
        Column(
            "Date of Birth",
            "date_of_birth",
            BIRTH_DATE,
            f"A date by which the age is {AGE} today. Age may then be empty; it is computed.",
            example=date(1985, 3, 9),
            unit=DATES,
            aliases=("DOB", "Birth Date"),
            if_blank=None,
            if_absent=None,
            says_only_if_given=True,
        ),
    ),
    refused_by=(Check("age", "date_of_birth", validate_age_or_birth),),
    notes=(
        "Of two rows about the same customer, the lower one counts.",
        "A customer who is known already is changed to what the row says.",
    ),
)
