"""Imports in parts: progress that can be watched, an end of time that is no failure, and staging that gets lost."""

import gc
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import permutations
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from sqlalchemy import text

from chalicelib.errors import DatabaseUnavailable
from chalicelib.imports import jobs, loading, rows
from chalicelib.imports.loading import OutOfTime
from chalicelib.imports.process import OBJECTS_BETWEEN_SEARCHES
from chalicelib.imports.running import ImportResult, import_messages, import_object
from chalicelib.imports.s3_events import ObjectReference, message_for
from chalicelib.imports.template import write_template
from chalicelib.postgres.database import Database
from chalicelib.services.imports import NEVER_ARRIVED, WAITING_SECONDS, give_up_waiting
from tests.support.aws import Aws
from tests.support.imports.contents import contents, query, scalar
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, customers_book, loan, loans_book, workbook

PROGRESS = "SELECT state, rows_total, rows_read, rows_staged FROM imports"
STAGED = "SELECT (SELECT count(*) FROM staged_customers) + (SELECT count(*) FROM staged_loans)"

BOOK = workbook(
    {
        "C": [CUSTOMER_HEADER, *(customer(number) for number in range(1, 6)), customer(6, age=3), [], customer(7)],
        "L": [LOAN_HEADER, *(loan(number, number % 3 + 1) for number in range(1, 6)), loan(1, 2, tenure=0)],
    }
)


@pytest.fixture(autouse=True)
def parts_of_three_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "read_chunks", partial(rows.read_chunks, size=3))


def no_time() -> float:
    return 0


def invocations(database: Database, aws: Aws, reference: ObjectReference) -> Iterator[ImportResult | None]:
    """One after the other, each without time for more than one part; the last one's result."""
    while True:
        try:
            yield import_object(database, aws.s3, reference, no_time)
        except OutOfTime:
            yield None
        else:
            return


def test_an_import_goes_on_in_as_many_invocations_as_it_takes(aws: Aws, database: Database) -> None:
    reference = aws.upload("incoming/book.xlsx", BOOK)
    watched = []
    for result in invocations(database, aws, reference):
        watched += query(database, PROGRESS)
        if result is None:
            assert contents(database) == {"customers": [], "loans": [], "waiting": []}
    assert watched == [
        ("running", 14, 3, 3),
        ("running", 14, 6, 5),
        ("running", 14, 8, 6),
        ("running", 14, 11, 9),
        ("running", 14, 14, 11),
        ("completed", 14, 14, 11),
    ]
    assert scalar(database, STAGED) == 0
    assert query(
        database, "SELECT sheet, rows_found, inserted, rejected, renumbered FROM import_sheets ORDER BY 1"
    ) == [
        ("C", 7, 6, 1, 0),
        ("L", 6, 5, 1, 2),
    ]


def test_each_row_has_its_outcome(aws: Aws, database: Database) -> None:
    import_object(database, aws.s3, aws.upload("incoming/book.xlsx", BOOK))
    assert query(database, "SELECT sheet, row_number, outcome, customer_id, source_loan_id FROM import_rows") == [
        *[("C", number + 1, "inserted", number, None) for number in range(1, 6)],
        ("C", 9, "inserted", 7, None),
        *[("L", number + 1, "inserted", number, number % 3 + 1) for number in range(1, 6)],
        ("C", 7, "rejected", None, None),
        ("L", 7, "rejected", None, None),
    ]


def test_an_import_that_runs_out_of_time_goes_on_with_a_message_of_its_own(aws: Aws, database: Database) -> None:
    queue = [message_for(aws.upload("incoming/book.xlsx", BOOK))]
    delivered = 0
    while queue:
        assert import_messages(database, aws.s3, [("one", queue.pop())], no_time, queue.append) == []
        delivered += 1
    # The last of them is for the report.
    assert delivered == 7
    assert query(database, "SELECT state FROM imports") == [("completed",)]
    assert scalar(database, "SELECT count(*) FROM loans") == 5


def test_the_process_is_set_up_for_rows_only_while_it_imports(aws: Aws, database: Database) -> None:
    before, watched = gc.get_threshold(), []

    def no_time_but_a_look() -> float:
        watched.append(gc.get_threshold()[0])
        return 0

    with pytest.raises(OutOfTime):
        import_object(database, aws.s3, aws.upload("incoming/book.xlsx", BOOK), no_time_but_a_look)
    # The first look is at how long the attempt may take.
    assert watched == [before[0], OBJECTS_BETWEEN_SEARCHES]
    assert gc.get_threshold() == before


def test_without_a_way_to_send_a_message_it_is_delivered_again(aws: Aws, database: Database) -> None:
    message = ("one", message_for(aws.upload("incoming/book.xlsx", BOOK)))
    assert import_messages(database, aws.s3, [message], no_time) == ["one"]
    assert import_messages(database, aws.s3, [message]) == []


