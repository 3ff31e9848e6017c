"""The value of a cell, however its XML, its format and its letters say it: read as it is seen, or refused."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from xml.sax.saxutils import escape

import pytest

from chalicelib.imports.findings import Finding
from chalicelib.imports.headers import find_layouts
from chalicelib.imports.kinds import readers
from chalicelib.imports.kinds.receipts import RECEIPTS
from chalicelib.imports.reading.number_formats import DATE, PERCENT, PLAIN, UNCLEAR
from chalicelib.imports.reading.styles import read_styles
from chalicelib.imports.reading.workbook import FileRefused, read_workbook
from chalicelib.imports.reading.xml_parts import MAIN
from chalicelib.imports.rows import read_chunks
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.dates import proves_month_first
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, loan, loans_book, packed, unpacked

STYLES = "xl/styles.xml"
SHEET = "xl/worksheets/sheet1.xml"
# What makes a sheet be written anew before it is read.
NOT_PLAIN = b"<!-- by hand -->"


def book_with(cell: str, *, plainly: bool = True, number_format: str = "General") -> bytes:
    """A workbook of one loan, with this XML for its End Date. The style 1 is that of dates, 2 has `number_format`."""
    parts = unpacked(loans_book(loan(1, 1)))
    code = escape(number_format, {'"': "&quot;"}).encode()
    styles = parts[STYLES].replace(b"</numFmts>", b'<numFmt numFmtId="200" formatCode="%b"/></numFmts>' % code)
    styles = styles.replace(b"</cellXfs>", b'<xf numFmtId="200"/></cellXfs>')
    parts[STYLES] = styles
    xml, count = re.subn(rb'<c r="I2"[^>]*>.*?</c>', cell.encode(), parts[SHEET])
    assert count == 1
    if not plainly:
        xml = xml.replace(b"<sheetData>", b"<sheetData>" + NOT_PLAIN)
    return packed(parts | {SHEET: xml})


def read(content: bytes) -> tuple[list[object], list[Finding]]:
    """The last of its columns, as it is stored, and what is said of the other rows; a refused file is one finding."""
    try:
        layouts, _ = find_layouts(read_workbook(BytesIO(content)))
        (chunk,) = read_chunks(layouts)
    except FileRefused as error:
        return [], [Finding("loans", 0, "rejected", None, None, "file", str(error))]
    at = max(at for at, place in enumerate(chunk.layout.positions) if place is not None)
    return list(chunk.columns[at]), list(chunk.findings)


@pytest.mark.parametrize("plainly", [True, False])
@pytest.mark.parametrize("text", ["31/12/2024", "0", "45657", "2024-12-31", "1"])
@pytest.mark.parametrize("value", ["<v>{}</v>", "<is><t>{}</t></is>", "<is><t>{0}</t></is><v>{0}</v>"])
@pytest.mark.parametrize("kind", ["", ' t="n"', *(f' t="{t}"' for t in ("s", "str", "inlineStr", "d", "b", "e"))])
def test_no_value_that_a_file_carries_is_read_as_nothing(kind: str, value: str, text: str, plainly: bool) -> None:
    stored, findings = read(book_with(f'<c r="I2"{kind}>{value.format(text)}</c>', plainly=plainly))
    assert len(stored) + len(findings) == 1
    assert None not in stored


@pytest.mark.parametrize("plainly", [True, False])
@pytest.mark.parametrize(
    "cell",
    ['t="inlineStr"><v>31/12/2024</v>', 't="str"><is><t>31/12/2024</t></is>', "><is><t>31/12/2024</t></is>",
     't="inlineStr"><is><t>31/12/2024</t></is><v>45657</v>'],
)  # fmt: skip
def test_a_value_that_is_not_written_as_its_type_says_is_named(cell: str, plainly: bool) -> None:
    _, (finding,) = read(book_with(f'<c r="I2" {cell}</c>', plainly=plainly))
    assert "the value of the cell I2 is not written as its type" in finding.message
    assert "type the cell again, and save it" in finding.message


@pytest.mark.parametrize("plainly", [True, False])
@pytest.mark.parametrize(
    ("kind", "value"),
    [*((kind, value) for kind in ("", ' t="n"') for value in
       ("abc", "1,5", "45657 INR", "4 5657", "nan", "INF", "0x10", "1_0", "1e", "1.2.3", "--1", ".")),
     *((' t="s"', value) for value in ("abc", "-1", "+1", "1.0")),
     *((' t="b"', value) for value in ("maybe", "2", "yes"))],
)  # fmt: skip
def test_a_value_that_is_none_of_its_type_rejects_its_row(kind: str, value: str, plainly: bool) -> None:
    stored, (finding,) = read(book_with(f'<c r="I2"{kind}><v>{value}</v></c>', plainly=plainly))
    assert (stored, finding.code, finding.row_number) == ([], "mistyped", 2)
    assert finding.message == (
        "End Date is not of the type that its cell says, such as a number; open the file in Excel, type the cell "
        f"again, and save it. Invalid value: {value}."
    )


@pytest.mark.parametrize("plainly", [True, False])
@pytest.mark.parametrize(
    "value", ["4565&#55;", "&#x34;5657", " 45657 ", "+45657", "45657.", "4.5657E4", "4.5657e+04", "045657", "45657.0"]
)
def test_a_number_is_one_however_its_characters_are_written(value: str, plainly: bool) -> None:
    content = book_with(f'<c r="I2" s="1"><v>{value}</v></c>', plainly=plainly)
    assert read(content) == ([date(2024, 12, 31)], [])


@pytest.mark.parametrize("plainly", [True, False])
@pytest.mark.parametrize("reference", ["&#0;", "&#x1;", "&#xFFFE;", "&#xD800;", "&#x110000;", "&#11;"])
def test_a_reference_to_no_character_rejects_its_row_and_not_the_file(reference: str, plainly: bool) -> None:
    cell = f'<c r="I2" t="inlineStr"><is><t>31/12/2024{reference}</t></is></c>'
    stored, (finding,) = read(book_with(cell, plainly=plainly))
    assert (stored, finding.code, finding.row_number) == ([], "not_a_date", 2)
    _, (finding,) = read(book_with_shared(f"<t>31/12/2024{reference}</t>"))
    assert (finding.code, finding.row_number) == ("not_a_date", 2)


@pytest.mark.parametrize("attributes", ['s="1" t="n"', 't="n" s="1"', 's="1"', 't="n" s="1" cm="1"', 's="1" vm="2"'])
def test_a_style_may_stand_before_or_behind_the_type(attributes: str) -> None:
    assert read(book_with(f'<c r="I2" {attributes}><v>45657</v></c>')) == ([date(2024, 12, 31)], [])


@pytest.mark.parametrize("formula", ["", "<f>1/0</f>", "<f/>"])
@pytest.mark.parametrize("name", ["#ERROR!", "#SPILL!", "#N/A ", "Err:502", "#N/A"])
def test_an_error_of_any_name_rejects_its_row_and_not_the_file(name: str, formula: str) -> None:
    stored, (finding,) = read(book_with(f'<c r="I2" t="e">{formula}<v>{name}</v></c>'))
    assert (stored, finding.code, finding.column_name) == ([], "error_cell", "End Date")


def test_a_text_that_is_not_there_is_told_with_its_sheet_and_what_to_do() -> None:
    _, (finding,) = read(book_with('<c r="I2" t="s"><v>99</v></c>'))
    assert "in the sheet loans, Cell string index not found" in finding.message
    assert finding.message.endswith("; open it in Excel, and save it.")


@pytest.mark.parametrize(
    "inside",
    ["<v><x>45657</x></v>", "45657", "<x>45657</x>", '<is>31/12/2024</is>', "<is><t><x>31/12/2024</x></t></is>"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["n", "inlineStr"])
def test_text_in_a_cell_where_no_value_stands_is_not_dropped(kind: str, inside: str) -> None:
    _, (finding,) = read(book_with(f'<c r="I2" t="{kind}">{inside}</c>'))
    assert "the cell I2 has text where no value stands" in finding.message


@pytest.mark.parametrize("kind", ["n", "s", "str", "inlineStr", "d", "b"])
@pytest.mark.parametrize("value", ["", "<v/>", "<v></v>"])
def test_a_cell_without_a_value_is_empty_whatever_its_type(kind: str, value: str) -> None:
    assert read(book_with(f'<c r="I2" t="{kind}">{value}</c>')) == ([None], [])


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        ('s="1"><v>45656.770833333336</v>', "2024-12-30 18:30:00"),
        ("><v>45656.770833333336</v>", "45656.770833333336"),
        ('t="d"><v>2024-12-30T18:30:00.000Z</v>', "2024-12-30T18:30:00.000Z"),
        ('t="d"><v>2024-12-31T17:45:00</v>', "2024-12-31 17:45:00"),
    ],
)
def test_a_date_with_a_time_of_day_is_refused_with_what_was_seen(cell: str, seen: str) -> None:
    stored, (finding,) = read(book_with(f'<c r="I2" {cell}</c>'))
    assert stored == []
    assert finding.message == (
        f"End Date must be a date without a time of day, such as 2024-03-31. Invalid value: {seen}."
    )


@pytest.mark.parametrize(
    "cell",
    ['s="1"><v>45657.00000001</v>', 't="d"><v>2024-12-31</v>', 't="d"><v>2024-12-31T00:00:00.000Z</v>'],
)  # fmt: skip
def test_a_date_at_midnight_is_that_day(cell: str) -> None:
    assert read(book_with(f'<c r="I2" {cell}</c>')) == ([date(2024, 12, 31)], [])


@pytest.mark.parametrize("plainly", [True, False])
@pytest.mark.parametrize("number_format", ["mmm-yy", ";;;", "0%", '"soon"'])
@pytest.mark.parametrize("value", ["2024-12-31", "2024-12-31T00:00:00", "2024-12-31T00:00:00.000Z"])
def test_a_date_whose_format_shows_something_else_is_unclear(value: str, number_format: str, plainly: bool) -> None:
    for attributes in ('s="2" t="d"', 't="d" s="2"'):
        content = book_with(f'<c r="I2" {attributes}><v>{value}</v></c>', plainly=plainly, number_format=number_format)
        stored, (finding,) = read(content)
        assert (stored, finding.code) == ([], "unclear_number_format")
        assert finding.message.endswith(f" in the number format {number_format}.")


@pytest.mark.parametrize("number_format", ["General", "dd/mm/yyyy", "d mmm yyyy"])
def test_a_date_whose_format_shows_it_is_that_date(number_format: str) -> None:
    content = book_with('<c r="I2" s="2" t="d"><v>2024-12-31</v></c>', number_format=number_format)
    assert read(content) == ([date(2024, 12, 31)], [])


def meaning_of(number: int, code: str | None) -> str:
    """What the number format of this number means, for which the file has this code."""
    own = f'<numFmt numFmtId="{number}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>' if code else ""
    inside = f'<numFmts>{own}</numFmts><cellXfs><xf numFmtId="{number}"/></cellXfs>'
    xml = f'<styleSheet xmlns="{MAIN[0]}">{inside}</styleSheet>'.encode()
    return read_styles([xml]).formats[0].sections[0].meaning


@pytest.mark.parametrize(
    ("code", "meaning"),
    [(None, PLAIN), ('_("$"* #,##0.00_);_("$"* (#,##0.00)', PLAIN), ("_-[$₹-4009]* #,##0.00_-", PLAIN),
     ('"Rs."#,##0.00', PLAIN), ("_-* #,##0.00 _€_-", PLAIN), ("0.00%", PERCENT), ("#,##0,", UNCLEAR),
     ("dd/mm/yyyy", DATE)],
)  # fmt: skip
@pytest.mark.parametrize("number", [5, 43, 44])
def test_a_format_of_currencies_is_what_the_file_says_but_for_its_currency(
    number: int, code: str | None, meaning: str
) -> None:
    """Its number says that it is an amount in the reader's own currency; SheetJS may give it to any format."""
    assert meaning_of(number, code) == meaning


