"""What the commands ask of a way to run LocalStack and Postgres; native.py and docker.py are the two there are."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, TextIO

from infra.local.settings import API_ID, STAGE, Home, Ports
from infra.terminal import CommandError

LOCALSTACK, POSTGRES = "localstack", "postgres"


@dataclass(frozen=True)
class Endpoints:
    """How the two servers are reached: from here, from the functions, and from a person's browser."""

    aws_endpoint_url: str
    database_url: str
    functions_database_url: str
    public_url: str


@dataclass(frozen=True)
class Server:
    """One of the two servers as `make status` shows it; `detail` is a process id or what Docker says."""

    name: str
    is_running: bool
    detail: str


@dataclass(frozen=True)
class Launcher(ABC):
    """Starts, stops and shows LocalStack and Postgres. `name` is what `LAUNCHER` calls it."""

    home: Home
    ports: Ports
    name: ClassVar[str]

    @abstractmethod
    def start(self) -> list[str]:
        """Starts what does not run, waits until it answers, and names what it started. Raises CommandError."""

    @abstractmethod
    def stop(self, names: Sequence[str] = (LOCALSTACK, POSTGRES)) -> None:
        """Stops these servers. The data stays."""

    @abstractmethod
    def servers(self) -> list[Server]:
        """Both servers, running or not."""

    @abstractmethod
    def endpoints(self) -> Endpoints:
        """How the servers are reached."""

    @abstractmethod
    def erase(self) -> None:
        """Stops everything and removes the data."""

    @abstractmethod
    def follow_logs(self, out: TextIO) -> None:
        """Writes what all of it logs, until interrupted."""

    def notes(self) -> list[str]:
        """Sentences about what is wrong beside the servers."""
        return []

    def port_of(self, server: str) -> tuple[str, int]:
        """The variable that says where a server listens, and its value."""
        return ("AWS_PORT", self.ports.aws) if server == LOCALSTACK else ("DB_PORT", self.ports.db)

    def require_its_port(self, server: str, listens_at: Collection[int]) -> None:
        """Raises CommandError if a server that runs listens at other ports than the one that is wanted."""
        variable, port = self.port_of(server)
        if listens_at and port not in listens_at:
            raise CommandError(
                f"The stack runs with {variable}={min(listens_at)}, not {port}; name that port, "
                "or `make down` first to change it."
            )


def public_url(ports: Ports) -> str:
    """Where LocalStack serves the API's stage; every path is appended to it."""
    return f"http://localhost:{ports.aws}/_aws/execute-api/{API_ID}/{STAGE}"


def require_free(port: int, command: str, variable: str) -> None:
    """Raises CommandError if another program listens on the port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(
                f"Port {port} is in use by another program; choose a free one: make {command} {variable}={port + 1}."
            ) from None
