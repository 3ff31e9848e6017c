"""Reading .csv: UTF-8 with or without a byte order mark, with commas or semicolons, as Excel writes it."""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import IO

from chalicelib.ingest.sheets import FileRefused, NumberedRow, Sheet

NAME = "csv"
DELIMITERS = ",;"
LINES_SEARCHED = 20
MAX_COLUMNS = 200
# A row may have line breaks between its quotation marks. A line of 20 MiB of commas would be twenty million cells.
MAX_ROW_CHARACTERS = 2**20

NEITHER = (
    "The file is neither an .xlsx workbook nor a .csv file with commas or semicolons; save it in Excel as .xlsx, "
    "or as CSV UTF-8."
)
TOO_LONG = (
    f"The row that begins in line {{line}} of the .csv file has more than {MAX_ROW_CHARACTERS} characters, which are "
    "not read; shorten it, or close the quotation mark that is open in it."
)
NOT_UTF_8 = "The .csv file is not in UTF-8; save it in Excel as CSV UTF-8."


def read_csv(file: IO[bytes]) -> Sheet:
    """The one sheet of a .csv file. Raises FileRefused where it is not text, or not in UTF-8."""
    try:
        delimiter = _delimiter(file)
        height, width = _size(file, delimiter)
    except UnicodeDecodeError as error:
        raise FileRefused(NOT_UTF_8) from error
    except csv.Error as error:
        raise FileRefused(f"The .csv file cannot be read: {error}.") from error

    def rows() -> Iterator[NumberedRow]:
        for number, row in enumerate(_records(file, delimiter), start=1):
            yield number, row + [""] * (width - len(row))

    return Sheet(NAME, height, rows)


def _size(file: IO[bytes], delimiter: str) -> tuple[int, int]:
    """How many rows there are, and how many cells the longest has. Raises FileRefused where these are too many."""
    height = width = 0
    for height, row in enumerate(_records(file, delimiter), start=1):
        width = max(width, len(row))
        if width > MAX_COLUMNS:
            raise FileRefused(f"Row {height} of the .csv file has {width} cells; at most {MAX_COLUMNS} are read.")
    return height, width


def _delimiter(file: IO[bytes]) -> str:
    """What stands between the titles: no title holds a digit, but a number may hold commas."""
    # A file without line breaks would be one line.
    lines = [line for line in islice(_lines(file), LINES_SEARCHED) if len(line) < csv.field_size_limit()]
    titles = {
        delimiter: max((sum(map(_is_title, line.split(delimiter))) for line in lines), default=0)
        for delimiter in DELIMITERS
    }
    best = max(titles, key=lambda delimiter: titles[delimiter])
    if titles[best] < 2 or any("\0" in line for line in lines):
        raise FileRefused(NEITHER)
    return best


def _is_title(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and not any(map(str.isdigit, cell))


def _records(file: IO[bytes], delimiter: str) -> Iterator[list[str]]:
    begins, own = 1, 0

    def lines() -> Iterator[str]:
        nonlocal own
        for line in _lines(file):
            own += len(line)
            if own > MAX_ROW_CHARACTERS:
                raise FileRefused(TOO_LONG.format(line=begins))
            yield line

    reader = csv.reader(lines(), delimiter=delimiter)
    for record in reader:
        begins, own = reader.line_num + 1, 0
        yield record


def _lines(file: IO[bytes]) -> Iterator[str]:
    """The lines; one that is too long ends with what makes it so."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        while line := text.readline(MAX_ROW_CHARACTERS + 1):
            yield line
    finally:
        # Or the file would be closed with the wrapper. Somebody else may have closed it when the reading is broken off.
        with suppress(ValueError):
            text.detach()
