"""Decisions a second: of one container, of a core with the database's work included, and over HTTP on LocalStack."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any

import psutil
import requests

from bench.measuring import Result, fresh_database, postgres
from bench.portfolios import LOANS_A_CUSTOMER, fill
from bench.service import Service, Times, service
from infra.local.postgres import PostgresServer
from tests.support.stack import stack_of_its_own

LOANS = 10_000
CUSTOMERS = LOANS // LOANS_A_CUSTOMER
SECONDS = 5.0
# As many as keep the functions of a laptop busy, and no more.
CLIENTS = 4

DECISIONS = {"check-eligibility": 200, "create-loan": 201}
HEADER = ["decision", "where", "a second", "a second of a core", "p50 ms", "p99 ms"]


def run() -> Result:
    """Both decisions, by one container after the other request, and by several clients at once over HTTP."""
    with postgres() as server:
        url = fresh_database(server)
        fill(url, LOANS)
        with service(url) as api:
            alone = {name: _in_a_container(api, server, name) for name in DECISIONS}
    with stack_of_its_own(postgres_settings=()) as stack:
        fill(stack.file.database_url, LOANS)
        together = {name: _over_http(f"{stack.api_url}/{name}/", status) for name, status in DECISIONS.items()}
    return _result(alone, together)


def _asked() -> Iterator[dict[str, Any]]:
    """What is asked for, by one customer after the other, so that none waits for another request of its own."""
    for customer in cycle(range(1, CUSTOMERS + 1)):
        yield {"customer_id": customer, "loan_amount": 10000, "interest_rate": 18, "tenure": 12}


def _in_a_container(api: Service, server: PostgresServer, name: str) -> dict[str, float]:
    bodies = islice(_asked(), CUSTOMERS)
    calls = cycle([api.call(name, "POST", f"/api/{name}/", body, DECISIONS[name]) for body in bodies])

    def once() -> float:
        return api.seconds(next(calls))

    _for_seconds(SECONDS / 10, once)
    before = _processor_seconds(server)
    taken = _for_seconds(SECONDS, once)
    worked = _processor_seconds(server) - before
    return {"a_second": len(taken) / sum(taken), "a_core_second": len(taken) / worked, **vars(Times.of(taken))}


def _processor_seconds(server: PostgresServer) -> float:
    """What this process and the server with all its processes have worked so far."""
    postmaster = int((server.directory / "data" / "postmaster.pid").read_text().split()[0])
    working = [psutil.Process(), psutil.Process(postmaster), *psutil.Process(postmaster).children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in working)


def _over_http(url: str, status: int) -> dict[str, float]:
    def client(first: int) -> list[float]:
        bodies = _asked()
        # The clients ask for customers of their own.
        for _ in range(first * CUSTOMERS // CLIENTS):
            next(bodies)
        with requests.Session() as session:

            def once() -> float:
                began = time.perf_counter()
                answer = session.post(url, json=next(bodies), timeout=60)
                assert answer.status_code == status, answer.text
                return time.perf_counter() - began

            _for_seconds(SECONDS / 2, once)
            return _for_seconds(2 * SECONDS, once)

    with ThreadPoolExecutor(CLIENTS) as pool:
        taken = [seconds for each in pool.map(client, range(CLIENTS)) for seconds in each]
    return {"a_second": len(taken) / (2 * SECONDS), **vars(Times.of(taken))}


def _for_seconds(seconds: float, once: Callable[[], float]) -> list[float]:
    """What each call took, of as many as fit."""
    taken, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        taken.append(once())
    return taken


def _result(alone: dict[str, dict[str, float]], together: dict[str, dict[str, float]]) -> Result:
    rows = []
    for name in DECISIONS:
        for where, found in (("one container", alone[name]), (f"LocalStack, {CLIENTS} clients", together[name])):
            core = f"{found['a_core_second']:.0f}" if "a_core_second" in found else ""
            rows.append(
                [name, where, f"{found['a_second']:.0f}", core, f"{found['p50']:.2f}", f"{found['p99']:.2f}"]
            )  # fmt: skip
    remarks = (
        f"One container answers one request after the other, from event to response, for {SECONDS:.0f} s. A second of "
        "a core is a second of the processor's time, that of the service and of PostgreSQL together. On LocalStack the "
        "emulator's own work is most of it; everything, the clients too, runs on this machine."
    )
    figures = json.loads(json.dumps({"container": alone, "localstack": together}))
    return Result("throughput", "Throughput", HEADER, rows, figures, remarks)


if __name__ == "__main__":
    print(run().markdown())
