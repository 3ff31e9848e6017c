"""The mixed load: workers in processes of their own, the queue they take from, and what they have recorded so far."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
from sqlalchemy import text

from chalicelib.imports.s3_events import ObjectReference, message_for
from chalicelib.postgres.database import Database
from chalicelib.rules.money import emi
from chalicelib.rules.policy import STANDARD_1
from chalicelib.services.servicing_upkeep import begin_servicing
from chalicelib.storage.customers import Registration
from tests.support.faults import worker
from tests.support.faults.paying import DAYS_BEFORE
from tests.support.faults.storage import Storage
from tests.support.lending import register
from tests.support.patience import PATIENCE_SECONDS, wait_until
from tests.support.people import TEST
from tests.support.processes import started
from tests.support.workbooks import loan, loans_book

BUCKET = "loans-test-workbooks"
# Long enough for every statement that nothing keeps waiting, on a machine that others use too.
STATEMENT_TIMEOUT_MS = 5_000
SHARED_CUSTOMERS = 8
# Two loans for each of the shared customers: an import that is half there shows in every one of them.
LOANS_A_BOOK = 2 * SHARED_CUSTOMERS
# The loans of a book have lower numbers than those of the book before, so that none is made here under one of them: a
# row with the number of a loan of the same customer that was made here would be about that loan.
FIRST_BOOK = 5_000_000
# A book's loans end here and there, so that a clock that moves makes some current and others not.
ENDS = (date(2027, 1, 31), date(2027, 2, 28), date(2030, 1, 1), None)

APPLICATION_NAME = "loans-local"
LENDERS_ZONE = ZoneInfo("Asia/Kolkata")
PAYERS = 3
PAYERS_PHONES = "81000000"


@dataclass(frozen=True)
class Exchange:
    """A request with its answer; `status` is None where none came. Times are of the machine's monotonic clock."""

    worker: str
    number: int
    method: str
    path: str
    body: Mapping[str, Any]
    key: str | None
    sent_at: float
    days: tuple[str, ...]
    status: int | None = None
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    answered_at: float | None = None


