"""A dry run says all that an import would do, and does nothing."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.imports import jobs
from chalicelib.imports.copying import copy_to
from chalicelib.imports.report.making import make_report
from chalicelib.imports.running import ImportResult, import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.policy import STANDARD_1
from chalicelib.storage.customers import Registration
from tests.support.aws import Aws
from tests.support.imports.contents import contents, query
from tests.support.lending import register
from tests.support.people import TEST
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, customers_book, loan, workbook

TODAY = date(2026, 11, 28)
CUSTOMERS = [customer(1, age=50), customer(2), customer(700), customer(4, age=7), customer(2)]
BOOK = workbook(
    {
        "customers": [CUSTOMER_HEADER, *CUSTOMERS],
        "loans": [LOAN_HEADER, loan(1, 5), loan(700, 5), loan(9, 800)],
    }
)
# What tables of an import hold, in their order, with how they are compared: without what counts on.
SAID = (
    "SELECT sheet, row_number, outcome, customer_id, source_loan_id FROM import_rows "
    "WHERE import_id = :id ORDER BY 1, 2",
    "SELECT sheet, row_number, outcome, column_name, value, code, message FROM import_findings "
    "WHERE import_id = :id ORDER BY finding_id",
    "SELECT sheet, rows_found, inserted, updated, superseded, waiting, rejected, renumbered FROM import_sheets "
    "WHERE import_id = :id ORDER BY 1",
)


@pytest.fixture
def send(aws: Aws, database: Database) -> Callable[..., ImportResult]:
    """Asks for an import and imports the file."""

    def run(content: bytes, *, dry: bool) -> ImportResult:
        with database.transaction() as tx:
            asked: dict[str, Any] = {
                "bucket": aws.settings.import_bucket,
                "file_name": "b.xlsx",
                "started_by": "user:1",
            }
            job = jobs.start(tx.connection, **asked, is_dry_run=dry)
            tx.commit()
        return import_object(database, aws.s3, aws.upload(job.object_key, content), today=TODAY)

    return run


Send = Callable[..., ImportResult]


def registered(database: Database) -> int:
    """The number that a new customer gets."""
    return register(database, Registration("A", "B", 40, "9876543210", Decimal(90_000)), STANDARD_1, TEST).customer_id


def said(database: Database, import_id: int) -> list[Any]:
    return [query(database, statement, id=import_id) for statement in SAID]


def everything(database: Database) -> Any:
    numbers = [
        query(database, f"SELECT last_value, is_called FROM {name}")
        for name in ("customers_customer_id_seq", "loans_loan_id_seq")
    ]
    changes = query(database, "SELECT count(*) FROM audit_log WHERE action NOT LIKE 'import_%'")
    return contents(database), numbers, changes


def test_a_dry_run_says_what_the_import_then_does_and_changes_nothing(database: Database, send: Send) -> None:
    send(customers_book(customer(1), customer(3)), dry=False)
    before = everything(database)
    rehearsed = send(BOOK, dry=True)
    assert everything(database) == before
    assert query(database, "SELECT count(*) FROM staged_customers") == [(0,)]
    done = send(BOOK, dry=False)
    assert said(database, rehearsed.import_id) == said(database, done.import_id)
    assert said(database, done.import_id)[2] == [("customers", 5, 2, 1, 1, 0, 1, 0), ("loans", 3, 2, 0, 0, 1, 0, 1)]
    would = query(database, "SELECT subject_id, before, after FROM import_changes")
    assert would == [("1", {"age": 41}, {"age": 50})]


def test_a_dry_run_of_an_empty_database_leaves_the_numbers_where_they_were(database: Database, send: Send) -> None:
    before = everything(database)
    assert send(BOOK, dry=True).state == "completed"
    assert everything(database) == before
    assert registered(database) == 1


def test_a_number_that_is_given_while_a_dry_run_goes_on_is_not_given_again(
    database: Database, new_database: Callable[[], Database], send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_database()

    def register_meanwhile(*given: Any) -> None:
        numbers.append(registered(other))
        copy_to(*given)

    numbers: list[int] = []
    monkeypatch.setattr("chalicelib.imports.rehearsal.copy_to", register_meanwhile)
    send(BOOK, dry=True)
    assert numbers == [701, 702, 703]
    assert registered(database) == 704


def test_a_dry_run_is_no_newer_version_and_its_report_says_what_it_was(
    aws: Aws, database: Database, send: Send
) -> None:
    send(customers_book(customer(1, age=60)), dry=True)
    done = send(customers_book(customer(1, age=50)), dry=False)
    assert done.sheets[0].inserted == 1
    assert make_report(database, aws.s3, aws.settings.import_bucket, done.import_id)
