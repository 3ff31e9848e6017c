"""What people do all day takes at most five clicks from Home, and no search through lists."""

import pytest
from playwright.sync_api import Browser

from tests.support.console.stopwatch import MOST_CLICKS, TASKS, Day, Task, a_day, timed
from tests.support.settings import DATA
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def day(stack: Stack) -> Day:
    stack.empty()
    stack.seed(DATA)
    return a_day(stack)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.words)
def test_a_task_takes_at_most_five_clicks_from_home(browser: Browser, day: Day, task: Task) -> None:
    watch = timed(browser, task, day)
    print(f"{task.words}: {watch.clicks} clicks, {watch.keys} keys, {watch.seconds:.1f} s")
    assert watch.clicks <= MOST_CLICKS
