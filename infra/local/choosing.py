"""Which launcher a stack has: the one it runs with, the one that is wanted, or the one that this machine allows."""

import contextlib
import os
import sys

from infra.local.docker import NO_COMPOSE, Docker, docker_lacks
from infra.local.launcher import Launcher
from infra.local.native import Native
from infra.local.settings import Home, Ports
from infra.terminal import CommandError


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
