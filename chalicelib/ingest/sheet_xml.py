"""What the reader of workbooks does not say, from the XML: which cells hold an error, and how far the cells reach.

An error such as #N/A is read as an empty cell, and an empty cell may mean something: a loan without an end date is
current. And the reader makes room for the whole rectangle between the first cell and the last, so one stray cell
at XFD1048576 would want more memory than there is. The search costs a tenth of the reading.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias
from xml.etree import ElementTree

# By row number and column number, both from 1 as Excel counts.
ErrorCells: TypeAlias = Mapping[int, Mapping[int, str]]

BLOCK_BYTES = 2**20
MAX_ROW_BYTES = 2**24

# Columns up to P and rows up to Excel's last are a rectangle that there is room for; these reach beyond it. The first
# pattern is quick and finds some near ones too.
_PERHAPS_FAR_CELL = re.compile(rb"""r\s*=\s*["'](?:[Q-Zq-z]|[A-Za-z][A-Za-z]|[A-Za-z]?\d{7})""")
_FAR_CELL = re.compile(
    rb"""\br\s*=\s*["'](?:[Q-Zq-z]|[A-Za-z]{2}|[A-Za-z]?(?:\d{8}|[2-9]\d{6}|1(?:0[5-9]|[1-9]\d)\d{4}))"""
)
_ANY_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)(\d+)["']""")
NEAR_CELLS = 16 * 1_050_000


@dataclass(frozen=True)
class SheetXml:
    """Of one sheet: how many cells are written in it, the size of the rectangle around them, and its error cells."""

    cells: int
    rectangle: int
    errors: ErrorCells


def look_into(container: zipfile.ZipFile) -> dict[str, SheetXml]:
    """What is in the XML of each sheet, by the sheet's name.

    Raises what zipfile and ElementTree raise for a file they cannot read, or whose parts are not as long as it says.
    """
    by_part = {part.filename: part for part in container.infolist()}
    sheets = {sheet: part for sheet, part in _sheet_parts(container).items() if part in by_part}
    for name, part in by_part.items():
        if name not in sheets.values():
            # Read to its end, so that the reader never unpacks more than the file admits to.
            sum(map(len, _blocks(container, part)))
    return {sheet: _look_into_sheet(container, by_part[part]) for sheet, part in sheets.items()}


def _sheet_parts(container: zipfile.ZipFile) -> dict[str, str]:
    """The name of the XML part of each sheet."""
    links = _elements(container, "xl/_rels/workbook.xml.rels", "Relationship")
    targets = {link["Id"]: link["Target"] for link in links if "Id" in link and "Target" in link}
    sheets = _elements(container, "xl/workbook.xml", "sheet")
    return {sheet["name"]: _absolute(targets.get(sheet.get("id", ""), "")) for sheet in sheets if "name" in sheet}


def _elements(container: zipfile.ZipFile, part: str, tag: str) -> list[dict[str, str]]:
    """The attributes of all elements of that name, in whatever namespace: there are two dialects of .xlsx."""
    root = ElementTree.fromstring(b"".join(_blocks(container, container.getinfo(part))))  # noqa: S314 - see below
    # expat refuses entities that multiply.
    return [
        {name.rpartition("}")[2]: value for name, value in element.items()}
        for element in root.iter()
        if element.tag.rpartition("}")[2] == tag
    ]


def _absolute(target: str) -> str:
    return target.removeprefix("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _look_into_sheet(container: zipfile.ZipFile, part: zipfile.ZipInfo) -> SheetXml:
    errors: dict[int, dict[int, str]] = {}
    cells = 0
    is_far = False
    prefix = _prefix(container, part)
    start_of_cell = b"<" + prefix + b"c"
    error_cell = _error_cell(prefix)
    for xml in _whole_rows(_blocks(container, part), b"</" + prefix + b"row>"):
        cells += xml.count(start_of_cell)
        is_far = is_far or bool(_PERHAPS_FAR_CELL.search(xml) and _FAR_CELL.search(xml))
        if b'"e"' in xml or b"'e'" in xml:
            for row, column, text in _errors_in(xml, error_cell):
                errors.setdefault(row, {})[column] = text
    return SheetXml(cells, _rectangle(_blocks(container, part)) if is_far else NEAR_CELLS, errors)


def _prefix(container: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """The namespace prefix of the sheet's elements, with its colon; nearly always there is none."""
    start = next(_blocks(container, part), b"")
    found = re.search(rb"<(\w{1,20}:)?worksheet", start)
    return (found and found.group(1)) or b""


def _rectangle(blocks: Iterable[bytes]) -> int:
    """The number of cells from A1 to the last row and the last column in which there is a cell."""
    last_row = last_column = 0
    for xml in _whole_rows(blocks, b">"):
        for letters, digits in set(_ANY_CELL.findall(xml)):
            last_row = max(last_row, int(digits[:9]))
            last_column = max(last_column, _column_number(letters.upper()))
    return last_row * last_column


def _error_cell(prefix: bytes) -> re.Pattern[bytes]:
    p = re.escape(prefix)
    attributes = rb"""[^<>]{0,200}\bt\s*=\s*["']e["'][^<>]{0,200}"""
    return re.compile(
        rb"<%bc\s(%b)>(?:<%bf[^<]*</%bf>|<%bf[^<>]*/>)?(?:<%bv>([^<]{1,20})</%bv>)?" % (p, attributes, *[p] * 5)
    )


def _errors_in(xml: bytes, error_cell: re.Pattern[bytes]) -> Iterator[tuple[int, int, str]]:
    for attributes, value in error_cell.findall(xml):
        if address := _ANY_CELL.search(attributes):
            letters, digits = address.groups()
            yield int(digits[:9]), _column_number(letters.upper()), value.decode(errors="replace") or "#ERROR"


def _whole_rows(blocks: Iterable[bytes], end: bytes) -> Iterator[bytes]:
    """The XML in pieces that each end with a row, so that no cell is cut in two."""
    rest = b""
    for block in blocks:
        rows, found, rest = (rest + block).rpartition(end)
        if len(rest) > MAX_ROW_BYTES:
            raise ValueError(f"a row of more than {MAX_ROW_BYTES} bytes")
        yield rows + found
    yield rest


def _blocks(container: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a part unpacks to. Raises BadZipFile where that is more than the file says: zipfile would cut it off."""
    unbounded = copy(part)
    unbounded.file_size = part.file_size + BLOCK_BYTES
    unpacked = 0
    with container.open(unbounded) as stream:
        while block := stream.read(BLOCK_BYTES):
            unpacked += len(block)
            if unpacked > part.file_size:
                raise zipfile.BadZipFile(f"{part.filename} unpacks to more than it says")
            yield block


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:7]:
        number = number * 26 + letter - ord("A") + 1
    return number
