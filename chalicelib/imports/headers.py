"""Which kind of sheet this is, and where its columns are: known by the header row, not by any name.

A header that can be read in two ways is refused, and a row that does not fit it is set aside.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice

from chalicelib.imports.findings import Finding
from chalicelib.imports.kinds import KINDS
from chalicelib.imports.kinds.columns import AMOUNTS, PHONES, Column, Kind
from chalicelib.imports.other_columns import Telling, said_otherwise, telling
from chalicelib.imports.other_rows import check_name, check_remarks, check_units, is_data, is_note, titles_again
from chalicelib.imports.reading.cells import Cell, MergedCell, MisfitCell, is_blank, shown
from chalicelib.imports.reading.csv_text import may_be_torn
from chalicelib.imports.reading.marks import STRUCK, column_letters
from chalicelib.imports.reading.sheets import ABSENT, FileRefused, NumberedRow, Sheet
from chalicelib.imports.titles import normalised, not_understood, without_number, without_unit
from chalicelib.rules.text import joined
from chalicelib.rules.typed import Problem

# A title or a note may stand above the header, but not a whole page.
ROWS_SEARCHED = 20


@dataclass(frozen=True)
class Layout:
    """A sheet whose header was found: `positions` are those of the kind's columns, in the kind's order, None for an
    optional one that the sheet does not have.
    """

    sheet: Sheet
    kind: Kind
    header_row: int
    positions: tuple[int | None, ...]
    findings: tuple[Finding, ...]
    header: Sequence[Cell] = ()
    # Rows of data that stand above the header.
    above: tuple[NumberedRow, ...] = ()
    # Columns on the left of all titles that are ignored, and the report says so.
    nameless: frozenset[int] = frozenset()
    # What comments say of rows below the header, by the numbers of these.
    remarked: Mapping[int, Problem] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """How many rows there are but the header and titles, blank ones included."""
        return len(self.above) + max(0, self.sheet.height - self.header_row)

    def rows(self) -> Iterator[NumberedRow]:
        """The rows of data and those below the header; the first cell that is looked at in a row that does not fit the
        header, or stands above it, says so.
        """
        below = islice(self.sheet.rows(), self.header_row, None)
        fitted: Iterator[NumberedRow] = below
        if self._untitled or self._length < len(self.header) or self.sheet.unended_row:
            fitted = map(self._fitted, below)
        if self._telling or self.remarked:
            fitted = self._told(fitted)
        return chain(map(self._above, self.above), fitted) if self.above else fitted

    def check_other(self, numbered: NumberedRow) -> Problem | None:
        """What is wrong with a row that is no good one of the table because it repeats the titles.

        Raises FileRefused if it has other titles, or is a note that values are in another unit. Whatever stands in
        columns that are ignored is about these.
        """
        number, row = numbered
        cells, header = list(row), list(self.header)
        for at in self._ignored:
            cells[at] = header[at] = ""
        check_units(self.sheet, self.kind, self.positions, (number, cells), beside_titles=True)
        return titles_again(self.sheet, self.header_row, header, (number, cells))

    def _above(self, numbered: NumberedRow) -> NumberedRow:
        return self._misfit(
            numbered,
            Problem(
                "row_above_titles",
                f"stands in a row above the titles, which are in row {self.header_row}; move the row below them.",
            ),
        )

    def _misfit(self, numbered: NumberedRow, problem: Problem) -> NumberedRow:
        number, row = numbered
        cells = list(row)
        first = next(at for at in self.positions if at is not None)
        cells[first] = MisfitCell(row[first], problem)
        return number, cells

    @cached_property
    def _length(self) -> int:
        """How many cells the header has; in a text it may have fewer than other rows."""
        return _cells_of(self.header)

    @cached_property
    def _titles(self) -> int:
        return _width(self.header)

    @cached_property
    def _untitled(self) -> list[int]:
        """The columns without a title, but for those that are ignored."""
        return [at for at, cell in enumerate(self.header) if is_blank(cell) and at not in self.nameless]

    @cached_property
    def _ignored(self) -> list[int]:
        """The columns with a title that is not known."""
        return [at for at, cell in enumerate(self.header) if not is_blank(cell) and at not in self.positions]

    @cached_property
    def _telling(self) -> Sequence[Telling]:
        """The columns that are not imported, and may say that a row is to be read otherwise."""
        return telling(self.kind, self.header, self._ignored)

    def _told(self, rows: Iterable[NumberedRow]) -> Iterator[NumberedRow]:
        """The rows, of which those say so that are to be read otherwise."""
        merged: dict[int, Cell] = {}
        for number, row in rows:
            said = [(column, _seen(row[column.at], column.at, merged)) for column in self._telling]
            problem = said_otherwise(self.kind, self.positions, said, row)
            if number in self.remarked and not all(is_blank(row[at]) for at in self.positions if at is not None):
                problem = self.remarked[number]
            yield self._misfit((number, row), problem) if problem else (number, row)

    def _fitted(self, numbered: NumberedRow) -> NumberedRow:
        number, row = numbered
        if number == self.sheet.unended_row and row[self._length - 1] is ABSENT and not all(map(is_blank, row)):
            return self._misfit(numbered, self._broken_off(row))
        has_more = self._length < len(row) and row[self._length] is not ABSENT
        odd = next((at for at in self._untitled if row[at] != "" and not is_blank(row[at])), None)
        if odd is None and (not has_more or all(map(is_blank, row))):
            return self._untorn(numbered)
        problem = self._too_long(row) if has_more or odd is None else self._without_title(row, odd)
        return self._misfit(numbered, problem)

    def _untorn(self, numbered: NumberedRow) -> NumberedRow:
        """The row, with an amount that says so if it may be torn at a comma, as others of the file are: a row that
        leaves out its last cell then has as many as the header.
        """
        number, row = numbered
        for at in self._before_commas:
            if may_be_torn(row[at], row[at + 1]):
                cells = list(row)
                cells[at] = MisfitCell(row[at], _torn(row[at], row[at + 1]))
                return number, cells
        return numbered

    @cached_property
    def _before_commas(self) -> list[int]:
        """The columns of amounts, in a file in which some row has more cells than the header."""
        is_doubtful = self.sheet.has_commas and self._length < len(self.header)
        columns = zip(self.positions, self.kind.columns, strict=True) if is_doubtful else ()
        return [at for at, column in columns if at is not None and at + 1 < self._length and column.unit in AMOUNTS]

    def _too_long(self, row: Sequence[Cell]) -> Problem:
        return _misfit(
            f"stands in a row of {_cells_of(row)} cells, and the header has {self._length}; put a number or text that "
            "holds the separator between quotation marks."
        )

    def _broken_off(self, row: Sequence[Cell]) -> Problem:
        return _misfit(
            f"stands in the last row, which has {_cells_of(row)} cells and no line break at its end, and the header "
            f"has {self._length}: the file seems to break off there. Export it again; if all of it is there, end the "
            "row with a line break."
        )

    def _without_title(self, row: Sequence[Cell], odd: int) -> Problem:
        titles, last = self._titles, _width(row)
        letters = column_letters(self.sheet.first_column + odd)
        if last > titles:
            return _misfit(
                f"stands in a row with values up to cell {last}, and the header has {titles} titles; delete the "
                f"value in column {letters}, or give its column a title."
            )
        return _misfit(
            f"stands in a row with a value in column {letters}, which has no title; delete it, or give the column one."
        )


def _seen(cell: Cell, at: int, merged: dict[int, Cell]) -> Cell:
    """What is seen in a column: also below the first of cells that are merged. `merged` are the last such by column."""
    if not isinstance(cell, MergedCell):
        merged.pop(at, None)
    elif not is_blank(cell):
        merged[at] = cell
    return merged.get(at, cell)


def _cells_of(row: Sequence[Cell]) -> int:
    """How many cells a row of a text has before it ends."""
    return sum(cell is not ABSENT for cell in row)


def _width(row: Sequence[Cell]) -> int:
    """How many cells there are up to the last that is not blank."""
    return next(at for at in range(len(row), 0, -1) if row[at - 1] != "" and not is_blank(row[at - 1]))


def _torn(first: Cell, last: Cell) -> Problem:
    return _misfit(
        f"may be a part of one number, {shown(first)},{shown(last)}: other rows of the file have more cells than the "
        "header, as numbers with commas and without quotation marks make them. Put these between quotation marks."
    )


def _misfit(message: str) -> Problem:
    return Problem("row_does_not_fit", message)


@dataclass(frozen=True)
class _Candidate:
    """A row read as the header of a kind; `positions` holds the columns that were recognised, as often as they were."""

    sheet: Sheet
    kind: Kind
    row_number: int
    cells: Sequence[Cell]
    positions: Mapping[str, Sequence[int]]

    @property
    def missing(self) -> list[str]:
        return [column.title for column in self.kind.required if column.title not in self.positions]

    @property
    def found(self) -> float:
        required = [column.title for column in self.kind.required]
        return sum(title in self.positions for title in required) / len(required)

    @property
    def own(self) -> float:
        """How much is found of the columns that no other kind has."""
        shared = {column.title for kind in KINDS if kind is not self.kind for column in kind.columns}
        own = [column.title for column in self.kind.required if column.title not in shared]
        return sum(title in self.positions for title in own) / len(own)

    def adds_rows_to(self, best: "_Candidate") -> bool:
        """Whether a row is about one more thing than the best kind knows, by its key and two more columns at least: a
        customer and a loan, of which the loan would be dropped.
        """
        others = {column.title for column in best.kind.columns}
        found = {column.title for column in self.kind.required if column.title in self.positions} - others
        return len(found) > 2 and not found.isdisjoint(self.kind.column(name).title for name in self.kind.key)

    @property
    def is_meant(self) -> bool:
        """Whether somebody meant a header of this kind: with half of its columns, and not only those of others."""
        return self.found >= 0.5 and self.own > 0


def find_layouts(sheets: Sequence[Sheet]) -> tuple[list[Layout], list[Finding]]:
    """The sheets of a kind that is known, and a finding for each other sheet that is not empty.

    Raises FileRefused if there is no such sheet, or one lacks some of its columns, has one twice, struck out or in
    another unit, or those of two kinds: the sentence lists what is missing and what was found.
    """
    read = [sheet for sheet in sheets if not sheet.left_out]
    left_out = [sheet for sheet in sheets if sheet.left_out]
    candidates = {sheet.name: _best_candidate(sheet) for sheet in read}
    incomplete = [name for name, best in candidates.items() if best and best.missing and best.is_meant]
    layouts = [_layout(sheet, best) for sheet in read if (best := candidates[sheet.name]) and not best.missing]
    if incomplete or not layouts:
        raise FileRefused(" ".join([_sentence(candidates, incomplete), *map(_not_read, left_out)]))
    unknown = [sheet for sheet in read if (best := candidates[sheet.name]) and best.missing]
    return layouts, [*map(_unknown_sheet, unknown), *map(_left_out_sheet, left_out)]


def _best_candidate(sheet: Sheet) -> _Candidate | None:
    """The row of the sheet's first rows that fits a kind best; None if all of them are blank. Raises FileRefused."""
    candidates = [
        _candidate(sheet, kind, row_number, row, titles)
        for row_number, row in islice(sheet.rows(), ROWS_SEARCHED)
        if (titles := _titles_of(row))
        for kind in KINDS
    ]
    # The first of equals, which is the topmost row.
    best = max(candidates, key=lambda candidate: (candidate.is_meant, candidate.found), default=None)
    if best and best.is_meant:
        _check_kinds(best, candidates)
        _check_columns(best)
    return best


