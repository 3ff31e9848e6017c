"""The console in a real browser, on the whole stack: what an officer, an admin and a viewer do with it."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, Route, expect
from pypdfium2 import PdfDocument
from sqlalchemy import text

from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import Role
from tests.support.console.browsing import (
    faults_in_the_dark,
    faults_of,
    new_context,
    open_what_was_found,
    reload_until,
    sign_in,
)
from tests.support.console.furnishing import RECEIPTS, begun_here, key_facts_issued
from tests.support.console.pages import BEHIND, DOWNLOADS, PICTURES, VIEWS, Shown, View
from tests.support.patience import patiently
from tests.support.people import PASSWORD, key_of, user_of
from tests.support.settings import DATA, settings_for
from tests.support.stack import Stack
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

pytestmark = pytest.mark.e2e

MAX_PAGE_BYTES = 100_000
# A refusal for its amount, with a counter-offer: more than any limit in the portfolio.
MUCH = "90000000"


@pytest.fixture(scope="module")
def console(stack: Stack) -> str:
    """The address of the console, where each role has a user of its own name. The tests share its data."""
    stack.empty()
    stack.seed(DATA)
    database = Database(make_engine(settings_for(stack.file.database_url)))
    for role in (Role.ADMIN, Role.OFFICER, Role.VIEWER):
        user_of(database, role)
    user_of(database, Role.VIEWER, "newcomer")
    key_of(database, Role.READER)
    begun_here(database)
    key_facts_issued(database, 7)
    database.engine.dispose()
    return stack.file.console_url


@pytest.fixture(scope="module")
def late_loan(stack: Stack, console: str) -> int:  # noqa: ARG001 - which furnishes the stack
    """The number of the loan with receipts that is late."""
    database = Database(make_engine(settings_for(stack.file.database_url)))
    with database.reading() as connection:
        reference = text("SELECT loan_id FROM loan_transactions WHERE reference = :reference")
        number = connection.execute(reference, {"reference": RECEIPTS[0][3]}).scalar_one()
    database.engine.dispose()
    return int(number)


def opened(browser: Browser, view: View = VIEWS[0]) -> BrowserContext:
    return new_context(
        browser,
        viewport={"width": view.width, "height": view.height},
        color_scheme="dark" if view.scheme == "dark" else "light",
        # Or a colour that is on its way to another would be taken for one that stays.
        reduced_motion="reduce",
        locale="en-IN",
        timezone_id="Asia/Kolkata",
    )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a browser that nobody used before; it fails the test that makes it complain."""
    context = opened(browser)
    found: list[str] = []
    shown = context.new_page()
    shown.on("pageerror", lambda error: found.append(str(error)))
    shown.on("console", lambda said: found.append(said.text) if "Content Security Policy" in said.text else None)
    yield shown
    context.close()
    assert found == []


def test_an_officer_reads_a_refusal_takes_the_counter_offer_and_applies(console: str, page: Page) -> None:
    sign_in(page, console, "officer", PASSWORD)
    page.get_by_role("link", name="Find a customer").first.click()
    # The first page has tables too.
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers")
    name = page.locator("tbody a").nth(4).inner_text()
    page.get_by_label("Search").press_sequentially(name, delay=20)
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_label("Amount").fill(MUCH)
    page.get_by_label("Interest rate").fill("11.5")
    page.get_by_label("Tenure").fill("36")
    page.get_by_role("button", name="See the decision").click()
    expect(page.locator(".result")).to_contain_text("Refused")
    page.get_by_role("link", name="Try this").first.click()
    expect(page.locator(".result")).to_contain_text("Approved")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("status")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Application")
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    # A container shows what it counted for a hundred times as long as it took to count.
    reload_until(page.locator(".figure").first, "approved: 1 of")


def test_what_is_typed_before_the_scripts_are_there_is_searched_for(console: str, page: Page) -> None:
    sign_in(page, console, "officer", PASSWORD)
    held = hold(page, re.compile(r"/(search|find)\.js$"))
    page.goto(f"{console}customers/", wait_until="commit")
    name = page.locator("tbody a").nth(4).inner_text()
    page.get_by_label("Search").fill(name)
    wait_for(page, held, 2)
    for each in held:
        each.continue_()
    expect(page.locator("tbody tr")).to_have_count(1)


