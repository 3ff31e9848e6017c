"""From the rows of a workbook to values ready to be stored, in chunks, so that memory does not grow with the file.

A chunk is worked on column by column: most cells of a column were seen before, and a dictionary is ten times as
fast as asking again what a cell means. Only what is wrong is looked at row by row.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import compress, islice
from typing import Any, NamedTuple, TypeAlias

from chalicelib.imports.findings import Finding
from chalicelib.imports.headers import Layout
from chalicelib.imports.kinds.columns import DATES, PERCENT_A_YEAR, Check, Column
from chalicelib.imports.kinds.customers import CUSTOMER_ID
from chalicelib.imports.kinds.readers import counted_from_1904
from chalicelib.imports.reading.cells import (
    Cell,
    DressedCell,
    MergedCell,
    MisfitCell,
    Uncalculated,
    UnclearCell,
    is_blank,
    is_error,
    shown,
)
from chalicelib.imports.reading.sheets import FileRefused, NumberedRow, rows_at_once
from chalicelib.rules.calendar import MONTHS_A_YEAR
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.dates import AMBIGUOUS, EitherWay, proves_month_first
from chalicelib.rules.typed.letters import is_quoted

CHUNK_ROWS = 20_000

# Above this, what a column's cells mean is forgotten and learned anew.
MOST_KNOWN_CELLS = 100_000

ERROR = Problem("error_cell", "must not be an error of Excel's.")
UNCALCULATED = Problem(
    "formula_without_value", "has a formula whose value is not in the file; open the file in Excel and save it."
)
UNCLEAR = Problem(
    "unclear_number_format",
    "has a number format that shows another value than the file holds; format the cell as Number, a date with its day, "
    "month and year as Date, or a text as Text, and check its value.",
)
PERCENT_OR_NOT = Problem(
    UNCLEAR.code,
    "is the value of a formula in a cell without a number format, which LibreOffice shows as a percentage if it is "
    "made of percentages, and Excel does not; format the cell as Percent or as Number, and check its value.",
)
QUOTED = Problem(
    "damaged_text",
    'stands between quotation marks that are part of it; delete them. In a .csv, text stands between " and no others.',
)
MERGED = Problem(
    "merged_cell",
    "is merged with cells of other rows or columns, so its value may be that of any; unmerge them and fill in each.",
)

Values: TypeAlias = Sequence[Any]


@dataclass(frozen=True)
class Chunk:
    """Some rows of a sheet: those from `start` to before `end`, counting all rows below the headers of a workbook.

    `found` of them are not blank, counted before anything else is known about them. `columns` are the values of the
    good rows in the order of the kind's columns; `positions` and `row_numbers` say where they stood. Every other row is
    blank or has a finding that rejects it.
    """

    layout: Layout
    start: int
    end: int
    found: int
    positions: Sequence[int]
    row_numbers: Sequence[int]
    columns: Sequence[Values]
    findings: Sequence[Finding]


def read_chunks(layouts: Sequence[Layout], start: int = 0, size: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """The rows below the headers, validated, at most `size` at a time; the first `start` of them are left out."""

    @cache
    def month_first() -> bool:
        return any(map(_has_month_first, layouts))

    begin = 0
    for layout in layouts:
        yield from _chunks_of(layout, month_first, begin, start, size)
        begin += layout.height


def _chunks_of(layout: Layout, month_first: Callable[[], bool], begin: int, start: int, size: int) -> Iterator[Chunk]:
    rows, days = layout.rows(), _Days(layout)
    readers = [
        _Absent(column) if place is None else _Known(column, layout.sheet.counts_from_1904, month_first, days)
        for place, column in zip(layout.positions, layout.kind.columns, strict=True)
    ]
    at = begin
    # Whoever goes on in the middle learns what whoever came so far has learned.
    while at < start and (some := _some(rows, min(size, start - at))):
        days.look_ahead(_written(layout, some)[1])
        at += len(some)
    while some := _some(rows, size):
        yield _read_chunk(layout, readers, days, at, some)
        at += len(some)


def _some(rows: Iterator[NumberedRow], size: int) -> list[NumberedRow]:
    """The next rows: at most `size`, and fewer if they are wide; none at the end."""
    first = list(islice(rows, 1))
    return [*first, *islice(rows, min(size, rows_at_once(len(first[0][1]))) - 1)] if first else first


def _has_month_first(layout: Layout) -> bool:
    """Whether any date of the sheet proves that its writer puts the month first, in whichever column.

    All sheets of a file are looked at as a whole, because one person or program wrote them. So the answer is the same
    for each chunk, whoever reads it. It is only asked for if there is a date that may be read either way.
    """
    places = zip(layout.positions, layout.kind.columns, strict=True)
    own = [at for at, column in places if at is not None and _holds_dates(column)]
    rows = layout.rows() if own else iter(())
    known: set[str] = set()
    while some := _some(rows, CHUNK_ROWS):
        texts = {cell for _, row in some for at in own if type(cell := row[at]) is str} - known
        if any(map(proves_month_first, texts)):
            return True
        known = texts if len(known) > MOST_KNOWN_CELLS else known | texts
    return False


def _holds_dates(column: Column) -> bool:
    return column.unit is DATES


def _read_chunk(
    layout: Layout, readers: Sequence["Reading"], days: "_Days", start: int, rows: Sequence[NumberedRow]
) -> Chunk:
    """Validates these rows. A row with anything wrong is set aside whole, with a finding for each bad cell."""
    places, cells = _written(layout, rows)
    days.look_ahead(cells)
    columns = [reader.read(column) for reader, column in zip(readers, cells, strict=True)]
    problems = _problems(layout, columns)
    problems = _without_titles(layout, rows, places, problems)
    refused = {problem.at for problem in problems}
    flags = _broken(layout, layout.kind.flagged_by, columns, lambda *_: refused, "flagged")
    flags += _flagged(readers, cells, refused)
    findings = [
        _finding(layout, rows[places[found.at]][0], cells[found.column][found.at], found)
        for found in sorted([*problems, *flags], key=lambda found: found[:2])
    ]
    good = [at not in refused for at in range(len(places))] if refused else None
    kept = list(compress(places, good)) if good else places
    return Chunk(
        layout=layout,
        start=start,
        end=start + len(rows),
        found=len(places),
        positions=[start + place for place in kept],
        row_numbers=[rows[place][0] for place in kept],
        columns=[list(compress(column, good)) for column in columns] if good else columns,
        findings=findings,
    )


def _without_titles(
    layout: Layout, rows: Sequence[NumberedRow], places: Sequence[int], problems: Sequence["_Found"]
) -> list["_Found"]:
    """The problems, with one of each row that repeats the titles. Raises FileRefused if a row that is no data, for want
    of a customer or because it does not fit, says more than any row may.
    """
    number = layout.kind.names.index(CUSTOMER_ID.name)
    blank = set(range(len(rows))) - set(places) if len(places) < len(rows) else set()
    for place in sorted(blank):
        if any(rows[place][1]):
            layout.check_other(rows[place])
    # Two texts that were joined have the titles of the second at the end of a row that is too long.
    odd = {found.at for found in problems if found.column == number or found.problem.code == "row_does_not_fit"}
    said = {at: layout.check_other(rows[places[at]]) for at in sorted(odd)}
    again = [_Found(at, 0, problem, "rejected") for at, problem in said.items() if problem]
    repeated = {found.at for found in again}
    return [*(found for found in problems if found.at not in repeated), *again]


def _written(layout: Layout, rows: Sequence[NumberedRow]) -> tuple[Sequence[int], list[Sequence[Cell]]]:
    """The rows that are not blank, by their place among all, and the kind's columns of these, empty if absent."""
    there = [at for at in layout.positions if at is not None]
    # A column at a time: `zip` would have to look at thousands of rows for each of its tuples.
    columns: list[Sequence[Cell]] = [[row[at] for _, row in rows] for at in there]
    places: Sequence[int] = range(len(rows))
    blank = _blank(columns)
    if blank:
        written = [at not in blank for at in places]
        places = list(compress(places, written))
        columns = [list(compress(column, written)) for column in columns]
    found = iter(columns)
    return places, [("",) * len(places) if at is None else next(found) for at in layout.positions]


