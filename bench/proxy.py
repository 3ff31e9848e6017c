"""A proxy between the service and Postgres that counts the round trips on the wire, and can make each take longer."""

import contextlib
import socket
import threading
import time

from bench.listener import CHUNK, Listener


class CountingProxy(Listener):
    """A round trip is a burst of the client that the server answers; `answers` are the pieces that those come in."""

    def __init__(self, server_port: int, latency_seconds: float = 0) -> None:
        super().__init__(server_port)
        self._latency = latency_seconds
        self.round_trips = 0
        self.answers = 0

    def admit(self, client: socket.socket) -> None:
        """Hands on what both sides say, and counts."""
        with client, socket.create_connection(("127.0.0.1", self.server_port)) as server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answered = threading.Event()
            answered.set()
            threading.Thread(target=self._send_back, args=(server, client, answered), daemon=True).start()
            with contextlib.suppress(OSError):
                while received := client.recv(CHUNK):
                    if answered.is_set():
                        answered.clear()
                        self.round_trips += 1
                        if self._latency:
                            time.sleep(self._latency)
                    server.sendall(received)

    def _send_back(self, server: socket.socket, client: socket.socket, answered: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while received := server.recv(CHUNK):
                answered.set()
                self.answers += 1
                client.sendall(received)
