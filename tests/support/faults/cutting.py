"""A proxy between the workers and Postgres that cuts connections where it hurts."""

import random
import socket
import threading
import time
from collections import Counter
from contextlib import suppress

from bench.listener import CHUNK, Listener

COMMIT = b"COMMIT\0"
OUTAGE_SECONDS = 0.05


class CuttingProxy(Listener):
    """Passes everything on until the shares say how many bursts or commits do not come through."""

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self.cut_statements = 0.0
        self.cut_answers_to_commit = 0.0
        self.outages_after_commit = 0.0
        self._away_until = 0.0
        self.cuts: Counter[str] = Counter()

    def admit(self, client: socket.socket) -> None:
        """Hands on what both sides say, until it cuts."""
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self.server_port)) as server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            silent = threading.Event()
            threading.Thread(target=self._send_back, args=(server, client, silent), daemon=True).start()
            try:
                self._pass_on(client, server, silent)
            finally:
                # Closing alone would not end what the other thread waits for.
                for end in (server, client):
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        while received := client.recv(CHUNK):
            if COMMIT in received and random.random() < self.cut_answers_to_commit:
                # The server hears it and answers; nobody hears the answer.
                silent.set()
                server.sendall(received)
                self.cuts["answer to a commit"] += 1
            elif COMMIT in received and random.random() < self.outages_after_commit:
                server.sendall(received)
                self._away_until = time.monotonic() + OUTAGE_SECONDS
                self.cuts["all after a commit"] += 1
            elif time.monotonic() < self._away_until or random.random() < self.cut_statements:
                server.sendall(received[: len(received) // 2])
                self.cuts["statement"] += 1
                break
            else:
                server.sendall(received)

    def _send_back(self, server: socket.socket, client: socket.socket, silent: threading.Event) -> None:
        with suppress(OSError):
            while received := server.recv(CHUNK):
                if silent.is_set():
                    break
                client.sendall(received)
            client.shutdown(socket.SHUT_RDWR)