@pytest.mark.parametrize("number", [56, 60, 61, 70, 100, 164])
def test_a_format_that_sheetjs_numbers_is_what_the_file_says(number: int) -> None:
    for code, meaning in (("dd/mm/yyyy", DATE), ("0.0%", PERCENT), ("#,##0.000", PLAIN), ('0 "lakh"', UNCLEAR)):
        assert meaning_of(number, code) == meaning


@pytest.mark.parametrize(("number", "code"), [(9, "0.00"), (14, "0.00"), (2, "0%"), (10, "dd/mm/yyyy"), (0, "0%")])
def test_a_format_that_is_the_same_everywhere_cannot_be_another_one(number: int, code: str) -> None:
    assert meaning_of(number, code) == UNCLEAR


def customers_text(*rows: str, header: Sequence[str] = CUSTOMER_HEADER) -> bytes:
    return "\n".join([",".join(header), *rows, ""]).encode()


@pytest.mark.parametrize("blank", ["\u00a0", " \u00a0 ", "\t", "\u2003", "\u200b", "\ufeff", "\x0b", "\u2800"])
def test_a_quotation_mark_behind_an_unusual_blank_refuses_the_text(blank: str) -> None:
    for row in (f'1,{blank}"Asha",Rao,41,9812345678,60000,5', f'1,{blank}"Rao, Asha",,41,9812345678,60000,5'):
        _, (finding,) = read(customers_text(row))
        assert "a blank that is no ordinary space stands before a quotation mark; delete it" in finding.message
        assert "line 2" in finding.message


