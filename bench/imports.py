"""What imports cost: `python -m bench.imports` measures workbooks of 10 thousand, 100 thousand and a million loans.

Each figure comes from a process of its own, as a Lambda worker would be one, on a Postgres of its own with its default
durability. Beside them, in the same run, the plain way: openpyxl reads a row, executemany inserts it.
"""

import argparse
import json
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeAlias

import openpyxl
import psutil
from sqlalchemy import insert, text

from bench.workbooks import make_book
from chalicelib.config import read_settings
from chalicelib.ingest.events import ObjectReference
from chalicelib.ingest.headers import find_layouts
from chalicelib.ingest.kinds import KINDS
from chalicelib.ingest.rows import read_chunks
from chalicelib.ingest.workbook import read_workbook
from chalicelib.services.importing import import_object
from chalicelib.storage.database import Database, make_engine
from chalicelib.storage.migrate import migrate
from chalicelib.storage.tables import customers, loans
from infra.local.postgres import PostgresServer

SIZES = (10_000, 100_000, 1_000_000)
BOOKS = Path(tempfile.gettempdir()) / "loans-bench-workbooks"
PORT = 55_871

# The columns of the tables that the kinds' columns go to, as somebody in a hurry would write them.
PLAIN = {
    "customers": (customers, ("customer_id", "first_name", "last_name", "age", "phone_number", "monthly_income",
                              "approved_limit")),
    "loans": (loans, ("customer_id", "loan_id", "loan_amount", "tenure", "interest_rate", "monthly_installment",
                      "emis_paid_on_time", "start_date", "end_date")),
}  # fmt: skip
PLAIN_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Measure:
    """One step over one workbook of `loans` loans, which has `rows` rows; seconds and MiB are of the worker process."""

    step: str
    loans: int
    rows: int
    seconds: float
    peak_mib: float

    @property
    def rows_a_second(self) -> float:
        return self.rows / self.seconds


def read(path: Path, _database: Database) -> None:
    """Opens the file and looks at every row."""
    with path.open("rb") as file:
        for sheet in read_workbook(file):
            for _ in sheet.rows():
                pass


def validate(path: Path, _database: Database) -> None:
    """As read, and makes values or findings of the rows."""
    with path.open("rb") as file:
        layouts, _ = find_layouts(read_workbook(file))
        for _ in read_chunks(layouts):
            pass


def whole(path: Path, database: Database) -> None:
    """What the worker does with a message: everything but the download."""
    result = import_object(database, FileStore(path), ObjectReference("bench", path.name, "1"))  # type: ignore[arg-type]
    assert sum(sheet.inserted for sheet in result.sheets) == rows_of(path), result


def plain(path: Path, database: Database) -> None:
    """openpyxl and executemany, without any check of what is in a cell."""
    book = openpyxl.load_workbook(path, read_only=True)
    with database.transaction() as tx:
        for kind in KINDS:
            table, names = PLAIN[kind.name]
            rows = (
                dict(zip(names, row, strict=True)) for row in book[kind.name].iter_rows(min_row=2, values_only=True)
            )
            while some := list(islice(rows, PLAIN_ROWS_AT_ONCE)):
                for row in some:
                    row.update({"phone_number": str(row["phone_number"])} if "phone_number" in row else {})
                tx.connection.execute(insert(table), some)
        tx.commit()


Step: TypeAlias = Callable[[Path, Database], None]
STEPS: Mapping[str, Step] = {"read": read, "validate": validate, "whole": whole, "plain": plain}


@dataclass(frozen=True)
class FileStore:
    """Stands for S3, whose speed is not ours."""

    path: Path

    def get_object(self, **_named: object) -> dict[str, object]:
        body: IO[bytes] = self.path.open("rb")
        return {"Body": body, "ContentLength": self.path.stat().st_size, "LastModified": datetime.now(UTC)}


