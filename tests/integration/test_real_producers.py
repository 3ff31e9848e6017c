"""What three programs write is what is stored: random workbooks (tests/support/imports/producers.py), read back."""

import csv
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from chalicelib.imports.headers import find_layouts
from chalicelib.imports.reading.workbook import read_workbook
from chalicelib.imports.rows import read_chunks
from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from tests.support.aws import Aws
from tests.support.imports.contents import query
from tests.support.imports.producers import (
    NoOffice,
    Planned,
    by_libreoffice,
    by_openpyxl,
    by_xlsxwriter,
    planned,
)
from tests.support.workbooks import CUSTOMER_HEADER

SEEDS = range(40)
OFFICE_SEEDS = range(12)


def held_against(content: bytes, sheets: Sequence[Planned]) -> None:
    """Fails unless the rows of the visible sheets are read as they were meant, from their places, and no others."""
    layouts, findings = find_layouts(read_workbook(BytesIO(content)))
    chunks = list(read_chunks(layouts))
    assert [found for chunk in chunks for found in chunk.findings] == []
    assert [found for layout in layouts for found in layout.findings] == []
    hidden = [sheet for sheet in sheets if sheet.state != "visible"]
    assert [(found.sheet, found.code) for found in findings] == [(sheet.name, "sheet_not_read") for sheet in hidden]
    read = {chunk.layout.kind.name: (list(zip(*chunk.columns, strict=True)), chunk.row_numbers) for chunk in chunks}
    for sheet in sheets:
        if sheet.state == "visible":
            rows, numbers = read.pop("customers" if sheet.titles == CUSTOMER_HEADER else "loans")
            # The date of birth, a column that none of these files has.
            absent = (None,) if sheet.titles == CUSTOMER_HEADER else ()
            assert rows == [(*_as_stored(row), *absent) for row in sheet.rows]
            assert list(numbers) == [sheet.header_row + 2 + at for at in range(len(rows))]
    assert read == {}


def _as_stored(row: Sequence[Any]) -> tuple[Any, ...]:
    """A phone number is stored as text."""
    return tuple(str(value) if type(value) is int and value > 10**9 else value for value in row)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_xlsxwriter_writes_is_what_is_read(seed: int) -> None:
    held_against(by_xlsxwriter(planned(seed)), planned(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_openpyxl_writes_is_what_is_read(seed: int) -> None:
    held_against(by_openpyxl(planned(seed)), planned(seed))


def test_what_libreoffice_saves_is_what_is_read(tmp_path: Path) -> None:
    for seed in OFFICE_SEEDS:
        (tmp_path / f"{seed}.xlsx").write_bytes(by_openpyxl(planned(seed)))
    customers = next(sheet for sheet in planned(0) if sheet.titles == CUSTOMER_HEADER)
    with (tmp_path / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([CUSTOMER_HEADER, *(in_plain_letters(row) for row in customers.rows)])
    saved = tmp_path / "saved"
    saved.mkdir()
    try:
        by_libreoffice(sorted(tmp_path.glob("*.*")), saved)
    except NoOffice as missing:
        pytest.skip(str(missing))
    for seed in OFFICE_SEEDS:
        held_against((saved / f"{seed}.xlsx").read_bytes(), planned(seed))
    layouts, _ = find_layouts(read_workbook(BytesIO((saved / "table.xlsx").read_bytes())))
    (chunk,) = read_chunks(layouts)
    rows = list(zip(*chunk.columns, strict=True))
    assert [(row[0], *row[3:]) for row in rows] == [(row[0], *row[3:], None) for row in map(_as_stored, customers.rows)]


def in_plain_letters(row: Sequence[object]) -> list[object]:
    """The row with other names: in which encoding LibreOffice reads a .csv is the machine's to say."""
    number, _, _, *others = row
    return [number, "Asha", "Rao", *others]


def test_it_is_stored_so(aws: Aws, database: Database) -> None:
    sheets = planned(3)
    import_object(database, aws.s3, aws.upload("incoming/book.xlsx", by_xlsxwriter(sheets)))
    visible = {len(sheet.titles): sheet.rows for sheet in sheets if sheet.state == "visible"}
    assert query(
        database,
        "SELECT customer_id, first_name, last_name, age, phone_number, monthly_income, approved_limit FROM customers"
        " ORDER BY customer_id",
    ) == list(map(_as_stored, visible[7]))
    assert query(
        database,
        "SELECT customer_id, source_loan_id, loan_amount, tenure, interest_rate, monthly_installment,"
        " emis_paid_on_time, start_date, end_date FROM loans ORDER BY source_loan_id",
    ) == list(visible[9])
