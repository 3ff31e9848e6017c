"""Ports of this machine for the servers of tests and benches."""

import contextlib
import secrets
import socket

# Below the ports that systems give to whoever connects to somewhere, of which one might be taken a moment later.
_CHOSEN_PORTS = range(10_000, 32_000)


def free_port() -> int:
    """A port that nothing listens on at this moment, and that nobody is given who does not ask for it by its number.

    Chosen by lot, so that two who ask at once hardly ever get the same.
    """
    while True:
        port = secrets.choice(_CHOSEN_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
