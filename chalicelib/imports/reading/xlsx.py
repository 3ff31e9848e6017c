"""Reading .xlsx: from a file to sheets of rows, each with the number that Excel shows beside it.

The reader is python-calamine (docs/decisions/imports.md says why). It gives every number as a float. It never reads
the file itself, but packages made of those parts of it that were looked into (repacking.py), a part of a sheet at a
time (sheet_parts.py).
"""

import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import IO
from xml.parsers.expat import ExpatError

from python_calamine import CalamineError, PasswordError

from chalicelib.imports.reading.cells import shown
from chalicelib.imports.reading.marks import LAST_ROW, joined, with_marks
from chalicelib.imports.reading.merged import cells_of, with_merged
from chalicelib.imports.reading.package import Package, open_package
from chalicelib.imports.reading.repacking import LookedInto
from chalicelib.imports.reading.rewriting import stray
from chalicelib.imports.reading.sheet_parts import SheetParts
from chalicelib.imports.reading.sheets import FileRefused, NumberedRow, Sheet

# A million loans are 0.4 GB of XML and compress about tenfold.
MAX_UNCOMPRESSED_BYTES = 2**30
MAX_COMPRESSION_RATIO = 200
# Below this the ratio says nothing: a sheet of blank cells compresses well and hurts nobody.
HARMLESS_BYTES = 50 * 2**20
# A million loans are nine million cells; the reader takes up to a hundred bytes for each, and makes room for the whole
# rectangle from the first to the last: one stray cell at XFD1048576 would want more memory than there is.
MAX_CELLS = 16 * 1_050_000
# All texts together, each as often as a cell has it. Those of a million loans are a tenth of it.
MAX_TEXT_BYTES = 2**28
# The XML of styles and all texts that cells share, for each sheet anew: with 250 sheets those of half a million cells.
MAX_AGAIN_BYTES = 2**32
# The directory of a zip archive has some 60 bytes for each part.
MAX_DIRECTORY_BYTES = 2**22

# What the libraries raise for a file whose parts are broken. A RuntimeError is zipfile's for an encrypted part.
DAMAGE = (
    CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ExpatError,
    KeyError,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
    OverflowError,
)


def read_xlsx(file: IO[bytes]) -> list[Sheet]:
    """The sheets of an .xlsx file, all looked into. Raises FileRefused if it is none, damaged or too large, and so may
    the rows of a sheet.
    """
    _check_container(file)
    with _damage_refused(), zipfile.ZipFile(file) as container:
        package = open_package(container)
        parts = SheetParts(container, package)
        _check_cells(package, parts.looked)
        _check_text(parts.shared_bytes + sum(sheet.text_bytes for sheet in parts.looked))
        _check_again(parts)
        return _sheets(package, parts)


@contextmanager
def _damage_refused() -> Iterator[None]:
    try:
        yield
    except PasswordError:
        raise FileRefused("The workbook is protected by a password; save it without one.") from None
    except DAMAGE as error:
        raise FileRefused(f"The workbook is damaged and cannot be read: {shown(str(error))}.") from error
    except BaseException as error:
        # The reader is written in Rust, whose panic is no Exception; only a damaged file makes it panic.
        if type(error).__name__ == "PanicException":
            raise FileRefused("The workbook is damaged and cannot be read.") from error
        raise


def _sheets(package: Package, parts: SheetParts) -> list[Sheet]:
    names = _distinct(shown(sheet.name) for sheet in package.sheets)
    numbers = count(1)
    # Where every formula has a zero, nobody calculated any: it is what programs write for the value they do not know.
    is_calculated = any(looked.is_calculated for looked in parts.looked)
    return [
        Sheet(name, 0, lambda: iter(()), left_out=sheet.left_out)
        if sheet.left_out
        else _sheet(name, parts, next(numbers), package.counts_from_1904, is_calculated=is_calculated)
        for name, sheet in zip(names, package.sheets, strict=True)
    ]


