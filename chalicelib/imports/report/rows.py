"""The rows of a report as the XML of a sheet, put into a workbook that openpyxl made.

openpyxl makes all else: styles, header, widths, rules. Written by it, a million rows take four minutes and longer than
the worker may run; as text they take half of one.
"""

import math
import zipfile
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import IO, Any
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

from chalicelib.imports.reading.cells import DressedCell, PercentCell
from chalicelib.imports.report.cells import LONG_NUMBER, indented, long_number, plain, sent_cell, sentence, unsure
from chalicelib.rules.text import is_formula

END_OF_ROWS = b"</sheetData>"
ROWS_A_BLOCK = 1_000
# Of a column: above this, what its values are written as is forgotten and learned anew.
MOST_KNOWN = 5_000
POINTS_A_LINE = 15

# One of each sort of value that has a style of its own.
_SAMPLES: Mapping[str, Any] = {
    "general": 1,
    "long": 10**12,
    "percent": PercentCell(0.5),
    "text": "text",
    "quoted": "=",
    "date": date(2026, 1, 1),
    "datetime": datetime(2026, 1, 1, 12),  # noqa: DTZ001 - a cell knows no zone
    "time": time(12),
    "duration": timedelta(hours=1),
}


class RowWriter:
    """Writes rows of a sheet of `width` columns, the last of which are an outcome and sentences.

    To be made before the workbook is saved, for its styles.
    """

    def __init__(self, sheet: Any, width: int) -> None:
        epoch = sheet.parent.epoch
        sent = {sort: sent_cell(sheet, value).style_id for sort, value in _SAMPLES.items()}
        self._fault = _Column(
            {sort: sent_cell(sheet, value, fault=True).style_id for sort, value in _SAMPLES.items()}, epoch
        )
        outcome = {"text": indented(sheet, "text").style_id}
        why = {sort: sentence(sheet, _SAMPLES[sort]).style_id for sort in ("text", "quoted")}
        styles = [*[sent] * (width - 2), outcome, why]
        self._columns = [(get_column_letter(at), _Column(each, epoch)) for at, each in enumerate(styles, start=1)]

    def row(self, number: int, values: Sequence[Any], faults: Container[int], lines: int = 1) -> str:
        """The row with this number, as high as so many lines; `faults` are the positions of values that are marked."""
        cells = [
            f'<c r="{letter}{number}"{rest}'
            for at, ((letter, column), value) in enumerate(zip(self._columns, values, strict=True))
            if (rest := self._fault.blamed(value) if at in faults else column.rest[type(value)][value])
        ]
        # Excel makes a row as high as its text by itself, LibreOffice does not.
        height = f' ht="{lines * POINTS_A_LINE}" customHeight="1"' if lines > 1 else ""
        return f'<row r="{number}"{height}>{"".join(cells)}</row>'


class _Column:
    """How the cells of a column are written behind their addresses: `rest` by the type of a value, then by the value,
    because most values come again. One and True are the same key.
    """

    def __init__(self, styles: Mapping[str, int], epoch: datetime) -> None:
        self._styles, self._epoch = styles, epoch
        self.rest: defaultdict[type, _Rest] = defaultdict(lambda: _Rest(self._written))

    def blamed(self, value: Any) -> str:
        """The same of a value that is to blame."""
        return self._written(unsure(value) if isinstance(value, DressedCell) else value)

    def _written(self, value: Any) -> str:
        if type(value) in (int, float) and abs(value) < LONG_NUMBER:
            # As below, sooner: ids do not come again.
            whole = int(value)
            return f' s="{self._styles["general"]}"><v>{whole if whole == value else value}</v></c>'
        sort = "percent" if isinstance(value, PercentCell) else None
        value = plain(value)
        if value is None:
            return ""
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        start = f' s="{self._styles[sort or _sort(value)]}"'
        if isinstance(value, str):
            return f'{start} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        if isinstance(value, bool):
            return f'{start} t="b"><v>{int(value)}</v></c>'
        if isinstance(value, int | float):
            return f"{start}><v>{value}</v></c>"
        return f"{start}><v>{to_excel(value, self._epoch)}</v></c>"  # type: ignore[no-untyped-call]  # openpyxl has no types


class _Rest(dict[Any, str]):
    """What is written of each value, learned when it is first seen."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, value: Any) -> str:
        if len(self) > MOST_KNOWN:
            self.clear()
        rest = self[value] = self._write(value)
        return rest


def fill(frame: IO[bytes], file: IO[bytes], rows: Mapping[int, Iterable[str]]) -> None:
    """Copies the workbook `frame` to `file`, adding rows to the sheets with these numbers, from 1."""
    parts = {f"xl/worksheets/sheet{number}.xml": some for number, some in rows.items()}
    with zipfile.ZipFile(frame) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as target:
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        # In their order, which is that of the rows that are read meanwhile.
        for name, some in parts.items():
            above, end, below = source.read(name).partition(END_OF_ROWS)
            with target.open(name, "w", force_zip64=True) as part:
                part.write(above)
                _write_beside(part, _blocks(some))
                part.write(end + below)


def _write_beside(part: IO[bytes], blocks: Iterable[bytes]) -> None:
    """Writes the blocks; while one is compressed, the next is made."""
    with ThreadPoolExecutor(1, "compressing") as thread:
        being_written: Future[int] | None = None
        for block in blocks:
            if being_written:
                being_written.result()
            being_written = thread.submit(part.write, block)
        if being_written:
            being_written.result()


def _blocks(rows: Iterable[str]) -> Iterator[bytes]:
    rows = iter(rows)
    while some := list(islice(rows, ROWS_A_BLOCK)):
        yield "".join(some).encode()


def _sort(value: Any) -> str:
    if isinstance(value, str):
        return "quoted" if is_formula(value) else "text"
    if isinstance(value, datetime):
        return "datetime"
    if isinstance(value, date):
        return "date"
    if isinstance(value, time):
        return "time"
    if isinstance(value, timedelta):
        return "duration"
    return "long" if long_number(value) else "general"
