"""The figures of docs/capacity.md follow from the inputs that stand there, and those from the templates."""

import json
import re
from typing import Any

import pytest
import yaml

from chalicelib.imports.loading import MERGING_SECONDS_A_ROW
from chalicelib.rules.importing import ImportState
from docs.tools.capacity import (
    DOCUMENT,
    SECONDS_A_MONTH,
    VOLUMES,
    billed_ms,
    decision_costs,
    limit_table,
    markdown,
    memory_a_row,
    read_inputs,
    tables,
)
from docs.tools.fixed_cost import FOUNDATION, VALUES, counted, fixed_cost, metrics_of_our_own, prices
from infra.packaging import ROOT, TEMPLATE

INPUTS = read_inputs(DOCUMENT.read_text())

# What API Gateway knows of a decision, as long as it is with a customer of six digits.
REQUEST_CONTEXT = {
    "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "requestTimeEpoch": "1764000000000",
    "httpMethod": "POST",
    "resourcePath": "/api/check-eligibility",
    "status": "200",
    "responseLatency": "12",
    "integrationLatency": "9",
    "responseLength": "1200",
    "error.responseType": "-",
}
# https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
LAMBDA_LINES = """START RequestId: 8f507cfc-1f2a-4697-b07a-ac58fc914c95 Version: $LATEST
END RequestId: 8f507cfc-1f2a-4697-b07a-ac58fc914c95
REPORT RequestId: 8f507cfc-1f2a-4697-b07a-ac58fc914c95\tDuration: 12.34 ms\tBilled Duration: 13 ms\t\
Memory Size: 1024 MB\tMax Memory Used: 150 MB\t
"""

PAID_BY_THE_MONTH = {
    "EC2::VPCEndpoint",
    "KMS::Key",
    "RDS::DBCluster",
    "CloudWatch::Alarm",
    "CloudWatch::Dashboard",
}
NOT_PAID_BY_THE_MONTH = {
    # The instances of the cluster are its capacity units; a proxy and a stand-by are asked for.
    "RDS::DBInstance", "RDS::DBProxy", "RDS::DBProxyTargetGroup", "RDS::DBSubnetGroup", "RDS::DBClusterParameterGroup",
    "EC2::VPC", "EC2::Subnet", "EC2::RouteTable", "EC2::SubnetRouteTableAssociation", "EC2::SecurityGroup",
    "EC2::SecurityGroupEgress", "EC2::SecurityGroupIngress",
    "KMS::Alias", "IAM::Role", "ApiGateway::Account",
    "Logs::LogGroup", "S3::Bucket", "S3::BucketPolicy", "SQS::Queue", "SQS::QueuePolicy", "SNS::Topic",
    "SNS::Subscription",
}  # fmt: skip


def default_of(template: str, parameter: str) -> float:
    """What a parameter is when nobody sets it."""
    declared: dict[str, Any] = yaml.safe_load((ROOT / "infra" / template).read_text())["Parameters"]
    return float(declared[parameter]["Default"])


@pytest.mark.parametrize("heading", tables(INPUTS))
def test_the_tables_of_the_document_are_those_of_its_inputs(heading: str) -> None:
    section = DOCUMENT.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    assert markdown(tables(INPUTS)[heading]) in section


def test_the_inputs_are_what_the_templates_set() -> None:
    allowed = yaml.safe_load(TEMPLATE.read_text())["Parameters"]["ImportTimeoutSeconds"]["AllowedValues"]
    set_by_default = {
        "import_seconds": default_of(TEMPLATE.name, "ImportTimeoutSeconds"),
        "most_import_seconds": max(map(float, allowed)),
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


def test_the_inputs_are_what_was_measured() -> None:
    performance = (ROOT / "docs" / "performance.md").read_text()
    whole = {
        loans.replace(",", ""): (float(us), float(mib))
        for loans, us, mib in re.findall(
            r"^\| ([\d,]+) \| whole \|.*\| ([\d.]+) \| [\d.]+x \| (\d+) \|$", performance, re.M
        )
    }
    assert INPUTS["row_us"] == round(whole["1000000"][0])
    assert [INPUTS["import_100k_mib"], INPUTS["import_1000k_mib"]] == [whole["100000"][1], whole["1000000"][1]]
    written = {
        what: [float(value.replace(",", "")) for value in values]
        for what, *values in re.findall(
            r"^\| (create-loan|imported row|check-eligibility) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$",
            performance,
            re.M,
        )
    }
    tens = {what: [round(value, -1) for value in values] for what, values in written.items()}
    assert tens["check-eligibility"][:2] == [INPUTS["check_wal_bytes"], INPUTS["check_bytes"]]
    assert tens["create-loan"][:2] == [INPUTS["create_wal_bytes"], INPUTS["create_bytes"]]
    # The two differ in a word or two; the longer one counts.
    assert INPUTS["log_bytes"] == max(tens["check-eligibility"][2], tens["create-loan"][2])
    assert tens["imported row"][:2] == [INPUTS["row_wal_bytes"], INPUTS["row_bytes"]]


def test_a_workbook_is_merged_in_the_time_that_the_import_wants_left() -> None:
    assert INPUTS["merge_row_us"] == MERGING_SECONDS_A_ROW * 1e6
    assert f"A further row takes {memory_a_row(INPUTS):.0f} bytes" in DOCUMENT.read_text()


def test_the_lines_that_aws_logs_of_a_request_are_as_long_as_they_are_said_to_be() -> None:
    line = yaml.safe_load(TEMPLATE.read_text())["Resources"]["RestAPI"]["Properties"]["AccessLogSetting"]["Format"]
    # The longest first, because some begin with others.
    for name in sorted(REQUEST_CONTEXT, key=len, reverse=True):
        line = line.replace(f"$context.{name}", REQUEST_CONTEXT[name])
    assert "$" not in line
    assert INPUTS["access_log_bytes"] == len(line + "\n")
    assert INPUTS["lambda_log_bytes"] == len(LAMBDA_LINES)


def test_a_month_without_a_request_costs_the_resources_of_the_templates_at_list_prices() -> None:
    number = counted()
    assert set(number) == set(prices(INPUTS))
    # Four endpoints in two zones; an alarm for each of three faults of four functions, and seven more.
    assert (number["interface endpoints, once a zone"], number["alarms"]) == (4 * 2, 3 * 4 + 7)
    assert number["capacity units at least"] == INPUTS["least_acus"]
    assert fixed_cost(INPUTS) == pytest.approx(sum(number[what] * price for what, price in prices(INPUTS).items()))


def test_everything_in_the_templates_is_either_counted_or_free_or_paid_for_by_use() -> None:
    templates = (FOUNDATION, TEMPLATE)
    resources = [each for path in templates for each in yaml.safe_load(path.read_text())["Resources"].values()]
    kinds = {each["Type"].removeprefix("AWS::") for each in resources if "Type" in each}
    assert kinds == PAID_BY_THE_MONTH | NOT_PAID_BY_THE_MONTH


def test_our_own_metrics_are_counted_by_the_values_that_tell_them_apart() -> None:
    doors = {
        found
        for file in (ROOT / "chalicelib").rglob("*.py")
        for found in re.findall(r'RequestWatch\("(\w+)"\)', file.read_text())
    }
    assert len(doors) == VALUES[("door",)]
    assert len({ImportState.COMPLETED, ImportState.FAILED}) == VALUES[("state",)]
    assert metrics_of_our_own() == 3 * (1 + 2) + 1 * (1 + 9) + 2 * (1 + 2) + 7


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
