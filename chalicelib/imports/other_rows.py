"""Rows of a table's sheet that are none of its own: data above the titles."""

from collections.abc import Sequence

from chalicelib.imports.kinds.columns import Kind
from chalicelib.imports.reading.cells import Cell, is_blank
from chalicelib.rules.typed import Problem


def is_data(kind: Kind, positions: Sequence[int | None], row: Sequence[Cell]) -> bool:
    """Whether a row has good values in half or more of the required columns of numbers and dates.

    A title, a note or the sums above a table have fewer. Texts say nothing: any word may be a name.
    """
    columns = [
        (column, at)
        for column, at in zip(kind.columns, positions, strict=True)
        if at is not None and not column.is_optional and not column.reader.is_text
    ]
    good = sum(not is_blank(row[at]) and type(column.reader.read(row[at])) is not Problem for column, at in columns)
    return 2 * good >= len(columns)
