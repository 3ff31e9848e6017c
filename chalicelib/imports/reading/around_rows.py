"""What a sheet says outside of its rows that matters to their cells: which are merged, and that none was calculated."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from chalicelib.imports.reading.marks import Mark, Spoilt
from chalicelib.imports.reading.merged import Merged, merged_at
from chalicelib.imports.reading.sheets import LONGEST_REMARK, Remark
from chalicelib.imports.reading.xml_parts import Damaged, known, parser

_MERGED = ["worksheet", "mergeCells", "mergeCell"]
# What Apache POI writes of a sheet, where others write it of the workbook.
_CALCULATION = ["worksheet", "sheetCalcPr"]
# What Excel shows beside a cell that is chosen; newer kinds of checks stand apart.
_CHECKED = "dataValidation"
_X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main "
_MOST = 10_000
_TRUE = ("1", "true")


@dataclass
class AroundRows:
    """Takes in the elements of a sheet, of which it needs a few."""

    merged: list[Merged] = field(default_factory=list)
    # Whether the program that wrote the sheet says that it did not calculate its formulas.
    is_uncalculated: bool = False
    # The cells that are struck out in part, as far as their own text says it, and those of another type than they say.
    spoilt: "dict[tuple[int, Mark], array[int]]" = field(default_factory=dict)
    # The messages that are shown for cells that are typed in.
    messages: list[Remark] = field(default_factory=list)

    @classmethod
    def of(cls, xml: bytes) -> "AroundRows":
        """What is in all of a sheet but its rows. Raises Damaged and ExpatError."""
        around = cls()
        if b"mergeCell" in xml or b"sheetCalcPr" in xml or b"dataValidation" in xml:
            path: list[str] = []

            def start(name: str, attributes: dict[str, str]) -> None:
                path.append(known(name))
                around.take(path, attributes)

            made: expat.XMLParserType = parser(start, lambda _: path.pop())
            made.Parse(xml, True)
        return around

    def take_spoilt(self, row: int, column: int, mark: Spoilt) -> None:
        """Takes in a cell that is spoilt, at a row and column from 1."""
        self.spoilt.setdefault((column, mark), array("I")).append(row)

    def take(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        """Takes in one element. Raises Damaged."""
        if path == _MERGED:
            self.merged.append(merged_at(attributes.get("ref", "")))
        elif path == _CALCULATION:
            self.is_uncalculated = self.is_uncalculated or attributes.get("fullCalcOnLoad") in _TRUE
        elif path[-1] in (_CHECKED, _X14 + _CHECKED) and attributes.get("showInputMessage") in _TRUE:
            text = " ".join(attributes.get(name, "") for name in ("promptTitle", "prompt"))[:LONGEST_REMARK]
            if text.strip() and len(self.messages) < _MOST:
                column = _only_column(attributes.get("sqref", ""))
                self.messages.append(Remark(text, column=column, what="A message for cells"))


def _only_column(cells: str) -> int:
    """The column that all cells of a list such as C2:C9 C12 are in, from 1; 0 if it is none, or not only one."""
    try:
        found = [merged_at(each) for each in cells.split()]
    except Damaged:
        return 0
    columns = {column for each in found for column in (each.left, each.right)}
    return columns.pop() if len(columns) == 1 else 0
