"""Every moment of an import, one after the other, and what happens just then: nothing is left half-done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from itertools import count

import pytest

from chalicelib.imports.s3_events import message_for
from chalicelib.postgres.database import Database
from chalicelib.rules.policy import STANDARD_1
from chalicelib.storage.customers import Registration
from tests.support.aws import Aws
from tests.support.imports.contents import query
from tests.support.imports.workers import Killed, Worker
from tests.support.lending import register
from tests.support.people import TEST
from tests.support.workbooks import customer, customers_book, loan, loans_book

PERSON = Registration("Asha", "Rao", 33, "9812345678", Decimal(50000))

Happening = Callable[[], object]


@contextmanager
def new_worker(aws: Aws, name: str) -> Iterator[Worker]:
    worker = Worker(name, aws.settings.database_url, aws.s3)
    try:
        yield worker
    finally:
        worker.close()


def books_delivered(aws: Aws, happenings: Callable[[int, Worker], dict[int, Happening]]) -> Iterator[int]:
    """For each moment, a book whose import is disturbed then and delivered again: the n-th has loan n of customer n.

    Ends after the book whose import was over before its moment came.
    """
    with new_worker(aws, "another-worker") as another:
        for number in count(1):
            message = message_for(aws.upload(f"incoming/{number}.xlsx", loans_book(loan(number, number))))
            with new_worker(aws, "worker") as worker, suppress(Killed):
                worker.deliver(message, happenings(number, worker))
            assert another.deliver(message)
            yield number
            if worker.moments < number:
                return


@pytest.mark.parametrize("happening", [Worker.die, Worker.lose_its_connection])
def test_a_worker_that_is_cut_off_at_any_moment_leaves_an_import_that_another_ends(
    aws: Aws, database: Database, happening: Callable[[Worker], None]
) -> None:
    import_customers(aws, 100)
    loans = []
    for number in books_delivered(aws, lambda moment, worker: {moment: lambda: happening(worker)}):
        loans.append((number, number))
        assert applied_and_waiting(database) == (loans, [])
    assert len(loans) > 20
    counts = "SELECT rows_found, inserted, count(*) FROM import_sheets WHERE kind = 'loans' GROUP BY 1, 2"
    assert query(database, counts) == [(1, 1, len(loans))]


@pytest.mark.parametrize("dies", [False, True])
def test_a_customer_who_registers_at_any_moment_gets_the_loans_that_wait(
    aws: Aws, database: Database, dies: bool
) -> None:
    def happenings(moment: int, worker: Worker) -> dict[int, Happening]:
        happening: dict[int, Happening] = {moment: lambda: register(database, PERSON, STANDARD_1, TEST)}
        return happening | ({moment + 1: worker.die} if dies else {})

    loans = []
    for number in books_delivered(aws, happenings):
        if query(database, f"SELECT 1 FROM customers WHERE customer_id = {number}"):
            loans.append((number, number))
            assert applied_and_waiting(database) == (loans, [])
    assert len(loans) > 20


def import_customers(aws: Aws, how_many: int) -> None:
    book = customers_book(*(customer(number) for number in range(1, how_many + 1)))
    with new_worker(aws, "worker") as worker:
        assert worker.deliver(message_for(aws.upload("incoming/customers.xlsx", book)))


def applied_and_waiting(database: Database) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Customer and number of the loans that are there, and of those that wait."""
    both = "SELECT customer_id, source_loan_id FROM {} ORDER BY 1, 2"
    return query(database, both.format("loans")), query(database, both.format("waiting_loans"))
