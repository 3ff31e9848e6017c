"""Files that went wrong, each as a program really wrote it (tests/cases): what is stored is what a person saw."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from chalicelib.imports.findings import Finding
from chalicelib.imports.headers import find_layouts
from chalicelib.imports.reading.cells import PercentCell, UnclearCell
from chalicelib.imports.reading.number_formats import NumberFormat
from chalicelib.imports.reading.workbook import FileRefused, read_workbook
from chalicelib.imports.rows import Chunk, read_chunks
from tests.support.workbooks import (
    CUSTOMER_HEADER,
    LOAN_HEADER,
    OPENING_HEADER,
    RECEIPT_HEADER,
    customer,
    customers_book,
    loan,
    loans_book,
    packed,
    receipt,
    unpacked,
    workbook,
)

CASES = Path(__file__).parent.parent / "cases"


def read(content: bytes) -> tuple[list[Chunk], list[Finding]]:
    layouts, findings = find_layouts(read_workbook(BytesIO(content)))
    return list(read_chunks(layouts)), [*(found for layout in layouts for found in layout.findings), *findings]


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefused) as caught:
        read(content)
    return str(caught.value)


def rows_of(chunk: Chunk) -> list[tuple[Any, ...]]:
    return list(zip(*chunk.columns, strict=True))


def test_a_formula_of_a_workbook_that_was_not_calculated_has_no_value() -> None:
    chunks, _ = read(case("01-xlsxwriter-formula-emi.xlsx"))
    assert [(found.column_name, found.code) for found in chunks[1].findings] == [
        ("Monthly payment", "formula_without_value")
    ]


def test_a_rate_formatted_as_percent_is_what_the_person_saw() -> None:
    chunks, _ = read(case("02-percent-formatted-rate.xlsx"))
    assert rows_of(chunks[1])[0][4] == Decimal("11.25")


@pytest.mark.parametrize("name", ["03-hidden-sheet.xlsx", "03b-veryhidden-sheet.xlsx"])
def test_a_hidden_sheet_is_not_imported_and_the_import_says_so(name: str) -> None:
    chunks, findings = read(case(name))
    assert len(chunks) == 1
    assert [found.code for found in findings] == ["sheet_not_read"]
    assert "is hidden; it was not imported" in findings[0].message


def test_a_title_with_a_line_break_is_known() -> None:
    (chunk,), _ = read(case("04-header-alt-enter.xlsx"))
    assert len(rows_of(chunk)) == 1


def test_an_error_in_a_part_whose_name_has_another_case_is_found() -> None:
    chunks, _ = read(case("05-part-case-error-cell.xlsx"))
    assert [(found.column_name, found.code) for found in chunks[1].findings] == [("End Date", "error_cell")]


def test_a_stray_cell_in_such_a_part_is_refused_before_there_is_room_for_it() -> None:
    assert "Delete what stands far below or to the right" in refusal(case("05b-part-case-and-stray-cell.xlsx"))


def test_a_row_of_text_with_more_cells_than_the_header_is_rejected() -> None:
    (chunk,), _ = read(case("06-unquoted-lakh.csv"))
    assert [row[0] for row in rows_of(chunk)] == [820002]
    assert "row of 10 cells, and the header has 7" in chunk.findings[0].message


RECEIPTS_TEXT = ",".join(RECEIPT_HEADER) + "\nU-1,5001,1,2024-05-17,14015,instalment,,UPI,\n"


@pytest.mark.parametrize("rest", ["U-2,5001,1,2024-05-17,140", "U-2,5001,1,2024-05-17,14015,,,", "U-2"])
def test_what_is_left_of_a_row_in_which_a_text_breaks_off_is_not_read(rest: str) -> None:
    (chunk,), _ = read((RECEIPTS_TEXT + rest).encode())
    assert [row[0] for row in rows_of(chunk)] == ["U-1"]
    found = chunk.findings[0]
    assert (found.row_number, found.code) == (3, "row_does_not_fit")
    assert "no line break at its end, and the header has 9: the file seems to break off there" in found.message


@pytest.mark.parametrize("rest", ["U-2,5001,1,2024-05-17,140\r\n", "U-2,5001,1,2024-05-17,140,,,,", "  ", ",,"])
def test_a_last_row_that_is_whole_or_blank_needs_no_line_break(rest: str) -> None:
    (chunk,), _ = read((RECEIPTS_TEXT + rest).encode())
    assert [row[0] for row in rows_of(chunk)] == ["U-1", "U-2"][: 1 + bool(rest.strip(" ,"))]
    assert not chunk.findings


@pytest.mark.parametrize("header", [CUSTOMER_HEADER, LOAN_HEADER, RECEIPT_HEADER, OPENING_HEADER])
def test_two_texts_that_were_joined_without_a_line_break_are_refused(header: Sequence[str]) -> None:
    """Whatever the columns of the second, its rows would be read by the titles of the first."""
    row = {"Reference": "U-1", "First Name": "Asha", "Phone Number": "9812345678"}
    dates = ("Date of Approval", "Opening Date", "Payment Date", "First Unpaid Due Date")
    values = ",".join(row.get(title, "2024-05-17" if title in dates else "40") for title in header)
    other = ",".join([*header[:-2], header[-1], header[-2]])
    text = f"{','.join(header)}\n{values}{other}\n{values}\n"
    assert "Row 2 of the sheet csv has titles again" in refusal(text.encode())


def test_a_row_of_a_worksheet_with_values_beyond_the_titles_is_rejected() -> None:
    (chunk,), _ = read(customers_book(customer(1), [*customer(2), 5]))
    assert [row[0] for row in rows_of(chunk)] == [1]
    assert [found.code for found in chunk.findings] == ["row_does_not_fit"]


def test_a_sheet_with_the_columns_of_both_kinds_is_refused() -> None:
    assert "has the columns of" in refusal(case("07-flat-loan-tape.xlsx"))


@pytest.mark.parametrize(
    ("added", "is_refused"),
    [(["Loan ID", "Loan Amount", "EMI"], True), (["Loan ID", "Tenure", "Interest Rate", "Branch"], True),
     (["Reference", "Payment Date", "Amount"], True), (["Loan Amount", "Tenure"], False), (["Loan ID", "EMI"], False)],
)  # fmt: skip
def test_a_sheet_of_customers_whose_rows_are_loans_or_receipts_too_is_refused(
    added: list[str], is_refused: bool
) -> None:
    """A few columns of another kind are ignored, with a word; but not all the loans of a flat tape."""
    content = workbook({"L": [[*CUSTOMER_HEADER, *added], [*customer(), *(5 for _ in added)]]})
    if is_refused:
        assert "The sheet L has the columns of customers and of " in refusal(content)
    else:
        assert [found.code for found in read(content)[1]] == ["unknown_column"] * len(added)


def test_a_sheet_of_loans_may_say_who_the_customers_are_and_what_is_left() -> None:
    added = ["First Name", "Last Name", "Phone Number", "Principal Outstanding", "Interest Due", "Amount"]
    (chunk,), findings = read(workbook({"L": [[*LOAN_HEADER, *added], [*loan(), *(5 for _ in added)]]}))
    assert (len(rows_of(chunk)), len(findings)) == (1, 6)


@pytest.mark.parametrize("name", ["08-duplicate-header.xlsx", "08b-two-names-of-one-column.xlsx"])
def test_a_column_that_is_there_twice_is_asked_about(name: str) -> None:
    assert "which of columns " in refusal(case(name))


def test_styles_that_are_not_linked_are_not_left_out_silently() -> None:
    """openpyxl finds them by their name, and Excel does not: 11.25% to one is 0.1125 to the other."""
    name = "xl/_rels/workbook.xml.rels"
    parts = unpacked(loans_book(loan()))
    unlinked = re.sub(rb"<Relationship [^>]*styles.xml[^>]*>", b"", parts[name])
    assert "its styles are not linked to it" in refusal(packed(parts | {name: unlinked}))
    del parts["xl/styles.xml"]
    assert read(packed(parts | {name: unlinked}))


@pytest.mark.parametrize("again", ["Loan Amount2", "Loan Amount.1", "loan_amount_1", "EMI3", "Loan\nAmount2"])
def test_a_column_that_a_program_numbered_because_it_is_there_twice_is_asked_about(again: str) -> None:
    assert re.search("which of columns [CF] and J is the ", refusal(workbook({"L": [[*LOAN_HEADER, again], loan()]})))


@pytest.mark.parametrize("other", ["Loan Amount 2", "Phone Number 2", "Phone2", "Loan Amount 2024", "Tenure2x", "2"])
def test_a_column_that_a_person_numbered_is_another(other: str) -> None:
    for header, row in ((LOAN_HEADER, loan()), (CUSTOMER_HEADER, customer())):
        chunks, findings = read(workbook({"L": [[*header, other], row]}))
        assert ([len(rows_of(chunk)) for chunk in chunks], findings[0].code) == ([1], "unknown_column")


@pytest.mark.parametrize("name", ["11a-backslash-entries.xlsx", "11b-workbook22.xlsx", "11c-parts-at-root.xlsx"])
def test_a_package_that_is_laid_out_otherwise_is_read(name: str) -> None:
    chunks, _ = read(case(name))
    assert [len(rows_of(chunk)) for chunk in chunks] == [1, 1]


def test_a_space_before_a_quotation_mark_is_none_of_the_name() -> None:
    (chunk,), _ = read(case("12-space-before-quote.csv"))
    assert rows_of(chunk)[0][1] == "Asha"


def test_a_unit_behind_a_title_is_ignored() -> None:
    chunks, _ = read(case("21-units-in-header.xlsx"))
    assert [len(rows_of(chunk)) for chunk in chunks] == [1, 1]


def titled(spelling: str) -> bytes:
    """A sheet of customers and one of loans, of which one column is titled otherwise."""

    def respelt(header: tuple[str, ...]) -> list[str]:
        return [spelling if spelling.startswith((name, f"({name}")) else name for name in header]

    return workbook({"C": [respelt(CUSTOMER_HEADER), customer()], "L": [respelt(LOAN_HEADER), loan()]})


@pytest.mark.parametrize(
    "spelling",
    ["Loan Amount $", "Loan Amount (paise)", "Loan Amount (₹ L)", "Loan Amount (in 1000)", "Loan Amount ('000)",
     "Loan Amount (NPR)", "Loan Amount (USD)", "Loan Amount (Rs. Cr)", "Loan Amount (Rs. lakhs)", "Loan Amount ﹩",
     "Loan Amount (₹) (lakhs)", "Loan Amount %", "Loan Amount (per month)", "Loan Amount（₹ lakhs）",
     "Loan Amount (₹ lakhs)*", "Interest Rate (flat)", "Interest Rate (bps)", "Interest Rate (per month)",
     "Interest Rate (% p.m.)", "Interest Rate ‰", "Tenure (years)", "Tenure (in yrs)", "Tenure (quarters)",
     "Age (months)", "Monthly Salary (p.a.)", "End Date (mm/dd/yyyy)", "End Date (M-D-YYYY)", "End Date (B.S.)",
     "Loan ID (old)", "Loan Amount (outstanding)"],
)  # fmt: skip
def test_what_a_title_adds_refuses_the_file_unless_it_is_understood(spelling: str) -> None:
    sentence = refusal(titled(spelling))
    assert re.match(r"Column [A-I] of the sheet [CL] is titled ", sentence), sentence
    assert "convert the values if they are something else, and take " in sentence


@pytest.mark.parametrize(
    "spelling",
    ["Loan Amount ₹", "Loan Amount (₹)", "Loan Amount (Rs.)", "Loan Amount [INR]", "Loan Amount (in rupees)",
     "Loan Amount *", "Loan Amount (required)", "Loan Amount (₹)*", "Loan Amount（Rs）", "Loan Amount (₨)",
     "Monthly Salary (Rs./month)", "Monthly Salary (₹ p.m.)", "Monthly payment (EMI)", "Interest Rate (%)",
     "Interest Rate %", "Interest Rate (% p.a.)", "Interest Rate (per cent per annum)", "Tenure (months)",
     "Tenure (in months)", "Tenure (No. of months)",
     "Tenure (M)", "Tenure (mos.)", "Tenure (no. of EMIs)", "Interest Rate (ROI, % p.a.)",
     "Age (years)", "End Date (dd/mm/yyyy)", "End Date (YYYY-MM-DD)",
     "End Date (DD MMM YYYY)", "End Date (optional)", "Phone Number (10 digits)", "EMIs paid on Time (nos.)",
     "Loan Amount (sanctioned)", "Monthly Salary (gross, ₹)", "First Name (as per PAN)",
     "Monthly payment (EMI in Rs.)", "Interest Rate (fixed, %)", "Phone Number (without +91)", "End Date (dd-mm-yy)"],
)  # fmt: skip
def test_a_title_may_add_what_its_column_is_anyway(spelling: str) -> None:
    chunks, findings = read(titled(spelling))
    assert ([len(rows_of(chunk)) for chunk in chunks], findings[1:]) == ([1, 1], [])


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("General", 0.5), ("0.00", 0.5), ("#,##0.00;[Red]-#,##0.00", 0.5), ('"₹" #,##0.00', 0.5), ("[$₹-4009]0", 0.5),
        (r"[>=100000]##\,##\,##0;##,##0", 0.5), ('_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', 0.5),
        ("0.00%", PercentCell(0.5)), ("0%;-0%", PercentCell(0.5)), ("[<1]0%;0", PercentCell(0.5)),
        ('0.0"%"', PercentCell(0.005)), (r"0\%", PercentCell(0.005)),
        ("#,##0,", UnclearCell(0.5, "#,##0,")), ("0.0,,", UnclearCell(0.5, "0.0,,")),
        ('0.0"K"', UnclearCell(0.5, '0.0"K"')), ('0 "lakh"', UnclearCell(0.5, '0 "lakh"')),
        (";;;", UnclearCell(0.5, ";;;")), ("$0", UnclearCell(0.5, "$0")),
    ],
)  # fmt: skip
def test_a_number_is_what_its_format_shows_or_unclear(code: str, seen: object) -> None:
    assert NumberFormat(code).read(0.5) == seen


@pytest.mark.parametrize(
    "code",
    ["0*%", "*-0", "0*0", "–0", "[>20]0%", '[<1]0"%"', "[$-107041E]d/m/yyyy", "[$-2060401]d/m/yyyy",
     "[>=100000]0;-0", "0%;[>100]0", "[>100]0;[<1]0%", r"\.0", "0-00", '0":"00',
     r"0\.00", '0"."00', r"0\,00", "(0)", "-0", '"-"₹0', "0-", "[>1](0);0",
     "mmm-yy", "d-mmm", "h:mm", "yyyy", "ddd", "ddd mmm yyyy", "dddd, mmmm yyyy", "d-mmmmm-yyyy", "d h:mm yyyy",
     "d yyyy h AM/PM",
     '0.0"% p.m."', '0.0% "per month"'],
)  # fmt: skip
def test_a_number_that_is_seen_as_another_one_is_unclear(code: str) -> None:
    assert NumberFormat(code).read(11.25) == UnclearCell(11.25, code)


@pytest.mark.parametrize(
    "code",
    ["0.00_);(0.00)", "[<0]-0;0", "_(* #,##0.00_);_(* (#,##0.00);_(* -??_);_(@_)", "0/-", "[$-409]d-mmm-yyyy;@",
     "dd/mm/yyyy hh:mm", r"##\,##\,##0.00", r"#\ ##0", "(###) ###-####", "#,###", "[>=100000]0", '"+91-"0', "+91 0",
     r'"(+91)" ##\ #0', "[>=0]0;-0", '"Rs."#0', r'dddd", "d\ mmmm\ yyyy',
     r"ddd\ dd\-mmm\-yyyy", r'd"-"m"-"yyyy', "[$-4010000]d/m/yyyy", "[$-D000439]d/m/yyyy"],
)  # fmt: skip
def test_signs_and_text_that_leave_a_number_as_it_is_are_not_in_the_way(code: str) -> None:
    assert NumberFormat(code).read(11.25) == 11.25


@pytest.mark.parametrize(
    ("code", "is_seen"),
    [("#", False), ("#,###", False), (r"##\,##\,###", False), ("#.##", False), ("?", False), ("0;-0;#", False),
     ("#.00", True), ("# ?/?", True), ("#,##0", True), ("#,###;-#,###;0", True), ('#,###;-#,###;"-"', True),
     ("[>0]#,###;0", True)],
)  # fmt: skip
def test_a_zero_of_which_its_format_shows_nothing_is_unclear(code: str, is_seen: bool) -> None:
    zero = NumberFormat(code).read(0.0)
    assert zero == (0.0 if is_seen else UnclearCell(0.0, code))
    assert NumberFormat(code).is_plain <= is_seen


def formatted(header: tuple[str, ...], row: list[object], title: str, code: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet
    sheet.append(header)
    sheet.append(row)
    sheet.cell(2, header.index(title) + 1).number_format = code
    file = BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (formatted(CUSTOMER_HEADER, customer(), "Monthly Salary", '0 "p.a."'), "Monthly Salary"),
        (formatted(CUSTOMER_HEADER, customer(), "Monthly Salary", '0 "per month"'), None),
        (formatted(LOAN_HEADER, loan(), "Loan Amount", '0 "p.m."'), "Loan Amount"),
        (formatted(LOAN_HEADER, loan(), "Interest Rate", '0.00 "p.m."'), "Interest Rate"),
        (formatted(LOAN_HEADER, loan(), "Interest Rate", '0.00 "p.a."'), None),
        (formatted(LOAN_HEADER, loan(), "Tenure", '0 "months"'), None),
        # An instalment a month.
        (formatted(LOAN_HEADER, loan(), "EMIs paid on Time", '0 "months"'), None),
        (formatted(LOAN_HEADER, loan(), "Loan ID", "000000"), None),
        (formatted(LOAN_HEADER, loan(end_date=46000), "End Date", "000000"), None),
        (formatted(RECEIPT_HEADER, receipt(123), "Reference", "000000"), "Reference"),
        (formatted(RECEIPT_HEADER, receipt(123), "Reference", "0"), None),
        # As people keep Excel from showing 4.12346E+11: no zero is seen before it.
        (formatted(RECEIPT_HEADER, receipt(412345678901), "Reference", "000000000000"), None),
        (formatted(RECEIPT_HEADER, receipt(412345678901), "Reference", "0000000000000"), "Reference"),
        (formatted(RECEIPT_HEADER, receipt(5), "Reference", "0#"), "Reference"),
    ],
)
def test_what_a_format_says_beside_a_number_must_be_what_its_column_is(content: bytes, seen: str | None) -> None:
    """A salary of a year is none of a month, and a reference that is seen as 000123 is not 123."""
    (chunk,), _ = read(content)
    wanted = [(seen, "unclear_number_format")] if seen else []
    assert [(found.column_name, found.code) for found in chunk.findings] == wanted
    assert len(rows_of(chunk)) == (not seen)


@pytest.mark.parametrize("named", [",;", ";\t", ",;\t", "", " ", ";;", "|", '"'])
def test_a_first_line_that_names_no_single_separator_is_no_harm(named: str) -> None:
    """`sep=;` and a tab ended the worker."""
    lines = [f"sep={named}", ";".join(CUSTOMER_HEADER), ";".join(map(str, customer(7)))]
    assert [row[0] for chunk in read("\n".join(lines).encode())[0] for row in rows_of(chunk)] == [7]


@pytest.mark.parametrize("first", ["sep=;\n", ""])
def test_the_first_line_of_a_text_may_name_what_stands_between_its_cells(first: str) -> None:
    lines = [";".join(CUSTOMER_HEADER), ";".join(map(str, customer(7)))]
    (chunk,), _ = read((first + "\n".join(lines)).encode())
    assert (chunk.row_numbers, rows_of(chunk)[0][0]) == ([2], 7)


def merged(content: bytes, *ranges: str) -> bytes:
    return with_foot(content, "".join(f'<mergeCell ref="{each}"/>' for each in ranges))


def with_foot(content: bytes, cells: str) -> bytes:
    parts = unpacked(content)
    foot = f"</sheetData><mergeCells>{cells}</mergeCells>".encode()
    return packed(parts | {SHEET: parts[SHEET].replace(b"</sheetData>", foot)})


SHEET = "xl/worksheets/sheet1.xml"
LOANS = loans_book(loan(1, 1), loan(1, 2, end_date=None), loan(1, 3))


@pytest.mark.parametrize("written", ["plainly", "otherwise"])
@pytest.mark.parametrize(
    ("ranges", "wrong"),
    [
        (["I2:I3"], {(2, "End Date"), (3, "End Date")}),
        (["F3:F4"], {(3, "Monthly payment"), (4, "Monthly payment")}),
        (["H3:I3"], {(3, "End Date")}),
        (["I3:I3", "K2:L9"], set()),
        # An empty one is empty to everybody.
        (["I3:J3"], set()),
        (["A2:A1048576"], {(2, "Customer ID"), (3, "Customer ID"), (4, "Customer ID")}),
    ],
)
def test_a_value_that_is_seen_in_several_rows_is_of_none_of_them(
    ranges: list[str], wrong: set[tuple[int, str]], written: str
) -> None:
    content = merged(LOANS, *ranges)
    if written == "otherwise":
        parts = unpacked(content)
        content = packed(parts | {SHEET: parts[SHEET].replace(b"<sheetData>", b"<sheetData><!-- -->")})
    (chunk,), _ = read(content)
    assert {(found.row_number, found.column_name) for found in chunk.findings} == wrong
    assert {found.code for found in chunk.findings} <= {"merged_cell"}


def test_rows_that_are_one_to_the_eye_are_one_and_merged_titles_are_titles() -> None:
    sheet = merged(workbook({"L": [LOAN_HEADER, [], loan(), []]}), *(f"{letter}1:{letter}2" for letter in "ABCDEFGHI"))
    (chunk,), findings = read(sheet)
    assert (chunk.row_numbers, chunk.findings, findings) == ([3], [], [])


def test_merged_cells_that_overlap_are_refused() -> None:
    book = loans_book(*(loan(1, number) for number in range(1, 60)))
    assert "overlap" in refusal(merged(book, "A1:XFD1048576", "A1:XFD1048576"))


@pytest.mark.parametrize(("reference", "code"), [('="0012"', "formula_without_value"), ("1.2E+11", "not_a_reference")])
def test_a_reference_of_a_text_file_that_may_be_that_of_another_payment_is_rejected(reference: str, code: str) -> None:
    row = ",".join([reference, "5001", "1", "28/02/2025", "1066.19", "", "", "UPI", reference + "1"])
    (chunk,), _ = read(f"{','.join(RECEIPT_HEADER)}\n{row}".encode())
    assert next((found.column_name, found.code) for found in chunk.findings) == ("Reference", code)


@pytest.mark.parametrize("quoted", ["'{}'", "“{}”", "‘{}’", " '{}' "])
def test_a_value_between_quotation_marks_of_another_kind_is_not_read_with_them(quoted: str) -> None:
    """LibreOffice and databases can write a .csv so; the same payment came a second time as UTR-1'."""
    row = ["UTR-1", "5001", "1", "28/02/2025", "1066.19", "", "", "UPI", ""]
    (chunk,), _ = read("\n".join([",".join(RECEIPT_HEADER), ",".join(map(quoted.format, row))]).encode())
    assert rows_of(chunk) == []
    assert {found.code for found in chunk.findings} == {"damaged_text"}
    (chunk,), _ = read(customers_book(customer(first_name=quoted.format("Asha")), customer(first_name="D'Souza'")))
    assert [(found.row_number, found.column_name, found.code) for found in chunk.findings] == [
        (2, "First Name", "damaged_text")
    ]


