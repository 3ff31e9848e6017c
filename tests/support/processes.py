"""Processes of the application that a test may kill. To import it takes a second, so it is imported once for all."""

import os
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

# One process imports these when the first is asked for; all others are its copies.
IMPORTED = ["app", "boto3", "chalice.local", "chalicelib.runtime", "chalicelib.imports.running"]

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(IMPORTED)


def started(
    log: Path, environment: Mapping[str, str], function: Callable[..., None], *arguments: object
) -> BaseProcess:
    """A process with these variables beside the usual ones, which calls the function and writes into the log."""
    process = _CONTEXT.Process(target=_run, args=(log, environment, function, *arguments))
    process.start()
    return process


def _run(log: Path, environment: Mapping[str, str], function: Callable[..., None], *arguments: object) -> None:
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(written, stream)
    os.environ.update(environment)
    function(*arguments)
