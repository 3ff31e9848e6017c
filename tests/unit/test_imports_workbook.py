"""A file as a whole: is it a workbook, which of its sheets are ours, and what is in their rows."""

import json
import re
import tracemalloc
import zipfile
from array import array
from contextlib import suppress
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from chalicelib.imports import headers
from chalicelib.imports.headers import Layout, find_layouts
from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS
from chalicelib.imports.reading import sheets, xlsx, xml_parts
from chalicelib.imports.reading.cells import ERROR_NAMES, ErrorCell
from chalicelib.imports.reading.marks import with_marks
from chalicelib.imports.reading.plain_rows import PlainRows
from chalicelib.imports.reading.shared_strings import SharedStrings
from chalicelib.imports.reading.workbook import OLD_OFFICE_FORMAT, FileRefused, read_workbook
from chalicelib.imports.reading.xml_parts import MAIN
from chalicelib.imports.rows import Chunk, read_chunks
from chalicelib.imports.s3_events import ObjectReference, UnknownMessage, message_for, references
from chalicelib.imports.titles import normalised
from tests.support.workbooks import (
    CUSTOMER_HEADER,
    LOAN_HEADER,
    customer,
    customers_book,
    loan,
    loans_book,
    one_cell_at,
    packed,
    unpacked,
    workbook,
)


def layouts_of(content: bytes) -> list[Layout]:
    return find_layouts(read_workbook(BytesIO(content)))[0]


def only_chunk(content: bytes) -> Chunk:
    (chunk,) = read_chunks(layouts_of(content))
    return chunk


def good_rows(chunk: Chunk) -> list[tuple[Any, ...]]:
    return list(zip(*chunk.columns, strict=True))


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefused) as caught:
        layouts_of(content)
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\r\n", b"\xef\xbb\xbf", b" \t\n"])
def test_a_file_with_nothing_in_it_is_said_to_be_empty(content: bytes) -> None:
    assert refusal(content).startswith("The file is empty")


def test_titles_below_a_long_letterhead_are_said_to_stand_too_low() -> None:
    above = [[f"Line {number}"] for number in range(25)]
    assert "in one of its first 20 rows" in refusal(workbook({"S": [*above, CUSTOMER_HEADER, customer()]}))
    text = "\n".join([*("Line" for _ in above), ",".join(CUSTOMER_HEADER), "1,Asha,Rao,41,9812345678,60000,0"])
    assert "in one of its first 20 lines" in refusal(text.encode())


@pytest.mark.parametrize(
    "content", [b"Dear Sir or Madam", b"%PDF-1.7\n%a,b;c\n\0", b"Name\nAsha\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"]
)
def test_a_file_that_is_no_zip_and_no_table_is_neither(content: bytes) -> None:
    assert refusal(content).startswith("The file is neither an .xlsx workbook nor a .csv file")


@pytest.mark.parametrize(
    "content",
    [
        b"<html><body><table><tr><td>Customer ID</td><td>Loan ID</td></tr></table></body></html>",
        b'\xef\xbb\xbf\r\n <?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>',
        b"\r\n\t<TABLE border=1>\r\n<tr><td>1,2</td></tr></TABLE>",
    ],
)
def test_a_web_page_that_is_named_as_a_workbook_is_said_to_be_one(content: bytes) -> None:
    assert refusal(content) == (
        "The file is a web page or XML, which Excel opens as a table; open it in Excel, and save it as .xlsx."
    )


