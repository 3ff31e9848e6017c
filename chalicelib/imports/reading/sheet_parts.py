"""The rows of a sheet, read a part at a time, so that memory does not grow with the sheet.

The reader of workbooks holds all of a sheet at once, and makes room for the rectangle around its cells. So it is given
one package after the other, each with the next rows of the sheet and all else that its cells refer to.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any
from weakref import finalize

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from chalicelib.imports.reading.cells import shown
from chalicelib.imports.reading.package import Package
from chalicelib.imports.reading.processor_budget import processor_budget, reading_seconds
from chalicelib.imports.reading.repacking import copy_part, is_sheet, repack, sheet_name
from chalicelib.imports.reading.sheets import FileRefused, rows_at_once
from chalicelib.imports.reading.worksheets import row_pieces
from chalicelib.imports.reading.xml_parts import Damaged, blocks

# Styles and the texts that cells share are read anew for each part, which then has at least so many times their bytes.
_TIMES_THE_FRAME = 4

# The value of a cell with an error, behind its formula if it has one.
_ERROR = re.compile(
    rb'( t="e"[^<>]{0,99}+>(?:<~f[^<>]*+>(?:[^<>]*+</~f>)?+)?+<~v>)[^<>]++'.replace(b"~", rb"(?:[\w.-]++:)?+")
)


class SheetParts:
    """The sheets of a package, all looked into (`looked`), by their numbers from 1.

    `shared_bytes` are those of the texts that cells share, and `again_bytes` those of the XML of texts and styles,
    which each sheet is given. Raises what `repack` does.
    """

    def __init__(self, container: zipfile.ZipFile, package: Package) -> None:
        file = TemporaryFile()  # noqa: SIM115 - it lasts as long as this object
        finalize(self, file.close)
        self.shared_bytes, self.looked = repack(container, package, file)
        self._names = [sheet.name for sheet in package.sheets if sheet.part]
        self._package = zipfile.ZipFile(file)
        self._frame = _frame_of(self._package)
        frame_bytes = sum(part.file_size for part in self._package.infolist() if not is_sheet(part.filename))
        self._least_bytes = _TIMES_THE_FRAME * frame_bytes
        # Small sheets too are given all of it, each anew.
        self.again_bytes = frame_bytes * len(self.looked)

    def rows(self, number: int) -> Iterator[tuple[int, list[Any]]]:
        """All rows of a sheet down to the last with a value, with their numbers from 1.

        Every row has the cells from `looked.first_column` to the last column. Raises what the reader and zipfile do.
        """
        looked = self.looked[number - 1]
        left, width = looked.first_column - 1, looked.columns - looked.first_column + 1
        following = 1
        for sheet in ahead(self._read(number), reading_seconds(self._least_bytes)):
            if sheet.start is None:
                continue
            above, before = sheet.start[0], sheet.start[1] - left
            yield from _blank(following, above, width)
            rows = sheet.to_python()
            after = width - before - len(rows[0])
            if before or after:
                rows = [[*[""] * before, *row, *[""] * after] for row in rows]
            yield from enumerate(rows, start=above + 1)
            following = above + 1 + len(rows)
        yield from _blank(following, looked.height, width)

    def _read(self, number: int) -> Iterator[CalamineSheet]:
        """The sheet as the reader sees it, a part at a time."""
        name = sheet_name(number)
        most = rows_at_once(self.looked[number - 1].columns)
        head, foot, pieces = row_pieces(blocks(self._package, self._package.getinfo(name)), most)
        for rows in _joined(pieces, self._least_bytes):
            part = BytesIO(self._frame)
            with zipfile.ZipFile(part, "a") as made:
                made.writestr(name, b"".join((head, *map(_with_known_errors, rows), foot)))
            part.seek(0)
            yield self._opened(part, number)

    def _opened(self, part: IO[bytes], number: int) -> CalamineSheet:
        try:
            return CalamineWorkbook.from_filelike(part).get_sheet_by_index(number - 1)
        except CalamineError as error:
            raise Damaged(
                f"in the sheet {shown(self._names[number - 1])}, {error}; open it in Excel, and save it"
            ) from error


def ahead(parts: Iterator[CalamineSheet], seconds: float) -> Iterator[CalamineSheet]:
    """The parts, each read while the one before it is used: the reader lets other threads work meanwhile.

    Not the second, because often nobody asks for more than the first rows. No part may take more than so many seconds
    of processor time; then it raises FileRefused.
    """
    with processor_budget(seconds):
        first = next(parts)
    yield first
    with ThreadPoolExecutor(1, "reading") as reader:
        following = reader.submit(next, parts, None)
        while (part := _result(reader, following, seconds)) is not None:
            following = reader.submit(next, parts, None)
            yield part


def _result(reader: ThreadPoolExecutor, part: "Future[CalamineSheet | None]", seconds: float) -> CalamineSheet | None:
    with processor_budget(seconds):
        try:
            return part.result()
        except FileRefused:
            # If the reader never comes back, the budget ends the process.
            reader.shutdown()
            raise


def _frame_of(package: zipfile.ZipFile) -> bytes:
    """The package without its sheets."""
    frame = BytesIO()
    with zipfile.ZipFile(frame, "w") as made:
        for part in package.infolist():
            if not is_sheet(part.filename):
                copy_part(package, part, made, part.filename)
    return frame.getvalue()


def _with_known_errors(rows: bytes) -> bytes:
    """Rows whose errors the reader knows all of: what an error is was looked into, and it refuses the names of others,
    for example the #ERROR! of Google Sheets.
    """
    return _ERROR.sub(rb"\1#N/A", rows) if b't="e"' in rows else rows


def _joined(pieces: Iterable[tuple[int, bytes]], least_bytes: int) -> Iterator[list[bytes]]:
    """The pieces of a stretch together, until they have so many bytes; at least one part, if without any."""
    some: list[bytes] = []
    size = before = 0
    for stretch, piece in pieces:
        if some and (size >= least_bytes or stretch != before):
            yield some
            some, size = [], 0
        some.append(piece)
        size += len(piece)
        before = stretch
    yield some


def _blank(first: int, last: int, width: int) -> Iterator[tuple[int, list[Any]]]:
    return ((number, [""] * width) for number in range(first, last + 1))
