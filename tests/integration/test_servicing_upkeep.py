"""Loans that were made before their lives were recorded, and loans that outlive their due dates."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, text

from chalicelib.errors import LoanNotServiced
from chalicelib.postgres.database import Database
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.servicing.standing import Status
from chalicelib.rules.servicing.values import Kind
from chalicelib.services import servicing_upkeep
from chalicelib.services.loans import view_loans
from chalicelib.services.opening_books import proposed_row
from chalicelib.services.servicing import Wanted
from chalicelib.services.servicing_accounts import quote_settlement, view_account, view_statement
from chalicelib.services.servicing_lists import loans_of_customer
from chalicelib.services.servicing_upkeep import begin_servicing
from chalicelib.services.statistics import Unopened, count
from chalicelib.storage import loans as stored_loans
from chalicelib.storage import standings, unopened
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.paging import Cursor
from chalicelib.storage.tables import loans
from chalicelib.storage.unopened import MadeHere
from tests.support.lending import record
from tests.support.loan_lives import (
    START,
    a_customer,
    a_loan,
    an_imported_loan,
    loan_row,
    made_before,
    opened,
    receipt,
    replayed,
    reversal,
    row,
    stored_position,
)
from tests.support.people import TEST

TODAY = date(2025, 7, 15)


def test_a_loan_that_was_made_before_is_disbursed_and_what_fell_due_since_is_due(database: Database) -> None:
    loan_id = made_before(database)
    assert begin_servicing(database) == 1
    seen = view_account(database, loan_id, TODAY)
    assert (seen.account.standing.status, seen.account.standing.days_past_due) == (Status.OPEN, 137)
    assert [each.kind for each in seen.transactions] == ["disbursal"]
    assert seen.transactions[0].author.kind == "bootstrap"
    assert stored_position(database, loan_id) == replayed(database, loan_id)
    assert loan_row(database, loan_id) == (0, date(2026, 1, 31))
    assert begin_servicing(database) == 0


def test_a_loan_that_was_made_before_reads_the_same_before_it_is_disbursed(database: Database) -> None:
    loan_id = made_before(database)
    before = view_account(database, loan_id, TODAY), quote_settlement(database, loan_id, TODAY)
    listed = view_loans(database, 1, today=TODAY)
    begin_servicing(database)
    after = view_account(database, loan_id, TODAY), quote_settlement(database, loan_id, TODAY)
    # Nobody had said that it is open.
    assert before[0].loan._replace(is_open=True) == after[0].loan == after[1].loan
    for name in (field.name for field in fields(before[0]) if field.name not in ("loan", "transactions")):
        assert getattr(before[0], name) == getattr(after[0], name)
    assert before[1].settlement == after[1].settlement
    assert view_loans(database, 1, today=TODAY) == listed


def test_a_receipt_disburses_a_loan_that_was_made_before(database: Database) -> None:
    loan_id = made_before(database)
    assert record(database, loan_id, receipt("1066.19", date(2025, 2, 28)), TODAY, TEST).transaction.number == 2
    assert begin_servicing(database) == 0
    assert loan_row(database, loan_id)[0] == 1
    assert stored_position(database, loan_id) == replayed(database, loan_id)


def test_loans_with_a_past_elsewhere_wait_for_their_openings(database: Database) -> None:
    customer_id = a_customer(database)
    imported = an_imported_loan(database, customer_id)
    told_of = made_before(database, customer_id, emis_paid_on_time=5)
    assert begin_servicing(database) == 0
    for loan_id in (imported, told_of):
        assert view_account(database, loan_id, TODAY).account.standing.status is Status.NOT_SERVICED


@pytest.mark.parametrize(("paid", "were"), [(1, "was"), (5, "were")])
def test_a_loan_made_here_of_which_a_workbook_said_that_emis_were_paid_says_what_to_do_first(
    database: Database, paid: int, were: str
) -> None:
    loan_id = made_before(database, emis_paid_on_time=paid)
    asked: list[Callable[[], object]] = [
        lambda: record(database, loan_id, receipt("100"), TODAY, TEST),
        lambda: quote_settlement(database, loan_id, TODAY),
        lambda: view_statement(database, loan_id, since=None, until=TODAY),
    ]
    for ask in asked:
        with pytest.raises(LoanNotServiced) as refused:
            ask()
        assert refused.value.sentence == (
            f"Loan {loan_id} was made here, but a workbook said that {paid} of its instalments {were} paid on time, "
            "and those receipts are not known here. Record its opening first: what was owed on a day."
        )


def test_loans_that_need_an_opening_are_found_and_are_not_any_more_once_they_have_it(database: Database) -> None:
    customer_id = a_customer(database)
    imported = an_imported_loan(database, customer_id, end_date=None)
    an_imported_loan(database, customer_id, source_loan_id=78, end_date=TODAY - timedelta(days=1))
    told_of = made_before(database, customer_id, emis_paid_on_time=5)
    made_before(database, customer_id)
    begin_servicing(database)
    assert count(database, STANDARD_1, TODAY).unopened == Unopened([MadeHere(told_of, customer_id, 5)], 1)
    with database.reading() as connection:
        to_open = unopened.to_open(connection, TODAY, 10)
        assert [loan.loan_id for loan in to_open] == [told_of, imported]
    for loan in to_open:
        assert proposed_row(loan, TODAY)["instalments_left"] == 7
        opened(loan.loan_id, database)
    assert count(database, STANDARD_1, TODAY).unopened == Unopened([], 0)


def test_every_loan_is_disbursed_in_however_many_batches_and_by_however_many_at_once(
    database: Database, new_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servicing_upkeep, "BATCH", 7)
    customer_id = a_customer(database)
    values = {
        "customer_id": customer_id,
        "loan_amount": 1000,
        "tenure": 12,
        "interest_rate": 10,
        "monthly_installment": 90,
        "start_date": START,
    }
    with database.reading() as connection:
        connection.execute(insert(loans), [values] * 50)
    with ThreadPoolExecutor(4) as deployers:
        list(deployers.map(lambda _: begin_servicing(new_database()), range(4)))
    counts = [row(database, f"SELECT count(*) FROM loan_{name}")[0] for name in ("transactions", "terms", "positions")]
    assert counts == [50, 50, 50]


@pytest.mark.parametrize("make", [a_loan, lambda database: opened(an_imported_loan(database), database)])
def test_a_loan_that_is_open_after_its_last_due_date_counts_as_current_whatever_runs_at_midnight(
    database: Database, make: Callable[[Database], int]
) -> None:
    loan_id = make(database)
    before_the_end, long_after = date(2025, 12, 31), date(2027, 3, 1)
    for day in (before_the_end, long_after):
        assert current_principal(database, day) == 12_000
        assert [loan.loan_id for loan in current_loans(database, day)] == [loan_id]
    owed = view_account(database, loan_id, long_after).account.standing.outstanding
    record(database, loan_id, receipt(owed, long_after), long_after, TEST)
    assert current_principal(database, long_after + timedelta(days=1)) == 0
    assert current_loans(database, long_after + timedelta(days=1)) == []
    record(database, loan_id, reversal(2), long_after, TEST)
    assert current_principal(database, long_after + timedelta(days=1)) == 12_000


def test_the_loans_of_a_customer_that_are_open_after_their_last_due_date_come_before_those_that_ended(
    database: Database,
) -> None:
    open_one = a_loan(database)
    ended = an_imported_loan(database, 1, end_date=date(2026, 1, 31))
    found = loans_of_customer(database, 1, date(2027, 3, 1)).loans
    assert [each.loan_id for each in found] == [open_one, ended]


def test_a_loan_that_was_written_off_or_has_no_life_here_is_current_until_its_end_date(database: Database) -> None:
    an_imported_loan(database)
    record(database, a_loan(database, 1), Wanted(Kind.WRITE_OFF, value_date=START), START, TEST)
    assert current_principal(database, START) == 24_000
    assert current_principal(database, date(2026, 1, 31)) == 12_000
    assert current_principal(database, date(2026, 2, 1)) == 0


def test_a_loan_that_was_made_before_is_current_after_its_due_dates_once_it_is_disbursed(database: Database) -> None:
    made_before(database)
    begin_servicing(database)
    assert current_principal(database, date(2030, 1, 1)) == 12_000


def current_principal(database: Database, day: date) -> Decimal:
    with database.reading() as connection:
        facts = stored_loans.facts(connection, 1, day)
    assert facts
    return facts.current_principal


def current_loans(database: Database, day: date) -> list[LoanOnRecord]:
    with database.reading() as connection:
        current = [loan for loan, _ in standings.listed(connection, today=day, cursor=Cursor(20), current=True).rows]
        ended = [loan for loan, _ in standings.listed(connection, today=day, cursor=Cursor(20), current=False).rows]
    assert all(loan.is_current(day) for loan in current)
    assert not any(loan.is_current(day) for loan in ended)
    return list(current)


def test_the_release_before_may_go_on_making_loans(database: Database) -> None:
    """It knows nothing of disbursals; whoever comes first disburses its loans."""
    customer_id = a_customer(database)
    a_loan(database, customer_id)
    made_before(database, customer_id)
    assert begin_servicing(database) == 1
    with database.reading() as connection:
        counted = connection.execute(text("SELECT count(*) FROM loan_positions")).scalar_one()
    assert counted == 2
