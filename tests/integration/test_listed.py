"""Lists that are read from several indexes are what a look at every row finds, page by page, in either order."""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count

import pytest
from sqlalchemy import Connection, select, text

from chalicelib.postgres.database import Database
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket, bucket_of
from chalicelib.storage import applications, standings
from chalicelib.storage.applications import ApplicationFilter
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.standings import Stands

TODAY = date(2026, 11, 23)
SIZE = 7
LOANS = 300

ADD_LOAN = text("""
    WITH loan AS (
        INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, start_date, end_date,
                           is_open)
        VALUES (1, 1000, 12, 10, 90, '2020-01-01', :end_date, :is_open)
        RETURNING loan_id
    )
    INSERT INTO loan_positions (loan_id, status, principal, charges, credit, unpaid_from, held, repayments_left,
                                last_fact_on, last_number, position)
    SELECT loan_id, 'open', 1000, 0, 0, :unpaid_from, :held, 12, '2020-01-01', 1, '{}' FROM loan WHERE :is_open
""")


def near(chance: random.Random) -> date:
    return TODAY + timedelta(days=chance.randrange(-130, 130))


@pytest.fixture
def book(database: Database) -> Iterator[Connection]:
    """Loans that are open and late, over, or current though they are not serviced; older ones have mostly ended."""
    chance = random.Random(7)
    with database.engine.connect() as connection:
        connection.execute(text(
            "INSERT INTO customers (first_name, last_name, age, phone_number, monthly_income, approved_limit) "
            "VALUES ('Asha', 'Rao', 30, '9812345678', 50000, 1800000)"
        ))  # fmt: skip
        for number in range(LOANS):
            is_open = number > LOANS // 2 and chance.random() < 0.8
            unpaid_from = near(chance) if chance.random() < 0.9 else None
            connection.execute(ADD_LOAN, {
                "is_open": is_open,
                "end_date": None if chance.random() < 0.05 else near(chance) + timedelta(days=number - LOANS // 2),
                "unpaid_from": unpaid_from,
                "held": bool(unpaid_from and unpaid_from < TODAY and chance.random() < 0.1),
            })  # fmt: skip
        yield connection


def in_state(book: Connection, cursor: Cursor, *, current: bool, newest_first: bool) -> Slice[int]:
    """As the console asks for them."""
    found = standings.in_state(cursor, TODAY, current=current, newest_first=newest_first)
    numbers = book.scalars(select(found.c.loan_id)).all()
    return cursor.slice(sorted(numbers, reverse=newest_first), int)


def pages(asked: Callable[[Cursor], Slice[tuple[LoanOnRecord, Stands]]]) -> list[int]:
    """The numbers of all pages, one after the other."""
    found, behind = [], None
    for _ in count():
        page = asked(Cursor(SIZE, behind))
        found += [loan.loan_id for loan, _ in page.rows]
        if page.next is None:
            return found
        assert len(page.rows) == SIZE
        behind = page.next
    raise AssertionError


@pytest.mark.parametrize("near_by", [5, 2000])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("current", [True, False])
def test_loans_that_are_current_or_ended(
    book: Connection, monkeypatch: pytest.MonkeyPatch, current: bool, newest_first: bool, near_by: int
) -> None:
    monkeypatch.setattr(standings, "NEAR", near_by)
    every = standings.listed(book, today=TODAY, cursor=Cursor(LOANS)).rows
    wanted = [loan.loan_id for loan, _ in every if loan.is_current(TODAY) is current]
    assert 50 < len(wanted) < LOANS
    found: list[int] = []
    behind: int | None = None
    while not found or behind is not None:
        page = in_state(book, Cursor(SIZE, behind), current=current, newest_first=newest_first)
        found += page.rows
        behind = page.next
    assert found == sorted(wanted, reverse=newest_first)
    if not newest_first:
        assert pages(lambda cursor: standings.listed(book, today=TODAY, cursor=cursor, current=current)) == found


@pytest.mark.parametrize("customer_id", [None, 1])
@pytest.mark.parametrize("bucket", BUCKETS, ids=lambda bucket: bucket.code)
def test_loans_of_a_class(book: Connection, bucket: Bucket, customer_id: int | None) -> None:
    stored = book.execute(text("SELECT loan_id, unpaid_from, held FROM loan_positions")).all()
    wanted = [
        loan_id
        for loan_id, unpaid_from, held in stored
        if bucket_of(max(0, (TODAY - unpaid_from).days) if unpaid_from else 0, held) == bucket
    ]
    assert wanted
    for current in (None, True):
        found = pages(
            lambda cursor, current=current: standings.listed(  # type: ignore[misc]
                book,
                today=TODAY,
                cursor=cursor,
                bucket=bucket,
                customer_id=customer_id,
                current=current,
            )
        )
        assert found == sorted(wanted)
    assert standings.listed(book, today=TODAY, cursor=Cursor(SIZE), bucket=bucket, current=False).rows == []


@pytest.mark.parametrize(
    ("since", "to"), [(date(2026, 1, 3), None), (None, date(2026, 1, 5)), (date(2026, 1, 2), date(2026, 1, 4))]
)
def test_applications_of_some_days(book: Connection, since: date | None, to: date | None) -> None:
    book.execute(
        text("""
        INSERT INTO loan_applications (customer_id, loan_amount, interest_rate, tenure, decided_on, policy, facts,
                                       approved, score, score_parts, reasons, corrected_interest_rate,
                                       monthly_installment)
        SELECT 1, 1000, 10, 12, date '2026-01-01' + n / 9, '{}', '{}', false, 0, '[]', '[]', 10, 90
        FROM generate_series(0, 60) AS n
    """)
    )
    found, behind = [], None
    wanted = ApplicationFilter(approved=False, since=since, to=to)
    while (page := applications.listed(book, wanted, cursor=Cursor(SIZE, behind))).rows:
        found += [(each.decided_on, each.application_id) for each in page.rows]
        behind = page.next
        if behind is None:
            break
    every = applications.listed(book, ApplicationFilter(), cursor=Cursor(100)).rows
    days = [(each.decided_on, each.application_id) for each in every]
    assert found == [(day, number) for day, number in days if (since or day) <= day <= (to or day)]