def test_blanks_inside_of_quotation_marks_are_part_of_the_text() -> None:
    row = '1,"Asha\u00a0","Rao ""R"", \u00a0Menon",41,"9812345678","60,000","5"'
    assert read(customers_text(row)) == ([Decimal(5)], [])


@pytest.mark.parametrize(
    "row",
    ["1,Asha,Rao,41,9812345678,60,000", "1,Asha,Rao,41,9812345678,60,050", "1,Asha,Rao,41,9812345678,₹60,000.50",
     "1,Asha,Rao,41,9812345678,Rs. 60,000/-", "1,Asha,41,9812345678,3,00,000", "1,Asha,9812345678,60,000,3,005"],
)  # fmt: skip
def test_a_number_torn_at_its_commas_is_refused_also_if_the_row_is_as_long_as_its_header(row: str) -> None:
    stored, findings = read(customers_text(row))
    assert stored == []
    assert any("may be a part of one number, " in finding.message for finding in findings)


LONGER = "2,Asha,Rao,41,9812345678,70,000,22,00,000"


@pytest.mark.parametrize("amount", ["60,500", "60,500.50", "₹60,500"])
def test_in_a_file_with_longer_rows_two_cells_may_be_a_number_whose_last_group_has_no_zero(amount: str) -> None:
    row = f"1,Asha,Rao,41,9812345678,{amount}"
    assert read(customers_text(row))[1] == []
    for rows in ([row, LONGER], [LONGER, row]):
        stored, findings = read(customers_text("\n".join(rows)))
        assert stored == []
        own = [finding for finding in findings if finding.row_number == rows.index(row) + 2]
        assert [(finding.column_name, finding.code) for finding in own] == [("Monthly Salary", "row_does_not_fit")]
        assert own[0].message.startswith(
            f"Monthly Salary may be a part of one number, {amount}: other rows of the file"
        )