def hold(page: Page, address: re.Pattern[str]) -> list[Route]:
    """The requests for such an address, from now on, which wait until they are let go."""
    held = list[Route]()

    def keep(route: Route) -> None:
        held.append(route)

    page.route(address, keep)
    return held


def wait_for(page: Page, held: list[Route], count: int) -> None:
    """Returns when so many requests are held."""
    for _ in patiently(f"{count} requests", pause_seconds=0):
        if len(held) == count:
            return
        # Playwright tells of requests only while it is asked for something.
        page.wait_for_timeout(20)


def type_on_while_a_list_is_shown(page: Page, console: str) -> Route:
    """Has the search of every page list something, and types on; returns the request that asks for the next list."""
    sign_in(page, console, "officer", PASSWORD)
    page.locator("#find").fill("a")
    expect(page.get_by_role("option").first).to_be_visible()
    held = hold(page, re.compile(r"part=results"))
    page.locator("#find").press_sequentially("r")
    wait_for(page, held, 1)
    return held[0]


def test_a_list_that_was_closed_is_not_opened_by_what_was_still_asked_for(console: str, page: Page) -> None:
    type_on_while_a_list_is_shown(page, console)
    with page.expect_event("requestfailed"):
        page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_a_list_that_comes_when_one_has_left_the_box_is_shown_when_one_is_back(console: str, page: Page) -> None:
    asked = type_on_while_a_list_is_shown(page, console)
    page.keyboard.press("Tab")
    asked.continue_()
    expect(page.locator("#find-results")).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.locator("#find").focus()
    expect(page.get_by_role("listbox")).to_be_visible()


