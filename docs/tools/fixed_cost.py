"""What a stage costs in a month without any request: the resources of both templates, counted, at list prices."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from chalicelib import metrics
from chalicelib.rules.reasons import Reason
from infra.packaging import ROOT, TEMPLATE

FOUNDATION = ROOT / "infra" / "foundation.yaml"
HOURS_A_MONTH = 30 * 24

# What a template makes only where somebody asks for it is not counted.
ASKED_FOR = {"HasProxy", "HasReplica", "HasAlarmMail"}

# How many values the dimensions of our metrics have, `stage` aside, which has one. A reason belongs to one outcome; an
# approval may have none.
VALUES: Mapping[tuple[str, ...], int] = {
    (): 1,
    ("door",): len(("api", "console")),
    ("outcome", "reason"): len(Reason) + 1,
    ("state",): len(("completed", "failed")),
}

Resource = Mapping[str, Any]


def counted() -> dict[str, float]:
    """How many there are, unless told otherwise, of everything that is paid for by the month."""
    foundation, application = (_read(path) for path in (FOUNDATION, TEMPLATE))
    endpoints = [each for each in _of("EC2::VPCEndpoint", foundation) if each["VpcEndpointType"] == "Interface"]
    return {
        "capacity units at least": float(foundation["Parameters"]["MinCapacity"]["Default"]),
        "interface endpoints, once a zone": sum(len(each["SubnetIds"]) for each in endpoints),
        "KMS keys": len(list(_of("KMS::Key", foundation))),
        "secrets": sum("MasterUserSecret" in each for each in _of("RDS::DBCluster", foundation)),
        "alarms": len(list(_of("CloudWatch::Alarm", application))),
        "metrics of our own": metrics_of_our_own(),
        "dashboards": len(list(_of("CloudWatch::Dashboard", application))),
    }


def prices(inputs: Mapping[str, float]) -> dict[str, float]:
    """Dollars a month for one of each."""
    return {
        "capacity units at least": inputs["acu_hour"] * HOURS_A_MONTH,
        "interface endpoints, once a zone": inputs["endpoint_hour"] * HOURS_A_MONTH,
        "KMS keys": inputs["key_month"],
        "secrets": inputs["secret_month"],
        "alarms": inputs["alarm_month"],
        "metrics of our own": inputs["metric_month"],
        "dashboards": inputs["dashboard_month"],
    }


def fixed_cost(inputs: Mapping[str, float]) -> float:
    """Dollars a month that are paid without any request."""
    each = prices(inputs)
    return sum(number * each[what] for what, number in counted().items())


def fixed_table(inputs: Mapping[str, float]) -> list[list[str]]:
    """A row for each kind of resource, and the sum."""
    each = prices(inputs)
    rows = [
        [what, f"{number:g}", f"{each[what]:.2f}", f"{number * each[what]:.2f}"] for what, number in counted().items()
    ]
    heading = ["paid by the month", "how many", "$ each", "$"]
    return [heading, *rows, ["**all**", "", "", f"**{fixed_cost(inputs):.2f}**"]]


def metrics_of_our_own() -> int:
    """How many metrics CloudWatch bills: one for each name and each combination of values that tells it apart."""
    kinds = [each for each in vars(metrics).values() if isinstance(each, metrics.Counted)]
    return sum(len(kind.metrics) * VALUES[tuple(group)] for kind in kinds for group in kind.by)


def _read(path: Any) -> Resource:
    template: Resource = yaml.safe_load(path.read_text())
    return template


def _of(kind: str, template: Resource) -> Iterator[Resource]:
    for resource in template["Resources"].values():
        if resource.get("Type") == f"AWS::{kind}" and resource.get("Condition") not in ASKED_FOR:
            yield resource["Properties"]