def test_a_workbook_that_was_cut_off_on_its_way_is_said_to_be() -> None:
    whole = customers_book(customer())
    for part in (b"PK\x03\x04 and no more", whole[: len(whole) // 2], whole[:-30]):
        assert refusal(part) == (
            "The file begins as an .xlsx workbook, and its end is missing or damaged: it may have been cut off on its "
            "way. Save or export it again, and send it whole."
        )


def test_another_zip_is_no_workbook() -> None:
    assert "a zip archive but not an .xlsx workbook" in refusal(packed({"word/document.xml": b"<w/>"}))


def test_an_encrypted_or_old_workbook_is_named_as_such() -> None:
    assert "encrypted or in the old .xls format" in refusal(OLD_OFFICE_FORMAT + bytes(600))


def test_a_workbook_with_broken_parts_is_damaged() -> None:
    assert "damaged" in refusal(packed({"xl/workbook.xml": b"<workbook", "[Content_Types].xml": b""}))


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed({"xl/workbook.xml": b"<w/>", "xl/worksheets/sheet1.xml": b" " * 60 * 2**20})
    assert "unpacks from" in refusal(bomb)
    monkeypatch.setattr(xlsx, "MAX_UNCOMPRESSED_BYTES", 1000)
    assert "split it" in refusal(customers_book(customer()))


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_workbook_with_flipped_bytes_is_read_or_refused(flips: list[tuple[float, int]]) -> None:
    content = bytearray(customers_book(customer()))
    for place, byte in flips:
        content[int(place * len(content))] = byte
    with suppress(FileRefused):
        list(read_chunks(layouts_of(bytes(content))))


def test_an_empty_workbook_says_so() -> None:
    assert (
        refusal(workbook({"Sheet1": [], "Sheet2": []})) == "The workbook is empty: there is nothing in Sheet1, Sheet2."
    )


def test_columns_are_found_whatever_their_order_case_spaces_and_underscores() -> None:
    titles = ["approved_limit", "MONTHLY SALARY", " Phone  Number", "age", "last-name", "FirstName", "customer id"]
    (row,) = good_rows(only_chunk(workbook({"x": [titles, list(reversed(customer(7)))]})))
    assert row[:4] == (7, "Asha", "Menon", 41)


def test_a_sheet_is_known_by_its_header_not_by_its_name() -> None:
    book = workbook({"loans": [CUSTOMER_HEADER, customer()], "customers": [LOAN_HEADER, loan()]})
    assert [layout.kind for layout in layouts_of(book)] == [CUSTOMERS, LOANS]


def test_a_title_may_stand_above_the_header_and_row_numbers_are_those_of_excel() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for column, (title, value) in enumerate(zip(CUSTOMER_HEADER, customer(), strict=True), start=3):
        sheet.cell(row=6, column=column, value=title)
        sheet.cell(row=9, column=column, value=value)  # type: ignore[call-overload]
    sheet.cell(row=3, column=4, value="Customers of March")
    file = BytesIO()
    book.save(file)
    chunk = only_chunk(file.getvalue())
    assert chunk.row_numbers == [9]


def test_missing_columns_are_listed_beside_what_was_found() -> None:
    header = [title for title in LOAN_HEADER if title not in ("Tenure", "End Date")]
    assert refusal(workbook({"May": [[*header, "City"]]})) == (
        "The sheet May of loans lacks the columns Tenure, End Date. Found in row 1: Customer ID, Loan ID, Loan Amount, "
        "Interest Rate, Monthly payment, EMIs paid on Time, Date of Approval, City."
    )


def test_a_workbook_about_something_else_says_what_was_expected_and_found() -> None:
    sentence = refusal(workbook({"Stock": [["Item", "Price"], ["Pen", 12]]}))
    assert sentence.startswith(
        "No sheet has the columns of customers, loans, openings or receipts in one of its first 20 rows. Expected "
    )
    assert sentence.endswith("Found Stock: Item, Price.")


def test_blank_rows_are_no_rows() -> None:
    chunk = only_chunk(customers_book([None] * 7, customer(1), [" "] + [None] * 6, customer(2), [None] * 7))
    assert (chunk.row_numbers, chunk.positions, chunk.findings, chunk.end) == ([3, 5], [1, 3], [], 4)


def test_a_row_with_several_bad_cells_says_all_of_them() -> None:
    chunk = only_chunk(loans_book(loan(None, "x", tenure=0, end_date="soon")))
    assert good_rows(chunk) == []
    assert [(finding.row_number, finding.column_name, finding.value, finding.code) for finding in chunk.findings] == [
        (2, "Customer ID", None, "missing"),
        (2, "Loan ID", "x", "not_a_number"),
        (2, "Tenure", "0", "out_of_range"),
        (2, "End Date", "soon", "not_a_date"),
    ]


def test_a_loan_that_ends_before_it_begins_is_refused() -> None:
    (finding,) = only_chunk(loans_book(loan(end_date="2020-01-01"))).findings
    assert finding.message == (
        "End Date must not lie before Date of Approval, which is 2023-05-17. Invalid value: 2020-01-01."
    )


def test_more_instalments_paid_than_there_are_is_kept_and_flagged() -> None:
    chunk = only_chunk(loans_book(loan(tenure=12, emis_paid_on_time=13)))
    assert len(good_rows(chunk)) == 1
    assert [(finding.outcome, finding.code) for finding in chunk.findings] == [("flagged", "paid_beyond_tenure")]


def test_thousands_of_instalments_paid_are_kept_and_flagged_as_far_as_the_database_holds_them() -> None:
    chunk = only_chunk(loans_book(loan(1, 1, emis_paid_on_time=32_767), loan(1, 2, emis_paid_on_time=32_768)))
    assert [row[6] for row in good_rows(chunk)] == [32_767]
    assert [(finding.row_number, finding.code) for finding in chunk.findings] == [
        (2, "paid_beyond_tenure"),
        (3, "out_of_range"),
    ]


@pytest.mark.parametrize("error", ERROR_NAMES)
def test_an_error_of_excel_in_a_file_of_text_is_one_in_every_column(error: str) -> None:
    chunk = only_chunk((",".join(LOAN_HEADER) + "\n" + ",".join([error] * 8) + f", {error} \n").encode())
    assert [(finding.column_name, finding.code) for finding in chunk.findings] == [
        (title, "error_cell") for title in LOAN_HEADER
    ]


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    for row in (LOAN_HEADER, loan(1, 1), loan(1, 2, start_date=43601), loan(1, 3, start_date="43601")):
        sheet.append(row)
    file = BytesIO()
    book.save(file)
    assert [row[7:] for row in good_rows(only_chunk(file.getvalue()))] == [(date(2023, 5, 17), date(2025, 5, 17))] * 3


def test_a_last_name_may_be_left_out_and_a_first_name_may_not() -> None:
    chunk = only_chunk(customers_book(customer(1, last_name=None), customer(2, first_name=" ")))
    assert [row[0] for row in good_rows(chunk)] == [1]
    assert [finding.column_name for finding in chunk.findings] == ["First Name"]


def test_an_error_of_excel_is_not_taken_for_an_empty_cell() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for column, (title, value) in enumerate(zip(LOAN_HEADER, loan(), strict=True), start=28):
        sheet.cell(row=3, column=column, value=title)
        sheet.cell(row=5, column=column, value=value)  # type: ignore[call-overload]
        sheet.cell(row=6, column=column, value=value)  # type: ignore[call-overload]
    sheet.cell(row=6, column=36, value="#N/A").data_type = "e"
    file = BytesIO()
    book.save(file)
    chunk = only_chunk(file.getvalue())
    assert chunk.row_numbers == [5]
    assert [(finding.row_number, finding.column_name, finding.value, finding.code) for finding in chunk.findings] == [
        (6, "End Date", "#N/A", "error_cell")
    ]


def test_error_cells_are_found_in_every_piece_of_a_large_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in range(1, 300):
        sheet.cell(row=row, column=1, value=row)
        sheet.cell(row=row, column=2, value="#REF!").data_type = "e"
    file = BytesIO()
    book.save(file)
    monkeypatch.setattr(xml_parts, "BLOCK_BYTES", 100)
    file.seek(0)
    (read,) = read_workbook(file)
    assert [row[1] for _, row in read.rows()] == [ErrorCell("#REF!")] * 299


def test_a_sheet_is_read_in_chunks() -> None:
    layouts = layouts_of(customers_book(*(customer(number) for number in range(1, 26))))
    chunks = list(read_chunks(layouts, size=10))
    assert [len(good_rows(chunk)) for chunk in chunks] == [10, 10, 5]
    assert [(chunk.start, chunk.end) for chunk in chunks] == [(0, 10), (10, 20), (20, 25)]


def test_reading_goes_on_anywhere_across_the_sheets_of_a_workbook() -> None:
    rows = {name: [CUSTOMER_HEADER, *(customer(first + number) for number in range(3))] for name, first in
            (("A", 10), ("B", 20))}  # fmt: skip
    layouts = layouts_of(workbook(rows))
    whole = [row[0] for chunk in read_chunks(layouts) for row in good_rows(chunk)]
    for start in range(8):
        rest = list(read_chunks(layouts, start=start))
        assert [row[0] for chunk in rest for row in good_rows(chunk)] == whole[start:]
        assert [place for chunk in rest for place in chunk.positions] == list(range(start, 6))


def test_true_is_not_taken_for_the_number_one() -> None:
    chunk = only_chunk(loans_book(loan(1, 1), loan(True, 2)))
    assert [(finding.row_number, finding.value) for finding in chunk.findings] == [(3, "TRUE")]


CSV = """Customer ID{d}First Name{d}Last Name{d}Age{d}Phone Number{d}Monthly Salary{d}Approved Limit
1{d}"Asha{d} ""A"" B"{d}Menon{d}41{d}9812345678{d}"60,000.50"{d}2200000
{d}{d}{d}{d}{d}{d}
2{d}Jürgen{d}{d}17{d}9812345679{d}60000{d}0
3{d}आशा
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_text_with_commas_or_semicolons_is_a_sheet(encoding: str, delimiter: str, line_end: str) -> None:
    content = CSV.format(d=delimiter).replace("\n", line_end).encode(encoding)
    chunk = only_chunk(content)
    assert good_rows(chunk) == [
        (1, f'Asha{delimiter} "A" B', "Menon", 41, "9812345678", Decimal("60000.50"), Decimal(2200000), None)
    ]
    assert [(finding.sheet, finding.row_number, finding.column_name) for finding in chunk.findings] == [
        ("csv", 4, "Age"),
        *[("csv", 5, title) for title in ("Age", "Phone Number", "Monthly Salary", "Approved Limit")],
    ]


def test_text_in_another_encoding_is_refused() -> None:
    assert refusal(CSV.format(d=";").encode("latin-1", "replace")) == (
        "The .csv file is not in UTF-8; save it in Excel as CSV UTF-8."
    )
    assert "not in UTF-8" in refusal(CSV.format(d=";").encode("utf-16"))


def test_text_that_lacks_columns_says_so() -> None:
    header = "Loan ID,Customer ID,Loan Amount,Interest Rate,EMI,EMIs paid on Time,Date of Approval\n"
    assert "The sheet csv of loans lacks the columns Tenure, End Date." in refusal(header.encode())


def test_text_of_too_many_columns_is_refused() -> None:
    assert "Row 2 of the .csv file has 1001 cells" in refusal(b"Customer ID,Age\n" + b"1," * 1000 + b"\n")


@pytest.mark.parametrize("row", [b"," * 2**21, b'1,"' + b'\n","' * 2**19, b'1,"' + b"a\n" * 2**20, b"a" * 2**18])
def test_a_row_of_text_that_is_too_long_is_refused_before_there_are_cells_of_it(row: bytes) -> None:
    tracemalloc.start()
    sentence = refusal(b"Customer ID,Age\n1,2\n" + row + b"\n")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sentence.startswith("The row that begins in line 3 of the .csv file cannot be read: ")
    assert most < 20 * 2**20


LOANS_BELOW = ",".join(LOAN_HEADER) + "\n"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ('1,"2,3\n4,5,6\n', "in line 2 of the .csv file cannot be read: a quotation mark that is opened in it is not"),
        ('1,2\n1,"2,3\n4,"5",6\n', "in line 3 of the .csv file cannot be read: text follows a closing quotation mark"),
        ('1,"2,3\n' + "4,5\n" * 150 + '6",7\n', "in line 2 of the .csv file cannot be read: it has more than 100"),
        ("1," + "2" * 140_000, "in line 2 of the .csv file cannot be read: a cell of it has more than 131072"),
    ],
)  # fmt: skip
def test_a_stray_quotation_mark_refuses_the_file_instead_of_swallowing_rows(rows: str, why: str) -> None:
    assert why in refusal((LOANS_BELOW + rows).encode())


def test_a_cell_of_text_may_have_lines_and_quotation_marks() -> None:
    rows = "".join(
        f'{number},"A ""{number}""",M,41,9812345678,60000,0,"Note\nof\r\n3 lines"\n' for number in range(1, 400)
    )
    chunk = only_chunk((",".join(CUSTOMER_HEADER) + ",Note\n" + rows).encode())
    assert [row[:2] for row in good_rows(chunk)] == [(number, f'A "{number}"') for number in range(1, 400)]


@pytest.mark.parametrize("address", ["XFD1048576", "xfd1048576", "ZZ900000", "A99999999", "B4294967295", "ZZZZZZ3"])
def test_a_stray_cell_far_away_is_named_instead_of_making_room_for_it(address: str) -> None:
    assert "Delete what stands far below or to the right" in refusal(one_cell_at(address))


@pytest.mark.parametrize("row", [b'<row r="1048576" ht="21.6"></row>', b'<row><c r="B1048576" s="1"/></row>'])
def test_the_last_row_of_a_sheet_may_be_written_without_a_value(row: bytes) -> None:
    """LibreOffice does that if somebody gave a height to all rows; there is nothing to be seen, nor to be deleted."""
    parts = unpacked(one_cell_at("AZ900"))
    name = "xl/worksheets/sheet1.xml"
    book = packed(parts | {name: parts[name].replace(b"</sheetData>", row + b"</sheetData>")})
    chunks = list(read_chunks(layouts_of(book)))
    assert [row[0] for chunk in chunks for row in good_rows(chunk)] == [1]


def test_the_search_for_titles_looks_at_cells_with_something_in_them_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(title: str) -> str:
        asked.append(title)
        return normalised(title)

    monkeypatch.setattr(headers, "normalised", counted)
    layouts_of(one_cell_at("A3"))
    for_narrow_rows = len(asked)
    asked.clear()
    layouts_of(one_cell_at("XFD3"))
    assert len(asked) == for_narrow_rows


@pytest.mark.parametrize("address", ["Z500", "AZ900"])
def test_a_stray_cell_for_which_there_is_room_does_no_harm(address: str) -> None:
    chunks = list(read_chunks(layouts_of(one_cell_at(address))))
    assert [row[0] for chunk in chunks for row in good_rows(chunk)] == [1]


@pytest.mark.parametrize("cells", [1, 30, 45, 1_000])
def test_a_sheet_is_the_same_in_whatever_stretches_it_is_read(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = unpacked(customers_book(*(customer(number) for number in range(1, 40))))
    # Rows that are not there, and rows without a cell.
    sheet = re.sub(rb'<row r="(?:7|8|9|21)".*?</row>', b"", parts["xl/worksheets/sheet1.xml"])
    book = packed(parts | {"xl/worksheets/sheet1.xml": sheet.replace(b'<row r="22"', b'<row r="21"/><row r="22"')})
    (whole,) = [good_rows(chunk) for chunk in read_chunks(layouts_of(book))]
    monkeypatch.setattr(sheets, "CELLS_AT_ONCE", cells)
    assert [row for chunk in read_chunks(layouts_of(book)) for row in good_rows(chunk)] == whole


def repeated_text(cell: bytes, text: str, cells: int, shared_text: str = "<si><t>%s</t></si>") -> bytes:
    """A workbook of customers in which many more cells have one text, which they share."""
    with zipfile.ZipFile(BytesIO(customers_book(customer()))) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    rows = b"".join(b'<row r="%d">%b</row>' % (row, cell.replace(b"#", b"%d" % row)) for row in range(3, cells + 3))
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>", rows + b"</sheetData>"
    )
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{namespace}">{shared_text % text}</sst>'.encode()
    return packed(parts)


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="J#" t="s"><v>0</v></c>',
        b"<c t='s' r='J#' ><v>0</v></c>",
        b'<c r="J#" x=">" t="s"><v>0</v></c>',
        b'<c r="J#" t="inlineStr"><is><t>0</t></is></c><c r="K#" t="s"><f>1</f><v>0</v></c>',
    ],
)
@pytest.mark.parametrize("shared_text", ["<si><t>%s</t></si>", "<si><r><t>%s</t></r><rPh/></si>"])
def test_a_text_that_many_cells_share_counts_for_each_of_them(cell: bytes, shared_text: str) -> None:
    assert "The texts in the cells of the workbook have" in refusal(
        repeated_text(cell, "x" * 30_000, 10_000, shared_text)
    )


