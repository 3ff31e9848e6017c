"""The figures of docs/capacity.md follow from the inputs that stand there, and those from the templates."""

import json
import re
from typing import Any

import pytest
import yaml

from infra.capacity import (
    DOCUMENT,
    SECONDS_A_MONTH,
    VOLUMES,
    billed_ms,
    decision_costs,
    limit_table,
    markdown,
    read_inputs,
    tables,
)
from infra.packaging import ROOT, TEMPLATE

INPUTS = read_inputs(DOCUMENT.read_text())


def default_of(template: str, parameter: str) -> float:
    """What a parameter is when nobody sets it."""
    declared: dict[str, Any] = yaml.safe_load((ROOT / "infra" / template).read_text())["Parameters"]
    return float(declared[parameter]["Default"])


@pytest.mark.parametrize("heading", tables(INPUTS))
def test_the_tables_of_the_document_are_those_of_its_inputs(heading: str) -> None:
    section = DOCUMENT.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    assert markdown(tables(INPUTS)[heading]) in section


def test_the_inputs_are_what_the_templates_set() -> None:
    set_by_default = {
        "throttle_rps": default_of(TEMPLATE.name, "RequestsASecond"),
        "api_concurrency": default_of(TEMPLATE.name, "ApiConcurrency"),
        "connections": default_of(TEMPLATE.name, "MaxConnections"),
        "least_acus": default_of("foundation.yaml", "MinCapacity"),
        "most_acus": default_of("foundation.yaml", "MaxCapacity"),
    }
    assert {name: INPUTS[name] for name in set_by_default} == set_by_default


def test_the_memory_is_what_is_configured_and_more_than_is_used() -> None:
    functions = json.loads((ROOT / ".chalice" / "config.json").read_text())["lambda_functions"]
    assert INPUTS["api_memory_mb"] == functions["api_handler"]["lambda_memory_size"]
    assert INPUTS["import_memory_mb"] == functions["import_workbooks"]["lambda_memory_size"]
    assert INPUTS["api_peak_mib"] < INPUTS["api_memory_mb"] / 2


def test_a_decision_is_billed_for_its_time_the_network_and_the_runtime() -> None:
    inputs = {
        "check_ms": 2, "check_round_trips": 3, "round_trip_ms": 0.5, "runtime_ms": 1,
        "api_memory_mb": 500, "mb_of_a_core": 1000,
    }  # fmt: skip
    assert billed_ms(inputs, "check") == 2 * 2 + 3 * 0.5 + 1


def test_the_lambda_time_of_a_million_decisions_is_that_of_the_price_list() -> None:
    inputs = {**INPUTS, "check_ms": 0, "check_round_trips": 0, "runtime_ms": 10, "api_memory_mb": 1024}
    # Ten thousand seconds at one gigabyte.
    assert decision_costs(inputs, "check")["Lambda, time"] == pytest.approx(10_000 * 0.0000166667)


def test_a_limit_in_a_second_is_one_in_a_month_by_the_peak() -> None:
    throttle = next(row for row in limit_table(INPUTS) if "throttle" in row[0])
    expected = INPUTS["throttle_rps"] * SECONDS_A_MONTH / INPUTS["peak_factor"] / 1e6
    assert throttle[1:] == ["100", f"{expected:.0f} million"]


def test_the_document_goes_up_to_a_billion_decisions_a_month() -> None:
    assert VOLUMES[-1] == 1_000_000_000
    assert re.search(r"^\| 1,000,000,000 \|", DOCUMENT.read_text(), re.MULTILINE)
