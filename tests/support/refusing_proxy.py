"""A proxy that takes clients as RDS Proxy does: whoever asks for a setting of the session is refused.

What it forbids was reported by those who ran into it: "RDS Proxy currently doesn't support command-line options".
"""

import socket
import struct
import threading
from contextlib import closing, suppress

from bench.listener import CHUNK, Listener

TAKEN = {"user", "database", "application_name", "client_encoding"}
VERSION_3, SSL_REQUEST = 196_608, 80_877_103
SENTENCE = "Feature not supported: RDS Proxy currently doesn't support command-line options."


class RefusingProxy(Listener):
    """Hands on what was not refused."""

    def admit(self, client: socket.socket) -> None:
        """Lets a client through to the server, unless it asks for a setting."""
        with suppress(OSError, EOFError), closing(client):
            startup = read_startup(client)
            if version_of(startup) == SSL_REQUEST:
                # Without TLS, which is not what is tried here.
                client.sendall(b"N")
                startup = read_startup(client)
            if not set(parameters_of(startup)) <= TAKEN:
                client.sendall(refusal(SENTENCE))
                return
            with closing(socket.create_connection(("127.0.0.1", self.server_port))) as server:
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
        while received := source.recv(CHUNK):
            target.sendall(received)


def _exactly(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = client.recv(size - len(received))
        if not more:
            raise EOFError
        received += more
    return received
