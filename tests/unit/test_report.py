"""The report workbook: every row as it was sent, what became of it and why, and nothing that computes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from chalicelib.imports.findings import Finding, FindingCount, RowOutcome
from chalicelib.imports.headers import find_layouts
from chalicelib.imports.jobs import SheetCounts
from chalicelib.imports.reading.workbook import read_workbook
from chalicelib.imports.report.summary import Summary
from chalicelib.imports.report.workbook import NOT_READ, ReportedSheet, write_report
from chalicelib.imports.rows import read_chunks
from tests.support.workbooks import (
    CUSTOMER_HEADER,
    LOAN_HEADER,
    RECEIPT_HEADER,
    customer,
    customers_book,
    loan,
    loans_book,
    packed,
    receipt,
    receipts_book,
    unpacked,
    workbook,
)


def became(row_number: int, outcome: str, *said: tuple[str, str, str | None]) -> RowOutcome:
    """What became of a row; each thing said is (outcome, sentence, column)."""
    return RowOutcome(
        row_number=row_number,
        outcome=outcome,
        findings=tuple(each[0] for each in said),
        sentences=tuple(each[1] for each in said),
        columns=frozenset(each[2] for each in said if each[2]),
    )


def summary(*sheets: SheetCounts, said_most: Sequence[FindingCount] = ()) -> Summary:
    moment = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    return Summary(12, "customers.xlsx", moment, moment, sheets, said_most)


def reported(content: bytes, *outcomes: RowOutcome, of: Summary | None = None, rows_a_sheet: int = 100) -> Workbook:
    """The report as somebody opens it; the outcomes are those of its first sheet."""
    layouts, _ = find_layouts(read_workbook(BytesIO(content)))
    sheets = [ReportedSheet(layout, outcomes if number == 0 else ()) for number, layout in enumerate(layouts)]
    file = BytesIO()
    write_report(file, of or summary(), sheets, rows_a_sheet=rows_a_sheet)
    return load_workbook(file)


def values(book: Workbook, sheet: str) -> list[tuple[Any, ...]]:
    return list(book[sheet].iter_rows(values_only=True))


def book_with_text(name: str) -> bytes:
    """A workbook in which somebody's first name is this text, and no formula."""
    book = Workbook()
    sheet = book.create_sheet("customers")
    sheet.append(CUSTOMER_HEADER)
    sheet.append(customer(1))
    sheet["B2"].value = name
    sheet["B2"].data_type = "s"
    file = BytesIO()
    book.save(file)
    return file.getvalue()


REJECTED = ("rejected", "Age must be a whole number from 18 to 120. Invalid value: 7.", "Age")


def test_each_row_stands_as_it_was_sent_with_what_became_of_it_and_why() -> None:
    content = customers_book(customer(1), customer(2, age=7))
    header, first, second = values(
        reported(content, became(2, "inserted"), became(3, "rejected", REJECTED)), "customers"
    )
    assert header == ("Row", *CUSTOMER_HEADER, "Outcome", "Why")
    assert first == (2, *customer(1), "inserted", None)
    assert second == (3, *customer(2, age=7), "rejected", REJECTED[1])


def test_the_cell_that_is_to_blame_stands_out() -> None:
    sheet = reported(customers_book(customer(1, age=7)), became(2, "rejected", REJECTED))["customers"]
    assert [cell.value for cell in sheet[2] if cell.font.bold] == [7]


