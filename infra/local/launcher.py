"""What the commands ask of a way to run LocalStack and Postgres; native.py and docker.py are the two there are."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from infra.local.settings import API_ID, STAGE, Home, LocalError, Ports


@dataclass(frozen=True)
class Endpoints:
    """How the two servers are reached: from here, from the functions, and from a person's browser."""

    aws_endpoint_url: str
    database_url: str
    functions_database_url: str
    public_url: str

    @property
    def public_s3_url(self) -> str:
        """Where a browser reaches S3: the same LocalStack, of which the functions may know another address."""
        address = urlsplit(self.public_url)
        return f"{address.scheme}://{address.netloc}"


@dataclass(frozen=True)
class Server:
    """One of the two servers as `make status` shows it; `detail` is a process id or what Docker says."""

    name: str
    is_running: bool
    detail: str


class Launcher(Protocol):
    """Starts, stops and shows LocalStack and Postgres. `name` is what `LAUNCHER` calls it."""

    @property
    def name(self) -> str: ...

    def start(self) -> list[str]:
        """Starts what does not run, waits until it answers, and names what it started. Raises LocalError."""

    def stop(self, names: Sequence[str] | None = None) -> None:
        """Stops these servers, or all. The data stays."""

    def servers(self) -> list[Server]:
        """Both servers, running or not."""

    def notes(self) -> list[str]:
        """Sentences about what is wrong beside the servers."""

    def endpoints(self) -> Endpoints: ...

    def erase(self) -> None:
        """Stops everything and removes the data."""

    def log_command(self) -> list[str] | None:
        """The `docker compose logs` that follows the servers, where their logs are not files in `Home.logs`."""

    def log_files(self) -> list[Path]:
        """Files to follow."""


def choose_launcher(home: Home, ports: Ports) -> Launcher:
    """The launcher of the stack there is, whatever engine has come or gone since; for a new one see `_usual_launcher`.

    `LAUNCHER=native|docker` decides where nothing runs. Raises LocalError where it names another than what runs.
    """
    wanted = os.environ.get("LAUNCHER", "")
    if wanted not in ("", "native", "docker"):
        raise LocalError(f"LAUNCHER must be native or docker. Invalid value: {wanted!r}.")
    # A stack that was started before launchers were remembered can only be seen to run.
    remembered = home.launcher() or ("native" if _runs("native", home, ports) else "")
    if wanted and remembered and wanted != remembered and _runs(remembered, home, ports):
        raise LocalError(
            f"The stack runs with LAUNCHER={remembered}, so LAUNCHER={wanted} cannot be used; "
            f"leave it out, or `make down LAUNCHER={remembered}` first."
        )
    return _launcher(wanted or remembered or _usual_launcher(), home, ports)


def _launcher(name: str, home: Home, ports: Ports) -> Launcher:
    from infra.local.docker import Docker
    from infra.local.native import Native

    return Native(home, ports) if name == "native" else Docker(home, ports)


def _runs(name: str, home: Home, ports: Ports) -> bool:
    # An engine that went away has taken its containers with it.
    with contextlib.suppress(LocalError):
        return any(server.is_running for server in _launcher(name, home, ports).servers())
    return False


def _usual_launcher() -> str:
    """Docker if an engine and Compose answer, processes otherwise."""
    lacks = docker_lacks()
    if lacks == NO_COMPOSE:
        # Whoever has an engine expects the stack in it.
        print(f"{lacks} The stack runs without Docker.", file=sys.stderr)
    return "native" if lacks else "docker"


NO_CLIENT = "The program docker is not installed."
NO_ENGINE = "The Docker engine does not answer; start it."
NO_COMPOSE = "Docker has no Compose plugin (`docker compose`); install docker-compose-plugin."


def docker_lacks() -> str | None:
    """What Docker is missing to run the stack, as a sentence; None if client, engine and Compose are there."""
    if not shutil.which("docker"):
        return NO_CLIENT
    # A client alone does not mean that there is an engine.
    if not _succeeds("docker", "version", "--format", "{{.Server.Version}}"):
        return NO_ENGINE
    return None if _succeeds("docker", "compose", "version") else NO_COMPOSE


def _succeeds(*command: str) -> bool:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
    return False


def public_url(ports: Ports) -> str:
    """Where LocalStack serves the API's stage; every path is appended to it."""
    return f"http://localhost:{ports.aws}/_aws/execute-api/{API_ID}/{STAGE}"


def require_free(port: int, command: str, variable: str) -> None:
    """Raises LocalError where another program listens on the port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise LocalError(
                f"Port {port} is in use by another program; choose a free one: make {command} {variable}={port + 1}."
            ) from None
