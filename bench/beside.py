"""The five endpoints and the start of a process, beside a service in Django that answers the same requests.

`make bench-beside OTHER=../checkout OTHER_PYTHON=../venv/bin/python`: a checkout of a credit service in Django REST
framework, and a Python that has what it requires. Both are called in their own process, each on a database of its own
in one Postgres, in turns. It is measured twice: as its settings have it, and with connections that are kept.
"""

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Self, TypeAlias
from urllib.parse import urlsplit

from bench.cold_start import unpacked
from bench.measuring import Result, empty_database, fresh_database, machine, postgres
from bench.people import people
from bench.service import Service, Times, interleaved, service
from infra.packaging import package

ROUNDS = 300
STARTS = 15
# Ours against theirs: so many times as fast.
TARGETS = {"register": 4, "check-eligibility": 6, "create-loan": 4, "view-loan": 5, "view-loans": 5}

ASKED = {"loan_amount": 10000, "interest_rate": 18, "tenure": 12}

# An endpoint by its method and name, what stands behind it in the path, and the body.
Request: TypeAlias = tuple[str, str, str, dict[str, Any] | None]
Asked: TypeAlias = tuple[float, Any]


class Ours:
    """This service, as Lambda calls it."""

    def __init__(self, api: Service) -> None:
        self._api = api

    def ask(self, request: Request) -> Asked:
        """Seconds and the answer."""
        method, name, argument, body = request
        status = 201 if name in ("register", "create-loan") else 200
        path = f"/api/{name}/{argument}/" if argument else f"/api/{name}/"
        return self._api.ask(self._api.call(name, method, path, body, status))


