"""What only a browser shows of the console: figures that stay whole, words that are not cut, where the focus is."""

from collections.abc import Iterator
from itertools import pairwise

import pypdfium2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import Role
from tests.support.console.browsing import new_context, sign_in
from tests.support.console.pages import VIEWS, View
from tests.support.people import PASSWORD, user_of
from tests.support.settings import DATA, settings_for
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e

DESK, PHONE = VIEWS[0], VIEWS[2]
WIDE = View("wide", 1440, 900, "light")
# A laptop whose page is enlarged to 160%, a tablet held upright, and phones of the smallest sizes.
LOW = View("low", 853, 400, "light")
TABLET = View("tablet", 834, 1112, "light")
NARROW, NARROWEST = View("narrow", 360, 760, "light"), View("narrowest", 320, 640, "light")
# On how many lines the words of an element are.
LINES = """each => {
    const words = document.createRange();
    words.selectNodeContents(each);
    return new Set([...words.getClientRects()].map(box => Math.round(box.top))).size;
}"""
# How many pixels a choice is too narrow for the longest of its words.
CUT = """each => {
    const whole = each.cloneNode(true);
    whole.style.width = "max-content";
    document.body.append(whole);
    const missing = whole.offsetWidth - each.offsetWidth;
    whole.remove();
    return missing;
}"""
# By how many pixels what it holds is wider than an element.
BEYOND = "each => each.scrollWidth - each.clientWidth"
# How far right of a name's end the amount begins that is written after it.
AFTER_THE_NAME = """name => {
    const amount = document.createRange();
    const place = name.nextSibling.data.indexOf("₹");
    amount.setStart(name.nextSibling, place);
    amount.setEnd(name.nextSibling, place + 1);
    return amount.getBoundingClientRect().left - name.getBoundingClientRect().right;
}"""
# What a finger meets in the middle of an element.
AT_ITS_MIDDLE = """each => {
    const { x, y, width, height } = each.getBoundingClientRect();
    return each.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""


@pytest.fixture(scope="module")
def console(stack: Stack) -> str:
    """The address of the console, with the portfolio of `data/` and an officer."""
    stack.empty()
    stack.seed(DATA)
    database = Database(make_engine(settings_for(stack.file.database_url)))
    user_of(database, Role.OFFICER)
    database.engine.dispose()
    return stack.file.console_url


@pytest.fixture(scope="module")
def large_loan(stack: Stack, console: str) -> int:  # noqa: ARG001 - which furnishes the stack
    """The number of a loan of more than a crore, with paise."""
    person = {"first_name": "Devika", "age": 44, "monthly_income": 2_000_000, "phone_number": "9100000001"}
    who = stack.post("/register/", person).json()["customer_id"]
    wanted = {"customer_id": who, "loan_amount": 12_345_678.90, "interest_rate": 12, "tenure": 60}
    return int(stack.post("/create-loan/", wanted).json()["loan_id"])


@pytest.fixture(scope="module")
def largest_loan(stack: Stack, console: str) -> int:  # noqa: ARG001 - which furnishes the stack
    """The number of a loan of nearly a thousand crores, with paise, of somebody whose name is in Arabic letters."""
    person = {"first_name": "محمد", "last_name": "القریشی", "age": 44, "monthly_income": 400_000_000}
    who = stack.post("/register/", person | {"phone_number": "9100000002"}).json()["customer_id"]
    wanted = {"customer_id": who, "loan_amount": 9_876_543_210.55, "interest_rate": 12, "tenure": 60}
    return int(stack.post("/create-loan/", wanted).json()["loan_id"])


@pytest.fixture
def page(browser: Browser, console: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An officer's page, as wide as the test asks for."""
    view: View = getattr(request, "param", DESK)
    context = new_context(
        browser,
        viewport={"width": view.width, "height": view.height},
        is_mobile=view.is_phone,
        has_touch=view.is_phone,
        reduced_motion="reduce",
    )
    shown = context.new_page()
    sign_in(shown, console, "officer", PASSWORD)
    yield shown
    context.close()


def on(*views: View) -> pytest.MarkDecorator:
    """Shows the page of a test on each of these."""
    return pytest.mark.parametrize("page", views, indirect=True, ids=lambda view: view.name)


