"""What the reader of workbooks does not say, from the XML: which cells hold an error, how far the cells reach, and how
much text they hold.

An error such as #N/A is read as an empty cell, and an empty cell may mean something: a loan without an end date is
current. And the reader makes room for the whole rectangle between the first cell and the last, so one stray cell
at XFD1048576 would want more memory than there is. The search takes less time than the reading.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from chalicelib.ingest.error_cells import ErrorCells, ErrorFinder, column_number
from chalicelib.ingest.shared_strings import SharedStrings, shared_cells, shared_strings
from chalicelib.ingest.xml_parts import CDATA, blocks, elements, pieces, prefix_of, text_bytes

# Columns up to P and rows up to Excel's last are a rectangle that there is room for; these reach beyond it. The first
# pattern is quick and finds some near ones too.
_PERHAPS_FAR_CELL = re.compile(rb"""r\s*=\s*["'](?:[Q-Zq-z]|[A-Za-z][A-Za-z]|[A-Za-z]?\d{7})""")
_FAR_CELL = re.compile(
    rb"""\br\s*=\s*["'](?:[Q-Zq-z]|[A-Za-z]{2}|[A-Za-z]?(?:\d{8}|[2-9]\d{6}|1(?:0[5-9]|[1-9]\d)\d{4}))"""
)
_ANY_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_NUMBERED_ROW = re.compile(rb"""<(?:\w+:)?row\s[^<>]{0,200}\br\s*=""")
NEAR_CELLS = 16 * 1_050_000

# What certainly is no text, because a text has no angle brackets. Where there is an end of a value, there is a <v>.
_TAGS = ((b"<c", 2), (b"</c>", 4), (b"</v>", 7))
# All texts together, each as often as a cell has it. Those of a million loans are a tenth of it.
MAX_TEXT_BYTES = 2**28


@dataclass(frozen=True)
class SheetXml:
    """Of one sheet: how many cells are written in it, the size of the rectangle around them, and its error cells."""

    cells: int
    rectangle: int
    errors: ErrorCells


@dataclass(frozen=True)
class WorkbookXml:
    """The sheets by their names, and the bytes of all text, each as often as a cell has it.

    These may be said to be more than they are as long as they are few enough.
    """

    sheets: Mapping[str, SheetXml]
    text_bytes: int
    counts_from_1904: bool


def look_into(container: zipfile.ZipFile) -> WorkbookXml:
    """What is in the XML of a workbook.

    Raises what zipfile and ElementTree raise for a file they cannot read, or whose parts are not as long as it says;
    and WithoutAddress with the name of the sheet.
    """
    by_part = {part.filename: part for part in container.infolist()}
    parts = {sheet: by_part[part] for sheet, part in _sheet_parts(container).items() if part in by_part}
    for part in by_part.values():
        if part not in parts.values():
            # Read to its end, so that the reader never unpacks more than the file admits to.
            sum(map(len, blocks(container, part)))
    shared = shared_strings(container)
    looked = {sheet: _look_into_sheet(container, sheet, part, shared) for sheet, part in parts.items()}
    text = sum(most for _, most in looked.values())
    if shared.total + text > MAX_TEXT_BYTES:
        text = sum(_text_bytes(container, part, shared) for part in parts.values())
    sheets = {name: sheet for name, (sheet, _) in looked.items()}
    return WorkbookXml(sheets, shared.total + text, _counts_from_1904(container))


def _counts_from_1904(container: zipfile.ZipFile) -> bool:
    settings = elements(container, "xl/workbook.xml", "workbookPr")
    return any(setting.get("date1904") in ("1", "true") for setting in settings)


def _sheet_parts(container: zipfile.ZipFile) -> dict[str, str]:
    """The name of the XML part of each sheet."""
    links = elements(container, "xl/_rels/workbook.xml.rels", "Relationship")
    targets = {link["Id"]: link["Target"] for link in links if "Id" in link and "Target" in link}
    sheets = elements(container, "xl/workbook.xml", "sheet")
    return {sheet["name"]: _absolute(targets.get(sheet.get("id", ""), "")) for sheet in sheets if "name" in sheet}


def _absolute(target: str) -> str:
    return target.removeprefix("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _look_into_sheet(
    container: zipfile.ZipFile, name: str, part: zipfile.ZipInfo, shared: SharedStrings
) -> tuple[SheetXml, int]:
    """What is in a sheet, and a bound of the bytes of text in its cells, which is quicker than counting them."""
    prefix = prefix_of(container, part, b"worksheet")
    errors = ErrorFinder(name, prefix)
    cells = text = 0
    may_be_far = False
    for xml in _whole_rows(container, part, prefix):
        cells += xml.count(b"<" + prefix + b"c")
        text += _most_text(xml) + (shared_cells(xml) * shared.longest if shared.lengths else 0)
        may_be_far = may_be_far or _has_far_cell(xml) or _may_lack_addresses(xml, prefix)
        errors.look_at(xml)
    rectangle = _rectangle(_whole_rows(container, part, prefix), prefix) if may_be_far else NEAR_CELLS
    return SheetXml(cells, rectangle, errors.found()), text


def _most_text(xml: bytes) -> int:
    return len(xml) if CDATA in xml else len(xml) - sum(xml.count(tag) * size for tag, size in _TAGS)


def _whole_rows(container: zipfile.ZipFile, part: zipfile.ZipInfo, prefix: bytes) -> Iterator[bytes]:
    return pieces(blocks(container, part), b"</" + prefix + b"row>")


def _text_bytes(container: zipfile.ZipFile, part: zipfile.ZipInfo, shared: SharedStrings) -> int:
    """The bytes of text in the cells, counted one by one."""
    prefix = prefix_of(container, part, b"worksheet")
    rows = _whole_rows(container, part, prefix)
    return sum(text_bytes(xml) + shared.expanded(xml, prefix) for xml in rows)


def _has_far_cell(xml: bytes) -> bool:
    return bool(_PERHAPS_FAR_CELL.search(xml) and _FAR_CELL.search(xml))


def _rectangle(some_rows: Iterable[bytes], prefix: bytes) -> int:
    """The number of cells from A1 to the last row and the last column in which there is a cell, or more.

    A cell that does not say where it is stands behind the one before it: at most as many columns beyond the last that
    is named anywhere as its row has cells. A row likewise.
    """
    last_row = last_column = unnumbered_rows = widest = 0
    for xml in some_rows:
        for letters, digits in set(_ANY_CELL.findall(xml)):
            last_row = max(last_row, int(digits[:9]))
            last_column = max(last_column, column_number(letters))
        if _may_lack_addresses(xml, prefix):
            rows = xml.split(b"</%brow>" % prefix)
            widest = max(widest, *(_cells(row, prefix) for row in rows))
            unnumbered_rows += max(0, len(rows) - len(_NUMBERED_ROW.findall(xml)))
    return (last_row + unnumbered_rows) * (last_column + widest)


def _may_lack_addresses(xml: bytes, prefix: bytes) -> bool:
    """Whether any cell does not begin with its address. All programs that are widely used write it first."""
    addressed = xml.count(b'<%bc r="' % prefix)
    # Above and below the rows there are other elements that begin with a c.
    return addressed < xml.count(b"<%bc" % prefix) and addressed < _cells(xml, prefix)


def _cells(xml: bytes, prefix: bytes) -> int:
    return xml.count(b"<%bc " % prefix) + xml.count(b"<%bc>" % prefix) + xml.count(b"<%bc/" % prefix)
