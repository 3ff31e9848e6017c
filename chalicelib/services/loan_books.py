"""What workbooks about a loan have in common: the loan on top, a header that stays in sight, amounts as rupees."""

import io
from collections.abc import Sequence
from typing import Any

# Lakhs and crores, as rupees are grouped; Excel takes two conditions, and what meets none is below a lakh.
RUPEES = r"[>=10000000]##\,##\,##\,##0.00;[>=100000]##\,##\,##0.00;##,##0.00"
PERCENT = '0.00##"%"'

# What stands above the header: a label, its value and the number format of that.
Line = tuple[str, object, str]


def begin_book(name: str, title: str, *, top: Sequence[Line], columns: Sequence[tuple[str, int]]) -> tuple[Any, Any]:
    """A workbook with one sheet of this name, which has all but the rows: its title, the lines on top, and the header
    of the columns, each with its width in characters. Amounts are rupees, written with all their digits.
    """
    # Half a second that only those pay who ask for a workbook.
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    from chalicelib.imports.report.cells import TITLE_FONT, fit_to_width, header, styled

    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    for number, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = f"A{len(top) + 4}"
    sheet.print_title_rows = f"{len(top) + 3}:{len(top) + 3}"
    fit_to_width(sheet)
    sheet.append([styled(sheet, title, TITLE_FONT)])
    for label, value, number_format in top:
        sheet.append([label, None, number_cell(sheet, value, number_format)])
    sheet.append([])
    sheet.append(header(sheet, [each for each, _ in columns], range(len(columns))))
    return book, sheet


def number_cell(sheet: Any, value: Any, number_format: str, *, font: Any = None) -> Any:
    """A cell with a value in a number format; in a font if one is given."""
    from openpyxl.cell import WriteOnlyCell

    cell: Any = WriteOnlyCell(sheet, value=value)
    cell.number_format = number_format
    if font:
        cell.font = font
    return cell


def bytes_of(book: Any) -> bytes:
    """The workbook as a file has it."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
