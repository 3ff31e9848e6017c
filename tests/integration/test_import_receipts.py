"""Receipts and openings in workbooks: what becomes of each row, in whatever order the files come."""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import permutations
from random import Random
from typing import Any

import pytest

from chalicelib.imports import jobs
from chalicelib.imports.merging import merge_waiting
from chalicelib.imports.merging.recording import Recorder
from chalicelib.imports.running import ImportResult, import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.money import emi
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.standing import standing
from chalicelib.rules.servicing.stored import position_from_stored, terms_from_stored
from chalicelib.rules.servicing.values import Kind
from chalicelib.services.opening_books import proposed_row, write_openings
from chalicelib.services.servicing import Wanted, WantedOpening
from chalicelib.services.servicing_accounts import quote_settlement
from chalicelib.storage import unopened
from data.make_portfolio import make_portfolio
from data.make_receipts import UNTIL, make_receipts
from tests.support.aws import Aws
from tests.support.imports.contents import findings, only_sheet, query, scalar
from tests.support.lending import record
from tests.support.loan_lives import (
    START,
    a_customer,
    a_loan,
    an_imported_loan,
    loan_row,
    replayed,
    stored_position,
)
from tests.support.loan_lives import receipt as wanted_receipt
from tests.support.people import TEST
from tests.support.receipt_years import check_years, some_loans
from tests.support.settings import PROJECT
from tests.support.workbooks import (
    CUSTOMER_HEADER,
    LOAN_HEADER,
    OPENING_HEADER,
    RECEIPT_HEADER,
    customer,
    customers_book,
    loan,
    loans_book,
    opening,
    openings_book,
    receipt,
    receipts_book,
    workbook,
)

TODAY = date(2026, 6, 30)
EMI = emi(Decimal(12_000), Decimal(12), 12)

Upload = Callable[..., ImportResult]


@pytest.fixture
def upload(aws: Aws, database: Database) -> Upload:
    """Uploads a file and imports it, as S3, the queue and the Lambda would do one after the other."""
    numbers = iter(range(1, 10_000))

    def run(content: bytes, key: str = "", today: date = TODAY) -> ImportResult:
        name = key or f"incoming/{next(numbers)}.xlsx"
        return import_object(database, aws.s3, aws.upload(name, content), today=today)

    return run


def counts(result: ImportResult) -> Mapping[str, int]:
    """What is not zero."""
    return {name: value for name, value in vars(only_sheet(result)).items() if isinstance(value, int) and value}


def said(database: Database, result: ImportResult, outcome: str = "rejected") -> list[tuple[Any, ...]]:
    """Row, column, value and code of what is said of rows."""
    return [(row, column, value, code) for _, row, column, value, code, _ in findings(database, result, outcome)]


def sentence(database: Database, result: ImportResult, outcome: str = "rejected") -> str:
    ((*_, message),) = findings(database, result, outcome)
    return str(message)


def transactions(database: Database, loan_id: int) -> list[Any]:
    return query(
        database,
        "SELECT number, kind, amount, value_date, reference FROM loan_transactions WHERE loan_id = :id ORDER BY number",
        id=loan_id,
    )


def is_sound(database: Database, loan_id: int) -> bool:
    position = stored_position(database, loan_id)
    return position == replayed(database, loan_id)


def test_a_receipt_is_recorded_with_all_that_its_row_says(database: Database, upload: Upload) -> None:
    loan_id = a_loan(database)
    result = upload(receipts_book(receipt("UTR 1", loan_id)))
    assert counts(result) == {"rows_found": 1, "inserted": 1}
    stored = query(
        database,
        "SELECT kind, amount, value_date, intent, effect, reference, channel, actor_kind, actor_id, import_id "
        "FROM loan_transactions WHERE loan_id = :id AND number = 2",
        id=loan_id,
    )
    number = result.import_id
    assert stored == [("receipt", EMI, date(2025, 2, 28), "instalment", None, "UTR 1", "UPI", "import", number, number)]
    # Open after its last due date, so that it counts as current.
    assert loan_row(database, loan_id) == (1, date(2026, 1, 31))
    assert is_sound(database, loan_id)


