"""The workbook to start from: a sheet of each kind with its columns, rules that Excel checks, and notes in words."""

import hashlib
from datetime import date
from functools import cache
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from chalicelib.imports.kinds import KINDS
from chalicelib.imports.kinds.columns import Column, Kind
from chalicelib.imports.report.cells import BOLD, TITLE_FONT, fit_to_width, header, styled
from chalicelib.rules.text import joined

LAST_ROW = 1_048_576
NOTES = "Notes"

GENERAL_NOTES = (
    f"Fill in the sheets {joined((kind.name for kind in KINDS), 'and')}, one row each, and upload the workbook. A "
    "sheet may stay empty.",
    "The columns may be moved, but not renamed. Columns of your own are ignored.",
    "A row that is wrong is set aside with its reason; the others are imported all the same.",
    *(note for kind in KINDS for note in kind.notes),
    "Dates may be typed as 2024-03-31 or 31/03/2024, the day before the month.",
    "Nothing on this sheet is imported.",
)


def write_template(file: IO[bytes]) -> None:
    """Writes the template workbook to `file`."""
    book = Workbook(write_only=True)
    for kind in KINDS:
        begin_sheet(book, kind)
    _write_notes(book)
    book.save(file)


@cache
def edition() -> str:
    """A mark of what the template says: another one whenever a column, a rule or a note is another."""
    columns = [(kind.name, [_said(column) for column in kind.columns]) for kind in KINDS]
    said = repr((GENERAL_NOTES, columns))
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _said(column: Column) -> tuple[object, ...]:
    """All that the template says about a column."""
    reader = column.reader
    return (
        *(column.title, column.said, column.example),
        *(reader.check, reader.least, reader.most, reader.number_format, reader.formula),
    )


def begin_sheet(book: Workbook, kind: Kind) -> Any:
    """Adds the sheet of a kind to a workbook: header, formats of the columns, and the rules that Excel checks."""
    sheet: Any = book.create_sheet(kind.name)
    sheet.freeze_panes = "A2"
    fit_to_width(sheet)
    for number, column in enumerate(kind.columns, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = max(14, len(column.title) + 4)
        sheet.column_dimensions[letter].number_format = column.reader.number_format
        sheet.data_validations.append(_validation(column, letter))
    sheet.append(header(sheet, kind.titles))
    return sheet


def _validation(column: Column, letter: str) -> DataValidation:
    reader = column.reader
    made = DataValidation(
        type=reader.check,
        operator=None if reader.formula else "between",
        formula1=reader.formula.format(cell=f"{letter}2") or _bound(reader.least),
        formula2=None if reader.formula else _bound(reader.most),
        allow_blank=True,
        showErrorMessage=True,
        showInputMessage=True,
        errorTitle=column.title,
        error=column.said,
        promptTitle=column.title,
        prompt=column.said,
    )
    made.add(f"{letter}2:{letter}{LAST_ROW}")
    return made


def _bound(value: Any) -> str:
    return f"DATE({value.year},{value.month},{value.day})" if isinstance(value, date) else str(value)


def _write_notes(book: Workbook) -> None:
    """One column of a kind to a row: a row with several of them would be taken for the header of a sheet to import."""
    sheet: Any = book.create_sheet(NOTES)
    for letter, width in zip("ABCD", (12, 22, 72, 16), strict=True):
        sheet.column_dimensions[letter].width = width
    fit_to_width(sheet)
    sheet.append([styled(sheet, "How to fill in this workbook", TITLE_FONT)])
    for note in GENERAL_NOTES:
        sheet.append([note])
    sheet.append([])
    sheet.append(header(sheet, ["Sheet", "Column", "It must be", "Example"]))
    for kind in KINDS:
        for column in kind.columns:
            sheet.append(_note(sheet, kind, column))


def _note(sheet: Any, kind: Kind, column: Column) -> list[Any]:
    example = styled(sheet, column.example)
    example.number_format = column.reader.number_format
    example.alignment = Alignment(horizontal="left")
    return [kind.name, styled(sheet, column.title, BOLD), column.said, example]
