"""The package that the reader of workbooks is given: only the parts that were looked into, where it expects them.

Whatever lies elsewhere in the file, it cannot read anything that we have not seen. Parts that are plain are copied as
they are compressed, which takes hardly any time; others are written anew.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import chain
from typing import IO

from chalicelib.imports.reading import rewriting, shared_strings
from chalicelib.imports.reading.around_rows import AroundRows
from chalicelib.imports.reading.marks import Marks, joined
from chalicelib.imports.reading.merged import Merged, within
from chalicelib.imports.reading.package import Package, SheetPart
from chalicelib.imports.reading.plain_rows import PlainRows
from chalicelib.imports.reading.remarks import read_remarks
from chalicelib.imports.reading.shared_strings import SharedStrings, Strings
from chalicelib.imports.reading.sheets import Remark
from chalicelib.imports.reading.styles import Styles, read_styles
from chalicelib.imports.reading.worksheets import plain_sheet
from chalicelib.imports.reading.xml_parts import LINKS, MAIN, Damaged, blocks

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = f'<Types xmlns="{_PACKAGE}/content-types"/>'
_LINK = '<Relationship Id="r{0}" Type="{1}/{2}" Target="{3}"/>'
_SHEETS = "xl/worksheets/"
STRINGS, _STYLES = "xl/sharedStrings.xml", "xl/styles.xml"
_LOCAL_HEADER = 30


@dataclass(frozen=True)
class LookedInto:
    """Of one sheet: how far its cells reach, how many bytes of text are in them, and what they are beside values.

    The last row is at `rows`, and the last that may have a value at `height`. `zeros` are the formulas whose
    value is zero, and `is_calculated` is whether any formula has another. `has_zeros_of_java` is whether a zero is
    written as Apache POI does.
    """

    rows: int
    columns: int
    height: int
    first_column: int
    text_bytes: int
    marks: Marks
    merged: Sequence[Merged]
    zeros: Marks
    is_calculated: bool
    has_zeros_of_java: bool
    remarks: Sequence[Remark]


def sheet_name(number: int) -> str:
    """The name of a sheet's part, by its number from 1."""
    return f"{_SHEETS}{number}.xml"


def is_sheet(name: str) -> bool:
    """Whether the part of this name is a sheet."""
    return name.startswith(_SHEETS)


def repack(container: zipfile.ZipFile, package: Package, target: IO[bytes]) -> tuple[int, list[LookedInto]]:
    """Writes the package for the reader to `target`; returns the bytes of its shared texts, and what is in each sheet.

    Raises Damaged, FileRefused, and what zipfile and expat raise.
    """
    styles = read_styles(blocks(container, package.styles)) if package.styles else Styles()
    sheets = [sheet for sheet in package.sheets if sheet.part]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, content in _frame(len(sheets), package.counts_from_1904).items():
            made.writestr(name, content)
        made.writestr(_STYLES, styles.xml())
        strings = _add_strings(container, package.strings, made)
        marked, of_own_format = styles.marked, styles.of_own_format

        def looker(prefix: bytes) -> PlainRows:
            return PlainRows(prefix, strings, marked, of_own_format)

        looked = [
            _add_sheet(container, sheet, made, number, looker, is_uncalculated=package.is_uncalculated)
            for number, sheet in enumerate(sheets, start=1)
        ]
    return strings.total, looked


def _frame(sheets: int, counts_from_1904: bool) -> dict[str, str]:
    """What every package needs beside its sheets, whose names are their numbers."""
    numbers = range(1, sheets + 1)
    named = "".join(f'<sheet name="{number}" sheetId="{number}" r:id="r{number}"/>' for number in numbers)
    links = [_LINK.format(number, LINKS[0], "worksheet", "/" + sheet_name(number)) for number in numbers]
    links.append(_LINK.format("styles", LINKS[0], "styles", "/" + _STYLES))
    links.append(_LINK.format("strings", LINKS[0], "sharedStrings", "/" + STRINGS))
    return {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _links(_LINK.format("0", LINKS[0], "officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": _links("".join(links)),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN[0]}" xmlns:r="{LINKS[0]}"><workbookPr '
        f'date1904="{int(counts_from_1904)}"/><sheets>{named}</sheets></workbook>',
    }


def _links(links: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _add_strings(container: zipfile.ZipFile, part: zipfile.ZipInfo | None, made: zipfile.ZipFile) -> SharedStrings:
    strings = Strings()
    some: Iterable[bytes] = shared_strings.rewritten(blocks(container, part), strings.struck) if part else ()
    _write(made, STRINGS, chain([shared_strings.START], _taken(strings.take, some), [shared_strings.END]))
    return SharedStrings(strings.lengths, strings.struck)


def _add_sheet(
    container: zipfile.ZipFile,
    sheet: SheetPart,
    made: zipfile.ZipFile,
    number: int,
    looker: Callable[[bytes], PlainRows],
    *,
    is_uncalculated: bool,
) -> LookedInto:
    assert sheet.part
    name = sheet_name(number)
    plain = plain_sheet(blocks(container, sheet.part), looker)
    if plain and sheet.part.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        rows, around = plain
        copy_part(container, sheet.part, made, name)
    else:
        rows, around = looker(b""), AroundRows()
        anew = rewriting.rewritten(sheet.name, blocks(container, sheet.part), around)
        _write(made, name, chain([rewriting.START], _taken(rows.take, anew), [rewriting.END]))
    return LookedInto(
        rows=rows.last_row,
        columns=rows.width,
        height=rows.height,
        first_column=rows.first_column,
        text_bytes=rows.text_bytes,
        marks=joined(rows.marks(is_uncalculated=is_uncalculated or around.is_uncalculated), around.spoilt),
        merged=within(around.merged, rows.height, rows.first_column, rows.width),
        zeros=rows.zeros(),
        is_calculated=rows.is_calculated,
        has_zeros_of_java=rows.has_zeros_of_java,
        remarks=[
            *around.messages,
            *(remark for part in sheet.remarks for remark in read_remarks(blocks(container, part))),
        ],
    )


def _taken(take: Callable[[bytes], bool], some: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, each of which was looked into."""
    for piece in some:
        if not take(piece):
            raise Damaged("it cannot be read in one way only")
        yield piece


def _write(made: zipfile.ZipFile, name: str, some: Iterable[bytes]) -> None:
    with made.open(name, "w", force_zip64=True) as stream:
        for piece in some:
            stream.write(piece)


def copy_part(container: zipfile.ZipFile, part: zipfile.ZipInfo, made: zipfile.ZipFile, name: str) -> None:
    """Copies a part as it is compressed; zipfile itself can only pack it again."""
    source, target = container.fp, made.fp
    assert source
    assert target
    source.seek(part.header_offset)
    header = source.read(_LOCAL_HEADER)
    source.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    copied = copy(part)
    copied.filename, copied.flag_bits, copied.extra, copied.comment = name, 0, b"", b""
    # Where the part before it ended, and its directory would begin.
    target.seek(made.start_dir)
    copied.header_offset = target.tell()
    target.write(copied.FileHeader())
    left = part.compress_size
    while left and (block := source.read(min(left, 2**20))):
        target.write(block)
        left -= len(block)
    if left:
        raise zipfile.BadZipFile(f"{part.filename} is cut off")
    made.start_dir = target.tell()
    made.filelist.append(copied)
    made.NameToInfo[name] = copied