def lines_of(places: Locator) -> set[int]:
    return {each.evaluate(LINES) for each in places.all()}


@on(DESK, PHONE)
def test_an_amount_of_a_crore_stands_on_one_line(console: str, large_loan: int, page: Page) -> None:
    for address in (f"loans/{large_loan}/", f"loans/{large_loan}/schedule/"):
        page.goto(console + address)
        expect(page.get_by_text("₹1,23,45,678.90").first).to_be_visible()
        assert lines_of(page.locator(".figure-value")) == {1}, address


@on(PHONE)
def test_a_finger_on_the_phone_number_of_a_late_loan_calls_it(console: str, page: Page) -> None:
    page.goto(f"{console}collections/")
    number = page.locator("a[href^='tel:']").first
    number.scroll_into_view_if_needed()
    assert number.evaluate(AT_ITS_MIDDLE)


@on(DESK)
def test_what_is_wrong_has_the_focus(console: str, page: Page) -> None:
    page.goto(f"{console}customers/new/")
    page.get_by_label("First name").fill("Devika")
    page.get_by_label("Age").fill("twelve")
    page.get_by_label("Monthly income").fill("45,000")
    page.get_by_label("Phone number").fill("98123")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_label("Age")).to_be_focused()
    page.goto(f"{console}customers/7/?loan_amount=50,000&interest_rate=300&tenure=12")
    expect(page.get_by_label("Interest rate")).to_be_focused()


@on(WIDE, DESK, TABLET, PHONE, NARROW)
def test_no_choice_of_a_form_is_cut(console: str, large_loan: int, page: Page) -> None:
    for form in (f"loans/{large_loan}/receipts/", f"loans/{large_loan}/waivers/", "customers/7/key-facts/"):
        page.goto(console + form)
        assert {each.evaluate(CUT) for each in page.locator("main select").all()} <= set(range(-2000, 1)), form


@on(NARROW)
def test_a_schedule_of_crores_is_whole_on_a_phone(console: str, largest_loan: int, page: Page) -> None:
    page.goto(f"{console}loans/{largest_loan}/schedule/")
    assert page.locator(".scroll:has(table.schedule)").evaluate(BEYOND) <= 0


@on(DESK)
def test_neither_the_search_nor_the_name_of_its_user_is_cut(console: str, page: Page) -> None:
    page.goto(f"{console}loans/")
    for place in ("#find", ".me-who strong"):
        missing = page.locator(place).evaluate("each => each.scrollWidth - each.clientWidth")
        assert missing <= 0, place


@on(DESK)
def test_the_line_above_the_note_of_a_table_is_as_wide_as_the_table(console: str, page: Page) -> None:
    page.goto(f"{console}policy/")
    width = "each => Math.round(each.getBoundingClientRect().width)"
    assert len({page.locator(place).last.evaluate(width) for place in (".foot", "main table")}) == 1


@on(DESK)
def test_a_printed_list_has_all_its_columns(console: str, large_loan: int, page: Page) -> None:  # noqa: ARG001 - in the list
    page.goto(f"{console}loans/")
    heads = [head.inner_text().split()[0] for head in page.locator("main thead th").all()]
    (first, *_) = pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))
    width, height = first.get_size()
    assert width > height
    read = first.get_textpage()
    for head in heads:
        found = read.search(head, match_case=True, match_whole_word=True).get_next()
        assert found, head
        assert read.get_charbox(found[0])[2] < width - 20, head


@on(DESK)
def test_an_instalment_of_a_printed_statement_is_one_line(console: str, page: Page) -> None:
    page.goto(f"{console}customers/7/key-facts/?loan_amount=200000&interest_rate=12&tenure=24")
    with page.expect_navigation():
        page.get_by_role("button", name="Issue the statement").click()
    page.set_viewport_size({"width": 673, "height": 900})
    page.emulate_media(media="print")
    assert lines_of(page.locator(".paper .scroll").last.locator("tbody td")) == {1}