def test_a_file_and_requests_make_the_same_of_a_loan(database: Database, upload: Upload) -> None:
    by_file, by_hand = some_loans(database, 2)
    paid = [
        (due_date(START, number) + timedelta(days=late), EMI) for number, late in ((1, 0), (2, 9), (3, -5), (4, 40))
    ]
    upload(receipts_book(*(receipt(f"F{at}", by_file, payment_date=day) for at, (day, _) in enumerate(paid))))
    for day, amount in paid:
        record(database, by_hand, wanted_receipt(amount, day), TODAY, TEST)
    assert stored_position(database, by_file) == stored_position(database, by_hand)
    assert loan_row(database, by_file) == loan_row(database, by_hand)


def test_a_row_that_was_recorded_before_is_unchanged(database: Database, upload: Upload) -> None:
    loan_id = a_loan(database)
    rows = [receipt("A", loan_id), receipt("B", loan_id, payment_date=date(2025, 3, 31))]
    upload(receipts_book(*rows))
    before = transactions(database, loan_id)
    assert counts(upload(receipts_book(*rows))) == {"rows_found": 2, "unchanged": 2}
    assert counts(upload(receipts_book(*rows, *rows))) == {"rows_found": 4, "unchanged": 4}
    assert transactions(database, loan_id) == before


def test_a_receipt_of_a_request_is_known_by_its_reference(database: Database, upload: Upload) -> None:
    loan_id = a_loan(database)
    record(database, loan_id, wanted_receipt(EMI, date(2025, 2, 28), reference="A"), TODAY, TEST)
    assert counts(upload(receipts_book(receipt("A", loan_id)))) == {"rows_found": 1, "unchanged": 1}


@pytest.mark.parametrize(
    "changes",
    [{"amount": 1066.2}, {"payment_date": date(2025, 3, 1)}, {"intent": "prepayment", "effect": "shorter tenure"}],
)
def test_a_reference_with_other_values_is_a_conflict(
    database: Database, upload: Upload, changes: dict[str, object]
) -> None:
    loan_id = a_loan(database)
    upload(receipts_book(receipt("A", loan_id)))
    before = transactions(database, loan_id)
    result = upload(receipts_book(receipt("A", loan_id, **changes)))
    assert said(database, result) == [(2, "Reference", "A", "reference_conflict")]
    assert "A is recorded as instalment receipt of 1066.19" in sentence(database, result)
    assert transactions(database, loan_id) == before


def test_of_two_rows_with_one_reference_the_first_by_date_counts(database: Database, upload: Upload) -> None:
    loan_id = a_loan(database)
    result = upload(
        receipts_book(
            receipt("A", loan_id, payment_date=date(2025, 3, 3)),
            receipt("A", loan_id, payment_date=date(2025, 3, 2)),
            receipt("A", loan_id, payment_date=date(2025, 3, 2)),
        )
    )
    assert counts(result) == {"rows_found": 3, "inserted": 1, "unchanged": 1, "rejected": 1}
    assert said(database, result) == [(2, "Reference", "A", "reference_conflict")]
    assert "row 3 of the sheet receipts" in sentence(database, result)


