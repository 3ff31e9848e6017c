"""What a container pays before its first request: the imports, from the zip as a function finds it unpacked."""

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import boto3

from bench.measuring import Result
from bench.noise import spread
from infra.bytecode import SUFFIX
from infra.packaging import package

REPEATS = 15
DRIVERS = "chalice, sqlalchemy, pg8000"
API, NOT_COMPILED = "the API handler", "the API handler, if the zip were not compiled"

# What is imported for each kind of function, beside what it could not do without, and beside the AWS client.
IMPORTS: Mapping[str, str] = {
    "nothing": "pass",
    DRIVERS: "import chalice.app, sqlalchemy, pg8000",
    API: "import app",
    NOT_COMPILED: "import app",
    "the import handler": "import app, chalicelib.imports.running, chalicelib.imports.report.making",
    "boto3": "import boto3; boto3.client('s3')",
}

# The API's cold path does without them (the import handler's does not).
LEFT_OUT = ("boto3", "openpyxl", "alembic", "jinja2", "babel", "argon2")
COSTLIEST = 8

_SECONDS = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    # In Lambda less is imported at first.
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
}


@dataclass(frozen=True)
class Unpacked:
    """The zip in a folder of its own, where Python keeps nothing that it compiles."""

    folder: Path

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a program that finds what is in the zip, and behind it the AWS client, which Lambda brings."""
        path = f"{self.folder}:{Path(boto3.__file__).parent.parent}"
        environment = _ENVIRONMENT | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        # -P: what lies in the working directory is not imported instead.
        command = [sys.executable, "-S", "-P", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment)

    def seconds(self, statement: str) -> float:
        """What a statement takes in a fresh interpreter."""
        return float(self.python("-c", _SECONDS.format(statement)).stdout.splitlines()[-1])


def run() -> Result:
    """Imports in turns, so that what disturbs one of them disturbs all."""
    with tempfile.TemporaryDirectory() as folder:
        zip_file = package("local", Path(folder) / "package").zip_file
        ours = unpacked(zip_file, Path(folder) / "compiled")
        sources = unpacked(zip_file, Path(folder) / "sources", without=SUFFIX)
        found: dict[str, list[float]] = {name: [] for name in IMPORTS}
        for _ in range(REPEATS):
            for name, statement in IMPORTS.items():
                found[name].append((sources if name == NOT_COMPILED else ours).seconds(statement))
        milliseconds = {name: median(seconds) * 1000 for name, seconds in found.items()}
        return _result(milliseconds, ours, zip_file.stat().st_size / 2**20, spread(found[DRIVERS]))


def _result(milliseconds: Mapping[str, float], ours: Unpacked, zip_mib: float, noise: float) -> Result:
    floor = milliseconds[DRIVERS]
    rows = [[name, f"{each / floor:.2f}x", f"{each:.0f}"] for name, each in milliseconds.items() if name != "nothing"]
    costliest = _costliest(ours)
    remarks = (
        f"Medians of {REPEATS} fresh interpreters each, in turns, of the unpacked zip, which has "
        f"{zip_mib:.1f} MiB. Of the API handler's import, the dearest modules with all they import: "
        f"{', '.join(f'{name} {ms:.0f} ms' for name, ms in costliest)}. "
        f"Not imported by it: {', '.join(_not_imported(ours))}."
    )
    figures = {"milliseconds": dict(milliseconds), "zip_mib": zip_mib, "costliest": dict(costliest)}
    return Result("cold_start", "Cold start", ["import", f"of {DRIVERS}", "ms"], rows, figures, remarks, noise)


def unpacked(zip_file: Path, folder: Path, without: str | None = None) -> Unpacked:
    """The zip's content in a folder, but for the files that end like this."""
    with zipfile.ZipFile(zip_file) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if not without or not name.endswith(without)])
    return Unpacked(folder)


def _costliest(ours: Unpacked) -> list[tuple[str, float]]:
    """Packages by what importing them takes, with everything that they are the first to import."""
    found: dict[str, float] = {}
    for line in ours.python("-X", "importtime", "-c", "import app").stderr.splitlines():
        timed = re.fullmatch(r"import time: +\d+ \| +(\d+) \| +(\w+)", line)
        if timed:
            found[timed[2]] = int(timed[1]) / 1000
    return sorted(found.items(), key=lambda one: -one[1])[1 : COSTLIEST + 1]


def _not_imported(ours: Unpacked) -> list[str]:
    program = "import app, json, sys; print(json.dumps(list(sys.modules)))"
    loaded = set(json.loads(ours.python("-c", program).stdout))
    return [name for name in LEFT_OUT if name not in loaded]


if __name__ == "__main__":
    print(run().markdown())
