"""What the commands ask of a way to run LocalStack and Postgres; native.py and docker.py are the two there are."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, TextIO

import psutil

from infra.local.settings import Home, Ports
from infra.terminal import CommandError

LOCALSTACK, POSTGRES = "localstack", "postgres"


@dataclass(frozen=True)
class Endpoints:
    """How the two servers are reached: from here, the database from the functions, LocalStack from a browser."""

    aws_endpoint_url: str
    database_url: str
    functions_database_url: str
    public_endpoint: str


@dataclass(frozen=True)
class Server:
    """One of the two servers: what `make status` says of it, and at which ports it is known to listen."""

    name: str
    is_running: bool
    detail: str
    ports: Collection[int]


@dataclass(frozen=True)
class Launcher(ABC):
    """Starts, stops and shows LocalStack and Postgres. `name` is what `LAUNCHER` calls it."""

    home: Home
    ports: Ports
    name: ClassVar[str]

    def start(self) -> list[str]:
        """Starts what does not run, waits until it answers, and names what it started. Raises CommandError.

        The ports are looked at before anything is started, and what it started it stops if it fails.
        """
        missing = self.missing()
        try:
            self._start(missing)
        except BaseException:
            self.stop(missing)
            raise
        return missing

    @abstractmethod
    def _start(self, missing: Sequence[str]) -> None:
        """Starts the servers that are missing, and waits until both answer. Raises CommandError."""

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

    def missing(self) -> list[str]:
        """The servers that do not run. Raises CommandError if one of them would find its port taken, or if a server
        that runs listens at another port than the one that is wanted."""
        wanted = {LOCALSTACK: ("AWS_PORT", self.ports.aws), POSTGRES: ("DB_PORT", self.ports.db)}
        servers = self.servers()
        for server in servers:
            variable, port = wanted[server.name]
            if server.ports and port not in server.ports:
                holder = holder_of(port)
                in_use = f"Port {port} is in use by {holder}. " if holder else ""
                raise CommandError(
                    f"{in_use}The stack runs with {variable}={min(server.ports)}, not {port}; name that port, "
                    "or `make down` first to change it."
                )
        missing = [server.name for server in servers if not server.is_running]
        for name in missing:
            self.require_free(*wanted[name])
        return missing

    def require_free(self, variable: str, port: int) -> None:
        """Raises CommandError if another program listens at the port that the variable names."""
        require_free(port, "up", variable)


def require_free(port: int, command: str, variable: str) -> None:
    """Raises CommandError if another program listens on the port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(
                f"Port {port} is in use by {holder_of(port) or 'another program'}; "
                f"choose a free one: make {command} {variable}={port + 1}."
            ) from None


def holder_of(port: int) -> str | None:
    """The program that listens at a port of this machine, with its folder; None if this user can see none."""
    with suppress(psutil.Error):
        for each in psutil.net_connections("tcp"):
            if each.pid and each.status == psutil.CONN_LISTEN and port in each.laddr:
                process = psutil.Process(each.pid)
                return f"{process.name()} in {process.cwd()}"
    return None
