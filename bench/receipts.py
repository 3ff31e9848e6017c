"""What servicing costs with its database: a receipt, what people ask of a loan, collections over all loans, workbooks.

Over portfolios of loans that are serviced, most of them on time, some of them late (bench/lives.py).
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

from pg8000.legacy import Connection

from bench.file_store import FileStore
from bench.handlers import FLOOR, floor, once, through
from bench.imports import BOOKS
from bench.measuring import Result, fresh_database, postgres, settings_for
from bench.portfolios import fill_serviced, today_of_lender
from bench.proxy import CountingProxy
from bench.service import Call, Compared, Service, Times, compared, service
from bench.workbooks import make_receipts_book
from chalicelib.imports.kinds import KINDS
from chalicelib.imports.running import import_object
from chalicelib.imports.s3_events import ObjectReference
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import Author
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.rules.servicing.values import Kind
from chalicelib.services import servicing
from chalicelib.services.delinquency import list_late_loans, view_delinquency
from chalicelib.services.idempotency import Attempt, Once
from chalicelib.services.servicing import Recorded, Wanted, preview
from chalicelib.services.servicing_accounts import quote_settlement, view_account, view_statement
from chalicelib.storage.delinquency import Behind
from infra.local.postgres import PostgresServer

SIZES = (100_000, 1_000_000)
ROUNDS = 100
PAGE = 50
AUTHOR = Author("operator", "bench")
# Loans that are asked about, and not written to.
ASKED = 77
LOOKS = {
    "GET account": f"/api/loans/{ASKED}/account/",
    "GET settlement": f"/api/loans/{ASKED}/settlement/",
    "GET delinquency": "/api/delinquency/",
}

Doing = Callable[[], object]


@dataclass(frozen=True)
class Measure:
    """One thing over a portfolio: its times in milliseconds, those of the floor, and how often it waits."""

    loans: int
    what: str
    of_floor: float
    times: Times
    round_trips: int


@dataclass(frozen=True)
class ImportMeasure:
    """A workbook of receipts: how long it took, and how long the worker's core had work."""

    receipts: int
    seconds: float
    core_seconds: float


