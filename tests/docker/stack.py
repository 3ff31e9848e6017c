"""What `docker compose up` runs on ports of its own, under a name of its own."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.docker.both_ways import Service
from tests.docker.engine import Engine
from tests.support.patience import PATIENCE_SECONDS
from tests.support.settings import PROJECT

NAME = "loans-journey"
NOTHING = {"containers": "", "volumes": "", "networks": ""}


@dataclass(frozen=True)
class Stack:
    """A stack of the engine; `state` is what is `.local` to another one."""

    engine: Engine
    state: Path
    aws: int
    db: int

    @property
    def environment(self) -> dict[str, str]:
        ports = {"AWS_PORT": str(self.aws), "DB_PORT": str(self.db)}
        return {**self.engine.environment, **ports, "COMPOSE_PROJECT_NAME": NAME, "LAUNCHER": "docker"}

    @property
    def service(self) -> Service:
        """It as its clients see it."""
        aws = f"http://localhost:{self.aws}"
        database_url = f"postgresql://loans:loans@127.0.0.1:{self.db}/loans"
        return Service(f"{aws}/_aws/execute-api/loans/local/api", aws, database_url)

    def compose(self, *arguments: str) -> str:
        return self._run("docker", "compose", "--project-directory", str(PROJECT), *arguments)

    def local(self, *arguments: str) -> str:
        """A command of the Makefile."""
        return self._run(sys.executable, "-m", "infra.local", "--state", str(self.state), *arguments)

    def _run(self, *command: str) -> str:
        began = time.monotonic()
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        words = " ".join(command[-3:])
        print(f"{time.monotonic() - began:5.0f} s  {words}", file=sys.__stderr__, flush=True)
        assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def up(self) -> None:
        """`docker compose up`, until the deployer has ended well; shows its steps with their times."""
        self.compose("up", "--detach")
        try:
            self.compose("wait", "deployer")
        except AssertionError:
            print(self.compose("logs", "--tail", "60"), file=sys.__stderr__, flush=True)
            raise
        print(self.compose("logs", "--no-log-prefix", "deployer"), file=sys.__stderr__, flush=True)

    def remains(self) -> dict[str, str]:
        """What the engine still has with the stack's name, or beside it."""
        filters = ["--filter", f"name={NAME}"]
        return {
            "containers": self.engine.docker("ps", "--all", "--quiet"),
            "volumes": self.engine.docker("volume", "ls", "--quiet", *filters),
            "networks": self.engine.docker("network", "ls", "--quiet", *filters),
        }

    def sweep(self) -> None:
        """Removes it, whatever state it is in."""
        containers = self.engine.docker("ps", "--all", "--quiet").split()
        if containers:
            self.engine.docker("rm", "--force", "--volumes", *containers)
        self.compose("down", "--volumes", "--remove-orphans")
