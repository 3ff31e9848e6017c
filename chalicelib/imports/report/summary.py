"""The first sheet of a report: what was imported, the counts, what they mean, and what was said most often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import PatternFill

from chalicelib.imports.findings import FindingCount
from chalicelib.imports.jobs import COUNTS, SheetCounts
from chalicelib.imports.report.cells import BOLD, TITLE_FONT, fit_to_width, header, indented, styled

# What each outcome means, and its colour. In the order in which they colour a row that has two of them.
OUTCOMES = {
    "rejected": ("Something in the row is wrong. Nothing of it was saved; correct it and send it again.", "F8CFCB"),
    "waiting": ("The customer of the loan is not known yet. It is applied when the customer arrives.", "FFE3B3"),
    "superseded": ("A later row or a newer file tells the same customer or loan; that one counts.", "E0E0E0"),
    "renumbered": ("Another loan has this Loan ID. The loan was kept under a new one.", "D9D2F0"),
    "flagged": ("The row was kept as it is, but somebody should look at it.", "FFF6BF"),
    "inserted": ("The row was new.", "D7F0DB"),
    "updated": ("Something in the row differs from what was stored; it was changed.", "D4E8F7"),
    "unchanged": ("All of the row was stored already.", None),
    "not read": ("The row has nothing in the columns that are known.", None),
}

COUNT_TITLES = ("Rows", *(name.capitalize() for name in COUNTS[1:]))

WIDTHS = (26, 14, 18, *(14,) * (len(COUNTS) - 1))


@dataclass(frozen=True)
class Summary:
    """What the first sheet tells."""

    import_id: int
    file_name: str
    created_at: datetime
    finished_at: datetime
    sheets: Sequence[SheetCounts]
    said_most: Sequence[FindingCount]
    is_dry_run: bool = False


def write_summary(book: Workbook, summary: Summary) -> None:
    """Adds the sheet Summary."""
    sheet: Any = book.create_sheet("Summary")
    for letter, width in zip("ABCDEFGHIJ", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    fit_to_width(sheet)
    for row in (
        *_facts(sheet, summary),
        [],
        *_counts(sheet, summary),
        [],
        *_meanings(sheet),
        [],
        *_said(sheet, summary),
    ):
        sheet.append(row)


def _facts(sheet: Any, summary: Summary) -> list[list[Any]]:
    dry_run = [["A dry run: this is what the import would do. Nothing was written."]] if summary.is_dry_run else []
    return [
        [styled(sheet, f"Import {summary.import_id}: {summary.file_name}", TITLE_FONT)],
        *dry_run,
        ["Begun", _moment(summary.created_at)],
        ["Finished", _moment(summary.finished_at)],
    ]


def _counts(sheet: Any, summary: Summary) -> list[list[Any]]:
    rows = [
        [styled(sheet, value) for value in (each.sheet, each.kind, *(getattr(each, name) for name in COUNTS))]
        for each in summary.sheets
    ]
    totals = [sum(getattr(each, name) for each in summary.sheets) for name in COUNTS]
    return [
        header(sheet, ["Sheet", "Kind", *COUNT_TITLES], numbers=range(2, 10)),
        *rows,
        [styled(sheet, value, BOLD) for value in ("Total", "", *totals)],
    ]


def _meanings(sheet: Any) -> list[list[Any]]:
    rows = [
        [styled(sheet, outcome, fill=PatternFill("solid", start_color=colour) if colour else None), meaning]
        for outcome, (meaning, colour) in OUTCOMES.items()
    ]
    return [header(sheet, ["Outcome", "It means", *[""] * 8]), *rows]


def _said(sheet: Any, summary: Summary) -> list[list[Any]]:
    if not summary.said_most:
        return []
    rows = [
        [
            styled(sheet, said.sheet),
            said.outcome,
            styled(sheet, said.column),
            styled(sheet, said.rows),
            styled(sheet, said.first_row),
            indented(sheet, said.example),
        ]
        for said in summary.said_most
    ]
    titles = ["Said most often", "Outcome", "Column", "Times", "First in row", "  Example", *[""] * 4]
    return [header(sheet, titles, numbers=(3, 4)), *rows]


def _moment(moment: datetime) -> str:
    return moment.strftime("%d %B %Y, %H:%M %Z")
