"""A worker of the import function whose reader ends the process that it is in."""

import os
import signal
from pathlib import Path
from typing import IO, Any

from bench.file_store import FileStore
from chalicelib.imports import running
from chalicelib.imports.s3_events import ObjectReference
from chalicelib.postgres.database import Database, make_engine
from tests.support.settings import settings_for


def _die(_file: IO[bytes]) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _allocate(_file: IO[bytes]) -> Any:
    # As the Rust reader does where it cannot have the memory that a sheet asks for.
    os.abort()


WAYS = {"killed": _die, "aborted": _allocate}


def import_and_die(database_url: str, path: Path, way: str, seconds: float) -> None:
    """Imports the file with a reader that ends this process, with so many seconds left."""
    # The module's own name is replaced, which mypy does not allow: the reader has to die inside the real import.
    running.read_workbook = WAYS[way]  # type: ignore[assignment,attr-defined]
    reference = ObjectReference("bench", "incoming/poison.xlsx", "1")
    store: Any = FileStore(path)
    running.import_object(Database(make_engine(settings_for(database_url))), store, reference, lambda: seconds)
