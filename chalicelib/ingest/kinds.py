"""The two kinds of sheet as data: their columns, and what must hold between the cells of a row."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from chalicelib.ingest import cells
from chalicelib.ingest.cells import MAX_ID, Parser, Problem


class CustomerRow(NamedTuple):
    """A customer of a workbook; money in rupees, income a month."""

    customer_id: int
    first_name: str
    last_name: str
    age: int
    phone_number: str
    monthly_income: Decimal
    approved_limit: Decimal


class LoanRow(NamedTuple):
    """A loan of a workbook; money in rupees, rate in percent a year, tenure in months."""

    customer_id: int
    source_loan_id: int
    loan_amount: Decimal
    tenure: int
    interest_rate: Decimal
    monthly_installment: Decimal
    emis_paid_on_time: int
    start_date: date
    end_date: date | None


Row: TypeAlias = CustomerRow | LoanRow


@dataclass(frozen=True)
class Column:
    """A column by its title in the workbooks; `if_blank` is what an empty cell means, a Problem where it may not be."""

    title: str
    parse: Parser
    aliases: tuple[str, ...] = ()
    if_blank: Any = cells.MISSING


@dataclass(frozen=True)
class RowProblem:
    """What is wrong between the cells of a row, told at the column with the title `column`."""

    column: str
    problem: Problem


Check: TypeAlias = Callable[[Any], RowProblem | None]


@dataclass(frozen=True)
class Kind:
    """A kind of sheet. `columns` are in the order of the fields of `row_type`.

    A row that breaks a check of `refused_by` is set aside; one that breaks a check of `flagged_by` is kept.
    """

    name: str
    columns: tuple[Column, ...]
    row_type: type[CustomerRow] | type[LoanRow]
    refused_by: tuple[Check, ...] = ()
    flagged_by: tuple[Check, ...] = ()


def validate_end_not_before_start(loan: LoanRow) -> RowProblem | None:
    """A loan that ends before it was approved cannot be right."""
    if loan.end_date is None or loan.end_date >= loan.start_date:
        return None
    return RowProblem(
        "End Date",
        Problem("end_before_start", f"must not lie before Date of Approval, which is {loan.start_date}."),
    )


def validate_paid_within_tenure(loan: LoanRow) -> RowProblem | None:
    """More instalments paid than there are: the score takes it as paid in full, but somebody should look."""
    if loan.emis_paid_on_time <= loan.tenure:
        return None
    return RowProblem(
        "EMIs paid on Time",
        Problem("paid_beyond_tenure", f"is more than Tenure, which is {loan.tenure}. The row was kept as it is."),
    )


CUSTOMERS = Kind(
    name="customers",
    columns=(
        Column("Customer ID", cells.whole_number(1, MAX_ID)),
        Column("First Name", cells.name),
        # Many people have one name only.
        Column("Last Name", cells.name, if_blank=""),
        Column("Age", cells.whole_number(18, 120)),
        Column("Phone Number", cells.phone_number, aliases=("Phone", "Mobile Number")),
        Column("Monthly Salary", cells.money(zero=False), aliases=("Monthly Income",)),
        Column("Approved Limit", cells.money(zero=True), aliases=("Credit Limit",)),
    ),
    row_type=CustomerRow,
)

LOANS = Kind(
    name="loans",
    columns=(
        Column("Customer ID", cells.whole_number(1, MAX_ID)),
        Column("Loan ID", cells.whole_number(1, MAX_ID)),
        Column("Loan Amount", cells.money(zero=False)),
        Column("Tenure", cells.whole_number(1, 600), aliases=("Tenure months",)),
        Column("Interest Rate", cells.percent),
        Column(
            "Monthly payment",
            cells.money(zero=True),
            aliases=("Monthly Repayment", "Monthly Installment", "Monthly Instalment", "EMI"),
        ),
        Column("EMIs paid on Time", cells.whole_number(0, 9999)),
        Column("Date of Approval", cells.calendar_date, aliases=("Approval Date", "Start Date")),
        # A loan without an end date counts as current.
        Column("End Date", cells.calendar_date, if_blank=None),
    ),
    row_type=LoanRow,
    refused_by=(validate_end_not_before_start,),
    flagged_by=(validate_paid_within_tenure,),
)

KINDS = (CUSTOMERS, LOANS)
