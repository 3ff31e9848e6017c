"""Pictures of the console for the README: each page on a phone and on a desk, light and dark. `make screenshots`.

They are taken on a stack of their own with a month of applications, so that nobody's data is touched or shown.
"""

import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image
from playwright.sync_api import Browser, Page

from chalicelib.rules.access import Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.services.loans import Application, create_loan
from chalicelib.services.users import WantedUser, create_user
from chalicelib.storage import import_jobs
from chalicelib.storage.database import Database, make_engine
from infra.local.settings import LocalError
from tests.conftest import PROJECT, settings_for
from tests.e2e.browsing import NoChromium, browsing, sign_in
from tests.e2e.conftest import DATA, Stack, stack_of_its_own
from tests.people import PASSWORD, TEST, key_of
from tests.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

FOLDER = PROJECT / "docs" / "screenshots"
# As many as the pages have, about; a picture is a third as large with them.
COLOURS = 128
CUSTOMERS, DAYS, MOST_A_DAY = 400, 30, 9


@dataclass(frozen=True)
class Picture:
    """A page to be taken: its name, and its address from /console/ on, in which {names} stand for numbers."""

    name: str
    address: str


PICTURES = (
    Picture("home", ""),
    Picture("customers", "customers/"),
    Picture("customer", "customers/{customer}/"),
    Picture("what-if", "customers/{customer}/?loan_amount=900000&interest_rate=11&tenure=36#what-if"),
    Picture("applications", "applications/"),
    Picture("application", "applications/{refused}/"),
    Picture("loans", "loans/"),
    Picture("loan", "loans/{loan}/"),
    Picture("imports", "imports/"),
    Picture("import", "imports/{import}/"),
    Picture("users", "administration/users/"),
    Picture("keys", "administration/keys/"),
    Picture("audit", "administration/audit/"),
    Picture("policy", "administration/policy/"),
)


@dataclass(frozen=True)
class View:
    """What a page is looked at with. Lengths are CSS pixels."""

    name: str
    width: int
    height: int
    scheme: str


VIEWS = (
    View("desk-light", 1280, 900, "light"),
    View("desk-dark", 1280, 900, "dark"),
    View("phone-light", 390, 844, "light"),
    View("phone-dark", 390, 844, "dark"),
)


def main() -> int:
    """Takes all pictures; where something is missing, one sentence says so."""
    try:
        with browsing() as browser, stack_of_its_own() as stack:
            numbers = furnish(stack)
            for view in VIEWS:
                take(browser, view, stack.file.console_url, numbers)
    except (NoChromium, LocalError) as error:
        print(error, file=sys.stderr)
        return 1
    files = list(FOLDER.glob("*.png"))
    size = sum(file.stat().st_size for file in files)
    print(f"{len(files)} pictures, {size / 1e6:.1f} MB, in {FOLDER.relative_to(PROJECT)}")
    return 0


def furnish(stack: Stack) -> dict[str, int]:
    """Fills the stack with what the pages are to show; returns the numbers that PICTURES ask for."""
    stack.seed(DATA)
    database = Database(make_engine(settings_for(stack.file.database_url)))
    for role, name in ((Role.ADMIN, "Asha Rao"), (Role.OFFICER, "Olive Dsouza"), (Role.VIEWER, "Vikram Shah")):
        create_user(database, TEST, WantedUser(name.split()[0].lower(), name, role.value, PASSWORD))
    for role in (Role.READER, Role.WRITER):
        key_of(database, role, days=90)
    numbers = _a_month_of_applications(database)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "october-loans.xlsx"
        file.write_bytes(_workbook_with_faults())
        stack.wait_for_import(stack.upload(file))
    with database.reading() as connection:
        numbers["import"] = import_jobs.page(connection, None, 1)[0].import_id
    database.engine.dispose()
    return numbers


def take(browser: Browser, view: View, console_url: str, numbers: dict[str, int]) -> None:
    """Takes each picture once, as this view shows it."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme="dark" if view.scheme == "dark" else "light",
        locale="en-IN",
        timezone_id="Asia/Kolkata",
    )
    page = context.new_page()
    page.goto(console_url)
    _save(page, f"sign-in-{view.name}")
    sign_in(page, console_url, "asha", PASSWORD)
    for picture in PICTURES:
        page.goto(console_url + picture.address.format(**numbers), wait_until="networkidle")
        _save(page, f"{picture.name}-{view.name}")
    context.close()


def _save(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Image.open(BytesIO(page.screenshot())) as image:
        image.convert("RGB").quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


def _a_month_of_applications(database: Database) -> dict[str, int]:
    draw = Random(7)
    today = datetime.now(settings_for("postgresql://unused").business_timezone).date()
    numbers: dict[str, int] = {}
    for days_ago in range(DAYS - 1, -1, -1):
        for _ in range(draw.randint(2, MOST_A_DAY)):
            who = draw.randint(1, CUSTOMERS)
            amount, rate = Decimal(draw.randrange(20, 900) * 1000), Decimal(draw.choice(("8.5", "11", "12.5", "16")))
            request = LoanRequest(amount, rate, draw.choice((12, 24, 36, 60)))
            made = create_loan(database, who, request, STANDARD_1, today - timedelta(days=days_ago), TEST)
            _remember(numbers, who, made)
    return numbers


def _remember(numbers: dict[str, int], who: int, made: Application) -> None:
    if made.loan_id is not None:
        numbers["loan"] = made.loan_id
    elif made.counter_offer and made.counter_offer.largest_amount and made.facts.current_principal:
        numbers |= {"customer": who, "refused": made.application_id}


def _workbook_with_faults() -> bytes:
    customers = [customer(9000 + number) for number in range(1, 40)]
    customers[5] = customer(9006, age=11)
    customers[17] = customer(9018, phone_number=98123)
    loans = [loan(9000 + number, 80_000 + number) for number in range(1, 80)]
    loans[3] = loan(9004, 80_004, loan_amount=-5)
    loans[44] = loan(9045, 80_045, tenure="twelve")
    return workbook({"customers": [CUSTOMER_HEADER, *customers], "loans": [LOAN_HEADER, *loans]})


if __name__ == "__main__":
    sys.exit(main())
