"""Ten tasks of a working day, each done in a browser from Home on, with its clicks and key presses counted.

`make stopwatch` prints them as a table, on a stack of its own.
"""

import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import Browser, Locator, Page, expect
from pyotp import TOTP

from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import USER, Author, Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.storage.customers import Registration
from infra.terminal import CommandError
from tests.support.console.browsing import NoChromium, browsing, new_context, open_what_was_found, sign_in
from tests.support.console.furnishing import BEGUN_BY, begun_here
from tests.support.lending import create_loan, register
from tests.support.people import PASSWORD, user_of
from tests.support.settings import DATA, settings_for
from tests.support.stack import Stack, stack_of_its_own
from tests.support.workbooks import customer, customers_book

MOST_CLICKS = 5
# Whose instalments take more than half of the income after the first loan.
SPENT = Registration("Ritu", "Sane", 31, "9000071369", Decimal(10_000))
SALARIES = "november-salaries.xlsx"
MANY = LoanRequest(Decimal(200_000), Decimal(10), 24)


@dataclass
class Stopwatch:
    """The hands of a person at a page: what they click and type is done, and counted."""

    page: Page
    clicks: int = 0
    keys: int = 0
    seconds: float = 0

    def click(self, target: Locator) -> None:
        """A click."""
        target.click()
        self.clicks += 1

    def go(self, target: Locator) -> None:
        """A click that leads to another page, which is there afterwards: the one before may look the same."""
        with self.page.expect_navigation():
            self.click(target)

    def link(self, *names: str) -> None:
        """A click on the first link of each name, one after the other."""
        for name in names:
            self.go(self._link(name))

    def _link(self, name: str) -> Locator:
        return self.page.get_by_role("main").get_by_role("link", name=name).first

    def section(self, name: str) -> None:
        """A click on a section."""
        self.go(self.page.get_by_role("navigation", name="Sections").get_by_role("link", name=name))

    def button(self, name: str) -> None:
        """A click on a button that sends a form."""
        self.go(self.page.get_by_role("main").get_by_role("button", name=name))

    def type(self, text: str) -> None:
        """Types into what has the focus, once a page is there whose field has it."""
        expect(self.page.locator("input:focus, textarea:focus")).to_have_count(1)
        self.page.keyboard.type(text)
        self.keys += len(text)

    def press(self, key: str) -> None:
        """Presses a key that is no letter."""
        self.page.keyboard.press(key)
        self.keys += 1

    def find(self, words: str) -> None:
        """Finds something with the search that every page has; on Home it has the focus."""
        self.type(words)
        open_what_was_found(self.page)
        self.keys += 1

    def download(self, link: str) -> bytes:
        """Clicks on a link to a file; returns what the file holds."""
        with self.page.expect_download() as download:
            self.click(self._link(link))
        return download.value.path().read_bytes()

    def sees(self, *words: str) -> None:
        """Waits until the page says it."""
        for each in words:
            expect(self.page.get_by_role("main")).to_contain_text(each)


@dataclass(frozen=True)
class Day:
    """What there is to do: numbers of an application that was refused and of a loan with receipts."""

    console: str
    refused: int
    loan: int


def a_day(stack: Stack) -> Day:
    """Puts what the tasks are about into a stack with the portfolio of `data/`."""
    database = Database(make_engine(settings_for(stack.file.database_url)))
    user_of(database, Role.ADMIN, "admin")
    officer = user_of(database, Role.OFFICER, "officer")
    author = Author(USER, officer.name, officer.user_id)
    spent = register(database, SPENT, STANDARD_1, author).customer_id
    today = datetime.now(settings_for("postgresql://unused").business_timezone).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    for _ in range(2):
        application = create_loan(database, spent, MANY, STANDARD_1, last_month, author)
    loan = begun_here(database, author)
    database.engine.dispose()
    _salaries_arrive(stack)
    return Day(stack.file.console_url, application.application_id, loan)