def _blank(columns: Sequence[Sequence[Cell]]) -> set[int]:
    """Where all columns are blank: only where the first is, and there may be a million of these."""
    if not any(issubclass(kind, str | MergedCell) for kind in set(map(type, columns[0]))):
        return set()
    first = [at for at, cell in enumerate(columns[0]) if cell == "" or is_blank(cell)]
    return {at for at in first if all(column[at] == "" or is_blank(column[at]) for column in columns[1:])}


class _Days:
    """Whether the days of date cells may be months: Excel makes a date of what it can, and leaves the rest as text, so
    that beside 03/31/2024 a date cell of the fourth of May was 05/04/2024 or 04/05/2024.
    """

    def __init__(self, layout: Layout) -> None:
        self._sheet = layout.sheet.name
        self._columns = [at for at, column in enumerate(layout.kind.columns) if _holds_dates(column)]
        self.may_be_months = self._are_taken = False

    def look_ahead(self, columns: Sequence[Sequence[Cell]]) -> None:
        """Learns from a chunk before it is read. Raises FileRefused if rows above would have been read otherwise."""
        own = [(columns[at], set(map(type, columns[at]))) for at in self._columns]
        if not self.may_be_months:
            texts = {cell for column, types in own if str in types for cell in column if type(cell) is str}
            proof = min(filter(proves_month_first, texts), default=None)
            if proof is not None and self._are_taken:
                raise FileRefused(
                    f"{shown(proof)} of the sheet {shown(self._sheet)} has its month first, and stands below cells "
                    "that are dates: Excel may have taken their months for days. Type all dates of the sheet as "
                    "2024-03-31, and check them."
                )
            self.may_be_months = proof is not None
        self._are_taken = self._are_taken or any({date, datetime} & types for _, types in own)

    def is_unsure(self, cell: Cell) -> bool:
        """Whether a cell is a date whose day may be its month."""
        return self.may_be_months and isinstance(cell, date) and cell.day <= MONTHS_A_YEAR and cell.day != cell.month