def test_long_texts_that_few_cells_share_do_no_harm() -> None:
    few = b'<c r="J#" t="s"><v>1</v></c>'
    texts = "<si><t>" + "y" * 30_000 + "</t></si><si><t>%s</t></si>"
    chunks = list(read_chunks(layouts_of(repeated_text(few, "x", 10_000, texts))))
    assert [row[0] for chunk in chunks for row in good_rows(chunk)] == [1]


@pytest.mark.parametrize("text", [b"x" * 30_000, b"<![CDATA[" + b"x" * 30_000 + b"]]>"])
def test_texts_that_no_cells_share_count_as_well(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(xlsx, "MAX_TEXT_BYTES", 1_000_000)
    assert "The texts in the cells" in refusal(repeated_text(b'<c r="J#" t="str"><v>%b</v></c>' % text, "x", 40))
    layouts_of(repeated_text(b'<c r="J#" t="str"><v>%b</v></c>' % text, "x", 20))


def test_many_sheets_that_share_many_texts_are_refused_because_each_reads_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sheets = {str(number): [CUSTOMER_HEADER, customer(number + 1)] for number in range(40)}
    texts = "".join(f"<si><t>{number:100}</t></si>" for number in range(1_000))
    strings = f'<sst xmlns="{MAIN[0]}">{texts}</sst>'.encode()
    content = packed(unpacked(workbook(sheets)) | {"xl/sharedStrings.xml": strings})
    assert len(layouts_of(content)) == 40
    monkeypatch.setattr(xlsx, "MAX_AGAIN_BYTES", 5_000_000)
    assert "The workbook has 40 sheets, and its styles and the texts that cells share have" in refusal(content)


def with_cells(*rows: bytes) -> bytes:
    """A workbook of loans with this XML for the rows below its header."""
    with zipfile.ZipFile(BytesIO(loans_book())) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>", b"".join(b"<row>%b</row>" % row for row in rows) + b"</sheetData>"
    )
    # openpyxl says of every workbook that it was not calculated.
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b' fullCalcOnLoad="1"', b"")
    return packed(parts)