def _salaries_arrive(stack: Stack) -> None:
    """A workbook changes somebody whom the portfolio has."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / SALARIES
        file.write_bytes(customers_book(customer(7, phone_number=9000071370)))
        stack.wait_for_import(stack.upload(file))


def find_by_phone(watch: Stopwatch, _day: Day) -> None:
    watch.find(SPENT.phone_number[-4:])
    expect(watch.page.get_by_role("heading", level=1)).to_have_text(f"{SPENT.first_name} {SPENT.last_name}")


def explain_refusal(watch: Stopwatch, day: Day) -> None:
    watch.find(f"application {day.refused}")
    watch.sees("Refused", "of the income", "applied for by officer of the tests")


def refusals_as_a_workbook(watch: Stopwatch, _day: Day) -> None:
    watch.section("Applications")
    watch.link("Refused for income", "Last month")
    sheet = load_workbook(BytesIO(watch.download("Excel"))).worksheets[0]
    assert any(f"{SPENT.first_name} {SPENT.last_name}" in row for row in sheet.iter_rows(values_only=True))


def late_customers(watch: Stopwatch, _day: Day) -> None:
    watch.section("Customers")
    watch.link("More than 30 days late")
    watch.sees("Clear all", BEGUN_BY.phone_number)


def record_receipt(watch: Stopwatch, day: Day) -> None:
    watch.find(f"loan {day.loan}")
    watch.link("Record a receipt")
    watch.type("1000")
    watch.button("Record the receipt")
    expect(watch.page.get_by_role("status")).to_contain_text("Receipt recorded.")


def statement_as_pdf(watch: Stopwatch, day: Day) -> None:
    watch.find(BEGUN_BY.phone_number)
    watch.link(f"Loan {day.loan}", "Statement")
    assert watch.download("PDF").startswith(b"%PDF")


def new_officer(watch: Stopwatch, _day: Day) -> None:
    watch.section("Administration")
    watch.link("Create user")
    watch.type("Leela Rao")
    watch.press("Tab")
    watch.type("leela")
    watch.press("Enter")
    link = watch.page.get_by_label("Link to choose a password")
    # A script makes the address whole.
    expect(link).to_have_value(re.compile("^http"))
    # The rest is done by the new officer, in a browser of her own.
    browser = watch.page.context.browser
    assert browser is not None
    context = new_context(browser)
    theirs = Stopwatch(context.new_page())
    theirs.page.goto(link.input_value())
    theirs.clicks += 1
    theirs.type(PASSWORD)
    theirs.press("Tab")
    theirs.type(PASSWORD)
    theirs.press("Enter")
    theirs.sees("Set up a second factor")
    theirs.click(theirs.page.get_by_label("Current password"))
    theirs.type(PASSWORD)
    theirs.press("Tab")
    theirs.type(TOTP(theirs.page.locator("code.key").inner_text().replace(" ", "")).now())
    theirs.press("Enter")
    theirs.sees("Recovery codes")
    context.close()
    watch.clicks += theirs.clicks
    watch.keys += theirs.keys


def changes_of_an_import(watch: Stopwatch, _day: Day) -> None:
    watch.section("Imports")
    watch.link(SALARIES)
    watch.go(watch.page.get_by_role("row", name="customers").get_by_role("link"))
    watch.sees("What the updated rows changed.", "Row 2", "Monthly income")


def undo_receipt(watch: Stopwatch, day: Day) -> None:
    watch.find(f"loan {day.loan}")
    # The last one that stands is the first with such a link.
    watch.link("Reverse No.")
    watch.type("typed twice")
    watch.button("Reverse the transaction")
    expect(watch.page.get_by_role("status")).to_contain_text("Transaction reversed")


def decision_letter(watch: Stopwatch, day: Day) -> None:
    watch.find(f"application {day.refused}")
    watch.link("Decision letter")
    assert watch.download("PDF").startswith(b"%PDF")


@dataclass(frozen=True)
class Task:
    """A task in words, how it is done, and by whom."""

    words: str
    do: Callable[[Stopwatch, Day], None]
    login: str = "officer"


TASKS: Sequence[Task] = (
    Task("find a customer by the end of a phone number", find_by_phone),
    Task("why an application was refused, and who recorded it", explain_refusal),
    Task("all refusals for income of last month as .xlsx", refusals_as_a_workbook),
    Task("customers more than 30 days late, with phone numbers", late_customers),
    Task("record a receipt", record_receipt),
    Task("a customer's statement as PDF", statement_as_pdf),
    Task("a new officer with a second factor", new_officer, "admin"),
    Task("undo a wrong receipt", undo_receipt),
    Task("which rows of an import changed what", changes_of_an_import),
    Task("a decision letter as PDF", decision_letter),
)


def timed(browser: Browser, task: Task, day: Day) -> Stopwatch:
    """Does a task from Home on; what comes before is not counted."""
    context = new_context(browser, locale="en-IN", timezone_id="Asia/Kolkata")
    watch = Stopwatch(context.new_page())
    sign_in(watch.page, day.console, task.login, PASSWORD)
    expect(watch.page.locator("#find")).to_be_focused()
    started = time.perf_counter()
    task.do(watch, day)
    watch.seconds = time.perf_counter() - started
    context.close()
    return watch


def main() -> int:
    """Prints each task with its clicks, keys and seconds; where something is missing, one sentence says so."""
    try:
        with browsing() as browser, stack_of_its_own() as stack:
            with redirect_stdout(StringIO()):
                stack.seed(DATA)
                day = a_day(stack)
            print("| task | clicks | keys | seconds |\n|---|---|---|---|")
            for task in TASKS:
                watch = timed(browser, task, day)
                print(f"| {task.words} | {watch.clicks} | {watch.keys} | {watch.seconds:.1f} |", flush=True)
    except (NoChromium, CommandError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
