"""A statement of account as a workbook: the loan on top, the opening balance, a row for all that happened, totals."""

import hashlib
from typing import TYPE_CHECKING, Any

from chalicelib.services.files import published
from chalicelib.services.loan_books import PERCENT, RUPEES, Line, begin_book, bytes_of, number_cell
from chalicelib.services.servicing_accounts import LoanStatement
from chalicelib.services.statement_csv import StatementRow, rows_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COLUMNS = (
    ("Date", 14),
    ("What", 20),
    ("No.", 8),
    ("Reference", 24),
    ("Channel", 14),
    ("Debit", 16),
    ("Credit", 16),
    ("Balance", 18),
    ("Interest paid", 16),
    ("Principal paid", 16),
    ("Charges paid", 16),
    ("Reversed by", 12),
)


def statement_link(s3: "S3Client", signer: "S3Client", *, bucket: str, found: LoanStatement) -> str:
    """A link to the workbook of a statement. The same statement is written once. Raises Unavailable without S3."""
    # What is in the file is part of its key, so a link never leads to another loan's or an older statement.
    digest = hashlib.sha256(repr(found).encode()).hexdigest()
    key = f"statements/{digest}/loan-{found.loan.loan_id}-statement.xlsx"
    return published(s3, signer, bucket=bucket, key=key, make=lambda: _bytes(found))


def _bytes(found: LoanStatement) -> bytes:
    from chalicelib.imports.report.cells import BOLD

    made = found.statement
    book, sheet = begin_book("Statement", f"Loan {found.loan.loan_id}", top=_top(found), columns=COLUMNS)
    sheet.append(_balance(sheet, made.since, "Opening balance", (None, None, made.opening_balance), None))
    for row in rows_of(found):
        sheet.append(_cells(sheet, row))
    totals = (made.total_debit, made.total_credit, made.closing_balance)
    sheet.append(_balance(sheet, made.until, "Closing balance", totals, BOLD))
    return bytes_of(book)


def _top(found: LoanStatement) -> list[Line]:
    return [
        ("Customer", found.loan.customer_id, "0"),
        ("Loan amount", found.terms.principal, RUPEES),
        ("Interest rate a year", found.terms.annual_rate, PERCENT),
        ("Tenure in months", found.terms.tenure, "0"),
        ("Monthly instalment", found.statement.instalment, RUPEES),
    ]


def _balance(sheet: Any, day: object, title: str, amounts: tuple[object, ...], font: Any) -> list[Any]:
    first = [number_cell(sheet, day, "yyyy-mm-dd", font=font), number_cell(sheet, title, "@", font=font)]
    return [*first, None, None, None, *(number_cell(sheet, amount, RUPEES, font=font) for amount in amounts)]


def _cells(sheet: Any, row: StatementRow) -> list[Any]:
    line = row.line
    split = line.split
    parts = (split.interest, split.principal, split.charges) if split else (None, None, None)
    return [
        number_cell(sheet, line.value_date, "yyyy-mm-dd"),
        line.what.value.replace("_", " ").capitalize(),
        line.fact.number if line.fact else None,
        _text_cell(sheet, row.reference),
        _text_cell(sheet, row.channel),
        *(number_cell(sheet, amount, RUPEES) for amount in (line.debit, line.credit, line.balance, *parts)),
        line.reversed_by,
    ]


def _text_cell(sheet: Any, said: str | None) -> Any:
    """What somebody typed, which is never a formula."""
    cell = number_cell(sheet, said, "@")
    if said is not None:
        cell.data_type = "s"
    return cell
