"""Columns that are not imported: whether they say that their row is to be read otherwise."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from chalicelib.imports.headers import find_layouts
from chalicelib.imports.reading.workbook import FileRefused, read_workbook
from chalicelib.imports.rows import Chunk, read_chunks
from tests.support.workbooks import (
    CUSTOMER_HEADER,
    LOAN_HEADER,
    OPENING_HEADER,
    RECEIPT_HEADER,
    customer,
    loan,
    opening,
    receipt,
    workbook,
)

SHEETS: dict[str, tuple[Sequence[str], list[object]]] = {
    "customers": (CUSTOMER_HEADER, customer()),
    "loans": (LOAN_HEADER, loan()),
    "openings": (OPENING_HEADER, opening()),
    "receipts": (RECEIPT_HEADER, receipt("UTR 1")),
    "reversals": (RECEIPT_HEADER, receipt("UTR 2", reverses_reference="UTR 1")),
}


def read(content: bytes) -> Chunk:
    (chunk,) = read_chunks(find_layouts(read_workbook(BytesIO(content)))[0])
    return chunk


def beside(kind: str, title: str, *values: object) -> bytes:
    """A sheet with a column that is not imported, and a row for each of its values."""
    header, row = SHEETS[kind]
    return workbook({kind: [[*header, title], *([*row, value] for value in values)]})


@pytest.mark.parametrize(
    ("kind", "title", "values"),
    [
        ("loans", "Currency", ["USD", "EUR", "US$", "$", "INR (lakhs)"]),
        ("receipts", "CCY", ["AED"]),
        ("loans", "Unit", ["in lakhs", "Lakh", "₹ '000", "k"]),
        ("customers", "Amounts in", ["thousands"]),
        ("loans", "Status", ["Cancelled", "CANCELED", "deleted", "Rejected - KYC", "Void", "Not disbursed", "Draft"]),
        ("loans", "Loan Status", ["cancelled by customer", "Reversed"]),
        ("customers", "Record Status", ["Deleted", "Duplicate"]),
        ("openings", "Account Status", ["Cancelled"]),
        ("receipts", "Status", ["Bounced", "FAILED", "Pending", "Cheque returned", "Refunded", "reversed"]),
        ("receipts", "Payment Status", ["Failure", "unpaid"]),
        ("receipts", "Transaction Type", ["Reversal", "Disbursal", "Debit", "DR", "Refund", "Charges"]),
        ("receipts", "Dr/Cr", ["Dr", "Cr", "D"]),
        ("openings", "Dr / Cr", ["Cr", "CREDIT"]),
        ("loans", "Remarks", ["Cancelled", "Loan was cancelled", "DUPLICATE ENTRY"]),
        ("loans", "is_deleted", [True, 1, "Y", "true", "t"]),
        ("loans", "Deleted At", [date(2024, 3, 31), "2024-03-31 10:00:00"]),
        ("receipts", "Cancelled?", ["yes", "x"]),
        ("receipts", "Paise", [50, "50", ".50"]),
        ("receipts", "Bounce Date", [date(2025, 3, 3), "03/03/2025"]),
        ("receipts", "Returned?", ["Y", True]),
        ("receipts", "Refunded On", ["2025-03-03"]),
        ("loans", "Ps.", ["05"]),
        ("loans", "Tenure Unit", ["Years", "weeks", "D"]),
        ("loans", "Repayment Frequency", ["Weekly", "Fortnightly", "quarterly", "Bullet"]),
        ("customers", "Income Period", ["Yearly", "per annum"]),
        ("loans", "Interest Type", ["Flat", "flat rate", "Monthly", "p.m."]),
        ("loans", "Interest Method (flat/reducing)", ["Flat"]),
        ("reversals", "Currency", ["USD"]),
    ],
)
def test_a_row_is_rejected_if_another_column_says_that_it_is_to_be_read_otherwise(
    kind: str, title: str, values: Sequence[Any]
) -> None:
    chunk = read(beside(kind, title, *values))
    assert list(chunk.row_numbers) == []
    assert [(found.row_number, found.code) for found in chunk.findings] == [
        (number, "row_says_otherwise") for number in range(2, len(values) + 2)
    ]
    assert f"stands in a row whose {title}, a column that is not imported, says " in chunk.findings[0].message


@pytest.mark.parametrize(
    ("kind", "title", "values"),
    [
        ("loans", "Currency", ["INR", "Rs.", "₹", "Indian Rupees", "rupees", None, " "]),
        ("loans", "Unit", ["Rs", "Pune branch", "2", "Months", "₹"]),
        ("loans", "Status", ["Active", "Closed", "Not cancelled", "Disbursed", "Written off", "Pending", "Bounced"]),
        ("loans", "Type", ["Personal", "Demand draft", "Gold loan"]),
        ("customers", "Status", ["Active", "Inactive", "KYC pending"]),
        ("customers", "Loan Status", ["Rejected"]),
        ("loans", "NACH Status", ["Cancelled"]),
        ("receipts", "Status", ["Success", "Cleared", "Realised", "Not bounced"]),
        ("receipts", "Payment Type", ["Debit card", "Direct debit", "Demand Draft", "EMI", "Cheque", "Credit"]),
        ("openings", "Dr/Cr", ["Dr"]),
        ("loans", "Remarks", ["NACH cancelled, new one signed", "Insurance rejected", "ok"]),
        ("loans", "is_deleted", [False, 0, "N", "false", "NULL", "N/A", "-", None, "Not deleted"]),
        ("receipts", "Paise", [None, 0, "00", "-"]),
        ("receipts", "Bounce Date", [None, "NA", "0000-00-00", "-"]),
        ("receipts", "Bounced", ["No", False, 0]),
        ("loans", "Return Date", [date(2025, 3, 3)]),
        ("reversals", "Bounced On", [date(2025, 3, 3)]),
        ("loans", "Deleted At", [None, "NULL", "0000-00-00 00:00:00"]),
        ("loans", "Tenure Unit", ["Months", "m", "MTHS"]),
        ("loans", "Repayment Frequency", ["Monthly", "EMI"]),
        ("loans", "Interest Type", ["Reducing", "Fixed", "Diminishing balance", "% per annum"]),
        ("loans", "Interest Method", ["Monthly reducing", "Daily"]),
        ("reversals", "Transaction Type", ["Reversal"]),
        ("reversals", "Dr/Cr", ["Dr"]),
    ],
)
def test_what_another_column_says_of_something_else_rejects_no_row(
    kind: str, title: str, values: Sequence[Any]
) -> None:
    chunk = read(beside(kind, title, *values))
    assert len(chunk.row_numbers) == len(values), [found.message for found in chunk.findings]


def refusal(sheets: dict[str, list[Sequence[Any]]]) -> str:
    with pytest.raises(FileRefused) as refused:
        read(workbook(sheets))
    return str(refused.value)


@pytest.mark.parametrize(
    "words", ["Cancelled loans", "REJECTED", "Loans cancelled by the customer", "Cancelled", "Deleted records (2024)"]
)
def test_words_that_the_rows_below_do_not_count_refuse_the_file(words: str) -> None:
    sections: list[Sequence[Any]] = [LOAN_HEADER, loan(1, 1), [], [None, words], loan(1, 2)]
    for sheets, cell in (
        ({"L": sections}, "Cell B4 of the sheet L says "),
        ({"L": [[words], [], LOAN_HEADER, loan()]}, "Cell A1 of the sheet L says "),
        ({"L": [LOAN_HEADER, loan(1, 1), [*[None] * 10, words], loan(1, 2)]}, "Cell K3 of the sheet L says "),
        ({"L": [LOAN_HEADER, loan()], words[:31]: [LOAN_HEADER, loan(1, 2)]}, f"The sheet {words[:31]} is named so"),
    ):
        assert refusal(sheets).startswith(f"{cell}{words}" if cell.endswith("says ") else cell)


def test_a_section_of_bounced_cheques_refuses_a_file_of_receipts() -> None:
    rows: list[Sequence[Any]] = [RECEIPT_HEADER, receipt(1), ["Bounced cheques"], receipt(2)]
    assert refusal({"R": rows}) == (
        "Cell A3 of the sheet R says Bounced cheques, so its rows may not count. Take those that do not out of the "
        "file, and delete that."
    )


@pytest.mark.parametrize("words", ["Closed loans", "Loans", "Not cancelled", "Branch Pune", "Cancelled loans: see L2"])
def test_words_of_another_section_refuse_nothing(words: str) -> None:
    sheets: dict[str, list[Sequence[Any]]] = {"L": [[words], LOAN_HEADER, loan(1, 1), [words], loan(1, 2)]}
    assert list(read(workbook(sheets)).row_numbers) == [3, 5]
    assert list(read(workbook({words.replace(":", "")[:31]: [LOAN_HEADER, loan()]})).row_numbers) == [2]


def test_a_cancelled_line_of_a_register_is_one_rejected_row() -> None:
    rows: list[Sequence[Any]] = [RECEIPT_HEADER, receipt("R-101"), ["R-102", None, "CANCELLED"], receipt("R-103")]
    assert list(read(workbook({"R": rows})).row_numbers) == [2, 4]


def test_reversals_may_have_a_sheet_of_their_own() -> None:
    rows: list[Sequence[Any]] = [RECEIPT_HEADER, receipt("UTR 2", reverses_reference="UTR 1")]
    assert list(read(workbook({"Reversals": rows})).row_numbers) == [2]


def test_a_status_that_is_merged_over_several_rows_is_that_of_each() -> None:
    book = Workbook()
    sheet: Any = book.active
    for row in ([*LOAN_HEADER, "Status"], *([*loan(1, number), None] for number in range(1, 7))):
        sheet.append(row)
    for cells, status in (("J2:J3", "Active"), ("J4:J5", "Cancelled"), ("J6:J7", "Closed")):
        sheet[cells[:2]] = status
        sheet.merge_cells(cells)
    file = BytesIO()
    book.save(file)
    chunk = read(file.getvalue())
    assert (list(chunk.row_numbers), [found.row_number for found in chunk.findings]) == ([2, 3, 6, 7], [4, 5])


def test_a_row_with_nothing_but_a_status_is_blank() -> None:
    chunk = read(workbook({"L": [[*LOAN_HEADER, "Status"], [*loan(), "Active"], [*[None] * 9, "Cancelled"]]}))
    assert (list(chunk.row_numbers), chunk.findings) == ([2], [])


def test_titles_with_a_column_of_cancellations_once_more_are_titles() -> None:
    header = [*LOAN_HEADER, "Cancelled"]
    chunk = read(workbook({"L": [header, [*loan(1, 1), "no"], header, [*loan(1, 2), "yes"]]}))
    assert [(found.row_number, found.code) for found in chunk.findings] == [
        (3, "titles_again"), (4, "row_says_otherwise"),
    ]  # fmt: skip
