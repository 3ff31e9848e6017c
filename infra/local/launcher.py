"""What the commands ask of a way to run LocalStack and Postgres; native.py and docker.py are the two there are."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from infra.local.settings import API_ID, STAGE, LocalError, Ports


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
