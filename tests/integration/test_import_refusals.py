"""Rows that what is stored refuses: a loan made here that a file tells otherwise, numbers far above all others."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from chalicelib.imports.merging.refusals import HIGHEST_NUMBER
from chalicelib.imports.running import ImportResult, import_object
from chalicelib.postgres.database import Database
from chalicelib.postgres.migrate import alembic_config
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.services.statistics import count
from chalicelib.storage.customers import Registration
from chalicelib.storage.loans import LikelyDouble, likely_doubles
from tests.support.aws import Aws
from tests.support.imports.contents import findings, only_sheet, query
from tests.support.lending import create_loan, register
from tests.support.people import TEST
from tests.support.workbooks import customer, customers_book, loan, loans_book

PERSON = Registration("Asha", "Rao", 33, "9812345678", Decimal(50000))
TODAY = date(2026, 11, 25)
Upload = Callable[[bytes], ImportResult]


@pytest.fixture
def upload(aws: Aws, database: Database) -> Upload:
    return lambda content: import_object(database, aws.s3, aws.upload("incoming/book.xlsx", content))


def loan_made_here(database: Database) -> tuple[int, int]:
    """The customer and the number of a loan of 12 months."""
    who = register(database, PERSON, STANDARD_1, TEST).customer_id
    made = create_loan(database, who, LoanRequest(Decimal(100_000), Decimal(12), 12), STANDARD_1, TODAY, TEST)
    assert made.loan_id
    return who, made.loan_id


def row_of(database: Database, loan_id: int, **changes: object) -> list[object]:
    """The loan as a workbook says it."""
    names = ("loan_amount", "tenure", "interest_rate", "monthly_installment", "emis_paid_on_time", "start_date")
    ((who, *values, end),) = query(
        database, f"SELECT customer_id, {', '.join(names)}, end_date FROM loans WHERE loan_id = {loan_id}"
    )
    return loan(who, loan_id, **(dict(zip(names, values, strict=True)) | {"end_date": end} | changes))


def loans_of(database: Database) -> list[Any]:
    return query(database, "SELECT loan_id, source_loan_id, emis_paid_on_time FROM loans ORDER BY 1")


def test_a_row_about_a_loan_made_here_doubles_nothing_and_leaves_what_was_paid_to_receipts(
    database: Database, upload: Upload
) -> None:
    _, number = loan_made_here(database)
    assert only_sheet(upload(loans_book(row_of(database, number, emis_paid_on_time=5)))).superseded == 1
    assert only_sheet(upload(loans_book(row_of(database, number, emis_paid_on_time=0)))).unchanged == 1
    assert loans_of(database) == [(number, None, 0)]


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"loan_amount": 90_000}, "Loan Amount"),
        ({"tenure": 13}, "Tenure"),
        ({"interest_rate": 11}, "Interest Rate"),
        ({"monthly_installment": 1}, "Monthly payment"),
        ({"start_date": date(2026, 11, 24)}, "Date of Approval"),
        ({"end_date": None}, "End Date"),
    ],
)
def test_a_row_that_differs_from_a_decision_made_here_is_rejected_with_both_values(
    database: Database, upload: Upload, changes: dict[str, object], column: str
) -> None:
    _, number = loan_made_here(database)
    good = row_of(database, number, emis_paid_on_time=3)
    result = upload(loans_book(good, row_of(database, number, emis_paid_on_time=7, **changes)))
    # The row that is rejected does not take the place of the good one.
    assert (only_sheet(result).superseded, only_sheet(result).rejected) == (1, 1)
    ((_, row, named, given, code, sentence),) = findings(database, result, "rejected")
    assert (row, named, code) == (3, column, "differs_from_decision")
    assert (given or "nothing") in sentence
    assert "was decided here as" in sentence
    assert loans_of(database) == [(number, None, 0)]


def test_loans_that_were_doubled_before_are_shown_as_likely_pairs(database: Database) -> None:
    who, number = loan_made_here(database)
    with database.reading() as connection:
        connection.execute(
            text(
                "INSERT INTO loans (loan_id, customer_id, source_loan_id, loan_amount, tenure, interest_rate,"
                f" monthly_installment, start_date) VALUES (77, {who}, {number}, 1, 1, 1, 1, current_date)"
            )
        )
        assert likely_doubles(connection, 5) == [LikelyDouble(who, number, 77)]
    assert count(database, STANDARD_1, TODAY).doubles == [LikelyDouble(who, number, 77)]


def test_the_number_of_somebody_elses_loan_made_here_is_taken_as_before(database: Database, upload: Upload) -> None:
    _, number = loan_made_here(database)
    other = register(database, PERSON, STANDARD_1, TEST).customer_id
    assert only_sheet(upload(loans_book(loan(other, number)))).renumbered == 1


@pytest.mark.parametrize("far", [10_000_301, 10**12, 10**15 - 1])
def test_a_customer_far_above_all_others_does_not_move_the_numbers_of_the_next(
    database: Database, upload: Upload, far: int
) -> None:
    upload(customers_book(customer(300)))
    result = upload(customers_book(customer(far), customer(301)))
    assert (only_sheet(result).inserted, only_sheet(result).rejected) == (1, 1)
    ((*_, value, code, sentence),) = findings(database, result, "rejected")
    assert (value, code) == (str(far), "number_out_of_reach")
    assert "10000300" in sentence
    assert "ask an admin to release" in sentence
    assert register(database, PERSON, STANDARD_1, TEST).customer_id == 302


def test_a_loan_far_above_all_others_does_not_move_the_numbers_of_the_next(database: Database, upload: Upload) -> None:
    upload(customers_book(customer(1)))
    upload(loans_book(loan(1, 500)))
    assert only_sheet(upload(loans_book(loan(1, 10**14), loan(1, 501)))).rejected == 1
    assert query(database, "SELECT nextval('loans_loan_id_seq')") == [(502,)]


@pytest.mark.parametrize("first", [1_234_567, 999_999_999_999])
def test_the_first_file_may_begin_anywhere_within_reason(database: Database, upload: Upload, first: int) -> None:
    assert only_sheet(upload(customers_book(customer(first)))).inserted == 1
    assert only_sheet(upload(loans_book(loan(first, first)))).inserted == 1
    assert register(database, PERSON, STANDARD_1, TEST).customer_id == first + 1


def test_an_empty_database_does_not_take_the_last_number(upload: Upload) -> None:
    assert only_sheet(upload(customers_book(customer(10**15 - 1)))).rejected == 1


def test_a_stage_whose_numbers_were_used_up_gets_them_back_and_keeps_those_it_gave(
    database: Database, upload: Upload
) -> None:
    upload(customers_book(customer(300)))
    with database.transaction() as tx:
        command.downgrade(alembic_config(tx.connection), "0005")
        tx.connection.execute(
            text("INSERT INTO customers SELECT 999999999999999, 'A', 'B', 30, '9812345678', 1000, 1000")
        )
        tx.connection.execute(text("SELECT setval('customers_customer_id_seq', 999999999999999)"))
        command.upgrade(alembic_config(tx.connection), "head")
        tx.commit()
    assert register(database, PERSON, STANDARD_1, TEST).customer_id == 301
    assert only_sheet(upload(customers_book(customer(10**15 - 1, age=50)))).updated == 1
    assert register(database, PERSON, STANDARD_1, TEST).customer_id == 302
    assert HIGHEST_NUMBER < 10**15 - 1
