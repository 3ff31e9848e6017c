"""Sheets with as many cells as Excel lets somebody have."""

import tracemalloc
from array import array
from io import BytesIO

import pytest

from chalicelib.imports.headers import find_layouts
from chalicelib.imports.reading.plain_rows import PlainRows
from chalicelib.imports.reading.shared_strings import SharedStrings
from chalicelib.imports.reading.workbook import read_workbook
from chalicelib.imports.rows import read_chunks
from tests.support.workbooks import one_cell_at

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