def with_formula(value: bytes, foot: bytes = b"") -> bytes:
    """A workbook of two loans; what was paid of the first is a formula with this value in the file."""
    parts = unpacked(loans_book(loan(1, 1), loan(1, 2)))
    # openpyxl says of all its workbooks that they were not calculated.
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'fullCalcOnLoad="1"', b"")
    cell = rb'<c r="G2"[^>]*><v>20</v></c>'
    changed, count = re.subn(cell, b'<c r="G2"><f>SUM(A9:A10)</f>' + value + b"</c>", parts[SHEET])
    assert count == 1
    return packed(parts | {SHEET: changed.replace(b"</sheetData>", b"</sheetData>" + foot)})


@pytest.mark.parametrize("around", [b"", b"<!-- not plain -->"])
@pytest.mark.parametrize(
    ("cell", "read_as"),
    [
        ('<c r="E2"><f>$K$2</f><v>0.12</v></c>', "unclear_number_format"),
        ('<c r="E2" t="n"><f aca="false">12%</f><v>1.2E-1</v></c>', "unclear_number_format"),
        ('<c r="E2"><f>100%</f><v>1</v></c>', "unclear_number_format"),
        ('<c r="E2" s="1"><f>$K$2</f><v>0.12</v></c>', "12"),
        ('<c r="E2" s="2"><f>$K$2</f><v>0.12</v></c>', "0.12"),
        ('<c r="E2"><f>$K$2*100</f><v>12</v></c>', "12"),
        ('<c r="E2"><v>0.12</v></c>', "0.12"),
        ('<c r="D2"><f>5-4</f><v>1</v></c>', "11.25"),
        ('<c r="D2" t="b"><f>1=1</f><v>1</v></c>', "not_a_number"),
        ('<c r="D2" t="b"><f>1=1</f><v>true</v></c>', "not_a_number"),
    ],
)
def test_a_rate_that_libreoffice_shows_as_a_percentage_for_its_formula_is_not_read_as_a_fraction(
    cell: str, read_as: str, around: bytes
) -> None:
    """It shows =K2 as 12.00% if K2 is a percentage; of that the file says nothing, and Excel shows 0.12."""
    book = Workbook()
    sheet: Any = book.active
    for row in (LOAN_HEADER, loan(1, 1)):
        sheet.append(row)
    sheet["K2"].number_format, sheet["L2"].number_format = "0.00%", "0.00"
    file = BytesIO()
    book.save(file)
    parts = unpacked(file.getvalue())
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'fullCalcOnLoad="1"', b"")
    # The first style of the file's own is that of the dates.
    cell = cell.replace('s="2"', 's="3"').replace('s="1"', 's="2"')
    changed, count = re.subn(rb'<c r="%b"[^>]*><v>[^<]*</v></c>' % cell[6:8].encode(), cell.encode(), parts[SHEET])
    assert count == 1
    (chunk,), _ = read(packed(parts | {SHEET: changed.replace(b"<sheetData>", b"<sheetData>" + around)}))
    rejected = [found.code for found in chunk.findings if found.outcome == "rejected"]
    assert [*rejected, *(f"{row[4].normalize():f}" for row in rows_of(chunk))] == [read_as]


