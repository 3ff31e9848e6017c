"""A Postgres that may be killed: it does not lose what it acknowledged, unlike the one of the other tests."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
from sqlalchemy import NullPool, create_engine, text

from chalicelib.postgres.database import Database, make_engine
from chalicelib.postgres.migrate import migrate
from infra.local.postgres import PostgresServer
from tests.support.ports import free_port
from tests.support.settings import settings_for

# What the operating system was given survives the death of the server, so fsync may be off; a commit that is
# acknowledged before it is written (synchronous_commit=off) would not.
SETTINGS = ("fsync=off", "max_connections=30")


class FragileServer:
    """A server of Postgres that dies without a word."""

    def __init__(self, directory: Path) -> None:
        self.server = PostgresServer(directory, free_port(), settings=SETTINGS)

    def die(self) -> None:
        """kill -9 to every one of its processes."""
        pid_file = self.server.directory / "data" / "postmaster.pid"
        postmaster = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        # A zombie that nobody collects would pass for a running server.
        psutil.wait_procs(processes, timeout=2)
        pid_file.unlink(missing_ok=True)

    def administer(self, statement: str) -> None:
        """Runs a statement such as CREATE DATABASE."""
        url = self.server.url("postgres").replace("postgresql:", "postgresql+pg8000:")
        engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))


def migrate_database(url: str) -> None:
    engine = make_engine(settings_for(url))
    migrate(Database(engine))
    engine.dispose()
