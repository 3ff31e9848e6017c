"""Uploads from a real browser to the bucket, with a script and without, and what an admin does when imports fail."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from chalicelib.imports.s3_events import ObjectReference, message_for
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import Role
from tests.support.console.browsing import faults_of, new_context, reload_until, sign_in
from tests.support.patience import wait_until
from tests.support.people import PASSWORD, user_of
from tests.support.settings import settings_for
from tests.support.stack import Stack
from tests.support.workbooks import CUSTOMER_HEADER, customer, workbook

pytestmark = pytest.mark.e2e

BOOK = workbook({"customers": [CUSTOMER_HEADER, customer(1), customer(2, age=7)]})

# Drops a file on the page as a person would, which Playwright has no gesture for.
DROP = """([place, name, bytes]) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(bytes)], name));
    const event = { bubbles: true, cancelable: true, dataTransfer: files };
    for (const kind of ["dragenter", "dragover", "drop"]) {
        document.querySelector(place).dispatchEvent(new DragEvent(kind, event));
    }
}"""


@pytest.fixture(scope="module")
def console(stack: Stack) -> str:
    """The address of the console, with an admin."""
    stack.empty()
    database = Database(make_engine(settings_for(stack.file.database_url)))
    user_of(database, Role.ADMIN)
    database.engine.dispose()
    return stack.file.console_url


@pytest.fixture
def admin(browser: Browser, console: str) -> Iterator[Page]:
    context = new_context(browser)
    page = context.new_page()
    sign_in(page, console, "admin", PASSWORD)
    yield page
    context.close()


def test_a_workbook_is_dropped_sent_and_watched_to_its_end(console: str, admin: Page) -> None:
    admin.goto(f"{console}imports/new/")
    admin.evaluate(DROP, ["#drop", "May customers.xlsx", list(BOOK)])
    admin.wait_for_url("**/imports/*/?sent=yes")
    expect(admin.get_by_role("heading", level=1)).to_have_text("May customers.xlsx")
    expect(admin.locator(".progress")).to_contain_text("2 rows in 1 sheet")
    expect(admin.get_by_role("link", name="Report")).to_be_visible()
    expect(admin.locator("#rows")).to_contain_text("customers, row 3")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("May customers.xls", b"x", "Must end in .xlsx, .xlsm or .csv"),
        ("May customers.xlsx", b"", "The file is empty."),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_on_the_spot(
    console: str, admin: Page, name: str, content: bytes, sentence: str
) -> None:
    admin.goto(f"{console}imports/new/")
    admin.evaluate(DROP, ["#drop", name, list(content)])
    expect(admin.get_by_role("alert")).to_contain_text(sentence)
    expect(admin.get_by_text("Drop a workbook here")).to_be_visible()


def test_without_a_script_the_file_is_sent_by_a_form_and_the_page_refreshes_itself(
    console: str, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "anything.xlsx"
    file.write_bytes(BOOK)
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, console, "admin", PASSWORD)
    page.goto(f"{console}imports/new/")
    page.get_by_label("File name").fill("June customers.xlsx")
    page.get_by_role("button", name="Continue").click()
    # The page before has such a field too, for the script.
    expect(page.get_by_role("heading", level=1)).to_have_text("June customers.xlsx")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".progress")).to_contain_text("2 rows in 1 sheet")
    context.close()


def test_an_admin_tries_a_failed_file_again(stack: Stack, console: str, admin: Page) -> None:
    answer = stack.s3.put_object(Bucket=stack.file.bucket, Key="seed/July customers.xlsx", Body=BOOK)
    notice = message_for(ObjectReference(stack.file.bucket, "seed/July customers.xlsx", answer["VersionId"]))
    stack.client("sqs").send_message(QueueUrl=stack.file.dead_letter_queue_url, MessageBody=notice)
    admin.goto(f"{console}imports/failed-files/")
    expect(admin.locator("tbody")).to_contain_text("seed/July customers.xlsx")
    assert faults_of(admin) == []
    admin.get_by_role("button", name="Try it again").click()
    expect(admin.get_by_role("status")).to_contain_text("being imported again")
    reload_until(admin.locator("tbody"), "July customers.xlsx")
    wait_until(lambda: stack.depths()["dead"] == 0, "an empty dead-letter queue")


def test_a_key_is_shown_once_and_copied(console: str, admin: Page) -> None:
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin.clock.install()
    admin.goto(f"{console}administration/keys/new/")
    admin.get_by_label("Name").fill("Web shop")
    admin.get_by_role("button", name="Create key").click()
    token = admin.get_by_label("API key").input_value()
    assert faults_of(admin) == []
    # The button says so for two seconds, in which a busy machine may not have looked.
    admin.clock.pause_at(datetime.now(UTC) + timedelta(minutes=15))
    admin.get_by_role("button", name="Copy").click()
    expect(admin.get_by_role("button", name="Copied")).to_be_visible()
    assert admin.evaluate("navigator.clipboard.readText()") == token
    admin.goto(f"{console}administration/keys/")
    assert token not in admin.content()
