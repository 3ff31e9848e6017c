"""What every bench needs: a Postgres of its own, the machine in words, tables, and medians."""

import json
import platform
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from chalicelib.config import Settings, read_settings
from chalicelib.postgres.database import Database, make_engine
from chalicelib.postgres.migrate import migrate
from infra.local.postgres import PostgresServer
from tests.support.ports import free_port

# A bench must not be cut off where a service would be.
STATEMENT_TIMEOUT_MS = "600000"


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A server with its default durability, gone at the end."""
    directory = Path(tempfile.mkdtemp(prefix="loans-bench-postgres-"))
    server = PostgresServer(directory, free_port())
    try:
        server.start()
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)


def settings_for(database_url: str) -> Settings:
    """The settings of a worker on a database."""
    return read_settings(
        {
            "STAGE": "local",
            "DATABASE_URL": database_url,
            "IMPORT_BUCKET": "bench",
            "IMPORT_QUEUE_URL": "bench",
            "STATEMENT_TIMEOUT_MS": STATEMENT_TIMEOUT_MS,
        }
    )


def empty_database(server: PostgresServer, name: str) -> str:
    """The URL of a database without a table; what had the name before is dropped."""
    administration = make_engine(settings_for(server.url("postgres")))
    with administration.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
        # What was dropped must not be written out while the next is measured.
        connection.execute(text("CHECKPOINT"))
    administration.dispose()
    return server.url(name)


def fresh_database(server: PostgresServer, name: str = "bench") -> str:
    """The URL of an empty, migrated database."""
    url = empty_database(server, name)
    database = Database(make_engine(settings_for(url)))
    migrate(database)
    database.engine.dispose()
    return url


@dataclass(frozen=True)
class Result:
    """What a bench found: a title, a table of text under its header, the figures themselves, and what to say.

    `noise` is how far the reference strayed that was measured beside them (bench/noise.py); None if there was none.
    """

    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: Any
    remarks: str = ""
    noise: float | None = None

    def markdown(self) -> str:
        """The section of a document. Columns of figures are aligned to the right."""
        rule = ["--:" if self._is_figures(at) else "---" for at in range(len(self.header))]
        lines = [_line(self.header), _line(rule), *map(_line, self.rows)]
        return "\n".join([f"## {self.title}", "", *lines, *(["", self.remarks] if self.remarks else [])])

    def _is_figures(self, at: int) -> bool:
        return all(row[at][:1].isdigit() or not row[at] for row in self.rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpus": psutil.cpu_count(),
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "load_before": round(psutil.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
    }


def write_json(path: Path, results: Sequence[Result]) -> None:
    """The figures of all results, with the machine."""
    figures = {result.name: result.figures for result in results}
    noise = {result.name: result.noise for result in results}
    path.write_text(json.dumps({"machine": machine(), "noise": noise, **figures}, indent=1) + "\n")
