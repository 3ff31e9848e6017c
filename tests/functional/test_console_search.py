"""The search of every page finds customers, loans, applications and imports by what people know of them."""

from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from chalicelib.postgres.database import Database
from chalicelib.rules.access import Actor, Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.typed.sought import Sought, sought
from chalicelib.services.search import Found, find
from tests.support.console.browser import Browser, Seen
from tests.support.customers import named
from tests.support.lending import create_loan
from tests.support.people import TEST

# Above the numbers of customers, so that each number is of one thing.
FIRST_LOAN, FIRST_APPLICATION, FIRST_IMPORT = 10_026, 20_012, 30_005
NUMBERS = {"loans_loan_id_seq": FIRST_LOAN, "loan_applications_application_id_seq": FIRST_APPLICATION}
IMPORT = """
    INSERT INTO imports (import_id, bucket, object_key, object_version, state, started_by)
    OVERRIDING SYSTEM VALUE VALUES (:number, 'b', 'incoming/october.xlsx', 'v1', 'running', 'user:99')
"""


@pytest.fixture
def portfolio(database: Database) -> dict[str, int]:
    """Rudra with a loan and its application, Renée and Asha without, and an import."""
    with database.transaction() as tx:
        for sequence, number in NUMBERS.items():
            tx.connection.execute(text("SELECT setval(:name, :number, false)"), {"name": sequence, "number": number})
        tx.connection.execute(text(IMPORT), {"number": FIRST_IMPORT})
        tx.commit()
    rudra = named(database, "Rudra", "Singh", "8697989224")
    renee = named(database, "Renée", "D'Souza", "9812345678")
    asha = named(database, "Asha", "Singh", "9812300004")
    request = LoanRequest(Decimal(120_030), Decimal("8.12"), 12)
    create_loan(database, rudra, request, STANDARD_1, date(2026, 11, 23), TEST)
    return {"rudra": rudra, "renee": renee, "asha": asha}


@pytest.fixture
def officer(browser: Browser, database: Database, portfolio: dict[str, int]) -> Browser:  # noqa: ARG001 - it is there
    return browser.sign_in_as(database, Role.OFFICER)


def search(browser: Browser, typed: str, **more: str) -> Seen:
    """What the form of the header leads to, without following it."""
    return browser.get(f"/console/search/?{urlencode({'q': typed, **more})}")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("renee", "customers/{renee}/"), ("DSOUZA Ren", "customers/{renee}/"), ("singh rudra", "customers/{rudra}/"),
        ("86979 89224", "customers/{rudra}/"), ("+91 86979-89224", "customers/{rudra}/"),
        ("9224", "customers/{rudra}/"), ("customer {asha}", "customers/{asha}/"), ("#{asha}", "customers/{asha}/"),
        ("10026", "loans/10026/"), ("#10026", "loans/10026/"), ("loan 10026", "loans/10026/"),
        ("Loans no. 10026", "loans/10026/"), ("application 20012", "applications/20012/"),
        ("#20012", "applications/20012/"), ("import 30005", "imports/30005/"), ("IMPORT #30005", "imports/30005/"),
    ],
)  # fmt: skip
def test_a_search_that_finds_one_thing_leads_to_it(
    officer: Browser, portfolio: dict[str, int], typed: str, found: str
) -> None:
    seen = officer.follow(search(officer, typed.format(**portfolio)))
    assert (seen.status, seen.path) == (200, f"/console/{found.format(**portfolio)}")


def test_a_search_that_finds_several_things_groups_them_by_kind(officer: Browser, database: Database) -> None:
    number = named(database, "Late", "Comer", f"{FIRST_LOAN}00000")
    seen = search(officer, str(FIRST_LOAN))
    assert seen.status == 200
    assert "Customers Late Comer" in seen.words
    assert f"Loans Loan {FIRST_LOAN} Rudra Singh · ₹1,20,030 over 12 months" in seen.words
    assert {f"/console/customers/{number}/", f"/console/loans/{FIRST_LOAN}/"} <= set(seen.links())
    assert f'value="{FIRST_LOAN}"' in seen.text


def test_a_script_gets_the_results_alone_and_is_never_led_on(officer: Browser) -> None:
    seen = search(officer, "rudra", part="results")
    assert seen.status == 200
    assert "Rudra Singh" in seen.words
    assert "<html" not in seen.text


def test_more_customers_than_are_shown_are_a_link_to_the_list(officer: Browser, database: Database) -> None:
    for number in range(9):
        named(database, "Meera", f"Iyer{number}", f"700000000{number}")
    seen = search(officer, "meera iyer")
    assert "/console/customers/?q=meera+iyer" in seen.links()
    assert "Meera Iyer7" in seen.words
    assert "Meera Iyer8" not in seen.words


@pytest.mark.parametrize(
    "typed", ["zzzz", "loan 99", "#999999", "import 20012", "loan 9999999999999999999", "'", "&:*"]
)
def test_nothing_found_says_what_to_try(officer: Browser, typed: str) -> None:
    seen = search(officer, typed)
    assert (seen.status, "Nothing found" in seen.words) == (200, True)


def test_an_empty_search_says_what_can_be_found(officer: Browser) -> None:
    assert "application 12" in search(officer, "").words


def test_every_page_has_the_search(officer: Browser, portfolio: dict[str, int]) -> None:
    for path in ("", "customers/", f"customers/{portfolio['asha']}/", "imports/", "nowhere/"):
        assert "/console/search/" in officer.get(f"/console/{path}").links()


@pytest.mark.parametrize(
    ("role", "customers", "loan", "applied", "job"),
    [
        (Role.VIEWER, True, True, True, True),
        (Role.READER, True, True, True, False),
        # Somebody else asked for the import.
        (Role.IMPORTER, False, False, False, False),
    ],
)
def test_what_somebody_may_not_read_is_not_found(
    database: Database, portfolio: dict[str, int], role: Role, customers: bool, loan: bool, applied: bool, job: bool
) -> None:
    actor = Actor("user", "test", role, 7)

    def found(typed: str) -> Found:
        return find(database, sought(typed), actor, most=8)

    assert portfolio
    assert bool(found("rudra").customers) == customers
    assert bool(found(str(FIRST_LOAN)).loan) == loan
    assert bool(found(str(FIRST_APPLICATION)).applied) == applied
    assert bool(found(str(FIRST_IMPORT)).job) == job


def test_whoever_may_know_of_one_customer_finds_nobody_else(database: Database, portfolio: dict[str, int]) -> None:
    actor = Actor("key", "test", Role.READER, 7, customer_id=portfolio["asha"])
    numbers = (f"#{portfolio['rudra']}", "rudra", "9224", str(FIRST_LOAN), str(FIRST_APPLICATION))
    assert [find(database, sought(typed), actor, most=8).count for typed in numbers] == [0] * len(numbers)
    assert find(database, sought("singh"), actor, most=8).count == 1


def test_the_customer_of_a_number_comes_before_those_whose_phone_begins_like_it(database: Database) -> None:
    for number in range(1, 12):
        named(database, "Meera", f"Iyer{number}", f"7{number:09}")
    found = find(database, Sought("7", 7), Actor("user", "test", Role.OFFICER, 7), most=8)
    assert [each.customer_id for each in found.customers] == [7, 1, 2, 3, 4, 5, 6, 8]
    assert found.has_more