NOT_CALCULATED = b'<sheetCalcPr fullCalcOnLoad="1"/>'


@pytest.mark.parametrize("around", [b"", b"<!-- not plain -->"])
@pytest.mark.parametrize(
    ("value", "foot", "codes"),
    [
        (b"<v>5</v>", b"", []),
        (b"<v>5</v>", b'<sheetCalcPr fullCalcOnLoad="0"/>', []),
        # As Apache POI says of a sheet that it did not calculate.
        (b"<v>5</v>", NOT_CALCULATED, ["formula_without_value"]),
        # As it writes for every formula, and XlsxWriter too.
        (b"<v>0.0</v>", b"", ["formula_without_value"]),
        (b"<v>0E0</v>", b"", ["formula_without_value"]),
        (b"<v>+0.00e+00</v>", b"", ["formula_without_value"]),
        (b"<v>0</v>", b"", ["formula_without_value"]),
    ],
)
def test_a_formula_that_nobody_calculated_has_no_value(
    value: bytes, foot: bytes, codes: list[str], around: bytes
) -> None:
    content = with_formula(value, foot)
    parts = unpacked(content)
    content = packed(parts | {SHEET: parts[SHEET].replace(b"<sheetData>", b"<sheetData>" + around)})
    (chunk,), _ = read(content)
    assert [found.code for found in chunk.findings] == codes
    assert len(rows_of(chunk)) == 2 - len(codes)