def test_the_header_is_frozen_the_rows_can_be_filtered_and_are_coloured_by_outcome() -> None:
    sheet = reported(customers_book(customer(1), customer(2)), became(2, "inserted"), became(3, "waiting"))["customers"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:J3"
    assert [str(area.sqref) for area in sheet.conditional_formatting] == ["A2:J3"]
    assert sheet.column_dimensions["J"].width > 60


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(1)", '=HYPERLINK("http://x","y")', "#N/A", "#REF!"])
def test_a_text_that_looks_like_a_formula_or_an_error_stays_a_text(name: str) -> None:
    cell = reported(book_with_text(name), became(2, "inserted"))["customers"]["C2"]
    assert (cell.value, cell.data_type) == (name, "s")
    assert cell.quotePrefix is (name[0] in "=+-@")


def test_a_sentence_that_quotes_a_formula_is_a_text() -> None:
    said = ("flagged", "=1+1", None)
    cell = reported(customers_book(customer(1)), became(2, "inserted", said))["customers"]["J2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_an_error_of_excels_is_shown_as_its_text() -> None:
    cell = reported(customers_book(customer(1, age="#N/A")), became(2, "rejected", REJECTED))["customers"]["E2"]
    assert (cell.value, cell.data_type) == ("#N/A", "s")


def test_dates_stay_dates_and_long_numbers_keep_their_digits() -> None:
    content = loans_book(loan(1, 123456789012345, start_date=date(2023, 5, 17)))
    sheet = reported(content, became(2, "inserted"))["loans"]
    row = dict(zip(("Row", *LOAN_HEADER), sheet[2], strict=False))
    assert row["Date of Approval"].value == datetime(2023, 5, 17)  # noqa: DTZ001 - a cell knows no zone
    assert row["Date of Approval"].is_date
    assert (row["Loan ID"].value, row["Loan ID"].number_format) == (123456789012345, "0")
    assert row["Interest Rate"].value == 11.25


def test_a_character_that_no_workbook_can_hold_is_shown_by_its_code() -> None:
    said = ("rejected", "First Name must not hold \x07.", "First Name")
    assert values(reported(customers_book(customer(1)), became(2, "rejected", said)), "customers")[1][-1] == (
        "First Name must not hold \\x07."
    )


def test_what_else_is_said_of_a_row_stands_beside_its_outcome() -> None:
    said = ("renumbered", "It was saved as 5002.", "Loan ID"), ("flagged", "Somebody should look.", "EMIs paid on Time")
    row = values(reported(loans_book(loan()), became(2, "inserted", *said)), "loans")[1]
    assert row[-2:] == ("inserted (renumbered, flagged)", "It was saved as 5002. Somebody should look.")


def test_a_row_is_as_high_as_all_that_is_said_of_it() -> None:
    said = [("rejected", "Age must be a whole number from 18 to 120. Invalid value: 7.", "Age")] * 3
    sheet = reported(customers_book(customer(1), customer(2)), became(2, "rejected", *said), became(3, "inserted"))[
        "customers"
    ]
    assert sheet["J2"].alignment.wrap_text
    assert (sheet.row_dimensions[2].height, sheet.row_dimensions[3].height) == (45, None)


def test_blank_rows_are_left_out_and_row_numbers_are_those_of_the_file() -> None:
    blank: list[object] = [None] * len(CUSTOMER_HEADER)
    note = ["", "", "", "", "", "", "", "a note at the side"]
    content = workbook({"customers": [["Our customers"], CUSTOMER_HEADER, customer(1), blank, customer(2), note]})
    rows = values(reported(content, became(3, "inserted"), became(5, "unchanged")), "customers")
    assert [(row[0], row[-2], row[-1]) for row in rows[1:]] == [
        (3, "inserted", None),
        (5, "unchanged", None),
        (6, "not read", NOT_READ),
    ]


def test_a_sheet_with_more_rows_than_excel_holds_is_continued_on_the_next() -> None:
    content = customers_book(*(customer(number) for number in range(1, 8)))
    book = reported(content, *(became(row, "inserted") for row in range(2, 9)), rows_a_sheet=4)
    assert book.sheetnames == ["Summary", "customers", "customers (2)", "customers (3)"]
    assert [row[1] for name in book.sheetnames[1:] for row in values(book, name)[1:]] == list(range(1, 8))
    assert all(values(book, name)[0][0] == "Row" for name in book.sheetnames[1:])


def test_a_full_last_sheet_is_not_followed_by_an_empty_one() -> None:
    content = customers_book(*(customer(number) for number in range(1, 4)))
    book = reported(content, *(became(row, "inserted") for row in range(2, 5)), rows_a_sheet=4)
    assert book.sheetnames == ["Summary", "customers"]


def test_sheets_whose_names_a_report_cannot_have_get_others() -> None:
    content = workbook({"summary": [CUSTOMER_HEADER, customer(1)], "x" * 31: [LOAN_HEADER, loan()]})
    assert reported(content).sheetnames == ["Summary", "summary (2)", "x" * 31]


def test_the_summary_has_the_counts_by_sheet_and_in_all() -> None:
    sheets = (
        SheetCounts("customers", "customers", 4, inserted=3, rejected=1),
        SheetCounts("loans", "loans", 2, inserted=1, waiting=1, renumbered=1),
    )
    said = FindingCount("customers", "rejected", "Age", 1, 3, REJECTED[1])
    rows = values(reported(customers_book(customer()), of=summary(*sheets, said_most=[said])), "Summary")
    assert rows[0][0] == "Import 12: customers.xlsx"
    assert ("customers", "customers", 4, 3, 0, 0, 0, 0, 1, 0) in rows
    assert ("loans", "loans", 2, 1, 0, 0, 0, 1, 0, 1) in rows
    assert ("Total", None, 6, 4, 0, 0, 0, 1, 1, 1) in rows
    assert any(row[:6] == ("customers", "rejected", "Age", 1, 3, REJECTED[1]) for row in rows)


def test_a_report_that_was_corrected_can_be_sent_again_and_reported_again() -> None:
    book = reported(customers_book(customer(1, age=7)), became(2, "rejected", REJECTED))
    book["customers"]["E2"].value = 17 + 4
    file = BytesIO()
    book.save(file)
    again = reported(file.getvalue(), became(2, "inserted"))
    header, row = values(again, "customers")
    assert header == ("Row", *CUSTOMER_HEADER, "Outcome", "Why")
    assert row == (2, *customer(1, age=21), "inserted", None)


def read(content: bytes) -> tuple[list[tuple[Any, ...]], list[Finding]]:
    """The rows that are stored of a file, and what is said of the others."""
    chunks = list(read_chunks(find_layouts(read_workbook(BytesIO(content)))[0]))
    rows = [row for chunk in chunks for row in zip(*chunk.columns, strict=True)]
    return rows, [finding for chunk in chunks for finding in chunk.findings if finding.outcome == "rejected"]


def _rejected(number: int, said: Sequence[Finding]) -> RowOutcome:
    ambiguous = frozenset(each.column_name for each in said if each.column_name and each.code == "ambiguous_date")
    rejected = became(number, "rejected", *((each.outcome, each.message, each.column_name) for each in said))
    return replace(rejected, ambiguous=ambiguous)


def report_of(content: bytes) -> bytes:
    """The report of a file of one sheet, with what is said of its rows when they are read."""
    said: dict[int, list[Finding]] = {}
    for finding in read(content)[1]:
        said.setdefault(finding.row_number, []).append(finding)
    (layout,), _ = find_layouts(read_workbook(BytesIO(content)))
    outcomes = [
        _rejected(number, said[number]) if number in said else became(number, "inserted") for number, _ in layout.rows()
    ]
    file = BytesIO()
    write_report(file, summary(), [ReportedSheet(layout, outcomes)])
    return file.getvalue()


def formatted(header: Sequence[str], column: str, *cells: tuple[Any, str], epoch: datetime | None = None) -> bytes:
    """A workbook of loans or customers, one for each cell: a value in this column, in its number format."""
    book = Workbook()
    if epoch:
        book.epoch = epoch
    sheet: Any = book.active
    sheet.append(header)
    for number, (value, number_format) in enumerate(cells, start=1):
        sheet.append(loan(1, number) if header is LOAN_HEADER else customer(number))
        cell = sheet.cell(number + 1, header.index(column) + 1, value)
        cell.number_format = number_format
        if isinstance(value, str):
            cell.data_type = "s"
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def merged_rows() -> bytes:
    book = Workbook()
    sheet: Any = book.active
    for row in (CUSTOMER_HEADER, customer(1), customer(2), customer(3)):
        sheet.append(row)
    for cells in ("B2:B3", "F2:F3"):
        sheet.merge_cells(cells)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def with_cell(header: Sequence[str], address: str, xml: str) -> bytes:
    """A workbook with two rows, one cell of which is this XML."""
    books = {LOAN_HEADER: loans_book(loan(1, 1), loan(1, 2)), RECEIPT_HEADER: receipts_book(receipt(1), receipt(2))}
    parts = unpacked(books.get(tuple(header)) or customers_book(customer(1), customer(2)))
    name = "xl/worksheets/sheet1.xml"
    sheet, count = re.subn(rb'<c r="%b"[^>]*>.*?</c>' % address.encode(), xml.encode(), parts[name])
    assert count == 1
    return packed(parts | {name: sheet})


def text_of(header: Sequence[str], *rows: str) -> bytes:
    return "\n".join([",".join(header), *rows, ""]).encode()


CUSTOMER = "1,Asha,Rao,41,9812345678,60000,"
SENT = {
    "percent": formatted(LOAN_HEADER, "Interest Rate", (0.1125, "0.00%"), (11.25, "General"), (0.1, '0.00"%"')),
    "units": formatted(CUSTOMER_HEADER, "Monthly Salary", (600000, '0" p.a."'), (50000, '0" p.m."'), (3, '0" lakh"')),
    "scaled": formatted(LOAN_HEADER, "Loan Amount", (300000, "0,"), (300000, "#,##0"), (300000, ";;;")),
    "dates": formatted(LOAN_HEADER, "End Date", (45657, "mmm-yy"), (45657.75, "yyyy-mm-dd"), (45657, "yyyy-mm-dd")),
    "months": formatted(LOAN_HEADER, "Tenure", (24, '0" months"'), (2, '0" years"'), (24, "000")),
    "1904": formatted(LOAN_HEADER, "End Date", (45657, "General"), (45657, "dd/mm/yyyy"), epoch=CALENDAR_MAC_1904),
    "hidden names": formatted(CUSTOMER_HEADER, "First Name", ("Asha", ";;;"), ("Asha", '@" Rao"'), ("Asha", "@")),
    "names": formatted(CUSTOMER_HEADER, "First Name", *((name, "General") for name in (
        "Asha\u202eRao", "\u200b", "As\ufffdha", "O&#39;Neil", "=1+1", "#N/A", "None", "#ERROR!", " Asha ", "As\tha"))),
    "control": with_cell(CUSTOMER_HEADER, "B2", '<c r="B2" t="inlineStr"><is><t>As&#1;ha</t></is></c>'),
    "no character": with_cell(CUSTOMER_HEADER, "B2", '<c r="B2" t="inlineStr"><is><t>As&#xFFFE;ha</t></is></c>'),
    "merged": merged_rows(),
    "struck": with_cell(CUSTOMER_HEADER, "B2", '<c r="B2" t="inlineStr"><is><r><rPr><strike/></rPr><t>As</t></r></is>'
                        "</c>"),
    "struck number": with_cell(LOAN_HEADER, "I2", '<c r="I2" t="inlineStr"><is><r><rPr><strike/></rPr><t>2024-12-31</t>'
                               "</r></is></c>"),
    "mistyped": with_cell(CUSTOMER_HEADER, "B2", '<c r="B2" t="n"><v>Asha</v></c>'),
    "errors": with_cell(LOAN_HEADER, "I2", '<c r="I2" t="e"><v>#N/A</v></c>'),
    "other errors": with_cell(CUSTOMER_HEADER, "B2", '<c r="B2" t="e"><v>#ERROR!</v></c>'),
    "formulas": with_cell(CUSTOMER_HEADER, "B2", '<c r="B2"><f>A1</f></c>'),
    "formula of a channel": with_cell(RECEIPT_HEADER, "H2", '<c r="H2" t="str"><f>A1</f></c>'),
    "percent or not": with_cell(LOAN_HEADER, "E2", '<c r="E2"><f>K2</f><v>0.12</v></c>'),
    "a fraction": with_cell(LOAN_HEADER, "F2", '<c r="F2"><f>K2</f><v>0.12</v></c>'),
    "struck channel": with_cell(RECEIPT_HEADER, "H2", '<c r="H2" t="inlineStr"><is><r><rPr><strike/></rPr><t>UPI</t>'
                                "</r></is></c>"),
    "damaged channel": with_cell(RECEIPT_HEADER, "H2", '<c r="H2" t="inlineStr"><is><t>UP\ufffd</t></is></c>'),
    "truth": with_cell(LOAN_HEADER, "D2", '<c r="D2" t="b"><v>1</v></c>'),
    "torn": text_of(CUSTOMER_HEADER, f"{CUSTOMER}0", "2,Asha,Rao,41,9812345678,60,000", "3,A,R,41,9812345678,60,050"),
    "longer": text_of(CUSTOMER_HEADER, f"{CUSTOMER}22,00,000", "2,Asha,Rao,41,9812345678,60000,0"),
    "codes": text_of(CUSTOMER_HEADER, '1,="0012",Rao,41,9812345678,60000,0', '2,Asha,Rao,41,="9812345678",60000,0'),
    "above": b"7,Asha,Rao,41,9812345678,60000,0\n" + text_of(CUSTOMER_HEADER, "2,Asha,Rao,41,9812345678,60000,0"),
    "titles": text_of(CUSTOMER_HEADER, f"{CUSTOMER}0", ",".join(CUSTOMER_HEADER), "2,Asha,Rao,41,9812345678,60000,0"),
    "long": formatted(CUSTOMER_HEADER, "First Name", ("x" * 40_000, "General"), ("Asha", "General")),
}  # fmt: skip


@pytest.mark.parametrize(
    "doubted", ["04/05/2024", date(2024, 5, 4), datetime(2024, 5, 4)],  # noqa: DTZ001 - a cell knows no zone
)  # fmt: skip
def test_a_date_of_two_readings_is_none_without_the_rows_that_prove_the_order_of_its_file(doubted: object) -> None:
    sent = loans_book(loan(1, 1, end_date="03/31/2024", start_date="2023-05-17"), loan(1, 2, end_date=doubted))
    assert [finding.code for finding in read(sent)[1]] == ["ambiguous_date"]
    report = load_workbook(BytesIO(report_of(sent)))["loans"]
    header, _, rejected = report.iter_rows(values_only=True)
    stored, said = read(workbook({"loans": [header, rejected]}))
    assert (stored, [finding.code for finding in said]) == ([], ["not_a_date"])


@pytest.mark.parametrize("content", SENT.values(), ids=SENT)
def test_a_report_that_is_sent_again_as_it_is_says_the_same(content: bytes) -> None:
    stored, rejected = read(content)
    again, rejected_again = read(report_of(content))
    assert again == stored
    assert len({finding.row_number for finding in rejected_again}) == len({finding.row_number for finding in rejected})
