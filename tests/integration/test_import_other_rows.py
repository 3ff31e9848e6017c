"""Rows of a sheet that are none of its table: what becomes of them, and of the file."""

import pytest

from chalicelib.imports import rows
from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.importing import ImportState
from tests.support.aws import Aws
from tests.support.imports.contents import query
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook


def test_rows_above_the_titles_and_titles_once_more_are_counted_as_rejected(aws: Aws, database: Database) -> None:
    book = workbook(
        {"C": [["Customers"], customer(1), CUSTOMER_HEADER, customer(2), CUSTOMER_HEADER, customer(3), ["Total", 3]]}
    )
    result = import_object(database, aws.s3, aws.upload("incoming/c.xlsx", book))
    (sheet,) = result.sheets
    assert (result.state, sheet.rows_found, sheet.inserted, sheet.rejected) == (ImportState.COMPLETED, 5, 2, 3)
    assert query(database, "SELECT DISTINCT row_number, code FROM import_findings WHERE row_number < 7 "
                 "AND outcome = 'rejected' ORDER BY row_number") == [
        (2, "row_above_titles"), (5, "titles_again"),
    ]  # fmt: skip
    assert query(database, "SELECT row_number, outcome FROM import_rows ORDER BY row_number") == [
        (2, "rejected"), (4, "inserted"), (5, "rejected"), (6, "inserted"), (7, "rejected"),
    ]  # fmt: skip


def test_other_titles_in_a_later_part_of_a_sheet_fail_the_import_and_leave_nothing(
    aws: Aws, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows.read_chunks, "__defaults__", (0, 10))
    swapped = [LOAN_HEADER[1], LOAN_HEADER[0], *LOAN_HEADER[2:]]
    some = [loan(1, number) for number in range(1, 40)]
    book = workbook({"C": [CUSTOMER_HEADER, customer(1)], "L": [LOAN_HEADER, *some, swapped, loan(70, 1)]})
    result = import_object(database, aws.s3, aws.upload("incoming/l.xlsx", book))
    assert result.state == ImportState.FAILED
    assert result.message is not None
    assert result.message.startswith("Row 41 of the sheet L has titles again")
    for table in ("customers", "loans", "staged_loans", "staged_customers", "import_rows"):
        assert query(database, f"SELECT count(*) FROM {table}") == [(0,)]