def doings(database: Database, today: date, loans: int) -> dict[str, Doing]:
    """The use cases; each receipt is for another loan."""
    numbers, keys = count(loans // 2), count()
    middle = {bucket: _middle(database, place, today) for place, bucket in enumerate(BUCKETS)}

    def receipt(amount: str = "100.00", day: date = today, key: bool = False) -> object:
        attempt = Attempt("receipts", f"bench {next(keys)}", "") if key else None
        wanted = Wanted(Kind.RECEIPT, Decimal(amount), day)
        told = Once[Recorded](attempt, lambda recorded: str(recorded.transaction.number))
        return servicing.record(database, next(numbers), wanted, today=today, author=AUTHOR, once=told)

    def late(place: int, behind: Behind | None) -> Doing:
        return lambda: list_late_loans(database, BUCKETS[place], today, behind=behind, limit=PAGE)

    return {
        "a receipt": receipt,
        "a receipt with a key": lambda: receipt(key=True),
        "a receipt of yesterday": lambda: receipt(day=today - timedelta(days=1)),
        "a preview": lambda: preview(database, ASKED, Wanted(Kind.RECEIPT, Decimal(100)), today=today),
        "the account": lambda: view_account(database, ASKED, today),
        "a settlement's quote": lambda: quote_settlement(database, ASKED, today),
        "the statement": lambda: view_statement(database, ASKED, since=None, until=today),
        "delinquency": lambda: view_delinquency(database, today, today),
        **{f"a page of {bucket.code}": late(place, None) for place, bucket in enumerate(BUCKETS)},
        **{f"a later page of {bucket.code}": late(place, middle[bucket]) for place, bucket in enumerate(BUCKETS)},
    }


def _middle(database: Database, place: int, today: date) -> Behind:
    """The last loan of the tenth page of a bucket."""
    return list_late_loans(database, BUCKETS[place], today, behind=None, limit=10 * PAGE)[-1].behind


def calls(api: Service, loans: int) -> dict[str, Iterator[Call]]:
    """What of it has an endpoint, through the handler, and the two that decide."""
    numbers, others = count(loans // 4), count(1)
    asked = {"loan_amount": 1000, "interest_rate": 24, "tenure": 12}

    def post(path: str, body: Callable[[], object], status: int = 200) -> Callable[[], Call]:
        return lambda: api.call(path, "POST", path, body(), status)

    makers: dict[str, tuple[str, str, Callable[[], Call]]] = {}
    for name, path in LOOKS.items():
        makers[name] = ("GET", path, lambda path=path: api.call(path, "GET", path))  # type: ignore[misc]  # a default
    receipts = f"/api/loans/{ASKED}/receipts/"
    makers["POST receipts"] = (
        "POST",
        receipts,
        lambda: api.call("receipt", "POST", f"/api/loans/{next(numbers)}/receipts/", {"amount": 100}, 201),
    )
    check, apply = "/api/check-eligibility/", "/api/create-loan/"
    makers["check-eligibility"] = ("POST", check, post(check, lambda: {"customer_id": ASKED, **asked}))
    makers["create-loan"] = ("POST", apply, post(apply, lambda: {"customer_id": next(others), **asked}, 201))
    return {name: forever(make) for name, (method, path, make) in makers.items() if api.serves(method, path)}


def forever(make: Callable[[], Call]) -> Iterator[Call]:
    """One call after the other."""
    while True:
        yield make()


def run(sizes: Sequence[int] = SIZES, books: Sequence[int] = SIZES, each: int = 1) -> Result:
    """All of it over portfolios of these sizes, and workbooks with so many receipts for each of so many loans."""
    with postgres() as server:
        runs = [_over(server, size) for size in sizes]
        imported = [_imported(server, size, each) for size in books] if _kind() else []
    return _result(
        [measure for run, _ in runs for measure in run], imported, max((noise for _, noise in runs), default=0)
    )


def _over(server: PostgresServer, loans: int) -> tuple[list[Measure], float]:
    """What was measured over so many loans, and how far the floor strayed."""
    url, today = fresh_database(server), today_of_lender()
    began = time.monotonic()
    fill_serviced(url, loans, today)
    print(f"{loans} loans made: {time.monotonic() - began:.0f} s", file=sys.stderr)
    with CountingProxy(server.port) as proxy:
        trips = _round_trips(through(url, proxy.port), proxy, today, loans)
    found = _compared(url, today, loans)
    return [Measure(loans, name, found.ratios[name], found.times[name], trips[name]) for name in trips], found.noise


def _compared(url: str, today: date, loans: int) -> Compared:
    database = Database(make_engine(settings_for(url)))
    # Behind those that the count of the round trips wrote to.
    measured: dict[str, Callable[[], float]] = {FLOOR: floor(url, Connection)}
    measured |= {name: timed(do) for name, do in doings(database, today, loans).items()}
    with service(url) as api:
        measured |= {name: once(api, each) for name, each in calls(api, loans).items()}
        found = compared(measured, ROUNDS, FLOOR)
    database.engine.dispose()
    return found


def _round_trips(url: str, proxy: CountingProxy, today: date, loans: int) -> dict[str, int]:
    database = Database(make_engine(settings_for(url)))
    with service(url) as api:
        measured = {name: timed(do) for name, do in doings(database, today, loans - 100).items()}
        measured |= {name: once(api, each) for name, each in calls(api, loans - 100).items()}
        found = {}
        for name, do in measured.items():
            # The first request of a container also connects.
            do()
            before = proxy.round_trips
            do()
            found[name] = proxy.round_trips - before
    database.engine.dispose()
    return found


def timed(do: Doing) -> Callable[[], float]:
    """Does it, and says how long it took."""

    def measured() -> float:
        began = time.perf_counter()
        do()
        return time.perf_counter() - began

    return measured


def _kind() -> object:
    return next((kind for kind in KINDS if kind.name == "receipts"), None)


def _imported(server: PostgresServer, loans: int, each: int) -> ImportMeasure:
    """A workbook with so many receipts for each loan, by a worker that has imported one before."""
    kind = next(kind for kind in KINDS if kind.name == "receipts")
    url, today = fresh_database(server), today_of_lender()
    customers = fill_serviced(url, loans, today)
    database = Database(make_engine(settings_for(url)))
    warm_up = make_receipts_book(BOOKS / f"receipts-20-of-{loans}-{today}.xlsx", kind, 20, customers, today)
    name = f"receipts-{loans}-{today}.xlsx" if each == 1 else f"receipts-{each}-of-{loans}-loans-{today}.xlsx"
    book = make_receipts_book(BOOKS / name, kind, loans, customers, today, each)
    _import(database, warm_up, today)
    began, began_work = time.perf_counter(), time.process_time()
    rows = _import(database, book, today)
    measure = ImportMeasure(loans * each, time.perf_counter() - began, time.process_time() - began_work)
    assert rows == loans * each, rows
    database.engine.dispose()
    return measure


def _import(database: Database, book: Path, today: date) -> int:
    """How many rows were recorded, now or before."""
    found = ObjectReference("bench", book.name, "1")
    done = import_object(database, FileStore(book), found, today=today)  # type: ignore[arg-type]  # serves one file
    return sum(sheet.inserted + sheet.unchanged for sheet in done.sheets)


def _result(found: Sequence[Measure], imported: Sequence[ImportMeasure], noise: float) -> Result:
    rows = [
        [
            each.what,
            f"{each.loans:,}",
            f"{each.of_floor:.1f}x",
            str(each.round_trips),
            f"{each.times.p50:.2f}",
            f"{each.times.p99:.2f}",
        ]
        for each in found
    ]
    workbooks = " ".join(
        f"A workbook of {each.receipts:,} receipts took one worker {each.seconds:.1f} s, "
        f"{each.receipts / each.seconds:,.0f} rows a second, of which its own work was {each.core_seconds:.1f} s, "
        f"{each.receipts / each.core_seconds:,.0f} rows a second of its core."
        for each in imported
    )
    remarks = (
        f"Medians of {ROUNDS} each, in turns, over loans that are all serviced; a page has {PAGE} loans, a later page "
        "is the eleventh. The floor is one parameterised SELECT of one row through pg8000 as it is. "
        + (workbooks if _kind() else "This release has no workbooks of receipts, so none was imported.")
    )
    figures = {"measures": [asdict(each) for each in found], "imports": [asdict(each) for each in imported]}
    header = ["what", "loans", "of the floor", "round trips", "p50 ms", "p99 ms"]
    return Result("receipts", "Servicing with its database", header, rows, figures, remarks, noise)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of loans, with commas between")
    parser.add_argument("--books", default=",".join(map(str, SIZES)), help="the same, of the workbooks of receipts")
    parser.add_argument("--each", type=int, default=1, help="how many receipts a workbook has for each loan")
    arguments = parser.parse_args()
    sizes, books = ([int(size) for size in named.split(",") if size] for named in (arguments.sizes, arguments.books))
    print(run(sizes, books, arguments.each).markdown())


if __name__ == "__main__":
    main()
