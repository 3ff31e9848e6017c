"""LocalStack and Postgres as processes of this machine, without Docker."""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

import requests
import yaml

from infra.local.follow_logs import follow_files
from infra.local.launcher import LOCALSTACK, POSTGRES, Endpoints, Launcher, Server
from infra.local.postgres import PostgresServer
from infra.local.processes import Daemon
from infra.packaging import ROOT
from infra.terminal import CommandError, patiently

LOCALSTACK_PYTHON = ROOT / ".local" / "localstack" / "bin" / "python"
LAMBDA_PYTHON = ROOT / ".local" / "lambda-runtime" / "bin" / "python"
START_SECONDS = 90


@dataclass(frozen=True)
class Native(Launcher):
    """The Docker-free launcher. `postgres_settings` go to the server (tests do without durability)."""

    name = "native"
    postgres_settings: tuple[str, ...] = ()

    @property
    def postgres(self) -> PostgresServer:
        return PostgresServer(self.home.postgres, self.ports.db, self.postgres_settings)

    @property
    def localstack(self) -> Daemon:
        return Daemon(self.home.localstack / "localstack.pid", self.home.logs / "localstack.log")

    def start(self) -> list[str]:
        if sys.platform != "linux":
            raise CommandError(
                "Without Docker the functions run as processes, and they are packaged for Linux; "
                "on this system start Docker and use LAUNCHER=docker."
            )
        return super().start()

    def missing(self) -> list[str]:
        """As of every launcher, and LocalStack if what it runs with was installed anew since it was started."""
        missing = super().missing()
        stamps = [stamp for python in (LOCALSTACK_PYTHON, LAMBDA_PYTHON) for stamp in python.parents[1].glob("ready-*")]
        since = self.localstack.pid_file.stat().st_mtime if LOCALSTACK not in missing else time.time()
        if any(stamp.stat().st_mtime > since for stamp in stamps):
            self.localstack.stop()
            missing.insert(0, LOCALSTACK)
        return missing

    def _start(self, missing: Sequence[str]) -> None:
        for python in (LOCALSTACK_PYTHON, LAMBDA_PYTHON):
            if not python.exists():
                raise CommandError(f"{python.relative_to(ROOT)} is missing; `make setup` makes it.")
        # LocalStack takes longest, so Postgres starts in its shadow.
        if LOCALSTACK in missing:
            self._start_localstack()
        self.postgres.start()
        self._wait_for_localstack()

    def stop(self, names: Sequence[str] = (LOCALSTACK, POSTGRES)) -> None:
        if LOCALSTACK in names:
            self.localstack.stop()
        if POSTGRES in names:
            self.postgres.stop()

    def servers(self) -> list[Server]:
        pid, port = self.localstack.pid(), self.postgres.port_in_use()
        is_process = f"process {pid}, port {self.ports.aws}" if pid else "stopped"
        return [
            Server(LOCALSTACK, pid is not None, is_process, self.localstack.listens_at()),
            Server(POSTGRES, port is not None, f"port {port}" if port else "stopped", [port] if port else []),
        ]

    def endpoints(self) -> Endpoints:
        database_url, aws_endpoint_url = self.postgres.url(), f"http://localhost:{self.ports.aws}"
        return Endpoints(aws_endpoint_url, database_url, database_url, aws_endpoint_url)

    def erase(self) -> None:
        self.stop()
        for folder in (self.home.localstack, self.home.postgres, self.home.logs):
            shutil.rmtree(folder, ignore_errors=True)

    def follow_logs(self, out: TextIO) -> None:
        follow_files(lambda: [*sorted(self.home.logs.glob("*.log")), self.postgres.log], out)

    def _start_localstack(self) -> None:
        temporary = self.home.localstack / "tmp"
        # What it kept of its last life, it cannot use in this one.
        shutil.rmtree(self.home.localstack, ignore_errors=True)
        temporary.mkdir(parents=True)
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
                **yaml.safe_load((ROOT / "docker-compose.yml").read_text())["x-localstack"],
            },
        )

    def _wait_for_localstack(self) -> None:
        why = f"its log says why: {self.localstack.log}"
        for _ in patiently(START_SECONDS):
            with suppress(requests.RequestException):
                if requests.get(f"http://127.0.0.1:{self.ports.aws}/_localstack/health", timeout=5).ok:
                    return
            if self.localstack.pid() is None:
                raise CommandError(f"LocalStack ended at once; {why}")
        raise CommandError(f"LocalStack did not answer within {START_SECONDS} s; {why}")