@dataclass
class Load:
    """The workers and everything around them."""

    folder: Path
    database: Database
    url: str
    storage: Storage
    workers: dict[str, BaseProcess] = field(default_factory=dict)
    serials: Iterator[int] = field(default_factory=lambda: iter(range(1, 99)))
    books: list[list[tuple[int, int]]] = field(default_factory=list)

    def prepare(self) -> None:
        """The customers that all workers know, with loans that are repaid."""
        for name in ("records", "queue", "taken", "done"):
            (self.folder / name).mkdir()
        self.set_clock(0)
        (self.folder / "customers").write_text(json.dumps(shared_customers(self.database)))
        (self.folder / "payers").write_text(json.dumps(payers(self.database)))

    def start(self, count: int) -> None:
        """Starts workers and waits until each has been answered something."""
        names = [self.start_one() for _ in range(count)]
        wait_until(lambda: all(self.answered_since(name, 0) for name in names), "the workers work")

    def start_one(self) -> str:
        """Starts a worker and returns its name."""
        serial = next(self.serials)
        name = f"worker-{serial}"
        self.workers[name] = started(
            self.folder / f"{name}.log", self._environment(), worker.work, self.folder, name, serial
        )
        return name

    def kill(self, name: str) -> None:
        """Ends a worker as a crash does. What it had taken from the queue comes again."""
        process = self.workers.pop(name)
        process.kill()
        process.join()
        for message in (self.folder / "taken").glob(f"{name} *"):
            message.rename(self.folder / "queue" / message.name.partition(" ")[2])

    def working(self) -> list[str]:
        """The workers that have started to work."""
        return [name for name in self.workers if (self.folder / "records" / f"{name}.jsonl").exists()]

    def stop(self) -> None:
        """Lets the workers finish what they do, and waits for their end."""
        (self.folder / "stop").touch()
        for name, process in self.workers.items():
            process.join(PATIENCE_SECONDS)
            assert process.exitcode == 0, (self.folder / f"{name}.log").read_text()[-3000:]

    def set_clock(self, seconds: float) -> None:
        """Moves the clock of all workers to that many seconds from now."""
        file = self.folder / "clock.new"
        file.write_text(str(seconds))
        file.rename(self.folder / "clock")

    def import_book(self, copies: int = 1) -> None:
        """Uploads a workbook with loans of the shared customers; its message is delivered `copies` times."""
        number = len(self.books) + 1
        customers: list[int] = json.loads((self.folder / "customers").read_text())
        owners = [customers[at % SHARED_CUSTOMERS] for at in range(LOANS_A_BOOK)]
        rows = [(owner, FIRST_BOOK - 100 * number + at) for at, owner in enumerate(owners)]
        book = loans_book(*(_imported(*row, ends=ENDS[(number + at) % 4]) for at, row in enumerate(rows)))
        self.books.append(rows)
        reference = ObjectReference(BUCKET, f"incoming/{number}.xlsx", self.storage.put(book), "etag", len(book))
        for _ in range(copies):
            self.storage.send(message_for(reference))

    def imports_are_done(self) -> bool:
        """Whether nothing waits in the queue or is being worked on."""
        return not any(list((self.folder / name).iterdir()) for name in ("queue", "taken"))

    def exchanges(self) -> list[Exchange]:
        """All that was recorded, by when it was sent."""
        files = sorted((self.folder / "records").iterdir())
        found = [exchange for file in files for exchange in exchanges_of(file)]
        return sorted(found, key=lambda exchange: exchange.sent_at)

    def answered_since(self, name: str, moment: float) -> list[Exchange]:
        """What a worker was answered with success since then."""
        file = self.folder / "records" / f"{name}.jsonl"
        found = exchanges_of(file) if file.exists() else []
        return [each for each in found if each.sent_at >= moment and each.status in (200, 201)]

    def wait_for_recovery(self) -> None:
        """Returns when each worker that is there wrote and read again. It was not started anew for it."""
        moment = time.monotonic()
        wait_until(lambda: all(self._recovered(name, moment) for name in self.workers), "the workers work again")

    def _recovered(self, name: str, moment: float) -> bool:
        assert self.workers[name].exitcode is None, (self.folder / f"{name}.log").read_text()[-3000:]
        done = {each.method for each in self.answered_since(name, moment)}
        return {"GET", "POST", "PATCH"} <= done

    def rest(self) -> None:
        """Lets the workers pause when they have answered what they were asked."""
        (self.folder / "rest").touch()
        wait_until(lambda: not any(each.status is None for each in self._last_of_each()), "the workers rest")

    def go_on(self) -> None:
        (self.folder / "rest").unlink()

    def _last_of_each(self) -> list[Exchange]:
        records = [exchanges_of(self.folder / "records" / f"{name}.jsonl") for name in self.workers]
        return [record[-1] for record in records if record]

    def connections(self) -> list[str]:
        """What the connections of the workers do, by the server's word."""
        statement = "SELECT state FROM pg_stat_activity WHERE application_name = :name AND datname = current_database()"
        with self.database.reading() as connection:
            found = connection.execute(text(statement), {"name": APPLICATION_NAME})
            return [str(state) for (state,) in found]

    def gauges(self) -> dict[str, tuple[float, int]]:
        """Of each worker the memory in MB and how many files and sockets it has open."""
        processes = {name: psutil.Process(process.pid) for name, process in self.workers.items()}
        return {name: (one.memory_info().rss / 2**20, one.num_fds()) for name, one in processes.items()}

    def _environment(self) -> dict[str, str]:
        return {
            "STAGE": "local",
            "API_AUTH": "open",
            "DATABASE_URL": self.url,
            "IMPORT_BUCKET": BUCKET,
            "IMPORT_QUEUE_URL": f"{self.storage.url}/000000000000/loans-test-imports",
            "STATEMENT_TIMEOUT_MS": str(STATEMENT_TIMEOUT_MS),
            # Half of the shared customers are so rich that their loans hardly end.
            "OFFICER_CEILING": "2000 1000000000000",
            "AWS_ENDPOINT_URL": self.storage.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }


