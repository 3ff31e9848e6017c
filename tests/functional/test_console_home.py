"""The first page of the console: what it counts, and what it says where there is nothing to count."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from itertools import count
from urllib.parse import urljoin

import pytest
from sqlalchemy import text

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.reasons import Reason
from chalicelib.rules.schedule import schedule
from chalicelib.services import statistics
from chalicelib.services.counted_books import Overviews
from chalicelib.services.statistics import Outcomes
from tests.support.application import Api
from tests.support.console.browser import Browser, names_in

TODAY = date(2026, 11, 23)
HOME = "/console/"


def insert_loan(database: Database, amount: int, rate: str, tenure: int, start: date, end: date | None) -> None:
    with database.engine.connect() as connection:
        connection.execute(
            text("""
                INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, start_date,
                                   end_date)
                VALUES (1, :amount, :tenure, :rate, 1, :start, :end)
            """),
            {"amount": amount, "tenure": tenure, "rate": Decimal(rate), "start": start, "end": end},
        )


@pytest.fixture
def customer(api: Api) -> int:
    body = {"first_name": "Asha", "last_name": "Rao", "age": 30, "monthly_income": 50000, "phone_number": 9876543210}
    number = api.post("/api/register", body).json["customer_id"]
    assert number == 1
    return int(number)


def apply(api: Api, customer: int, amount: int) -> None:
    body = {"customer_id": customer, "loan_amount": amount, "interest_rate": 10, "tenure": 12}
    assert api.post("/api/create-loan", body).status == 201


def backdate(database: Database, days: int) -> None:
    with database.engine.connect() as connection:
        connection.execute(
            text("UPDATE loan_applications SET decided_on = decided_on - CAST(:days AS integer)"), {"days": days}
        )


def test_an_empty_console_says_what_to_do(browser: Browser, database: Database) -> None:
    words = browser.sign_in_as(database, Role.OFFICER).get(HOME).words
    for sentence in ("No applications in these days", "No refusals", "No scores yet", "No current loans"):
        assert sentence in words
    assert "Import a workbook" in words
    assert "Imports that need attention" not in words


def test_who_may_not_import_is_not_told_to(browser: Browser, database: Database) -> None:
    seen = browser.sign_in_as(database, Role.VIEWER).get(HOME)
    assert "Import a workbook" not in seen.words.replace("Import a workbook of loans", "")
    assert "Register a customer" not in seen.words
    assert "Administration" not in seen.words


def test_applications_are_counted_by_day_outcome_score_and_reason(api: Api, database: Database, customer: int) -> None:
    for amount in (10_000, 99_000_000, 98_000_000):
        apply(api, customer, amount)
    overview = statistics.count(database, STANDARD_1, runtime.today())
    assert overview.today == overview.month == Outcomes(approved=1, refused=2)
    assert sum(outcomes.total for outcomes in overview.scores) == 3
    assert overview.scores[0] == Outcomes(0, 2)
    assert overview.refusals == {Reason.AMOUNT_EXCEEDS_LIMIT: 2}
    assert overview.current_loans == 1


def test_today_and_the_month_end_with_their_last_day(api: Api, database: Database, customer: int) -> None:
    apply(api, customer, 10_000)
    today = runtime.today()
    tomorrow = statistics.count(database, STANDARD_1, today + timedelta(days=1))
    assert tomorrow.today == Outcomes()
    assert tomorrow.days[today] == Outcomes(1, 0)
    backdate(database, 40)
    assert statistics.count(database, STANDARD_1, today).month == Outcomes()


def test_the_month_is_whole_even_where_it_is_longer_than_the_chart() -> None:
    # The 31st is the thirty-first day of its month.
    assert statistics.counted_since(date(2026, 10, 31)) == date(2026, 10, 1)
    assert statistics.counted_since(date(2026, 11, 23)) == date(2026, 10, 25)


@pytest.mark.parametrize(
    ("amount", "rate", "tenure", "start"),
    [
        (120_030, "8.12", 12, date(2026, 3, 10)),
        (500_000, "16", 60, date(2024, 1, 31)),
        (900_000, "0", 36, date(2025, 6, 1)),
        (100_000, "12", 24, date(2026, 11, 23)),
    ],
)
def test_what_is_outstanding_is_what_the_schedule_says(
    database: Database, customer: int, amount: int, rate: str, tenure: int, start: date
) -> None:
    assert customer == 1
    plan = schedule(Decimal(amount), Decimal(rate), tenure, start, None)
    insert_loan(database, amount, rate, tenure, start, plan.rows[-1].due_date)
    balances = [Decimal(amount), *(row.closing_balance for row in plan.rows if row.due_date <= TODAY)]
    assert statistics.count(database, STANDARD_1, TODAY).outstanding == pytest.approx(balances[-1], abs=Decimal("0.5"))


def test_a_rate_on_a_floor_belongs_to_the_band_above(database: Database, customer: int) -> None:
    assert customer == 1
    for rate in ("0", "11.9999", "12", "15.9999", "16", "30"):
        insert_loan(database, 1000, rate, 12, TODAY, date(2027, 11, 23))
    bands = statistics.count(database, STANDARD_1, TODAY).portfolio
    assert [(int(band.floor), band.below, band.loans) for band in bands] == [(0, 12, 2), (12, 16, 2), (16, None, 2)]


def test_a_loan_is_current_on_its_last_day_and_without_one(database: Database, customer: int) -> None:
    assert customer == 1
    insert_loan(database, 1000, "10", 12, date(2025, 11, 23), TODAY)
    insert_loan(database, 1000, "10", 12, date(2025, 11, 23), None)
    insert_loan(database, 1000, "10", 12, date(2025, 11, 22), TODAY - timedelta(days=1))
    overview = statistics.count(database, STANDARD_1, TODAY)
    assert (overview.current_loans, overview.lent, overview.outstanding) == (2, Decimal(2000), Decimal(0))


def test_an_overview_is_kept_a_hundred_times_as_long_as_it_took(database: Database) -> None:
    ticks = count(step=1)
    overviews = Overviews(database, now=lambda: float(next(ticks)))
    first = overviews.get(STANDARD_1, TODAY)  # asked at 0, counted at 1
    assert overviews.get(STANDARD_1, TODAY) is first
    assert overviews.get(STANDARD_1, TODAY + timedelta(days=1)) is not first
    later = count(start=1000)
    overviews = Overviews(database, now=lambda: float(next(later)))
    kept = overviews.get(STANDARD_1, TODAY)
    for _ in range(100):
        next(later)
    assert overviews.get(STANDARD_1, TODAY) is not kept


def test_the_page_shows_figures_charts_and_the_tables_behind_them(api: Api, database: Database, customer: int) -> None:
    for amount in (10_000, 99_000_000, 98_000_000):
        apply(api, customer, amount)
    seen = Browser(api.client, host="localhost").sign_in_as(database, Role.VIEWER).get(HOME)
    assert "Applications today 3 33% approved: 1 of 3" in seen.words
    assert "Principal outstanding ₹10,000 of ₹10,000 lent" in seen.words
    assert "Amount exceeds the limit 2" in seen.words
    assert "Below 12% 1 ₹10,000" in seen.words
    assert seen.text.count('<svg class="plot" role="group" aria-label="') == seen.text.count(
        "<summary>As a table</summary>"
    )
    assert "<title>0–9: 2 refused</title>" in seen.text


def test_each_figure_and_bar_opens_the_list_behind_it(api: Api, database: Database, customer: int) -> None:
    for amount in (10_000, 99_000_000, 98_000_000):
        apply(api, customer, amount)
    browser = Browser(api.client, host="localhost").sign_in_as(database, Role.VIEWER)
    seen = browser.get(HOME)
    pieces = re.findall(r'<a href="([^"]+)" tabindex="-1" aria-label="[^:]+: ([0-9]+) (?:approved|refused)"', seen.text)
    bars = re.findall(r'<a href="([^"]+)">[^<]+</a></span><b>([0-9]+)</b>', seen.text)
    figures = re.findall(
        r'<p class="figure-name"><a href="([^"]+)">Applications[^<]*</a></p><p class="figure-value">([0-9]+)', seen.text
    )
    bands = re.findall(r'<th scope="row"><a href="([^"]+)">[^<]+</a></th><td class="n">([0-9]+)</td>', seen.text)
    assert (len(pieces), len(bars), len(figures), len(bands)) == (4, 1, 2, 3)
    for link, count_said in (*pieces, *bars, *figures, *bands):
        listed = browser.get(urljoin(HOME, unescape(link)))
        assert len(names_in(listed)) == int(count_said), link
    money = re.findall(r'<li><span class="bar-words"><span>(<a href="[^"]+">)?[^<]+(?:</a>)?</span><b>₹', seen.text)
    assert len(money) == 3
    assert all(money)
    assert names_in(browser.get("/console/loans/?state=open")) == ["Loan 1"]


def test_imports_that_run_failed_or_left_rows_out_are_shown(browser: Browser, database: Database) -> None:
    with database.engine.connect() as connection:
        connection.execute(
            text("""
                INSERT INTO imports (bucket, object_key, object_version, state, message, rows_total, rows_read,
                                     finished_at)
                VALUES ('b', 'incoming/1/fine.xlsx', 'v', 'completed', NULL, 5, 5, now()),
                       ('b', 'incoming/2/half.xlsx', 'v', 'completed', NULL, 5, 5, now()),
                       ('b', 'incoming/3/running.xlsx', 'v', 'running', NULL, 1500, 700, NULL),
                       ('b', 'incoming/4/broken.xlsx', 'v', 'failed', 'It is no workbook.', NULL, 0, now())
            """)
        )
        connection.execute(
            text("""
                INSERT INTO import_sheets (import_id, sheet, kind, rows_found, inserted, updated, unchanged, superseded,
                                           waiting, rejected, renumbered)
                VALUES (1, 's', 'loans', 5, 5, 0, 0, 0, 0, 0, 0), (2, 's', 'loans', 5, 3, 0, 0, 0, 0, 2, 0)
            """)
        )
    seen = browser.sign_in_as(database, Role.OFFICER).get(HOME)
    assert "broken.xlsx Failed" in seen.words
    assert "running.xlsx Running 700 of 1,500" in seen.words
    assert "half.xlsx Completed 5 2" in seen.words
    assert "fine.xlsx" not in seen.words
    assert "/console/imports/4/" in seen.links()