def rows_of(path: Path) -> int:
    number = int(path.stem.rpartition("-")[2])
    return number + max(1, number // 10)


def work(step: str, path: Path, database_url: str) -> None:
    """Does a step in this process, and prints its seconds and peak memory."""
    environ = {
        "STAGE": "bench",
        "DATABASE_URL": database_url,
        "IMPORT_BUCKET": "bench",
        "IMPORT_QUEUE_URL": "bench",
        "STATEMENT_TIMEOUT_MS": "600000",
    }
    database = Database(make_engine(read_settings(environ)))
    began = time.perf_counter()
    STEPS[step](path, database)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def measure(step: str, size: int, server: PostgresServer) -> Measure:
    """Does a step in a process of its own, on an empty database."""
    path = make_book(BOOKS / f"loans-{size}.xlsx", size)
    url = _fresh_database(server)
    command = [sys.executable, "-m", "bench.imports", "--step", step, "--book", str(path), "--database-url", url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Measure(step, size, rows_of(path), **json.loads(done.stdout.splitlines()[-1]))


def _fresh_database(server: PostgresServer) -> str:
    environ = {"STAGE": "bench", "IMPORT_BUCKET": "bench", "IMPORT_QUEUE_URL": "bench"}
    administration = make_engine(read_settings(environ | {"DATABASE_URL": server.url("postgres")}))
    with administration.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS bench WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE bench"))
        # What was dropped must not be written out while the next is measured.
        connection.execute(text("CHECKPOINT"))
    administration.dispose()
    database = Database(make_engine(read_settings(environ | {"DATABASE_URL": server.url("bench")})))
    migrate(database)
    database.engine.dispose()
    return server.url("bench")


def run(sizes: tuple[int, ...]) -> list[Measure]:
    """All steps over all sizes; the plain way over the smallest only, for it would take minutes over the others."""
    directory = Path(tempfile.mkdtemp(prefix="loans-bench-postgres-"))
    server = PostgresServer(directory, PORT)
    try:
        server.start()
        steps = [(step, size) for size in sizes for step in ("read", "validate", "whole")]
        return [_told(measure(step, size, server)) for step, size in [*steps, ("plain", min(sizes))]]
    finally:
        server.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)


def _told(measure: Measure) -> Measure:
    print(f"{measure.step} {measure.loans}: {measure.seconds:.1f} s", file=sys.stderr)
    return measure


def table(measures: list[Measure]) -> str:
    """The figures in Markdown. What loading takes is the whole without reading and validating."""
    lines = ["| loans | step | seconds | rows a second | µs a row | peak MiB |", "|--:|---|--:|--:|--:|--:|"]
    lines += [
        f"| {one.loans:,} | {one.step} | {one.seconds:.2f} | {one.rows_a_second:,.0f} "
        f"| {one.seconds / one.rows * 1e6:.1f} | {one.peak_mib:.0f} |"
        for one in with_differences(measures)
    ]
    return "\n".join(lines)


def with_differences(measures: list[Measure]) -> list[Measure]:
    """validate without read, and load, which is the whole without both."""
    seconds = {(one.step, one.loans): one.seconds for one in measures}
    shown = []
    for one in measures:
        if one.step == "validate":
            shown.append(_lasting(one, "validate", one.seconds - seconds["read", one.loans]))
        elif one.step == "whole":
            shown += [_lasting(one, "load", one.seconds - seconds["validate", one.loans]), one]
        else:
            shown.append(one)
    return shown


def _lasting(one: Measure, step: str, seconds: float) -> Measure:
    return Measure(step, one.loans, one.rows, max(seconds, 1e-6), one.peak_mib)


def machine() -> dict[str, Any]:
    return {
        "cpus": psutil.cpu_count(),
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "load": psutil.getloadavg()[0],
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of loans, with commas between")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    for inner in ("--step", "--book", "--database-url"):
        parser.add_argument(inner, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        return work(arguments.step, Path(arguments.book), arguments.database_url)
    measures = run(tuple(map(int, arguments.sizes.split(","))))
    print(table(measures))
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "measures": [*map(asdict, measures)]}, indent=1))
    return None


if __name__ == "__main__":
    main()
