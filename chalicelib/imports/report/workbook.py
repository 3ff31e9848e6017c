"""The report of an import as a workbook: the rows as they were sent, each with what became of it and why.

It is written row by row, so memory does not grow with the file. Colours are rules of the sheet rather than of each
cell: that is less to write, and they stay right when somebody sorts. A report can be corrected and sent again as it
is: its own columns are none of an import's.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from tempfile import TemporaryFile
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from chalicelib.imports.findings import RowOutcome
from chalicelib.imports.headers import Layout
from chalicelib.imports.reading.cells import Cell, ErrorCell, MisfitCell, Uncalculated, UnclearCell, is_blank, shown
from chalicelib.imports.report.cells import fit_to_width, header, writable
from chalicelib.imports.report.rows import RowWriter, fill
from chalicelib.imports.report.summary import OUTCOMES, Summary, write_summary
from chalicelib.imports.titles import normalised
from chalicelib.rules.typed.dates import AMBIGUOUS

# What a sheet of Excel's holds.
MAX_SHEET_ROWS = 1_048_576
MAX_TITLE_CHARACTERS = 31

ROW, OUTCOME, WHY = "Row", "Outcome", "Why"
NOT_READ = "All cells under the known columns are empty, so this is not a row of them."

ROWS_MEASURED = 200
WIDEST, WHY_WIDTH = 40, 90
# As high as Excel lets a row be.
MOST_LINES = 27

Reported = tuple[int, Sequence[Cell], RowOutcome | None]


@dataclass(frozen=True)
class ReportedSheet:
    """A sheet of the file, and what became of its rows in their order."""

    layout: Layout
    outcomes: Iterable[RowOutcome]


def write_report(
    file: IO[bytes], summary: Summary, sheets: Iterable[ReportedSheet], *, rows_a_sheet: int = MAX_SHEET_ROWS
) -> None:
    """Writes the workbook to `file`. A sheet with more rows than Excel can hold is continued on further sheets."""
    book = Workbook(write_only=True)
    write_summary(book, summary)
    rows: dict[int, Iterable[str]] = {}
    for sheet in sheets:
        if sheet.layout.sheet.counts_from_1904:
            # All sheets of a file do. Numbers that are dates without a date's format are, too.
            book.epoch = CALENDAR_MAC_1904
        rows |= _add_sheets(book, sheet, rows_a_sheet)
    with TemporaryFile() as frame:
        book.save(frame)
        fill(frame, file, rows)


def _add_sheets(book: Workbook, reported: ReportedSheet, rows_a_sheet: int) -> dict[int, Iterable[str]]:
    """Adds as many sheets as are needed, with their headers; returns the rows below, by the number of the sheet."""
    columns = _Columns.of(reported.layout)
    rows = _joined(reported)
    below: dict[int, Iterable[str]] = {}
    for left in range(max(1, reported.layout.height), 0, 1 - rows_a_sheet):
        sheet = book.create_sheet(_free_title(book, reported.layout.sheet.name))
        own = min(left, rows_a_sheet - 1)
        _arrange(sheet, columns, reported.layout, own)
        writer = RowWriter(sheet, len(columns.titles))
        # The last one reads to the end, so that no reader is left open on a file that is closed.
        below[len(book.worksheets)] = _written(writer, columns, rows if own == left else islice(rows, own))
    return below


def _written(writer: RowWriter, columns: "_Columns", rows: Iterable[Reported]) -> Iterator[str]:
    for number, (row_number, cells, became) in enumerate(rows, start=2):
        sent = [cells[position] for position in columns.positions]
        faults = columns.at(became.columns) if became else ()
        # Sent without the rows that prove the order of its file, such a date would be read as if it had one meaning.
        for at in columns.at(became.ambiguous) if became and became.ambiguous else ():
            sent[at - 1] = MisfitCell(sent[at - 1], AMBIGUOUS)
        why = _why(became)
        lines = min(MOST_LINES, math.ceil(len(why) / WHY_WIDTH))
        yield writer.row(number, [row_number, *sent, _label(became), why], faults, lines)


def _joined(reported: ReportedSheet) -> Iterator[Reported]:
    """The rows that are not blank, each with what became of it; both sides come from the top downwards."""
    outcomes = iter(reported.outcomes)
    became = next(outcomes, None)
    for row_number, cells in reported.layout.rows():
        while became and became.row_number < row_number:
            became = next(outcomes, None)
        own = became if became and became.row_number == row_number else None
        if own or not all(map(is_blank, cells)):
            yield row_number, cells, own


def _label(became: RowOutcome | None) -> str:
    if became is None:
        return "not read"
    beside = [outcome for outcome in ("renumbered", "flagged") if outcome in became.findings]
    return f"{became.outcome} ({', '.join(beside)})" if beside else became.outcome


def _why(became: RowOutcome | None) -> str:
    return NOT_READ if became is None else writable(" ".join(became.sentences))


@dataclass(frozen=True)
class _Columns:
    """The columns of a report sheet: those of the file by position, between the row's number and what became of it."""

    titles: Sequence[str]
    positions: Sequence[int]
    by_title: dict[str, int]

    @classmethod
    def of(cls, layout: Layout) -> "_Columns":
        _, cells = next(islice(layout.sheet.rows(), layout.header_row - 1, None))
        titles = [shown(cell) for cell in cells]
        own = _columns_of_a_report(titles) - set(layout.positions)
        positions = [position for position in range(len(titles)) if position not in own]
        known = layout.kind.titles
        return cls(
            titles=[ROW, *(titles[position] for position in positions), OUTCOME, WHY],
            positions=positions,
            by_title={title: at for title, at in zip(known, layout.positions, strict=True) if at is not None},
        )

    def at(self, titles: Iterable[str]) -> Sequence[int]:
        """Where these columns of the kind stand in a row of the report."""
        known = [self.by_title[title] for title in titles if title in self.by_title]
        return [self.positions.index(position) + 1 for position in known]


