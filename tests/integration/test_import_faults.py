"""Imports that are interrupted, and imports beside a working API: nothing half-done, nothing lost."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from chalicelib.errors import DatabaseUnavailable
from chalicelib.imports import loading, rows
from chalicelib.imports.rows import Chunk
from chalicelib.imports.running import import_messages, import_object
from chalicelib.imports.s3_events import message_for
from chalicelib.postgres.database import Database, make_engine
from tests.support.aws import Aws
from tests.support.cutting import cut_all_others
from tests.support.imports.contents import contents, query, scalar
from tests.support.patience import PATIENCE_SECONDS
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, loans_book, workbook

BOOK = workbook(
    {
        "C": [CUSTOMER_HEADER, customer(1), customer(2), customer(3, age=3)],
        "L": [LOAN_HEADER, loan(1, 5), loan(2, 5), loan(9, 5), loan(1, 6), loan(1, 6, tenure=30)],
    }
)


class Crash(Exception):
    """Stands for the end of the process: nothing of ours expects it."""


@contextmanager
def crashing_before(engine: Engine, statement_number: int) -> Iterator[list[str]]:
    """Raises Crash in place of the n-th statement; yields the statements before it."""
    seen: list[str] = []

    def crash(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        # The clean-up after a crash is the database's, which would do it without us.
        if statement == "ROLLBACK":
            return
        if len(seen) == statement_number:
            raise Crash
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", crash)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", crash)


SEQUENCES = """
    SELECT customers.last_value, loans.last_value
    FROM customers_customer_id_seq AS customers, loans_loan_id_seq AS loans
