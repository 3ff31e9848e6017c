"""One stack of this run's own, which all tests on LocalStack share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.console.browsing import browsing
from tests.support.settings import DATA
from tests.support.stack import Stack, stack_of_its_own


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The stack of this run; what tests left in it is still there."""
    with stack_of_its_own() as running:
        yield running


@pytest.fixture
def empty_stack(stack: Stack) -> Stack:
    """The stack without any data, neither in the database nor in the bucket, and without dead letters."""
    stack.empty()
    return stack


@pytest.fixture
def seeded_stack(empty_stack: Stack) -> Stack:
    """The stack with the portfolio of `data/`."""
    empty_stack.seed(DATA)
    return empty_stack


@pytest.fixture
def used_stack(stack: Stack) -> Stack:
    """The stack with the portfolio of `data/`, and what other tests made of it: to seed it takes longer than most."""
    if not stack.holds_the_seed():
        stack.empty()
        stack.seed(DATA)
    return stack


@pytest.fixture(scope="module")
def closed_stack(stack: Stack) -> Iterator[Stack]:
    """The seeded stack, with its API configured as it is on every stage but the local one."""
    stack.empty()
    stack.seed(DATA)
    with stack.environment("api", API_AUTH="required"):
        yield stack


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of this run; each test opens contexts of its own in it."""
    with browsing() as running:
        yield running