def _check_kinds(best: _Candidate, candidates: Sequence[_Candidate]) -> None:
    """Raises FileRefused if the sheet has more than half of what only another kind has, or rows about two things, or
    another header above.
    """
    others = [
        other for other in candidates if other.kind is not best.kind and (other.own > 0.5 or other.adds_rows_to(best))
    ]
    if best.own > 0.5 and others:
        raise FileRefused(
            f"The sheet {best.sheet.name} has the columns of {best.kind.name} and of {others[0].kind.name}; put them "
            "on two sheets, each with a header of its own."
        )
    above = [other.row_number for other in candidates if other.is_meant and other.row_number < best.row_number]
    if above:
        raise FileRefused(
            f"The sheet {best.sheet.name} has titles in row {above[0]} and others in row {best.row_number}; put each "
            "table on a sheet of its own."
        )


def _check_columns(best: _Candidate) -> None:
    """Raises FileRefused if a column is there twice, struck out, or in another unit than this service counts in."""
    first = best.sheet.first_column
    numbered = {
        at: {normalised(without_number(_text(cell)))} for at, cell in enumerate(best.cells) if not is_blank(cell)
    }
    for column in best.kind.columns:
        title, found = column.title, best.positions.get(column.title, [])
        # Many people have two phones, and one column for each.
        if found and column.unit is not PHONES:
            found = sorted({*found, *_places(column, numbered)})
        letters = [column_letters(first + at) for at in found]
        if len(found) > 1:
            raise FileRefused(
                f"The sheet {best.sheet.name} has two columns for one thing: which of columns {joined(letters, 'and')} "
                f"is the {title}? Delete the others, or give them other titles."
            )
        cell = best.cells[found[0]] if found else ""
        written = _text(cell)
        if isinstance(cell, MisfitCell) and cell.problem is STRUCK.problem:
            raise FileRefused(
                f"Column {letters[0]} of the sheet {best.sheet.name} is titled {shown(written)}, which is struck out, "
                "or raised or lowered in part, so nobody knows whether it counts; write the title plainly, or delete "
                "the column."
            )
        if added := not_understood(column, written):
            raise FileRefused(
                f"Column {letters[0]} of the sheet {best.sheet.name} is titled {shown(written)}, and {title} is read "
                f"as {column.unit.words}; convert the values if they are something else, and take {shown(added)} out "
                "of the title."
            )


