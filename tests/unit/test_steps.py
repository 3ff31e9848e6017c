"""A long command says each step when it begins, and its seconds when it is done."""

import re

import pytest

from infra.local.steps import Steps


def test_each_step_is_told_when_it_begins_and_its_seconds_when_the_next_begins(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = Steps()
    steps("Packaging the functions.")
    assert capsys.readouterr().out == "Packaging the functions\n"
    steps("Changing the stack")
    steps.done()
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(r"\d+\.\d s$", "n s", line) for line in lines] == [
        "  done in n s",
        "Changing the stack",
        "  done in n s",
    ]


def test_the_step_that_fails_has_no_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    Steps()("Packaging the functions")
    assert capsys.readouterr().out == "Packaging the functions\n"


def test_where_no_terminal_is_progress_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps()
    steps.progress("Importing: 1/2 workbooks", is_last=False)
    steps.progress("Importing: 2/2 workbooks", is_last=True)
    assert capsys.readouterr().out == "Importing: 2/2 workbooks\n"
