"""LocalStack and Postgres as the services of docker-compose.yml, deployed to from this machine."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.launcher import Endpoints, Server, public_url, require_free
from infra.local.postgres import DATABASE, PASSWORD, USER
from infra.local.settings import POSTGRES_PORT, Home, LocalError, Ports
from infra.packaging import ROOT

SERVERS = ("localstack", "postgres")


@dataclass(frozen=True)
class Docker:
    """The launcher for machines with a Docker engine. The deployer service is not used: this process deploys."""

    home: Home
    ports: Ports

    @property
    def name(self) -> str:
        return "docker"

    def start(self) -> list[str]:
        missing = [server.name for server in self.servers() if not server.is_running]
        if "localstack" in missing:
            require_free(self.ports.aws, "up", "AWS_PORT")
        if "postgres" in missing:
            require_free(self.ports.db, "up", "DB_PORT")
        if missing:
            try:
                self._compose("up", "--detach", "--wait", *SERVERS)
            except BaseException:
                self.stop(missing)
                raise
        return missing

    def stop(self, names: Sequence[str] | None = None) -> None:
        chosen = SERVERS if names is None else names
        if chosen:
            self._compose("stop", *chosen)

    def servers(self) -> list[Server]:
        listed = self._compose("ps", "--all", "--format", "json")
        states = {service["Service"]: service for service in map(json.loads, listed.splitlines())}
        return [_server(name, states.get(name, {})) for name in SERVERS]

    def endpoints(self) -> Endpoints:
        login = f"postgresql://{USER}:{PASSWORD}"
        return Endpoints(
            aws_endpoint_url=f"http://localhost:{self.ports.aws}",
            database_url=f"{login}@127.0.0.1:{self.ports.db}/{DATABASE}",
            functions_database_url=f"{login}@postgres:{POSTGRES_PORT}/{DATABASE}",
            public_url=public_url(self.ports),
        )

    def erase(self) -> None:
        self._compose("down", "--volumes", "--remove-orphans")

    def log_command(self) -> list[str] | None:
        ports = [f"AWS_PORT={self.ports.aws}", f"DB_PORT={self.ports.db}"]
        return ["env", *ports, *self._command("logs", "--follow", "--tail", "100", *SERVERS)]

    def log_files(self) -> list[Path]:
        return []

    def _command(self, *arguments: str) -> list[str]:
        return ["docker", "compose", "--project-directory", str(ROOT), *arguments]

    def environment(self) -> dict[str, str]:
        """What docker-compose.yml reads of the environment."""
        return {**os.environ, "AWS_PORT": str(self.ports.aws), "DB_PORT": str(self.ports.db)}

    def _compose(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                self._command(*arguments),
                env=self.environment(),
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise LocalError("LAUNCHER=docker needs the program docker; install it or use LAUNCHER=native.") from None
        if done.returncode:
            words = done.stderr.strip().splitlines()
            raise LocalError(
                f"docker compose {arguments[0]} failed: {words[-1] if words else 'no message'} "
                "`docker compose logs` may say more; LAUNCHER=native does without Docker."
            )
        return done.stdout


def _server(name: str, state: dict[str, Any]) -> Server:
    detail = " ".join(filter(None, (state.get("State"), state.get("Health")))) or "stopped"
    return Server(name, state.get("State") == "running", detail)
