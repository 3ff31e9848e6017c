"""LocalStack and Postgres as the services of docker-compose.yml, deployed to from this machine."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from infra.local.follow_logs import follow_compose
from infra.local.launcher import LOCALSTACK, POSTGRES, Endpoints, Launcher, Server
from infra.local.postgres import DATABASE, PASSWORD, USER
from infra.local.settings import POSTGRES_PORT, Ports
from infra.packaging import ROOT
from infra.terminal import CommandError

SERVERS = (LOCALSTACK, POSTGRES)
DEPLOYER = "deployer"
PROJECT, FOLDER = "com.docker.compose.project", "com.docker.compose.project.working_dir"

NO_COMPOSE = "Docker has no Compose plugin (`docker compose`); install docker-compose-plugin."


def docker_lacks() -> str | None:
    """What Docker is missing to run the stack, as a sentence; None if client, engine and Compose are there."""
    if not shutil.which("docker"):
        return "The program docker is not installed."
    # A client alone does not mean that there is an engine.
    if not _succeeds("docker", "version", "--format", "{{.Server.Version}}"):
        return "The Docker engine does not answer; start it."
    return None if _succeeds("docker", "compose", "version") else NO_COMPOSE


def _succeeds(*command: str) -> bool:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
    return False


@dataclass(frozen=True)
class Docker(Launcher):
    """The launcher for machines with a Docker engine. The deployer service is not used: this process deploys."""

    name = "docker"

    def start(self) -> list[str]:
        if self._states().get(DEPLOYER, {}).get("State") in ("created", "running", "restarting"):
            raise CommandError(
                f"The deployer of `docker compose up` is at work on this stack; wait until it has ended: {self._logs()}"
            )
        return super().start()

    def _start(self, missing: Sequence[str]) -> None:
        if missing:
            self._compose("up", "--detach", "--wait", *SERVERS)

    def stop(self, names: Sequence[str] = SERVERS) -> None:
        if names:
            self._compose("stop", *names)
        if LOCALSTACK in names:
            self._remove_functions()

    def servers(self) -> list[Server]:
        states = self._states()
        return [_server(name, states) for name in SERVERS]

    def notes(self) -> list[str]:
        """What a person must know of the deployer of `docker compose up`: that it is at work, or that it failed."""
        state = self._states().get(DEPLOYER, {})
        if state.get("State") == "running":
            return [f"The deployer is at work; {self._logs()} shows what it does."]
        if state.get("State") == "exited" and state.get("ExitCode"):
            return [f"The deployer of `docker compose up` failed; {self._logs()} says why. `make up` deploys again."]
        return []

    def endpoints(self) -> Endpoints:
        login, aws_endpoint_url = f"postgresql://{USER}:{PASSWORD}", f"http://localhost:{self.ports.aws}"
        return Endpoints(
            aws_endpoint_url,
            database_url=f"{login}@127.0.0.1:{self.ports.db}/{DATABASE}",
            functions_database_url=f"{login}@postgres:{POSTGRES_PORT}/{DATABASE}",
            public_endpoint=aws_endpoint_url,
        )

    def erase(self) -> None:
        self._compose("stop", *SERVERS, DEPLOYER)
        # They would hold the network, which cannot be removed then.
        self._remove_functions()
        self._compose("down", "--volumes", "--remove-orphans")

    def follow_logs(self, out: TextIO) -> None:
        follow_compose(self._command("logs", "--follow", "--tail", "100", *SERVERS), ROOT, out)

    @property
    def project(self) -> str:
        """Compose's name for this folder's stack: the one that its containers have, or one that no other folder has."""
        listed = _docker("ps", "--all", "--filter", f"label={FOLDER}={ROOT}", "--format", f'{{{{.Label "{PROJECT}"}}}}')
        known = listed.split()
        return known[0] if known else project_of(ROOT)

    def _command(self, *arguments: str) -> list[str]:
        told = [f"{name}={value}" for name, value in variables(self.ports, self.project, os.environ).items()]
        return ["env", *told, "docker", "compose", "--project-directory", str(ROOT), *arguments]

    def _compose(self, *arguments: str) -> str:
        return _run(self._command(*arguments), f"docker compose {arguments[0]}")

    def _states(self) -> dict[str, dict[str, Any]]:
        return states_of(self._compose("ps", "--all", "--format", "json"))

    def _logs(self) -> str:
        return f"`docker compose --project-name {self.project} logs {DEPLOYER}`"

    def require_free(self, variable: str, port: int) -> None:
        """As of every launcher, and names the folder if it is a stack of another one that has the port."""
        owner = _docker("ps", "--filter", f"publish={port}", "--format", f'{{{{.Label "{FOLDER}"}}}}').strip()
        if owner:
            raise CommandError(
                f"Port {port} belongs to the stack of {owner}; stop that one with `make down` there, "
                f"or choose a free port: make up {variable}={port + 1}."
            )
        super().require_free(variable, port)

    def _remove_functions(self) -> None:
        """Removes the containers that LocalStack started for functions, which are in no service of Compose."""
        form = f'{{{{.ID}}}} {{{{.Label "{PROJECT}"}}}}'
        listed = _docker("ps", "--all", "--filter", f"network={self.project}_default", "--format", form)
        left = [line.strip() for line in listed.splitlines() if len(line.split()) == 1]
        if left:
            _docker("rm", "--force", *left)


def variables(ports: Ports, project: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What docker-compose.yml reads of the environment."""
    return {
        "AWS_PORT": str(ports.aws),
        "DB_PORT": str(ports.db),
        "COMPOSE_PROJECT_NAME": project,
        "DOCKER_SOCKET": engine_socket(environ.get("DOCKER_SOCKET"), environ.get("DOCKER_HOST")),
    }


def project_of(folder: Path) -> str:
    """A name for the stack of a folder: two checkouts are two stacks."""
    return f"loans-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"


def engine_socket(wanted: str | None, host: str | None) -> str:
    """The engine's socket on this machine, which LocalStack gets: as told, or that of DOCKER_HOST, or Docker's own."""
    if wanted:
        return wanted
    return host.removeprefix("unix://") if host and host.startswith("unix://") else "/var/run/docker.sock"


def states_of(listed: str) -> dict[str, dict[str, Any]]:
    """The services of `docker compose ps --format json` by name: a line each, or one array before Compose 2.21."""
    found = json.loads(listed) if listed.lstrip().startswith("[") else map(json.loads, listed.splitlines())
    return {service["Service"]: service for service in found}


def _server(name: str, states: dict[str, dict[str, Any]]) -> Server:
    state = states.get(name, {})
    detail = " ".join(filter(None, (state.get("State"), state.get("Health")))) or "stopped"
    published = {each.get("PublishedPort", 0) for each in state.get("Publishers") or []} - {0}
    return Server(name, state.get("State") == "running", detail, published)


def _docker(*arguments: str) -> str:
    return _run(["docker", *arguments], f"docker {arguments[0]}")


def _run(command: Sequence[str], name: str) -> str:
    lacks = docker_lacks()
    if lacks:
        raise CommandError(f"{lacks} Nothing was changed; LAUNCHER=native does without Docker.")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines()
        raise CommandError(
            f"{name} failed: {words[-1] if words else 'no message'} "
            "`make logs` may say more; LAUNCHER=native does without Docker."
        )
    return done.stdout
