"""What people type into workbooks, as it is stored."""

from datetime import date

from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from tests.support.aws import Aws
from tests.support.imports.contents import query
from tests.support.workbooks import customer, customers_book, loan, loans_book


def found(database: Database) -> list[tuple[object, ...]]:
    return query(database, "SELECT row_number, column_name, outcome, code FROM import_findings ORDER BY finding_id")


def test_a_sheet_that_puts_the_month_first_has_no_date_guessed(aws: Aws, database: Database) -> None:
    starts = ["04/05/2024", "2024-05-06", "12/11/2024"] + ["2024-01-01"] * 3 + ["03/31/2024", "06/06/2024"]
    rows = [loan(1, at, start_date=start, end_date=None) for at, start in enumerate(starts, 5001)]
    import_object(database, aws.s3, aws.upload("incoming/c.xlsx", customers_book(customer(1))))
    import_object(database, aws.s3, aws.upload("incoming/l.xlsx", loans_book(*rows)))
    assert found(database) == [(row, "Date of Approval", "rejected", "ambiguous_date") for row in (2, 4)]
    stored = query(database, "SELECT start_date FROM loans ORDER BY loan_id")
    assert stored[0] == (date(2024, 5, 6),)
    assert stored[-2:] == [(date(2024, 3, 31),), (date(2024, 6, 6),)]


def test_a_sheet_without_a_proof_has_the_day_first(aws: Aws, database: Database) -> None:
    import_object(database, aws.s3, aws.upload("incoming/c.xlsx", customers_book(customer(1))))
    row = loan(1, 5001, start_date="04/05/2024", end_date=None)
    import_object(database, aws.s3, aws.upload("incoming/l.xlsx", loans_book(row)))
    assert query(database, "SELECT start_date FROM loans") == [(date(2024, 5, 4),)]


def test_an_instalment_of_nothing_is_rejected(aws: Aws, database: Database) -> None:
    row = loan(1, 5001, monthly_installment=0)
    import_object(database, aws.s3, aws.upload("incoming/l.xlsx", loans_book(row)))
    assert found(database) == [(2, "Monthly payment", "rejected", "out_of_range")]


def test_a_word_for_nothing_is_kept_as_a_name_and_told_of(aws: Aws, database: Database) -> None:
    book = customers_book(customer(1, first_name="None"), customer(2, last_name="\u200b"))
    import_object(database, aws.s3, aws.upload("incoming/c.xlsx", book))
    assert found(database) == [(2, "First Name", "flagged", "word_for_nothing")]
    assert query(database, "SELECT first_name FROM customers WHERE customer_id = 1") == [("None",)]
    assert query(database, "SELECT last_name FROM customers WHERE customer_id = 2") == [("",)]
