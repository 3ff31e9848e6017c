"""What becomes of workbooks in the database: every row applied, waiting, or set aside with a reason."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from chalicelib.imports.reading.csv_text import NEITHER
from chalicelib.imports.running import ImportResult, import_object
from chalicelib.imports.s3_events import ObjectReference
from chalicelib.postgres.database import Database
from tests.support.aws import Aws
from tests.support.databases import KEEP_TRANSACTIONS, LET_TRANSACTIONS_GO
from tests.support.imports.contents import contents, findings, only_sheet, query, scalar
from tests.support.settings import PROJECT
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, customers_book, loan, loans_book, workbook

REAL_DATA = PROJECT.parent / "shared" / "data"
SAMPLE_DATA = PROJECT / "data"
DATA = REAL_DATA if REAL_DATA.exists() else SAMPLE_DATA


@pytest.fixture
def upload(aws: Aws, database: Database) -> Callable[..., ImportResult]:
    """Uploads a file and imports it, as S3, the queue and the Lambda would do one after the other."""

    def run(content: bytes, key: str = "incoming/book.xlsx") -> ImportResult:
        return import_object(database, aws.s3, aws.upload(key, content))

    return run


Upload = Callable[..., ImportResult]


def counts(result: ImportResult) -> Mapping[str, int]:
    """What is not zero."""
    return {name: value for name, value in vars(only_sheet(result)).items() if isinstance(value, int) and value}


def expected_of(folder: Path) -> tuple[int, int, int]:
    """Customers, loans and renumbered loans of the files used here."""
    return (300, 782, 29) if folder == REAL_DATA else (400, 1200, 46)


def test_a_customer_is_saved_as_the_file_says(database: Database, upload: Upload) -> None:
    assert counts(upload(customers_book(customer(7, monthly_income=60000.5)))) == {"rows_found": 1, "inserted": 1}
    assert contents(database)["customers"] == [
        (7, "Asha", "Menon", 41, "9812345678", Decimal("60000.50"), Decimal("2200000.00"))
    ]


def test_a_loan_is_saved_as_the_file_says(database: Database, upload: Upload) -> None:
    upload(customers_book(customer(7)))
    assert counts(upload(loans_book(loan(7, 5001)))) == {"rows_found": 1, "inserted": 1}
    assert contents(database)["loans"] == [
        (5001, 7, 5001, 300000, 24, Decimal("11.25"), 15344, 20, date(2023, 5, 17), date(2025, 5, 17))
    ]


def test_a_loan_without_an_end_date_is_saved_without_one(database: Database, upload: Upload) -> None:
    upload(customers_book(customer(7)))
    upload(loans_book(loan(7, 5001, end_date=None)))
    assert scalar(database, "SELECT end_date FROM loans") is None


@pytest.mark.parametrize("name", ["=1+1", "tab\\t", "\\N", 'O\'Brien "Q"', "आशा", "%s :x {y}", "\\.", "+A"])
def test_any_name_is_kept_as_it_is(database: Database, upload: Upload, name: str) -> None:
    upload(workbook({"customers": [CUSTOMER_HEADER, customer(1, first_name=f"A{name}", last_name=f"'{name}a")]}))
    assert query(database, "SELECT first_name, last_name FROM customers") == [(f"A{name}", f"'{name}a")]


def test_one_workbook_may_hold_customers_and_their_loans_in_any_order_of_sheets(
    database: Database, upload: Upload
) -> None:
    result = upload(workbook({"L": [LOAN_HEADER, loan(1)], "C": [CUSTOMER_HEADER, customer(1)]}))
    assert {sheet.sheet: sheet.inserted for sheet in result.sheets} == {"L": 1, "C": 1}
    assert scalar(database, "SELECT count(*) FROM waiting_loans") == 0


def test_bad_rows_are_set_aside_with_their_reasons_and_do_not_stop_the_good_ones(
    database: Database, upload: Upload
) -> None:
    result = upload(customers_book(customer(1), customer(2, age=17, phone_number=123), customer(3)))
    assert counts(result) == {"rows_found": 3, "inserted": 2, "rejected": 1}
    assert findings(database, result, "rejected") == [
        (
            "customers",
            3,
            "Age",
            "17",
            "out_of_range",
            "Age must be a whole number from 18 to 120. Invalid value: 17.",
        ),
        (
            "customers",
            3,
            "Phone Number",
            "123",
            "not_a_phone_number",
            "Phone Number must be a phone number of 10 digits, such as 98123 45678. Invalid value: 123.",
        ),
    ]


def test_rows_that_are_the_same_are_left_alone_and_those_that_differ_are_updated(
    database: Database, upload: Upload
) -> None:
    upload(customers_book(customer(1), customer(2)))
    before = dict(query(database, "SELECT customer_id, updated_at FROM customers"))
    result = upload(customers_book(customer(1), customer(2, age=42), customer(3)))
    after = dict(query(database, "SELECT customer_id, updated_at FROM customers"))
    assert counts(result) == {"rows_found": 3, "inserted": 1, "updated": 1, "unchanged": 1}
    assert after[1] == before[1]
    assert after[2] > before[2]


def test_a_changed_loan_is_updated_under_its_number(database: Database, upload: Upload) -> None:
    upload(customers_book(customer(1), customer(2)))
    upload(loans_book(loan(1, 9), loan(2, 9)))
    result = upload(loans_book(loan(1, 9), loan(2, 9, emis_paid_on_time=21, end_date=None)))
    assert counts(result) == {"rows_found": 2, "updated": 1, "unchanged": 1}
    assert query(database, "SELECT loan_id, customer_id, emis_paid_on_time, end_date FROM loans ORDER BY 1") == [
        (9, 1, 20, date(2025, 5, 17)),
        (10, 2, 21, None),
    ]


def test_of_rows_about_the_same_customer_the_last_wins_and_the_others_are_reported(
    database: Database, upload: Upload
) -> None:
    result = upload(customers_book(customer(1, age=30), customer(2), customer(1, age=31), customer(1, age=32)))
    assert counts(result) == {"rows_found": 4, "inserted": 2, "superseded": 2}
    assert scalar(database, "SELECT age FROM customers WHERE customer_id = 1") == 32
    assert [(row, column, value) for _, row, column, value, *_ in findings(database, result, "superseded")] == [
        (2, "Customer ID", "1"),
        (4, "Customer ID", "1"),
    ]


def test_of_rows_about_the_same_loan_the_last_wins_across_sheets(database: Database, upload: Upload) -> None:
    upload(customers_book(customer(1)))
    result = upload(
        workbook({"A": [LOAN_HEADER, loan(1, 9, tenure=10)], "B": [LOAN_HEADER, loan(1, 9, tenure=12), loan(1, 10)]})
    )
    assert [(sheet.sheet, sheet.inserted, sheet.superseded) for sheet in result.sheets] == [("A", 0, 1), ("B", 2, 0)]
    assert query(database, "SELECT loan_id, tenure FROM loans ORDER BY 1") == [(9, 12), (10, 24)]


def test_the_first_loan_of_a_file_keeps_a_number_and_the_others_get_the_next_free_ones(
    database: Database, upload: Upload
) -> None:
    upload(customers_book(customer(1), customer(2), customer(3)))
    result = upload(loans_book(loan(2, 500), loan(1, 500), loan(3, 800), loan(3, 500)))
    assert counts(result) == {"rows_found": 4, "inserted": 4, "renumbered": 2}
    assert query(database, "SELECT loan_id, customer_id, source_loan_id FROM loans ORDER BY 1") == [
        (500, 2, 500),
        (800, 3, 800),
        (801, 1, 500),
        (802, 3, 500),
    ]
    assert findings(database, result, "renumbered")[0] == (
        "loans",
        3,
        "Loan ID",
        "500",
        "loan_id_taken",
        "Loan ID 500 already belongs to another loan; this loan was saved as 801 and remembers its number.",
    )


def test_a_loan_keeps_the_number_it_claimed_first_although_a_later_row_replaces_it(
    database: Database, upload: Upload
) -> None:
    upload(customers_book(customer(1), customer(2)))
    upload(loans_book(loan(1, 5, tenure=10), loan(2, 5), loan(1, 5, tenure=12)))
    assert query(database, "SELECT loan_id, customer_id, tenure FROM loans ORDER BY 1") == [(5, 1, 12), (6, 2, 24)]


def test_a_number_that_a_loan_made_here_has_is_not_given_to_somebody_elses(database: Database, upload: Upload) -> None:
    upload(customers_book(customer(1), customer(2)))
    with database.transaction() as tx:
        tx.connection.execute(
            text(
                "INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, start_date)"
                " VALUES (1, 1000, 10, 10, 110, current_date)"
            )
        )
        tx.commit()
    result = upload(loans_book(loan(2, 1)))
    assert counts(result) == {"rows_found": 1, "inserted": 1, "renumbered": 1}
    assert query(database, "SELECT loan_id, customer_id, source_loan_id FROM loans ORDER BY 1") == [
        (1, 1, None),
        (2, 2, 1),
    ]


def test_a_new_loan_keeps_its_free_number_whatever_is_stored_around_it(database: Database, upload: Upload) -> None:
    upload(customers_book(customer(1), customer(2)))
    upload(loans_book(loan(1, 10), loan(2, 10), loan(1, 900), loan(3, 20), loan(1, 20)))
    result = upload(loans_book(loan(2, 11), loan(2, 21), loan(2, 899)), "incoming/more.xlsx")
    assert counts(result) == {"rows_found": 3, "inserted": 3}
    own = query(database, "SELECT loan_id, source_loan_id FROM loans WHERE customer_id = 2 ORDER BY 1")
    # The second loan with the number 10 got the next one after all there were.
    assert own == [(11, 11), (21, 21), (899, 899), (901, 10)]


def test_numbers_go_on_above_the_highest_imported_ones(database: Database, upload: Upload) -> None:
    upload(workbook({"C": [CUSTOMER_HEADER, customer(70)], "L": [LOAN_HEADER, loan(70, 90), loan(70, 20)]}))
    assert scalar(database, "SELECT nextval('customers_customer_id_seq')") == 71
    assert scalar(database, "SELECT nextval('loans_loan_id_seq')") == 91


def test_numbers_are_never_moved_back(database: Database, upload: Upload) -> None:
    query(database, "SELECT setval('customers_customer_id_seq', 500), setval('loans_loan_id_seq', 600)")
    upload(workbook({"C": [CUSTOMER_HEADER, customer(70)], "L": [LOAN_HEADER, loan(70, 90)]}))
    assert scalar(database, "SELECT nextval('customers_customer_id_seq')") == 501
    assert scalar(database, "SELECT nextval('loans_loan_id_seq')") == 601


def test_the_very_first_number_counts_as_used(database: Database, upload: Upload) -> None:
    upload(workbook({"C": [CUSTOMER_HEADER, customer(1)], "L": [LOAN_HEADER, loan(1, 1)]}))
    assert scalar(database, "SELECT nextval('customers_customer_id_seq')") == 2
    assert scalar(database, "SELECT nextval('loans_loan_id_seq')") == 2


def test_loans_that_come_before_their_customer_wait_and_are_applied_when_it_comes(
    database: Database, upload: Upload
) -> None:
    early = upload(loans_book(loan(1, 9), loan(2, 9), loan(2, 10)))
    assert counts(early) == {"rows_found": 3, "waiting": 3, "renumbered": 1}
    assert findings(database, early, "waiting")[0][:5] == ("loans", 2, "Customer ID", "1", "customer_unknown")
    upload(customers_book(customer(2)))
    assert query(database, "SELECT loan_id, customer_id FROM loans ORDER BY 1") == [(10, 2), (11, 2)]
    assert query(database, "SELECT loan_id, customer_id FROM waiting_loans") == [(9, 1)]


def test_a_waiting_loan_that_comes_again_is_brought_up_to_date_and_keeps_its_number(
    database: Database, upload: Upload
) -> None:
    upload(loans_book(loan(1, 9), loan(2, 9)))
    again = upload(loans_book(loan(2, 9, tenure=30), loan(1, 9)))
    assert counts(again) == {"rows_found": 2, "waiting": 2}
    upload(customers_book(customer(1), customer(2)))
    assert query(database, "SELECT loan_id, customer_id, tenure FROM loans ORDER BY 1") == [(9, 1, 24), (10, 2, 30)]


def test_the_number_of_a_waiting_loan_is_kept_for_it(database: Database, upload: Upload) -> None:
    upload(loans_book(loan(1, 9)))
    upload(customers_book(customer(2)))
    upload(loans_book(loan(2, 9)))
    upload(customers_book(customer(1)))
    assert query(database, "SELECT loan_id, customer_id FROM loans ORDER BY 1") == [(9, 1), (10, 2)]


def test_a_second_delivery_of_the_same_file_changes_nothing(aws: Aws, database: Database) -> None:
    reference = aws.upload("incoming/book.xlsx", loans_book(loan(1, 9), loan(2, 9)))
    first = import_object(database, aws.s3, reference)
    before = (contents(database), query(database, "SELECT * FROM imports"))
    second = import_object(database, aws.s3, reference)
    assert (second.import_id, second.state, second.repeated) == (first.import_id, "completed", True)
    assert (contents(database), query(database, "SELECT * FROM imports")) == before


def test_a_new_version_of_an_object_is_another_import(upload: Upload) -> None:
    first, second = upload(customers_book(customer(1))), upload(customers_book(customer(1)))
    assert first.import_id != second.import_id
    assert only_sheet(second).unchanged == 1


def test_each_version_is_imported_as_it_was_when_it_was_uploaded(aws: Aws, database: Database) -> None:
    older = aws.upload("incoming/book.xlsx", customers_book(customer(1)))
    newer = aws.upload("incoming/book.xlsx", customers_book(customer(2)))
    for reference in (older, newer):
        import_object(database, aws.s3, reference)
    assert query(database, "SELECT customer_id FROM customers ORDER BY 1") == [(1,), (2,)]


def test_a_file_that_is_no_workbook_ends_as_a_failed_import_with_a_sentence(aws: Aws, database: Database) -> None:
    reference = aws.upload("incoming/notes.txt", b"Dear Sir or Madam")
    result = import_object(database, aws.s3, reference)
    assert (result.state, result.message) == ("failed", NEITHER)
    assert query(database, "SELECT state, message, finished_at IS NOT NULL FROM imports") == [
        ("failed", result.message, True)
    ]
    assert import_object(database, aws.s3, reference).repeated


def test_missing_columns_fail_the_import_and_nothing_is_written(database: Database, upload: Upload) -> None:
    header = [title for title in LOAN_HEADER if title != "Tenure"]
    result = upload(workbook({"C": [CUSTOMER_HEADER, customer(1)], "L": [header, loan(1)]}))
    assert result.state == "failed"
    assert result.message is not None
    assert "The sheet L of loans lacks the columns Tenure." in result.message
    assert contents(database)["customers"] == []


@pytest.mark.parametrize("version", ["gone", "never"])
def test_an_object_that_is_gone_fails_the_import_instead_of_being_retried_for_ever(
    aws: Aws, database: Database, version: str
) -> None:
    reference = aws.upload("incoming/book.xlsx", customers_book(customer(1)))
    if version == "gone":
        aws.s3.delete_object(Bucket=reference.bucket, Key=reference.key, VersionId=reference.version_id or "")
    else:
        reference = ObjectReference(reference.bucket, "incoming/other.xlsx", reference.version_id)
    result = import_object(database, aws.s3, reference)
    assert result.state == "failed"
    assert result.message == f"The object {reference.key} was deleted before it could be read."


def test_extra_columns_and_sheets_are_ignored_and_named(database: Database, upload: Upload) -> None:
    result = upload(
        workbook({"C": [(*CUSTOMER_HEADER, "City"), [*customer(1), "Pune"]], "Notes": [["Made by", "Asha"]]})
    )
    assert {(sheet, column, code) for sheet, _, column, _, code, _ in findings(database, result, "flagged")} == {
        ("C", "City", "unknown_column"),
        ("Notes", None, "unknown_sheet"),
    }


@pytest.mark.parametrize("folder", sorted({DATA, SAMPLE_DATA}), ids=lambda folder: folder.parent.name)
@pytest.mark.parametrize("order", ["customers first", "loans first"])
def test_the_portfolio_is_complete_whatever_comes_first_and_however_often(
    database: Database, upload: Upload, order: str, folder: Path
) -> None:
    names = ["customer_data.xlsx", "loan_data.xlsx"]
    if order == "loans first":
        names.reverse()
    for name in names * 2:
        upload((folder / name).read_bytes(), f"incoming/{name}")
    customers, loans, renumbered = expected_of(folder)
    assert scalar(database, "SELECT count(*) FROM customers") == customers
    assert query(database, "SELECT count(*), count(*) FILTER (WHERE loan_id <> source_loan_id) FROM loans") == [
        (loans, renumbered)
    ]
    assert scalar(database, "SELECT count(*) FROM waiting_loans") == 0
    assert scalar(database, "SELECT count(*) FROM import_findings WHERE outcome = 'renumbered'") == renumbered


def test_the_order_of_the_files_does_not_change_the_outcome(database: Database, upload: Upload) -> None:
    files = [customers_book(customer(1), customer(2)), loans_book(loan(2, 5), loan(1, 5), loan(2, 7))]
    for content in files:
        upload(content)
    one = contents(database)
    with database.transaction() as tx:
        for statement in (
            LET_TRANSACTIONS_GO,
            "TRUNCATE customers, loans, waiting_loans, loan_applications CASCADE",
            KEEP_TRANSACTIONS,
        ):
            tx.connection.execute(text(statement))
        tx.commit()
    for content in reversed(files):
        upload(content)
    assert contents(database) == one


def test_workers_on_the_same_object_at_once_apply_it_once(aws: Aws, new_database: Callable[[], Database]) -> None:
    reference = aws.upload("incoming/loans.xlsx", (DATA / "loan_data.xlsx").read_bytes())
    databases = [new_database() for _ in range(4)]
    with ThreadPoolExecutor(4) as workers:
        results = list(workers.map(lambda database: import_object(database, aws.s3, reference), databases))
    assert sorted(result.repeated for result in results) == [False, True, True, True]
    assert {result.state for result in results} == {"completed"}
    assert scalar(databases[0], "SELECT count(*) FROM waiting_loans") == expected_of(DATA)[1]


def test_customers_and_loans_at_once_give_the_same_as_one_after_the_other(
    aws: Aws, new_database: Callable[[], Database]
) -> None:
    names = ["customer_data.xlsx", "loan_data.xlsx"] * 2
    work = [
        partial(import_object, new_database(), aws.s3, aws.upload(name, (DATA / name).read_bytes())) for name in names
    ]
    with ThreadPoolExecutor(4) as workers:
        results = [future.result() for future in [workers.submit(one) for one in work]]
    assert {result.state for result in results} == {"completed"}
    database = new_database()
    customers, loans, renumbered = expected_of(DATA)
    assert scalar(database, "SELECT count(*) FROM customers") == customers
    assert query(database, "SELECT count(*), count(*) FILTER (WHERE loan_id <> source_loan_id) FROM loans") == [
        (loans, renumbered)
    ]


def test_the_counts_of_a_sheet_are_stored(database: Database, upload: Upload) -> None:
    result = upload(loans_book(loan(1, 9), loan(2, 9), loan(3, None)))
    assert query(
        database, "SELECT import_id, sheet, kind, rows_found, waiting, rejected, renumbered FROM import_sheets"
    ) == [(result.import_id, "loans", "loans", 3, 2, 1, 1)]
