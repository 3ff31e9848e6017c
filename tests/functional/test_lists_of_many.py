"""More matches than are counted: the list says so, and in which order it is, and goes on page after page."""

import re
from datetime import date, timedelta
from html import unescape

import pytest

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from tests.support.console.browser import Browser, names_in
from tests.support.customers import named
from tests.support.loan_lives import a_loan


@pytest.fixture
def viewer(browser: Browser, database: Database, monkeypatch: pytest.MonkeyPatch) -> Browser:
    monkeypatch.setattr("chalicelib.storage.listing.COUNTED", 10)
    return browser.sign_in_as(database, Role.VIEWER)


def late_since(database: Database, day: date) -> int:
    """The number of a loan whose first instalment was due on a day and is not paid."""
    return a_loan(database, named(database), start=day - timedelta(days=31))


def test_many_late_loans_are_listed_late_the_longest_first_whatever_was_chosen(
    viewer: Browser, database: Database
) -> None:
    today = runtime.today()
    loans = [late_since(database, today - timedelta(days=40 + nth * 7 % 30)) for nth in range(30)]
    seen, listed = viewer.get("/console/loans/?late=1&sort=amount"), []
    assert "More than 10 loans , narrow them down to 10 for their sum. Late the longest first" in seen.words
    assert "aria-sort" not in seen.text
    while True:
        listed += [int(name.removeprefix("Loan ")) for name in names_in(seen)]
        following = re.search(r'href="([^"]+)" rel="next"', seen.text)
        if not following:
            break
        seen = viewer.get(f"/console/loans/{unescape(following[1])}")
    with database.reading() as connection:
        wanted = connection.exec_driver_sql(
            "SELECT loan_id FROM loan_positions ORDER BY unpaid_from, loan_id"
        ).scalars()
        assert listed == list(wanted)
    assert sorted(listed) == loans
    previous = re.search(r'href="([^"]+)" rel="prev"', seen.text)
    assert previous
    back = viewer.get(f"/console/loans/{unescape(previous[1])}")
    assert len(names_in(back)) == 25


def test_many_late_customers_are_listed_by_number(viewer: Browser, database: Database) -> None:
    for _ in range(12):
        late_since(database, runtime.today() - timedelta(days=40))
    seen = viewer.get("/console/customers/?late=31&sort=name")
    assert "More than 10 customers . By number; narrow them down to sort them" in seen.words
    assert len(names_in(seen)) == 12


def test_a_file_of_many_says_how_many_it_has(viewer: Browser, database: Database) -> None:
    for _ in range(12):
        named(database)
    assert "The first 20,000 as CSV Excel" in viewer.get("/console/customers/").words
