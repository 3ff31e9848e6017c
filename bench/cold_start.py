"""What a container pays before its first request: imports in a fresh interpreter, and the size of what is unpacked."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench.measuring import Result
from infra.packaging import package

REPEATS = 15
DRIVERS = "chalice, sqlalchemy, pg8000"

# What is imported for each kind of function, beside what it could not do without, and beside the AWS client.
IMPORTS: Mapping[str, str] = {
    "nothing": "pass",
    DRIVERS: "import chalice.app, sqlalchemy, pg8000",
    "the API handler": "import app",
    "the import handler": "import app, chalicelib.services.importing, chalicelib.services.import_reports",
    "boto3": "import boto3; boto3.client('s3')",
}

# The API's cold path does without them (the import handler's does not).
LEFT_OUT = ("boto3", "openpyxl", "alembic", "jinja2", "babel", "argon2")
COSTLIEST = 8

_SECONDS = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"
_ENVIRONMENT = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}


def run() -> Result:
    """Imports in turns, so that what disturbs one of them disturbs all."""
    found: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(REPEATS):
        for name, statement in IMPORTS.items():
            found[name].append(float(_python("-c", _SECONDS.format(statement)).splitlines()[-1]))
    milliseconds = {name: median(seconds) * 1000 for name, seconds in found.items()}
    floor = milliseconds[DRIVERS]
    rows = [[name, f"{each:.0f}", f"{each / floor:.2f}x"] for name, each in milliseconds.items() if name != "nothing"]
    size = _zip_mib()
    costliest = _costliest()
    remarks = (
        f"Medians of {REPEATS} fresh interpreters each, in turns. The zip has {size:.1f} MiB. Of the API handler's "
        f"import, the dearest modules with all they import: "
        f"{', '.join(f'{name} {ms:.0f} ms' for name, ms in costliest)}. "
        f"Not imported by it: {', '.join(_not_imported())}."
    )
    figures = {"milliseconds": milliseconds, "zip_mib": size, "costliest": dict(costliest)}
    return Result("cold_start", "Cold start", ["import", "ms", f"of {DRIVERS}"], rows, figures, remarks)


def _python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True, env=_ENVIRONMENT)
    return done.stdout if arguments[0] == "-c" else done.stderr


def _costliest() -> list[tuple[str, float]]:
    """Packages by what importing them takes, with everything that they are the first to import."""
    found: dict[str, float] = {}
    for line in _python("-X", "importtime", "-c", "import app").splitlines():
        timed = re.fullmatch(r"import time: +\d+ \| +(\d+) \| +(\w+)", line)
        if timed:
            found[timed[2]] = int(timed[1]) / 1000
    return sorted(found.items(), key=lambda one: -one[1])[1 : COSTLIEST + 1]


def _not_imported() -> list[str]:
    loaded = set(json.loads(_python("-c", "import app, json, sys; print(json.dumps(list(sys.modules)))")))
    return [name for name in LEFT_OUT if name not in loaded]


def _zip_mib() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return package("local", Path(folder) / "package").zip_file.stat().st_size / 2**20


if __name__ == "__main__":
    print(run().markdown())
