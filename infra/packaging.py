"""From the source to what is deployed: one zip, one template, and digests that say whether they changed."""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from infra.bytecode import SUFFIX, add_bytecode
from infra.terminal import CommandError

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "infra" / "template.yaml"
# Chalice packages a copy of the project: without the litter of a working tree, and with a place of its own for
# the cache of the dependencies, which outlives the copy.
BUILD = ROOT / ".local" / "package"

# Where the certificates of the database lie in the package, for whoever brings some (infra/database_checks.py).
CERTIFICATES = "chalicelib/certificates.pem"

# The kinds of processor that Lambda has; arm64 is Graviton. The package has code of one of them.
ARCHITECTURES = ("x86_64", "arm64")

SOURCES = ("app.py", "requirements.txt", "chalicelib", ".chalice")
LITTER = ("__pycache__", "*.pyc", "deployments", "deployed")


@dataclass(frozen=True)
class Package:
    """A zip and the template that refers to it as `./deployment.zip`. `code_digest` is that of the files in it."""

    zip_file: Path
    code_digest: str
    template: dict[str, Any]


def source_digest(
    stage: str, parameters: Mapping[str, str], certificates: bytes = b"", architecture: str | None = None
) -> str:
    """A digest of everything that a deployed stage is made of. Equal digests make equal stacks."""
    settings = json.dumps([stage, sys.version_info[:2], sorted(parameters.items()), architecture])
    digest = hashlib.sha256(settings.encode() + b"\0" + certificates)
    for path in sorted(_source_files()):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def package(stage: str, output: Path, certificates: bytes = b"", architecture: str | None = None) -> Package:
    """Packages the stage into the new folder `output`, with these certificates to trust. Raises CommandError.

    `architecture` is the kind of processor, one of ARCHITECTURES; None for that of .chalice/config.json.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        # The tests package while a `make up` does; the cache of the dependencies is for one at a time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        project = BUILD / "project"
        _copy_sources(project)
        if stage == "local":
            # Its functions run on this machine.
            architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
        if architecture:
            _choose(architecture, project / ".chalice" / "config.json")
        if certificates:
            (project / CERTIFICATES).write_bytes(certificates)
        _run_chalice(project, stage, output)
        zip_file = output / "deployment.zip"
        add_bytecode(zip_file, BUILD / "bytecode")
    template = yaml.safe_load((output / "sam.yaml").read_text())
    return Package(zip_file, zip_digest(zip_file), template)


def zip_digest(zip_file: Path) -> str:
    """A digest of the files in the zip, blind to the times at which they were written and to what is made of them."""
    with zipfile.ZipFile(zip_file) as archive:
        entries = [entry for entry in archive.infolist() if not entry.filename.endswith(SUFFIX)]
    files = sorted((entry.filename, entry.CRC, entry.file_size) for entry in entries)
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def _source_files() -> Iterator[Path]:
    yield TEMPLATE
    for name in SOURCES:
        source = ROOT / name
        found = source.rglob("*") if source.is_dir() else [source]
        for path in found:
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not any(fnmatch(part, litter) for part in parts for litter in LITTER):
                yield path


def _copy_sources(project: Path) -> None:
    shutil.rmtree(project, ignore_errors=True)
    for path in _source_files():
        copy = project / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    kept = project.parent / "deployments"
    kept.mkdir(exist_ok=True)
    # Chalice takes what lies there as it is: half a package too, of a run that was ended.
    for half in (each for each in kept.glob("*.zip") if not zipfile.is_zipfile(each)):
        half.unlink()
    (project / ".chalice" / "deployments").symlink_to(kept)


def _choose(architecture: str, config_file: Path) -> None:
    """Has Chalice fetch the dependencies for a kind of processor, and give it to the functions in the template."""
    config = json.loads(config_file.read_text())
    for stage in config["stages"].values():
        stage["lambda_architecture"] = architecture
    config_file.write_text(json.dumps(config))


def _run_chalice(project: Path, stage: str, output: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("chalice")), "--project-dir", str(project),
        "package", "--stage", stage, "--merge-template", str(TEMPLATE), str(output),
    ]  # fmt: skip
    # Chalice asks for a region and an account although nothing of the package depends on them. In search of them it
    # would fail for a profile that is not there, or at a proxy that knows no address of machines at AWS.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "STAGE"}
    environment |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    # requirements.txt is all there is to install: what it leaves out on purpose is not fetched as a dependency.
    environment["PIP_NO_DEPS"] = "1"
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CommandError(f"chalice package failed: {words[-1] if words else 'it gave no reason'}")
    # Chalice only warns about a dependency it could not fetch, and leaves it out of the zip.
    if "Could not install dependencies" in done.stdout + done.stderr:
        missing = " ".join((done.stdout + done.stderr).split())
        raise CommandError(f"chalice package left dependencies out: {missing}")
