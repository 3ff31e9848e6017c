"""What imports cost: workbooks of 10 thousand, 100 thousand and a million loans, with a tenth as many customers.

More than a million, `--sizes 100000,3000000`, are several workbooks, one after the other into the same database.

Each figure comes from a process of its own, as a worker would be one, on an empty database; only a report is made of
an import that another process has done. Beside them, in the same run, the plain way: openpyxl reads a row, executemany
inserts it.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import TypeAlias

import openpyxl
from sqlalchemy import insert, select

from bench.file_store import FileStore
from bench.measuring import Result, fresh_database, postgres, settings_for
from bench.workbooks import make_book
from chalicelib.imports import loading
from chalicelib.imports.headers import find_layouts
from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.kinds.loans import LOANS
from chalicelib.imports.reading.workbook import read_workbook
from chalicelib.imports.report.making import make_report
from chalicelib.imports.rows import read_chunks
from chalicelib.imports.running import import_object
from chalicelib.imports.s3_events import ObjectReference
from chalicelib.postgres.database import Database, make_engine
from chalicelib.storage.import_tables import imports
from chalicelib.storage.tables import customers, loans
from infra.local.postgres import PostgresServer

SIZES = (10_000, 100_000, 1_000_000)
REPEATS = 3
# A sheet holds 1,048,576 rows.
LOANS_A_BOOK = 1_000_000
BOOKS = Path(tempfile.gettempdir()) / "loans-bench-workbooks"

# A worker that has imported before: libraries are loaded, the connection is there, statements are compiled.
WARM_UP_LOANS = 20

# The tables and columns that the kinds' columns go to, as somebody in a hurry would write them: under the file's ids.
PLAIN = {
    CUSTOMERS.name: (customers, CUSTOMERS.names),
    LOANS.name: (loans, [name.removeprefix("source_") for name in LOANS.names]),
}
PLAIN_ROWS_AT_ONCE = 1_000

Step: TypeAlias = Callable[[Path, Database], None]


@dataclass(frozen=True)
class Measure:
    """One step over one workbook: medians of the seconds and of the peak memory of the worker process, in MiB."""

    step: str
    loans: int
    rows: int
    seconds: float
    peak_mib: float

    @property
    def microseconds_a_row(self) -> float:
        return self.seconds / self.rows * 1e6


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
    assert sum(sheet.rows_found for sheet in result.sheets) == rows_of(path), result


def merge(path: Path, database: Database) -> None:
    """As whole; only what is done once all rows are staged counts."""
    with timed(loading, "_merge"):
        whole(path, database)


def report(path: Path, database: Database) -> None:
    """Reads the file again and writes what became of its rows, all but the upload."""
    with database.reading() as connection:
        found = connection.execute(select(imports.c.import_id).where(imports.c.object_key == path.name))
        import_id = found.scalar_one()
    assert make_report(database, FileStore(path), "bench", import_id)  # type: ignore[arg-type]


def read_with_openpyxl(path: Path, _database: Database) -> None:
    """As read, by openpyxl."""
    book = openpyxl.load_workbook(path, read_only=True)
    for sheet in book:
        for _ in sheet.iter_rows(values_only=True):
            pass


def plain(path: Path, database: Database) -> None:
    """openpyxl and executemany, without any check of what is in a cell."""
    book = openpyxl.load_workbook(path, read_only=True)
    with database.transaction() as tx:
        for name, (table, names) in PLAIN.items():
            # A row ends with its last cell that holds something.
            rows = (dict(zip(names, row, strict=False)) for row in book[name].iter_rows(min_row=2, values_only=True))
            while some := list(islice(rows, PLAIN_ROWS_AT_ONCE)):
                for row in some:
                    row.update({"phone_number": str(row["phone_number"])} if "phone_number" in row else {})
                tx.connection.execute(insert(table), some)
        tx.commit()


STEPS: Mapping[str, Step] = {
    "read": read,
    "validate": validate,
    "merge": merge,
    "whole": whole,
    "report": report,
    "read with openpyxl": read_with_openpyxl,
    "plain": plain,
}
OF_EVERY_SIZE = ("read", "validate", "merge", "whole", "report")
# The others would take minutes over the larger files.
OF_THE_SMALLEST = ("read with openpyxl", "plain")

# The seconds of the functions that are timed one by one.
_timed: list[float] = []


@contextmanager
def timed(module: ModuleType, name: str) -> Iterator[None]:
    """Adds up how long a function of a module takes."""
    function = getattr(module, name)

    def call(*arguments: object, **named: object) -> object:
        began = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            _timed.append(time.perf_counter() - began)

    setattr(module, name, call)
    try:
        yield
    finally:
        setattr(module, name, function)


def book_of(loans: int) -> Path:
    return make_book(BOOKS / f"loans-{loans}.xlsx", loans)


def books_of(loans: int) -> list[Path]:
    """So many loans in as many workbooks as Excel needs for them, each numbered behind the one before."""
    rest = (
        make_book(BOOKS / f"loans-{some}-behind-{behind}.xlsx", some, behind)
        for behind in range(LOANS_A_BOOK, loans, LOANS_A_BOOK)
        if (some := min(LOANS_A_BOOK, loans - behind))
    )
    return [book_of(min(loans, LOANS_A_BOOK)), *rest]


def rows_of(path: Path) -> int:
    number = int(path.stem.split("-")[1])
    return number + max(1, number // 10)


def work(step: str, size: int, database_url: str) -> None:
    """Does a step in this process, and prints its seconds and peak memory."""
    database = Database(make_engine(settings_for(database_url)))
    if step == "report":
        report(book_of(WARM_UP_LOANS), database)
    elif step not in OF_THE_SMALLEST:
        whole(book_of(WARM_UP_LOANS), database)
    began = time.perf_counter()
    for path in books_of(size):
        STEPS[step](path, database)
    seconds = sum(_timed) or time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak_mib": _peak_mib()}))


def measure(step: str, size: int, server: PostgresServer, repeats: int) -> Measure:
    """Does a step in processes of its own, each on an empty database."""
    rows = sum(map(rows_of, books_of(size)))
    found = [_once(step, size, server) for _ in range(repeats)]
    seconds, peak = (median(each[name] for each in found) for name in ("seconds", "peak_mib"))
    print(f"{step} {size}: {seconds:.1f} s", file=sys.stderr)
    return Measure(step, size, rows, seconds, peak)


def _once(step: str, size: int, server: PostgresServer) -> dict[str, float]:
    url = fresh_database(server)
    if step == "report":
        _in_a_process("whole", size, url)
    return _in_a_process(step, size, url)


def _peak_mib() -> float:
    """The most memory of this program. What getrusage tells is also that of the program which started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) / 1024