class _Absent:
    """A column that the sheet does not have."""

    def __init__(self, column: Column) -> None:
        self._value = column.if_absent
        self.flags: dict[Cell, Problem] = {}

    def read(self, cells: Sequence[Cell]) -> list[Any]:
        return [self._value] * len(cells)


class _Known(dict[Cell, Any]):
    """What each cell of a column means, learned when it is first seen."""

    def __init__(self, column: Column, counts_from_1904: bool, month_first: Callable[[], bool], days: _Days) -> None:
        super().__init__()
        self._column = column
        self._days = days if _holds_dates(column) else None
        self._counts_from_1904 = counts_from_1904 and _holds_dates(column)
        self._month_first = month_first
        # What is to be said about cells that are kept; few ever have anything.
        self.flags: dict[Cell, Problem] = {}

    def read(self, cells: Sequence[Any]) -> Sequence[Any]:
        if len(self) > MOST_KNOWN_CELLS:
            self.clear()
            self.flags.clear()
        types = set(map(type, cells))
        if types == {float} and (numbers := self._read_numbers(cells)) is not None:
            return numbers
        # TRUE and 1 are the same key of a dictionary, and not the same cell.
        if bool in types:
            return [self._read_cell(cell) for cell in cells]
        return list(map(self.__getitem__, cells))

    def _read_numbers(self, cells: Sequence[float]) -> Sequence[Any] | None:
        """Numbers of which most do not come again, as ids and some amounts, are read all at once."""
        many = self._column.reader.read_numbers
        if many is None or self._column.flag or 2 * len(set(cells)) < len(cells):
            return None
        return many(cells)

    def __missing__(self, cell: Cell) -> Any:
        value = self[cell] = self._read_cell(cell)
        return value

    def _read_cell(self, cell: Cell) -> Any:
        if type(cell) is DressedCell:
            if not _is_undressed(self._column, cell):
                return PERCENT_OR_NOT if cell.may_be_percent else UNCLEAR
            cell = cell.number
        if self._days and self._days.is_unsure(cell):
            return AMBIGUOUS
        value = _read_cell(self._column, counted_from_1904(cell) if self._counts_from_1904 else cell)
        if type(value) is EitherWay:
            return AMBIGUOUS if self._month_first() else value.day_first
        flag = self._column.flag
        if flag and type(value) is not Problem and (problem := flag(value)):
            self.flags[cell] = problem
        return value