def test_staging_that_a_crash_of_the_server_emptied_is_filled_again(aws: Aws, database: Database) -> None:
    reference = aws.upload("incoming/book.xlsx", BOOK)
    steps = invocations(database, aws, reference)
    assert [next(steps) for _ in range(5)] == [None] * 5
    # What a crash does to unlogged tables.
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("TRUNCATE staged_customers, staged_loans")
        tx.commit()
    result = import_object(database, aws.s3, reference)
    assert [(sheet.sheet, sheet.rows_found, sheet.rejected) for sheet in result.sheets] == [("C", 7, 1), ("L", 6, 1)]
    assert scalar(database, "SELECT count(*) FROM import_findings WHERE outcome = 'rejected'") == 2


def test_another_worker_that_was_faster_is_followed(
    aws: Aws, database: Database, new_database: Callable[[], Database]
) -> None:
    reference = aws.upload("incoming/book.xlsx", BOOK)
    slow = invocations(database, aws, reference)
    fast = invocations(new_database(), aws, reference)
    while (result := next(slow)) is None:
        next(fast, None)
    assert result.state == "completed"
    assert scalar(database, "SELECT count(*) FROM import_rows") == 13
    assert scalar(database, "SELECT count(*) FROM import_findings WHERE outcome = 'rejected'") == 2


def test_an_upload_that_was_asked_for_continues_its_import(aws: Aws, database: Database) -> None:
    with database.transaction() as tx:
        job = jobs.start(tx.connection, bucket=aws.settings.import_bucket, file_name="book.xlsx", started_by="anyone")
        tx.commit()
    result = import_object(database, aws.s3, aws.upload(job.object_key, BOOK))
    assert (result.import_id, result.state) == (job.import_id, "completed")
    assert scalar(database, "SELECT count(*) FROM imports") == 1


def test_an_import_whose_file_does_not_come_is_given_up_and_a_late_file_is_another_import(
    aws: Aws, database: Database
) -> None:
    with database.transaction() as tx:
        job = jobs.start(tx.connection, bucket=aws.settings.import_bucket, file_name="book.xlsx", started_by="anyone")
        assert jobs.give_up_waiting(tx.connection, 0, NEVER_ARRIVED) == 0
        tx.commit()
    age(database, WAITING_SECONDS - 60)
    assert give_up_waiting(database) == 0
    age(database, 120)
    assert [give_up_waiting(database), give_up_waiting(database)] == [1, 0]
    result = import_object(database, aws.s3, aws.upload(job.object_key, BOOK))
    assert query(database, "SELECT import_id, state, message FROM imports ORDER BY 1") == [
        (job.import_id, "failed", NEVER_ARRIVED),
        (result.import_id, "completed", None),
    ]


def age(database: Database, seconds: int) -> None:
    """Puts the beginning of all imports back by so long."""
    with database.transaction() as tx:
        statement = "UPDATE imports SET created_at = created_at - make_interval(secs => :seconds)"
        tx.connection.execute(text(statement), {"seconds": seconds})
        tx.commit()