@pytest.mark.parametrize("row", ["1,Asha,Rao,41,9812345678,60000,500", "1,Asha,Rao,41,9812345678,6,5000"])
def test_in_a_file_with_longer_rows_others_are_what_they_are(row: str) -> None:
    _, findings = read(customers_text(row, LONGER))
    assert {finding.row_number for finding in findings} == {3}


def test_in_a_file_of_semicolons_no_number_is_torn() -> None:
    rows = customers_text("1,Asha,Rao,41,9812345678,60,500", LONGER).replace(b",", b";")
    _, findings = read(rows)
    assert {finding.row_number for finding in findings} == {3}


def test_the_sentence_about_a_torn_number_says_what_to_do() -> None:
    _, (salary, limit) = read(customers_text("1,Asha,Rao,41,9812345678,60,000"))
    assert (salary.code, limit.code) == ("row_does_not_fit", "row_does_not_fit")
    assert salary.message == (
        "Monthly Salary may be a part of one number, 60,000: put it between quotation marks, or write 000 without the "
        "zero in front. Invalid value: 60."
    )


@pytest.mark.parametrize(
    "row", ['1,Asha,Rao,41,9812345678,"60,000",0', "1,Asha,Rao,41,09812345678,60,500", '"1","0",Rao,41,9812345678,60,0']
)
def test_numbers_that_are_no_part_of_another_stay(row: str) -> None:
    stored, _ = read(customers_text(row.replace('"0"', '"Asha"')))
    assert len(stored) == 1


