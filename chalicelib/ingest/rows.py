"""From the rows of a sheet to values ready to be stored, in chunks, so that memory does not grow with the file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from chalicelib.ingest.cells import ERROR, Cell, ErrorCell, Problem, is_blank, shown
from chalicelib.ingest.findings import Finding
from chalicelib.ingest.headers import Layout
from chalicelib.ingest.kinds import Column, Row, RowProblem
from chalicelib.ingest.workbook import NumberedRow

CHUNK_ROWS = 20_000


class GoodRow(NamedTuple):
    """A row that can be stored, and where it stood."""

    row_number: int
    row: Row


@dataclass(frozen=True)
class Chunk:
    """Some rows of a sheet. Blank rows are not counted in `found`."""

    found: int
    rejected: int
    good: Sequence[GoodRow]
    findings: Sequence[Finding]


def read_chunks(layout: Layout, size: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """The rows below the header of a sheet, validated, `size` at a time."""
    rows = layout.rows()
    while some := list(islice(rows, size)):
        yield read_chunk(layout, some)


def read_chunk(layout: Layout, rows: Sequence[NumberedRow]) -> Chunk:
    """Validates these rows. A row with anything wrong is set aside whole, with a finding for each bad cell."""
    good: list[GoodRow] = []
    findings: list[Finding] = []
    found = rejected = 0
    for row_number, cells in rows:
        own = [cells[position] for position in layout.positions]
        if own[0] == "" and all(map(is_blank, own)):
            continue
        found += 1
        row, said = _read_row(layout, row_number, own)
        findings += said
        if row is None:
            rejected += 1
        else:
            good.append(GoodRow(row_number, row))
    return Chunk(found, rejected, good, findings)


def _read_row(layout: Layout, row_number: int, cells: Sequence[Cell]) -> tuple[Row | None, list[Finding]]:
    columns = layout.kind.columns
    values = [_read_cell(column, cell) for column, cell in zip(columns, cells, strict=True)]
    problems = [
        RowProblem(column.title, value) for column, value in zip(columns, values, strict=True) if type(value) is Problem
    ]
    row = None if problems else layout.kind.row_type._make(values)
    problems += [problem for check in layout.kind.refused_by if row and (problem := check(row))]
    if problems:
        return None, [_finding(layout, row_number, cells, "rejected", problem) for problem in problems]
    flags = [flag for check in layout.kind.flagged_by if (flag := check(row))]
    return row, [_finding(layout, row_number, cells, "flagged", flag) for flag in flags]


def _read_cell(column: Column, cell: Cell) -> object:
    if cell == "" or is_blank(cell):
        return column.if_blank
    if type(cell) is ErrorCell:
        return ERROR
    return column.parse(cell)


def _finding(layout: Layout, row_number: int, cells: Sequence[Cell], outcome: str, found: RowProblem) -> Finding:
    titles = [column.title for column in layout.kind.columns]
    value = shown(cells[titles.index(found.column)])
    message = f"{found.column} {found.problem.message}"
    if value:
        message += f" Invalid value: {value}." if outcome == "rejected" else f" Value: {value}."
    return Finding(layout.sheet.name, row_number, outcome, found.column, value or None, found.problem.code, message)