class Theirs:
    """A service in Django, in a process of its own Python."""

    def __init__(self, python: Path, configuration: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [str(python.absolute()), str(Path(__file__).with_name("beside_django.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(),
            cwd=configuration["folder"],
        )  # fmt: skip
        self._send(configuration)

    def _send(self, what: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def ask(self, request: Request) -> Asked:
        """Seconds and the answer."""
        self._send(request)
        assert self._process.stdout
        answer = json.loads(self._process.stdout.readline() or '{"status": 0, "body": "it ended"}')
        if answer["status"] not in (200, 201):
            raise SystemExit(f"The other service answered {request} with {answer['status']}: {answer['body'][:500]}")
        return answer["seconds"], json.loads(answer["body"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def environment() -> dict[str, str]:
    """What a process of the other service gets: it may keep what Python compiles, as it does where it is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def requests(ask: Callable[[Request], Asked]) -> dict[str, Callable[[], float]]:
    """The five endpoints, each to be asked again and again; everybody registers once, and every loan goes to somebody
    else, who gets it.
    """
    everybody = people(1_000_000)

    def register() -> Asked:
        return ask(("POST", "register", "", next(everybody)))

    def lend(customer: int) -> Asked:
        taken, answer = ask(("POST", "create-loan", "", {"customer_id": customer, **ASKED}))
        assert answer["loan_approved"], answer
        return taken, answer

    customer = register()[1]["customer_id"]
    loan = lend(customer)[1]["loan_id"]
    borrowers = iter([register()[1]["customer_id"] for _ in range(ROUNDS * 2)])
    check = ("POST", "check-eligibility", "", {"customer_id": customer, **ASKED})
    return {
        "register": lambda: register()[0],
        "check-eligibility": lambda: ask(check)[0],
        "create-loan": lambda: lend(next(borrowers))[0],
        "view-loan": lambda: ask(("GET", "view-loan", str(loan), None))[0],
        "view-loans": lambda: ask(("GET", "view-loans", str(customer), None))[0],
    }


def run(checkout: Path, python: Path) -> Result:
    """All of it, in turns."""
    module = settings_module(checkout)
    found: dict[str, dict[str, Times]] = {}
    with postgres() as server, service(fresh_database(server)) as api:
        names = count()

        @contextmanager
        def other(keep: bool) -> Iterator[Theirs]:
            database = connection(empty_database(server, f"other{next(names)}"))
            options = {"CONN_MAX_AGE": None} if keep else {}
            with Theirs(
                python, {"folder": str(checkout), "settings_module": module, "database": database | options}
            ) as it:
                yield it

        with other(keep=False) as plain, other(keep=True) as kept:
            sides = {"ours": requests(Ours(api).ask), "theirs": requests(plain.ask), "kept": requests(kept.ask)}
            flat = {f"{side} {name}": once for side, each in sides.items() for name, once in each.items()}
            for name, times in interleaved(flat, ROUNDS).items():
                side, endpoint = name.split()
                found.setdefault(endpoint, {})[side] = times
    return _result(found, starts(checkout, python, module))


def settings_module(checkout: Path) -> str:
    """What `manage.py` says."""
    named = re.search(r"DJANGO_SETTINGS_MODULE.{1,6}[\"']([\w.]+)[\"']", (checkout / "manage.py").read_text())
    if not named:
        raise SystemExit(f"{checkout}/manage.py names no DJANGO_SETTINGS_MODULE.")
    return named[1]


def connection(url: str) -> dict[str, Any]:
    """A URL as Django wants it."""
    at = urlsplit(url)
    return {
        "NAME": at.path[1:],
        "USER": at.username,
        "PASSWORD": at.password or "",
        "HOST": at.hostname,
        "PORT": at.port,
    }


# What happens before the first request: settings, applications, and the table of addresses.
THEIR_START = "import django.core.wsgi as w, django.urls as u; w.get_wsgi_application(); u.get_resolver().url_patterns"


def starts(checkout: Path, python: Path, module: str) -> dict[str, float]:
    """Median seconds until a fresh process could take its first request: ours from the zip, theirs from its folder."""
    theirs: dict[str, Any] = {"cwd": checkout, "env": environment() | {"DJANGO_SETTINGS_MODULE": module}}
    found: dict[str, list[float]] = {"ours": [], "theirs": []}
    with tempfile.TemporaryDirectory() as folder:
        ours = unpacked(package("local", Path(folder) / "package").zip_file, Path(folder) / "unpacked")
        # The first start of theirs compiles what is not compiled yet.
        for at in range(STARTS + 1):
            began = time.perf_counter()
            ours.python("-c", "import app")
            between = time.perf_counter()
            subprocess.run([python.absolute(), "-c", THEIR_START], check=True, capture_output=True, **theirs)
            ended = time.perf_counter()
            if at:
                found["ours"].append(between - began)
                found["theirs"].append(ended - between)
    return {name: median(seconds) for name, seconds in found.items()}


def _result(found: dict[str, dict[str, Times]], started: dict[str, float]) -> Result:
    rows = []
    for name, sides in found.items():
        ours, theirs, kept = (sides[side].p50 for side in ("ours", "theirs", "kept"))
        times = [f"{ours:.2f}", f"{theirs:.2f}", f"{theirs / ours:.1f}x", f"{TARGETS[name]}x"]
        rows.append([name, *times, f"{kept:.2f}", f"{kept / ours:.1f}x"])
    start = [f"{1000 * started['ours']:.0f}", f"{1000 * started['theirs']:.0f}"]
    rows.append(["start of a process", *start, f"{started['theirs'] / started['ours']:.1f}x", "1x", "", ""])
    header = [
        "request", "ms", "other's ms", "times as fast", "target", "other's ms, connections kept", "times as fast then",
    ]  # fmt: skip
    remarks = (
        f"Medians of {ROUNDS} requests each, in turns, from event or WSGI environment to the last byte, for a customer "
        f"with one loan, and of {STARTS} fresh processes. The other's throttles are off. Its settings decide how "
        "long it keeps a connection; the last columns are with connections that are kept for ever."
    )
    figures = {name: {side: asdict(times) for side, times in sides.items()} for name, sides in found.items()}
    return Result("beside", "Beside the service that is replaced", header, rows, {**figures, "start": started}, remarks)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-beside", description=__doc__)
    parser.add_argument("checkout", type=Path, help="the folder with the other's manage.py")
    parser.add_argument("--python", type=Path, required=True, help="a Python that has what it requires")
    arguments = parser.parse_args()
    here = machine()
    result = run(arguments.checkout.absolute(), arguments.python)
    print("Measured on " + ", ".join(f"{name} {value}" for name, value in here.items()) + ".\n")
    print(result.markdown())


if __name__ == "__main__":
    main()
