"""What a request costs when there is more of everything: loans in the table, loans of one customer."""

from collections.abc import Callable, Mapping
from statistics import median
from typing import TypeAlias

from bench.measuring import Result, fresh_database, postgres
from bench.noise import spread
from bench.portfolios import LOANS_A_CUSTOMER, add_customer_with, fill
from bench.service import Call, Service, Times, interleaved, service

SIZES = (1_000, 100_000, 1_000_000)
LOANS_OF_ONE = (10, 100, 1_000)
ROUNDS, PASSES = 60, 7

Calls: TypeAlias = Callable[[Service], list[Call]]


def run() -> Result:
    """p50 of each request over portfolios of all sizes, and for customers with many loans.

    The reference for the noise is check-eligibility over the smallest table, from pass to pass.
    """
    with postgres() as server:
        urls = {size: fresh_database(server, f"bench_{size}") for size in SIZES}
        for size, url in urls.items():
            fill(url, size)
        largest = urls[max(SIZES)]
        heavy = {count: add_customer_with(largest, count) for count in LOANS_OF_ONE}
        tables, noise = _in_passes({size: (url, _portfolio_calls) for size, url in urls.items()})
        customers, noise_too = _in_passes({count: (largest, _calls_of(number)) for count, number in heavy.items()})
    return _result(tables, customers, max(noise, noise_too))


def _in_passes(measured: Mapping[int, tuple[str, Calls]]) -> tuple[dict[int, dict[str, float]], float]:
    """The median p50 of each call over PASSES passes; small and large take turns, so that they meet the same noise."""
    found: dict[int, list[dict[str, Times]]] = {size: [] for size in measured}
    for _ in range(PASSES):
        for size, (url, calls) in measured.items():
            found[size].append(_measured(url, calls))
    medians = {
        size: {name: median(one[name].p50 for one in passes) for name in passes[0]} for size, passes in found.items()
    }
    return medians, spread([one["check-eligibility"].p50 for one in found[min(found)]])


def _measured(url: str, calls: Calls) -> dict[str, Times]:
    with service(url) as api:
        return interleaved({call.name: _once(api, call) for call in calls(api)}, ROUNDS)


def _once(api: Service, call: Call) -> Callable[[], float]:
    return lambda: api.seconds(call)


def _portfolio_calls(api: Service) -> list[Call]:
    return [
        *_customer_calls(api, 1_000 // LOANS_A_CUSTOMER // 2),
        # As many are found in a small table as in a large one: one, and a page of a hundred.
        api.call("search by name, one found", "GET", "/api/customers/?q=sample0000077"),
        api.call("search by name, a page", "GET", "/api/customers/?q=sample00000"),
        api.call("search by phone number", "GET", "/api/customers/?q=90000000"),
    ]


def _customer_calls(api: Service, customer: int) -> list[Call]:
    asked = {"customer_id": customer, "loan_amount": 10000, "interest_rate": 18, "tenure": 12}
    return [
        api.call("check-eligibility", "POST", "/api/check-eligibility/", asked),
        api.call("view-loans", "GET", f"/api/view-loans/{customer}/"),
        # Last, because each one adds an application.
        api.call("create-loan", "POST", "/api/create-loan/", {**asked, "loan_amount": 10**9}, 201),
    ]


def _calls_of(customer: int) -> Calls:
    return lambda api: _customer_calls(api, customer)


def _result(tables: Mapping[int, dict[str, float]], customers: Mapping[int, dict[str, float]], noise: float) -> Result:
    rows = [*_rows(tables, "loans in the table"), *_rows(customers, "loans of the customer")]
    header = ["request", "grows", "largest of smallest", "smallest", "middle", "largest"]
    remarks = (
        f"Medians in milliseconds of {PASSES} times {ROUNDS} requests, the sizes in turns. Loans in the table: "
        f"{', '.join(f'{n:,}' for n in SIZES)}; "
        f"loans of one customer, in the largest table: {', '.join(f'{n:,}' for n in LOANS_OF_ONE)}. The application "
        "of create-loan is refused, so that the number of loans stays."
    )
    figures = {"tables": tables, "customers": customers}
    return Result("growth", "Growth", header, rows, figures, remarks, noise)


def _rows(found: Mapping[int, dict[str, float]], what: str) -> list[list[str]]:
    sizes = sorted(found)
    return [
        [
            name,
            what,
            f"{found[sizes[-1]][name] / found[sizes[0]][name]:.2f}x",
            *(f"{found[size][name]:.2f}" for size in sizes),
        ]
        for name in found[sizes[0]]
    ]


if __name__ == "__main__":
    print(run().markdown())
