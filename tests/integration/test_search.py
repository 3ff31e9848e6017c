"""A customer is found however the name and the number are typed."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from chalicelib.postgres.database import Database
from chalicelib.storage import customers
from chalicelib.storage.customers import FEW, Registration
from chalicelib.storage.paging import Cursor, Slice
from tests.support.people import TEST

TODAY = date(2026, 11, 23)
PEOPLE = {
    1: ("\u095b\u0930\u0940\u0928\u093e", "Khan"),
    2: ("\u0130lker", "Test"),
    3: ("Ren\u00e9e Kumari", "O\u2019Neil-Stra\u00dfe"),
    4: ("Suharto", ""),
}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("\u091c\u093c\u0930\u0940\u0928\u093e", 1), ("\u095b\u0930\u0940\u0928\u093e", 1),
        ("\u091c\u0930\u0940", 1),

        ("khan \u091c\u0930\u0940", 1), ("\u0130lker", 2), ("ilker", 2), ("I\u0307LKER", 2), ("test ilk", 2),
        ("renee", 3), ("Rene\u0301e", 3), ("oneil", 3), ("O'Neil", 3), ("strasse", 3), ("kumari renee", 3),
        ("STRASSE kum", 3), ("suharto", 4),
        ("98123 00004", 4), ("+91 98123-00004", 4), ("0004", 4), ("098123 00004", 4),
        ("9812300004", 4), ("4", 4),
    ],
)  # fmt: skip
def test_a_customer_is_found(database: Database, typed: str, found: int) -> None:
    with database.transaction() as tx:
        for number, (first, last) in PEOPLE.items():
            person = Registration(first, last, 41, f"98123{number:05}", Decimal(60000))
            assert (
                customers.add(tx.connection, person, Decimal(1), today=date(2026, 11, 23), author=TEST).customer_id
                == number
            )
        listed = customers.listed(tx.connection, cursor=Cursor(20), searched=typed)
        assert [each.customer_id for each in listed.rows] == [found]


@pytest.mark.parametrize("typed", ["nobody", "'", "\\", "a & b", "!", "'':*", "5", "12345", "(", "\ufdfa" * 100])
def test_what_nobody_has_finds_nobody_and_breaks_nothing(database: Database, typed: str) -> None:
    with database.reading() as connection:
        assert customers.listed(connection, cursor=Cursor(20), searched=typed) == Slice([])


def test_however_many_match_each_is_on_one_page_of_the_search(database: Database) -> None:
    """The first pages have more than a few behind them, the last ones have not."""
    many = FEW + 1500
    add = text("""
        INSERT INTO customers (first_name, last_name, age, phone_number, monthly_income, approved_limit)
        SELECT CASE mod(n, 2) WHEN 0 THEN 'Meera' ELSE 'Asha' END, 'Rao', 30, (7000000000 + n)::text, 1, 1
        FROM generate_series(1, :people) AS n
    """)
    with database.transaction() as tx:
        tx.connection.execute(add, {"people": 2 * many})
        found: list[int] = []
        behind: int | None = None
        while behind is not None or not found:
            listed = customers.listed(tx.connection, cursor=Cursor(1000, behind), searched="rao mee")
            found += [each.customer_id for each in listed.rows]
            behind = listed.next
    assert found == list(range(2, 2 * many + 1, 2))


def test_names_are_folded_in_place_and_not_by_calling_a_function(database: Database) -> None:
    folded = text("EXPLAIN (VERBOSE) SELECT search_words((first_name || ' ') || last_name) FROM customers")
    with database.reading() as connection:
        plan = "\n".join(connection.scalars(folded))
        assert connection.scalar(text("SELECT search_words(NULL)")) is None
    assert "lower(" in plan
    assert "search_" not in plan