def test_each_row_that_cannot_be_is_told_why_and_the_others_go_in(database: Database, upload: Upload) -> None:
    customer_id = a_customer(database)
    loan_id = a_loan(database, customer_id)
    quote = quote_settlement(database, loan_id, date(2025, 3, 10)).settlement
    result = upload(
        receipts_book(
            receipt("GOOD", loan_id, customer_id, payment_date=date(2025, 4, 1)),
            receipt("EARLY", loan_id, customer_id, payment_date=date(2025, 1, 30)),
            receipt("LATE", loan_id, customer_id, payment_date=TODAY + timedelta(days=1)),
            receipt("WHOSE", loan_id, customer_id + 1),
            receipt("QUOTE", loan_id, customer_id, payment_date=date(2025, 3, 10), amount=1, intent="Settlement"),
            receipt("ZERO", loan_id, customer_id, amount=0),
            receipt("NONE", loan_id, customer_id, amount=None),
            receipt("WHAT", loan_id, customer_id, intent="gift"),
            receipt("HOW", loan_id, customer_id, intent="prepayment"),
            receipt("WHY", loan_id, customer_id, effect="lower instalment"),
            receipt("SELF", loan_id, customer_id, reverses_reference="SELF"),
            receipt(None, loan_id, customer_id),
        )
    )
    assert counts(result) == {"rows_found": 12, "inserted": 1, "rejected": 11}
    by_row = {row: (column, code) for row, column, _, code in said(database, result)}
    assert by_row == {
        3: ("Payment Date", "before_disbursal"),
        4: ("Payment Date", "future_date"),
        5: ("Customer ID", "customer_differs"),
        6: ("Amount", "settlement_differs"),
        7: ("Amount", "out_of_range"),
        8: ("Amount", "missing"),
        9: ("Intent", "unknown_intent"),
        10: ("Effect", "effect_needed"),
        11: ("Effect", "effect_not_wanted"),
        12: ("Reverses Reference", "reversal_of_itself"),
        13: ("Reference", "missing"),
    }
    told = {row: message for _, row, *_, message in findings(database, result, "rejected")}
    parts = f"principal {quote.principal}, interest {quote.interest}"
    assert f"The settlement on 2025-03-10 is {quote.total}, not 1.00: {parts}. Correct the amount" in told[6]
    assert [each[4] for each in transactions(database, loan_id)] == [None, "GOOD"]


def test_money_beyond_all_bounds_is_refused_row_by_row_and_the_others_go_in(database: Database, upload: Upload) -> None:
    (absurd, customer_id), others = some_loans(database, 2).items()
    rows = [receipt(f"A{at}", absurd, customer_id, amount=10**12) for at in range(110)]
    result = upload(receipts_book(*rows, receipt("B", *others)))
    assert counts(result) == {"rows_found": 111, "inserted": 2, "rejected": 109}
    assert {code for *_, code in said(database, result)} == {"credit_too_high"}
    assert is_sound(database, absurd)


def test_a_receipt_waits_for_its_loan_and_the_loan_s_opening(database: Database, upload: Upload) -> None:
    first = upload(receipts_book(receipt("A", 5001, 1, payment_date=date(2025, 5, 31))))
    assert counts(first) == {"rows_found": 1, "waiting": 1}
    assert said(database, first, "waiting") == [(2, "Loan ID", "5001", "loan_unknown")]
    opened = upload(openings_book(opening(5001, 1)))
    assert said(database, opened, "waiting") == [(2, "Loan ID", "5001", "loan_unknown")]
    upload(
        loans_book(
            loan(
                1,
                5001,
                loan_amount=12000,
                tenure=12,
                interest_rate=12,
                monthly_installment=1066.19,
                emis_paid_on_time=3,
                start_date=START,
                end_date=date(2026, 1, 31),
            )
        )
    )
    assert scalar(database, "SELECT count(*) FROM loan_transactions") == 0
    upload(customers_book(customer(1)))
    assert [each[1] for each in transactions(database, 5001)] == ["opening", "receipt"]
    assert is_sound(database, 5001)
    assert scalar(database, "SELECT count(*) FROM waiting_receipts") == 0
    assert scalar(database, "SELECT count(*) FROM waiting_openings") == 0
    assert loan_row(database, 5001)[0] == 4


def test_a_sheet_without_a_channel_is_taken_and_says_so(database: Database, upload: Upload) -> None:
    loan_id = a_loan(database)
    at = RECEIPT_HEADER.index("Channel")
    rows = [[cell for place, cell in enumerate(row) if place != at] for row in (RECEIPT_HEADER, receipt("A", loan_id))]
    result = upload(workbook({"receipts": rows}))
    assert counts(result) == {"rows_found": 1, "inserted": 1}
    assert said(database, result, "flagged") == [(1, "Channel", None, "absent_column")]
    assert query(database, "SELECT channel FROM loan_transactions WHERE reference = 'A'") == [(None,)]


