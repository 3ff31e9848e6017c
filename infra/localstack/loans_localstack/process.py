"""One child process: messages of JSON to it and from it over a connection, and whatever it prints over a pipe.

Nobody has to end a child of a LocalStack that was killed: the connection closes with its parent.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Pipe, wait
from pathlib import Path
from typing import Any

CHUNK = 1 << 16


class Process:
    """A running child. One thread at a time may talk to it."""

    def __init__(self, command: Sequence[str], directory: Path, environment: Mapping[str, str], log_file: Path) -> None:
        self._connection, its_end = Pipe()
        with its_end:
            self._process = subprocess.Popen(
                [*command, str(its_end.fileno())],
                bufsize=0,
                cwd=directory,
                # The PATH is Lambda's own as far as it exists here.
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(its_end.fileno(),),
            )
        assert self._process.stdout is not None
        self._prints = self._process.stdout
        os.set_blocking(self._prints.fileno(), False)
        self._log_file = log_file
        self._log: list[bytes] = []

    def send(self, message: str) -> None:
        """Hands over a request. Raises EOFError if the process has ended."""
        try:
            self._connection.send_bytes(message.encode())
        except OSError:
            self._finish()
            raise EOFError from None

    def receive(self, deadline: float) -> bytes:
        """The next message of the child. Raises TimeoutError at `deadline` (monotonic seconds), and EOFError if it ends
        before it answers."""
        ready: list[Any] = []
        while self._connection not in ready:
            # A function may close its own output; a closed pipe is always ready and must not be asked again.
            sources: list[Any] = [self._connection] if self._prints.closed else [self._connection, self._prints]
            ready = wait(sources, max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            self._collect_prints()
        try:
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            self._finish()
            raise EOFError from None

    def write_log(self, text: str) -> None:
        """Adds lines of our own between those of the function."""
        self._keep(text.encode())

    def take_log(self) -> str:
        """What was written since the last call."""
        text, self._log = b"".join(self._log), []
        return text.decode(errors="replace")

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends it at once and waits until it is gone. Calling it twice is harmless."""
        self._process.kill()
        self._finish()

    def how_it_ended(self) -> str:
        """In Lambda's words: `signal: killed` or `exit status 1`."""
        code = self._process.wait()
        return f"signal: {signal.strsignal(-code) or -code}".lower() if code < 0 else f"exit status {code}"

    def peak_memory_mb(self) -> int:
        """The most memory the process has had resident, as far as the system tells; 0 if it does not."""
        with contextlib.suppress(OSError, StopIteration, ValueError):
            lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
            return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024
        return 0

    def _collect_prints(self) -> None:
        # None is that nothing was printed, b"" that nothing will be.
        while not self._prints.closed and (chunk := self._prints.read(CHUNK)) is not None:
            self._keep(chunk)
            if not chunk:
                self._prints.close()

    def _keep(self, text: bytes) -> None:
        self._log.append(text)
        with self._log_file.open("ab") as log:
            log.write(text)

    def _finish(self) -> None:
        self._process.wait()
        self._collect_prints()
        self._prints.close()
        self._connection.close()
