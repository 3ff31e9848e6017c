"""A large book is counted ahead: pages show what was counted last, and say when that was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.services import counted_books, statistics
from chalicelib.services.counted_books import count_ahead, delinquency_of, overview_of
from chalicelib.storage.customers import Registration
from tests.support.application import Api
from tests.support.console.browser import Browser
from tests.support.lending import create_loan, record, register
from tests.support.loan_lives import a_loan, receipt
from tests.support.people import TEST

PERSON = Registration("Asha", "Rao", 30, "9876543210", Decimal(50_000))


def apply(database: Database, amount: int = 10_000) -> None:
    create_loan(database, 1, LoanRequest(Decimal(amount), Decimal(10), 12), STANDARD_1, runtime.today(), TEST)


@pytest.fixture
def book(closed_api: Api, database: Database) -> Database:
    """A book with two applications of today, of which one was refused, and a late loan of another day."""
    assert closed_api
    assert register(database, PERSON, STANDARD_1, TEST).customer_id == 1
    apply(database)
    apply(database, 99_000_000)
    a_loan(database)
    return database


@pytest.fixture
def large(book: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The same, taken for large."""
    monkeypatch.setattr(counted_books, "LARGE", -2)
    return book


def age(database: Database, by: timedelta) -> None:
    with database.engine.connect() as connection:
        moved = "UPDATE counted_books SET counted_at = counted_at - CAST(:by AS interval)"
        connection.execute(text(moved), {"by": f"{by.total_seconds()} seconds"})


def test_a_small_book_is_counted_whenever_it_is_shown(book: Database) -> None:
    today = runtime.today()
    assert count_ahead(book, STANDARD_1, today) is False
    assert overview_of(book, STANDARD_1, today).today.total == 2
    apply(book)
    assert overview_of(book, STANDARD_1, today).today.total == 3
    assert delinquency_of(book, today)[1] is None


def test_what_was_counted_of_a_large_book_comes_back_as_it_was(large: Database) -> None:
    today = runtime.today()
    counted = overview_of(large, STANDARD_1, today)
    assert overview_of(large, STANDARD_1, today) == counted
    assert counted.as_of <= datetime.now(UTC)
    assert statistics.count(large, STANDARD_1, today).portfolio == counted.portfolio


def test_a_large_book_is_shown_as_it_was_counted_until_it_is_counted_again(large: Database) -> None:
    today = runtime.today()
    before = overview_of(large, STANDARD_1, today)
    apply(large)
    assert overview_of(large, STANDARD_1, today) == before
    assert count_ahead(large, STANDARD_1, today) is True
    assert overview_of(large, STANDARD_1, today).today.total == before.today.total + 1


def test_what_was_counted_too_long_ago_or_by_other_rates_is_counted_by_the_page(large: Database) -> None:
    today = runtime.today()
    overview_of(large, STANDARD_1, today)
    apply(large)
    age(large, counted_books.OLDEST + timedelta(minutes=1))
    assert overview_of(large, STANDARD_1, today).today.total == 3
    apply(large)
    slabs = (replace(STANDARD_1.slabs[0], rate_floor=Decimal(9)), *STANDARD_1.slabs[1:])
    assert overview_of(large, replace(STANDARD_1, slabs=slabs), today).today.total == 4


def test_what_another_release_counted_is_counted_by_the_page_if_it_has_another_form(large: Database) -> None:
    today = runtime.today()
    counted = overview_of(large, STANDARD_1, today)
    for change in ("counted - 'servicing'", "jsonb_set(counted, '{refusals}', '{\"REASON_TO_COME\": 1}')"):
        with large.engine.connect() as connection:
            connection.execute(text(f"UPDATE counted_books SET counted = {change}"))
        assert delinquency_of(large, today)[1] is None
        assert overview_of(large, STANDARD_1, today).today == counted.today
        assert delinquency_of(large, today)[1] is not None


def test_collections_of_a_small_book_are_counted_as_they_are_shown(browser: Browser, book: Database) -> None:
    assert ", counted " not in browser.sign_in_as(book, Role.OFFICER).get("/console/collections/").words


def test_collections_of_a_large_book_say_when_its_classes_were_counted(browser: Browser, large: Database) -> None:
    today = runtime.today()
    # Signing in leads to the first page, which counts what was never counted.
    assert ", counted " in browser.sign_in_as(large, Role.OFFICER).get("/console/collections/").words
    # Of another day, who is how late has changed.
    assert delinquency_of(large, today + timedelta(days=1))[1] is None


def test_the_loans_of_a_class_are_those_of_now(browser: Browser, large: Database) -> None:
    today = runtime.today()
    count_ahead(large, STANDARD_1, today)
    record(large, 2, receipt("10", today), today, TEST)
    kept, _ = delinquency_of(large, today)
    assert sum(bucket.loans for bucket in kept.buckets) == 2
    assert browser.sign_in_as(large, Role.OFFICER).get("/console/collections/?bucket=NPA").status == 200
