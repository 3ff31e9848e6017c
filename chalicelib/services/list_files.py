"""A list as a file: CSV or a workbook, written to disk row by row and fetched from S3 by a signed link.

Memory is in proportion to a part of the list. The answer has to come within the time of the gateway, so a file ends
after MOST_ROWS.
"""

import csv
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from io import TextIOWrapper
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from chalicelib.rules.text import harmless, is_formula
from chalicelib.services.files import XLSX, download_link, reached

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# docs/decisions/console.md has what they take.
MOST_ROWS = 20_000

FileKind = Literal["csv", "xlsx"]
Value = str | int | Decimal | date | datetime | None


class Written(StrEnum):
    """How the values of a column are written."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    RATE = "rate"
    MONTHS = "months"
    DAY = "day"
    MOMENT = "moment"

    @property
    def is_number(self) -> bool:
        """Whether it stands on the right of its column."""
        return self in (Written.NUMBER, Written.MONEY, Written.RATE, Written.MONTHS)


@dataclass(frozen=True)
class FileColumn:
    """A column of a file."""

    title: str
    written: Written


def list_link(
    s3: "S3Client",
    signer: "S3Client",
    *,
    bucket: str,
    name: str,
    kind: FileKind,
    columns: Sequence[FileColumn],
    rows: Iterable[Sequence[Value]],
    zone: ZoneInfo,
) -> str:
    """A link to a new file with the rows, at most MOST_ROWS, under a name without an ending. Moments are those of
    `zone`. Raises Unavailable if S3 cannot be reached.
    """
    write, content_type = WRITERS[kind]
    # Nobody guesses it, and two people who ask for the same list do not share a file.
    key = f"lists/{secrets.token_urlsafe(24)}/{name}.{kind}"
    with tempfile.TemporaryFile() as file:
        write(file, columns, _local(islice(rows, MOST_ROWS), zone))
        file.seek(0)
        with reached():
            s3.put_object(Bucket=bucket, Key=key, Body=file, ContentType=content_type)
    return download_link(signer, bucket, key)


def write_csv(file: IO[bytes], columns: Sequence[FileColumn], rows: Iterable[Sequence[Value]]) -> None:
    """Writes the titles and a line a row; amounts are plain rupees, days and moments as in ISO 8601."""
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    # Without this mark Excel takes the file for one of its old character sets.
    text.write("\ufeff")
    lines = csv.writer(text)
    lines.writerow([column.title for column in columns])
    lines.writerows([_plain(value) for value in row] for row in rows)
    text.detach()


def write_workbook(file: IO[bytes], columns: Sequence[FileColumn], rows: Iterable[Sequence[Value]]) -> None:
    """Writes a sheet with the titles and a row a row. What people typed is text, whatever it begins with."""
    # Half a second that only those pay who ask for a workbook.
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    from chalicelib.imports.report.cells import fit_to_width, header

    book = Workbook(write_only=True)
    sheet = book.create_sheet("List")
    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = max(len(column.title) + 2, WIDTHS[column.written])
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    fit_to_width(sheet)
    numbers = [place for place, column in enumerate(columns) if column.written.is_number]
    sheet.append(header(sheet, [column.title for column in columns], numbers))
    cells = [_cell_writer(sheet, column.written) for column in columns]
    for row in rows:
        sheet.append([cell(value) for cell, value in zip(cells, row, strict=True)])
    book.save(file)


Writer = Callable[[IO[bytes], Sequence[FileColumn], Iterable[Sequence[Value]]], None]
WRITERS: Mapping[FileKind, tuple[Writer, str]] = {"csv": (write_csv, "text/csv"), "xlsx": (write_workbook, XLSX)}
WIDTHS: Mapping[Written, int] = {
    Written.TEXT: 20,
    Written.NUMBER: 10,
    Written.MONEY: 18,
    Written.RATE: 12,
    Written.MONTHS: 10,
    Written.DAY: 13,
    Written.MOMENT: 18,
}


def _local(rows: Iterable[Sequence[Value]], zone: ZoneInfo) -> Iterator[Sequence[Value]]:
    # A cell of Excel has no time zone.
    for row in rows:
        yield [_without_zone(value, zone) if isinstance(value, datetime) else value for value in row]


def _without_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _plain(value: Value) -> object:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return value


def _cell_writer(sheet: Any, written: Written) -> Callable[[Value], Any]:
    """What makes the cells of a column: one style for all of them, which openpyxl looks up for each."""
    from openpyxl.cell import WriteOnlyCell

    from chalicelib.imports.report.cells import plain
    from chalicelib.services.loan_books import PERCENT, RUPEES

    formats = {
        Written.MONEY: RUPEES,
        Written.RATE: PERCENT,
        Written.DAY: "yyyy-mm-dd",
        Written.MOMENT: "yyyy-mm-dd hh:mm",
        Written.NUMBER: "0",
        Written.MONTHS: "0",
    }

    def make(value: Value) -> Any:
        if value is None:
            return None
        cell: Any = WriteOnlyCell(sheet, value=plain(value))
        if isinstance(value, str):
            cell.data_type = "s"
            if is_formula(value):
                cell.quotePrefix = True
        else:
            cell.number_format = formats[written]
        return cell

    return make
