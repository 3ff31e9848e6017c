"""Rows of a table's sheet that are none of its own: data above the titles, notes of units, titles again."""

from collections.abc import Sequence
from functools import lru_cache

from chalicelib.imports.kinds import KINDS
from chalicelib.imports.kinds.columns import Column, Kind
from chalicelib.imports.kinds.customers import CUSTOMER_ID
from chalicelib.imports.notes import other_unit, other_unit_of
from chalicelib.imports.other_columns import are_gone, is_gone, says_otherwise, spoken
from chalicelib.imports.reading.cells import Cell, MergedCell, MisfitCell, is_blank, shown
from chalicelib.imports.reading.marks import column_letters
from chalicelib.imports.reading.sheets import FileRefused, NumberedRow, Sheet
from chalicelib.imports.titles import normalised, without_unit
from chalicelib.rules.typed import Problem

# A page of text is no note, and must not cost more than one.
_LONGEST_NOTE = 2_000
# So many cells that are titles make a row of titles.
_FEWEST = 2
_MAY_NOT_COUNT = "so its rows may not count. Take those that do not out of the file, and delete that."
_TITLES = {normalised(title) for kind in KINDS for column in kind.columns for title in (column.title, *column.aliases)}


def is_data(kind: Kind, positions: Sequence[int | None], row: Sequence[Cell]) -> bool:
    """Whether a row has good values in half or more of the required columns of numbers and dates.

    A title, a note or the sums above a table have fewer. Texts say nothing: any word may be a name.
    """
    columns = [
        (column, at)
        for column, at in zip(kind.columns, positions, strict=True)
        if at is not None and not column.is_optional and not column.reader.is_text
    ]
    good = sum(_is_good(column, row[at]) for column, at in columns)
    return 2 * good >= len(columns)


def _is_good(column: Column, cell: Cell) -> bool:
    # What is refused where it stands is data all the same: in a torn row 60 is a number.
    while isinstance(cell, MergedCell | MisfitCell):
        cell = cell.cell
    return not is_blank(cell) and type(column.reader.read(cell)) is not Problem


def is_note(cell: Cell) -> bool:
    """Whether a text beside titles is about all of them, and not a title with a unit of its own."""
    text = _text(cell).strip().casefold()
    return text.startswith(
        ("(", "[", "*", "₹", "rs", "inr", "in ", "all ", "amounts ", "figures ", "values ", "unit", "note")
    )


def check_units(
    sheet: Sheet, kind: Kind, positions: Sequence[int | None], numbered: NumberedRow, *, beside_titles: bool
) -> None:
    """Raises FileRefused if a row that is no data says that values are in another unit than they are read in.

    `beside_titles` says whether its cells may be about the columns they stand in.
    """
    number, row = numbered
    _check_section(sheet, kind, number, row)
    columns = {at: column for at, column in zip(positions, kind.columns, strict=True) if at is not None}
    id_at = positions[kind.names.index(CUSTOMER_ID.name)]
    names_customer = id_at is not None and not is_blank(row[id_at])
    for at, cell in enumerate(row):
        text = _text(cell) if cell else ""
        # Most texts of a .csv are numbers and dates. 1000 may be a unit, but in a row of a customer it is a sum.
        if not text or text[0] in "23456789" or (names_customer and text.isdecimal()):
            continue
        column = columns.get(at) if beside_titles else None
        unit = other_unit(text) or (other_unit_of(column, text) if column else "")
        if unit and not is_data(kind, positions, row):
            letters = column_letters(sheet.first_column + at)
            raise _refused(f"Cell {letters}{number} of the sheet {sheet.name} says {shown(text)}", unit)