def _titles_of(row: Sequence[Cell]) -> dict[int, set[str]]:
    """The names of the cells that are not blank, by their places; a row may be 16,384 cells wide."""
    return {at: _names(cell) for at, cell in enumerate(row) if cell != "" and not is_blank(cell)}


def _candidate(
    sheet: Sheet, kind: Kind, row_number: int, row: Sequence[Cell], titles: Mapping[int, set[str]]
) -> _Candidate:
    found = {column.title: _places(column, titles) for column in kind.columns}
    return _Candidate(sheet, kind, row_number, row, {title: places for title, places in found.items() if places})


def _names(cell: Cell) -> set[str]:
    """What a title may be called: as it is, and without a unit in brackets behind it."""
    text = _text(cell)
    return {normalised(text), normalised(without_unit(text))}


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else shown(cell)


def _places(column: Column, titles: Mapping[int, set[str]]) -> list[int]:
    known = {normalised(title) for title in (column.title, *column.aliases)}
    return [at for at, names in titles.items() if names & known]


def _layout(sheet: Sheet, header: _Candidate) -> Layout:
    places = {column: header.positions.get(column.title) for column in header.kind.columns}
    positions = tuple(found[0] if found else None for found in places.values())
    nameless = frozenset(_nameless(sheet, header))
    ignored = [shown(cell) for at, cell in enumerate(header.cells) if at not in positions and not is_blank(cell)]
    ignored += [f"{column_letters(sheet.first_column + at)}, which has no title," for at in sorted(nameless)]
    findings = [_ignored_column(sheet, header.row_number, title) for title in ignored]
    findings += [_absent_column(sheet, header.row_number, each) for each in _missed(places)]
    above = _data_above(sheet, header, positions)
    remarked = check_remarks(sheet, header.kind, positions, header.row_number, header.cells)
    return Layout(
        sheet, header.kind, header.row_number, positions, tuple(findings), header.cells, above, nameless, remarked
    )


