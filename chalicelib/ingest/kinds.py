"""The two kinds of sheet as data: their columns, and what must hold between the cells of a row."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.ingest import cells
from chalicelib.ingest.cells import MAX_ID, Parser, Problem
from chalicelib.rules.bounds import AGE, PAID, TENURE
from chalicelib.rules.importing import SheetKind
from chalicelib.rules.typed.names import means_nothing

MAX_PAID = PAID.most


@dataclass(frozen=True)
class Column:
    """A column by its title in the workbooks; `if_blank` is what an empty cell means, a Problem where it may not be."""

    title: str
    parse: Parser
    aliases: tuple[str, ...] = ()
    if_blank: Any = cells.MISSING
    # What is to be said about a value that is kept.
    flag: Callable[[Any], Problem | None] | None = None


@dataclass(frozen=True)
class Check:
    """What must hold between two cells of a row: `problem` takes the values of `column` and of `against`."""

    column: str
    against: str
    problem: Callable[[Any, Any], Problem | None]


@dataclass(frozen=True)
class Kind:
    """A kind of sheet. `columns` are in the order of the columns of its staging table (storage/tables.py).

    A row that breaks a check of `refused_by` is set aside; one that breaks a check of `flagged_by` is kept.
    """

    name: str
    columns: tuple[Column, ...]
    refused_by: tuple[Check, ...] = ()
    flagged_by: tuple[Check, ...] = ()


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


CUSTOMERS = Kind(
    name=SheetKind.CUSTOMERS,
    columns=(
        Column("Customer ID", cells.whole_number(1, MAX_ID)),
        Column("First Name", cells.name, flag=means_nothing),
        # Many people have one name only.
        Column("Last Name", cells.name, if_blank="", flag=means_nothing),
        Column("Age", cells.whole_number(*AGE)),
        Column("Phone Number", cells.phone_number, aliases=("Phone", "Mobile Number")),
        Column("Monthly Salary", cells.money(zero=False), aliases=("Monthly Income",)),
        Column("Approved Limit", cells.money(zero=True), aliases=("Credit Limit",)),
    ),
)

LOANS = Kind(
    name=SheetKind.LOANS,
    columns=(
        Column("Customer ID", cells.whole_number(1, MAX_ID)),
        Column("Loan ID", cells.whole_number(1, MAX_ID)),
        Column("Loan Amount", cells.money(zero=False)),
        Column("Tenure", cells.whole_number(*TENURE), aliases=("Tenure months",)),
        Column("Interest Rate", cells.percent),
        Column(
            "Monthly payment",
            # No loan is repaid by nothing: a zero is what programs write that do not calculate.
            cells.money(zero=False),
            aliases=("Monthly Repayment", "Monthly Installment", "Monthly Instalment", "EMI"),
        ),
        Column("EMIs paid on Time", cells.whole_number(0, MAX_PAID)),
        Column("Date of Approval", cells.calendar_date, aliases=("Approval Date", "Start Date")),
        # A loan without an end date counts as current.
        Column("End Date", cells.calendar_date, if_blank=None),
    ),
    refused_by=(Check("End Date", "Date of Approval", validate_end_not_before_start),),
    flagged_by=(Check("EMIs paid on Time", "Tenure", validate_paid_within_tenure),),
)

KINDS = (CUSTOMERS, LOANS)