def _check_section(sheet: Sheet, kind: Kind, number: int, row: Sequence[Cell]) -> None:
    """Raises FileRefused if a row has nothing but a title by which the rows below do not count."""
    # A row that does not fit its header says so in its first cell, which may be empty.
    bare = ((at, cell.cell if isinstance(cell, MisfitCell) else cell) for at, cell in enumerate(row) if cell != "")
    written = [at for at, cell in bare if not is_blank(cell)]
    if len(written) == 1 and are_gone(kind, text := _text(row[written[0]])):
        cell = f"Cell {column_letters(sheet.first_column + written[0])}{number} of the sheet {sheet.name}"
        raise FileRefused(f"{cell} says {shown(text)}, {_MAY_NOT_COUNT}")


def titles_again(sheet: Sheet, header_row: int, header: Sequence[Cell], numbered: NumberedRow) -> Problem | None:
    """What is wrong with a row that has the titles of the header once more, as printed pages have them.

    Raises FileRefused if they are others, or in another order: the rows below would be read in the wrong columns.
    """
    number, row = numbered
    texts = [_text(cell) if cell else "" for cell in row]
    if sum(_is_title(text) for text in texts if text and not text[0].isdigit()) < _FEWEST:
        return None
    above = [normalised(_text(cell)) for cell in header]
    if [normalised(text) for text in texts] != above:
        raise FileRefused(
            f"Row {number} of the sheet {sheet.name} has titles again, other ones than row {header_row} or in another "
            "order; put each table on a sheet of its own."
        )
    return Problem("titles_again", f"stands in a row with the titles of row {header_row} once more; delete the row.")


@lru_cache(1_000)
def _is_title(text: str) -> bool:
    return normalised(without_unit(text)) in _TITLES


def check_name(sheet: Sheet, kind: Kind) -> None:
    """Raises FileRefused if by the name of a sheet its values are in another unit, or its rows do not count."""
    if are_gone(kind, sheet.name):
        raise FileRefused(f"The sheet {sheet.name} is named so, {_MAY_NOT_COUNT}")
    if unit := other_unit(sheet.name):
        raise _refused(f"The sheet {sheet.name} is named so", unit)


def check_remarks(
    sheet: Sheet, kind: Kind, positions: Sequence[int | None], header_row: int, header: Sequence[Cell]
) -> dict[int, Problem]:
    """What is wrong with rows below the header of which a comment says that they are to be read otherwise.

    Raises FileRefused if a text box, a message, or a comment on the titles or above them says so of values. The unit of
    a column that is ignored may be any.
    """
    ignored = {at for at, cell in enumerate(header) if at not in positions and not is_blank(cell)}
    columns = {at: column for at, column in zip(positions, kind.columns, strict=True) if at is not None}
    problems = {}
    for remark in sheet.remarks:
        text = " ".join(remark.text.split())
        cell = f"cell {column_letters(remark.column)}{remark.row}" if remark.row else ""
        is_of_ignored = not 0 < remark.row < header_row and remark.column - sheet.first_column in ignored
        is_unit = bool(other_unit(text)) and not (is_of_ignored and not _is_about_all(remark.text))
        if remark.row > header_row:
            if is_unit or is_gone(kind, remark.text):
                problems[remark.row] = says_otherwise(f"row with a comment on {cell} that", text)
            continue
        column = columns.get(remark.column - sheet.first_column) if remark.row == header_row else None
        unit = other_unit(text) if is_unit else other_unit_of(column, spoken(remark.text)) if column else ""
        if unit:
            what = f"The comment on {cell}" if cell else remark.what
            raise _refused(f"{what} of the sheet {sheet.name} says {shown(text)}", unit)
    return problems


def _is_about_all(comment: str) -> bool:
    return spoken(comment).casefold().startswith(("all ", "amounts ", "figures ", "values "))


def _refused(what: str, unit: str) -> FileRefused:
    return FileRefused(
        f"{what}, so its values may not be in rupees, percent a year, months and dates with the day before the month. "
        f"Convert those that are not, and delete {shown(unit)} there."
    )


def _text(cell: Cell) -> str:
    text = cell if isinstance(cell, str) else shown(cell) if isinstance(cell, MergedCell | MisfitCell) else ""
    return text[:_LONGEST_NOTE]
