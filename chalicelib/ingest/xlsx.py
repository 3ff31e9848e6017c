"""Reading .xlsx: from a file to sheets of rows, each with the number that Excel shows beside it.

The reader is python-calamine (docs/decisions.md has what others take). It gives every number as a float, and reads
all of a workbook into memory: 0.7 GB for a million loans, so what it is given is looked at first.
"""

import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from chalicelib.ingest.cells import shown
from chalicelib.ingest.error_cells import ErrorCells, WithoutAddress, in_order
from chalicelib.ingest.sheet_xml import MAX_TEXT_BYTES, NEAR_CELLS, WorkbookXml, look_into
from chalicelib.ingest.sheets import FileRefused, NumberedRow, Sheet

# A million loans are 0.4 GB of XML and compress about tenfold.
MAX_UNCOMPRESSED_BYTES = 2**30
MAX_COMPRESSION_RATIO = 200
# Below this the ratio says nothing: a sheet of blank cells compresses well and hurts nobody.
HARMLESS_BYTES = 50 * 2**20
# A million loans are nine million cells; the reader takes up to a hundred bytes for each.
MAX_CELLS = NEAR_CELLS

# What the libraries raise for a file whose parts are broken. A RuntimeError is zipfile's for an encrypted part.
DAMAGE = (
    CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ElementTree.ParseError,
    KeyError,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
    OverflowError,
)


def read_xlsx(file: IO[bytes]) -> list[Sheet]:
    """The sheets of an .xlsx file, all read into memory. Raises FileRefused where it is none, damaged or too large."""
    _check_container(file)
    try:
        with zipfile.ZipFile(file) as container:
            found = look_into(container)
        _check_cells(found)
        _check_text(found)
        file.seek(0)
        workbook = CalamineWorkbook.from_filelike(file)
        sheets = {name: workbook.get_sheet_by_name(name) for name in workbook.sheet_names}
    except WithoutAddress as sheet:
        raise FileRefused(
            f"The sheet {shown(str(sheet))} has an error, or a formula without its value, in a cell that does not say "
            "where it is; open the file in Excel and save it."
        ) from None
    except PasswordError:
        raise FileRefused("The workbook is protected by a password; save it without one.") from None
    except DAMAGE as error:
        raise FileRefused(f"The workbook is damaged and cannot be read: {shown(str(error))}.") from error
    except BaseException as error:
        # The reader is written in Rust, whose panic is no Exception; only a damaged file makes it panic.
        if type(error).__name__ == "PanicException":
            raise FileRefused("The workbook is damaged and cannot be read.") from error
        raise
    names = _distinct(map(shown, sheets))
    return [
        _sheet(name, sheet, found.sheets[own].errors if own in found.sheets else {}, found.counts_from_1904)
        for name, (own, sheet) in zip(names, sheets.items(), strict=True)
    ]


def _sheet(name: str, sheet: CalamineSheet, errors: ErrorCells, counts_from_1904: bool) -> Sheet:
    def rows() -> Iterator[NumberedRow]:
        numbered = enumerate(sheet.iter_rows(), start=1)
        return _with_errors(numbered, errors, sheet.start[1] if sheet.start else 0) if errors else numbered

    return Sheet(name, sheet.end[0] + 1 if sheet.end else 0, rows, counts_from_1904)


def _with_errors(rows: Iterator[tuple[int, list[Any]]], errors: ErrorCells, left_out: int) -> Iterator[NumberedRow]:
    """The rows with their error cells; `left_out` is how many empty columns on the left the reader leaves out."""
    ahead = in_order(errors)
    found = next(ahead, None)
    for row_number, row in rows:
        while found and found[0] <= row_number:
            if found[0] == row_number and 0 <= found[1] - 1 - left_out < len(row):
                row[found[1] - 1 - left_out] = found[2]
            found = next(ahead, None)
        yield row_number, row


def _distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number behind those that come again: the report tells sheets apart by them."""
    seen: list[str] = []
    for name in names:
        again = (f"{name} ({number})" for number in range(2, len(seen) + 3))
        seen.append(name if name not in seen else next(other for other in again if other not in seen))
    return seen


def _check_container(file: IO[bytes]) -> None:
    """Raises FileRefused where the file is no .xlsx, or would unpack to more than we are ready to read."""
    try:
        with zipfile.ZipFile(file) as container:
            parts = container.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise FileRefused("The file is not an .xlsx workbook; save it in Excel as .xlsx.") from None
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise FileRefused("The file is a zip archive but not an .xlsx workbook; save it in Excel as .xlsx.")
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


def _check_cells(found: WorkbookXml) -> None:
    for name, sheet in found.sheets.items():
        if sheet.rectangle > MAX_CELLS:
            raise FileRefused(
                f"The cells of the sheet {shown(name)} span {sheet.rectangle} cells from A1 to the last; at most "
                f"{MAX_CELLS} are read. Delete what stands far below or to the right of the table."
            )
    cells = sum(sheet.cells for sheet in found.sheets.values())
    if cells > MAX_CELLS:
        raise FileRefused(f"The workbook has {cells} cells; at most {MAX_CELLS} are read. Split it.")


def _check_text(found: WorkbookXml) -> None:
    if found.text_bytes > MAX_TEXT_BYTES:
        raise FileRefused(
            f"The texts in the cells of the workbook have {found.text_bytes} bytes, a text that many cells share "
            f"counted for each; at most {MAX_TEXT_BYTES} are read. Delete long texts, or split the workbook."
        )
