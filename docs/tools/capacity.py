"""What docs/capacity.md says: cost and limits, computed from the inputs that stand in the document itself.

    python -m docs.tools.capacity

prints the tables; a test holds the document to them. Dollars, milliseconds, bytes; a month has 30 days.
"""

import re
from collections.abc import Mapping, Sequence
from math import ceil

from docs.tools.fixed_cost import HOURS_A_MONTH, fixed_cost, fixed_table
from infra.packaging import ROOT

DOCUMENT = ROOT / "docs" / "capacity.md"
INPUT = re.compile(r"^\| `(\w+)` \| ([\d.,]+) \|", re.MULTILINE)
SECONDS_A_MONTH = HOURS_A_MONTH * 3600
# What the storage of Aurora counts as one request to write.
IO_BYTES = 4096
VOLUMES = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
KINDS = ("check", "create")
# What may stand before the functions: the input with its price, and whether it logs each request.
FRONTS = {
    "REST API, as deployed": ("api_gateway_million", True),
    "HTTP API": ("http_api_million", True),
    "function URL": ("function_url_million", False),
}
PROCESSORS = {"x86_64": "lambda_gb_second", "arm64": "lambda_arm_gb_second"}

Inputs = Mapping[str, float]
Table = Sequence[Sequence[str]]


def read_inputs(document: str) -> dict[str, float]:
    """The numbers of the document's inputs by their names."""
    return {name: float(value.replace(",", "")) for name, value in INPUT.findall(document)}


def billed_ms(inputs: Inputs, kind: str) -> float:
    """How long one decision keeps a container: our code on a share of a core, the network, the runtime."""
    share = min(1.0, inputs["api_memory_mb"] / inputs["mb_of_a_core"])
    return inputs[f"{kind}_ms"] / share + inputs[f"{kind}_round_trips"] * inputs["round_trip_ms"] + inputs["runtime_ms"]


def decision_costs(inputs: Inputs, kind: str) -> dict[str, float]:
    """Dollars for a million decisions, by what they are paid for."""
    gigabyte_seconds = 1e6 * billed_ms(inputs, kind) / 1000 * inputs["api_memory_mb"] / 1024
    return {
        "API Gateway": inputs["api_gateway_million"],
        "Lambda, requests": inputs["lambda_million"],
        "Lambda, time": gigabyte_seconds * inputs["lambda_gb_second"],
        "database, time": acu_hours(inputs, kind) * inputs["acu_hour"],
        "database, storage, a month": 1e6 * inputs[f"{kind}_bytes"] / 1e9 * inputs["storage_gb_month"],
        # A transaction writes at its end, so at least one for each.
        "database, I/O": ceil(inputs[f"{kind}_wal_bytes"] / IO_BYTES) * inputs["io_million"],
        "logs": 1e6 * bytes_logged(inputs) / 1e9 * inputs["logs_gb"],
        "X-Ray": inputs["trace_share"] * inputs["trace_million"],
    }


def bytes_logged(inputs: Inputs) -> float:
    """What one decision writes into all logs: ours, Lambda's own and API Gateway's."""
    return inputs["log_bytes"] + inputs["lambda_log_bytes"] + inputs["access_log_bytes"]


def acu_hours(inputs: Inputs, kind: str) -> float:
    """Capacity units for an hour, for a million decisions at the load one would run them at."""
    return 1e6 * inputs[f"{kind}_database_ms"] / 1000 / inputs["acu_cores"] / inputs["acu_load"] / 3600


def row_costs(inputs: Inputs) -> dict[str, float]:
    """Dollars for a million imported rows, by what they are paid for."""
    workbooks = 1e6 / inputs["rows_a_workbook"]
    seconds = 1e6 * inputs["row_us"] / 1e6 + workbooks * inputs["workbook_ms"] / 1000
    return {
        "Lambda": seconds * inputs["import_memory_mb"] / 1024 * inputs["lambda_gb_second"]
        + workbooks / 1e6 * inputs["lambda_million"],
        "S3, two objects a workbook": workbooks * 2 / 1000 * inputs["s3_thousand_puts"],
        "SQS, ten requests a workbook": workbooks * 10 / 1e6 * inputs["sqs_million"],
        "database, time": seconds / inputs["acu_cores"] / inputs["acu_load"] / 3600 * inputs["acu_hour"],
        "database, storage, a month": 1e6 * inputs["row_bytes"] / 1e9 * inputs["storage_gb_month"],
        "database, I/O": inputs["row_wal_bytes"] / IO_BYTES * inputs["io_million"],
    }


def cost_table(costs: Mapping[str, Mapping[str, float]]) -> Table:
    """A row for each thing that is paid for, a column for each kind of work, and the sum."""
    kinds = list(costs)
    rows = [[part, *(f"{costs[kind][part]:.3f}" for kind in kinds)] for part in costs[kinds[0]]]
    return [["$ a million", *kinds], *rows, ["**all**", *(f"**{sum(costs[kind].values()):.2f}**" for kind in kinds)]]


def front_table(inputs: Inputs) -> Table:
    """What a million decisions cost behind another front, or on another kind of processor."""
    columns = [(kind, name) for name in PROCESSORS for kind in KINDS]
    rows = [[front, *(f"{_behind(inputs, front, *column):.2f}" for column in columns)] for front in FRONTS]
    return [["$ a million", *(f"{kind}, {name}" for kind, name in columns)], *rows]