@on(DESK)
def test_what_is_printed_offers_nothing_to_do(console: str, page: Page) -> None:
    page.goto(f"{console}collections/")
    loan = page.locator("#loans th a").first.evaluate("link => link.href")
    tried = "?loan_amount=50000&interest_rate=12&tenure=12"
    page.emulate_media(media="print")
    for address in (f"{console}collections/", loan, f"{console}customers/7/{tried}"):
        page.goto(address)
        words = page.locator("main").inner_text()
        offered = (
            "Reverse",
            "More actions",
            "Write off",
            "Schedule as agreed",
            "Sort and filter",
            "All loans",
            "Records",
        )
        assert [each for each in offered if each in words] == [], address


@on(DESK, PHONE, NARROW)
def test_an_amount_of_a_hundred_crores_stands_on_one_line(console: str, largest_loan: int, page: Page) -> None:
    for address, places in (("", ".figure-value"), ("settlement/", "dl.facts dd")):
        page.goto(f"{console}loans/{largest_loan}/{address}")
        expect(page.get_by_text("₹9,87,65,43,210.55").first).to_be_visible()
        assert lines_of(page.locator(places)) == {1}, address


@on(DESK)
def test_an_amount_after_a_name_in_arabic_letters_stays_after_it(console: str, largest_loan: int, page: Page) -> None:
    page.goto(f"{console}loans/{largest_loan}/")
    assert page.locator(".head .lead a").evaluate(AFTER_THE_NAME) >= 0


@on(LOW)
def test_in_a_low_window_the_end_of_the_side_bar_can_be_reached(page: Page) -> None:
    sign_out = page.get_by_role("button", name="Sign out")
    sign_out.scroll_into_view_if_needed()
    assert sign_out.evaluate(AT_ITS_MIDDLE)


@on(TABLET, LOW)
def test_no_table_makes_a_page_wider_than_the_screen(console: str, page: Page) -> None:
    for address in ("collections/", "account/"):
        page.goto(console + address)
        assert page.locator("html").evaluate(BEYOND) == 0, address


@on(NARROW)
def test_the_fees_of_a_key_facts_statement_are_whole_and_in_line_on_a_phone(console: str, page: Page) -> None:
    page.goto(f"{console}customers/7/key-facts/?loan_amount=240000&interest_rate=13.5&tenure=24")
    fee = page.locator(".fee-row").first
    fee.get_by_label("Fee").fill("Processing fee")
    fee.get_by_label("Amount").fill("2400")
    with page.expect_navigation():
        page.get_by_role("button", name="Issue the statement").click()
    assert page.locator(".paper .scroll").first.evaluate(BEYOND) == 0
    left = "each => each.getBoundingClientRect().left + parseFloat(getComputedStyle(each).paddingLeft)"
    places = ("h2", ".paper-facts th", ".scroll th")
    assert len({page.locator(f".paper {place}").first.evaluate(left) for place in places}) == 1


@on(NARROW)
def test_a_user_with_a_long_name_takes_no_second_line_of_a_phone(page: Page) -> None:
    middle = "each => { const { y, height } = each.getBoundingClientRect(); return Math.round(y + height / 2); }"
    assert page.locator(".brand").evaluate(middle) == page.get_by_role("button", name="Sign out").evaluate(middle)


@on(NARROWEST)
def test_the_sections_at_the_foot_of_the_smallest_phone_do_not_touch(page: Page) -> None:
    words = page.locator("nav .sections > li:visible > :is(a, details) span:visible")
    ends = [
        each.evaluate("each => [each.getBoundingClientRect().left, each.getBoundingClientRect().right]")
        for each in words.all()
    ]
    assert len(ends) == 5
    assert all(right < left for (_, right), (left, _) in pairwise(ends))


@on(DESK)
def test_a_form_that_is_on_its_way_shows_it(console: str, large_loan: int, page: Page) -> None:
    page.goto(f"{console}loans/{large_loan}/receipts/?amount=5000")
    page.evaluate("addEventListener('submit', event => event.preventDefault())")
    button = page.get_by_role("button", name="Record the receipt")
    button.click()
    expect(button).to_have_css("cursor", "progress")
    expect(button).to_have_css("opacity", "0.55")


@on(DESK)
def test_in_colours_of_ones_own_what_enter_opens_is_seen(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    page.get_by_role("combobox").fill("meera")
    chosen = page.locator("#find-results [aria-selected=true]")
    expect(chosen).to_have_css("outline-style", "solid")
