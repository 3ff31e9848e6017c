"""Openings, as a workbook brings them: where loans that were made elsewhere stand when their servicing begins here."""

from datetime import date

from chalicelib.imports.kinds.columns import DATES, RUPEES, Column, Kind
from chalicelib.imports.kinds.customers import CUSTOMER_ID
from chalicelib.imports.kinds.readers import DATE, ID, money, whole_number
from chalicelib.rules.bounds import INSTALMENTS_LEFT
from chalicelib.rules.importing import SheetKind

LOAN_ID = Column(
    "Loan ID",
    "loan_id",
    ID,
    "The loan's number here, which may be another than the file it came from had.",
    example=5001,
)

OPENINGS = Kind(
    name=SheetKind.OPENINGS,
    one="opening",
    key=("loan_id",),
    columns=(
        LOAN_ID,
        CUSTOMER_ID,
        Column(
            "Opening Date",
            "opening_date",
            DATE,
            "The date of the figures in this row; not in the future.",
            example=date(2026, 4, 1),
            unit=DATES,
        ),
        Column(
            "Principal Outstanding",
            "principal_outstanding",
            money(zero=False),
            "Rupees, above 0: the principal that was left on that date.",
            example=182_450.75,
            unit=RUPEES,
            aliases=("Outstanding Principal",),
        ),
        Column(
            "Interest Due",
            "interest_due",
            money(zero=True),
            "Rupees, 0 or more: all interest that was unpaid on that date.",
            example=1_710.50,
            unit=RUPEES,
        ),
        Column(
            "First Unpaid Due Date",
            "first_unpaid_due_date",
            DATE,
            "The due date of the first instalment that was not paid.",
            example=date(2026, 4, 17),
            unit=DATES,
        ),
        Column(
            "Instalments Left",
            "instalments_left",
            whole_number(*INSTALMENTS_LEFT),
            f"A whole number from {INSTALMENTS_LEFT}: that instalment and all after it.",
            example=14,
            aliases=("Installments Left",),
        ),
    ),
    notes=("An opening begins the servicing of a loan that was made elsewhere. A loan that has its opening keeps it.",),
)
