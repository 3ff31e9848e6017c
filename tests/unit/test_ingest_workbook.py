"""A file as a whole: is it a workbook, which of its sheets are ours, and what is in their rows."""

import json
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from chalicelib.ingest import error_cells
from chalicelib.ingest import workbook as reader
from chalicelib.ingest.error_cells import find_error_cells
from chalicelib.ingest.events import ObjectReference, UnknownMessage, message_for, references
from chalicelib.ingest.headers import Layout, find_layouts
from chalicelib.ingest.kinds import CUSTOMERS, LOANS
from chalicelib.ingest.rows import Chunk, read_chunks
from chalicelib.ingest.workbook import FileRefused, read_workbook
from tests.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, customers_book, loan, loans_book, workbook


def layouts_of(content: bytes) -> list[Layout]:
    return find_layouts(read_workbook(BytesIO(content)))[0]


def only_chunk(content: bytes) -> Chunk:
    (layout,) = layouts_of(content)
    (chunk,) = read_chunks(layout)
    return chunk


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefused) as caught:
        layouts_of(content)
    return str(caught.value)


def zipped(parts: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in parts.items():
            container.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("content", [b"", b"Customer ID,Age\n1,20\n", b"PK\x03\x04 and no more", b"%PDF-1.7"])
def test_a_file_that_is_no_zip_is_no_workbook(content: bytes) -> None:
    assert refusal(content) == "The file is not an .xlsx workbook; save it in Excel as .xlsx."


def test_another_zip_is_no_workbook() -> None:
    assert "a zip archive but not an .xlsx workbook" in refusal(zipped({"word/document.xml": b"<w/>"}))


def test_an_encrypted_or_old_workbook_is_named_as_such() -> None:
    assert "encrypted or in the old .xls format" in refusal(reader.OLD_OFFICE_FORMAT + bytes(600))


def test_a_workbook_with_broken_parts_is_damaged() -> None:
    assert "damaged" in refusal(zipped({"xl/workbook.xml": b"<workbook", "[Content_Types].xml": b""}))


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({"xl/workbook.xml": b"<w/>", "xl/worksheets/sheet1.xml": b" " * 60 * 2**20})
    assert "unpacks from" in refusal(bomb)
    monkeypatch.setattr(reader, "MAX_UNCOMPRESSED_BYTES", 1000)
    assert "split it" in refusal(customers_book(customer()))


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_workbook_with_flipped_bytes_is_read_or_refused(flips: list[tuple[float, int]]) -> None:
    content = bytearray(customers_book(customer()))
    for place, byte in flips:
        content[int(place * len(content))] = byte
    with suppress(FileRefused):
        for layout in layouts_of(bytes(content)):
            list(read_chunks(layout))


def test_an_empty_workbook_says_so() -> None:
    assert (
        refusal(workbook({"Sheet1": [], "Sheet2": []})) == "The workbook is empty: there is nothing in Sheet1, Sheet2."
    )


def test_columns_are_found_whatever_their_order_case_spaces_and_underscores() -> None:
    titles = ["approved_limit", "MONTHLY SALARY", " Phone  Number", "age", "last-name", "FirstName", "customer id"]
    (row,) = only_chunk(workbook({"x": [titles, list(reversed(customer(7)))]})).good
    assert row.row[:4] == (7, "Asha", "Menon", 41)


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
    assert [good.row_number for good in chunk.good] == [9]


def test_missing_columns_are_listed_beside_what_was_found() -> None:
    header = [title for title in LOAN_HEADER if title not in ("Tenure", "End Date")]
    assert refusal(workbook({"May": [[*header, "City"]]})) == (
        "The sheet May of loans lacks the columns Tenure, End Date. Found in row 1: Customer ID, Loan ID, Loan Amount, "
        "Interest Rate, Monthly payment, EMIs paid on Time, Date of Approval, City."
    )


def test_a_workbook_about_something_else_says_what_was_expected_and_found() -> None:
    sentence = refusal(workbook({"Stock": [["Item", "Price"], ["Pen", 12]]}))
    assert sentence.startswith("No sheet has the columns of customers or loans. Expected customers: Customer ID, ")
    assert sentence.endswith("Found Stock: Item, Price.")


def test_blank_rows_are_no_rows() -> None:
    chunk = only_chunk(customers_book([None] * 7, customer(1), [" "] + [None] * 6, customer(2), [None] * 7))
    assert (chunk.found, [good.row_number for good in chunk.good]) == (2, [3, 5])


def test_a_row_with_several_bad_cells_says_all_of_them() -> None:
    chunk = only_chunk(loans_book(loan(None, "x", tenure=0, end_date="soon")))
    assert (chunk.found, chunk.rejected, chunk.good) == (1, 1, [])
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
    assert len(chunk.good) == 1
    assert [(finding.outcome, finding.code) for finding in chunk.findings] == [("flagged", "paid_beyond_tenure")]


def test_a_last_name_may_be_left_out_and_a_first_name_may_not() -> None:
    chunk = only_chunk(customers_book(customer(1, last_name=None), customer(2, first_name=" ")))
    assert [good.row[0] for good in chunk.good] == [1]
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
    assert [good.row_number for good in chunk.good] == [5]
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
    monkeypatch.setattr(error_cells, "BLOCK_BYTES", 100)
    assert find_error_cells(file) == {"Sheet": {row: {2: "#REF!"} for row in range(1, 300)}}


def test_a_sheet_is_read_in_chunks() -> None:
    (layout,) = layouts_of(customers_book(*(customer(number) for number in range(1, 26))))
    assert [len(chunk.good) for chunk in read_chunks(layout, size=10)] == [10, 10, 5]


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
