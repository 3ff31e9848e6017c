"""Cells of a report: whatever stood in the file, shown as it stood, and never more than data.

A text that begins like a formula stays a text, also when somebody edits it in Excel; numbers keep all their digits.
"""

import re
from collections.abc import Container, Sequence
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.properties import PageSetupProperties

from chalicelib.imports.reading.cells import (
    Cell,
    DressedCell,
    ErrorCell,
    MergedCell,
    MisfitCell,
    PercentCell,
    Uncalculated,
    UnclearCell,
    is_error,
)
from chalicelib.rules.bounds import MAX_ID_IN_A_FILE
from chalicelib.rules.text import is_formula

# The font of cells without a style; without its name, a styled cell would stand out in another.
FONT_NAME = "Calibri"

HEADER_FONT = Font(name=FONT_NAME, bold=True, color="FFFFFF")
HEADER_FILL = PatternFill("solid", start_color="1F3A5F")
TITLE_FONT = Font(name=FONT_NAME, bold=True, size=14)
BOLD = Font(name=FONT_NAME, bold=True)
FAULT_FONT = Font(name=FONT_NAME, bold=True, color="B00020")

# All at the top, because a sentence may take several lines; numbers keep clear of the text on their right.
TEXT = Alignment(vertical="top")
NUMBER = Alignment(horizontal="right", vertical="top", indent=1)
INDENTED = Alignment(horizontal="left", vertical="top", indent=1)
SENTENCE = Alignment(horizontal="left", vertical="top", wrap_text=True)

# Behind what nobody can be sure of: no column takes a value with it, so a report that is sent again as it is says the
# same again.
_UNSURE = "\N{REPLACEMENT CHARACTER}"

# From here on Excel's general format shows powers of ten instead of the digits.
LONG_NUMBER = 10**11
# What XML 1.0 cannot hold.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MAX_CHARACTERS = 32_767


def sent_cell(sheet: Any, value: Cell | None, *, fault: bool = False) -> Any:
    """A value as a cell of `sheet` that shows it as it is; one that is to blame for a finding stands out."""
    shown = plain(value)
    percent = isinstance(value, PercentCell)
    cell: Any = WriteOnlyCell(sheet, value=shown)
    cell.alignment = TEXT if isinstance(shown, str) else NUMBER
    if isinstance(shown, str):
        cell.data_type = "s"
        cell.quotePrefix = is_formula(shown)
    elif percent:
        cell.number_format = "0.####%"
    elif isinstance(value, DressedCell):
        cell.number_format = value.number_format
    elif long_number(shown):
        cell.number_format = "0"
    if fault:
        cell.font = FAULT_FONT
    return cell


def styled(sheet: Any, value: Any, font: Font | None = None, fill: PatternFill | None = None) -> Any:
    """A cell of our own words or counts, or of a name from the file."""
    cell = sent_cell(sheet, value)
    if font:
        cell.font = font
    if fill:
        cell.fill = fill
    return cell


def header(sheet: Any, titles: Sequence[Any], numbers: Container[int] = ()) -> list[Any]:
    """A header row; the positions of the columns that hold `numbers` are aligned as these are."""
    cells = [styled(sheet, title, HEADER_FONT, HEADER_FILL) for title in titles]
    for at, cell in enumerate(cells):
        cell.alignment = NUMBER if at in numbers else Alignment(horizontal="left")
    return cells


def indented(sheet: Any, value: str) -> Any:
    """A text with room to what is on its left."""
    cell = styled(sheet, value)
    cell.alignment = INDENTED
    return cell


def sentence(sheet: Any, value: str) -> Any:
    """A text that takes as many lines as it needs."""
    cell = styled(sheet, value)
    cell.alignment = SENTENCE
    return cell


def fit_to_width(sheet: Any) -> None:
    """Prints a sheet on landscape pages, all of its columns on each."""
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0


def plain(value: Any) -> Any:
    """A value as a cell shows it, without what a workbook cannot hold; None where there is nothing to show.

    What is not a value for want of its format, or its neighbours, is a text that is none either.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_ID_IN_A_FILE:
        return int(value)
    if isinstance(value, PercentCell):
        return value.fraction
    if isinstance(value, DressedCell):
        return plain(value.number)
    if isinstance(value, MisfitCell | MergedCell | UnclearCell | Uncalculated) or (
        isinstance(value, ErrorCell) and not is_error(str(value))
    ):
        return unsure(value)
    if isinstance(value, ErrorCell | str):
        text = str(value)
        return unsure(text) if _UNWRITABLE.search(text) else text[:_MAX_CHARACTERS] or None
    return value


def unsure(value: Any) -> str:
    """A value that is to blame as it stands, as a text that is no value."""
    return f"{writable(str(value))} {_UNSURE}"


def long_number(value: Any) -> bool:
    """Whether Excel's general format would show powers of ten."""
    return isinstance(value, int) and abs(value) >= LONG_NUMBER


def writable(text: str) -> str:
    """A text with the codes of the characters that a workbook cannot hold."""
    return _UNWRITABLE.sub(lambda found: f"\\x{ord(found.group()):02x}", text)[:_MAX_CHARACTERS]
