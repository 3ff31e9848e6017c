"""What the first request to a container waits for: a fresh interpreter, the imports, the connection, and the answer.

Each is a process of its own over the unpacked zip, from its start to its end: `check-eligibility` of this service, and
beside it a function of a dozen lines that answers with one row of SQLAlchemy and pg8000. Once on one core, and once on
the share of a core that a function of 1024 MB has while it answers; Lambda gives a whole core while it starts, so the
truth lies between the two.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import boto3

from bench.cold_start import unpacked
from bench.measuring import Result, fresh_database, postgres
from bench.portfolios import fill
from bench.service import Call, service
from infra.packaging import package

LOANS = 10_000
ROUNDS = 15
TARGET = 1.5
# 1769 MB buy one core (Lambda's documentation, "Configure Lambda function memory").
SHARE = 1024 / 1769
PERIOD_US = 100_000

MINIMAL = """
import os
from chalice.app import Chalice
from sqlalchemy import create_engine, text
app = Chalice(app_name="minimal")
engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+pg8000:"))
@app.route("/customers/{number}")
def customer(number):
    with engine.connect() as connection:
        statement = text("SELECT first_name FROM customers WHERE customer_id = :number")
        return {"first_name": connection.execute(statement, {"number": number}).scalar_one()}
"""

# Answers the event that stands in a file, as the runtime of a function would.
ANSWER = """
import json, sys
from {module} import app
class Context:
    aws_request_id = "bench"
with open(sys.argv[1]) as file:
    answer = app(json.load(file), Context())
assert answer["statusCode"] == 200, answer
"""


@dataclass(frozen=True)
class Spent:
    """Medians of whole processes, in milliseconds."""

    wall: float
    processor: float


def run() -> Result:
    """Both functions, in turns, on a whole core and on a share of one."""
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        url = fresh_database(server)
        fill(url, LOANS)
        zip_file = package("local", Path(folder) / "package").zip_file
        code = unpacked(zip_file, Path(folder) / "unpacked").folder
        (code / "minimal.py").write_text(MINIMAL)
        functions = {name: _function(code, url, name, call) for name, call in _calls(url).items()}
        with share_of_a_core() as slow:
            places: dict[str, Callable[[], None] | None] = {"one core": _on_one_core}
            if slow:
                places["a share of a core"] = slow
            found = _measured(functions, places)
    return _result(found)


def _calls(url: str) -> dict[str, Call]:
    asked = {"customer_id": 1, "loan_amount": 10000, "interest_rate": 18, "tenure": 12}
    with service(url) as api:
        ours = api.call("check", "POST", "/api/check-eligibility/", asked)
        one = api.call("one row", "GET", "/api/view-loan/1/")
    context = {**one.event["requestContext"], "resourcePath": "/customers/{number}"}
    minimal = Call("minimal", {**one.event, "requestContext": context, "pathParameters": {"number": "1"}})
    return {"minimal": minimal, "app": ours}


def _function(code: Path, url: str, module: str, call: Call) -> tuple[list[str], dict[str, str]]:
    event = code / f"{module}.json"
    event.write_text(json.dumps(call.event))
    environment = {
        "PYTHONPATH": f"{code}:{Path(boto3.__file__).parent.parent}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "STAGE": "local",
        "API_AUTH": "open",
        "DATABASE_URL": url,
        "IMPORT_BUCKET": "bench",
        "IMPORT_QUEUE_URL": "bench",
    }
    return [sys.executable, "-S", "-P", "-c", ANSWER.format(module=module), str(event)], environment


def _measured(
    functions: dict[str, tuple[list[str], dict[str, str]]], places: dict[str, Callable[[], None] | None]
) -> dict[str, dict[str, Spent]]:
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for at in range(ROUNDS + 1):
        for place, enter in places.items():
            for name, (command, environment) in functions.items():
                spent = _spent(command, environment, enter)
                # The first finds nothing of its files in memory.
                if at:
                    found.setdefault((place, name), []).append(spent)
    medians = {
        key: Spent(*(1000 * median(each) for each in zip(*values, strict=True))) for key, values in found.items()
    }
    return {place: {name: medians[place, name] for name in functions} for place in places}


def _spent(command: list[str], environment: dict[str, str], enter: Callable[[], None] | None) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, preexec_fn=enter)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _on_one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@contextmanager
def share_of_a_core() -> Iterator[Callable[[], None] | None]:
    """What a process does to get no more than SHARE of a core: it enters a control group. None if there can be none."""
    root = next((each for each in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/cpu")) if _can_limit(each)), None)
    if root is None:
        yield None
        return
    group = root / f"loans-bench-{os.getpid()}"
    group.mkdir()
    quota = int(SHARE * PERIOD_US)
    try:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        yield lambda: _enter(group)
    finally:
        group.rmdir()


def _can_limit(root: Path) -> bool:
    second = (root / "cgroup.subtree_control").exists() and "cpu" in (root / "cgroup.subtree_control").read_text()
    return os.access(root, os.W_OK) and (second or (root / "cpu.cfs_quota_us").exists())


def _enter(group: Path) -> None:
    _on_one_core()
    (group / "cgroup.procs").write_text(str(os.getpid()))


def _result(found: dict[str, dict[str, Spent]]) -> Result:
    rows = []
    for place, both in found.items():
        floor = both["minimal"]
        for name, label in (("minimal", "one SELECT"), ("app", "check-eligibility")):
            spent = both[name]
            target = f"{TARGET}x" if name == "app" else ""
            ratios = [f"{spent.wall / floor.wall:.2f}x", target, f"{spent.processor:.0f}"]
            rows.append([f"{label}, {place}", f"{spent.wall:.0f}", *ratios])
    remarks = (
        f"Medians of {ROUNDS} processes each, in turns, from the start of an interpreter over the unpacked zip to its "
        f"end. The share is {SHARE:.2f} of a core, by a control group's quota; both are kept on one core."
    )
    if len(found) == 1:
        remarks += " Control groups could not be made here, so there is no figure for the share of a core."
    figures = {place: {name: asdict(spent) for name, spent in both.items()} for place, both in found.items()}
    header = ["first answer", "ms", "of one SELECT", "target", "ms of processor"]
    return Result("first_answer", "The first answer of a container", header, rows, figures, remarks)


if __name__ == "__main__":
    print(run().markdown())
