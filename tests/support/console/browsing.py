"""Chromium, driven by Playwright, in front of the console of a running stack."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.support.debian import install
from tests.support.patience import PATIENCE_SECONDS, patiently

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = "The tests of the console need Chromium; on Debian and Ubuntu: apt install chromium."
FLAGS = (
    # root may not use the sandbox, and containers have no other user.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
)
GRAVE = ("critical", "serious")


class NoChromium(Exception):
    """There is no Chromium, and it could not be installed; the sentence says how."""


@cache
def chromium() -> str:
    """The program, which root on Debian gets by apt where it is missing. Raises NoChromium."""
    if found := _found():
        return found
    failure = install("chromium", _found)
    if found := _found():
        return found
    raise NoChromium(" ".join(filter(None, (HOW, failure))))


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser, closed when the block ends. Raises NoChromium."""
    program = chromium()
    with sync_playwright() as playwright:
        # Playwright's own limits are for a machine with nothing else to do.
        patience = PATIENCE_SECONDS * 1000
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS), timeout=patience)
        expect.set_options(timeout=patience)
        try:
            yield browser
        finally:
            browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """What a person's browser keeps, new; its pages are waited for as long as anything may take."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    return context


def sign_in(page: Page, console_url: str, login: str, password: str) -> None:
    """Signs in with the form; the page is the first one then, with its scripts."""
    page.goto(console_url)
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(password)
    # A click returns before the page has come that it leads to, on a busy machine, and so does a key always.
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Sections")).to_be_visible()


def open_what_was_found(page: Page) -> None:
    """Presses Enter in the search that every page has, once it lists what is found for all that was typed."""
    expect(page.locator("#find-results:not([aria-busy=true]) [role=option]").first).to_be_visible()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def reload_until(place: Locator, words: str) -> None:
    """Loads the page again until the place says so: what is counted now and then, or ends by itself, comes late.

    The place may be missing until then.
    """
    for _ in patiently(f"a page that says {words!r}"):
        if any(words in each for each in place.all_inner_texts()):
            return
        place.page.reload()


def faults_of(page: Page) -> list[str]:
    """What axe finds to be a serious fault for somebody, and whether one has to scroll sideways."""
    found = _found_by_axe(page)
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, "wider than the screen"] if wider > 0 else found


def faults_in_the_dark(page: Page) -> list[str]:
    """What dark colours make a serious fault. All else of the page is the same, and was looked at."""
    page.emulate_media(color_scheme="dark")
    found = _found_by_axe(page, runOnly=["color-contrast"])
    page.emulate_media(color_scheme="light")
    return [f"{each}, in the dark" for each in found]


def _found_by_axe(page: Page, **options: object) -> list[str]:
    # A page that has it already is not given it again, which takes as long as a look.
    axe = Axe("true") if page.evaluate("'axe' in window") else Axe()
    violations = axe.run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['target']}" for each in violations if each["impact"] in GRAVE]
