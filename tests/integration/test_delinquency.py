"""How many loans are how late, and which."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text

from chalicelib.errors import InvalidRequest
from chalicelib.postgres.database import Database
from chalicelib.rules.calendar import add_months
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.rules.servicing.values import Fact, Kind, Terms
from chalicelib.services import delinquency
from chalicelib.services.delinquency import list_late_loans, view_delinquency
from chalicelib.services.servicing import Wanted
from chalicelib.services.servicing_accounts import view_account
from chalicelib.storage import delinquency as stored
from chalicelib.storage.delinquency import Behind
from tests.support.lending import record
from tests.support.loan_lives import START, a_loan, an_imported_loan, receipt, reversal
from tests.support.people import TEST

FIRST_DUE = add_months(START, 1)
BY_CODE = {bucket.code: bucket for bucket in BUCKETS}


def counted(database: Database, as_of: date, today: date | None = None) -> dict[str, tuple[int, int]]:
    """Loans and principal in whole rupees by bucket, of those that have any."""
    seen = view_delinquency(database, as_of, today or as_of)
    assert [each.bucket for each in seen.buckets] == list(BUCKETS)
    return {each.bucket.code: (each.loans, int(each.principal)) for each in seen.buckets if each.loans}


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (0, "STANDARD"),
        (1, "SMA-0"),
        (30, "SMA-0"),
        (31, "SMA-1"),
        (60, "SMA-1"),
        (61, "SMA-2"),
        (90, "SMA-2"),
        (91, "NPA"),
    ],
)
def test_a_loan_grows_late_by_the_day_without_a_write(database: Database, days: int, code: str) -> None:
    loan_id = a_loan(database)
    day = FIRST_DUE + timedelta(days=days)
    assert counted(database, day) == {code: (1, 12_000)}
    assert view_account(database, loan_id, day).account.standing.bucket.code == code
    assert [each.loan.loan_id for each in list_late_loans(database, BY_CODE[code], day, behind=None, limit=10)] == [
        loan_id
    ]


def test_an_npa_stays_one_until_all_arrears_are_paid(database: Database) -> None:
    loan_id = a_loan(database)
    day = FIRST_DUE + timedelta(days=100)
    # Two of four overdue instalments.
    record(database, loan_id, receipt("2132.38"), day, TEST)
    assert list(counted(database, day)) == ["NPA"]
    late = list_late_loans(database, BY_CODE["NPA"], day, behind=None, limit=10)
    assert [(each.standing.bucket.code, each.standing.days_past_due) for each in late] == [("NPA", 39)]
    assert list_late_loans(database, BY_CODE["SMA-1"], day, behind=None, limit=10) == []
    record(database, loan_id, receipt(late[0].standing.overdue), day, TEST)
    assert list(counted(database, day)) == ["STANDARD"]


def test_what_is_over_or_not_serviced_is_not_counted(database: Database) -> None:
    an_imported_loan(database)
    record(database, a_loan(database), receipt("12000", START), FIRST_DUE, TEST)
    record(database, a_loan(database), Wanted(Kind.WRITE_OFF, value_date=START), FIRST_DUE, TEST)
    assert counted(database, FIRST_DUE) == {}


def test_a_day_in_the_past_is_told_by_the_facts_up_to_it(database: Database) -> None:
    today = FIRST_DUE + timedelta(days=100)
    a_loan(database)
    paid = a_loan(database)
    record(database, paid, receipt("13000", today), today, TEST)
    reversed_one = a_loan(database)
    made = record(database, reversed_one, receipt("13000", FIRST_DUE), today, TEST)
    record(database, reversed_one, reversal(made.transaction.number), today, TEST)
    a_loan(database, start=today)
    assert counted(database, FIRST_DUE + timedelta(days=40), today) == {"SMA-1": (3, 36_000)}
    assert counted(database, today) == {"STANDARD": (1, 12_000), "NPA": (2, 24_000)}


def test_a_loan_that_is_paid_while_a_past_day_is_asked_for_is_counted_once(
    database: Database, new_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    today = FIRST_DUE + timedelta(days=100)
    loan_id = a_loan(database)
    other, changed_since = new_database(), stored.changed_since

    def after_a_receipt(connection: Connection, as_of: date, limit: int) -> list[tuple[Terms, list[Fact]]]:
        record(other, loan_id, receipt("100", today), today, TEST)
        return changed_since(connection, as_of, limit)

    monkeypatch.setattr(stored, "changed_since", after_a_receipt)
    assert counted(database, FIRST_DUE, today) == {"STANDARD": (1, 12_000)}


def test_a_day_too_far_in_the_past_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delinquency, "MOST_REPLAYED", 1)
    for _ in range(2):
        a_loan(database)
    with pytest.raises(InvalidRequest, match="ask for a later day"):
        view_delinquency(database, START - timedelta(days=1), START)


def test_a_loan_with_nothing_left_but_charges_is_the_last_of_those_that_are_not_late(database: Database) -> None:
    late = FIRST_DUE + timedelta(days=10)
    loan_ids = [a_loan(database) for _ in range(3)]
    now = a_loan(database, start=late)
    for charged in loan_ids[:2]:
        with database.transaction() as tx:
            # No door sets a penal charge yet.
            changed = 'UPDATE loan_terms SET terms = terms || \'{"penal_charge": "50.00"}\' WHERE loan_id = :id'
            tx.connection.execute(text(changed), {"id": charged})
            tx.commit()
        owed = view_account(database, charged, late).account.standing
        assert owed.charges == 50
        record(database, charged, receipt(owed.principal + owed.interest, late), late, TEST)
    found: list[int] = []
    behind: Behind | None = None
    while page := list_late_loans(database, BY_CODE["STANDARD"], late, behind=behind, limit=1):
        found += [each.loan.loan_id for each in page]
        behind = page[-1].behind
    # The others have fallen due meanwhile, all but one that is made now.
    assert found == [now, *loan_ids[:2]]


def test_what_is_recorded_at_midnight_does_not_break_a_list_that_was_asked_for_before_it(database: Database) -> None:
    loan_id = a_loan(database)
    yesterday, today = FIRST_DUE + timedelta(days=9), FIRST_DUE + timedelta(days=10)
    record(database, loan_id, receipt("100", today), today, TEST)
    (late,) = list_late_loans(database, BY_CODE["SMA-0"], yesterday, behind=None, limit=10)
    assert (late.loan.loan_id, late.standing.as_of) == (loan_id, today)


def test_late_loans_come_in_pages_the_longest_late_first(database: Database) -> None:
    loan_ids = [a_loan(database, start=START + timedelta(days=days)) for days in (5, 3, 3, 1, 0)]
    today = add_months(START, 1) + timedelta(days=20)
    seen: list[int] = []
    behind: Behind | None = None
    while page := list_late_loans(database, BY_CODE["SMA-0"], today, behind=behind, limit=2):
        seen += [each.loan.loan_id for each in page]
        behind = page[-1].behind
        assert {each.loan.phone_number for each in page} == {"9876543210"}
    assert sorted(seen) == sorted(loan_ids)
    with_dates = [view_account(database, loan_id, today).account.standing.unpaid_from for loan_id in seen]
    assert with_dates == sorted(with_dates, key=lambda day: day or date.max)
