"""A proxy between the service and Postgres that counts the round trips on the wire, and can make each take longer."""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self

_CHUNK = 65_536


class CountingProxy:
    """Listens on a port of its own while it is open. A round trip is a burst of the client that the server answers."""

    def __init__(self, server_port: int, latency_seconds: float = 0) -> None:
        self._server_port = server_port
        self._latency = latency_seconds
        self.round_trips = 0
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
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._server_port)) as server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answered = threading.Event()
            answered.set()
            threading.Thread(target=self._send_back, args=(server, client, answered), daemon=True).start()
            with contextlib.suppress(OSError):
                while received := client.recv(_CHUNK):
                    if answered.is_set():
                        answered.clear()
                        self.round_trips += 1
                        if self._latency:
                            time.sleep(self._latency)
                    server.sendall(received)

    def _send_back(self, server: socket.socket, client: socket.socket, answered: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while received := server.recv(_CHUNK):
                answered.set()
                client.sendall(received)
