"""What the local stack makes of imports whose worker dies, or whose database is away: late, but right."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from chalicelib.imports.jobs import ImportJob
from chalicelib.imports.merging.locking import MERGE_LOCK
from infra.local.portfolio import imports_of, reading
from infra.local.seeding import Uploaded
from tests.support.large_workbooks import write_quickly
from tests.support.patience import PATIENCE_SECONDS, patiently, wait_until
from tests.support.settings import PROJECT
from tests.support.stack import Stack, functions_of
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

pytestmark = pytest.mark.e2e

# Three parts of what is read at a time.
CUSTOMERS, LOANS = 2_000, 40_000
MOST_ATTEMPTS = 5  # the queue's maxReceiveCount
AWAY, UNKNOWN = "DatabaseUnavailable", "UnknownMessage"

BOOK = workbook({"C": [CUSTOMER_HEADER, customer(1), customer(2)], "L": [LOAN_HEADER, loan(1, 7), loan(2, 7)]})


@pytest.fixture
def impatient_stack(empty_stack: Stack) -> Iterator[Stack]:
    """The stack, but a message that was not done with comes again at once, not after minutes."""
    with import_queue(empty_stack, VisibilityTimeout="1"):
        yield empty_stack


@pytest.fixture
def persistent_stack(impatient_stack: Stack) -> Iterator[Stack]:
    """The impatient stack, which goes on until it succeeds: five attempts may be over before a database is back."""
    policy = json.loads(attributes(impatient_stack, "RedrivePolicy")["RedrivePolicy"])
    with import_queue(impatient_stack, RedrivePolicy=json.dumps(policy | {"maxReceiveCount": 1000})):
        yield impatient_stack


@contextmanager
def import_queue(stack: Stack, **values: str) -> Iterator[None]:
    """The import queue with other values of its attributes while the block lasts."""
    sqs, url = stack.client("sqs"), stack.file.import_queue_url
    before = attributes(stack, *values)
    sqs.set_queue_attributes(QueueUrl=url, Attributes=values)
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def attributes(stack: Stack, *names: str) -> Mapping[str, str]:
    sqs, url = stack.client("sqs"), stack.file.import_queue_url
    found: Mapping[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return found


@pytest.fixture(scope="module")
def large_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("books") / "large.xlsx"
    # Every loan number is claimed by two customers, so that it matters which of them was first.
    loans = (loan(1 + row % CUSTOMERS, 1 + row // 2, start_date=45000, end_date=45700) for row in range(LOANS))
    write_quickly(
        path,
        [
            [CUSTOMER_HEADER, *(customer(number) for number in range(1, CUSTOMERS + 1))],
            chain([LOAN_HEADER], loans),
        ],
    )
    return path


def test_a_large_load_whose_worker_is_killed_again_and_again_ends_as_if_it_never_was(
    persistent_stack: Stack, large_book: Path
) -> None:
    with no_loan_written(persistent_stack):
        uploaded = persistent_stack.upload(large_book)
        wait_until_rows_are_being_read(persistent_stack)
        kill_the_import(persistent_stack, uploaded)
        wait_until_rows_are_being_merged(persistent_stack)
        kill_the_import(persistent_stack, uploaded)
        counts = persistent_stack.counts()
    assert counts.customers == counts.loans == counts.waiting == 0

    assert_all_is_loaded(persistent_stack, uploaded)


def test_a_database_that_crashes_in_the_middle_of_a_large_load_loses_nothing_of_it(
    persistent_stack: Stack, large_book: Path
) -> None:
    before = attempts(persistent_stack, AWAY)
    with no_loan_written(persistent_stack):
        uploaded = persistent_stack.upload(large_book)
        wait_until_rows_are_being_read(persistent_stack)
        with database_away(persistent_stack):
            # Or it could be back before the worker notices.
            wait_for_attempts(persistent_stack, before + 1, AWAY)
    assert_all_is_loaded(persistent_stack, uploaded)


def test_an_import_waits_for_a_database_that_is_away_and_is_done_when_it_is_back(
    persistent_stack: Stack, tmp_path: Path
) -> None:
    before = attempts(persistent_stack, AWAY)
    with database_away(persistent_stack):
        uploaded = upload_book(persistent_stack, tmp_path)
        wait_for_attempts(persistent_stack, before + 2, AWAY)
    assert persistent_stack.wait_for_import(uploaded).state == "completed"
    assert persistent_stack.counts().loans == 2
    persistent_stack.wait_until_idle()
    assert persistent_stack.depths()["dead"] == 0


def test_an_import_that_failed_too_often_is_shown_put_back_and_done(impatient_stack: Stack, tmp_path: Path) -> None:
    assert "nothing to put back" in command(impatient_stack, "redrive")
    with database_away(impatient_stack):
        uploaded = upload_book(impatient_stack, tmp_path)
        wait_for_a_dead_letter(impatient_stack)
    assert "1 in the dead-letter queue" in command(impatient_stack, "status")
    assert import_of(impatient_stack, uploaded) is None

    assert "1 message is back in the import queue" in command(impatient_stack, "redrive")
    assert impatient_stack.wait_for_import(uploaded).state == "completed"
    assert impatient_stack.counts().loans == 2
    impatient_stack.wait_until_idle()
    assert "0 in the dead-letter queue" in command(impatient_stack, "status")


def test_a_message_that_nobody_understands_ends_there_and_is_tried_again_when_put_back(impatient_stack: Stack) -> None:
    sqs, file = impatient_stack.client("sqs"), impatient_stack.file
    before = attempts(impatient_stack, UNKNOWN)
    sqs.send_message(QueueUrl=file.import_queue_url, MessageBody="no notice of S3")
    wait_for_a_dead_letter(impatient_stack)
    # The last may still be at work: the message is hidden for a second, which an attempt may take.
    wait_for_attempts(impatient_stack, before + MOST_ATTEMPTS, UNKNOWN)
    assert attempts(impatient_stack, UNKNOWN) == before + MOST_ATTEMPTS
    command(impatient_stack, "redrive")
    # Its attempts are counted anew; otherwise it would be a dead letter again before any.
    wait_for_attempts(impatient_stack, before + MOST_ATTEMPTS + 1, UNKNOWN)
    sqs.purge_queue(QueueUrl=file.import_queue_url)


def assert_all_is_loaded(stack: Stack, uploaded: Uploaded) -> None:
    assert stack.wait_for_import(uploaded).state == "completed"
    counts = stack.counts()
    assert (counts.customers, counts.loans, counts.waiting, counts.rejected) == (CUSTOMERS, LOANS, 0, 0)
    assert counts.renumbered == LOANS // 2
    assert accounted_for(stack) == [("Sheet1", CUSTOMERS, CUSTOMERS), ("Sheet2", LOANS, LOANS)]
    stack.wait_until_idle()
    assert stack.depths()["dead"] == 0


def upload_book(stack: Stack, folder: Path) -> Uploaded:
    path = folder / "book.xlsx"
    path.write_bytes(BOOK)
    return stack.upload(path)


@contextmanager
def database_away(stack: Stack) -> Iterator[None]:
    stack.native.postgres.stop("immediate")
    try:
        yield
    finally:
        stack.native.postgres.start()


@contextmanager
def no_loan_written(stack: Stack) -> Iterator[None]:
    """Has every merge wait while the block lasts, or the import could be done before something happens to it."""
    url = stack.file.database_url.replace("postgresql:", "postgresql+pg8000:")
    connection = create_engine(url, poolclass=NullPool).connect()
    try:
        connection.execute(text("LOCK TABLE loans IN SHARE MODE"))
        yield
    finally:
        # A database that crashed has ended the transaction itself.
        with suppress(DBAPIError):
            connection.close()


def attempts(stack: Stack, error: str) -> int:
    """How many imports were interrupted by this error since the stack started."""
    log = stack.native.home.logs / "lambda-loans-local-import.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return sum('"import_interrupted"' in line and f'"{error}"' in line for line in lines)


def wait_for_attempts(stack: Stack, count: int, error: str) -> None:
    wait_until(lambda: attempts(stack, error) >= count, f"{count} attempts")


def wait_for_a_dead_letter(stack: Stack) -> None:
    wait_until(lambda: stack.depths()["dead"] == 1, "a dead letter")


def import_of(stack: Stack, uploaded: Uploaded) -> ImportJob | None:
    with reading(stack.file.database_url) as connection:
        found = imports_of(connection, [(uploaded.key, uploaded.version)])
    return found[0] if found else None


def wait_until_rows_are_being_read(stack: Stack) -> None:
    wait_for_a_row(stack, "SELECT 1 FROM imports WHERE state = 'running' AND rows_read > 0", "the first rows")


def wait_until_rows_are_being_merged(stack: Stack) -> None:
    held = f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = {MERGE_LOCK}"
    wait_for_a_row(stack, held, "the merge")


def wait_for_a_row(stack: Stack, statement: str, what: str) -> None:
    with reading(stack.file.database_url) as connection:
        for _ in patiently(what, pause_seconds=0.02):
            if connection.execute(text(statement)).first():
                return


def kill_the_import(stack: Stack, uploaded: Uploaded) -> None:
    """Ends the processes of the import function as kill -9 does, while they are at work."""
    workers = [process for process in functions_of(stack) if is_import(process)]
    assert workers
    for process in workers:
        process.kill()
    psutil.wait_procs(workers, timeout=PATIENCE_SECONDS)
    found = import_of(stack, uploaded)
    assert found
    assert found.state == "running"


def is_import(process: psutil.Process) -> bool:
    return str(process.environ().get("AWS_LAMBDA_FUNCTION_NAME")) == "loans-local-import"


def accounted_for(stack: Stack) -> list[tuple[str, int, int]]:
    """Rows found and rows whose fate is told, by sheet."""
    told = "inserted + updated + unchanged + superseded + waiting + rejected"
    statement = f"SELECT sheet, rows_found, {told} FROM import_sheets ORDER BY sheet"
    with reading(stack.file.database_url) as connection:
        return [(sheet, found, sum_) for sheet, found, sum_ in connection.execute(text(statement))]


def command(stack: Stack, name: str) -> str:
    """What a command of the Makefile says about this stack."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.local", "--state", str(stack.native.home.folder), name],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "LAUNCHER": "native"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