def test_the_workbook_of_proposed_openings_opens_the_loans_as_they_were_proposed(
    database: Database, upload: Upload
) -> None:
    loans = [an_imported_loan(database, end_date=None, source_loan_id=number) for number in (77, 78)]
    with database.reading() as connection:
        rows = [proposed_row(loan, date(2025, 6, 15)) for loan in unopened.to_open(connection, date(2025, 6, 15), 10)]
    file = BytesIO()
    write_openings(file, rows)
    assert counts(upload(file.getvalue())) == {"rows_found": 2, "inserted": 2}
    for loan_id in loans:
        position = stored_position(database, loan_id)
        assert position
        assert (position.since, position.unpaid_from) == (date(2025, 6, 15), date(2025, 6, 30))
        assert is_sound(database, loan_id)


def test_a_receipt_of_a_loan_that_is_not_serviced_waits(database: Database, upload: Upload) -> None:
    loan_id = an_imported_loan(database)
    result = upload(receipts_book(receipt("A", loan_id)))
    assert said(database, result, "waiting") == [(2, "Loan ID", str(loan_id), "loan_not_serviced")]
    assert transactions(database, loan_id) == []


def test_what_a_person_opens_lets_the_receipts_go_that_waited(database: Database, upload: Upload) -> None:
    loan_id = an_imported_loan(database)
    upload(receipts_book(receipt("A", loan_id, payment_date=date(2025, 5, 31))))
    told = WantedOpening(Decimal(0), date(2025, 5, 31), 9)
    opened = Wanted(Kind.OPENING, Decimal("9132.83"), date(2025, 4, 30), opening=told)
    record(database, loan_id, opened, TODAY, TEST)
    with database.transaction() as tx:
        merge_waiting(tx.connection, TODAY)
        tx.commit()
    assert [each[1] for each in transactions(database, loan_id)] == ["opening", "receipt"]
    assert is_sound(database, loan_id)


def test_a_row_that_waited_and_is_refused_in_the_end_is_told_of(database: Database, upload: Upload) -> None:
    loan_id = an_imported_loan(database)
    result = upload(receipts_book(receipt("A", loan_id, payment_date=date(2025, 4, 1))))
    upload(openings_book(opening(loan_id, 1)))
    assert said(database, result) == [(2, "Payment Date", "2025-04-01", "before_disbursal")]
    assert scalar(database, "SELECT count(*) FROM waiting_receipts") == 0


def test_a_reversal_undoes_its_receipt_before_or_after_it_in_the_file(database: Database, upload: Upload) -> None:
    loan_id = a_loan(database)
    before = stored_position(database, loan_id)
    bounced = {"payment_date": date(2025, 3, 3), "amount": None}
    result = upload(
        receipts_book(
            receipt("RA", loan_id, reverses_reference="A", **bounced),
            receipt("A", loan_id),
            receipt("RB", loan_id, **(bounced | {"payment_date": date(2025, 2, 1)}), reverses_reference="B"),
            receipt("B", loan_id, payment_date=date(2025, 2, 27)),
        )
    )
    assert counts(result) == {"rows_found": 4, "inserted": 4}
    assert stored_position(database, loan_id) == before
    assert loan_row(database, loan_id)[0] == 0


def test_a_reversal_waits_for_its_receipt(database: Database, upload: Upload) -> None:
    loan_id = a_loan(database)
    before = stored_position(database, loan_id)
    row = receipt("R", loan_id, reverses_reference="A", payment_date=date(2025, 3, 3))
    result = upload(receipts_book(row))
    assert said(database, result, "waiting") == [(2, "Reverses Reference", "A", "reversed_receipt_unknown")]
    upload(receipts_book(receipt("A", loan_id)))
    assert len(transactions(database, loan_id)) == 3
    assert stored_position(database, loan_id) == before
    assert counts(upload(receipts_book(row))) == {"rows_found": 1, "unchanged": 1}