LOAN_CELLS = b"".join(
    b'<c r="%b2"><v>%b</v></c>' % cell
    for cell in zip(
        (b"A", b"B", b"C", b"D", b"E", b"F", b"G", b"H"),
        (b"1", b"5", b"1000", b"12", b"10", b"100", b"0", b"45000"),
        strict=True,
    )
)


@pytest.mark.parametrize(
    "cell",
    [b"<f>H2+365</f><v></v></c>", b"<f>H2+365</f><v/></c>", b'<f t="shared" si="0"/></c>', b"<f>H2</f><v />\n</c>"],
)
def test_a_formula_whose_value_is_not_in_the_file_is_not_taken_for_an_empty_cell(cell: bytes) -> None:
    chunk = only_chunk(with_cells(LOAN_CELLS + b'<c r="I2">' + cell))
    assert good_rows(chunk) == []
    assert [(finding.column_name, finding.value, finding.code, finding.message) for finding in chunk.findings] == [
        (
            "End Date",
            "=?",
            "formula_without_value",
            "End Date has a formula whose value is not in the file; open the file in Excel and save it. "
            "Invalid value: =?.",
        )
    ]


@pytest.mark.parametrize("around", ["%s", "<!-- not plain -->%s"])
@pytest.mark.parametrize(
    ("cell", "code"),
    [("<f>A2</f></c>", "formula_without_value"), ("<f>A2</f><v/></c>", "formula_without_value"),
     ('<f t="shared" si="0"/><v /></c>', "formula_without_value"), (' t="e"/>', "error_cell"),
     (' t="e"><f>A2</f></c>', "error_cell")],
)  # fmt: skip
def test_a_last_row_without_any_value_is_not_dropped(cell: str, code: str, around: str) -> None:
    """openpyxl writes such rows, for example where each cell is that of another sheet."""
    rest = "".join(f'<c r="{letter}3"{"" if cell.startswith(" ") else ">"}{cell}' for letter in "ABCDEFGHI")
    content = with_cells(LOAN_CELLS, (around % rest).encode())
    chunk = only_chunk(content)
    assert (len(good_rows(chunk)), chunk.found) == (1, 2)
    assert {(finding.row_number, finding.code) for finding in chunk.findings} == {(3, code)}