def _columns_of_a_report(titles: Sequence[str]) -> set[int]:
    """Where a report that was corrected and sent again has the columns that its own report gives anew."""
    wanted = [normalised(title) for title in (ROW, OUTCOME, WHY)]
    found = [normalised(title) for title in titles]
    return {at for at, title in enumerate(found) if title in wanted} if set(wanted) <= set(found) else set()


def _arrange(sheet: Any, columns: _Columns, layout: Layout, rows: int) -> None:
    """The header, and what a sheet of that many `rows` has besides its cells."""
    first = [cells for _, cells in islice(layout.rows(), ROWS_MEASURED)]
    sheet.freeze_panes = "B2"
    for number, width in enumerate(_widths(columns, first), start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    fit_to_width(sheet)
    sheet.print_title_rows = "1:1"
    sheet.append(header(sheet, columns.titles, numbers=_numbers(columns, first)))
    end = f"{get_column_letter(len(columns.titles))}{rows + 1}"
    sheet.auto_filter.ref = f"A1:{end}"
    _colour(sheet, f"A2:{end}", get_column_letter(len(columns.titles) - 1))


def _numbers(columns: _Columns, rows: Sequence[Sequence[Cell]]) -> set[int]:
    """Where a spreadsheet aligns the cells to the right, judged by the first rows."""
    right = {
        at
        for at, position in enumerate(columns.positions, start=1)
        if rows and not any(_is_left(cells[position]) for cells in rows)
    }
    return {0, *right}


def _is_left(cell: Cell) -> bool:
    return isinstance(cell, str | bool | ErrorCell | Uncalculated | UnclearCell) and not is_blank(cell)


def _widths(columns: _Columns, rows: Sequence[Sequence[Cell]]) -> list[float]:
    longest = [
        max([len(title) + 4, *(len(shown(cells[position])) + 1 for cells in rows)])
        for title, position in zip(columns.titles[1:-2], columns.positions, strict=True)
    ]
    return [8, *(min(WIDEST, width) for width in longest), 22, WHY_WIDTH]


def _colour(sheet: Any, area: str, outcome_column: str) -> None:
    for outcome, (_, colour) in OUTCOMES.items():
        if colour:
            rule = FormulaRule(  # type: ignore[no-untyped-call]
                formula=[f'ISNUMBER(SEARCH("{outcome}",${outcome_column}2))'],
                fill=PatternFill("solid", bgColor=colour),
                stopIfTrue=True,
            )
            sheet.conditional_formatting.add(area, rule)


def _free_title(book: Workbook, name: str) -> str:
    """A title that Excel takes: without what it forbids, short, and not given twice, which it tells without case."""
    plain = "".join("_" if character in "[]:*?/\\" else character for character in name).strip("'") or "Sheet"
    taken = {sheet.title.casefold() for sheet in book.worksheets}
    titles = chain([plain[:MAX_TITLE_CHARACTERS]], (f"{plain[: MAX_TITLE_CHARACTERS - 5]} ({n})" for n in count(2)))
    return next(title for title in titles if title.casefold() not in taken)
