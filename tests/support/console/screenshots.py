"""Pictures of the console for the README: each page on a phone and on a desk, light and dark. `make screenshots`.

They are taken on a stack of their own with a month of applications, so that nobody's data is touched or shown.
"""

import sys
from contextlib import redirect_stdout
from io import BytesIO, StringIO

from PIL import Image
from playwright.sync_api import Browser, Page

from infra.terminal import CommandError
from tests.support.console.browsing import NoChromium, browsing, new_context, sign_in
from tests.support.console.furnishing import ADMIN, furnish
from tests.support.console.pages import PICTURES, VIEWS, View
from tests.support.people import PASSWORD
from tests.support.settings import PROJECT
from tests.support.stack import stack_of_its_own

FOLDER = PROJECT / "docs" / "screenshots"
# As many as the pages have, about; a picture is a third as large with them.
COLOURS = 128


def main() -> int:
    """Takes all pictures; where something is missing, one sentence says so."""
    try:
        with browsing() as browser, stack_of_its_own() as stack:
            # Each decision is logged, which nobody wants to read here.
            with redirect_stdout(StringIO()):
                numbers = furnish(stack)
            for view in VIEWS:
                take(browser, view, stack.file.console_url, numbers)
    except (NoChromium, CommandError) as error:
        print(error, file=sys.stderr)
        return 1
    files = list(FOLDER.glob("*.png"))
    size = sum(file.stat().st_size for file in files)
    print(f"{len(files)} pictures, {size / 1e6:.1f} MB, in {FOLDER.relative_to(PROJECT)}")
    return 0


def take(browser: Browser, view: View, console_url: str, numbers: dict[str, int]) -> None:
    """Takes each picture once, as this view shows it."""
    context = new_context(
        browser,
        viewport={"width": view.width, "height": view.height},
        color_scheme="dark" if view.scheme == "dark" else "light",
        is_mobile=view.is_phone,
        has_touch=view.is_phone,
        locale="en-IN",
        timezone_id="Asia/Kolkata",
    )
    page = context.new_page()
    page.goto(console_url)
    _save(page, f"sign-in-{view.name}")
    sign_in(page, console_url, ADMIN, PASSWORD)
    for picture in PICTURES:
        page.goto(console_url + picture.address.format(**numbers), wait_until="networkidle")
        _save(page, f"{picture.name}-{view.name}")
    context.close()


def _save(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Image.open(BytesIO(page.screenshot())) as image:
        image.convert("RGB").quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    sys.exit(main())
