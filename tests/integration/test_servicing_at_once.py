"""Transactions at once: each counts once, whatever else happens beside it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib.errors import LoanError, ReferenceConflict
from chalicelib.postgres.database import Database
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.services import servicing
from chalicelib.services.idempotency import Attempt, Once
from chalicelib.services.servicing import Recorded
from tests.support.lending import Kept, create_loan, record
from tests.support.loan_lives import (
    START,
    a_customer,
    a_loan,
    loan_row,
    receipt,
    replayed,
    reversal,
    row,
    stored_position,
)
from tests.support.people import TEST

TODAY = START + timedelta(days=300)
WORKERS = 8
REQUESTS = 80


def at_once(new_database: Callable[[], Database], work: Callable[[Database, int], object]) -> list[object]:
    """Does it REQUESTS times, WORKERS at once, each on a connection of its own; errors of the domain are results."""
    databases = [new_database() for _ in range(WORKERS)]

    def done(turn: int) -> object:
        try:
            return work(databases[turn % WORKERS], turn)
        except LoanError as error:
            return error

    with ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(done, range(REQUESTS)))


def test_receipts_with_one_reference_are_one(database: Database, new_database: Callable[[], Database]) -> None:
    loan_id = a_loan(database)
    made = at_once(
        new_database, lambda mine, _: record(mine, loan_id, receipt("5", None, None, None, "U"), TODAY, TEST)
    )
    assert sum(isinstance(each, Recorded) and not each.recorded_before for each in made) == 1
    assert all(isinstance(each, Recorded) and each.transaction.number == 2 for each in made)
    assert row(database, "SELECT count(*) FROM loan_transactions") == (2,)


@pytest.mark.parametrize("keyed", [False, True])
def test_one_reference_for_two_loans_is_recorded_for_one_of_them(
    database: Database, new_database: Callable[[], Database], keyed: bool
) -> None:
    loan_ids = a_loan(database), a_loan(database)

    def pay(mine: Database, turn: int) -> Recorded:
        kept = Kept[Recorded]()
        once = Once(Attempt("receipts", f"key {turn}", "a body") if keyed else None, kept)
        servicing.record(mine, loan_ids[turn % 2], receipt("5", reference="U"), today=TODAY, author=TEST, once=once)
        return kept.made[-1]

    made = at_once(new_database, pay)
    assert sum(isinstance(each, Recorded) and not each.recorded_before for each in made) == 1
    assert sum(isinstance(each, ReferenceConflict) for each in made) == REQUESTS // 2
    assert row(database, "SELECT count(*) FROM loan_transactions WHERE kind = 'receipt'") == (1,)


def test_receipts_with_different_references_all_count(database: Database, new_database: Callable[[], Database]) -> None:
    loan_id = a_loan(database)

    def pay(mine: Database, turn: int) -> Recorded:
        day = START + timedelta(days=1 + turn * 7 % 300)
        return record(mine, loan_id, receipt("10", day, reference=f"U-{turn}"), TODAY, TEST)

    made = at_once(new_database, pay)
    assert sorted(each.transaction.number for each in made if isinstance(each, Recorded)) == [*range(2, REQUESTS + 2)]
    position = stored_position(database, loan_id)
    assert position == replayed(database, loan_id)
    assert position
    assert position.interest_taken + 12_000_00 - position.principal == REQUESTS * 10_00


def test_receipts_reversals_and_applications_of_one_customer_do_not_stand_in_each_others_way(
    database: Database, new_database: Callable[[], Database]
) -> None:
    customer_id = a_customer(database)
    loan_id = a_loan(database, customer_id, "1000")
    asked = LoanRequest(Decimal(100), Decimal(20), 12)

    def work(mine: Database, turn: int) -> object:
        if turn % 4 == 0:
            return create_loan(mine, customer_id, asked, STANDARD_1, TODAY, TEST)
        if turn % 4 == 1:
            return record(mine, loan_id, reversal(2 + turn // 4), TODAY, TEST)
        return record(mine, loan_id, receipt("20", START + timedelta(days=turn)), TODAY, TEST)

    outcomes = at_once(new_database, work)
    # A reversal may come before what it reverses, or reverse another; nothing else is refused.
    assert {type(each).__name__ for each in outcomes} <= {
        "Application",
        "Recorded",
        "TransactionNotFound",
        "AlreadyReversed",
        "ReversalOfAReversal",
    }
    assert stored_position(database, loan_id) == replayed(database, loan_id)
    assert loan_row(database, loan_id)[0] == replayed(database, loan_id).paid_on_time


def test_a_reversal_is_recorded_once(database: Database, new_database: Callable[[], Database]) -> None:
    loan_id = a_loan(database)
    record(database, loan_id, receipt("1000"), TODAY, TEST)
    made = at_once(new_database, lambda mine, _: record(mine, loan_id, reversal(2), TODAY, TEST))
    assert sum(isinstance(each, Recorded) for each in made) == 1
    assert {type(each).__name__ for each in made} == {"Recorded", "AlreadyReversed"}
