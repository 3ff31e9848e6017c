"""What a decision and an imported row make the service write: database log, stored bytes, lines of the log.

On AWS each of them is paid for by the byte. Pages that PostgreSQL writes whole after a checkpoint are left out, because
Aurora sends its storage the records only.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice

from sqlalchemy import Engine, text

from bench.handlers import calls
from bench.imports import book_of, rows_of, whole
from bench.measuring import Result, fresh_database, postgres, settings_for
from bench.portfolios import fill
from bench.service import Call, Service, service
from chalicelib.postgres.database import Database, make_engine

PORTFOLIO_LOANS = 100_000
DECISIONS = 300
IMPORTED_LOANS = 100_000

_WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), pg_database_size(current_database())"


@dataclass(frozen=True)
class Writes:
    """Bytes for one decision or row: of the database's log, kept in tables and indexes, and of our own log lines."""

    what: str
    wal: float
    kept: float
    log: float


def run() -> Result:
    """All figures, on a server that writes no whole pages."""
    with postgres() as server:
        administration = make_engine(settings_for(server.url("postgres")))
        with administration.connect() as connection:
            connection.execute(text("ALTER SYSTEM SET full_page_writes = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        administration.dispose()
        measures = [*_decisions(fresh_database(server)), _rows(fresh_database(server))]
    header = ["for one", "bytes of WAL", "bytes kept", "bytes of log"]
    rows = [[one.what, f"{one.wal:,.0f}", f"{one.kept:,.0f}", f"{one.log:,.0f}"] for one in measures]
    remarks = (
        f"Over {DECISIONS} requests each, and a workbook of {IMPORTED_LOANS:,} loans. The log is that of our code."
    )
    return Result("writes", "Writes", header, rows, [asdict(one) for one in measures], remarks)


def _decisions(url: str) -> Iterator[Writes]:
    fill(url, PORTFOLIO_LOANS)
    with service(url) as api, _engine(url) as engine:
        asked = calls(api)
        for name in ("check-eligibility", "create-loan"):
            # The first of a kind also makes what a container keeps.
            api.seconds(next(asked[name]))
            yield _measured(name, DECISIONS, engine, partial(_often, api, asked[name]))


def _often(api: Service, each: Iterator[Call]) -> None:
    for call in islice(each, DECISIONS):
        api.seconds(call)


def _rows(url: str) -> Writes:
    book = book_of(IMPORTED_LOANS)
    with _engine(url) as engine:
        return _measured("imported row", rows_of(book), engine, lambda: whole(book, Database(engine)))


def _measured(what: str, times: int, engine: Engine, do: Callable[[], None]) -> Writes:
    wal, size = _written(engine)
    with redirect_stdout(io.StringIO()) as log:
        do()
    wal_after, size_after = _written(engine)
    lines = len(log.getvalue().encode())
    return Writes(what, (wal_after - wal) / times, (size_after - size) / times, lines / times)


def _written(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        wal, size = connection.execute(text(_WRITTEN)).one()
    return int(wal), int(size)


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = make_engine(settings_for(url))
    yield engine
    engine.dispose()
