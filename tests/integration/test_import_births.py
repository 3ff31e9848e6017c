"""Dates of birth in workbooks of customers: kept instead of ages, and held to them."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.merging.statements import age_on as age_in_sql
from chalicelib.imports.running import ImportResult, import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.ages import age_on
from tests.support.aws import Aws
from tests.support.imports.contents import findings, only_sheet, query
from tests.support.workbooks import customer, customers_book, workbook

TODAY = date(2026, 11, 28)
FORTY = date(1986, 3, 1)

Upload = Callable[[bytes], ImportResult]


@pytest.fixture
def upload(aws: Aws, database: Database) -> Upload:
    """Imports a file on that day."""
    return lambda content: import_object(database, aws.s3, aws.upload("incoming/book.xlsx", content), today=TODAY)


def born(*rows: Sequence[Any]) -> bytes:
    """Each customer with a date of birth behind the other columns."""
    return workbook({"customers": [CUSTOMERS.titles, *rows]})


def kept(database: Database) -> list[tuple[Any, ...]]:
    return query(database, "SELECT customer_id, age, date_of_birth FROM customers ORDER BY 1")


def test_a_date_of_birth_is_kept_instead_of_the_age(database: Database, upload: Upload) -> None:
    result = upload(born((*customer(1, age=40), FORTY), (*customer(2, age=None), FORTY), (*customer(3, age=50), None)))
    assert only_sheet(result).inserted == 3
    assert kept(database) == [(1, None, FORTY), (2, None, FORTY), (3, 50, None)]
    assert only_sheet(upload(born((*customer(1, age=40), FORTY)))).unchanged == 1


def test_a_date_of_birth_that_cannot_be_rejects_the_row(database: Database, upload: Upload) -> None:
    result = upload(
        born(
            (*customer(1, age=25), FORTY),
            (*customer(2, age=None), date(2020, 1, 1)),
            (*customer(3, age=None), None),
            # True when the file was written, before the birthday.
            (*customer(4, age=39), FORTY),
            (*customer(5), date(1899, 1, 1)),
        )
    )
    assert [(row, column, code) for _, row, column, _, code, _ in findings(database, result, "rejected")] == [
        (4, "Age", "missing"),
        (6, "Date of Birth", "not_a_date"),
        (3, "Date of Birth", "out_of_range"),
        (2, "Date of Birth", "age_differs"),
    ]
    assert kept(database) == [(4, None, FORTY)]


def test_a_file_without_dates_of_birth_leaves_those_that_are_known(database: Database, upload: Upload) -> None:
    upload(born((*customer(1, age=None), FORTY), (*customer(2, age=None), FORTY)))
    result = upload(customers_book(customer(1, age=40, monthly_income=70000), customer(2, age=25)))
    sheet = only_sheet(result)
    assert (sheet.updated, sheet.unchanged) == (1, 1)
    assert kept(database) == [(1, None, FORTY), (2, None, FORTY)]
    (found,) = findings(database, result, "flagged")
    assert found[2:] == (
        "Age",
        "25",
        "age_differs",
        "Age 25 does not fit the date of birth that is stored, 1986-03-01, by which it is 40. "
        "The date of birth was kept.",
    )


def test_a_date_of_birth_takes_the_place_of_an_age_and_the_log_says_so(database: Database, upload: Upload) -> None:
    upload(customers_book(customer(1, age=25)))
    assert only_sheet(upload(born((*customer(1, age=None), FORTY)))).updated == 1
    (change,) = query(database, "SELECT before, after FROM audit_log WHERE action = 'customer_changed'")
    assert change == ({"age": 25}, {"date_of_birth": "1986-03-01"})


def test_statements_compute_the_same_age_as_the_rules(database: Database) -> None:
    births = [date(2004, 2, 29), date(2004, 2, 28), date(2004, 3, 1), date(2000, 12, 31), date(2001, 1, 1)]
    days = [date(2022, 2, 28), date(2022, 3, 1), date(2024, 2, 29), date(2023, 12, 31), date(2024, 1, 1)]
    with database.reading() as connection:
        for birth in births:
            for day in days:
                said = age_in_sql(f"DATE '{birth}'").replace(":today", f"DATE '{day}'")
                assert connection.execute(text(f"SELECT {said}")).scalar_one() == age_on(birth, day), (birth, day)
