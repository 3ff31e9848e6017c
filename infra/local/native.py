"""LocalStack and Postgres as processes of this machine, without Docker."""

import contextlib
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.launcher import Endpoints, Server, public_url, require_free
from infra.local.postgres import PostgresError, PostgresServer
from infra.local.processes import Daemon
from infra.local.settings import LOCALSTACK_ENVIRONMENT, Home, LocalError, Ports
from infra.packaging import ROOT

LOCALSTACK, POSTGRES = "localstack", "postgres"
ENVIRONMENTS = ROOT / ".local"
LOCALSTACK_PYTHON = ENVIRONMENTS / "localstack" / "bin" / "python"
LAMBDA_PYTHON = ENVIRONMENTS / "lambda-runtime" / "bin" / "python"
START_SECONDS = 90


@dataclass(frozen=True)
class Native:
    """The Docker-free launcher. `postgres_settings` go to the server (tests do without durability)."""

    home: Home
    ports: Ports
    postgres_settings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "native"

    @property
    def postgres(self) -> PostgresServer:
        return PostgresServer(self.home.postgres, self.ports.db, self.postgres_settings)

    @property
    def localstack(self) -> Daemon:
        return Daemon(LOCALSTACK, self.home.localstack, self.home.logs / "localstack.log")

    def start(self) -> list[str]:
        if sys.platform != "linux":
            raise LocalError(
                "Without Docker the functions run as processes, and they are packaged for Linux; "
                "on this system start Docker and use LAUNCHER=docker."
            )
        for python in (LOCALSTACK_PYTHON, LAMBDA_PYTHON):
            if not python.exists():
                raise LocalError(f"{python.relative_to(ROOT)} is missing; `make setup` makes it.")
        missing = [server.name for server in self.servers() if not server.is_running]
        # Both are asked before either is started, so that a failure leaves nothing behind.
        if LOCALSTACK in missing:
            require_free(self.ports.aws, "up", "AWS_PORT")
        if POSTGRES in missing:
            require_free(self.ports.db, "up", "DB_PORT")
        try:
            # LocalStack takes longest, so Postgres starts in its shadow.
            if LOCALSTACK in missing:
                self._start_localstack()
            if POSTGRES in missing:
                self._start_postgres()
            self._wait_for_localstack()
        except BaseException:
            self.stop(missing)
            raise
        return missing

    def stop(self, names: Sequence[str] | None = None) -> None:
        if names is None or LOCALSTACK in names:
            self.localstack.stop()
        if names is None or POSTGRES in names:
            with _as_local_errors():
                self.postgres.stop()

    def servers(self) -> list[Server]:
        pid = self.localstack.pid()
        running = self.postgres.is_running()
        return [
            Server(LOCALSTACK, pid is not None, f"process {pid}, port {self.ports.aws}" if pid else "stopped"),
            Server(POSTGRES, running, f"port {self.ports.db}" if running else "stopped"),
        ]

    def notes(self) -> list[str]:
        return []

    def endpoints(self) -> Endpoints:
        database_url = self.postgres.url()
        return Endpoints(
            aws_endpoint_url=f"http://localhost:{self.ports.aws}",
            database_url=database_url,
            functions_database_url=database_url,
            public_url=public_url(self.ports),
        )

    def erase(self) -> None:
        self.stop()
        for folder in (self.home.localstack, self.home.postgres, self.home.logs):
            shutil.rmtree(folder, ignore_errors=True)

    def log_command(self) -> list[str] | None:
        return None

    def log_files(self) -> list[Path]:
        return [*sorted(self.home.logs.glob("*.log")), self.postgres.log]

    def _start_localstack(self) -> None:
        temporary = self.home.localstack / "tmp"
        # What it kept of its last life, it cannot use in this one.
        shutil.rmtree(self.home.localstack, ignore_errors=True)
        temporary.mkdir(parents=True)
        self.home.logs.mkdir(parents=True, exist_ok=True)
        self.localstack.start(
            [str(LOCALSTACK_PYTHON), "-m", "localstack.runtime.main"],
            {
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": str(self.home.localstack),
                "LANG": "C.UTF-8",
                "TMPDIR": str(temporary),
                "FILESYSTEM_ROOT": str(self.home.localstack / "root"),
                "GATEWAY_LISTEN": f"127.0.0.1:{self.ports.aws}",
                # LocalStack's own servers listen on every interface, whatever the line above says.
                "GATEWAY_SERVER": "bound",
                "LOCALSTACK_HOST": f"localhost:{self.ports.aws}",
                "LAMBDA_RUNTIME_EXECUTOR": "process",
                "LAMBDA_PROCESS_PYTHON": str(LAMBDA_PYTHON),
                "LAMBDA_PROCESS_LOGS": str(self.home.logs),
                **LOCALSTACK_ENVIRONMENT,
            },
        )

    def _start_postgres(self) -> None:
        with _as_local_errors():
            self.postgres.start()

    def _wait_for_localstack(self) -> None:
        url = f"http://127.0.0.1:{self.ports.aws}/_localstack/health"
        end = time.monotonic() + START_SECONDS
        while not _answers(url):
            if self.localstack.pid() is None:
                raise LocalError(f"LocalStack ended at once; its log says why: {self.localstack.log}")
            if time.monotonic() > end:
                raise LocalError(
                    f"LocalStack did not answer within {START_SECONDS} s; its log says why: {self.localstack.log}"
                )
            time.sleep(0.1)


@contextlib.contextmanager
def _as_local_errors() -> Iterator[None]:
    try:
        yield
    except PostgresError as error:
        raise LocalError(str(error)) from error


def _answers(url: str) -> bool:
    # A proxy of the environment must not be asked for this machine's own address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
