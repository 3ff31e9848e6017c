"""Text boxes and comments: what a person reads on a sheet beside its cells."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.comments import Comment

from chalicelib.imports.headers import find_layouts
from chalicelib.imports.reading.workbook import FileRefused, read_workbook
from chalicelib.imports.rows import Chunk, read_chunks
from tests.support.workbooks import LOAN_HEADER, loan, packed, unpacked

THREADED = (
    "[Threaded comment]\n\nYour version of Excel allows you to read this threaded comment; however, any edits to it "
    "will get removed if the file is opened in a newer version of Excel. Learn more: "
    "https://go.microsoft.com/fwlink/?linkid=870924\n\nComment:\n    "
)


def read(content: bytes) -> Chunk:
    (chunk,) = read_chunks(find_layouts(read_workbook(BytesIO(content)))[0])
    return chunk


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefused) as refused:
        read(content)
    return str(refused.value)


def written(add: Callable[[Any], object], rows: Sequence[Sequence[object]] = (LOAN_HEADER, loan())) -> bytes:
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "dd/mm/yyyy"}) as book:
        sheet = book.add_worksheet("L")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        add(sheet)
    return file.getvalue()


def commented(cell: str, text: str) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.title = "L"
    for row in ((), (), LOAN_HEADER, loan(1, 1), loan(1, 2)):
        sheet.append(list(row))
    sheet[cell].comment = Comment(text, "Ravi")
    file = BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("text", ["All amounts in thousands", "Loan tape\n(Rs. in lakhs)", "Figures in USD"])
def test_a_text_box_that_says_another_unit_refuses_the_file(text: str) -> None:
    sentence = refusal(written(lambda sheet: sheet.insert_textbox("L3", text)))
    assert sentence.startswith(f"A text box of the sheet L says {' '.join(text.split())}, so its values may not be in ")


@pytest.mark.parametrize("text", ["Loans above Rs. 5 lakh", "Branch Pune", "", "All amounts in rupees"])
def test_another_text_box_refuses_nothing(text: str) -> None:
    assert len(read(written(lambda sheet: sheet.insert_textbox("L3", text))).row_numbers) == 1


@pytest.mark.parametrize(
    ("cell", "text"),
    [("C3", "in thousands"), ("C3", "Ravi:\nRs. lakhs"), ("D3", "years"), ("A1", "All amounts in ₹ lakhs"),
     ("D3", THREADED + "years"), ("E3", "% p.m.")],
)  # fmt: skip
def test_a_comment_on_or_above_the_titles_that_says_another_unit_refuses_the_file(cell: str, text: str) -> None:
    assert refusal(commented(cell, text)).startswith(f"The comment on cell {cell} of the sheet L says ")


@pytest.mark.parametrize("text", ["amount in USD", "Ravi:\ncancelled", "Loan was cancelled", THREADED + "duplicate"])
def test_a_comment_that_says_otherwise_rejects_its_row(text: str) -> None:
    chunk = read(commented("C4", text))
    assert [(found.row_number, found.code) for found in chunk.findings] == [(4, "row_says_otherwise")]
    assert "stands in a row with a comment on cell C4 that says " in chunk.findings[0].message
    assert list(chunk.row_numbers) == [5]


@pytest.mark.parametrize(
    ("cell", "text"),
    [("C4", "Ravi:\nchecked with the branch, 5 lakhs"), ("C3", "sanctioned amount"), ("D3", "months"), ("C9", "in USD"),
     ("C4", THREADED + "please confirm")],
)  # fmt: skip
def test_another_comment_changes_nothing(cell: str, text: str) -> None:
    chunk = read(commented(cell, text))
    assert (list(chunk.row_numbers), chunk.findings) == ([4, 5], [])


@pytest.mark.parametrize(
    ("cell", "text", "said"),
    [("J3", "Value in lakhs", []), ("J3", "Ravi:\nin USD", []), ("J4", "in lakhs", []), ("J4", "cancelled", [4]),
     ("J4", "All amounts of this row in lakhs", [4])],
)  # fmt: skip
def test_a_comment_in_a_column_that_is_ignored_may_say_its_unit(cell: str, text: str, said: list[int]) -> None:
    book = openpyxl.load_workbook(BytesIO(commented(cell, text)))
    sheet: Any = book["L"]
    for row, value in ((3, "Property Value"), (4, 50), (5, 60)):
        sheet.cell(row, 10, value)
    file = BytesIO()
    book.save(file)
    assert [found.row_number for found in read(file.getvalue()).findings] == said


def test_a_comment_on_a_title_that_is_ignored_may_be_about_all_values() -> None:
    book = openpyxl.load_workbook(BytesIO(commented("J3", "All amounts in lakhs")))
    sheet: Any = book["L"]
    sheet["J3"] = "Property Value"
    file = BytesIO()
    book.save(file)
    assert refusal(file.getvalue()).startswith("The comment on cell J3 of the sheet L says All amounts in lakhs")


@pytest.mark.parametrize("is_plain", [True, False])
@pytest.mark.parametrize(
    ("message", "is_refused"), [("Enter the amount in lakhs", True), ("An amount in rupees, such as 300000", False)]
)
def test_the_message_of_a_cell_may_say_its_unit(message: str, is_refused: bool, is_plain: bool) -> None:
    def add(sheet: Any) -> None:
        check = {"validate": "decimal", "criteria": ">", "value": 0, "input_title": "Loan Amount"}
        sheet.data_validation("C2:C1000", {**check, "input_message": message})

    parts = unpacked(written(add))
    if not is_plain:
        name = "xl/worksheets/sheet1.xml"
        parts[name] = parts[name].replace(b"<sheetData>", b"<sheetData><!-- -->")
    if is_refused:
        assert refusal(packed(parts)).startswith(f"A message for cells of the sheet L says Loan Amount {message}, so ")
    else:
        assert len(read(packed(parts)).row_numbers) == 1


@pytest.mark.parametrize(("cells", "is_refused"), [("J2:J1000", False), ("J2:J9 J12", False), ("I2:J9", True)])
def test_a_message_for_the_cells_of_a_column_that_is_ignored_may_say_its_unit(cells: str, is_refused: bool) -> None:
    first, *others = cells.split()

    def add(sheet: Any) -> None:
        sheet.write("J1", "Property Value")
        more = {"other_cells": [[row, 9, row, 9] for row in range(11, 11 + len(others))]}
        sheet.data_validation(first, {"validate": "any", "input_message": "In lakhs", **more})

    content = written(add)
    if is_refused:
        assert refusal(content).startswith("A message for cells of the sheet L says In lakhs")
    else:
        assert len(read(content).row_numbers) == 1


def test_a_comment_on_a_blank_row_is_about_no_row() -> None:
    book = openpyxl.load_workbook(BytesIO(commented("C6", "cancelled")))
    sheet: Any = book["L"]
    for at, value in enumerate(loan(1, 3), start=1):
        sheet.cell(8, at, value)
    file = BytesIO()
    book.save(file)
    chunk = read(file.getvalue())
    assert (list(chunk.row_numbers), chunk.findings) == ([4, 5, 8], [])


def test_a_text_box_is_found_in_whatever_dialect_it_is_written() -> None:
    parts = unpacked(written(lambda sheet: sheet.insert_textbox("L3", "in thousands")))
    parts["xl/drawings/drawing1.xml"] = parts["xl/drawings/drawing1.xml"].replace(
        b"http://schemas.openxmlformats.org/drawingml/2006/main", b"http://purl.oclc.org/ooxml/drawingml/main"
    )
    assert "A text box of the sheet L" in refusal(packed(parts))
    # Excel shows it all the same if the part is named with another case, and nothing if there is none.
    parts["xl/drawings/Drawing1.xml"] = parts.pop("xl/drawings/drawing1.xml")
    assert "A text box of the sheet L" in refusal(packed(parts))
    del parts["xl/drawings/Drawing1.xml"]
    assert len(read(packed(parts)).row_numbers) == 1
