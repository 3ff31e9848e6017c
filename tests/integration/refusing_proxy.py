"""A proxy that takes clients as RDS Proxy does: whoever asks for a setting of the session is refused.

What it forbids was reported by those who ran into it: "RDS Proxy currently doesn't support command-line options".
"""

import socket
import struct
import threading
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

TAKEN = {"user", "database", "application_name", "client_encoding"}
VERSION_3, SSL_REQUEST = 196_608, 80_877_103
SENTENCE = "Feature not supported: RDS Proxy currently doesn't support command-line options."


class RefusingProxy:
    """Listens on a port of its own while it is open."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._admit, args=(client,), daemon=True).start()

    def _admit(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError), closing(client):
            startup = read_startup(client)
            if version_of(startup) == SSL_REQUEST:
                # Without TLS, which is not what is tried here.
                client.sendall(b"N")
                startup = read_startup(client)
            if not set(parameters_of(startup)) <= TAKEN:
                client.sendall(refusal(SENTENCE))
                return
            with closing(socket.create_connection(("127.0.0.1", self._server_port))) as server:
                server.sendall(startup)
                threading.Thread(target=pump, args=(server, client), daemon=True).start()
                pump(client, server)


def read_startup(client: socket.socket) -> bytes:
    """The first message of a client, which has a length but no type (PostgreSQL's protocol, 54.7, StartupMessage)."""
    length = _exactly(client, 4)
    return length + _exactly(client, struct.unpack("!i", length)[0] - 4)


def version_of(startup: bytes) -> int:
    """The version of the protocol, or a number that stands for a request."""
    version: int = struct.unpack_from("!i", startup, 4)[0]
    return version


def parameters_of(startup: bytes) -> dict[str, str]:
    """What a client asks for in its first message, by name."""
    assert version_of(startup) == VERSION_3
    words = startup[8:].decode().split("\0")
    return dict(zip(words[:-2:2], words[1:-2:2], strict=True))


def refusal(sentence: str) -> bytes:
    """An ErrorResponse that ends the connection."""
    fields = "".join(f"{kind}{value}\0" for kind, value in (("S", "FATAL"), ("C", "0A000"), ("M", sentence)))
    body = fields.encode() + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body


def pump(source: socket.socket, target: socket.socket) -> None:
    """Hands on what one side says until it hangs up."""
    with suppress(OSError):
        while received := source.recv(65_536):
            target.sendall(received)


def _exactly(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = client.recv(size - len(received))
        if not more:
            raise EOFError
        received += more
    return received
