"""A worksheet that is written plainly throughout: its head, its rows, and what stands below them."""

import re
from collections.abc import Callable, Iterable, Iterator
from xml.parsers import expat

from chalicelib.imports.reading.around_rows import AroundRows
from chalicelib.imports.reading.plain_rows import PlainRows
from chalicelib.imports.reading.xml_parts import MAIN, Damaged, known, parser, pieces

_MAIN = MAIN[0].encode()
_MAX_HEAD = 2**22
_SHEET_DATA = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.-]{0,19}:)?sheetData>")


def plain_sheet(some: Iterable[bytes], looker: Callable[[bytes], PlainRows]) -> tuple[PlainRows, AroundRows] | None:
    """What is in the rows of a sheet, and around them; None as soon as anything is not plain."""
    try:
        return _plain_sheet(iter(some), looker)
    except Damaged:
        # Below the rows there may be more than a piece holds. If more is wrong, whoever writes it anew finds it.
        return None


def _plain_sheet(source: Iterator[bytes], looker: Callable[[bytes], PlainRows]) -> tuple[PlainRows, AroundRows] | None:
    start, head, prefix = _head(source)
    if start is None or not _is_plain_head(head):
        return None
    rows = looker(prefix)
    end = b"</%brow>" % prefix
    close = b"</%bsheetData>" % prefix
    is_below = False
    foot = close
    for piece in pieces(_chained(start, source), end, b"<%brow " % prefix):
        inside, closing, below = piece.partition(close) if close in piece else (piece, b"", b"")
        foot += piece if is_below else below
        # Below the rows there is nothing that the reader looks at, and no second table.
        is_second = (is_below and (end in piece or b"sheetData" in piece)) or b"sheetData" in below
        if is_second or not (is_below or rows.take(inside)):
            return None
        is_below = is_below or bool(closing)
    return (rows, AroundRows.of(head + foot)) if is_below else None


def row_pieces(some: Iterable[bytes], most: int) -> tuple[bytes, bytes, Iterator[tuple[int, bytes]]]:
    """The rows of a plain sheet in pieces that each end behind a row; before them, the XML that stands around them.

    Each piece comes with the number of the stretch of so many rows, written or not, which all of its rows are in.
    """
    source = iter(some)
    start, _, prefix = _head(source)
    head = b'<%bworksheet xmlns%b="%b"><%bsheetData>' % (prefix, b":" + prefix[:-1] if prefix else b"", _MAIN, prefix)
    foot = b"</%bsheetData></%bworksheet>" % (prefix, prefix)
    return head, foot, _rows(_chained(start or b"", source), prefix, most)


def _rows(source: Iterable[bytes], prefix: bytes, most: int) -> Iterator[tuple[int, bytes]]:
    row = re.compile(rb'<%brow r="(\d+)' % re.escape(prefix))
    for piece in pieces(source, b"</%brow>" % prefix, b"<%brow " % prefix):
        rows, close, _ = piece.partition(b"</%bsheetData>" % prefix)
        yield from _stretches(rows, row, rows.rfind(b"<%brow " % prefix), most)
        if close:
            return


def _stretches(rows: bytes, row: re.Pattern[bytes], last: int, most: int) -> Iterator[tuple[int, bytes]]:
    """Rows, of which the last begins at `last`, cut where one stretch ends and another begins."""
    if last < 0:
        return
    one, other = (_stretch(row.search(rows, at), most) for at in (0, last))
    begin = 0
    if one != other:
        for found in row.finditer(rows):
            if (stretch := _stretch(found, most)) != one:
                yield one, rows[begin : found.start()]
                one, begin = stretch, found.start()
    yield one, rows[begin:]


def _stretch(row: re.Match[bytes] | None, most: int) -> int:
    assert row
    return (int(row[1]) - 1) // most


def _head(source: Iterable[bytes]) -> tuple[bytes | None, bytes, bytes]:
    """What follows the start of the rows in the first blocks, what stands before it, and the namespace prefix."""
    head = b""
    for block in source:
        head += block
        if found := _SHEET_DATA.search(head):
            return head[found.end() :], head[: found.end()], found[1] or b""
        if len(head) > _MAX_HEAD:
            break
    return None, head, b""


def _chained(start: bytes, source: Iterable[bytes]) -> Iterable[bytes]:
    yield start
    yield from source


def _is_plain_head(head: bytes) -> bool:
    """Whether the rows of a worksheet begin where the head ends, and nowhere before."""
    path: list[str] = []
    encodings: list[str | None] = []
    tables = 0

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal tables
        path.append(known(name))
        tables += name.rpartition(" ")[2] == "sheetData"

    head_parser = parser(start, lambda _: path.pop())
    head_parser.XmlDeclHandler = lambda _version, encoding, _standalone: encodings.append(encoding)
    try:
        head_parser.Parse(head, False)
    except (expat.ExpatError, Damaged):
        return False
    is_utf_8 = all(encoding is None or encoding.lower() == "utf-8" for encoding in encodings)
    return path == ["worksheet", "sheetData"] and tables == 1 and is_utf_8
