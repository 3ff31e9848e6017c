"""Reading .xlsx: from a file to sheets of rows, each with the number that Excel shows beside it.

The reader is python-calamine: 0.6 s for 100,000 loans, where openpyxl takes 4.9 s (docs/decisions.md). It gives
every number as a float, and an error such as #N/A as an empty cell (ingest/error_cells.py mends that).
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, TypeAlias
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from chalicelib.ingest.cells import Cell, ErrorCell, shown
from chalicelib.ingest.error_cells import ErrorCells, find_error_cells

NumberedRow: TypeAlias = tuple[int, Sequence[Cell]]

# A million loans are 0.4 GB of XML and compress about tenfold.
MAX_UNCOMPRESSED_BYTES = 2**30
MAX_COMPRESSION_RATIO = 200
# Below this the ratio says nothing: a sheet of blank cells compresses well and hurts nobody.
HARMLESS_BYTES = 50 * 2**20

# What the libraries raise for a file whose parts are broken. A RuntimeError is zipfile's for an encrypted part.
DAMAGE = (
    CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    KeyError,
    ValueError,
    EOFError,
    RuntimeError,
)

OLD_OFFICE_FORMAT = bytes.fromhex("d0cf11e0a1b11ae1")


class FileRefused(Exception):
    """The file as a whole cannot be imported. `str(error)` is the sentence for a person."""


@dataclass(frozen=True)
class Sheet:
    """A sheet by name; `rows()` can be read again and again."""

    name: str
    _sheet: CalamineSheet
    _errors: ErrorCells

    def rows(self) -> Iterator[NumberedRow]:
        """Every row down to the last that has anything in it, numbered from 1 at the top of the sheet."""
        rows = enumerate(self._sheet.iter_rows(), start=1)
        return self._with_errors(rows) if self._errors else rows

    def _with_errors(self, rows: Iterator[tuple[int, list[Any]]]) -> Iterator[NumberedRow]:
        # The reader leaves out the empty columns on the left.
        left_out = self._sheet.start[1] if self._sheet.start else 0
        for row_number, row in rows:
            for column, error in self._errors.get(row_number, {}).items():
                if 0 <= column - 1 - left_out < len(row):
                    row[column - 1 - left_out] = ErrorCell(error)
            yield row_number, row


def read_workbook(file: IO[bytes]) -> list[Sheet]:
    """The sheets of an .xlsx file, all read into memory. Raises FileRefused for anything else."""
    _check_container(file)
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        sheets = {name: workbook.get_sheet_by_name(name) for name in workbook.sheet_names}
        errors = find_error_cells(file)
        return [Sheet(shown(name), sheet, errors.get(name, {})) for name, sheet in sheets.items()]
    except PasswordError:
        raise FileRefused("The workbook is protected by a password; save it without one.") from None
    except DAMAGE as error:
        raise FileRefused(f"The workbook is damaged and cannot be read: {shown(str(error))}.") from error
    except BaseException as error:
        # The reader is written in Rust, whose panic is no Exception; only a damaged file makes it panic.
        if type(error).__name__ == "PanicException":
            raise FileRefused("The workbook is damaged and cannot be read.") from error
        raise


def _check_container(file: IO[bytes]) -> None:
    """Raises FileRefused where the file is no .xlsx, or would unpack to more than we are ready to read."""
    start = file.read(len(OLD_OFFICE_FORMAT))
    file.seek(0)
    if start == OLD_OFFICE_FORMAT:
        raise FileRefused("The file is encrypted or in the old .xls format; save it as .xlsx without a password.")
    try:
        with zipfile.ZipFile(file) as container:
            parts = container.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise FileRefused("The file is not an .xlsx workbook; save it in Excel as .xlsx.") from None
    file.seek(0)
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