def test_a_customer_is_found_by_the_end_of_a_phone_number_in_five_keys(console: str, page: Page) -> None:
    sign_in(page, console, "officer", PASSWORD)
    page.goto(f"{console}customers/")
    row = page.locator("tbody tr").nth(4)
    name, phone = (row.locator(part).inner_text() for part in ("th", "td:nth-of-type(2)"))
    page.goto(console)
    expect(page.locator("#find")).to_be_focused()
    for digit in phone[-4:]:
        page.keyboard.press(digit)
    open_what_was_found(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_the_search_of_every_page_is_led_by_the_keyboard(console: str, page: Page) -> None:
    sign_in(page, console, "officer", PASSWORD)
    page.goto(f"{console}loans/")
    page.keyboard.press("/")
    page.keyboard.type("a")
    options = page.get_by_role("option")
    expect(options.nth(2)).to_be_visible()
    assert faults_of(page) == []
    second = options.nth(1).locator("b").inner_text()
    page.keyboard.press("ArrowDown")
    open_what_was_found(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(second)
    page.keyboard.press("Control+k")
    page.keyboard.type("nobody at all")
    expect(page.get_by_text("Nothing found", exact=True).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")


def test_an_officer_imports_a_workbook_and_reads_what_was_wrong(console: str, page: Page, tmp_path: Path) -> None:
    rows = [CUSTOMER_HEADER, customer(9001), customer(9002, age=11)]
    file = tmp_path / "new customers.xlsx"
    file.write_bytes(workbook({"customers": rows, "loans": [LOAN_HEADER, loan(9001, 80_001)]}))
    sign_in(page, console, "officer", PASSWORD)
    page.goto(f"{console}imports/new/")
    page.locator("#file").set_input_files(file)
    expect(page.get_by_text("Completed").first).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("customers, row 3")
    expect(page.get_by_role("main")).to_contain_text("Age must be a whole number from 18 to 120")
    with page.expect_download() as download:
        page.get_by_role("link", name="Report").click()
    assert download.value.suggested_filename.endswith(".xlsx")


def test_an_officer_records_a_receipt_that_is_previewed_while_it_is_typed(
    console: str, late_loan: int, page: Page
) -> None:
    sign_in(page, console, "officer", PASSWORD)
    page.goto(f"{console}loans/{late_loan}/")
    page.get_by_role("link", name="Record a receipt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Record a receipt")
    expect(page.get_by_role("button", name="Preview")).to_have_count(0)
    page.get_by_label("Amount").press_sequentially("1,000", delay=20)
    expect(page.locator("#preview")).to_contain_text("₹1,000 pays")
    page.get_by_role("button", name="Record the receipt").click()
    expect(page.get_by_role("status")).to_contain_text("Receipt recorded.")
    expect(page.locator("#ledger tbody tr").first).to_contain_text("₹1,000.00")


def test_an_admin_edits_a_limit_and_finds_it_in_the_audit_log(console: str, page: Page) -> None:
    sign_in(page, console, "admin", PASSWORD)
    page.goto(f"{console}customers/7/change/")
    page.get_by_label("Approved limit").fill("1234500")
    page.get_by_label("Reason").fill("Salary slip of November")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#history")).to_contain_text("Salary slip of November")
    page.goto(f"{console}administration/audit/")
    expect(page.locator("tbody tr").first).to_contain_text("12,34,500")


def test_a_viewer_sees_everything_and_may_change_nothing(console: str, page: Page) -> None:
    sign_in(page, console, "viewer", PASSWORD)
    page.goto(f"{console}customers/7/")
    expect(page.get_by_role("link", name="Change details")).to_have_count(0)
    answer = page.goto(f"{console}customers/7/change/")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("main")).to_contain_text("The role viewer may not")
    assert faults_of(page) == []
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)


def test_the_sign_in_leads_to_where_one_wanted_to_be_and_the_sign_out_ends_it(console: str, page: Page) -> None:
    page.goto(f"{console}customers/7/?loan_amount=5000&interest_rate=10&tenure=12")
    page.get_by_label("Login").fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/7/?loan_amount=5000&interest_rate=10&tenure=12")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.goto(console)
    expect(page.get_by_label("Password")).to_be_visible()


def test_without_scripts_the_console_works_too(console: str, browser: Browser) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, console, "officer", PASSWORD)
    page.goto(f"{console}customers/")
    page.get_by_label("Search").fill("7")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"[?&]q=7\b"))
    expect(page.locator("tbody tr").first).to_be_visible()
    page.goto(f"{console}imports/new/")
    page.get_by_label("File name").fill("customers.xlsx")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("input[type=file]")).to_be_visible()
    context.close()


def test_a_warning_comes_before_the_session_ends_and_one_stays_signed_in(console: str, page: Page) -> None:
    page.clock.install()
    sign_in(page, console, "officer", PASSWORD)
    page.goto(f"{console}customers/new/")
    warning = page.locator("#session-end")
    expect(warning).to_be_hidden()
    page.clock.fast_forward("25:00")
    expect(warning).to_contain_text("Your session ends at")
    expect(warning.locator("time")).not_to_be_empty()
    page.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()
    page.clock.fast_forward("29:30")
    expect(warning).to_contain_text("Your session has ended")