def _behind(inputs: Inputs, front: str, kind: str, processor: str) -> float:
    price, logs_requests = FRONTS[front]
    changed = {
        "api_gateway_million": inputs[price],
        "lambda_gb_second": inputs[PROCESSORS[processor]],
        "access_log_bytes": inputs["access_log_bytes"] if logs_requests else 0.0,
    }
    return sum(decision_costs({**inputs, **changed}, kind).values())


def month_table(inputs: Inputs) -> Table:
    """What a month of so many saved decisions comes to."""
    heading = ["decisions a month", "at the peak, a second", "containers", "ACUs", "GB more", "$ a month"]
    return [heading, *(_month(inputs, volume) for volume in VOLUMES)]


def _month(inputs: Inputs, volume: int) -> list[str]:
    peak = volume / SECONDS_A_MONTH * inputs["peak_factor"]
    containers = peak * billed_ms(inputs, "create") / 1000
    acus = peak * inputs["create_database_ms"] / 1000 / inputs["acu_cores"] / inputs["acu_load"]
    cost = volume / 1e6 * sum(decision_costs(inputs, "create").values()) + fixed_cost(inputs)
    cost += first_traces(inputs, volume) / 1e6 * inputs["trace_million"]
    return [
        f"{volume:,}",
        f"{peak:,.0f}",
        f"{max(1, containers):,.0f}",
        f"{max(inputs['least_acus'], acus):,.1f}",
        f"{volume * inputs['create_bytes'] / 1e9:,.0f}",
        f"{cost:,.0f}",
    ]


def first_traces(inputs: Inputs, volume: int) -> float:
    """The requests that X-Ray records beside its share: the first of each second, at most one for each second."""
    return (1 - inputs["trace_share"]) * min(volume, SECONDS_A_MONTH)


def limit_table(inputs: Inputs) -> Table:
    """At how many saved decisions a month each limit is reached at the peak, the nearest first."""
    held = billed_ms(inputs, "create") / 1000
    rates = {
        "the stage's throttle, `RequestsASecond`": inputs["throttle_rps"],
        "API Gateway, requests a second": inputs["gateway_rps"],
        "the containers of the API, `ApiConcurrency`": inputs["api_concurrency"] / held,
        "Lambda's concurrency of an account": inputs["account_concurrency"] / held,
        "connections, one a container": inputs["connections"] / held,
        "writes: the database's capacity, `MaxCapacity`": inputs["most_acus"]
        * inputs["acu_cores"]
        * inputs["acu_load"]
        / (inputs["create_database_ms"] / 1000),
    }
    nearest = sorted(rates.items(), key=lambda item: item[1])
    rows = [[name, f"{rate:,.0f}", f"{_in_words(_a_month(inputs, rate))}"] for name, rate in nearest]
    return [["limit", "decisions a second", "decisions a month"], *rows]


def workbook_table(inputs: Inputs) -> Table:
    """How many rows of one workbook each limit lets through, the nearest first.

    Reading may go on in a second attempt, but merging has to fit into one.
    """
    seconds_a_row = inputs["merge_row_us"] / 1e6
    rows = {
        f"the import's time-out, {seconds:.0f} s": (seconds - inputs["workbook_ms"] / 1000) / seconds_a_row
        for seconds in (inputs["import_seconds"], inputs["most_import_seconds"])
    }
    room = inputs["import_memory_mb"] - inputs["import_1000k_mib"]
    rows["the import's memory"] = inputs["rows_of_1000k"] + room * 2**20 / memory_a_row(inputs)
    nearest = sorted(rows.items(), key=lambda item: item[1])
    return [["limit", "million rows"], *([name, f"{number / 1e6:.1f}"] for name, number in nearest)]


def memory_a_row(inputs: Inputs) -> float:
    """Bytes that a further row of a large workbook takes."""
    # The peaks may differ by less than what is not the rows'.
    more = max(1, inputs["import_1000k_mib"] - inputs["import_100k_mib"])
    return more * 2**20 / (inputs["rows_of_1000k"] - inputs["rows_of_100k"])


def _a_month(inputs: Inputs, rate: float) -> float:
    return rate / inputs["peak_factor"] * SECONDS_A_MONTH


def _in_words(volume: float) -> str:
    return f"{volume / 1e9:,.1f} billion" if volume >= 1e9 else f"{volume / 1e6:,.0f} million"


def tables(inputs: Inputs) -> dict[str, Table]:
    """Every table that is computed, by the heading it stands under."""
    return {
        "A million decisions": cost_table({kind: decision_costs(inputs, kind) for kind in KINDS}),
        "A cheaper front, another processor": front_table(inputs),
        "A million rows": cost_table({"imported": row_costs(inputs)}),
        "The largest workbook": workbook_table(inputs),
        "A month without a request": fixed_table(inputs),
        "A month": month_table(inputs),
        "The next limit": limit_table(inputs),
    }


def markdown(table: Table) -> str:
    """The table as it stands in the document."""
    heading, *rows = table
    lines = [heading, ["---", *("--:" for _ in heading[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    for title, table in tables(read_inputs(DOCUMENT.read_text())).items():
        print(f"## {title}\n\n{markdown(table)}\n")
