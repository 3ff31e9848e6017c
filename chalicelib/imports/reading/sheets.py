"""What every format is read into: sheets of numbered rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from chalicelib.imports.reading.cells import Cell

# The number that Excel shows beside a row, and its cells.
NumberedRow: TypeAlias = tuple[int, Sequence[Cell]]


class _Absent(str):
    """Nothing, where a row of text ends before others: it compares as an empty cell does."""


ABSENT = _Absent("")

# So many cells are held at once, at eight bytes and more each, whether or not there is anything in them: all rows of a
# sheet are as wide as its widest.
CELLS_AT_ONCE = 2**20


def rows_at_once(width: int) -> int:
    """How many rows of so many cells are held at once."""
    return max(1, CELLS_AT_ONCE // max(1, width))


class FileRefused(Exception):
    """The file as a whole cannot be imported. `str(error)` is the sentence for a person."""


# A page of text is cut off: what it says of the table stands at its beginning, or nobody finds it.
LONGEST_REMARK = 2_000


@dataclass(frozen=True)
class Remark:
    """What a person reads beside the cells: a comment on the cell at a row and column from 1, or else `what` it is.

    A message for cells that are all in one column has that column.
    """

    text: str
    row: int = 0
    column: int = 0
    what: str = "A text box"


@dataclass(frozen=True)
class Sheet:
    """A sheet by name. `rows()` gives all `height` rows, down to the last with anything in it, as often as asked.

    All rows have the same number of cells; those of a text that has fewer end with ABSENT. The file must stay open
    meanwhile.
    """

    name: str
    height: int
    rows: Callable[[], Iterator[NumberedRow]]
    # Whether a number of a day in it counts from 1904. Cells that are dates by their format are dates already.
    counts_from_1904: bool = False
    # The number of the first column in `rows()`, from 1: empty columns on the left may be left out.
    first_column: int = 1
    # Why nothing of it is read, for example "is hidden".
    left_out: str | None = None
    # Whether its cells stand between commas, so that a number with commas of its own may be in several.
    has_commas: bool = False
    # The number of the last row of a text that ends without a line break: the file may break off in it. Else 0.
    unended_row: int = 0
    # The text boxes of the sheet, and the comments on its cells.
    remarks: Sequence[Remark] = ()
