"""What an import says about single rows and sheets: the lines of its report."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One line. `row_number` is as Excel shows it; `outcome` is one that the table import_findings knows."""

    sheet: str
    row_number: int
    outcome: str
    column_name: str | None
    value: str | None
    code: str
    message: str
