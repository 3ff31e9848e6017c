"""What a request costs in a warm container: time, round trips to the database, and what both become with a network."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import islice, repeat
from urllib.parse import urlsplit

from pg8000.legacy import Connection

from bench.measuring import Result, fresh_database, postgres
from bench.portfolios import LOANS_A_CUSTOMER, fill
from bench.proxy import CountingProxy
from bench.service import Call, Service, Times, interleaved, service
from chalicelib.postgres.connection import OneTripConnection

LOANS = 100_000
CUSTOMERS = LOANS // LOANS_A_CUSTOMER
ROUNDS = 500
LATENCY_SECONDS = 0.001
LATENCY_ROUNDS = 100
CUSTOMER, LOAN = 4711, 4711

FLOOR, ONE_TRIP = "driver floor", "one round trip"
# What issue a request may cost at most: times the driver floor, milliseconds, round trips.
TARGETS = {
    "register": (None, None, None),
    "check-eligibility": (2.5, 1.5, 3),
    "create-loan": (6, 4, 12),
    "view-loan": (2, None, 3),
    "view-loans": (2, None, 3),
}

# One row, by its key, with a parameter: through pg8000 as it is, and through our connection, which waits once for it.
FLOOR_STATEMENT = "SELECT customer_id, first_name, last_name, age, phone_number, monthly_income FROM customers"


def calls(api: Service) -> dict[str, Iterator[Call]]:
    """The five endpoints, each again and again; a loan is asked for by another customer each time, who gets it."""
    asked = {"loan_amount": 10000, "interest_rate": 18, "tenure": 12}
    person = {
        "first_name": "Asha", "last_name": "Menon", "age": 41, "monthly_income": 60000, "phone_number": "9812345678",
    }  # fmt: skip
    name = "check-eligibility"

    def check(customer: int) -> Call:
        return api.call(name, "POST", f"/api/{name}/", {"customer_id": customer, **asked})

    def apply(customer: int) -> Call:
        return api.call("create-loan", "POST", "/api/create-loan/", {"customer_id": customer, **asked}, 201)

    others = (customer for customer in range(1, CUSTOMERS + 1) if customer != CUSTOMER)
    borrowers = (customer for customer in others if api.answer(check(customer))["approval"])
    return {
        "register": repeat(api.call("register", "POST", "/api/register/", person, 201)),
        name: repeat(check(CUSTOMER)),
        "create-loan": iter([apply(customer) for customer in islice(borrowers, 2 * ROUNDS)]),
        "view-loan": repeat(api.call("view-loan", "GET", f"/api/view-loan/{LOAN}/")),
        "view-loans": repeat(api.call("view-loans", "GET", f"/api/view-loans/{CUSTOMER}/")),
    }


def run() -> Result:
    """All figures of the five endpoints over a portfolio of LOANS loans."""
    with postgres() as server:
        url = fresh_database(server)
        fill(url, LOANS)
        times = _times(url)
        with CountingProxy(server.port) as proxy:
            trips = _round_trips(through(url, proxy.port), proxy)
        with CountingProxy(server.port, LATENCY_SECONDS) as proxy:
            far = _far(through(url, proxy.port))
    return _result(times, trips, far)


def _times(url: str) -> dict[str, Times]:
    with service(url) as api:
        measured: dict[str, Callable[[], float]] = {
            FLOOR: floor(url, Connection),
            ONE_TRIP: floor(url, OneTripConnection),
        }
        measured |= {name: once(api, each) for name, each in calls(api).items()}
        return interleaved(measured, ROUNDS)


def once(api: Service, each: Iterator[Call]) -> Callable[[], float]:
    """Sends the next of the requests, and says how long it took."""
    return lambda: api.seconds(next(each))


def floor(url: str, kind: type[Connection]) -> Callable[[], float]:
    """Reads one row by its key, and says how long it took."""
    at = urlsplit(url)
    connection = kind(user=at.username, password=at.password, host=at.hostname, port=at.port, database=at.path[1:])
    connection.autocommit = True
    cursor = connection.cursor()

    def ask() -> float:
        began = time.perf_counter()
        cursor.execute(f"{FLOOR_STATEMENT} WHERE customer_id = %s", (CUSTOMER,))
        cursor.fetchone()
        return time.perf_counter() - began

    return ask


def _round_trips(url: str, proxy: CountingProxy) -> dict[str, int]:
    found = {}
    with service(url) as api:
        for name, each in calls(api).items():
            # The first request of a container also connects.
            api.seconds(next(each))
            before = proxy.round_trips
            api.seconds(next(each))
            found[name] = proxy.round_trips - before
    return found


def _far(url: str) -> dict[str, Times]:
    with service(url) as api:
        return interleaved({name: once(api, each) for name, each in calls(api).items()}, LATENCY_ROUNDS)


def through(url: str, port: int) -> str:
    """The same database behind a proxy at this port."""
    return url.replace(f":{urlsplit(url).port}/", f":{port}/")


def _result(times: dict[str, Times], trips: dict[str, int], far: dict[str, Times]) -> Result:
    floor, one_trip = times[FLOOR].p50, times[ONE_TRIP].p50
    trips = {FLOOR: 3, ONE_TRIP: 1} | trips
    rows = []
    for name, one in times.items():
        factor, _, _ = TARGETS.get(name, (None, None, None))
        most = f"{factor}x" if factor else ""
        distant = f"{far[name].p50:.1f}" if name in far else ""
        ratios = [f"{one.p50 / floor:.1f}x", most, f"{one.p50 / one_trip:.1f}x"]
        rows.append([name, f"{one.p50:.2f}", f"{one.p99:.2f}", *ratios, str(trips[name]), distant])
    header = [
        "endpoint", "p50 ms", "p99 ms", "of the floor", "target", "of one round trip", "round trips",
        "p50 ms with 1 ms of network",
    ]  # fmt: skip
    remarks = (
        f"Medians of {ROUNDS} requests each, in turns, a whole API Gateway event in and the response out, over "
        f"{LOANS:,} loans. The driver floor is one parameterised SELECT of one row through pg8000 as it is, which "
        "waits three times for it; one round trip is the same through our connection, which waits once. Round trips "
        "are counted on the wire; the last column is with a proxy that holds each of them for a millisecond."
    )
    figures = {name: {**asdict(times[name]), "round_trips": trips.get(name, 1)} for name in times}
    return Result("handlers", "Handler time", header, rows, figures, remarks)


if __name__ == "__main__":
    print(run().markdown())
