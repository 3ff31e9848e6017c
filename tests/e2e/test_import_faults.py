"""What the local stack makes of imports whose worker dies, or whose database is away: late, but right."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from chalicelib.imports.jobs import ImportJob
from chalicelib.imports.merging.locking import MERGE_LOCK
from infra.local.portfolio import imports_of, reading
from infra.local.provision import queue_depths
from infra.local.seeding import Uploaded
from tests.support.large_workbooks import write_quickly
from tests.support.patience import PATIENCE_SECONDS, patiently
from tests.support.settings import PROJECT
from tests.support.stack import Stack, functions_of
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

pytestmark = pytest.mark.e2e

# Three parts of what is read at a time, and a merge that takes most of a second.
CUSTOMERS, LOANS = 2_000, 40_000
MOST_ATTEMPTS = 5  # the queue's maxReceiveCount

BOOK = workbook({"C": [CUSTOMER_HEADER, customer(1), customer(2)], "L": [LOAN_HEADER, loan(1, 7), loan(2, 7)]})


@pytest.fixture
def impatient_stack(empty_stack: Stack) -> Iterator[Stack]:
    """The stack, but a message that was not done with comes again at once, not after minutes."""
    sqs, url = empty_stack.session.client("sqs"), empty_stack.file.import_queue_url
    name = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "1"})
    yield empty_stack
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


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
    impatient_stack: Stack, large_book: Path
) -> None:
    uploaded = impatient_stack.upload(large_book)
    wait_until_rows_are_being_read(impatient_stack)
    kill_the_import(impatient_stack, uploaded)
    wait_until_rows_are_being_merged(impatient_stack)
    kill_the_import(impatient_stack, uploaded)
    counts = impatient_stack.counts()
    assert counts.customers == counts.loans == counts.waiting == 0

    assert_all_is_loaded(impatient_stack, uploaded)


def test_a_database_that_crashes_in_the_middle_of_a_large_load_loses_nothing_of_it(
    impatient_stack: Stack, large_book: Path
) -> None:
    uploaded = impatient_stack.upload(large_book)
    wait_until_rows_are_being_read(impatient_stack)
    with database_away(impatient_stack):
        # Or it could be back before the worker notices.
        wait_for_attempts(impatient_stack, 1, "DatabaseUnavailable")
    assert_all_is_loaded(impatient_stack, uploaded)


def test_an_import_waits_for_a_database_that_is_away_and_is_done_when_it_is_back(
    impatient_stack: Stack, tmp_path: Path
) -> None:
    with database_away(impatient_stack):
        uploaded = upload_book(impatient_stack, tmp_path)
        wait_for_attempts(impatient_stack, 2, "DatabaseUnavailable")
    assert impatient_stack.wait_for_import(uploaded).state == "completed"
    assert impatient_stack.counts().loans == 2
    impatient_stack.wait_until_idle()
    assert queue_depths(impatient_stack.file)["dead"] == 0


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
    sqs, file = impatient_stack.session.client("sqs"), impatient_stack.file
    before = attempts(impatient_stack, "UnknownMessage")
    sqs.send_message(QueueUrl=file.import_queue_url, MessageBody="no notice of S3")
    wait_for_a_dead_letter(impatient_stack)
    assert attempts(impatient_stack, "UnknownMessage") == before + MOST_ATTEMPTS
    command(impatient_stack, "redrive")
    # Its attempts are counted anew; otherwise it would be a dead letter again before any.
    wait_for_attempts(impatient_stack, 1, "UnknownMessage")
    sqs.purge_queue(QueueUrl=file.import_queue_url)


def assert_all_is_loaded(stack: Stack, uploaded: Uploaded) -> None:
    assert stack.wait_for_import(uploaded).state == "completed"
    counts = stack.counts()
    assert (counts.customers, counts.loans, counts.waiting, counts.rejected) == (CUSTOMERS, LOANS, 0, 0)
    assert counts.renumbered == LOANS // 2
    assert accounted_for(stack) == [("Sheet1", CUSTOMERS, CUSTOMERS), ("Sheet2", LOANS, LOANS)]
    stack.wait_until_idle()
    assert queue_depths(stack.file)["dead"] == 0


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


def attempts(stack: Stack, error: str) -> int:
    """How many imports were interrupted by this error since the stack started."""
    log = stack.native.home.logs / "lambda-loans-local-import.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return sum('"import_interrupted"' in line and f'"{error}"' in line for line in lines)


def wait_for_attempts(stack: Stack, more: int, error: str) -> None:
    before = attempts(stack, error)
    for _ in patiently(f"{more} attempts"):
        if attempts(stack, error) >= before + more:
            return


def wait_for_a_dead_letter(stack: Stack) -> None:
    for _ in patiently("a dead letter"):
        if queue_depths(stack.file)["dead"] == 1:
            return


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
