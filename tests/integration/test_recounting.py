"""Positions that other rules than today's made: they are made anew, and count for nothing until they are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import text

from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.servicing.position import FOLD_REVISION
from chalicelib.services import servicing_upkeep
from chalicelib.services.servicing_accounts import view_account
from chalicelib.services.servicing_upkeep import recount
from tests.support.aws import Aws
from tests.support.lending import record
from tests.support.loan_lives import (
    a_loan,
    an_imported_loan,
    loan_row,
    opened,
    receipt,
    replayed,
    reversal,
    row,
    stored_position,
)
from tests.support.patience import PATIENCE_SECONDS
from tests.support.people import TEST
from tests.support.workbooks import receipt as receipt_row
from tests.support.workbooks import receipts_book

TODAY = date(2025, 7, 15)


def test_a_position_by_other_rules_is_made_anew_with_what_its_loan_says(database: Database) -> None:
    loan_id = _outdated(database, _paid_once(database))
    assert recount(database, PATIENCE_SECONDS) == 1
    assert stored_position(database, loan_id) == replayed(database, loan_id)
    assert loan_row(database, loan_id) == (1, date(2026, 1, 31))
    told = row(database, "SELECT actor_kind, subject_id, before, after FROM audit_log WHERE action = 'loan_recounted'")
    assert told == ("bootstrap", str(loan_id), {"emis_paid_on_time": 0}, {"emis_paid_on_time": 1})
    assert recount(database, PATIENCE_SECONDS) == 0


def test_a_position_that_comes_to_the_same_leaves_no_trace(database: Database) -> None:
    loan_id = _paid_once(database)
    with database.transaction() as tx:
        tx.connection.execute(text("UPDATE loan_positions SET fold_revision = 0"))
        tx.commit()
    assert recount(database, PATIENCE_SECONDS) == 1
    assert loan_row(database, loan_id) == (1, date(2026, 1, 31))
    assert row(database, "SELECT count(*) FROM audit_log WHERE action = 'loan_recounted'") == (0,)


def test_a_loan_is_read_by_todays_rules_before_its_position_is_made_anew(database: Database) -> None:
    loan_id = _paid_once(database)
    before = view_account(database, loan_id, TODAY).account
    assert view_account(database, _outdated(database, loan_id), TODAY).account == before


def test_a_receipt_is_counted_on_from_what_todays_rules_make(database: Database) -> None:
    loan_id = _outdated(database, _paid_once(database))
    record(database, loan_id, receipt("1066.19", date(2025, 3, 31)), TODAY, TEST)
    assert stored_position(database, loan_id) == replayed(database, loan_id)
    assert loan_row(database, loan_id)[0] == 2
    assert recount(database, PATIENCE_SECONDS) == 0


def test_receipts_of_a_workbook_are_counted_on_from_what_todays_rules_make(aws: Aws, database: Database) -> None:
    loan_id = _outdated(database, _paid_once(database))
    book = receipts_book(receipt_row("UTR-2", loan_id, amount=1066.19, payment_date=date(2025, 3, 31)))
    import_object(database, aws.s3, aws.upload("incoming/r.xlsx", book), today=TODAY)
    assert stored_position(database, loan_id) == replayed(database, loan_id)
    assert loan_row(database, loan_id)[0] == 2
    assert recount(database, PATIENCE_SECONDS) == 0


def test_a_loan_whose_opening_was_reversed_says_what_was_stated_before(database: Database) -> None:
    loan_id = opened(an_imported_loan(database), database)
    record(database, loan_id, reversal(1), TODAY, TEST)
    stated = loan_row(database, loan_id)
    _outdated(database, loan_id, paid=stated[0])
    assert recount(database, PATIENCE_SECONDS) == 1
    assert loan_row(database, loan_id) == stated == (3, date(2026, 1, 31))


def test_every_position_is_made_anew_in_however_many_batches_and_by_however_many_at_once(
    database: Database, new_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servicing_upkeep, "RECOUNTED_AT_ONCE", 3)
    numbers = _loans(database, 10)
    for loan_id in numbers:
        _outdated(database, loan_id)
    with ThreadPoolExecutor(4) as deployers:
        made = list(deployers.map(lambda _: recount(new_database(), PATIENCE_SECONDS), range(4)))
    assert sum(made) == 10
    assert all(stored_position(database, loan_id) == replayed(database, loan_id) for loan_id in numbers)


def test_when_the_time_is_over_the_next_run_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servicing_upkeep, "RECOUNTED_AT_ONCE", 3)
    for loan_id in _loans(database, 5):
        _outdated(database, loan_id)
    assert [recount(database, 0) for _ in range(3)] == [3, 2, 0]


def test_a_loan_of_which_the_rules_refuse_what_was_recorded_is_named(database: Database) -> None:
    loan_id = _outdated(database, _paid_once(database))
    with database.transaction() as tx:
        tx.connection.execute(
            text("""
                INSERT INTO loan_transactions
                    (loan_id, number, kind, intent, amount, value_date, actor_kind, actor_name)
                VALUES (:id, 9, 'receipt', 'instalment', 1, '2024-12-31', 'test', 'test')
            """),
            {"id": loan_id},
        )
        tx.commit()
    with pytest.raises(RuntimeError, match=f"Loan {loan_id} cannot be counted anew: "):
        recount(database, PATIENCE_SECONDS)


def _paid_once(database: Database) -> int:
    loan_id = a_loan(database)
    record(database, loan_id, receipt("1066.19", date(2025, 2, 28)), TODAY, TEST)
    return loan_id


def _loans(database: Database, count: int) -> list[int]:
    return [a_loan(database) for _ in range(count)]


def _outdated(database: Database, loan_id: int, paid: int = 0) -> int:
    """The loan, as if rules that count EMIs paid on time and principal otherwise had made its position."""
    with database.transaction() as tx:
        tx.connection.execute(
            text("""
                UPDATE loan_positions
                SET fold_revision = :before, principal = 1,
                    position = position || '{"principal": 100, "paid_on_time": 0}'
                WHERE loan_id = :id
            """),
            {"id": loan_id, "before": FOLD_REVISION - 1},
        )
        tx.connection.execute(
            text("UPDATE loans SET emis_paid_on_time = :paid WHERE loan_id = :id"), {"id": loan_id, "paid": paid}
        )
        tx.commit()
    return loan_id