def test_what_cannot_be_reversed_is_refused(database: Database, upload: Upload) -> None:
    customer_id = a_customer(database)
    loan_id, other = a_loan(database, customer_id), an_imported_loan(database, customer_id)
    upload(openings_book(opening(other, customer_id, opening_date=date(2025, 2, 15))))
    record(database, loan_id, Wanted(Kind.WAIVER, Decimal(1), date(2025, 3, 3), reference="W"), TODAY, TEST)
    upload(receipts_book(receipt("A", loan_id, payment_date=date(2025, 3, 4)), receipt("B", other)))
    upload(receipts_book(receipt("RB", other, payment_date=date(2025, 3, 4), reverses_reference="B")))
    day = {"payment_date": date(2025, 4, 1), "amount": None}
    result = upload(
        receipts_book(
            receipt("1", loan_id, **day, reverses_reference="B"),
            receipt("2", loan_id, **day, reverses_reference="W"),
            receipt("3", loan_id, **(day | {"amount": 5}), reverses_reference="A"),
            receipt("4", other, **day, reverses_reference="B"),
            receipt("5", other, **day, reverses_reference="RB"),
        )
    )
    assert {row: (column, code) for row, column, _, code in said(database, result)} == {
        2: ("Reverses Reference", "reversal_of_another_loan"),
        3: ("Reverses Reference", "reversal_of_no_receipt"),
        4: ("Amount", "reversal_differs"),
        5: ("Reverses Reference", "already_reversed"),
        6: ("Reverses Reference", "reversal_of_a_reversal"),
    }


def test_an_opening_begins_the_servicing_once(database: Database, upload: Upload) -> None:
    loan_id = an_imported_loan(database)
    assert counts(upload(openings_book(opening(loan_id, 1)))) == {"rows_found": 1, "inserted": 1}
    assert is_sound(database, loan_id)
    assert loan_row(database, loan_id)[0] == 3
    assert counts(upload(openings_book(opening(loan_id, 1), opening(loan_id, 1)))) == {"rows_found": 2, "unchanged": 2}
    result = upload(openings_book(opening(loan_id, 1, principal_outstanding=9000)))
    assert said(database, result) == [(2, "Loan ID", str(loan_id), "loan_already_serviced")]
    assert "has its opening of 2025-04-30 with a principal of 9132.83, and the file says 9000.00" in sentence(
        database, result
    )


def test_an_opening_that_cannot_be_is_refused(database: Database, upload: Upload) -> None:
    customer_id = a_customer(database)
    imported, made = an_imported_loan(database, customer_id), a_loan(database, customer_id)
    result = upload(
        openings_book(
            opening(imported, customer_id, first_unpaid_due_date=date(2025, 5, 30)), opening(made, customer_id)
        )
    )
    assert sorted(code for *_, code in said(database, result)) == ["loan_already_serviced", "opening_invalid"]
    assert transactions(database, imported) == []


@pytest.mark.parametrize(
    ("wrong", "column", "value", "code"),
    [
        ({"principal_outstanding": 12001}, "Principal Outstanding", "12001.00", "opening_invalid"),
        ({"first_unpaid_due_date": date(2025, 5, 30)}, "First Unpaid Due Date", "2025-05-30", "opening_invalid"),
        ({"instalments_left": 600}, "Instalments Left", "600", "opening_invalid"),
        ({"opening_date": date(2025, 1, 30)}, "Opening Date", "2025-01-30", "before_disbursal"),
        ({"opening_date": TODAY + timedelta(days=1)}, "Opening Date", str(TODAY + timedelta(days=1)), "future_date"),
    ],
)
def test_an_opening_that_cannot_be_names_the_cell_that_is_wrong(
    database: Database, upload: Upload, wrong: dict[str, object], column: str, value: str, code: str
) -> None:
    loan_id = an_imported_loan(database)
    assert said(database, upload(openings_book(opening(loan_id, 1, **wrong)))) == [(2, column, value, code)]
    assert transactions(database, loan_id) == []