def _data_above(sheet: Sheet, header: _Candidate, positions: Sequence[int | None]) -> tuple[NumberedRow, ...]:
    """The rows above the header that are data. Raises FileRefused if another is a note of another unit."""
    check_name(sheet, header.kind)
    beside = ["" if at in positions or not is_note(cell) else cell for at, cell in enumerate(header.cells)]
    check_units(sheet, header.kind, positions, (header.row_number, beside), beside_titles=False)
    data = []
    for numbered in islice(sheet.rows(), header.row_number - 1):
        if is_data(header.kind, positions, numbered[1]):
            data.append(numbered)
        else:
            is_next = numbered[0] == header.row_number - 1
            check_units(sheet, header.kind, positions, numbered, beside_titles=is_next)
    return tuple(data)


def _nameless(sheet: Sheet, header: _Candidate) -> list[int]:
    """The columns on the left of all titles, in which something stands in the first rows; numbers of rows, mostly."""
    first = next(at for at, cell in enumerate(header.cells) if not is_blank(cell))
    rows = [row for _, row in islice(sheet.rows(), header.row_number, header.row_number + ROWS_SEARCHED)]
    return [at for at in range(first) if not all(is_blank(row[at]) for row in rows)]


def _ignored_column(sheet: Sheet, row_number: int, title: str) -> Finding:
    message = f"The column {title} is not one of this kind of sheet; it was ignored."
    return Finding(sheet.name, row_number, "flagged", title, None, "unknown_column", message)


