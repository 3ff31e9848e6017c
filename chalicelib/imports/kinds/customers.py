"""Customers, as a workbook brings them."""

from chalicelib.imports.kinds.columns import RUPEES, RUPEES_A_MONTH, YEARS, Column, Kind
from chalicelib.imports.kinds.readers import ID, PHONE_NUMBER, money, text_of_name, whole_number
from chalicelib.rules.bounds import AGE, NAME_LENGTH
from chalicelib.rules.importing import SheetKind
from chalicelib.rules.typed.names import means_nothing
from chalicelib.rules.typed.phones import unlikely

CUSTOMER_ID = Column(
    "Customer ID", "customer_id", ID, "The customer's number: a whole number from 1. It is kept.", example=101
)

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
        ),
        Column(
            "Phone Number",
            "phone_number",
            PHONE_NUMBER,
            "10 digits, as a number or as text.",
            example=9812345678,
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
    ),
    notes=(
        "Of two rows about the same customer, the lower one counts.",
        "A customer who is known already is changed to what the row says.",
    ),
)
