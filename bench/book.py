"""Every page and everything that can be read, over a book of a million serviced loans, with what was counted ahead.

By itself, also over a smaller one: `.venv/bin/python -m bench.book --loans 100000`.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

from pg8000.legacy import Connection

from bench.handlers import FLOOR, floor
from bench.measuring import Result, fresh_database, postgres, settings_for
from bench.people import signed_in
from bench.portfolios import LOANS_A_CUSTOMER, fill_serviced, today_of_lender
from bench.service import Call, Compared, Service, compared, service
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.services.counted_books import count_ahead

LOANS = 1_000_000
ROUNDS = 20
MOST_MS = 100
APPLICATIONS = 200
CODES = [bucket.code for bucket in BUCKETS]


def addresses(loans: int) -> list[str]:
    """What is read, from the root of the stage on."""
    customer, loan = loans // LOANS_A_CUSTOMER // 2, loans // 2
    pages = [
        "", "customers/", "customers/?q=sample0000077", "customers/?q=sample&sort=name", "customers/?q=0077",
        f"customers/{customer}/", f"customers/{customer}/change/", "loans/", "loans/?sort=number",
        "loans/?state=current", "loans/?state=ended", f"loans/?customer_id={customer}", f"loans/{loan}/",
        f"loans/{loan}/schedule/", f"loans/{loan}/receipts/", f"loans/{loan}/settlement/", f"loans/{loan}/prepayment/",
        f"loans/{loan}/statement/", "loans/?late=1&amount_from=5000", "loans/?late=31&sort=amount", "transactions/",
        "transactions/?kind=receipt&reversed=no", "transactions/?kind=receipt&sort=amount", "collections/",
        *(f"collections/?bucket={code}" for code in CODES),
        "applications/", "applications/?outcome=approved", "applications/?to=2020-01-01",
        f"applications/{APPLICATIONS}/", "imports/", "administration/audit/", "administration/audit/?to=2020-01-01",
        "administration/users/", "administration/keys/", "account/",
    ]  # fmt: skip
    endpoints = [
        "customers/", f"customers/{customer}/", f"view-loan/{loan}/", f"view-loans/{customer}/", "loans/",
        f"loans/?after={loan}", "loans/?state=current", "loans/?state=ended",
        *(f"loans/?class={code}" for code in CODES), f"loans/?class=SMA-2&after={loan * 2 - 1000}",
        f"loans/{loan}/account/", f"loans/{loan}/settlement/", f"loans/{loan}/statement/", f"loans/{loan}/schedule/",
        "delinquency/", *(f"delinquency/loans/?class={code}" for code in CODES), "applications/",
        "applications/?outcome=refused", "audit/", "imports/", "users/", "api-keys/",
    ]  # fmt: skip
    return [f"/console/{page}" for page in pages] + [f"/api/{endpoint}" for endpoint in endpoints]


def run(loans: int = LOANS) -> Result:
    """What each of them takes."""
    with postgres() as server:
        url, today = fresh_database(server), today_of_lender()
        began = time.monotonic()
        fill_serviced(url, loans, today)
        print(f"{loans} loans made: {time.monotonic() - began:.0f} s", file=sys.stderr)
        token = signed_in(url)
        with service(url) as api:
            _applied(api)
            counted = _count(url)
            measured: dict[str, Callable[[], float]] = {FLOOR: floor(url, Connection)}
            measured |= {address: _once(api, _call(api, token, address)) for address in addresses(loans)}
            found = compared(measured, ROUNDS, FLOOR)
    return _result(found, loans, counted)


def _applied(api: Service) -> None:
    asked = {"loan_amount": 10000, "interest_rate": 18, "tenure": 12}
    for customer in range(1, APPLICATIONS + 1):
        api.seconds(api.call("apply", "POST", "/api/create-loan/", {**asked, "customer_id": customer}, 201))


def _count(url: str) -> float:
    """Counts the book as the bootstrap does, and returns the seconds."""
    database = Database(make_engine(settings_for(url)))
    began = time.perf_counter()
    count_ahead(database, STANDARD_1, today_of_lender())
    database.engine.dispose()
    return time.perf_counter() - began


def _call(api: Service, token: str, address: str) -> Call:
    of_page = address.startswith("/console/")
    headers = {"cookie": f"loans-session={token}"} if of_page else {"authorization": f"Bearer {token}"}
    return api.call(address, "GET", address, headers=headers)


def _once(api: Service, call: Call) -> Callable[[], float]:
    return lambda: api.seconds(call)


def _result(found: Compared, loans: int, counted: float) -> Result:
    slowest = sorted(found.times.items(), key=lambda one: -one[1].p50)
    rows = [[name, f"{found.ratios[name]:.1f}x", f"{one.p50:.1f}", f"{one.p99:.1f}"] for name, one in slowest]
    late = [name for name, one in slowest if one.p50 > MOST_MS]
    remarks = (
        f"Medians of {ROUNDS} requests each, in turns, over {loans:,} loans that are all serviced, the slowest first. "
        f"The bootstrap counted the book in {counted:.1f} s. A page is to take at most {MOST_MS} ms; "
        f"above it: {', '.join(late) or 'none'}."
    )
    figures = {
        "loans": loans,
        "counted": counted,
        "times": {name: {"of_floor": found.ratios[name], **asdict(one)} for name, one in slowest},
    }
    header = ["what", "of the floor", "p50 ms", "p99 ms"]
    return Result("book", "A large book", header, rows, figures, remarks, found.noise)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loans", type=int, default=LOANS, help="how many")
    print(run(parser.parse_args().loans).markdown())


if __name__ == "__main__":
    main()
