"""A sheet whose XML is not plain, written anew so that it is: with addresses, without comments, prefixes and the like.

So what is looked into and what the reader of workbooks is given are the same bytes. What could be read in two ways
(a cell twice, a cell in a row of another number, two values) is refused.
"""

import re
from collections.abc import Iterable, Iterator
from xml.parsers import expat

from chalicelib.imports.reading.around_rows import AroundRows
from chalicelib.imports.reading.cells import shown
from chalicelib.imports.reading.marks import LAST_COLUMN, LAST_ROW, MISTYPED, STRUCK, column_letters, column_number
from chalicelib.imports.reading.plain_rows import is_value
from chalicelib.imports.reading.shared_strings import is_struck, written
from chalicelib.imports.reading.sheets import FileRefused
from chalicelib.imports.reading.xml_parts import (
    MAIN,
    MAX_ELEMENTS,
    MAX_PIECE_BYTES,
    Damaged,
    feed,
    known,
    of_characters,
    parser,
)

START = f'<worksheet xmlns="{MAIN[0]}"><sheetData>'.encode()
END = b"</sheetData></worksheet>"

_ADDRESS = re.compile(r"([A-Za-z]{1,20})(\d{1,20})", re.ASCII)
_SMALL_NUMBER = re.compile(r"\d{1,5}", re.ASCII)
_RANGE = re.compile(r"[A-Z0-9:]{1,30}", re.ASCII)
_TYPES = ("n", "s", "str", "b", "e", "d", "inlineStr")
_ROW, _CELL = ["worksheet", "sheetData", "row"], ["worksheet", "sheetData", "row", "c"]
_VALUES = ([*_CELL, "v"], [*_CELL, "is", "t"], [*_CELL, "is", "r", "t"])
# Of a cell: its formula, how its text is pronounced, and what programs add.
_UNREAD = frozenset(("f", "rPh", "extLst"))
_REMEDY = "open it in Excel, type the cell again, and save it"


def rewritten(name: str, some: Iterable[bytes], around: AroundRows) -> Iterator[bytes]:
    """The rows of a sheet, plainly; `around` takes in what is outside of them.

    Raises Damaged, ExpatError, and FileRefused if a cell is far away.
    """
    rewriter = _Rewriter(name, around)
    for _ in feed(rewriter.parser, of_characters(some)):
        yield "".join(rewriter.rows).encode()
        rewriter.rows.clear()


