"""A schedule as a workbook: the loan on top, a row an instalment below, the totals last."""

import hashlib
from typing import TYPE_CHECKING, Any

from chalicelib.rules.schedule import Instalment, Schedule
from chalicelib.services.files import published
from chalicelib.services.loan_books import PERCENT, RUPEES, Line, begin_book, bytes_of, number_cell

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COLUMNS = (
    ("No.", 8),
    ("Due date", 14),
    ("Opening balance", 20),
    ("Interest", 16),
    ("Principal", 16),
    ("Instalment", 16),
    ("Closing balance", 20),
)


def schedule_link(s3: "S3Client", signer: "S3Client", *, bucket: str, plan: Schedule, title: str) -> str:
    """A link to the workbook of a schedule. The same schedule is written once. Raises Unavailable without S3."""
    # What is in the file is part of its key, so a link never leads to another loan's or an older schedule.
    digest = hashlib.sha256(repr((title, plan)).encode()).hexdigest()
    key = f"schedules/{digest}/{title.lower().replace(' ', '-')}-schedule.xlsx"
    return published(s3, signer, bucket=bucket, key=key, make=lambda: _bytes(plan, title))


def _bytes(plan: Schedule, title: str) -> bytes:
    from chalicelib.imports.report.cells import BOLD

    book, sheet = begin_book("Schedule", title, top=_top(plan), columns=COLUMNS)
    for row in plan.rows:
        sheet.append(_cells(sheet, row))
    totals = ("Total", None, None, plan.total_interest, plan.total_principal, plan.total_paid)
    sheet.append([number_cell(sheet, value, RUPEES, font=BOLD) for value in totals])
    return bytes_of(book)


def _top(plan: Schedule) -> list[Line]:
    lines: list[Line] = [
        ("Loan amount", plan.loan_amount, RUPEES),
        ("Tenure in months", plan.tenure, "0"),
        ("Interest rate a year", plan.interest_rate, PERCENT),
        ("Monthly instalment", plan.monthly_installment, RUPEES),
    ]
    if not plan.runs_at_stated_rate:
        # The instalment was agreed upon, so the rate is what has to give.
        lines.insert(3, ("Rate it runs at a year", plan.effective_interest_rate, PERCENT))
    return lines


def _cells(sheet: Any, row: Instalment) -> list[Any]:
    number, due, *amounts = row
    return [number, number_cell(sheet, due, "yyyy-mm-dd"), *(number_cell(sheet, amount, RUPEES) for amount in amounts)]
