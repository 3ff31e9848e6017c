"""The stack comes up, goes down, and is removed, by the launcher that it runs with or that this machine allows."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from chalicelib.storage import customers
from chalicelib.storage.paging import Cursor
from infra.local.docker import NO_COMPOSE, Docker, docker_lacks
from infra.local.launcher import Endpoints, Launcher
from infra.local.native import Native
from infra.local.portfolio import count, reading
from infra.local.provision import provision
from infra.local.seeding import workbooks_in
from infra.local.settings import Home, Ports, StackFile
from infra.local.steps import Steps
from infra.terminal import CommandError

NOT_UP = "The stack is not up; `make up` starts it."


def bring_up(home: Home, ports: Ports, data: Path) -> None:
    """Starts, deploys and seeds; says where everything is. What it started, it stops if it fails."""
    workbooks_in(data)  # raises before anything is started
    steps = Steps()
    with alone(home):
        launcher = choose_launcher(home, ports)
        steps(f"Starting LocalStack and Postgres ({launcher.name})")
        started = launcher.start()
        try:
            home.remember(launcher.name, ports)
            steps.done()
            click.echo(f"Started {' and '.join(started)}." if started else "The servers run already.")
            stack = provision(home, launcher.endpoints(), data, steps)
        except BaseException:
            if started:
                home.stack_file.unlink(missing_ok=True)
                launcher.stop(started)
            raise
        _welcome(stack, steps)


def deploy_to(home: Home, endpoints: Endpoints, data: Path) -> None:
    """Deploys and seeds on servers that run already: the deployer service of docker-compose.yml."""
    steps = Steps()
    home.folder.mkdir(parents=True, exist_ok=True)
    _welcome(provision(home, endpoints, data, steps), steps)


def stop(home: Home) -> None:
    """Stops both servers; the data stays."""
    with alone(home):
        choose_launcher(home, home.ports()).stop()
        home.stack_file.unlink(missing_ok=True)


def erase(home: Home) -> None:
    """Stops both servers and removes their data."""
    with alone(home):
        choose_launcher(home, home.ports()).erase()
        for file in (home.stack_file, home.unfinished_seed, home.launcher_file):
            file.unlink(missing_ok=True)


def choose_launcher(home: Home, ports: Ports) -> Launcher:
    """The launcher of the stack there is, whatever engine has come or gone since; for a new one see `_usual_launcher`.

    `LAUNCHER=native|docker` decides if nothing runs. Raises CommandError if it names another than what runs.
    """
    wanted = os.environ.get("LAUNCHER", "")
    if wanted not in ("", "native", "docker"):
        raise CommandError(f"LAUNCHER must be native or docker. Invalid value: {wanted!r}.")
    # A stack that was started before launchers were remembered can only be seen to run.
    remembered = home.launcher() or ("native" if _runs("native", home, ports) else "")
    if wanted and remembered and wanted != remembered and _runs(remembered, home, ports):
        raise CommandError(
            f"The stack runs with LAUNCHER={remembered}, so LAUNCHER={wanted} cannot be used; "
            f"leave it out, or `make down LAUNCHER={remembered}` first."
        )
    return _launcher(wanted or remembered or _usual_launcher(), home, ports)


def _launcher(name: str, home: Home, ports: Ports) -> Launcher:
    return Native(home, ports) if name == "native" else Docker(home, ports)


def _runs(name: str, home: Home, ports: Ports) -> bool:
    # An engine that went away has taken its containers with it.
    with contextlib.suppress(CommandError):
        return any(server.is_running for server in _launcher(name, home, ports).servers())
    return False


def _usual_launcher() -> str:
    """Docker if an engine and Compose answer, processes otherwise."""
    lacks = docker_lacks()
    if lacks == NO_COMPOSE:
        # Whoever has an engine expects the stack in it.
        print(f"{lacks} The stack runs without Docker.", file=sys.stderr)
    return "native" if lacks else "docker"


def running_stack(home: Home) -> StackFile:
    """The stack that is up. Raises CommandError if none is."""
    if not all(server.is_running for server in choose_launcher(home, home.ports()).servers()):
        raise CommandError(NOT_UP)
    return home.read_stack()


@contextlib.contextmanager
def alone(home: Home) -> Iterator[None]:
    """Two commands that start and stop the same servers at once would leave them half-running. Raises CommandError."""
    home.folder.mkdir(parents=True, exist_ok=True)
    with (home.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError("Another make up, down or reset of this checkout is at work; wait for it.") from None
        yield


def _welcome(stack: StackFile, steps: Steps) -> None:
    with reading(stack.database_url) as connection:
        counts, first = count(connection), customers.listed(connection, cursor=Cursor(1)).rows
    click.echo(f"Up after {steps.seconds:.0f} s: {stack.api_url}/\n{counts}")
    for customer in first:
        # A line that works when pasted.
        body = f'{{"customer_id":{customer.customer_id},"loan_amount":100000,"interest_rate":12.5,"tenure":24}}'
        request = f"{stack.api_url}/check-eligibility/ -H 'Content-Type: application/json' -d '{body}'"
        click.echo(f"Try:\ncurl -X POST {request}")