def test_rows_of_formulas_alone_are_found_as_openpyxl_writes_them() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet
    sheet.append(LOAN_HEADER)
    for number in range(3):
        sheet.append([f"={letter}{number + 9}" for letter in "ABCDEFGHI"])
    file = BytesIO()
    book.save(file)
    chunk = only_chunk(file.getvalue())
    assert (chunk.found, {finding.row_number for finding in chunk.findings}) == (3, {2, 3, 4})


def test_a_formula_as_openpyxl_writes_it_is_found() -> None:
    chunk = only_chunk(loans_book(loan(end_date="=H2+365"), loan(2)))
    assert [(finding.row_number, finding.code) for finding in chunk.findings] == [(2, "formula_without_value")]


@pytest.mark.parametrize(
    "cell",
    [
        b't="str"><f>""</f><v></v></c>',
        b's="0"><f t="shared" si="0"/><v>45400</v></c>',
        b't="n"><f>H2</f>\n<v>45400</v></c>',
    ],
)
def test_a_formula_with_its_value_is_that_value_and_an_empty_text_is_one(cell: bytes) -> None:
    chunk = only_chunk(with_cells(LOAN_CELLS + b'<c r="I2" ' + cell))
    assert (len(good_rows(chunk)), chunk.findings) == (1, [])


