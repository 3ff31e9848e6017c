"""The portfolios at hand as values: the sample in data/, and the real one beside the project where it is there."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from chalicelib.rules.score import Facts

PROJECT = Path(__file__).parents[2]
SAMPLE, REAL = PROJECT / "data", PROJECT.parent / "shared" / "data"
PORTFOLIOS = [folder for folder in (SAMPLE, REAL) if (folder / "loan_data.xlsx").exists()]


@dataclass(frozen=True)
class StatedLoan:
    """A row of a workbook of loans."""

    customer_id: int
    loan_amount: Decimal
    tenure: int
    interest_rate: Decimal
    monthly_installment: Decimal
    emis_paid_on_time: int
    start: date
    end: date


@cache
def loans_in(folder: Path) -> tuple[StatedLoan, ...]:
    return tuple(
        StatedLoan(
            customer_id=row["Customer ID"],
            loan_amount=_exact(row["Loan Amount"]),
            tenure=row["Tenure"],
            interest_rate=_exact(row["Interest Rate"]),
            monthly_installment=_exact(row["Monthly payment"]),
            emis_paid_on_time=row["EMIs paid on Time"],
            start=_day(row["Date of Approval"]),
            end=_day(row["End Date"]),
        )
        for row in _rows(folder / "loan_data.xlsx")
    )


@cache
def facts_in(folder: Path, today: date) -> tuple[Facts, ...]:
    """The facts of every customer on a day."""
    owned = defaultdict(list)
    for loan in loans_in(folder):
        owned[loan.customer_id].append(loan)
    return tuple(_facts(row, owned[row["Customer ID"]], today) for row in _rows(folder / "customer_data.xlsx"))


def _facts(customer: dict[str, Any], loans: list[StatedLoan], today: date) -> Facts:
    current = [loan for loan in loans if loan.end >= today]
    return Facts(
        monthly_income=_exact(customer["Monthly Salary"]),
        approved_limit=_exact(customer["Approved Limit"]),
        loans=len(loans),
        loans_paid_in_full=sum(loan.emis_paid_on_time >= loan.tenure for loan in loans),
        tenure_total=sum(loan.tenure for loan in loans),
        emis_paid_on_time=sum(loan.emis_paid_on_time for loan in loans),
        current_principal=sum((loan.loan_amount for loan in current), Decimal(0)),
        current_emis=sum((loan.monthly_installment for loan in current), Decimal(0)),
    )


def _rows(workbook: Path) -> Iterator[dict[str, Any]]:
    sheet = load_workbook(workbook).active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    names = [str(name).strip() for name in header]
    return (dict(zip(names, row, strict=False)) for row in rows if row and row[0] is not None)


def _exact(cell: float) -> Decimal:
    # What Excel shows is the shortest text of the float it keeps.
    return Decimal(repr(cell))


def _day(cell: datetime) -> date:
    return cell.date()
