"""The table of pages: a view is a name there, so nothing else would notice a misspelt one before somebody opens it."""

import inspect
from string import Formatter

import pytest
from pydantic import BaseModel

from app import app
from chalicelib.console.frame.dispatch import view_of
from chalicelib.console.frame.notices import KINDS, NOTICES
from chalicelib.console.frame.pages import PAGES, Page, page_at
from chalicelib.requests.parsing import description_of
from tests.support.console.pages import BEHIND, DOWNLOADS, IN_PASSING, PICTURES


def parameters_of(page: Page) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(page.path) if name]


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: f"{page.method} {page.path}")
def test_a_page_has_a_view_that_takes_the_parameters_of_its_path(page: Page) -> None:
    visit, *rest = inspect.signature(view_of(page)).parameters.values()
    assert visit.name.lstrip("_") == "visit"
    takes_all = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in rest)
    assert takes_all or [each.name for each in rest] == parameters_of(page)


def test_what_is_wrong_with_a_form_or_an_address_can_be_told_of_each_of_its_fields() -> None:
    modules = {inspect.getmodule(view_of(page)) for page in PAGES.values()}
    models = {each for module in modules for _, each in inspect.getmembers(module, inspect.isclass)}
    fields = [
        (model.__name__, name, description_of(field))
        for model in models
        if issubclass(model, BaseModel)
        for name, field in model.model_fields.items()
    ]
    assert fields
    assert [(model, name) for model, name, description in fields if not description] == []


def test_every_page_is_a_route_of_the_application_and_no_other_route_is_below_console() -> None:
    routes = {(method, path) for path, methods in app.routes.items() for method in methods}
    heads = {("HEAD", path) for method, path in PAGES if method == "GET"}
    assert set(PAGES) | heads == {(method, path) for method, path in routes if path.startswith("/console")}


def test_a_real_browser_is_led_to_every_page() -> None:
    addresses = [each.address for each in (*PICTURES, *BEHIND, *DOWNLOADS)]
    assert {page_at(address) for address in (*addresses, *IN_PASSING)} == {
        path for method, path in PAGES if method == "GET"
    }


def test_each_kind_of_a_notice_is_that_of_a_notice() -> None:
    assert set(KINDS) <= set(NOTICES)