ENDINGS: dict[str, Exception] = {
    "S3 refuses": ClientError({"Error": {"Code": "SlowDown"}}, "PutObject"),
    "S3 is not there": EndpointConnectionError(endpoint_url="http://s3"),
    "the database is away": DatabaseUnavailable("The database cannot be reached."),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_report_that_could_not_be_written_is_written_by_the_next_delivery(
    aws: Aws, database: Database, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    def fail(**_named: object) -> None:
        raise ENDINGS[ending]

    message = ("one", message_for(aws.upload("incoming/book.xlsx", BOOK)))
    with monkeypatch.context() as patch:
        patch.setattr(aws.s3, "put_object", fail)
        for _ in range(2):
            assert import_messages(database, aws.s3, [message]) == ["one"]
    applied = (contents(database), query(database, "SELECT state, report_key, finished_at FROM imports"))
    assert applied[1][0][:2] == ("completed", None)
    assert import_messages(database, aws.s3, [message]) == []
    key = scalar(database, "SELECT report_key FROM imports")
    assert aws.s3.head_object(Bucket=aws.settings.import_bucket, Key=key)["ContentLength"] > 0
    assert (contents(database), scalar(database, "SELECT finished_at FROM imports")) == (applied[0], applied[1][0][2])


def test_a_report_that_cannot_be_written_for_a_fault_of_ours_does_not_bring_the_message_back(
    aws: Aws, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    message = ("one", message_for(aws.upload("incoming/book.xlsx", BOOK)))
    with monkeypatch.context() as patch:
        patch.setattr(aws.s3, "put_object", lambda **_: json.loads("no JSON"))
        assert import_messages(database, aws.s3, [message]) == []
    assert query(database, "SELECT state, report_key FROM imports") == [("completed", None)]
    assert "import_report_failed" in capsys.readouterr().out


def test_a_report_of_a_file_that_was_deleted_meanwhile_is_not_tried_for_ever(aws: Aws, database: Database) -> None:
    reference = aws.upload("incoming/book.xlsx", BOOK)
    assert import_object(database, aws.s3, reference).state == "completed"
    aws.s3.delete_object(Bucket=reference.bucket, Key=reference.key, VersionId=reference.version_id or "")
    assert import_messages(database, aws.s3, [("one", message_for(reference))]) == []


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

# Three versions of one file, told apart as AWS does it, as LocalStack does (one mark for all), and without a mark.
MARKS: dict[str, list[dict[str, Any]]] = {
    "sequencers": [{"sequencer": mark} for mark in ("0055AED6DCD90281E5", "0055aed6dcd90281e6", "0055AED6DCD91")],
    "times": [{"sequencer": "00", "uploaded_at": NOON + timedelta(milliseconds=number)} for number in range(3)],
    "no sequencers": [{"uploaded_at": NOON + timedelta(milliseconds=number)} for number in range(3)],
}


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_versions_of_a_file_delivered_in_any_order_end_as_delivered_in_theirs(
    aws: Aws, database: Database, marks: str, order: tuple[int, ...]
) -> None:
    books = [
        workbook({"C": [CUSTOMER_HEADER, customer(1), customer(2)], "L": [LOAN_HEADER, loan(1, 5), loan(9, 6)]}),
        workbook({"C": [CUSTOMER_HEADER, customer(1, age=50)], "L": [LOAN_HEADER, loan(1, 5, tenure=36)]}),
        # The first version again for customer 1, and nothing that can be used about the loan.
        workbook({"C": [CUSTOMER_HEADER, customer(1), customer(3)], "L": [LOAN_HEADER, loan(1, 5, tenure=0)]}),
    ]
    versions = [
        replace(aws.upload("incoming/book.xlsx", book), **mark) for book, mark in zip(books, MARKS[marks], strict=True)
    ]
    for number in order:
        assert import_object(database, aws.s3, versions[number]).state == "completed"
    assert query(database, "SELECT customer_id, age FROM customers ORDER BY 1") == [(1, 41), (2, 41), (3, 41)]
    assert query(database, "SELECT customer_id, source_loan_id, tenure FROM loans") == [(1, 5, 36)]
    assert query(database, "SELECT customer_id, source_loan_id FROM waiting_loans") == [(9, 6)]


def test_a_row_that_is_left_to_a_newer_version_says_so(aws: Aws, database: Database) -> None:
    older, newer = (
        replace(aws.upload("incoming/book.xlsx", customers_book(*rows)), sequencer=mark)
        for rows, mark in (([customer(1), customer(2)], "01"), ([customer(1, age=50)], "02"))
    )
    import_object(database, aws.s3, newer)
    (sheet,) = import_object(database, aws.s3, older).sheets
    assert (sheet.rows_found, sheet.inserted, sheet.superseded) == (2, 1, 1)
    assert query(database, "SELECT row_number, outcome, code, message FROM import_findings") == [
        (
            2,
            "superseded",
            "newer_version_here",
            "A newer version of this file was imported before; what it says about this customer was kept.",
        )
    ]


def started(database: Database, aws: Aws, file_name: str) -> str:
    """The key of an import that waits for a file of this name."""
    with database.transaction() as tx:
        job = jobs.start(tx.connection, bucket=aws.settings.import_bucket, file_name=file_name, started_by="anyone")
        tx.commit()
    return job.object_key


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_file_of_one_name_is_one_file_however_often_an_import_of_it_is_asked_for(
    aws: Aws, database: Database, order: tuple[int, ...]
) -> None:
    keys = [started(database, aws, "book.xlsx"), started(database, aws, "book.xlsx"), "incoming/book.xlsx"]
    # The form of the first import can be used a second time; that is an import of its own.
    uploads = [
        # Marks of S3 are compared for one key only; those of two say nothing about each other.
        replace(
            aws.upload(key, customers_book(customer(1, age=40 + number), customer(10 + number))),
            sequencer=mark,
            uploaded_at=NOON + timedelta(seconds=number),
        )
        for number, (key, mark) in enumerate(zip([*keys, keys[0]], ("04", "03", "02", "05"), strict=True))
    ]
    for number in order:
        assert import_object(database, aws.s3, uploads[number]).state == "completed"
    assert query(database, "SELECT customer_id, age FROM customers ORDER BY 1") == [
        (1, 43),
        *[(number, 41) for number in range(10, 14)],
    ]


def test_files_of_one_name_in_other_folders_are_other_files(aws: Aws, database: Database) -> None:
    keys = ["incoming/2025/book.xlsx", "incoming/2026/book.xlsx", "seed/book.xlsx", started(database, aws, "book.xlsx")]
    for number, key in enumerate(keys):
        reference = replace(
            aws.upload(key, customers_book(customer(1, age=40 + number))), uploaded_at=NOON - timedelta(hours=number)
        )
        import_object(database, aws.s3, reference)
    assert query(database, "SELECT age FROM customers") == [(43,)]


def test_of_files_with_other_names_the_one_that_is_delivered_last_counts(aws: Aws, database: Database) -> None:
    def book(age: int, tenure: int) -> bytes:
        return workbook({"C": [CUSTOMER_HEADER, customer(1, age=age)], "L": [LOAN_HEADER, loan(1, 7, tenure=tenure)]})

    later = replace(aws.upload("incoming/a.xlsx", book(50, 24)), sequencer="02", uploaded_at=NOON)
    earlier = aws.upload("incoming/b.xlsx", book(40, 12))
    earlier = replace(earlier, sequencer="01", uploaded_at=NOON - timedelta(hours=1))
    for reference in (later, earlier):
        import_object(database, aws.s3, reference)
    assert query(database, "SELECT age, tenure FROM customers JOIN loans USING (customer_id)") == [(40, 12)]


def test_a_file_of_text_is_imported(aws: Aws, database: Database) -> None:
    content = ";".join(LOAN_HEADER) + "\n3;7;1,00,000;24;11.25;4680.50;3;17/05/2023;\n"
    result = import_object(database, aws.s3, aws.upload("incoming/loans.csv", content.encode("utf-8-sig")))
    assert [(sheet.sheet, sheet.waiting) for sheet in result.sheets] == [("csv", 1)]


def test_a_stray_quotation_mark_in_a_file_of_text_writes_nothing(aws: Aws, database: Database) -> None:
    lines = [f"{number},Asha,Menon,41,9812345678,60000,0\n" for number in range(1, 1001)]
    lines[10] = '11,"A,B,41,9812345678,60000,0\n'
    lines[900] = '901,"A",B,41,9812345678,60000,0\n'
    content = ",".join(CUSTOMER_HEADER) + "\n" + "".join(lines)
    result = import_object(database, aws.s3, aws.upload("incoming/customers.csv", content.encode()))
    assert result.state == "failed"
    assert str(result.message).startswith("The row that begins in line 12 of the .csv file cannot be read: ")
    assert contents(database) == {"customers": [], "loans": [], "waiting": []}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (loans_book(), "The sheet loans has its header and no rows"),
        ((",".join(LOAN_HEADER) + "\n").encode(), "The sheet csv has its header and no rows"),
        (
            workbook({"C": [CUSTOMER_HEADER, [None, " "], []], "L": [LOAN_HEADER]}),
            "The sheets C, L have their headers and no",
        ),
    ],
)
def test_a_file_without_any_row_is_a_failed_import(aws: Aws, database: Database, content: bytes, sentence: str) -> None:
    reference = aws.upload("incoming/book", content)
    result = import_object(database, aws.s3, reference)
    assert (result.state, str(result.message)[: len(sentence)]) == ("failed", sentence)
    assert import_object(database, aws.s3, reference).repeated


def test_the_template_as_it_comes_is_a_failed_import(aws: Aws, database: Database) -> None:
    file = BytesIO()
    write_template(file)
    result = import_object(database, aws.s3, aws.upload("incoming/template.xlsx", file.getvalue()))
    assert (result.state, "have their headers and no rows" in str(result.message)) == ("failed", True)
    assert scalar(database, "SELECT count(*) FROM import_findings") == 0


@pytest.mark.parametrize("beside", [[], [LOAN_HEADER]])
def test_an_empty_sheet_beside_a_good_one_does_no_harm(aws: Aws, database: Database, beside: list[Any]) -> None:
    book = workbook({"L": beside, "C": [CUSTOMER_HEADER, customer(1)]})
    result = import_object(database, aws.s3, aws.upload("incoming/book.xlsx", book))
    assert (result.state, result.rows) == ("completed", 1)
    assert {sheet.sheet: sheet.rows_found for sheet in result.sheets} == {"C": 1} | ({"L": 0} if beside else {})


def test_a_waiting_loan_whose_customer_is_here_is_not_taken_for_a_new_one(aws: Aws, database: Database) -> None:
    import_object(database, aws.s3, aws.upload("incoming/l.xlsx", loans_book(loan(1, 5))))
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("INSERT INTO customers VALUES (1, 'A', 'B', 30, '9812345678', 1000, 1000)")
        tx.commit()
    (sheet,) = import_object(database, aws.s3, aws.upload("incoming/m.xlsx", loans_book(loan(1, 5)))).sheets
    assert sheet.unchanged == 1
    assert contents(database)["waiting"] == []
