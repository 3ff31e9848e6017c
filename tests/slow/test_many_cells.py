"""Sheets with as many cells as Excel lets somebody have."""

import resource
import subprocess
import sys
import tracemalloc
from array import array
from io import BytesIO

import pytest

from chalicelib.imports.headers import find_layouts
from chalicelib.imports.reading.plain_rows import PlainRows
from chalicelib.imports.reading.shared_strings import SharedStrings
from chalicelib.imports.reading.workbook import FileRefused, read_workbook
from chalicelib.imports.reading.xml_parts import MAX_PIECE_BYTES
from chalicelib.imports.rows import read_chunks
from tests.support.workbooks import customer, customers_book, one_cell_at, packed, unpacked

_SHEET = "xl/worksheets/sheet1.xml"

# A sheet may have ten times as many; each takes as much as the next.
ERROR_CELLS = 100_000


def test_error_cells_are_kept_in_a_few_bytes_each() -> None:
    finder = PlainRows(b"", SharedStrings(array("I")), {})
    tracemalloc.start()
    for first in range(1, ERROR_CELLS + 1, 10_000):
        rows = (
            b'<row r="%d"><c r="H%d" t="e"><v>#N/A</v></c></row>' % (row, row) for row in range(first, first + 10_000)
        )
        assert finder.take(b"".join(rows))
    marks = finder.marks()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(map(len, marks.values())) == ERROR_CELLS
    assert size < 16 * ERROR_CELLS


@pytest.mark.parametrize("address", ["AZ90000", "G1048576"])
def test_a_stray_cell_for_which_there_is_just_room_does_no_harm(address: str) -> None:
    layouts, _ = find_layouts(read_workbook(BytesIO(one_cell_at(address))))
    assert [chunk.columns[0][0] for chunk in read_chunks(layouts) if chunk.positions] == [1]


def test_rows_without_cells_far_down_a_sheet_do_no_harm() -> None:
    """Excel writes such a row for each that somebody gave a height or a colour, or hid."""
    parts = unpacked(customers_book(customer(1)))
    rows = (b'<row r="%d" spans="1:7" s="1" customFormat="1" ht="15.75"/>' % row for row in range(3, 300_000))
    last = b'<row r="300000"><c r="A300000"><v>2</v></c></row>'
    book = packed(parts | {_SHEET: parts[_SHEET].replace(b"</sheetData>", b"".join((*rows, last, b"</sheetData>")))})
    layouts, _ = find_layouts(read_workbook(BytesIO(book)))
    chunks = list(read_chunks(layouts))
    assert [number for chunk in chunks for number in chunk.row_numbers] == [2]
    assert {found.row_number for chunk in chunks for found in chunk.findings} == {300_000}


def test_much_that_stands_below_the_rows_does_no_harm() -> None:
    """As the conditional formats that Excel doubles whenever somebody inserts cells."""
    parts = unpacked(customers_book(customer(1)))
    rule = (
        b'<conditionalFormatting sqref="A%d:G%d"><cfRule type="cellIs" dxfId="0" priority="%d" operator="lessThan">'
        b"<formula>0</formula></cfRule></conditionalFormatting>"
    )
    below = b"</sheetData>" + b"".join(rule % (number, number, number) for number in range(1, 120_000))
    assert len(below) > MAX_PIECE_BYTES
    book = packed(parts | {_SHEET: parts[_SHEET].replace(b"</sheetData>", below)})
    layouts, _ = find_layouts(read_workbook(BytesIO(book)))
    assert [number for chunk in read_chunks(layouts) for number in chunk.row_numbers] == [2]


@pytest.mark.parametrize("beside", [b"", b"<!-- </row> -->"])
def test_a_row_of_more_text_than_any_has_is_refused(beside: bytes) -> None:
    parts = unpacked(customers_book(customer(1)))
    cell = b'<c r="%c3" t="inlineStr"><is><t>%b</t></is></c>' + beside
    text = b"a" * (MAX_PIECE_BYTES // 5)
    row = b'<row r="3">%b</row></sheetData>' % b"".join(cell % (letter, text) for letter in b"ABCDEF")
    book = packed(parts | {_SHEET: parts[_SHEET].replace(b"</sheetData>", row)})
    with pytest.raises(FileRefused, match="the row 3 has more than 16777216 characters"):
        read_workbook(BytesIO(book))


def wide_rows(count: int) -> bytes:
    """A workbook of one customer, below whom so many rows reach from the first to the last column that Excel has."""
    parts = unpacked(customers_book(customer()))
    rows = b"".join(
        b'<row r="%d"><c r="A%d"><v>9</v></c><c r="XFD%d"><v>1</v></c></row>' % (row, row, row)
        for row in range(3, 3 + count)
    )
    return packed(parts | {_SHEET: parts[_SHEET].replace(b"</sheetData>", rows + b"</sheetData>")})


def test_rows_as_wide_as_a_sheet_can_be_are_read_a_few_at_a_time() -> None:
    peaks = [
        int(subprocess.check_output([sys.executable, "-m", __name__, str(count)], text=True)) for count in (250, 1000)
    ]
    # In KiB; 16,384 cells of 750 more rows, held at once, would take 96 MiB for their references alone.
    assert peaks[1] < peaks[0] + 48 * 1024


def _read_wide_rows(count: int) -> None:
    layouts, _ = find_layouts(read_workbook(BytesIO(wide_rows(count))))
    assert sum(chunk.found for chunk in read_chunks(layouts)) == count + 1
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    _read_wide_rows(int(sys.argv[1]))