@pytest.mark.parametrize(
    ("cell", "code"),
    [(b'<c t="e"><v>#N/A</v></c>', "error_cell"), (b"<c><f>H2+365</f></c>", "formula_without_value")],
)
def test_an_error_that_does_not_say_where_it_is_stands_behind_the_cell_before_it(cell: bytes, code: str) -> None:
    (finding,) = only_chunk(with_cells(LOAN_CELLS + cell)).findings
    assert (finding.row_number, finding.column_name, finding.code) == (2, "End Date", code)


def test_cells_and_rows_that_do_not_say_where_they_are_stand_behind_those_before_them() -> None:
    cells = re.sub(rb' r="\w+"', b"", LOAN_CELLS) + b"<c/>"
    chunk = only_chunk(with_cells(cells, cells))
    assert (len(good_rows(chunk)), chunk.row_numbers) == (2, [2, 3])


def test_cells_without_addresses_that_span_too_much_are_refused_before_they_are_read() -> None:
    cell = b"<c><v>1</v></c>"
    assert "Delete what stands far below or to the right" in refusal(with_cells(*[cell] * 9_000, cell * 9_000))
    assert only_chunk(with_cells(LOAN_CELLS + b"<c/>", *[b""] * 9_000)).found == 1


def plain_rows(xml: bytes) -> PlainRows:
    rows = PlainRows(b"", SharedStrings(array("I")), {})
    assert rows.take(xml)
    return rows


