"""A loan lives on: what is recorded of it, what is refused, and what the loan says of itself afterwards."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chalicelib import errors
from chalicelib.errors import InvalidRequest, LoanError, ReferenceConflict
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Scope
from chalicelib.rules.calendar import add_months
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.servicing.refusals import Code, Refused
from chalicelib.rules.servicing.standing import Status
from chalicelib.rules.servicing.values import Effect, Intent, Kind
from chalicelib.services import loans
from chalicelib.services.idempotency import Attempt, Once
from chalicelib.services.servicing import Recorded, Wanted, WantedOpening, preview
from chalicelib.services.servicing import record as record_once
from chalicelib.services.servicing_accounts import (
    compare_prepayments,
    propose,
    quote_settlement,
    view_account,
    view_statement,
)
from chalicelib.services.servicing_refusals import error_of
from tests.support.lending import create_loan, record
from tests.support.loan_lives import (
    START,
    a_customer,
    a_loan,
    an_imported_loan,
    loan_row,
    receipt,
    replayed,
    reversal,
    row,
    stored_position,
)
from tests.support.people import TEST

# The EMI of 12,000 at 12% over 12 months.
EMI = "1066.19"
DUE = [add_months(START, month) for month in range(13)]
TODAY = date(2025, 7, 15)


def test_a_loan_is_disbursed_with_its_application(database: Database) -> None:
    loan_id = a_loan(database)
    seen = view_account(database, loan_id, START)
    assert [(each.number, each.kind, each.amount, each.value_date) for each in seen.transactions] == [
        (1, Kind.DISBURSAL, Decimal("12000.00"), START)
    ]
    assert seen.transactions[0].author == TEST
    assert (seen.account.standing.status, seen.account.standing.outstanding) == (Status.OPEN, Decimal(12_000))
    assert stored_position(database, loan_id) == replayed(database, loan_id)
    assert loan_row(database, loan_id) == (0, date(2026, 1, 31))


def test_a_refused_application_disburses_nothing(database: Database) -> None:
    customer_id = a_customer(database)
    asked = LoanRequest(Decimal(90_000_000), Decimal(12), 12)
    assert create_loan(database, customer_id, asked, STANDARD_1, START, TEST).loan_id is None
    for table in ("loan_transactions", "loan_terms", "loan_positions"):
        assert row(database, f"SELECT count(*) FROM {table}") == (0,)


def test_a_receipt_on_its_due_date_is_an_instalment_paid_on_time(database: Database) -> None:
    loan_id = a_loan(database)
    made = record(database, loan_id, receipt(EMI, DUE[1]), TODAY, TEST)
    assert made.split
    assert (made.split.interest, made.split.principal) == (Decimal("120.00"), Decimal("946.19"))
    assert (made.transaction.number, made.transaction.intent) == (2, Intent.INSTALMENT)
    assert loan_row(database, loan_id)[0] == 1
    assert stored_position(database, loan_id) == replayed(database, loan_id)


def test_a_receipt_of_today_has_today_as_its_value_date(database: Database) -> None:
    loan_id = a_loan(database)
    assert record(database, loan_id, receipt(EMI), DUE[1], TEST).transaction.value_date == DUE[1]


def test_a_late_receipt_is_not_paid_on_time_and_a_backdated_one_mends_it(database: Database) -> None:
    loan_id = a_loan(database)
    late = record(database, loan_id, receipt(EMI, DUE[2]), TODAY, TEST)
    assert loan_row(database, loan_id)[0] == 0
    assert late.standing.unpaid_from == DUE[2]
    record(database, loan_id, receipt(EMI, DUE[1]), TODAY, TEST)
    assert loan_row(database, loan_id)[0] == 2
    assert stored_position(database, loan_id) == replayed(database, loan_id)


def test_a_reversal_is_as_if_it_had_never_been_recorded(database: Database) -> None:
    loan_id = a_loan(database)
    before = stored_position(database, loan_id), loan_row(database, loan_id)
    made = record(database, loan_id, receipt(EMI, DUE[1]), TODAY, TEST)
    undone = record(database, loan_id, reversal(made.transaction.number), TODAY, TEST)
    assert (undone.transaction.amount, undone.split) == (Decimal(EMI), None)
    assert (stored_position(database, loan_id), loan_row(database, loan_id)) == before


def test_a_settlement_closes_and_its_reversal_reopens(database: Database) -> None:
    loan_id = a_loan(database)
    day = DUE[1] + timedelta(days=3)
    record(database, loan_id, receipt(EMI, DUE[1]), TODAY, TEST)
    quoted = quote_settlement(database, loan_id, day).settlement
    settled = record(database, loan_id, receipt(quoted.total, day, Intent.SETTLEMENT), TODAY, TEST)
    assert (settled.standing.status, settled.standing.outstanding) == (Status.CLOSED, Decimal(0))
    assert loan_row(database, loan_id) == (12, day)
    assert loans.view_loans(database, 1, today=TODAY)[0].repayments_left == 0
    record(database, loan_id, reversal(settled.transaction.number), TODAY, TEST)
    assert view_account(database, loan_id, day).account.standing.status is Status.OPEN
    assert loan_row(database, loan_id) == (1, date(2026, 1, 31))


def test_a_quote_of_a_day_in_the_past_knows_nothing_later(database: Database) -> None:
    loan_id = a_loan(database)
    on_due_date = quote_settlement(database, loan_id, DUE[1]).settlement.total
    record(database, loan_id, receipt(EMI, DUE[2]), TODAY, TEST)
    assert quote_settlement(database, loan_id, DUE[1]).settlement.total == on_due_date == Decimal("12120.00")


@pytest.mark.parametrize("day", [START - timedelta(days=1), date.max, date(2200, 1, 1)])
def test_a_day_that_no_loan_has_is_told_as_the_field(database: Database, day: date) -> None:
    loan_id = a_loan(database)
    with pytest.raises(InvalidRequest) as refused:
        quote_settlement(database, loan_id, day)
    assert list(refused.value.fields) == ["on"]
    with pytest.raises(InvalidRequest) as refused:
        compare_prepayments(database, loan_id, Decimal(5000), on=day)
    assert list(refused.value.fields) == ["on"]
    if day > TODAY:
        with pytest.raises(InvalidRequest):
            view_account(database, loan_id, day)
        with pytest.raises(InvalidRequest):
            view_statement(database, loan_id, since=None, until=day)


def test_money_that_is_left_over_can_be_refunded(database: Database) -> None:
    loan_id = a_loan(database)
    made = record(database, loan_id, receipt("12130", DUE[1]), TODAY, TEST)
    assert made.standing.credit == 10
    refunded = record(database, loan_id, Wanted(Kind.REFUND, Decimal(10), DUE[2]), TODAY, TEST)
    assert (refunded.standing.credit, refunded.standing.status) == (Decimal(0), Status.CLOSED)
    with pytest.raises(errors.RefundAboveCredit) as refused:
        record(database, loan_id, Wanted(Kind.REFUND, Decimal(1), DUE[2]), TODAY, TEST)
    assert refused.value.figures == {"amount": 1, "credit": 0}


def test_what_is_waived_and_written_off_is_owed_no_more(database: Database) -> None:
    loan_id = a_loan(database)
    waived = record(database, loan_id, Wanted(Kind.WAIVER, Decimal(120), DUE[1], Intent.INTEREST), TODAY, TEST)
    assert waived.split
    assert waived.split.interest == 120
    written_off = record(database, loan_id, Wanted(Kind.WRITE_OFF, value_date=DUE[1]), TODAY, TEST)
    assert written_off.transaction.amount == 12_000
    assert written_off.standing.status is Status.WRITTEN_OFF
    assert loan_row(database, loan_id)[1] == DUE[1]
    with pytest.raises(errors.LoanWrittenOff):
        record(database, loan_id, receipt(EMI, DUE[2]), TODAY, TEST)


def test_both_effects_of_a_prepayment_are_compared_as_they_would_be_recorded(database: Database) -> None:
    loan_id = a_loan(database)
    record(database, loan_id, receipt(EMI, DUE[1]), DUE[1], TEST)
    compared = compare_prepayments(database, loan_id, Decimal(5000), on=DUE[1])
    wanted = receipt("5000", DUE[1], Intent.PREPAYMENT, Effect.LOWER_INSTALMENT)
    seen = preview(database, loan_id, wanted, today=DUE[1])
    assert seen.split == compared.lower_instalment.split
    made = record(database, loan_id, wanted, DUE[1], TEST)
    assert replace(made, transaction=seen.transaction) == seen
    assert made.standing.next_instalment
    assert made.standing.next_instalment.amount == compared.lower_instalment.prospect.instalment < Decimal(EMI)


@pytest.mark.parametrize("effect", Effect)
def test_a_second_prepayment_of_a_day_is_compared_as_it_would_be_recorded(database: Database, effect: Effect) -> None:
    loan_id = a_loan(database)
    # On a day on which interest is owed, and less is paid than that.
    first = receipt("20", DUE[1] - timedelta(days=9), Intent.PREPAYMENT, Effect.LOWER_INSTALMENT)
    record(database, loan_id, first, DUE[1], TEST)
    compared = compare_prepayments(database, loan_id, Decimal(5000), on=DUE[1] - timedelta(days=9))
    told = compared.shorter_tenure if effect is Effect.SHORTER_TENURE else compared.lower_instalment
    wanted = receipt("5000", DUE[1] - timedelta(days=9), Intent.PREPAYMENT, effect)
    made = record(database, loan_id, wanted, DUE[1] - timedelta(days=9), TEST)
    assert (made.split, made.standing.end_date) == (told.split, told.prospect.end_date)
    assert made.standing.next_instalment
    assert made.standing.next_instalment.amount == told.prospect.instalment < Decimal(EMI)
    assert told.interest_saved > 0


def test_a_preview_records_nothing(database: Database) -> None:
    loan_id = a_loan(database)
    seen = preview(database, loan_id, receipt(EMI, DUE[1]), today=TODAY)
    assert seen.split
    assert seen.split.principal == Decimal("946.19")
    assert row(database, "SELECT count(*) FROM loan_transactions") == (1,)


def test_an_imported_loan_is_opened_as_proposed_and_goes_on_from_there(database: Database) -> None:
    loan_id = an_imported_loan(database)
    assert view_account(database, loan_id, DUE[4]).account.standing.status is Status.NOT_SERVICED
    with pytest.raises(errors.LoanNotServiced, match="opening first"):
        record(database, loan_id, receipt(EMI, DUE[4]), TODAY, TEST)
    with pytest.raises(errors.LoanNotServiced):
        quote_settlement(database, loan_id, DUE[4])
    proposed = propose(database, loan_id, DUE[4], paid=3)
    opening = proposed.fact.opening
    assert opening
    assert (opening.emis_paid_on_time, opening.first_unpaid_due_date) == (3, DUE[4])
    told = WantedOpening(opening.interest_due, opening.first_unpaid_due_date, opening.instalments_left)
    record(database, loan_id, Wanted(Kind.OPENING, proposed.fact.amount, DUE[4], opening=told), TODAY, TEST)
    assert loan_row(database, loan_id)[0] == 3
    assert loans.view_loans(database, 1, today=TODAY)[0].repayments_left == 9
    record(database, loan_id, receipt(EMI, DUE[4]), TODAY, TEST)
    assert loan_row(database, loan_id)[0] == 4
    assert stored_position(database, loan_id) == replayed(database, loan_id)
    with pytest.raises(errors.LoanAlreadyServiced):
        propose(database, loan_id, DUE[4])


def test_an_opening_that_is_reversed_leaves_the_loan_as_the_workbook_had_it(database: Database) -> None:
    loan_id = an_imported_loan(database, end_date=None)
    told = WantedOpening(Decimal(0), DUE[4], 9)
    made = record(database, loan_id, Wanted(Kind.OPENING, Decimal(9000), DUE[3], opening=told), TODAY, TEST)
    assert loan_row(database, loan_id) == (3, DUE[12])
    record(database, loan_id, reversal(made.transaction.number), TODAY, TEST)
    assert loan_row(database, loan_id) == (3, None)
    assert loans.view_loans(database, 1, today=TODAY)[0].repayments_left == 9
    with pytest.raises(errors.LoanNotServiced):
        record(database, loan_id, receipt(EMI, DUE[4]), TODAY, TEST)
    again = record(database, loan_id, Wanted(Kind.OPENING, Decimal(8000), DUE[3], opening=told), TODAY, TEST)
    assert (again.transaction.number, again.standing.principal) == (3, Decimal(8000))
    assert stored_position(database, loan_id) == replayed(database, loan_id)


def test_an_opening_that_leaves_more_than_was_stated_counts_on_from_what_it_leaves(database: Database) -> None:
    loan_id = an_imported_loan(database)
    told = WantedOpening(Decimal(0), DUE[2], 11)
    made = record(database, loan_id, Wanted(Kind.OPENING, Decimal(11_000), DUE[1], opening=told), TODAY, TEST)
    assert loan_row(database, loan_id)[0] == 1
    settled = record(database, loan_id, receipt("11000", DUE[1], Intent.SETTLEMENT), TODAY, TEST)
    assert loan_row(database, loan_id)[0] == 12
    for number in (settled.transaction.number, made.transaction.number):
        record(database, loan_id, reversal(number), TODAY, TEST)
    assert loan_row(database, loan_id)[0] == 3


def test_what_makes_no_sense_names_its_field_and_leaves_nothing(database: Database) -> None:
    loan_id = a_loan(database)
    bad = {
        "amount": [receipt("0"), receipt("-1"), receipt("1.001"), Wanted(Kind.RECEIPT)],
        "value_date": [receipt("1", TODAY + timedelta(days=1)), receipt("1", START - timedelta(days=1))],
        "intent": [receipt("1", intent=Intent.CHARGES)],
        "effect": [receipt("1", intent=Intent.PREPAYMENT), receipt("1", effect=Effect.SHORTER_TENURE)],
    }
    for field, all_wanted in bad.items():
        for wanted in all_wanted:
            with pytest.raises(InvalidRequest) as refused:
                record(database, loan_id, wanted, TODAY, TEST)
            assert list(refused.value.fields) == [field]
    assert row(database, "SELECT count(*) FROM loan_transactions") == (1,)
    assert stored_position(database, loan_id) == replayed(database, loan_id)


def test_what_stands_against_it_is_told_with_both_figures(database: Database) -> None:
    loan_id = a_loan(database)
    with pytest.raises(errors.SettlementDiffers, match=r"is 12120\.00, not 1\.00") as differing:
        record(database, loan_id, receipt("1.00", DUE[1], Intent.SETTLEMENT), TODAY, TEST)
    parts = {"principal": Decimal(12_000), "interest": Decimal(120), "charges": 0, "prepayment_charge": 0}
    assert differing.value.figures == {"amount": Decimal("1.00"), "settlement": Decimal("12120.00"), **parts}
    with pytest.raises(errors.InArrears):
        record(database, loan_id, receipt("1", DUE[3], Intent.PREPAYMENT, Effect.SHORTER_TENURE), TODAY, TEST)
    with pytest.raises(errors.WaiverAboveOwed):
        record(database, loan_id, Wanted(Kind.WAIVER, Decimal(99_999)), TODAY, TEST)
    with pytest.raises(errors.WriteOffDiffers):
        record(database, loan_id, Wanted(Kind.WRITE_OFF, Decimal(1)), TODAY, TEST)
    with pytest.raises(errors.ReversalOfADisbursal):
        record(database, loan_id, reversal(1), TODAY, TEST)
    with pytest.raises(errors.TransactionNotFound, match="no transaction 9"):
        record(database, loan_id, reversal(9), TODAY, TEST)
    made = record(database, loan_id, receipt(EMI, DUE[1]), TODAY, TEST)
    undone = record(database, loan_id, reversal(made.transaction.number), TODAY, TEST)
    with pytest.raises(errors.AlreadyReversed):
        record(database, loan_id, reversal(made.transaction.number), TODAY, TEST)
    with pytest.raises(errors.ReversalOfAReversal):
        record(database, loan_id, reversal(undone.transaction.number), TODAY, TEST)
    with pytest.raises(errors.LoanNotFound):
        record(database, 999, receipt(EMI), TODAY, TEST)
    with pytest.raises(errors.LoanNotFound):
        view_account(database, loan_id, TODAY, scope=Scope(999))


def test_a_later_fact_that_could_not_stand_refuses_an_earlier_one(database: Database) -> None:
    loan_id = a_loan(database)
    record(database, loan_id, Wanted(Kind.WRITE_OFF, value_date=DUE[1]), TODAY, TEST)
    made = record(database, loan_id, reversal(2), TODAY, TEST)
    record(database, loan_id, receipt("12500", DUE[1]), TODAY, TEST)
    record(database, loan_id, Wanted(Kind.REFUND, Decimal(300), DUE[2]), TODAY, TEST)
    with pytest.raises(errors.LaterFactStands):
        record(database, loan_id, reversal(made.transaction.number + 1), TODAY, TEST)


def test_every_refusal_of_the_rules_has_an_error_of_its_own() -> None:
    for code in Code:
        error: LoanError = error_of(Refused(code, "A sentence."))
        if code.is_bad_input:
            assert isinstance(error, InvalidRequest)
            assert error.fields
        elif code is not Code.UNKNOWN_FACT:
            assert (error.code, error.status) == (code.value, 409)


def test_the_same_reference_is_recorded_once(database: Database) -> None:
    loan_id = a_loan(database)
    first = record(database, loan_id, receipt(EMI, DUE[1], reference="UTR-1"), TODAY, TEST)
    again = record(database, loan_id, receipt(EMI, DUE[1], reference="UTR-1"), TODAY + timedelta(days=1), TEST)
    assert (again.recorded_before, again.transaction.number, again.split) == (True, 2, first.split)
    # A retry after midnight that gave no date is the same receipt still.
    assert record(database, loan_id, receipt(EMI, reference="UTR-1"), TODAY, TEST).recorded_before
    assert preview(database, loan_id, receipt(EMI, DUE[1], reference="UTR-1"), today=TODAY).recorded_before
    assert row(database, "SELECT count(*) FROM loan_transactions") == (2,)


def test_a_reference_with_other_values_is_a_conflict_with_both_figures(database: Database) -> None:
    loan_id, other = a_loan(database), a_loan(database)
    record(database, loan_id, receipt(EMI, DUE[1], reference="UTR-1"), TODAY, TEST)
    with pytest.raises(ReferenceConflict) as conflict:
        record(database, loan_id, receipt("5.00", DUE[1], reference="UTR-1"), TODAY, TEST)
    assert conflict.value.figures == {"amount": Decimal("5.00"), "recorded_amount": Decimal(EMI)}
    with pytest.raises(ReferenceConflict) as conflict:
        record(database, other, receipt(EMI, DUE[1], reference="UTR-1"), TODAY, TEST)
    assert conflict.value.figures == {"loan_id": other, "recorded_loan_id": loan_id}


def test_a_receipt_that_is_sent_again_with_its_key_is_answered_the_same(database: Database) -> None:
    loan_id = a_loan(database)
    attempt = Attempt("receipts", "a key", "a body")

    def told(made: Recorded) -> str:
        return f"number {made.transaction.number}"

    for replay in (False, True):
        answer = record_once(
            database, loan_id, receipt(EMI, DUE[1]), today=TODAY, author=TEST, once=Once(attempt, told)
        )
        assert (answer.answer, answer.replayed) == ("number 2", replay)
    assert row(database, "SELECT count(*) FROM loan_transactions") == (2,)


def test_transactions_are_append_only_for_every_role(database: Database) -> None:
    a_loan(database)
    for statement in (
        "UPDATE loan_transactions SET amount = 1",
        "DELETE FROM loan_transactions WHERE false",
        "TRUNCATE loan_transactions CASCADE",
        "TRUNCATE loans CASCADE",
    ):
        for replication in ("origin", "replica"):
            with database.transaction() as tx:
                tx.connection.execute(text(f"SET LOCAL session_replication_role = {replication}"))
                with pytest.raises(DBAPIError, match="append-only"):
                    tx.connection.execute(text(statement))
    assert row(database, "SELECT count(*) FROM loan_transactions") == (1,)


def test_the_audit_log_tells_of_a_transaction_and_of_what_it_changed(database: Database) -> None:
    loan_id = a_loan(database)
    record(database, loan_id, receipt(EMI, DUE[1], reference="UTR-1"), TODAY, TEST)
    entry = row(
        database,
        "SELECT subject_kind, subject_id, before, after ->> 'reference', after ->> 'emis_paid_on_time' "
        "FROM audit_log WHERE action = 'transaction_recorded'",
    )
    assert tuple(entry) == ("loan", str(loan_id), {"emis_paid_on_time": 0}, "UTR-1", "1")


def test_a_statement_adds_up_and_knows_the_references(database: Database) -> None:
    loan_id = a_loan(database)
    record(database, loan_id, receipt(EMI, DUE[1], reference="UTR-1"), TODAY, TEST)
    made = view_statement(database, loan_id, since=None, until=DUE[2])
    said = made.statement
    assert said.opening_balance + said.total_debit - said.total_credit == said.closing_balance
    assert [each.reference for each in made.transactions] == [None, "UTR-1"]
    with pytest.raises(InvalidRequest):
        view_statement(database, loan_id, since=DUE[2], until=DUE[1])


def test_a_customer_who_repays_on_time_is_approved_where_the_loan_made_them_refused(database: Database) -> None:
    customer_id = a_customer(database)
    loan_id = a_loan(database, customer_id, "100000", "12", 12)
    asked = LoanRequest(Decimal(50_000), Decimal(18), 12)
    refused = create_loan(database, customer_id, asked, STANDARD_1, START, TEST)
    for month in range(1, 12):
        owed = view_account(database, loan_id, DUE[month]).account.standing.due
        record(database, loan_id, receipt(owed, DUE[month]), DUE[month], TEST)
    repaid = create_loan(database, customer_id, asked, STANDARD_1, DUE[11], TEST)
    assert (refused.decision.approved, repaid.decision.approved) == (False, True)
    assert repaid.decision.score > refused.decision.score
    assert repaid.facts.emis_paid_on_time == 11
