"""A statement of account as CSV and as a workbook: the period on top, a line a fact below, the balances and totals."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from chalicelib.rules.servicing.statement import Line
from chalicelib.services.files import published
from chalicelib.services.schedule_books import RUPEES, number_cell
from chalicelib.services.servicing_accounts import LoanStatement

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TITLES = ("Date", "What", "No.", "Reference", "Debit", "Credit", "Balance", "Remarks")
WIDTHS = (14, 24, 8, 24, 18, 18, 18, 40)
# What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Row(NamedTuple):
    """A line of a statement as a file has it, in rupees."""

    day: date
    what: str
    number: int | None
    reference: str
    debit: Decimal
    credit: Decimal
    balance: Decimal
    remarks: str


def rows_of(found: LoanStatement, words: Mapping[Any, str]) -> Sequence[Row]:
    """The lines; `words` has what each kind is called."""
    recorded = {each.number: each for each in found.transactions}
    return [_row(line, words, recorded) for line in found.statement.lines]


def statement_csv(found: LoanStatement, words: Mapping[Any, str]) -> str:
    """A line each for the balances at both ends, the totals and everything between. Amounts in rupees."""
    made = found.statement
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow([title.lower().removesuffix(".") for title in TITLES])
    lines.writerow([made.since.isoformat(), "Opening balance", "", "", "", "", made.opening_balance, ""])
    for row in rows_of(found, words):
        lines.writerow(["" if value is None else harmless(value) for value in row])
    lines.writerow([made.until.isoformat(), "Total", "", "", made.total_debit, made.total_credit, "", ""])
    lines.writerow([made.until.isoformat(), "Closing balance", "", "", "", "", made.closing_balance, ""])
    return text.getvalue()


def statement_link(
    s3: "S3Client", signer: "S3Client", *, bucket: str, found: LoanStatement, words: Mapping[Any, str]
) -> str:
    """A link to the workbook of a statement. The same statement is written once. Raises Unavailable without S3."""
    title = f"Loan {found.loan.loan_id}"
    # What is in the file is part of its key, so a link never leads to another loan's or an older statement.
    digest = hashlib.sha256(repr((title, found.statement, found.transactions)).encode()).hexdigest()
    key = f"statements/{digest}/{title.lower().replace(' ', '-')}-statement.xlsx"

    def made() -> bytes:
        file = io.BytesIO()
        write_statement(file, found, words)
        return file.getvalue()

    return published(s3, signer, bucket=bucket, key=key, make=made)


def write_statement(file: IO[bytes], found: LoanStatement, words: Mapping[Any, str]) -> None:
    """Writes the workbook to `file`. Amounts are rupees, written with all their digits."""
    # Half a second that only those pay who ask for a workbook.
    from openpyxl import Workbook

    from chalicelib.imports.report.cells import BOLD, TITLE_FONT, fit_to_width, header, sent_cell, styled

    made = found.statement
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("Statement")
    for letter, width in zip("ABCDEFGH", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A5"
    sheet.print_title_rows = "4:4"
    fit_to_width(sheet)
    sheet.append([styled(sheet, f"Statement of loan {found.loan.loan_id}", TITLE_FONT)])
    sheet.append(["From", _day(sheet, made.since), "to", _day(sheet, made.until)])
    sheet.append([])
    sheet.append(header(sheet, TITLES, range(len(TITLES))))
    sheet.append(_balance(sheet, made.since, "Opening balance", made.opening_balance, BOLD))
    for row in rows_of(found, words):
        amounts = [number_cell(sheet, amount or None, RUPEES) for amount in (row.debit, row.credit)]
        balance = number_cell(sheet, row.balance, RUPEES)
        texts = [row.what, row.number, sent_cell(sheet, row.reference or None)]
        sheet.append([_day(sheet, row.day), *texts, *amounts, balance, sent_cell(sheet, row.remarks or None)])
    totals = [number_cell(sheet, amount, RUPEES, font=BOLD) for amount in (made.total_debit, made.total_credit)]
    sheet.append([None, styled(sheet, "Total", BOLD), None, None, *totals])
    sheet.append(_balance(sheet, made.until, "Closing balance", made.closing_balance, BOLD))
    book.save(file)


def _row(line: Line, words: Mapping[Any, str], recorded: Mapping[int, Any]) -> Row:
    told = recorded.get(line.fact.number) if line.fact else None
    remarks = [f"reversed by No. {line.reversed_by}" if line.reversed_by else ""]
    if told and told.reverses:
        remarks.append(f"reverses No. {told.reverses}")
    remarks.append((told.reason or "") if told else "")
    return Row(
        line.value_date,
        words[line.what],
        told.number if told else None,
        (told.reference or "") if told else "",
        line.debit,
        line.credit,
        line.balance,
        ", ".join(filter(None, remarks)),
    )


def _balance(sheet: Any, day: date, words: str, amount: Decimal, font: Any) -> list[Any]:
    from chalicelib.imports.report.cells import styled

    return [
        _day(sheet, day),
        styled(sheet, words, font),
        *[None] * 4,
        number_cell(sheet, amount, RUPEES, font=font),
    ]


def _day(sheet: Any, day: date) -> Any:
    return number_cell(sheet, day, "yyyy-mm-dd")


def harmless(value: object) -> object:
    """A text with an apostrophe in front if a spreadsheet would take it for a formula; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
