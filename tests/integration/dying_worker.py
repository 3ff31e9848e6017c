"""A worker of the import function in a process of its own, whose reader ends it: python -m … URL FILE HOW SECONDS."""

import os
import signal
import sys
from pathlib import Path
from typing import IO, Any

from bench.imports import FileStore
from chalicelib.imports import running
from chalicelib.imports.s3_events import ObjectReference
from chalicelib.postgres.database import Database, make_engine
from tests.conftest import settings_for


def _die(_file: IO[bytes]) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _allocate(_file: IO[bytes]) -> Any:
    # As the Rust reader does where it cannot have the memory that a sheet asks for.
    os.abort()


WAYS = {"killed": _die, "aborted": _allocate}


def main(database_url: str, path: str, way: str, seconds: str) -> None:
    """Imports the file with a reader that ends this process."""
    # The module's own name is replaced, which mypy does not allow: the reader has to die inside the real import.
    running.read_workbook = WAYS[way]  # type: ignore[assignment,attr-defined]
    reference = ObjectReference("bench", "incoming/poison.xlsx", "1")
    store: Any = FileStore(Path(path))
    running.import_object(Database(make_engine(settings_for(database_url))), store, reference, lambda: float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
