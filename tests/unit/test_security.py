"""SECURITY.md claims nothing that no test shows."""

import ast
import re
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
RISKS = {f"API{number}" for number in range(1, 11)}
ROW = re.compile(r"^\| (API\d+) \|.*\|([^|]*)\|$", re.MULTILINE)


def evidence() -> dict[str, list[str]]:
    """The tests that SECURITY.md names for each risk, as file::name."""
    rows: list[tuple[str, str]] = ROW.findall((PROJECT / "SECURITY.md").read_text())
    return {risk: re.findall(r"`([^`]+)`", shown_by) for risk, shown_by in rows}


@cache
def names_of_tests(file: str) -> set[str]:
    return {node.name for node in ast.parse((PROJECT / file).read_text()).body if isinstance(node, ast.FunctionDef)}


def test_every_risk_of_the_owasp_api_top_ten_has_a_row_with_tests() -> None:
    assert evidence().keys() == RISKS
    assert all(evidence().values())


def test_every_test_that_is_named_exists() -> None:
    text = (PROJECT / "SECURITY.md").read_text()
    for named in set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", text)):
        file, _, name = named.partition("::")
        assert name.startswith("test_"), named
        assert name in names_of_tests(file), named


def test_no_name_of_a_test_stands_outside_the_table_and_leads_nowhere() -> None:
    for file in re.findall(r"`(tests/[\w/]+\.py)(?:::\w+)?`", (PROJECT / "SECURITY.md").read_text()):
        assert (PROJECT / file).exists(), file
