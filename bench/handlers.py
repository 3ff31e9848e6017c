"""What a request costs in a warm container: time, round trips to the database, and what both become with a network."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import count, cycle, islice, repeat
from urllib.parse import urlsplit

from pg8000.legacy import Connection

from bench.measuring import Result, fresh_database, postgres
from bench.people import people, signed_in
from bench.portfolios import LOANS_A_CUSTOMER, fill, fill_serviced, today_of_lender
from bench.proxy import CountingProxy
from bench.service import Call, Compared, Service, Times, compared, interleaved, service
from chalicelib.postgres.connection import OneTripConnection

LOANS = 100_000
CUSTOMERS = LOANS // LOANS_A_CUSTOMER
# Loans that are serviced, behind the others, and one of their customers.
SERVICED = 20_000
ROUNDS = 500
LATENCY_SECONDS = 0.001
LATENCY_ROUNDS = 100
CUSTOMER, LOAN = 4711, 4711
BORROWER, SERVICED_LOAN = CUSTOMERS + 77, LOANS + 76

FLOOR, ONE_TRIP = "driver floor", "one round trip"
# How many times the driver floor a request may cost at most.
TARGETS = {
    "register": 3,
    "check-eligibility": 2.5,
    "create-loan": 5,
    "view-loan": 2,
    "view-loans": 2,
    **dict.fromkeys(("PATCH customer", "receipt"), 6),
}
# The pages of the console that people look at most.
PAGES = {
    "page: home": "",
    "page: customers": "customers/",
    "page: search": "customers/?q=sample0000077",
    "page: a customer": f"customers/{BORROWER}/",
    "page: loans": "loans/",
    "page: a loan": f"loans/{SERVICED_LOAN}/",
    "page: collections": "collections/?class=NPA",
    "page: applications": "applications/",
}

# What `calls` and `calls_beside` make.
FIVE = ("register", "check-eligibility", "create-loan", "view-loan", "view-loans")
BESIDE = ("view-loans, serviced", "PATCH customer", "receipt", *PAGES)

# One row, by its key, with a parameter: through pg8000 as it is, and through our connection, which waits once for it.
FLOOR_STATEMENT = "SELECT customer_id, first_name, last_name, age, phone_number, monthly_income FROM customers"


def calls(api: Service) -> dict[str, Iterator[Call]]:
    """The five endpoints, each again and again; somebody else registers each time, and another customer asks for a loan
    and gets it.
    """
    asked = {"loan_amount": 10000, "interest_rate": 18, "tenure": 12}
    name = "check-eligibility"

    def check(customer: int) -> Call:
        return api.call(name, "POST", f"/api/{name}/", {"customer_id": customer, **asked})

    def apply(customer: int) -> Call:
        return api.call("create-loan", "POST", "/api/create-loan/", {"customer_id": customer, **asked}, 201)

    others = (customer for customer in range(1, CUSTOMERS + 1) if customer != CUSTOMER)
    borrowers = (customer for customer in others if api.answer(check(customer))["approval"])
    return {
        "register": (api.call("register", "POST", "/api/register/", each, 201) for each in people(60_000)),
        name: repeat(check(CUSTOMER)),
        "create-loan": iter([apply(customer) for customer in islice(borrowers, 2 * ROUNDS)]),
        "view-loan": repeat(api.call("view-loan", "GET", f"/api/view-loan/{LOAN}/")),
        "view-loans": repeat(api.call("view-loans", "GET", f"/api/view-loans/{CUSTOMER}/")),
    }


def calls_beside(api: Service, token: str) -> dict[str, Iterator[Call]]:
    """What else people and machines wait for: a correction, a receipt for another loan each time, pages of the console.

    `token` is that of somebody who is signed in.
    """
    loans = count(LOANS + SERVICED // 2)
    headers = {"if-match": "*"}

    def receipts() -> Iterator[Call]:
        while True:
            yield api.call("receipt", "POST", f"/api/loans/{next(loans)}/receipts/", {"amount": 100}, 201)

    corrections = [
        api.call("PATCH customer", "PATCH", f"/api/customers/{CUSTOMER}/", {"phone_number": number}, 200, headers)
        for number in ("9812345678", "9812345679")
    ]
    return {
        "view-loans, serviced": repeat(api.call("view-loans", "GET", f"/api/view-loans/{BORROWER}/")),
        "PATCH customer": cycle(corrections),
        "receipt": receipts(),
        **{name: repeat(api.page(token, path)) for name, path in PAGES.items()},
    }


def portfolio(url: str) -> str:
    """Fills a database for all of these calls, and returns the token of an admin who is signed in."""
    fill(url, LOANS)
    fill_serviced(url, SERVICED, today_of_lender(), behind=LOANS)
    return signed_in(url)


def run() -> Result:
    """All figures over a portfolio of LOANS loans that are as imported, and SERVICED that are serviced."""
    with postgres() as server:
        url = fresh_database(server)
        token = portfolio(url)
        times = _times(url, token)
        with CountingProxy(server.port) as proxy:
            trips = _round_trips(through(url, proxy.port), token, proxy)
        with CountingProxy(server.port, LATENCY_SECONDS) as proxy:
            far = _far(through(url, proxy.port))
    return _result(times, trips, far)


def _times(url: str, token: str) -> Compared:
    with service(url) as api:
        measured: dict[str, Callable[[], float]] = {
            FLOOR: floor(url, Connection),
            ONE_TRIP: floor(url, OneTripConnection),
        }
        measured |= {name: once(api, each) for name, each in (calls(api) | calls_beside(api, token)).items()}
        return compared(measured, ROUNDS, FLOOR)


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


def _round_trips(url: str, token: str, proxy: CountingProxy) -> dict[str, int]:
    found = {}
    with service(url) as api:
        for name, each in (calls(api) | calls_beside(api, token)).items():
            # The first request of a container also connects, and the first of a kind may find out who asks.
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


def _result(found: Compared, trips: dict[str, int], far: dict[str, Times]) -> Result:
    trips = {FLOOR: 3, ONE_TRIP: 1} | trips
    one_trip = found.ratios[ONE_TRIP]
    rows = []
    for name, one in found.times.items():
        ratio, most = found.ratios[name], TARGETS.get(name)
        distant = f"{far[name].p50:.1f}" if name in far else ""
        ratios = [f"{ratio:.1f}x", f"{most}x" if most else "", f"{ratio / one_trip:.1f}x"]
        rows.append([name, *ratios, str(trips[name]), f"{one.p50:.2f}", f"{one.p99:.2f}", distant])
    header = [
        "endpoint", "of the floor", "target", "of one round trip", "round trips", "p50 ms", "p99 ms",
        "p50 ms with 1 ms of network",
    ]  # fmt: skip
    remarks = (
        f"Medians of {ROUNDS} requests each, in turns, a whole API Gateway event in and the response out, over "
        f"{LOANS:,} loans that are as imported and {SERVICED:,} that are serviced. The driver floor is one "
        "parameterised SELECT of one row through pg8000 as it is, which waits three times for it; one round trip is "
        "the same through our connection, which waits once. Ratios are taken in each fifth of the run. Round trips are "
        "counted on the wire; the last column is with a proxy that holds each of them for a millisecond."
    )
    figures = {
        name: {"of_floor": found.ratios[name], **asdict(one), "round_trips": trips[name]}
        for name, one in found.times.items()
    }
    return Result("handlers", "Handler time", header, rows, figures, remarks, found.noise)


if __name__ == "__main__":
    print(run().markdown())