def test_a_link_for_a_new_user_is_copied_as_a_whole_address(console: str, page: Page, browser: Browser) -> None:
    sign_in(page, console, "admin", PASSWORD)
    page.goto(f"{console}administration/")
    page.get_by_role("link", name="Create user").click()
    page.get_by_label("Name").fill("Asha Rao")
    page.get_by_label("Login").fill("asha.rao")
    page.get_by_role("button", name="Create user").click()
    shown = page.get_by_label("Link to choose a password")
    # By a script, which the page does not wait for.
    expect(shown).to_have_value(re.compile(f"^{re.escape(console)}invitation/li_"))
    link = shown.input_value()
    context = opened(browser)
    theirs = context.new_page()
    theirs.goto(link)
    theirs.get_by_label("Password", exact=True).fill(PASSWORD)
    theirs.get_by_label("Password again").fill(PASSWORD)
    theirs.get_by_role("button", name="Choose password").click()
    expect(theirs.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
    context.close()


def test_a_newcomer_takes_a_password_of_their_own(console: str, page: Page) -> None:
    sign_in(page, console, "newcomer", PASSWORD)
    page.goto(f"{console}account/")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("another horse battery")
    page.get_by_label("New password again").fill("another horse battery")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status")).to_contain_text("password")
    sign_in(page, console, "newcomer", "another horse battery")


def test_files_are_downloaded_from_their_pages(console: str, late_loan: int, page: Page, tmp_path: Path) -> None:
    sign_in(page, console, "officer", PASSWORD)
    numbers = {"loan": late_loan, "import": 1, "key_facts": 1, "refused": _apply(page, console)}
    # What the seed brought changed nothing; changes are downloaded in tests/functional/test_console_imports.py.
    for each in (each for each in DOWNLOADS if "/changes/" not in each.page):
        page.goto(console + each.page.format(**numbers))
        link = page.get_by_role("link", name=each.link)
        assert link.evaluate("link => link.href") == console + each.address.format(**numbers)
        with page.expect_download() as download:
            link.click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert _has_rows(file), file


def _has_rows(file: Path) -> bool:
    if file.suffix == ".csv":
        return len(file.read_text().splitlines()) > 1
    if file.suffix == ".pdf":
        return len(PdfDocument(file)) > 0
    return (load_workbook(file).worksheets[0].max_row or 0) > 0


@pytest.mark.parametrize("view", [view for view in VIEWS if view.scheme == "light"], ids=lambda view: view.name)
def test_no_page_has_a_serious_fault_is_large_or_wider_than_the_screen(
    console: str, late_loan: int, browser: Browser, view: View
) -> None:
    context = opened(browser, view)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(_host(request)))
    sizes: dict[str, int] = {}
    page.on("response", lambda response: _weigh(sizes, response))
    page.goto(console)
    faults = [*faults_of(page), *faults_in_the_dark(page)]
    sign_in(page, console, "admin", PASSWORD)
    refused = _apply(page, console)
    imported = _first_loan(page, console)
    numbers = {
        "customer": 7,
        "refused": refused,
        "loan": late_loan,
        "imported": imported,
        "import": 1,
        "key_facts": 1,
        "user": 1,
        "key": 1,
    }
    for shown in (*PICTURES, *BEHIND):
        _show(page, shown, console + shown.address.format(**numbers))
        faults += [f"{shown.name}: {fault}" for fault in (*faults_of(page), *faults_in_the_dark(page))]
    context.close()
    assert faults == []
    assert set(asked) == {urlsplit(console).netloc}
    assert {address: size for address, size in sizes.items() if size > MAX_PAGE_BYTES} == {}


def _show(page: Page, shown: Shown, address: str) -> None:
    """Opens a page with all that folds unfolded, and where it is to show errors, sends its form."""
    page.goto(address)
    if shown.sends:
        with page.expect_navigation():
            page.evaluate("document.querySelector('main form[method=post]').submit()")
        assert page.locator("[aria-invalid], [role=alert]").count() > 0, shown.name
    assert page.locator("h1").count() == 1, shown.name
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    page.evaluate("document.querySelectorAll('.fold input').forEach(each => { each.checked = true })")


def _apply(page: Page, console: str) -> int:
    page.goto(f"{console}customers/7/?loan_amount={MUCH}&interest_rate=10&tenure=12")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile(r"/applications/\d+/"))
    return int(urlsplit(page.url).path.rstrip("/").rpartition("/")[2])


def _first_loan(page: Page, console: str) -> int:
    page.goto(f"{console}loans/?sort=number")
    return int(page.locator("tbody a").first.inner_text().removeprefix("Loan "))


def _host(request: Request) -> str:
    return urlsplit(request.url).netloc


def _weigh(sizes: dict[str, int], response: Response) -> None:
    # What a script fetches is a part of a page, and may be gone before it is weighed.
    if response.request.resource_type == "document" and response.status == 200:
        sizes[response.url] = len(response.body())
