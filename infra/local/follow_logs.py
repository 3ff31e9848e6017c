"""The logs of everything as they are written, each line with its source before it, and readable by a person."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

FIRST_BYTES = 4000
# LocalStack names the function and the invocation, whose id is a UUID, before each line.
ITS_OWN = re.compile(r"^\S+\s+(DEBUG|INFO) --- ")
# What Lambda itself says around each invocation.
AROUND = ("START RequestId", "END RequestId", "REPORT RequestId")
PRINTED_BY_A_FUNCTION = re.compile(r"\[(loans-[a-z0-9]+-[a-z]+)-[0-9a-f-]{36}\] (.*)$")

# What every line has, or nobody reads, and what is told of a request without its name: the rest is told as name=value.
SHOWN_OTHERWISE = frozenset({"at", "event", "stage", "_aws", "trace"})
OF_A_REQUEST = SHOWN_OTHERWISE | {
    "method", "route", "status", "actor", "door", "latency_ms", "database_ms", "round_trips", "cold_start",
    "request_id",
}  # fmt: skip


def follow_files(files: Callable[[], Sequence[Path]], out: TextIO) -> None:
    """Writes the end of each file and then what is added, until interrupted. `files` is asked again and again."""
    tails: dict[Path, Tail] = {}
    while True:
        for path in files():
            for line in tails.setdefault(path, Tail(path)).new_lines():
                _write(f"{path.stem:28} | {readable(line)}", out)
        time.sleep(0.3)


def follow_compose(command: Sequence[str], folder: Path, out: TextIO) -> None:
    """Writes what `docker compose logs`, run in the folder, tells, until it ends or is interrupted, and ends it."""
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as program:
        assert program.stdout is not None
        try:
            for line in program.stdout:
                if (told := from_compose(line.rstrip("\n"))) is not None:
                    _write(told, out)
        finally:
            program.terminate()


def _write(line: str, out: TextIO) -> None:
    # Colours are for a terminal; click leaves them out elsewhere.
    click.echo(line, file=out, color=False if "NO_COLOR" in os.environ else None)


def from_compose(line: str) -> str | None:
    """A line of Docker Compose as a person reads it; None for one that tells of nothing but LocalStack's insides.

    What a function prints is a part of LocalStack's own log there, at its most talkative level.
    """
    source, bar, said = line.partition(" | ")
    if not bar:
        return line
    printed = PRINTED_BY_A_FUNCTION.search(said)
    if printed is not None:
        return None if printed[2].startswith(AROUND) else f"{printed[1]:28} | {readable(printed[2])}"
    return None if ITS_OWN.match(said) else f"{source.strip():28} | {said}"


def readable(line: str) -> str:
    """A line of ours as a person reads it, with colours; any other line as it is."""
    try:
        told = json.loads(line)
    except ValueError:
        return line
    if not isinstance(told, dict) or "event" not in told:
        return line
    return _request(told) if told["event"] == "request" else _event(told)


def _request(told: Mapping[str, Any]) -> str:
    status, trips = told.get("status", 0), told.get("round_trips", 0)
    words = [
        _clock(told),
        click.style(status, fg="red" if status >= 500 else "yellow" if status >= 400 else "green"),
        f"{told.get('method', '')} {told.get('route', '')}",
        f"{told.get('latency_ms', 0):.0f} ms",
        f"({told.get('database_ms', 0):.0f} ms in {trips} round trip{'' if trips == 1 else 's'})",
        str(told.get("actor") or "nobody"),
        "cold start" if told.get("cold_start") else "",
        *_named(told, OF_A_REQUEST),
        click.style(told.get("request_id", ""), dim=True),
    ]
    return " ".join(word for word in words if word)


def _event(told: Mapping[str, Any]) -> str:
    name, trace = str(told["event"]), str(told.get("trace", "")).rstrip().replace("\n", "\n    ")
    words = [_clock(told), click.style(name, fg="red") if trace else name, *_named(told, SHOWN_OTHERWISE)]
    return " ".join(word for word in words if word) + (f"\n    {trace}" if trace else "")


def _named(told: Mapping[str, Any], others: frozenset[str]) -> list[str]:
    return [
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in told.items()
        if name not in others and value is not None
    ]


def _clock(told: Mapping[str, Any]) -> str:
    """The time of day of 2026-11-23T16:29:01.790+00:00, which is UTC."""
    at = str(told.get("at", ""))[11:19]
    return at and click.style(at, dim=True)


class Tail:
    """The growing end of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position: int | None = None

    def new_lines(self) -> list[str]:
        """The whole lines written since the last call; at the first call, those at the end."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                if self._position is None:
                    self._position = max(0, size - FIRST_BYTES)
                elif size < self._position:
                    # A file that shrank was made anew.
                    self._position = 0
                file.seek(self._position)
                whole = [line for line in file if line.endswith(b"\n")]
        except OSError:
            return []
        self._position += sum(map(len, whole))
        return [line.decode(errors="replace").removesuffix("\n") for line in whole]