def _missed(places: Mapping[Column, Sequence[int] | None]) -> list[Column]:
    """The columns that the sheet lacks, and whoever wrote it may have thought of."""
    return [column for column, found in places.items() if not found and not column.says_only_if_given]


def _absent_column(sheet: Sheet, row_number: int, column: Column) -> Finding:
    means = "what is stored was left as it was" if column.is_kept else "its cells were read as empty"
    message = f"The sheet has no column {column.title}; {means}."
    return Finding(sheet.name, row_number, "flagged", column.title, None, "absent_column", message)


def _unknown_sheet(sheet: Sheet) -> Finding:
    kinds = " nor those of ".join(kind.name for kind in KINDS)
    message = f"The sheet {sheet.name} has neither the columns of {kinds}; it was ignored."
    return Finding(sheet.name, 1, "flagged", None, None, "unknown_sheet", message)


def _left_out_sheet(sheet: Sheet) -> Finding:
    return Finding(sheet.name, 1, "flagged", None, None, "sheet_not_read", _not_read(sheet))


def _not_read(sheet: Sheet) -> str:
    remedy = " Show it in Excel and save the file, if it is to be imported." if sheet.left_out == "is hidden" else ""
    return f"The sheet {sheet.name} {sheet.left_out}; it was not imported.{remedy}"


def _sentence(candidates: Mapping[str, _Candidate | None], incomplete: Sequence[str]) -> str:
    written = {name: best for name, best in candidates.items() if best}
    if not candidates:
        return "The workbook has no sheet that is read."
    if not written:
        return f"The workbook is empty: there is nothing in {_listed(list(candidates))}."
    if incomplete:
        return " ".join(_what_is_missing(name, written[name]) for name in incomplete)
    wanted = "; ".join(f"{kind.name}: {_listed(kind.titles)}" for kind in KINDS)
    found = "; ".join(f"{name}: {_titles(best)}" for name, best in written.items())
    kinds = joined((kind.name for kind in KINDS), "or")
    return (
        f"No sheet has the columns of {kinds} in one of its first {ROWS_SEARCHED} rows. Expected {wanted}. "
        f"Found {found}."
    )


def _what_is_missing(name: str, best: _Candidate) -> str:
    return (
        f"The sheet {name} of {best.kind.name} lacks the columns {_listed(best.missing)}. "
        f"Found in row {best.row_number}: {_titles(best)}."
    )


def _titles(candidate: _Candidate) -> str:
    return _listed([shown(cell) for cell in candidate.cells if not is_blank(cell)])


def _listed(words: Sequence[str], most: int = 30) -> str:
    return ", ".join([*words[:most], *(["…"] if len(words) > most else [])])