class _Rewriter:
    def __init__(self, sheet: str, around: AroundRows) -> None:
        self._around = around
        self.rows: list[str] = []
        self.parser: expat.XMLParserType = parser(self._start, self._end)
        self.parser.CharacterDataHandler = self._text
        self._sheet = sheet
        self._path: list[str] = []
        self._others = self._sheets = 0
        self._row = 0
        self._cells: dict[int, str] = {}
        self._attributes: dict[str, str] = {}
        self._column = 0
        # The texts of the elements of a cell, by their name; None if there is no such element.
        self._parts: dict[str, list[str]] = {}
        self._formula = ""
        # How many characters there are in the row.
        self._size = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        path = self._path
        path.append(known(name))
        if path == _CELL:
            self._start_cell(attributes)
        elif path == _ROW:
            self._start_row(attributes)
        elif path[:4] == _CELL and len(path) == 5:
            self._start_part(path[4], attributes)
        else:
            if path[:4] == _CELL and is_struck(path, attributes):
                self._around.take_spoilt(self._row, self._column, STRUCK)
            self._start_other()
            self._around.take(path, attributes)

    def _start_other(self) -> None:
        self._others += 1
        path = self._path
        if self._others > MAX_ELEMENTS or len(path) > 100:
            raise Damaged(f"more than {MAX_ELEMENTS} elements beside cells, or more than 100 in one another")
        self._sheets += path[1:] == ["sheetData"]
        is_odd = path[:2] == _ROW[:2] and len(path) in (3, 4) and path[-1] != "extLst"
        if path[0] != "worksheet" or self._sheets > 1 or is_odd:
            raise Damaged(f"the XML of the sheet {shown(self._sheet)} is that of no worksheet")

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._cells = {}
        self._column = self._size = 0
        number = attributes.get("r")
        # A row that does not say its number takes that of its first cell that does, or the next.
        self._before = self._row
        self._row = self._number(number) if number is not None else 0
        if number is not None and self._row <= self._before:
            raise self._unclear(f"the row {self._row} stands below the row {self._before}")

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._attributes, self._parts, self._formula = attributes, {}, ""
        address = attributes.get("r")
        if address is None:
            self._column += 1
        else:
            found = _ADDRESS.fullmatch(address)
            if not found:
                raise self._unclear(f"a cell says that it is at {shown(address)}")
            column, row = column_number(found[1].encode()), self._number(found[2])
            if self._row == 0:
                self._row = row
            if row != self._row:
                raise self._unclear(f"the cell {shown(address)} stands in the row {self._row}")
            self._column = column
        if self._row == 0:
            self._row = self._before + 1
        self._check_place()

    def _check_place(self) -> None:
        if self._row > LAST_ROW or self._column > LAST_COLUMN:
            raise stray(self._sheet, self._row, self._column)
        if self._row <= self._before:
            raise self._unclear(f"the row {self._row} stands below the row {self._before}")
        if self._column in self._cells:
            raise self._unclear(f"it has two cells {column_letters(self._column)}{self._row}")

    def _start_part(self, name: str, attributes: dict[str, str]) -> None:
        if name in self._parts:
            raise self._unclear(f"{self._named()} has two values")
        self._parts[name] = []
        if name == "f":
            self._formula = _formula(attributes)

    def _text(self, characters: str) -> None:
        path = self._path
        if path[:4] != _CELL:
            return
        if path in _VALUES:
            self._size += len(characters)
            if self._size > MAX_PIECE_BYTES:
                raise self._unclear(f"the row {self._row} has more than {MAX_PIECE_BYTES} characters")
            self._parts[path[4]].append(characters)
        elif not _UNREAD.intersection(path) and not characters.isspace():
            raise self._unclear(f"{self._named()} has text where no value stands; {_REMEDY}")

    def _end(self, _name: str) -> None:
        if self._path == _CELL:
            self._cells[self._column] = self._cell()
        elif self._path == _ROW and (self._row or self._before < LAST_ROW):
            self._row = self._row or self._before + 1
            cells = "".join(self._cells[column] for column in sorted(self._cells))
            self.rows.append(f'<row r="{self._row}">{cells}</row>')
            self._cells = {}
        self._path.pop()

    def _cell(self) -> str:
        style, cell_type = self._attributes.get("s", "0"), self._attributes.get("t", "n")
        if not _SMALL_NUMBER.fullmatch(style) or cell_type not in _TYPES:
            raise self._unclear(f"{self._named()} has an unknown type or style")
        if cell_type != "inlineStr" and not is_value(cell_type, written("".join(self._parts.get("v", ())).strip())):
            # As a text, the reader of workbooks gives it as it is.
            self._around.take_spoilt(self._row, self._column, MISTYPED)
            cell_type = "str"
        start = f'<c r="{column_letters(self._column)}{self._row}" s="{int(style)}" t="{cell_type}">'
        return f"{start}{self._formula}{self._value(cell_type)}</c>"

    def _value(self, cell_type: str) -> str:
        own, value = ("".join(self._parts.get(name, ())) for name in ("is", "v"))
        # Programs differ in which of the two they take then: some see nothing.
        if value.strip() if cell_type == "inlineStr" else own.strip():
            raise self._unclear(f"the value of {self._named()} is not written as its type {cell_type} says; {_REMEDY}")
        if cell_type == "inlineStr" and "is" in self._parts:
            return f'<is><t xml:space="preserve">{written(own)}</t></is>'
        if "v" not in self._parts:
            return ""
        return f"<v>{written(value if cell_type == 'str' else value.strip())}</v>"

    def _named(self) -> str:
        return f"the cell {column_letters(self._column)}{self._row}"

    def _number(self, digits: str) -> int:
        if not digits.isdecimal() or not digits.isascii() or int(digits[:20]) == 0:
            raise self._unclear(f"a row or cell has the number {shown(digits)}")
        return int(digits[:20])

    def _unclear(self, why: str) -> Damaged:
        return Damaged(f"in the sheet {shown(self._sheet)}, {why}")


def stray(sheet: str, rows: int, columns: int) -> FileRefused:
    """What is said of a cell so far away that the rectangle around all cells is too large."""
    return FileRefused(
        f"The cells of the sheet {shown(sheet)} span {rows * columns} cells from A1 to the last, "
        f"{column_letters(columns)}{rows}; fewer are read. Delete what stands far below or to the right of the table."
    )


def _formula(attributes: dict[str, str]) -> str:
    """That there is a formula, and for which cells; its text is not needed."""
    reference = attributes.get("ref", "")
    if attributes.get("t") in ("array", "dataTable") and _RANGE.fullmatch(reference):
        return f'<f t="array" ref="{reference}"/>'
    return "<f/>"
