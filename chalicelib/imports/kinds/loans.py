"""Loans, as a workbook brings them."""

from datetime import date

from chalicelib.imports.kinds.columns import DATES, MONTHS, PERCENT_A_YEAR, RUPEES, RUPEES_A_MONTH, Check, Column, Kind
from chalicelib.imports.kinds.customers import CUSTOMER_ID
from chalicelib.imports.kinds.readers import DATE, ID, PERCENT, money, whole_number
from chalicelib.rules.bounds import FIRST_DATE, LAST_DATE, PAID, RATE, TENURE
from chalicelib.rules.importing import SheetKind
from chalicelib.rules.typed import Problem

# More than a tenure can have is flagged and not rejected; the database's column holds no more than this.


def validate_end_not_before_start(end: date | None, start: date) -> Problem | None:
    """A loan that ends before it was approved cannot be right."""
    if end is None or end >= start:
        return None
    return Problem("end_before_start", f"must not lie before Date of Approval, which is {start}.")


def validate_paid_within_tenure(paid: int, tenure: int) -> Problem | None:
    """More instalments paid than there are: the score takes it as paid in full, but somebody should look."""
    if paid <= tenure:
        return None
    return Problem("paid_beyond_tenure", f"is more than Tenure, which is {tenure}. The row was kept as it is.")


LOANS = Kind(
    name=SheetKind.LOANS,
    one="loan",
    key=("customer_id", "source_loan_id"),
    columns=(
        CUSTOMER_ID,
        Column(
            "Loan ID",
            "source_loan_id",
            ID,
            "The loan's number: a whole number from 1. If another loan has it, this one gets a new.",
            example=5001,
        ),
        Column(
            "Loan Amount",
            "loan_amount",
            money(zero=False),
            "Rupees, above 0.",
            example=300_000,
            unit=RUPEES,
            is_decided=True,
        ),
        Column(
            "Tenure",
            "tenure",
            whole_number(*TENURE),
            f"Months: a whole number from {TENURE}.",
            example=24,
            unit=MONTHS,
            aliases=("Tenure months",),
            is_decided=True,
        ),
        Column(
            "Interest Rate",
            "interest_rate",
            PERCENT,
            f"Percent a year, from {RATE}; 11.25 means 11.25%.",
            example=11.25,
            unit=PERCENT_A_YEAR,
            is_decided=True,
        ),
        Column(
            "Monthly payment",
            "monthly_installment",
            # No loan is repaid by nothing: a zero is what programs write that do not calculate.
            money(zero=False),
            "Rupees, above 0. It is kept as it is.",
            example=14_015,
            unit=RUPEES_A_MONTH,
            aliases=("Monthly Repayment", "Monthly Installment", "Monthly Instalment", "EMI"),
            is_decided=True,
        ),
        Column(
            "EMIs paid on Time",
            "emis_paid_on_time",
            whole_number(*PAID),
            "A whole number from 0; not more than Tenure.",
            example=20,
            # One a month, so a format may call them months.
            unit=MONTHS,
        ),
        Column(
            "Date of Approval",
            "start_date",
            DATE,
            f"A date from {FIRST_DATE} to {LAST_DATE}.",
            example=date(2024, 5, 17),
            unit=DATES,
            aliases=("Approval Date", "Start Date"),
            is_decided=True,
        ),
        Column(
            "End Date",
            "end_date",
            DATE,
            "A date not before Date of Approval. Without it the loan is current.",
            example=date(2026, 5, 17),
            unit=DATES,
            # A loan without an end date counts as current.
            if_blank=None,
            is_decided=True,
        ),
    ),
    refused_by=(Check("end_date", "start_date", validate_end_not_before_start),),
    flagged_by=(Check("emis_paid_on_time", "tenure", validate_paid_within_tenure),),
    notes=(
        "Of two rows about the same loan, the lower one counts.",
        "A loan that is known already is changed to what the row says.",
        "A loan whose customer is not known yet waits until the customer arrives.",
    ),
)

# Of a loan that was made here: what was decided, and what a file may still say.
DECIDED = tuple(column for column in LOANS.columns if column.is_decided)
UNDECIDED = tuple(LOANS.column(name) for name in LOANS.values if not LOANS.column(name).is_decided)
