"""How every test of the load goes on and ends, whatever it lets go wrong."""

import time

from sqlalchemy import text

from tests.support.faults.evidence import read_final
from tests.support.faults.history import faults
from tests.support.faults.load import LOANS_A_BOOK, Load
from tests.support.patience import wait_until


def work(load: Load, seconds: float, books: int = 1) -> None:
    """Lets the workers work, with workbooks coming in, and looks whether one is ever half there."""
    for _ in range(books):
        load.import_book(copies=2)
        end = time.monotonic() + seconds / books
        while time.monotonic() < end:
            assert_no_book_is_half_there(load)
            time.sleep(0.1)


def assert_no_book_is_half_there(load: Load) -> None:
    statement = "SELECT customer_id, source_loan_id FROM loans WHERE source_loan_id IS NOT NULL"
    with load.database.reading() as connection:
        there = {tuple(row) for row in connection.execute(text(statement))}
    for book in load.books:
        assert len(there & set(book)) in (0, LOANS_A_BOOK)


def assert_all_is_well(load: Load) -> None:
    """The end of every test: the workers work again, keep one connection each, and the history is possible."""
    load.wait_for_recovery()
    recovered_at = time.monotonic()
    wait_until(load.imports_are_done, "all workbooks are imported")
    load.rest()
    assert_no_connection_leaked(load)
    load.go_on()
    work(load, 0.5)
    wait_until(load.imports_are_done, "the last workbook is imported")
    load.stop()
    wait_until(lambda: load.connections() == [], "the connections of the workers that ended are gone")
    history = load.exchanges()
    assert faults(history, read_final(load.database)) == []
    late = [each for each in history if each.sent_at > recovered_at and each.status == 503]
    assert late == []


def assert_no_connection_leaked(load: Load) -> None:
    states = load.connections()
    assert len(states) <= len(load.workers)
    assert set(states) <= {"idle"}
