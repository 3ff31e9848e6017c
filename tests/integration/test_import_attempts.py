"""A file that kills whoever reads it: it ends as a failed import, and an import that goes on is not taken for one."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from sqlalchemy import text

from bench.file_store import FileStore
from chalicelib.imports.attempts import FORGOTTEN, KILLED
from chalicelib.imports.reading.processor_budget import processor_budget, reading_seconds, size_of
from chalicelib.imports.reading.sheets import FileRefused
from chalicelib.imports.reading.workbook import read_workbook
from chalicelib.imports.running import give_up_dead, import_object
from chalicelib.imports.s3_events import ObjectReference
from chalicelib.postgres.database import Database
from tests.support.imports.contents import query
from tests.support.imports.dying_worker import import_and_die
from tests.support.patience import PATIENCE_SECONDS
from tests.support.processes import started
from tests.support.settings import PROJECT
from tests.support.workbooks import customer, customers_book

REFERENCE = ObjectReference("bench", "incoming/poison.xlsx", "1")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    path.write_bytes(customers_book(customer(1)))
    return path


@pytest.fixture
def die(database_url: str, book: Path, tmp_path: Path) -> Callable[..., int]:
    def run(way: str, seconds: float = 0.0) -> int:
        process = started(tmp_path / "log", {}, import_and_die, database_url, book, way, seconds)
        process.join(PATIENCE_SECONDS)
        assert process.exitcode is not None, (tmp_path / "log").read_text()
        return process.exitcode

    return run


def deliver(database: Database, book: Path) -> Any:
    store: Any = FileStore(book)
    return import_object(database, store, REFERENCE)


@pytest.mark.parametrize(("way", "code"), [("killed", -9), ("aborted", -6)])
def test_a_file_that_killed_its_reader_twice_fails_unread_at_the_third_delivery(
    database: Database, book: Path, die: Callable[..., int], way: str, code: int
) -> None:
    assert die(way) == code
    assert query(database, "SELECT state, attempts FROM imports") == [("running", 1)]
    assert die(way) == code
    result = deliver(database, book)
    assert (result.state, result.message) == ("failed", KILLED)
    assert query(database, "SELECT count(*) FROM customers") == [(0,)]
    assert deliver(database, book).repeated


def test_a_file_whose_reader_died_once_is_read_again(database: Database, book: Path, die: Callable[..., int]) -> None:
    die("killed")
    assert deliver(database, book).state == "completed"


def test_a_file_that_killed_its_reader_twice_ends_without_a_further_delivery(
    database: Database, die: Callable[..., int]
) -> None:
    die("killed")
    assert give_up_dead(database) == []
    die("killed")
    (failed,) = give_up_dead(database)
    assert query(database, "SELECT import_id, state, message FROM imports") == [(failed, "failed", KILLED)]


def test_a_worker_that_may_still_be_at_work_is_not_taken_for_dead(
    database: Database, book: Path, die: Callable[..., int]
) -> None:
    die("killed", 600)
    die("killed", 600)
    assert give_up_dead(database) == []
    assert deliver(database, book).state == "completed"


def test_an_import_that_nobody_goes_on_with_does_not_run_for_ever(database: Database, die: Callable[..., int]) -> None:
    die("killed")
    with database.reading() as connection:
        connection.execute(text("UPDATE imports SET attempt_ends_at = now() - interval '16 days'"))
    assert len(give_up_dead(database)) == 1
    assert query(database, "SELECT state, message FROM imports") == [("failed", FORGOTTEN)]


class UnreachableS3:
    """S3 that answers nothing."""

    def get_object(self, **_: object) -> None:
        raise ConnectionError("away")


def test_an_attempt_that_stops_by_itself_does_not_count(database: Database, book: Path) -> None:
    unreachable: Any = UnreachableS3()
    for _ in range(3):
        with pytest.raises(Exception, match="away"):
            import_object(database, unreachable, REFERENCE, lambda: 0.0)
    assert query(database, "SELECT state, attempts FROM imports") == [("running", 0)]
    assert deliver(database, book).state == "completed"


def spin() -> None:
    while True:
        pass


def test_a_reader_that_spins_is_ended_with_a_sentence() -> None:
    with pytest.raises(FileRefused, match="processor time"), processor_budget(0.2):
        spin()


def test_a_reader_that_spins_in_c_and_hears_no_signal_is_ended_by_the_system() -> None:
    # One call of OpenSSL that takes minutes; an operation of Python's own, such as pow, looks for signals.
    program = """
from hashlib import pbkdf2_hmac
from chalicelib.imports.reading.processor_budget import processor_budget
with processor_budget(0.2):
    pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=False, capture_output=True)
    assert done.returncode == -signal.SIGVTALRM


def test_a_reader_that_never_comes_back_to_its_thread_is_ended_by_the_system() -> None:
    program = """
from chalicelib.imports.reading.sheet_parts import ahead
def parts():
    yield 1
    while True:
        pass
list(ahead(parts(), 0.2))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=False, capture_output=True)
    assert done.returncode == -signal.SIGVTALRM


def test_a_budget_goes_on_after_another_inside_of_it() -> None:
    def spin_after_another() -> None:
        with processor_budget(100):
            pass
        spin()

    with pytest.raises(FileRefused, match="more than 0 s"), processor_budget(0.2):
        spin_after_another()


def test_the_budget_grows_with_the_file_and_is_gone_afterwards() -> None:
    assert reading_seconds(2 * 10**8) > 10 * reading_seconds(1000)
    with processor_budget(0.05):
        pass
    sum(range(5 * 10**6))


def armed() -> tuple[object, ...]:
    """The timers of the processor's time, and who is told of their end."""
    timers, signals = (signal.ITIMER_PROF, signal.ITIMER_VIRTUAL), (signal.SIGPROF, signal.SIGVTALRM)
    return (*map(signal.getitimer, timers), *map(signal.getsignal, signals))


def test_no_timer_is_left_in_the_process_once_a_file_was_read_or_given_up() -> None:
    before = armed()
    assert before[:2] == ((0.0, 0.0), (0.0, 0.0))
    content = customers_book(*(customer(number) for number in range(1, 20_000)))
    with TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        with processor_budget(reading_seconds(size_of(file))):
            (sheet,) = read_workbook(file)
        rows = sheet.rows()
        seen = {armed() for _ in rows}
        # Whoever has seen enough asks for no more.
        next(sheet.rows())
    with pytest.raises(FileRefused), processor_budget(60):
        read_workbook(BytesIO(content[: len(content) // 2]))
    assert seen | {armed()} == {before}


def test_a_thread_reads_without_a_budget_because_signals_go_to_the_main_one() -> None:
    entered = []

    def read() -> None:
        with processor_budget(1):
            entered.append(True)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert entered
