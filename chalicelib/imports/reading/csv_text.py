"""Reading .csv: UTF-8 with or without a byte order mark, with commas, semicolons or tabs, as Excel writes it."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import IO

from chalicelib.imports.reading.cells import Cell, MisfitCell
from chalicelib.imports.reading.sheets import ABSENT, FileRefused, NumberedRow, Sheet
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.letters import is_blank

NAME = "csv"
DELIMITERS = (",", ";", "\t")
# What Excel takes from the first line, and does not show.
SEPARATOR_LINE = "sep="
LINES_SEARCHED = 20
MAX_COLUMNS = 200
# A row may have line breaks between its quotation marks. A line of 20 MiB of commas would be twenty million cells.
MAX_ROW_CHARACTERS = 2**20
# A note may have some lines. More of them are rows that a quotation mark above has swallowed.
MAX_ROW_LINES = 100

# A number with commas between its thousands and no quotation marks is torn in two cells: 60,000 in 60 and 000, 3,00,000
# in three. No number is written with a zero in front, but for codes, which have it in each.
_TORN = re.compile(r",0\d\d", re.ASCII)
_GROUP = re.compile(r"\D{0,10}[1-9]\d{0,2}|\d{2}", re.ASCII)
_LAST_GROUP = re.compile(r"0\d{2}(?:\.\d*)?\D{0,10}", re.ASCII)

NEITHER = (
    "The file is neither an .xlsx workbook nor a .csv file with titles between commas, semicolons or tabs in one of "
    f"its first {LINES_SEARCHED} lines; save it in Excel as .xlsx, or as CSV UTF-8, with the titles there."
)
NOT_UTF_8 = "The .csv file is not in UTF-8; save it in Excel as CSV UTF-8."


def read_csv(file: IO[bytes]) -> Sheet:
    """The one sheet of a .csv file. Raises FileRefused where it is not text, or not in UTF-8."""
    try:
        delimiter = _named_delimiter(file) or _delimiter(file)
        height, width = _size(file, delimiter)
    except UnicodeDecodeError as error:
        raise FileRefused(NEITHER if _is_binary(file) else NOT_UTF_8) from error

    def rows() -> Iterator[NumberedRow]:
        for number, row in enumerate(_records(file, delimiter), start=1):
            yield number, [*row, *[ABSENT] * (width - len(row))] if len(row) < width else row

    unended = 0 if _ends_in_line_break(file) else height
    return Sheet(NAME, height, rows, has_commas=delimiter == ",", unended_row=unended)


def _is_binary(file: IO[bytes]) -> bool:
    """Whether a file that is not in UTF-8 is no text at all, such as a picture; of text, UTF-16 alone has zeros."""
    file.seek(0)
    start = file.read(1024)
    return b"\0" in start and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _ends_in_line_break(file: IO[bytes]) -> bool:
    file.seek(-1, io.SEEK_END)
    return file.read() in b"\r\n"


def _size(file: IO[bytes], delimiter: str) -> tuple[int, int]:
    """How many rows there are, and how many cells the longest has. Raises FileRefused where these are too many."""
    height = width = 0
    for height, row in enumerate(_records(file, delimiter), start=1):
        width = max(width, len(row))
        if width > MAX_COLUMNS:
            raise FileRefused(f"Row {height} of the .csv file has {width} cells; at most {MAX_COLUMNS} are read.")
    return height, width


def _named_delimiter(file: IO[bytes]) -> str | None:
    """What the first line says that stands between the cells."""
    first = next(_all_lines(file), "").rstrip("\r\n")
    named = first[len(SEPARATOR_LINE) :] if first.lower().startswith(SEPARATOR_LINE) else ""
    return named if named in DELIMITERS else None


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


def _records(file: IO[bytes], delimiter: str) -> Iterator[Sequence[Cell]]:
    """The rows, whose quotation marks must all be closed: an open one would swallow the rows below it."""
    begins, characters, lines = 1, 0, 0
    # Whether a look at the cells of the row is needed, which few rows are worth.
    may_be_torn = may_hide_mark = False

    def some_lines() -> Iterator[str]:
        nonlocal characters, lines, may_be_torn, may_hide_mark
        for line in _lines(file):
            characters, lines = characters + len(line), lines + 1
            if characters > MAX_ROW_CHARACTERS:
                raise _refused(begins, f"it has more than {MAX_ROW_CHARACTERS} characters; at most as many are read")
            if lines > MAX_ROW_LINES:
                raise _refused(begins, f"it has more than {MAX_ROW_LINES} lines; at most as many are read")
            may_be_torn = may_be_torn or (delimiter == "," and ",0" in line and _TORN.search(line) is not None)
            may_hide_mark = may_hide_mark or ('"' in line and not _is_of_ordinary_letters(line))
            yield line

    reader = csv.reader(some_lines(), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for record in reader:
            if may_hide_mark and any(map(_hides_mark, record)):
                raise _refused(begins, "a blank that is no ordinary space stands before a quotation mark; delete it")
            yield _without_torn(record) if may_be_torn else record
            begins, characters, lines = reader.line_num + 1, 0, 0
            may_be_torn = may_hide_mark = False
    except csv.Error as error:
        raise _refused(begins, _in_words(str(error), reader.line_num)) from error


def _is_of_ordinary_letters(line: str) -> bool:
    return line.isascii() and line.rstrip("\r\n").isprintable()


def _hides_mark(cell: str) -> bool:
    """Whether a quotation mark opened nothing, because more than ordinary spaces stand before it."""
    before, mark, _ = cell.partition('"')
    return bool(mark and before.strip(" ")) and is_blank(before)


def _without_torn(row: list[str]) -> Sequence[Cell]:
    """A row whose cells say so if two of them may be one number: also where their count fits, because the last cells
    of a row may be left out.
    """
    ends = [at for at, cell in enumerate(row) if cell[:1] == "0" and at and _LAST_GROUP.fullmatch(cell)]
    cells: list[Cell] = list(row)
    for at in ends:
        if _GROUP.fullmatch(row[at - 1]):
            cells[at - 1 : at + 1] = (MisfitCell(cell, _torn(row[at - 1], row[at])) for cell in row[at - 1 : at + 1])
    return cells if ends else row


def may_be_torn(first: Cell, last: Cell) -> bool:
    """Whether two cells may be one number, the last three digits of which are no matter which: 60,500 in 60 and 500."""
    if not isinstance(first, str) or not isinstance(last, str):
        return False
    digits, _, decimals = last.partition(".")
    is_group = len(digits) == 3 and (digits + decimals).isdecimal() and last.isascii()
    return is_group and _GROUP.fullmatch(first) is not None


def _torn(first: str, last: str) -> Problem:
    return Problem(
        "row_does_not_fit",
        f"may be a part of one number, {first},{last}: put it between quotation marks, or write {last} without the "
        "zero in front.",
    )


def _refused(begins: int, why: str) -> FileRefused:
    return FileRefused(
        f"The row that begins in line {begins} of the .csv file cannot be read: {why}. Look for a quotation mark there "
        "that is one too many or not closed; one that belongs to a text is written twice."
    )


def _in_words(error: str, line: int) -> str:
    """What the csv module says, for a person."""
    if error == "unexpected end of data":
        return "a quotation mark that is opened in it is not closed"
    if error.startswith("field larger"):
        return f"a cell of it has more than {csv.field_size_limit()} characters"
    return f"text follows a closing quotation mark in line {line}"


def _lines(file: IO[bytes]) -> Iterator[str]:
    """The lines, without one that only names the delimiter."""
    lines = _all_lines(file)
    first = next(lines, "")
    if not first.lower().startswith(SEPARATOR_LINE) or first.rstrip("\r\n")[len(SEPARATOR_LINE) :] not in (
        "",
        *DELIMITERS,
    ):
        yield first
    yield from lines


def _all_lines(file: IO[bytes]) -> Iterator[str]:
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
