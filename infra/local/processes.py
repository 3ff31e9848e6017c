"""A program that runs on after the command that started it, known by a file with its process id."""

import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.terminal import patiently

# How long the system may take to end a process that is killed.
LAST_SECONDS = 15


@dataclass(frozen=True)
class Daemon:
    """The program whose process id lies in `pid_file`, and its output in `log`."""

    pid_file: Path
    log: Path

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Starts it in a session of its own, so that Ctrl-C in the terminal does not reach it.

        The first word of the command is the path of a program; the environment is all that it gets.
        """
        for file in (self.pid_file, self.log):
            file.parent.mkdir(parents=True, exist_ok=True)
        appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # Not subprocess, whose objects complain when they are dropped while the program still runs.
        pid = os.posix_spawn(
            command[0],
            list(command),
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.log), appending, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        try:
            self.pid_file.write_text(f"{pid} {psutil.Process(pid).create_time()}\n")
        except OSError:
            # On a full disk, say: nobody would find it again to stop it.
            os.killpg(pid, signal.SIGKILL)
            raise

    def pid(self) -> int | None:
        """Its process id, if it runs."""
        process = self._process()
        return process.pid if process else None

    def listens_at(self) -> set[int]:
        """The ports at which it listens."""
        process = self._process()
        connections = process.net_connections("tcp") if process else []
        return {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}

    def stop(self, patience_seconds: float = 15) -> None:
        """Asks it to end, then makes it, and waits for that. Harmless if it does not run."""
        process = self._process()
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
            if not _ends_within(process, patience_seconds):
                # Its children share its group, and may outlive a leader that is killed.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                _ends_within(process, LAST_SECONDS)
        self.pid_file.unlink(missing_ok=True)

    def _process(self) -> psutil.Process | None:
        try:
            pid, started = self.pid_file.read_text().split()
            process = psutil.Process(int(pid))
            # The number may meanwhile be that of somebody else's process.
            same = abs(process.create_time() - float(started)) < 1
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (OSError, ValueError, psutil.Error):
            return None


def _ends_within(process: psutil.Process, seconds: float) -> bool:
    return any(_has_ended(process) for _ in patiently(seconds, 0.05, 0.05))


def _has_ended(process: psutil.Process) -> bool:
    with contextlib.suppress(ChildProcessError):
        # Collects it if it is a child of ours; if it is not, its parent may leave it a zombie.
        os.waitpid(process.pid, os.WNOHANG)
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE
    return True