def test_one_workbook_brings_customers_loans_openings_and_receipts(database: Database, upload: Upload) -> None:
    mine = loan(1, 5001, loan_amount=12000, tenure=12, interest_rate=12, monthly_installment=1066.19,
                emis_paid_on_time=3, start_date=START, end_date=date(2026, 1, 31))  # fmt: skip
    result = upload(
        workbook(
            {
                "receipts": [RECEIPT_HEADER, receipt("A", payment_date=date(2025, 5, 31))],
                "openings": [OPENING_HEADER, opening()],
                "loans": [LOAN_HEADER, mine],
                "customers": [CUSTOMER_HEADER, customer(1)],
            }
        )
    )
    assert {sheet.kind: sheet.inserted for sheet in result.sheets} == dict.fromkeys(
        ("receipts", "openings", "loans", "customers"), 1
    )
    assert loan_row(database, 5001)[0] == 4
    # The same loans again, and what they say of instalments paid is left alone.
    again = upload(loans_book(mine))
    assert counts(again) == {"rows_found": 1, "superseded": 1}
    assert said(database, again, "superseded") == [(2, "Loan ID", "5001", "serviced_here")]
    assert "EMIs paid on Time: 4 here, 3 in the file" in sentence(database, again, "superseded")
    assert loan_row(database, 5001)[0] == 4


def test_a_row_of_loans_no_longer_moves_a_serviced_loan_made_here(database: Database, upload: Upload) -> None:
    customer_id = a_customer(database)
    loan_id = a_loan(database, customer_id)
    upload(receipts_book(receipt("A", loan_id, customer_id)), today=date(2025, 3, 1))
    row = {"loan_amount": 12000, "tenure": 12, "interest_rate": 12, "monthly_installment": 1066.19, "start_date": START}
    ends = date(2026, 1, 31)
    differs = upload(loans_book(loan(customer_id, loan_id, **row, emis_paid_on_time=9, end_date=ends)))
    assert said(database, differs, "superseded") == [(2, "Loan ID", str(loan_id), "serviced_here")]
    same = upload(loans_book(loan(customer_id, loan_id, **row, emis_paid_on_time=1, end_date=ends)))
    assert counts(same) == {"rows_found": 1, "unchanged": 1}
    assert loan_row(database, loan_id)[0] == 1


def test_a_year_of_receipts_in_any_order_of_files_makes_the_same_positions(database: Database, upload: Upload) -> None:
    check_years(database, lambda *rows: upload(receipts_book(*rows)), rounds=100, years=3)


@pytest.mark.parametrize("order", list(permutations(("customer_data", "loan_data", "receipt_data"))), ids="-".join)
def test_the_sample_portfolio_is_a_living_book_in_whatever_order_it_comes(
    database: Database, upload: Upload, order: tuple[str, ...]
) -> None:
    openings, receipts = make_receipts(make_portfolio()[1])
    for name in order:
        upload((PROJECT / "data" / f"{name}.xlsx").read_bytes(), f"seed/{name}.xlsx", UNTIL)
    assert scalar(database, "SELECT count(*) FROM import_findings WHERE outcome = 'rejected'") == 0
    assert scalar(database, "SELECT count(*) FROM loan_transactions") == len(openings) + len(receipts)
    assert scalar(database, "SELECT count(*) FROM waiting_receipts") == 0
    classes = Counter(
        standing(terms_from_stored(terms), position_from_stored(position), UNTIL).bucket.code
        for terms, position in query(
            database, "SELECT terms, position FROM loan_positions JOIN loan_terms USING (loan_id) WHERE status = 'open'"
        )
    )
    assert classes["STANDARD"] > sum(classes.values()) / 2
    assert set(classes) >= {"STANDARD", "SMA-0", "SMA-1", "SMA-2", "NPA"}
    assert scalar(database, "SELECT count(*) FROM loan_positions WHERE status = 'closed'") >= 1
    state = query(database, "SELECT loan_id, position FROM loan_positions ORDER BY 1")
    assert _first_state.setdefault("state", state) == state


_first_state: dict[str, list[Any]] = {}


def test_an_older_version_of_a_file_that_comes_late_leaves_what_a_newer_one_said(aws: Aws, database: Database) -> None:
    loan_id = a_loan(database)
    old = aws.upload("incoming/r.xlsx", receipts_book(receipt("A", loan_id, amount=5), receipt("B", loan_id)))
    new = aws.upload("incoming/r.xlsx", receipts_book(receipt("A", loan_id)))
    import_object(database, aws.s3, replace(new, sequencer="02"), today=TODAY)
    result = import_object(database, aws.s3, replace(old, sequencer="01"), today=TODAY)
    assert counts(result) == {"rows_found": 2, "inserted": 1, "superseded": 1}
    assert said(database, result, "superseded") == [(2, "Reference", "A", "newer_version_here")]