def test_a_formula_with_a_zero_is_one_where_another_formula_was_calculated() -> None:
    parts = unpacked(with_formula(b"<v>0</v>"))
    other = re.sub(rb'<c r="G3"[^>]*><v>20</v></c>', b'<c r="G3"><f>B3</f><v>2</v></c>', parts[SHEET])
    (chunk,), _ = read(packed(parts | {SHEET: other}))
    assert [row[6] for row in rows_of(chunk)] == [0, 2]


@pytest.mark.parametrize(("zero", "codes"), [(b"<v>0.0</v>", ["formula_without_value"]), (b"<v>0</v>", [])])
def test_a_sheet_that_apache_poi_adds_to_a_calculated_workbook_was_not_calculated(
    zero: bytes, codes: list[str]
) -> None:
    """Excel writes a zero as 0, and so do programs that calculate; of another sheet they say nothing."""
    parts = unpacked(workbook({"L": [LOAN_HEADER, loan(1, 1)], "Summary": [["Total"], [5]]}))
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'fullCalcOnLoad="1"', b"")
    parts[SHEET] = parts[SHEET].replace(b"<v>20</v>", b"<f>SUM(A9:A10)</f>" + zero)
    parts[SHEET.replace("1", "2")] = parts[SHEET.replace("1", "2")].replace(b"<v>5</v>", b"<f>2+3</f><v>5</v>")
    (chunk,), _ = read(packed(parts))
    assert [found.code for found in chunk.findings] == codes


