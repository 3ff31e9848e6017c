"""What the proxies of benches and tests share: a port of their own, and a thread for each client."""

import socket
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK = 65_536


class Listener(ABC):
    """Listens on a port of its own while it is open, and hands each client to `admit`."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    @abstractmethod
    def admit(self, client: socket.socket) -> None:
        """Serves a client until it hangs up, in a thread of its own."""

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
                threading.Thread(target=self.admit, args=(client,), daemon=True).start()