def test_a_worker_that_dies_in_the_middle_leaves_nothing_and_the_next_one_does_all(
    aws: Aws, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = some_loans(database, 3)
    rows = [receipt(f"R{loan_id}", loan_id, customer_id) for loan_id, customer_id in made.items()]
    reference = aws.upload("incoming/r.xlsx", receipts_book(*rows))
    with monkeypatch.context() as dying:
        dying.setattr(Recorder, "apply", lambda _: (_ for _ in ()).throw(SystemError("killed")))
        with pytest.raises(SystemError):
            import_object(database, aws.s3, reference, today=TODAY)
    assert scalar(database, "SELECT count(*) FROM loan_transactions WHERE kind = 'receipt'") == 0
    assert import_object(database, aws.s3, reference, today=TODAY).state == "completed"
    assert all(is_sound(database, each) and len(transactions(database, each)) == 2 for each in made)


def test_files_and_requests_at_once_lose_nothing_and_double_nothing(
    aws: Aws, new_database: Callable[[], Database]
) -> None:
    database = new_database()
    made = some_loans(database, 4)
    days = [due_date(START, number) for number in range(1, 7)]
    rows = {f"{each}-{day}": (each, day) for each in made for day in days}
    books = [aws.upload(f"incoming/{n}.xlsx", receipts_book(*(receipt(ref, each, made[each], payment_date=day)
             for ref, (each, day) in rows.items()))) for n in range(2)]  # fmt: skip

    def by_hand() -> None:
        own = new_database()
        for reference, (loan_id, day) in Random(3).sample(list(rows.items()), len(rows)):
            record(own, loan_id, wanted_receipt(EMI, day, reference=reference), TODAY, TEST)

    def by_file(book: Any) -> None:
        import_object(new_database(), aws.s3, book, today=TODAY)

    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(by_hand), *(pool.submit(by_file, book) for book in books), pool.submit(by_hand)]:
            one.result()
    for loan_id in made:
        assert len(transactions(database, loan_id)) == 1 + len(days)
        assert is_sound(database, loan_id)


@pytest.fixture
def upload_as_importer(aws: Aws, database: Database, upload: Upload) -> Upload:
    """Uploads a file as a key does that may change nobody who was registered here."""

    def run(content: bytes) -> ImportResult:
        with database.transaction() as tx:
            job = jobs.start(
                tx.connection,
                bucket=aws.settings.import_bucket,
                file_name="book.xlsx",
                started_by="key:1",
                spares_registered=True,
            )
            tx.commit()
        return upload(content, job.object_key)

    return run


def test_an_importer_records_receipts_and_reverses_only_what_files_recorded(
    database: Database, upload_as_importer: Upload
) -> None:
    loan_id = a_loan(database)
    record(database, loan_id, wanted_receipt(EMI, date(2025, 2, 28), reference="HAND"), TODAY, TEST)
    rows = [receipt("FILE", loan_id, payment_date=date(2025, 3, 31))]
    assert counts(upload_as_importer(receipts_book(*rows))) == {"rows_found": 1, "inserted": 1}
    day = date(2025, 4, 4)
    undone = [receipt(f"R-{each}", loan_id, payment_date=day, reverses_reference=each) for each in ("HAND", "FILE")]
    result = upload_as_importer(receipts_book(*undone))
    assert counts(result) == {"rows_found": 2, "inserted": 1, "rejected": 1}
    assert said(database, result) == [(2, "Reverses Reference", "HAND", "not_yours")]


def test_an_importer_opens_loans_of_customers_whom_workbooks_brought_and_no_others(
    database: Database, upload: Upload, upload_as_importer: Upload
) -> None:
    upload(customers_book(customer(50)))
    theirs = an_imported_loan(database, 50)
    registered = a_customer(database)
    ours = an_imported_loan(database, registered)
    result = upload_as_importer(openings_book(opening(theirs, 50), opening(ours, registered)))
    assert counts(result) == {"rows_found": 2, "inserted": 1, "rejected": 1}
    assert said(database, result) == [(3, "Loan ID", str(ours), "not_yours")]
