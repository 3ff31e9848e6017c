"""A schedule as a workbook: the loan on top, a row an instalment below, the totals last."""

import hashlib
import io
from typing import IO, TYPE_CHECKING, Any

from chalicelib.rules.schedule import Instalment, Schedule
from chalicelib.services.files import published

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TITLES = ("No.", "Due date", "Opening balance", "Interest", "Principal", "Instalment", "Closing balance")
WIDTHS = (8, 14, 20, 16, 16, 16, 20)

# Lakhs and crores, as rupees are grouped; Excel takes two conditions, and what meets none is below a lakh.
RUPEES = r"[>=10000000]##\,##\,##\,##0.00;[>=100000]##\,##\,##0.00;##,##0.00"
PERCENT = '0.00##"%"'


def schedule_link(s3: "S3Client", signer: "S3Client", *, bucket: str, plan: Schedule, title: str) -> str:
    """A link to the workbook of a schedule. The same schedule is written once. Raises Unavailable without S3."""
    # What is in the file is part of its key, so a link never leads to another loan's or an older schedule.
    digest = hashlib.sha256(repr((title, plan)).encode()).hexdigest()
    key = f"schedules/{digest}/{title.lower().replace(' ', '-')}-schedule.xlsx"
    return published(s3, signer, bucket=bucket, key=key, make=lambda: _bytes(plan, title))


def write_schedule(file: IO[bytes], plan: Schedule, title: str) -> None:
    """Writes the workbook to `file`. Amounts are rupees, written with all their digits."""
    # Half a second that only those pay who ask for a workbook.
    from openpyxl import Workbook

    from chalicelib.imports.report.cells import BOLD, TITLE_FONT, fit_to_width, header, styled

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Schedule")
    for letter, width in zip("ABCDEFG", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    top = _top(plan)
    sheet.freeze_panes = f"A{len(top) + 4}"
    sheet.print_title_rows = f"{len(top) + 3}:{len(top) + 3}"
    fit_to_width(sheet)
    sheet.append([styled(sheet, title, TITLE_FONT)])
    for label, value, number_format in top:
        sheet.append([label, None, number_cell(sheet, value, number_format)])
    sheet.append([])
    sheet.append(header(sheet, TITLES, range(len(TITLES))))
    for row in plan.rows:
        sheet.append(_cells(sheet, row))
    totals = ("Total", None, None, plan.total_interest, plan.total_principal, plan.total_paid)
    sheet.append([number_cell(sheet, value, RUPEES, font=BOLD) for value in totals])
    book.save(file)


def _top(plan: Schedule) -> list[tuple[str, object, str]]:
    lines: list[tuple[str, object, str]] = [
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


def number_cell(sheet: Any, value: Any, number_format: str, *, font: Any = None) -> Any:
    """A cell with a value in a number format; in a font if one is given."""
    from openpyxl.cell import WriteOnlyCell

    cell: Any = WriteOnlyCell(sheet, value=value)
    cell.number_format = number_format
    if font:
        cell.font = font
    return cell


def _bytes(plan: Schedule, title: str) -> bytes:
    file = io.BytesIO()
    write_schedule(file, plan, title)
    return file.getvalue()
