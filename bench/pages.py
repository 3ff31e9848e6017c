"""What a page of the console costs in a warm container, over the portfolio of `data/`."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from bench.file_store import FileStore
from bench.measuring import Result, fresh_database, postgres, settings_for
from bench.service import Call, Service, Times, interleaved, service
from chalicelib.imports.running import import_object
from chalicelib.imports.s3_events import ObjectReference
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import ANYONE, Author, Role
from chalicelib.services import sessions, users
from chalicelib.services.sessions import Attempt
from chalicelib.services.users import WantedUser

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
            calls = {name: _page(api, token, path) for name, path in PAGES.items()}
            sizes = {name: api.size(call) for name, call in calls.items()}
            times = interleaved({name: _once(api, call) for name, call in calls.items()}, ROUNDS)
    return _result(times, sizes)


def _portfolio(url: str) -> str:
    """Imports the workbooks, and signs an admin in."""
    database = Database(make_engine(settings_for(url)))
    for book in BOOKS:
        found = ObjectReference("bench", f"incoming/{book.name}", "1")
        assert import_object(database, FileStore(book), found).state == "completed"  # type: ignore[arg-type]
    password = token_hex(16)
    users.create_user(database, Author.of(ANYONE, "bench"), WantedUser("bench", "Bench", Role.ADMIN.value, password))
    opened = sessions.sign_in(database, Attempt("bench", password, "127.0.0.1", "bench"))
    assert opened.expires_at > datetime.now(UTC)
    database.engine.dispose()
    return opened.token


def _applied(api: Service) -> None:
    asked = {"loan_amount": 10000, "interest_rate": 18, "tenure": 12}
    for customer in range(1, 41):
        api.seconds(api.call("apply", "POST", "/api/create-loan/", {**asked, "customer_id": customer}, 201))


def _page(api: Service, token: str, path: str) -> Call:
    headers = {"accept": "text/html", "cookie": f"loans-session={token}"}
    return api.call(path, "GET", f"/console/{path}", headers=headers)


def _once(api: Service, call: Call) -> Callable[[], float]:
    return lambda: api.seconds(call)


def _result(times: dict[str, Times], sizes: dict[str, int]) -> Result:
    rows = [[name, f"{each.p50:.1f}", f"{each.p99:.1f}", f"{sizes[name] / 1024:.0f}"] for name, each in times.items()]
    remarks = f"Medians of {ROUNDS} requests each, in turns. A page is to take less than {MOST_MS} ms and 100 KB."
    figures = {name: {"p50": each.p50, "p99": each.p99, "bytes": sizes[name]} for name, each in times.items()}
    return Result("pages", "Pages of the console", ["page", "p50 ms", "p99 ms", "KB"], rows, figures, remarks)


if __name__ == "__main__":
    print(run().markdown())
