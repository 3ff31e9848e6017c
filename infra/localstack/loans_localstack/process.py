"""One child process: lines of JSON to it and from it, and whatever it prints, over three pipes.

Nobody has to end a child of a LocalStack that was killed: the pipe it takes requests from closes with its parent.
"""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

CHUNK = 1 << 16


class Died(Exception):
    """The process ended before it answered."""


class TookTooLong(Exception):
    """The process did not answer in time; it still runs."""


class Process:
    """A running child. One thread at a time may talk to it."""

    def __init__(self, command: Sequence[str], directory: Path, environment: Mapping[str, str], log_file: Path) -> None:
        request_end, self._requests = os.pipe()
        self._answers, answer_end = os.pipe()
        self._prints, print_end = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command, str(request_end), str(answer_end)],
                cwd=directory,
                # The PATH is Lambda's own as far as it exists here.
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
                stdin=subprocess.DEVNULL,
                stdout=print_end,
                stderr=print_end,
                pass_fds=(request_end, answer_end),
            )
        finally:
            for end in (request_end, answer_end, print_end):
                os.close(end)
        os.set_blocking(self._prints, False)
        self._prints_open = True
        self._log_file = log_file
        self._received = b""
        self._log: list[bytes] = []
        self._closed = False

    def send(self, line: str) -> None:
        """Hands over a request. Raises Died."""
        waiting = memoryview(line.encode() + b"\n")
        try:
            while waiting:
                waiting = waiting[os.write(self._requests, waiting) :]
        except BrokenPipeError:
            self._finish()
            raise Died from None

    def receive(self, deadline: float) -> bytes:
        """The next line the child answers. Raises TookTooLong at `deadline` (monotonic seconds), or Died."""
        while b"\n" not in self._received:
            ready = self._wait(deadline)
            if not ready:
                raise TookTooLong
            if self._prints in ready:
                self._collect_prints()
            if self._answers in ready:
                self._collect_answer()
        self._collect_prints()
        line, _, self._received = self._received.partition(b"\n")
        return line

    def write_log(self, text: str) -> None:
        """Adds lines of our own between those of the function."""
        self._keep(text.encode())

    def take_log(self) -> str:
        """What was written since the last call."""
        text, self._log = b"".join(self._log), []
        return text.decode(errors="replace")

    def is_alive(self) -> bool:
        return not self._closed and self._process.poll() is None

    def kill(self) -> None:
        """Ends it at once and waits until it is gone. Calling it twice is harmless."""
        if not self._closed:
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

    def _wait(self, deadline: float) -> set[int]:
        # poll, because LocalStack may hold more descriptors than select can count.
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        if self._prints_open:
            poll.register(self._prints, select.POLLIN)
        return {end for end, _ in poll.poll(max(0.0, deadline - time.monotonic()) * 1000)}

    def _collect_answer(self) -> None:
        chunk = os.read(self._answers, CHUNK)
        if not chunk:
            self._process.wait()
            self._finish()
            raise Died
        self._received += chunk

    def _collect_prints(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._prints, CHUNK):
                self._keep(chunk)
            # A function may close its own output; a closed pipe is always ready and must not be asked again.
            self._prints_open = False

    def _keep(self, text: bytes) -> None:
        self._log.append(text)
        with self._log_file.open("ab") as log:
            log.write(text)

    def _finish(self) -> None:
        if self._closed:
            return
        self._process.wait()
        self._collect_prints()
        self._closed = True
        for end in (self._requests, self._answers, self._prints):
            os.close(end)