def test_codes_with_zeros_in_front_are_no_groups_of_thousands() -> None:
    (stored,), findings = read(customers_text("012,007,300000,24,11.25,15344,0,2023-05-17,", header=LOAN_HEADER))
    assert (stored, findings) == (None, [])


@pytest.mark.parametrize(
    "code", ["&#39;", "&#x27;", "&apos;", "&amp;", "&quot;", "&nbsp;", "&eacute;", "%27", "\\u0027", "\\'"]
)
def test_a_character_that_stands_as_a_code_in_a_name_or_reference_is_refused(code: str) -> None:
    for reader in (readers.text_of_name(least=1), RECEIPTS.column("reference").reader):
        assert reader.read(f"O{code}Neil") == Problem(
            "damaged_text", f"holds {code}, the code of a character; write the character itself."
        )


@pytest.mark.parametrize("name", ["Rao & Sons", "AT&T", "R&D; Rao", "D'Souza", "O\u2019Neil", "Rao 100% Ltd", "A#39;"])
def test_an_ampersand_and_other_signs_are_what_they_are(name: str) -> None:
    assert readers.text_of_name(least=1).read(name) == name


TEXTS = ('t="str"><v>{}</v>', 't="inlineStr"><is><t>{}</t></is>')


@pytest.mark.parametrize("number_format", [";;;", '@" lakh"', '"soon"@', "@@", 'dd/mm/yyyy;;;"done"', "0;0;0;", "x@"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_its_format_hides_or_adds_to_is_unclear(text: str, number_format: str) -> None:
    content = book_with(f'<c r="I2" s="2" {text.format("31/12/2024")}</c>', number_format=number_format)
    stored, (finding,) = read(content)
    assert (stored, finding.code) == ([], "unclear_number_format")
    assert finding.message.endswith(f" Invalid value: 31/12/2024 in the number format {number_format}.")


@pytest.mark.parametrize(
    "number_format",
    ["@", "General", "0%", "mmm-yy", "0;0;0;@", ";;", "_(* #,##0.00_);_(* (#,##0.00);_(* -??_);_(@_)", "0;-0;;[Red]@"],
)
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_its_format_shows_is_that_text(text: str, number_format: str) -> None:
    content = book_with(f'<c r="I2" s="2" {text.format("31/12/2024")}</c>', number_format=number_format)
    assert read(content) == ([date(2024, 12, 31)], [])


@pytest.mark.parametrize(
    ("text", "proves"), [("Fri 04/05/2024", True), ("Sat 04/05/2024", False), ("04/05/2024", False)]
)
def test_a_day_of_the_week_may_prove_that_the_month_stands_first(text: str, proves: bool) -> None:
    assert proves_month_first(text) is proves
    assert proves_month_first(f"{text} 00:00") is proves


def test_a_day_of_the_week_decides_for_the_other_dates_of_its_sheet() -> None:
    _, (finding,) = read(loans_book(loan(1, 1, end_date="Fri 06/05/2026"), loan(1, 2, end_date="04/05/2026")))
    assert (finding.row_number, finding.code) == (3, "ambiguous_date")


STRIKE, RAISED = '<strike val="1"/>', '<vertAlign val="superscript"/>'


def book_with_shared(text: str) -> bytes:
    """A workbook of one loan, whose End Date is this text that cells share; another comes before it."""
    parts = unpacked(book_with('<c r="I2" t="s"><v>1</v></c>'))
    strings = f'<sst xmlns="{MAIN[0]}"><si><t>other</t></si><si>{text}</si></sst>'.encode()
    return packed(parts | {"xl/sharedStrings.xml": strings})


@pytest.mark.parametrize("font", ["<strike/>", STRIKE, RAISED, '<b/><vertAlign val="subscript"/>'])
def test_a_text_that_is_struck_out_or_raised_in_part_is_refused(font: str) -> None:
    text = f"<r><t>31/12/</t></r><r><rPr>{font}</rPr><t>2024</t></r>"
    for content in (book_with_shared(text), book_with(f'<c r="I2" t="inlineStr"><is>{text}</is></c>')):
        stored, (finding,) = read(content)
        assert (stored, finding.code) == ([], "struck_out")
        assert finding.message == (
            "End Date is struck out, or raised or lowered in part, so nobody knows what of it counts; write it "
            "plainly, or delete it. Invalid value: 31/12/2024."
        )


@pytest.mark.parametrize("end", ["<t>End </t>", "<rPr><strike/></rPr><t>End </t>"])
def test_a_title_that_is_struck_out_refuses_the_file(end: str) -> None:
    parts = unpacked(book_with(""))
    title = f'<c r="I1" t="inlineStr"><is><r>{end}</r><r><rPr><strike/></rPr><t>Date</t></r></is></c>'
    xml, count = re.subn(rb'<c r="I1"[^>]*>.*?</c>', title.encode(), parts[SHEET])
    assert count == 1
    _, (finding,) = read(packed(parts | {SHEET: xml}))
    assert finding.message == (
        "Column I of the sheet loans is titled End Date, which is struck out, or raised or lowered in part, so nobody "
        "knows whether it counts; write the title plainly, or delete the column."
    )


@pytest.mark.parametrize("font", ["", "<b/>", '<strike val="0"/>', '<vertAlign val="baseline"/>'])
def test_a_text_of_several_fonts_is_that_text(font: str) -> None:
    text = f"<r><t>31/12/</t></r><r><rPr>{font}</rPr><t>2024</t></r>"
    for content in (book_with_shared(text), book_with(f'<c r="I2" t="inlineStr"><is>{text}</is></c>')):
        assert read(content) == ([date(2024, 12, 31)], [])


@pytest.mark.parametrize("value", ["<v>45657</v>", ""])
@pytest.mark.parametrize("font", ["<strike/>", '<strike val="0"/>'])
def test_a_cell_that_is_struck_out_as_a_whole_is_refused(font: str, value: str) -> None:
    parts = unpacked(book_with(f'<c r="I2" s="3">{value}</c>'))
    styles = parts[STYLES].replace(b"</fonts>", f"<font>{font}</font></fonts>".encode())
    styles = styles.replace(b"</cellXfs>", b'<xf numFmtId="14" fontId="1"/></cellXfs>')
    stored, findings = read(packed(parts | {STYLES: styles}))
    if font == "<strike/>" and value:
        assert (stored, [found.code for found in findings]) == ([], ["struck_out"])
    else:
        assert (stored, findings) == ([date(2024, 12, 31) if value else None], [])
