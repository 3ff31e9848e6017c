"""A year of receipts through files, in more random orders than the ordinary tests have the time for."""

from datetime import date

import pytest

from chalicelib.imports.running import ImportResult, import_object
from chalicelib.postgres.database import Database
from tests.support.aws import aws_for_imports
from tests.support.receipt_years import check_years
from tests.support.workbooks import receipts_book


def test_a_year_of_receipts_in_over_a_thousand_orders_of_files_makes_one_position(
    monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database
) -> None:
    names = iter(range(10_000))
    with aws_for_imports(monkeypatch, database_url) as aws:

        def send(*rows: list[object]) -> ImportResult:
            stored = aws.upload(f"incoming/{next(names)}.xlsx", receipts_book(*rows))
            return import_object(database, aws.s3, stored, today=date(2026, 6, 30))

        check_years(database, send, rounds=1_100, years=1)