def test_error_cells_of_several_columns_come_in_the_order_of_the_rows() -> None:
    marks = plain_rows(
        b'<row r="2"><c r="B2" t="e"><v>#REF!</v></c></row><row r="3"><c r="A3" t="e"><v>#WORM!</v></c>'
        b'<c r="AB3" t="e"/></row>'
    ).marks()
    rows = ((number, [""] * 28) for number in (1, 2, 3, 4))
    seen = [
        (number, at, str(cell)) for number, row in with_marks(rows, marks, 0) for at, cell in enumerate(row) if cell
    ]
    assert seen == [(2, 1, "#REF!"), (3, 0, "#ERROR"), (3, 27, "#ERROR")]


def test_a_part_that_unpacks_to_more_than_it_says_is_damage() -> None:
    content = bytearray(customers_book(customer()))
    with zipfile.ZipFile(BytesIO(content)) as book:
        size = book.getinfo("xl/styles.xml").file_size
    # The size in the directory at the end of the file, which is the one that counts.
    at = content.rindex(b"xl/styles.xml") - 46 + 24
    assert int.from_bytes(content[at : at + 4], "little") == size
    content[at : at + 4] = (size // 2).to_bytes(4, "little")
    assert "unpacks to more than it says" in refusal(bytes(content))


def test_a_reference_survives_the_message_it_is_sent_in() -> None:
    reference = ObjectReference("loans", "seed/Kunden März+1 %.xlsx", "v1", "abc", 17, "00AF")
    assert references(message_for(reference)) == [reference]


def test_without_a_version_the_content_is_what_tells_uploads_apart() -> None:
    assert ObjectReference("b", "k", None, "abc").identity == "etag abc"


def test_a_deletion_is_nothing_to_import() -> None:
    message = json.loads(message_for(ObjectReference("b", "k", "v")))
    message["Records"][0]["eventName"] = "ObjectRemoved:Delete"
    assert references(json.dumps(message)) == []


@pytest.mark.parametrize("body", ["", "null", "[1]", "{}", '{"Records": [1]}', "[" * 100_000])
def test_a_message_that_is_no_notification_is_said_to_be_none(body: str) -> None:
    with pytest.raises(UnknownMessage):
        references(body)
