"""What a page of the console costs in a warm container, over the portfolio of `data/`."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from pg8000.legacy import Connection

from bench.file_store import FileStore
from bench.handlers import FLOOR, floor
from bench.measuring import Result, fresh_database, postgres, settings_for
from bench.people import signed_in
from bench.service import Call, Compared, Service, compared, service
from chalicelib.imports.running import import_object
from chalicelib.imports.s3_events import ObjectReference
from chalicelib.postgres.database import Database, make_engine

ROUNDS = 60
MOST_MS = 25
BOOKS = sorted((Path(__file__).parent.parent / "data").glob("*.xlsx"))

PAGES = {
    "home": "",
    "customers": "customers/",
    "search": "customers/?q=sha",
    "a customer": "customers/11/",
    "what if": "customers/11/?loan_amount=900000&interest_rate=11&tenure=36",
    "applications": "applications/",
    "a decision": "applications/1/",
    "loans": "loans/",
    "a loan": "loans/4911/",
    "transactions": "transactions/",
    "imports": "imports/",
    "an import": "imports/1/",
    "users": "administration/users/",
    "API keys": "administration/keys/",
    "audit log": "administration/audit/",
    "policy": "policy/",
}


def run() -> Result:
    """p50 and p99 of each page, signed in as an admin, and how large it is."""
    with postgres() as server:
        url = fresh_database(server)
        token = _portfolio(url)
        with service(url) as api:
            _applied(api)
            calls = {name: api.page(token, path) for name, path in PAGES.items()}
            sizes = {name: api.size(call) for name, call in calls.items()}
            pages = {name: _once(api, call) for name, call in calls.items()}
            found = compared({FLOOR: floor(url, Connection), **pages}, ROUNDS, FLOOR)
    return _result(found, sizes)


def _portfolio(url: str) -> str:
    """Imports the workbooks, and signs an admin in."""
    database = Database(make_engine(settings_for(url)))
    for book in BOOKS:
        found = ObjectReference("bench", f"incoming/{book.name}", "1")
        assert import_object(database, FileStore(book), found).state == "completed"  # type: ignore[arg-type]
    database.engine.dispose()
    return signed_in(url)


def _applied(api: Service) -> None:
    asked = {"loan_amount": 10000, "interest_rate": 18, "tenure": 12}
    for customer in range(1, 41):
        api.seconds(api.call("apply", "POST", "/api/create-loan/", {**asked, "customer_id": customer}, 201))


def _once(api: Service, call: Call) -> Callable[[], float]:
    return lambda: api.seconds(call)


def _result(found: Compared, sizes: dict[str, int]) -> Result:
    rows = [
        [
            name,
            f"{found.ratios[name]:.1f}x",
            f"{found.times[name].p50:.1f}",
            f"{found.times[name].p99:.1f}",
            f"{size / 1024:.0f}",
        ]
        for name, size in sizes.items()
    ]
    remarks = f"Medians of {ROUNDS} requests each, in turns. A page is to take less than {MOST_MS} ms and 100 KB."
    figures = {
        name: {"of_floor": found.ratios[name], **asdict(found.times[name]), "bytes": size}
        for name, size in sizes.items()
    }
    header = ["page", "of the floor", "p50 ms", "p99 ms", "KB"]
    return Result("pages", "Pages of the console", header, rows, figures, remarks, found.noise)


if __name__ == "__main__":
    print(run().markdown())