def _in_a_process(step: str, size: int, database_url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.imports", "--step", step, "--sizes", str(size)]
    done = subprocess.run([*command, "--database-url", database_url], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run(sizes: Sequence[int] = SIZES, repeats: int = REPEATS) -> Result:
    """All steps over all sizes; the plain way over the smallest only."""
    steps = [(step, size) for size in sizes for step in OF_EVERY_SIZE]
    steps += [(step, min(sizes)) for step in OF_THE_SMALLEST]
    book_of(WARM_UP_LOANS)
    with postgres() as server:
        measures = [measure(step, size, server, repeats) for step, size in steps]
    return result(measures, repeats)


def result(measures: Sequence[Measure], repeats: int) -> Result:
    """The table, a row a step of each size, with what a row costs beside what it costs in the smallest file."""
    smallest = min(one.loans for one in measures)
    costs = {one.step: one.microseconds_a_row for one in measures if one.loans == smallest}
    rows = [
        [
            f"{one.loans:,}",
            one.step,
            f"{one.seconds:.2f}",
            f"{one.rows / one.seconds:,.0f}",
            f"{one.microseconds_a_row:.1f}",
            f"{one.microseconds_a_row / costs[one.step]:.2f}x",
            f"{one.peak_mib:.0f}",
        ]
        for one in measures
    ]
    header = ["loans", "step", "seconds", "rows a second", "µs a row", "of the smallest", "peak MiB"]
    reading = costs["read with openpyxl"] / costs["read"]
    ratio = costs["plain"] / costs["whole"]
    remarks = (
        f"Medians of {repeats}. The rows of a file are its loans and a tenth as many customers. `validate` includes "
        f"`read`; `whole` stages one part while it reads the next, then does `merge`. `report` reads "
        f"the file again. Of {smallest:,} loans, openpyxl takes {reading:.1f} times as long to read the file as "
        f"`read`, and `plain` {ratio:.1f} times as long as `whole`."
    )
    return Result("imports", "Imports", header, rows, [asdict(one) for one in measures], remarks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of loans, with commas between")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    for inner in ("--step", "--database-url"):
        parser.add_argument(inner, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        return work(arguments.step, int(arguments.sizes), arguments.database_url)
    print(run(tuple(map(int, arguments.sizes.split(","))), arguments.repeats).markdown())
    return None


if __name__ == "__main__":
    main()