def exchanges_of(file: Path) -> list[Exchange]:
    """What a worker has recorded; the last line may be half written."""
    found: dict[int, Exchange] = {}
    for line in file.read_text().splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        entry = json.loads(line)
        number = entry["number"]
        if entry["what"] == "sent":
            found[number] = Exchange(
                worker=file.stem,
                number=number,
                method=entry["method"],
                path=entry["path"],
                body=entry["body"] or {},
                key=entry.get("key"),
                sent_at=entry["at"],
                days=(entry["day"],),
            )
        else:
            found[number] = _answered(found[number], entry)
    return list(found.values())


def _answered(sent: Exchange, entry: Mapping[str, Any]) -> Exchange:
    answer = {name: entry[name] for name in ("status", "text", "headers")}
    return Exchange(**{**vars(sent), **answer, "answered_at": entry["at"], "days": (*sent.days, entry["day"])})


def shared_customers(database: Database) -> list[int]:
    """Half of them with an income and a limit that hardly end, all with loans that were repaid."""
    numbers = []
    for at in range(SHARED_CUSTOMERS):
        rich = at % 2 == 0
        person = Registration("Asha", "Rao", 40, f"80000000{at:02d}", INCOME * (1000 if rich else 1))
        numbers.append(register(database, person, STANDARD_1, TEST).customer_id)
    with database.transaction() as tx:
        for number in numbers:
            tx.connection.execute(text(_REPAID), {"customer_id": number})
        tx.commit()
    return numbers


def payers(database: Database) -> list[dict[str, Any]]:
    """Customers with a loan each that began DAYS_BEFORE, of which nothing is paid. Nobody else writes to them."""
    found = []
    start = datetime.now(LENDERS_ZONE).date() - timedelta(days=DAYS_BEFORE)
    for at in range(PAYERS):
        person = Registration("Asha", "Rao", 40, f"{PAYERS_PHONES}{at:02d}", INCOME)
        customer_id = register(database, person, STANDARD_1, TEST).customer_id
        values = {"customer_id": customer_id, "instalment": emi(OWED, RATE, TENURE), "start": start}
        with database.reading() as connection:
            loan_id = connection.execute(text(_OWED), {**values, "owed": OWED, "tenure": TENURE, "rate": RATE}).scalar()
        found.append({"customer_id": customer_id, "loan_id": loan_id, "start_date": start.isoformat()})
    begin_servicing(database)
    return found


def _imported(customer_id: int, loan_id: int, ends: date | None) -> list[object]:
    start = date(2026, 1, 31) if ends else date(2026, 5, 1)
    # Tenures that are powers of two tell from their sum which books were there.
    tenure = 2 ** ((loan_id // 100) % 9)
    changes = {"loan_amount": 20_000, "tenure": tenure, "emis_paid_on_time": tenure, "monthly_installment": 1_800}
    return loan(customer_id, loan_id, **changes, start_date=start, end_date=ends)


INCOME = Decimal(100_000)
# A loan of which a few receipts pay an instalment, and hundreds do not pay all.
OWED, RATE, TENURE = Decimal(50_000_000), Decimal(12), 60

_OWED = """
    INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, start_date)
    VALUES (:customer_id, :owed, :tenure, :rate, :instalment, :start) RETURNING loan_id
"""

_REPAID = """
    INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, emis_paid_on_time,
                       start_date, end_date)
    SELECT :customer_id, 100000, 600, 10, 1000, 600, '1960-01-01', '2010-01-01' FROM generate_series(1, 5)
"""
