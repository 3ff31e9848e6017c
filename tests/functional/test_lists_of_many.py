"""More matches than are counted: the list says so, and in which order it is, and goes on page after page."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from tests.support.console.browser import Browser, names_in
from tests.support.customers import add_loan, named
from tests.support.loan_lives import a_loan


@pytest.fixture
def viewer(browser: Browser, database: Database, monkeypatch: pytest.MonkeyPatch) -> Browser:
    monkeypatch.setattr("chalicelib.storage.listing.LOOKED", 50)
    return browser.sign_in_as(database, Role.VIEWER)


def late_since(database: Database, day: date) -> int:
    """The number of a loan whose first instalment was due on a day and is not paid."""
    return a_loan(database, named(database), start=day - timedelta(days=31))


def following_pages(viewer: Browser, address: str) -> list[list[str]]:
    """What stands on a page and all that come after it."""
    seen, pages = viewer.get(f"/console/{address}"), []
    while True:
        pages.append(names_in(seen))
        following = re.search(r'href="([^"]+)" rel="next"', seen.text)
        if not following:
            return pages
        seen = viewer.get(f"/console/{address.partition('?')[0]}{unescape(following[1])}")


def test_of_many_late_loans_those_are_sorted_that_are_late_the_longest(viewer: Browser, database: Database) -> None:
    today = runtime.today()
    for nth in range(30):
        late_since(database, today - timedelta(days=40 + nth * 7 % 30))
    seen = viewer.get("/console/loans/?late=1&sort=number")
    assert "More than 10 loans , narrow them down to 10 for their sum." in seen.words
    assert "Only the longest overdue 10 are sorted: narrow them down to sort the others" in seen.words
    with database.reading() as connection:
        longest = connection.exec_driver_sql(
            "SELECT loan_id FROM loan_positions ORDER BY unpaid_from, loan_id LIMIT 10"
        ).scalars()
        assert names_in(seen) == [f"Loan {number}" for number in sorted(longest)]


def test_many_late_customers_are_those_that_are_late_the_longest(viewer: Browser, database: Database) -> None:
    for nth in range(12):
        late_since(database, runtime.today() - timedelta(days=40 + nth))
    seen = viewer.get("/console/customers/?late=31&sort=newest")
    assert "More than 10 customers . Only the longest overdue 10 are sorted" in seen.words
    assert len(names_in(seen)) == 10


@pytest.mark.parametrize("beside", ["", "state=current&", "state=not_serviced&", "who=import:1&", "from=2020-01-01&"])
@pytest.mark.parametrize("sort", ["newest", "number"])
def test_what_is_rare_is_found_by_going_on_page_by_page(
    viewer: Browser, database: Database, sort: str, beside: str
) -> None:
    number = named(database)
    for nth in range(1, 131):
        rate = Decimal(21 if nth in (5, 6, 120) else 9)
        add_loan(database, number, interest_rate=rate, created_by="import:1", start_date=date(2020, 1, 1))
    # Loans that began on a day are looked through in the order of days.
    sort = sort if "from=" not in beside else {"newest": "start-descending", "number": "start"}[sort]
    pages = following_pages(viewer, f"loans/?{beside}rate_from=21&sort={sort}")
    found = [name for page in pages for name in page]
    assert found == ["Loan 5", "Loan 6", "Loan 120"][:: 1 if sort in ("number", "start") else -1]
    assert len(pages) > 1
    only = viewer.get("/console/loans/?rate_from=21&sort=amount")
    assert "1 of the 50 loans that were looked through" in only.words
    assert "Only the newest 50 are sorted: narrow them down to sort the others" in only.words


def test_a_file_of_many_says_how_many_it_has(viewer: Browser, database: Database) -> None:
    for _ in range(52):
        named(database)
    assert "The first 20,000 as CSV Excel" in viewer.get("/console/customers/").words