Reading: TypeAlias = _Known | _Absent


def _is_undressed(column: Column, cell: DressedCell) -> bool:
    """Whether a column means no more than the number by what is seen beside it: 24 months are a tenure of 24."""
    if cell.may_be_percent:
        return column.unit is not PERCENT_A_YEAR
    return cell.time == column.unit.time if cell.time else not column.reader.is_text


def _read_cell(column: Column, cell: Cell) -> Any:
    if type(cell) is MergedCell:
        return MERGED
    if is_blank(cell):
        return column.if_blank
    if is_error(cell):
        return ERROR
    if type(cell) is str and cell[:2] == '="' and cell[-1] == '"':
        # In a .csv, how programs keep Excel from changing a text: ="0012" is seen as 0012.
        return UNCALCULATED
    if type(cell) is str and is_quoted(cell):
        return QUOTED
    if type(cell) is Uncalculated:
        return UNCALCULATED
    if type(cell) is UnclearCell:
        return UNCLEAR
    if type(cell) is MisfitCell:
        return cell.problem
    return column.reader.read(cell)


class _Found(NamedTuple):
    """Something wrong in the row at a place of the chunk, at a column of the kind."""

    at: int
    column: int
    problem: Problem
    outcome: str


def _problems(layout: Layout, columns: Sequence[Values]) -> list[_Found]:
    """What is wrong with cells, and between two that are good."""
    found = [
        _Found(at, number, value, "rejected")
        for number, column in enumerate(columns)
        if Problem in set(map(type, column))
        for at, value in enumerate(column)
        if type(value) is Problem
    ]

    def unread(column: int, against: int) -> Container[int]:
        return {problem.at for problem in found if problem.column in (column, against)}

    return found + _broken(layout, layout.kind.refused_by, columns, unread, "rejected")


def _flagged(readers: Sequence["Reading"], cells: Sequence[Sequence[Cell]], refused: Container[int]) -> list[_Found]:
    """What is to be said about single cells of rows that are kept."""
    return [
        _Found(at, number, reader.flags[cell], "flagged")
        for number, (reader, column) in enumerate(zip(readers, cells, strict=True))
        if reader.flags
        for at, cell in enumerate(column)
        if cell in reader.flags and at not in refused
    ]


def _broken(
    layout: Layout,
    checks: Sequence[Check],
    columns: Sequence[Values],
    skipped: Callable[[int, int], Container[int]],
    outcome: str,
) -> list[_Found]:
    """What is wrong between two columns of rows that are not `skipped` for these."""
    names = layout.kind.names
    numbers = [(check, names.index(check.column), names.index(check.against)) for check in checks]
    return [
        _Found(at, column, problem, outcome)
        for check, column, against in numbers
        for rows in (skipped(column, against),)
        for at, pair in enumerate(zip(columns[column], columns[against], strict=True))
        if at not in rows and (problem := check.problem(*pair))
    ]


def _finding(layout: Layout, row_number: int, cell: Cell, found: _Found) -> Finding:
    title = layout.kind.columns[found.column].title
    value = shown(cell)
    message = f"{title} {found.problem.message}"
    if value:
        message += f" Invalid value: {value}." if found.outcome == "rejected" else f" Value: {value}."
    return Finding(layout.sheet.name, row_number, found.outcome, title, value or None, found.problem.code, message)
