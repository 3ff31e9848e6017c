"""Which kind of sheet this is, and where its columns are: known by the header row, not by any name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from chalicelib.ingest.cells import Cell, is_blank, shown
from chalicelib.ingest.findings import Finding
from chalicelib.ingest.kinds import KINDS, Kind
from chalicelib.ingest.sheets import FileRefused, NumberedRow, Sheet

# A title or a note may stand above the header, but not a whole page.
ROWS_SEARCHED = 20


@dataclass(frozen=True)
class Layout:
    """A sheet whose header was found: `positions` are those of the kind's columns, in the kind's order."""

    sheet: Sheet
    kind: Kind
    header_row: int
    positions: tuple[int, ...]
    findings: tuple[Finding, ...]

    @property
    def height(self) -> int:
        """How many rows there are below the header, blank ones included."""
        return max(0, self.sheet.height - self.header_row)

    def rows(self) -> Iterator[NumberedRow]:
        """The rows below the header."""
        return islice(self.sheet.rows(), self.header_row, None)


@dataclass(frozen=True)
class _Candidate:
    """A row read as the header of a kind; `positions` holds the columns that were recognised."""

    kind: Kind
    row_number: int
    cells: Sequence[Cell]
    positions: Mapping[str, int]

    @property
    def missing(self) -> list[str]:
        return [column.title for column in self.kind.columns if column.title not in self.positions]

    @property
    def found(self) -> float:
        return len(self.positions) / len(self.kind.columns)


def normalised(title: str) -> str:
    """A column's title without what does not matter in it: case, spaces, underscores, punctuation."""
    return "".join(character for character in title.casefold() if character.isalnum())


def find_layouts(sheets: Sequence[Sheet]) -> tuple[list[Layout], list[Finding]]:
    """The sheets that hold customers or loans, and a finding for each other sheet that is not empty.

    Raises FileRefused where there is no such sheet, or one lacks some of its columns: the sentence lists what
    is missing and what was found.
    """
    candidates = {sheet.name: _best_candidate(sheet) for sheet in sheets}
    incomplete = [name for name, best in candidates.items() if best and best.missing and best.found >= 0.5]
    layouts = [_layout(sheet, best) for sheet in sheets if (best := candidates[sheet.name]) and not best.missing]
    if incomplete or not layouts:
        raise FileRefused(_sentence(candidates, incomplete))
    unknown = [sheet for sheet in sheets if (best := candidates[sheet.name]) and best.missing]
    return layouts, [_unknown_sheet(sheet) for sheet in unknown]


def _best_candidate(sheet: Sheet) -> _Candidate | None:
    """The row of the sheet's first rows that fits a kind best; None where all of them are blank."""
    candidates = [
        _candidate(kind, row_number, row)
        for row_number, row in islice(sheet.rows(), ROWS_SEARCHED)
        if not all(map(is_blank, row))
        for kind in KINDS
    ]
    # The first of equals, which is the topmost row.
    return max(candidates, key=lambda candidate: candidate.found, default=None)


def _candidate(kind: Kind, row_number: int, row: Sequence[Cell]) -> _Candidate:
    titles = [normalised(shown(cell)) for cell in row]
    positions = {}
    for column in kind.columns:
        known = [normalised(title) for title in (column.title, *column.aliases)]
        position = next((titles.index(title) for title in known if title in titles), None)
        if position is not None:
            positions[column.title] = position
    return _Candidate(kind, row_number, row, positions)


def _layout(sheet: Sheet, header: _Candidate) -> Layout:
    positions = tuple(header.positions[column.title] for column in header.kind.columns)
    ignored = [shown(cell) for at, cell in enumerate(header.cells) if at not in positions and not is_blank(cell)]
    findings = tuple(_ignored_column(sheet, header.row_number, title) for title in ignored)
    return Layout(sheet, header.kind, header.row_number, positions, findings)


def _ignored_column(sheet: Sheet, row_number: int, title: str) -> Finding:
    message = f"The column {title} is not one of this kind of sheet; it was ignored."
    return Finding(sheet.name, row_number, "flagged", title, None, "unknown_column", message)


def _unknown_sheet(sheet: Sheet) -> Finding:
    message = f"The sheet {sheet.name} has neither the columns of customers nor those of loans; it was ignored."
    return Finding(sheet.name, 1, "flagged", None, None, "unknown_sheet", message)


def _sentence(candidates: Mapping[str, _Candidate | None], incomplete: Sequence[str]) -> str:
    written = {name: best for name, best in candidates.items() if best}
    if not written:
        return f"The workbook is empty: there is nothing in {_listed(list(candidates))}."
    if incomplete:
        return " ".join(_what_is_missing(name, written[name]) for name in incomplete)
    wanted = "; ".join(f"{kind.name}: {_listed([c.title for c in kind.columns])}" for kind in KINDS)
    found = "; ".join(f"{name}: {_titles(best)}" for name, best in written.items())
    return f"No sheet has the columns of customers or loans. Expected {wanted}. Found {found}."


def _what_is_missing(name: str, best: _Candidate) -> str:
    return (
        f"The sheet {name} of {best.kind.name} lacks the columns {_listed(best.missing)}. "
        f"Found in row {best.row_number}: {_titles(best)}."
    )


def _titles(candidate: _Candidate) -> str:
    return _listed([shown(cell) for cell in candidate.cells if not is_blank(cell)])


def _listed(words: Sequence[str], most: int = 30) -> str:
    return ", ".join([*words[:most], *(["…"] if len(words) > most else [])])