@pytest.mark.parametrize("proof", ["03/31/2024", "3-31-2024"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_month_first_on_one_sheet_makes_dates_of_the_others_ambiguous(proof: str, order: int) -> None:
    sheets = {
        "proof": [LOAN_HEADER, loan(1, 1, start_date=proof, end_date=None)],
        "other": [LOAN_HEADER, loan(1, 2, start_date="04/05/2024", end_date=None), loan(1, 3, end_date=None)],
        # Without a column of dates.
        "customers": [CUSTOMER_HEADER, customer(1)],
    }
    chunks, _ = read(workbook(dict(list(sheets.items())[::order])))
    assert [(found.sheet, found.row_number, found.code) for chunk in chunks for found in chunk.findings] == [
        ("other", 2, "ambiguous_date")
    ]
    assert sum(len(rows_of(chunk)) for chunk in chunks) == 3


def test_a_day_first_beside_a_month_first_decides_nothing() -> None:
    dates = ("31/03/2024", "03/31/2024", "04/05/2024")
    rows = [loan(1, number, start_date=day, end_date=None) for number, day in enumerate(dates, 1)]
    (chunk,), _ = read(loans_book(*rows))
    assert [(found.row_number, found.code) for found in chunk.findings] == [(4, "ambiguous_date")]


def with_dates(*ends: object) -> bytes:
    return loans_book(
        *(loan(1, number, start_date=date(2020, 1, 1), end_date=end) for number, end in enumerate(ends, 1))
    )


@pytest.mark.parametrize("proof", ["03/31/2031", "3-31-2031", "Mon 03/31/31"])
def test_beside_a_month_first_a_date_cell_that_excel_may_have_turned_round_is_ambiguous(proof: str) -> None:
    turned, same, sure = date(2031, 5, 4), date(2031, 5, 5), date(2031, 5, 31)
    for ends in ((turned, same, sure, proof), (proof, turned, same, sure)):
        (chunk,), _ = read(with_dates(*ends))
        assert {row[-1] for row in rows_of(chunk)} - {date(2031, 3, 31)} == {same, sure}
        assert [found.code for found in chunk.findings if found.row_number == ends.index(turned) + 2] == [
            "ambiguous_date"
        ]


def test_a_date_cell_beside_a_day_first_is_what_it_is() -> None:
    (chunk,), _ = read(with_dates(date(2031, 5, 4), "31/03/2031", "04/05/2031"))
    assert [row[-1] for row in rows_of(chunk)] == [date(2031, 5, 4), date(2031, 3, 31), date(2031, 5, 4)]


def test_a_month_first_far_below_date_cells_refuses_the_file() -> None:
    book = with_dates(date(2031, 5, 4), date(2031, 4, 5), "03/31/2031")
    layouts, _ = find_layouts(read_workbook(BytesIO(book)))
    with pytest.raises(FileRefused, match="03/31/2031 of the sheet loans has its month first"):
        list(read_chunks(layouts, size=2))
    # So does whoever goes on between them, and nobody to whom they are one chunk.
    with pytest.raises(FileRefused, match="03/31/2031 of the sheet loans has its month first"):
        list(read_chunks(layouts, start=1))
    (chunk,) = read_chunks(layouts)
    assert {found.row_number for found in chunk.findings} == {2, 3}


def test_whoever_goes_on_below_a_month_first_doubts_date_cells_too() -> None:
    layouts, _ = find_layouts(read_workbook(BytesIO(with_dates("03/31/2031", date(2031, 5, 4), date(2031, 4, 5)))))
    (rest,) = read_chunks(layouts, start=1)
    assert [found.code for found in rest.findings] == ["ambiguous_date", "ambiguous_date"]


def test_a_sheet_with_one_column_of_dates_proves_its_order_too() -> None:
    rows = [receipt(f"UTR-{at}", payment_date=day) for at, day in enumerate(("04/05/2024", 45000, "03/31/2024"))]
    (chunk,), _ = read(workbook({"R": [RECEIPT_HEADER, *rows]}))
    assert [(found.row_number, found.code) for found in chunk.findings] == [(2, "ambiguous_date")]


NOTES_ABOVE: list[list[Any]] = [
    ["Report of June 2024"],
    ["Printed on", 45473, "at 5:30 p.m."],
    [],
    [None, "Loans", 300000],
    ["Page", 1],
]


@pytest.mark.parametrize("text", [False, True])
def test_a_row_of_data_above_the_titles_is_rejected_by_its_number(text: bool) -> None:
    rows: list[Sequence[Any]] = [*NOTES_ABOVE, loan(1, 1), [None, *loan(1, 2)[1:]], LOAN_HEADER, loan(1, 3)]
    content = workbook({"L": rows})
    if text:
        content = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows).encode()
    (chunk,), _ = read(content)
    assert [row[1] for row in rows_of(chunk)] == [3]
    said = {found.row_number: found for found in chunk.findings}
    assert ({*said}, chunk.found) == ({6, 7}, 3)
    assert said[6].code == "row_above_titles"
    assert said[6].message == (
        "Customer ID stands in a row above the titles, which are in row 8; move the row below them. Invalid value: 1."
    )


def test_rows_of_data_above_the_titles_of_a_sheet_without_others_are_rejected_too() -> None:
    (chunk,), _ = read(workbook({"C": [customer(1), CUSTOMER_HEADER]}))
    assert [(found.row_number, found.code) for found in chunk.findings] == [(1, "row_above_titles")]


def test_reading_goes_on_anywhere_behind_rows_above_the_titles() -> None:
    layouts, _ = find_layouts(
        read_workbook(BytesIO(workbook({"L": [loan(1, 1), LOAN_HEADER, loan(1, 2), loan(1, 3)]})))
    )
    for start in range(4):
        chunks = list(read_chunks(layouts, start=start, size=2))
        assert [place for chunk in chunks for place in range(chunk.start, chunk.end)] == list(range(start, 3))
        assert sum(len(chunk.findings) for chunk in chunks) == (start == 0)


UNITS = (
    "(Amounts in ₹ lakhs)", "Rs. in crore", "All amounts in thousands", "(₹ in lakhs)", "Rs. '000", "(₹ '000)",
    "in 000s", "Amounts in 1,000", "₹ L", "INR Cr.", "Figures in INR lakh", "Unit: Lakh", "Amount (Rs. Lacs)",
    "Amounts in USD", "Currency: NPR", "Amounts in $", "All values in paise", "Rates in bps", "Interest rates are flat",
    "Rate in % p.m.", "Interest rate per month", "Tenure in years", "Tenure (yrs)", "Monthly salary p.a.",
    "Dates as mm/dd/yyyy", "Lakhs of rupees", "All figures in K", "Tenor in years", "Monthly interest rate",
    "Date format: MDY", "Dates in US format", "(राशि लाख में)", "₹ लाख", "राशि हज़ार रुपये में", "रु. करोड़ में",
    "ＡＭＯＵＮＴＳ ＩＮ ＬＡＫＨＳ", "Loan book\nin millions",
)  # fmt: skip
HARMLESS = (
    "Loans of June 2024", "Amounts in ₹", "Amounts in rupees", "(All amounts in Rs.)", "Loans above Rs. 5 lakh",
    "Portfolio: ₹ 12.5 crore", "Loans from 5 to 10 lakhs", "Printed at 5:30 p.m.", "Branch: L & T Marg, Pune",
    "K. R. Finance Ltd.", "Tenure in months, rate in % p.a.", "Statement for the year 2023-24", "Loans above Rs. 1000",
    "Million Dreams Finance", "Lakhani Brothers", "Page 1 of 20", "Sanctioned in the years 2019 to 2024",
    "Dates as dd/mm/yyyy", "Salary per month in ₹", "Crore Capital Ltd", "Code 000123", "EMI payable monthly",
    "Branches in K. R. Puram", "Interest on monthly reducing balance", "लाखन सिंह", "5 लाख में से",
    "Short-term loans in USA",
)  # fmt: skip


def around(note: str, place: str) -> bytes:
    rows: dict[str, list[Sequence[Any]]] = {
        "above": [[note], [], LOAN_HEADER, loan()],
        "right above": [[None, None, note], LOAN_HEADER, loan()],
        "below": [LOAN_HEADER, loan(), [], [note]],
        "right below": [LOAN_HEADER, [None, None, note], loan()],
        "beside": [[None, *LOAN_HEADER], [1, *loan()], [note]],
    }
    return workbook({"L": rows[place]})


PLACES = ("above", "right above", "below", "right below", "beside")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("note", UNITS)
def test_a_note_of_another_unit_refuses_the_file_wherever_it_stands(note: str, place: str) -> None:
    cell = {"above": "A1", "right above": "C1", "below": "A4", "right below": "C2", "beside": "A3"}[place]
    sentence = refusal(around(note, place))
    assert sentence.startswith(f"Cell {cell} of the sheet L says "), sentence
    assert "Convert those that are not, and delete " in sentence


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("note", HARMLESS)
def test_another_note_refuses_nothing(note: str, place: str) -> None:
    (chunk,), _ = read(around(note, place))
    assert len(rows_of(chunk)) == 1
    assert {found.row_number for found in chunk.findings} <= {2, 4}


@pytest.mark.parametrize(
    ("units", "is_refused"),
    [
        ({"Loan Amount": "₹ lakhs", "Tenure": "years"}, True), ({"Tenure": "(years)"}, True),
        ({"Loan Amount": "k"}, True),
        ({"Loan Amount": "'000"}, True), ({"Loan Amount": "$"}, True), ({"Interest Rate": "% p.m."}, True),
        ({"Loan Amount": "₹", "Tenure": "months", "Interest Rate": "% p.a.", "End Date": "dd/mm/yyyy"}, False),
        ({"Tenure": "?", "Loan Amount": "total"}, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("above", [True, False])
def test_a_row_of_units_refuses_the_file_if_one_is_not_its_columns(
    units: dict[str, str], is_refused: bool, above: bool
) -> None:
    row = [units.get(title) for title in LOAN_HEADER]
    content = workbook({"L": [row, LOAN_HEADER, loan()] if above else [LOAN_HEADER, row, loan()]})
    if is_refused:
        assert re.match(r"Cell [CDE][12] of the sheet L says ", refusal(content))
    else:
        (chunk,), _ = read(content)
        assert len(rows_of(chunk)) == 1


@pytest.mark.parametrize("amount", ["1000", "100000"])
def test_an_amount_in_a_row_of_a_customer_is_no_unit(amount: str) -> None:
    header, rest = ",".join(LOAN_HEADER), "1,2,300000,24,11.25,15344,0,2023-05-17,\n"
    (chunk,), _ = read(f"{header}\n{rest}no one,,{amount},,,,,,\n".encode())
    assert {found.row_number for found in chunk.findings} == {3}
    assert f" says {amount}, so its values may not be in rupees" in refusal(
        f"{header}\n,,{amount},,,,,,\n{rest}".encode()
    )


def test_the_name_of_a_sheet_may_say_its_unit() -> None:
    assert "The sheet Loans (₹ lakhs) is named so" in refusal(workbook({"Loans (₹ lakhs)": [LOAN_HEADER, loan()]}))


def test_words_of_units_in_rows_of_data_refuse_no_file() -> None:
    rows = [
        customer(1, first_name="Lakh", last_name="Million"), customer("x", last_name="Thousand"),
        customer(3, monthly_income="3 lakh"), customer(None, approved_limit="5 lakhs"),
    ]  # fmt: skip
    (chunk,), _ = read(customers_book(*rows))
    assert {found.row_number for found in chunk.findings} == {3, 4, 5}


SWAPPED = [LOAN_HEADER[1], LOAN_HEADER[0], *LOAN_HEADER[2:]]


@pytest.mark.parametrize(
    "below",
    [
        SWAPPED,
        [*LOAN_HEADER[:3], *LOAN_HEADER[4:]],
        [*LOAN_HEADER[:8], "Closed On"],
        [*LOAN_HEADER, "Branch"],
        [None, *LOAN_HEADER[:-1]],
        ["Customer ID", "Loan Amount", "Total"],
        list(CUSTOMER_HEADER),
        list(RECEIPT_HEADER),
        [*LOAN_HEADER[:2], "Loan Amount $", *LOAN_HEADER[3:]],
        [*LOAN_HEADER[:2], "Loan Amount (₹ lakhs)", *LOAN_HEADER[3:]],
    ],
)
def test_other_titles_further_down_refuse_the_file(below: list[str | None]) -> None:
    many = [loan(1, number) for number in range(1, 40)]
    sentence = refusal(workbook({"L": [LOAN_HEADER, *many, below, loan(2, 70)]}))
    assert re.match("(Row 41|Cell C41) of the sheet L (has titles again|says )", sentence), sentence
    sentence = refusal(customers_book(customer(1), list(LOAN_HEADER), loan(2, 70)))
    assert "put them on two sheets" in sentence


def test_other_titles_above_the_header_refuse_the_file() -> None:
    summary = [*LOAN_HEADER[:6], "Branch"]
    content = workbook({"L": [summary, loan(1, 1)[:6], [], LOAN_HEADER, loan(1, 2)]})
    assert "The sheet L has titles in row 1 and others in row 4" in refusal(content)


@pytest.mark.parametrize("header", [LOAN_HEADER, [title.replace(" ", "_").upper() for title in LOAN_HEADER]])
def test_the_same_titles_once_more_are_one_row_that_is_rejected(header: list[str]) -> None:
    (chunk,), _ = read(loans_book(loan(1, 1), header, loan(1, 2), header, loan(1, 3)))
    assert [row[1] for row in rows_of(chunk)] == [1, 2, 3]
    assert [(found.row_number, found.code) for found in chunk.findings] == [(3, "titles_again"), (5, "titles_again")]
    assert chunk.findings[0].message == (
        f"Customer ID stands in a row with the titles of row 1 once more; delete the row. Invalid value: {header[0]}."
    )


def test_a_value_far_down_on_the_left_of_all_titles_is_not_left_out_silently() -> None:
    rows = [[None, *loan(1, number)] for number in range(1, 30)]
    (chunk,), findings = read(workbook({"L": [["Loans"], [None, *LOAN_HEADER], *rows, [5, *loan(1, 31)], ["Note"]]}))
    assert (chunk.findings[0].row_number, chunk.findings[0].code, findings) == (32, "row_does_not_fit", [])
    assert {found.row_number for found in chunk.findings} == {32, 33}
    assert len(rows_of(chunk)) == 29


@pytest.mark.parametrize(
    "note",
    ["(₹ in lakhs)", "[Rs. Cr]", "Amounts in lakhs", "All figures in USD", "in ₹ lakhs", "* in lakhs", "Unit: lakh"],
)
def test_a_note_of_another_unit_may_stand_beside_the_titles(note: str) -> None:
    assert refusal(workbook({"L": [[*LOAN_HEADER, note], loan()]})).startswith("Cell J1 of the sheet L says ")


def test_a_column_that_is_ignored_may_have_its_own_unit() -> None:
    (chunk,), findings = read(workbook({"L": [[*LOAN_HEADER, "Exposure (₹ lakhs)"], [*loan(), 5]]}))
    assert (len(rows_of(chunk)), [found.code for found in findings]) == (1, ["unknown_column"])