def _sheet(name: str, parts: SheetParts, number: int, counts_from_1904: bool, *, is_calculated: bool) -> Sheet:
    looked = parts.looked[number - 1]
    # Apache POI adds such a sheet to a workbook whose other sheets Excel has calculated.
    are_values = looked.is_calculated or (is_calculated and not looked.has_zeros_of_java)
    marks = looked.marks if are_values else joined(looked.marks, looked.zeros)

    def rows() -> Iterator[NumberedRow]:
        with _damage_refused():
            rows = parts.rows(number)
            seen = with_marks(rows, marks, looked.first_column - 1) if marks else rows
            yield from with_merged(seen, looked.merged, looked.first_column - 1) if looked.merged else seen

    return Sheet(name, looked.height, rows, counts_from_1904, looked.first_column, remarks=looked.remarks)


def _distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number behind those that come again: the report tells sheets apart by them."""
    seen: dict[str, int] = {}
    for name in names:
        distinct, number = name, seen.get(name, 1)
        while distinct in seen:
            number += 1
            distinct = f"{name} ({number})"
        seen[name] = number
        seen[distinct] = 1
    return list(seen)


def _check_container(file: IO[bytes]) -> None:
    """Raises FileRefused if the file is no archive, or would unpack to more than we are ready to read."""
    _check_directory(file)
    try:
        with zipfile.ZipFile(file) as container:
            parts = container.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise FileRefused(
            "The file begins as an .xlsx workbook, and its end is missing or damaged: it may have been cut off on its "
            "way. Save or export it again, and send it whole."
        ) from None
    _check_size(parts)


def _check_size(parts: Sequence[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    too_dense = unpacked > HARMLESS_BYTES and unpacked > packed * MAX_COMPRESSION_RATIO
    if unpacked > MAX_UNCOMPRESSED_BYTES or too_dense:
        raise FileRefused(
            f"The workbook unpacks from {packed} to {unpacked} bytes, which is more than is read "
            f"(at most {MAX_UNCOMPRESSED_BYTES}, and {MAX_COMPRESSION_RATIO} times its size); split it."
        )


def _check_directory(file: IO[bytes]) -> None:
    """Raises FileRefused if the archive lists more parts than any workbook has: each would take 500 bytes."""
    # Where the directory is found: before the last of these signatures; one of 64 bits stands 76 bytes before it.
    size = file.seek(0, 2)
    file.seek(max(0, size - 2**16 - 22 - 76))
    end = file.read()
    file.seek(0)
    at = end.rfind(b"PK\5\6")
    long = end.rfind(b"PK\6\6", 0, max(at, 0))
    directory = int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0
    if long >= 0:
        directory = max(directory % 0xFFFFFFFF, int.from_bytes(end[long + 40 : long + 48], "little"))
    if directory > MAX_DIRECTORY_BYTES:
        raise FileRefused("The file is a zip archive of too many files to be a workbook; save it in Excel as .xlsx.")


def _check_cells(package: Package, looked: Sequence[LookedInto]) -> None:
    names = [sheet.name for sheet in package.sheets if sheet.part]
    for name, sheet in zip(names, looked, strict=True):
        if sheet.rows > LAST_ROW:
            raise stray(name, sheet.rows, sheet.columns)
        # Below the last value there is nothing to be seen, and nothing is read: a row that was given a height, mostly.
        if sheet.height * sheet.columns > MAX_CELLS:
            raise stray(name, sheet.height, sheet.columns)
        if cells_of(sheet.merged) > sheet.height * sheet.columns:
            raise FileRefused(f"Merged cells of the sheet {shown(name)} overlap; unmerge them in Excel, and save it.")
    cells = sum(sheet.height * sheet.columns for sheet in looked)
    if cells > MAX_CELLS:
        raise FileRefused(f"The sheets of the workbook span {cells} cells; at most {MAX_CELLS} are read. Split it.")


def _check_again(parts: SheetParts) -> None:
    if parts.again_bytes > MAX_AGAIN_BYTES:
        raise FileRefused(
            f"The workbook has {len(parts.looked)} sheets, and its styles and the texts that cells share have "
            f"{parts.again_bytes // len(parts.looked)} bytes, which is more than is read of so many sheets. Split it."
        )


def _check_text(text_bytes: int) -> None:
    if text_bytes > MAX_TEXT_BYTES:
        raise FileRefused(
            f"The texts in the cells of the workbook have {text_bytes} bytes, a text that many cells share "
            f"counted for each; at most {MAX_TEXT_BYTES} are read. Delete long texts, or split the workbook."
        )