"""


def test_a_crash_before_any_statement_leaves_nothing_and_the_next_delivery_does_it_all(
    aws: Aws, database: Database
) -> None:
    reference = aws.upload("incoming/book.xlsx", BOOK)
    crashes = 0
    # Each delivery crashes one statement later than the one before, until one gets through.
    while True:
        try:
            with crashing_before(database.engine, crashes) as seen:
                import_object(database, aws.s3, reference)
        except Crash:
            crashes += 1
            # The second COMMIT is that of the load; the first only noted that it began.
            if seen.count("COMMIT") < 2:
                assert contents(database) == {"customers": [], "loans": [], "waiting": []}
                assert query(database, "SELECT * FROM import_findings") == []
        else:
            break
    assert crashes > 20
    # The numbers are those of a single clean run, the sequences included.
    assert [row[:3] for row in contents(database)["loans"]] == [(5, 1, 5), (6, 1, 6), (7, 2, 5)]
    assert contents(database)["waiting"] == [(9, 5, 8)]
    assert query(database, SEQUENCES) == [(2, 8)]
    assert query(database, "SELECT sheet, rows_found, inserted FROM import_sheets ORDER BY 1") == [
        ("C", 3, 2),
        ("L", 5, 3),
    ]


def test_a_cut_connection_leaves_nothing_and_the_next_attempt_does_it_all(
    aws: Aws, database: Database, new_database: Callable[[], Database]
) -> None:
    other = new_database()
    cut = False

    def cut_once(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        nonlocal cut
        if "INSERT INTO loans" in statement and not cut:
            cut = True
            cut_all_others(other)

    event.listen(database.engine, "before_cursor_execute", cut_once)
    result = import_object(database, aws.s3, aws.upload("incoming/book.xlsx", BOOK))
    assert cut
    assert result.state == "completed"
    assert scalar(database, "SELECT count(*) FROM loans") == 3


def test_a_connection_cut_within_copy_is_reported_as_the_database_being_away(
    aws: Aws, database: Database, new_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.imports import copying

    other = new_database()
    encode = copying.lines

    def cut_then_encode(rows: Any) -> Iterator[bytes]:
        cut_all_others(other)
        yield from encode(rows)

    reference = aws.upload("incoming/book.xlsx", BOOK)
    with monkeypatch.context() as patch:
        patch.setattr(copying, "lines", cut_then_encode)
        with pytest.raises(DatabaseUnavailable):
            import_object(database, aws.s3, reference)
    assert import_object(database, aws.s3, reference).state == "completed"


def test_a_loan_made_here_meanwhile_may_take_a_number_of_the_file(
    aws: Aws, database: Database, new_database: Callable[[], Database]
) -> None:
    import_object(database, aws.s3, aws.upload("incoming/c.xlsx", workbook({"C": [CUSTOMER_HEADER, customer(1)]})))
    # A request has drawn number 1 and not committed yet: the import cannot see it when it numbers its loans.
    request = new_database().transaction()
    numbered = Event()

    def note(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if "setval('loans_loan_id_seq'" in statement:
            numbered.set()

    event.listen(database.engine, "after_cursor_execute", note)
    with request as tx:
        tx.connection.execute(
            text(
                "INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, start_date)"
                " VALUES (1, 1000, 10, 10, 110, current_date)"
            )
        )
        reference = aws.upload("incoming/l.xlsx", loans_book(loan(1, 1), loan(1, 2)))
        worker = Thread(target=import_object, args=(database, aws.s3, reference))
        worker.start()
        assert numbered.wait(PATIENCE_SECONDS)
        tx.commit()
    worker.join()
    assert query(database, "SELECT loan_id, source_loan_id FROM loans ORDER BY 1") == [(1, None), (2, 2), (3, 1)]
    assert query(database, "SELECT renumbered FROM import_sheets WHERE kind = 'loans'") == [(1,)]


def test_a_waiting_loan_whose_number_was_taken_meanwhile_gets_another(aws: Aws, database: Database) -> None:
    import_object(database, aws.s3, aws.upload("incoming/l.xlsx", loans_book(loan(1, 4))))
    with database.transaction() as tx:
        tx.connection.execute(text("INSERT INTO customers VALUES (2, 'A', 'B', 30, '9812345678', 1000, 1000)"))
        tx.connection.execute(
            text(
                "INSERT INTO loans (loan_id, customer_id, loan_amount, tenure, interest_rate, monthly_installment,"
                " start_date) VALUES (4, 2, 1000, 10, 10, 110, current_date)"
            )
        )
        tx.commit()
    book = workbook({"C": [CUSTOMER_HEADER, customer(1)]})
    import_object(database, aws.s3, aws.upload("incoming/c.xlsx", book))
    assert query(database, "SELECT loan_id, customer_id FROM loans ORDER BY 1") == [(4, 2), (5, 1)]


def test_the_message_of_an_import_that_was_interrupted_is_delivered_again(aws: Aws, database: Database) -> None:
    body = message_for(aws.upload("incoming/book.xlsx", BOOK))
    with crashing_before(database.engine, 12):
        assert import_messages(database, aws.s3, [("one", body)]) == ["one"]
    assert import_messages(database, aws.s3, [("one", body)]) == []
    assert query(database, "SELECT state FROM imports") == [("completed",)]


def lose_a_row_in_the_merge(database: Database, _patch: pytest.MonkeyPatch) -> None:
    def lose(connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if "CREATE TEMP TABLE incoming_loans" in statement:
            connection.exec_driver_sql("DELETE FROM incoming_loans WHERE source_loan_id = 6")

    event.listen(database.engine, "after_cursor_execute", lose)


def lose_a_row_in_the_reading(_database: Database, patch: pytest.MonkeyPatch) -> None:
    def read_chunks(*arguments: Any, **named: Any) -> Iterator[Chunk]:
        for chunk in rows.read_chunks(*arguments, **named):
            yield replace(chunk, findings=())

    patch.setattr(loading, "read_chunks", read_chunks)


@pytest.mark.parametrize("lose", [lose_a_row_in_the_merge, lose_a_row_in_the_reading])
def test_an_import_that_would_lose_a_row_is_refused_by_the_database(
    aws: Aws, database: Database, monkeypatch: pytest.MonkeyPatch, lose: Callable[..., None]
) -> None:
    reference = aws.upload("incoming/book.xlsx", BOOK)
    lose(database, monkeypatch)
    with pytest.raises(DBAPIError, match="import_sheets_every_row_accounted_for"):
        import_object(database, aws.s3, reference)
    assert contents(database) == {"customers": [], "loans": [], "waiting": []}
    assert query(database, "SELECT state, rows_by_sheet FROM imports") == [("running", {"C": 3, "L": 5})]


def test_an_import_that_the_release_before_has_begun_is_read_again(aws: Aws, database: Database) -> None:
    reference = aws.upload("incoming/book.xlsx", BOOK)
    with crashing_before(database.engine, 40), suppress(Crash):
        import_object(database, aws.s3, reference)
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE imports SET rows_by_sheet = NULL")
        assert tx.connection.execute(text("SELECT rows_read FROM imports")).scalar_one() == 8
        tx.commit()
    sheets = import_object(database, aws.s3, reference).sheets
    assert [(sheet.sheet, sheet.rows_found) for sheet in sheets] == [("C", 3), ("L", 5)]


def test_a_failing_s3_is_no_bad_file(aws: Aws, database: Database) -> None:
    reference = aws.upload("incoming/book.xlsx", BOOK)
    aws.s3.delete_object(Bucket=reference.bucket, Key=reference.key, VersionId=reference.version_id or "")
    aws.s3.delete_bucket(Bucket=reference.bucket)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        import_object(database, aws.s3, reference)
    assert query(database, "SELECT state FROM imports") == [("running",)]


def test_the_message_with_which_s3_tries_the_queue_is_consumed(aws: Aws, database: Database) -> None:
    body = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "loans"})
    assert import_messages(database, aws.s3, [("one", body)]) == []
    assert query(database, "SELECT * FROM imports") == []


def test_a_folder_that_somebody_makes_in_the_bucket_is_no_file(aws: Aws, database: Database) -> None:
    body = message_for(aws.upload("incoming/march/", b""))
    assert import_messages(database, aws.s3, [("one", body)]) == []
    assert query(database, "SELECT * FROM imports") == []


def test_an_import_is_counted_once_though_the_database_goes_away_right_after_its_end(
    aws: Aws, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    body = message_for(aws.upload("incoming/book.xlsx", BOOK))

    def break_down(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if "FROM arrived" in statement and query(database_beside, "SELECT 1 FROM imports WHERE state = 'completed'"):
            raise DatabaseUnavailable("away")

    database_beside = Database(make_engine(aws.settings))
    event.listen(database.engine, "before_cursor_execute", break_down)
    assert import_messages(database, aws.s3, [("one", body)]) == ["one"]
    event.remove(database.engine, "before_cursor_execute", break_down)
    assert import_messages(database, aws.s3, [("one", body)]) == []
    database_beside.engine.dispose()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"event": "import"' in line]
    assert [(line["imports"], line["repeated"]) for line in lines] == [(1, False), (0, True)]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"Records": [{"s3": {}}]}', '{"Records": 3}'])
def test_a_message_that_nobody_understands_is_given_back(aws: Aws, database: Database, body: str) -> None:
    good = message_for(aws.upload("incoming/book.xlsx", BOOK))
    assert import_messages(database, aws.s3, [("bad", body), ("good", good)]) == ["bad"]
