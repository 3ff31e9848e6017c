"""Programs that run on in the background, and what is asked of the ports they want."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra.local.follow_logs import Tail, follow_files
from infra.local.launcher import require_free
from infra.local.native import Native
from infra.local.processes import Daemon
from infra.local.running import choose_launcher
from infra.local.settings import Home, Ports, StackFile
from infra.terminal import CommandError
from tests.support.patience import wait_until
from tests.support.settings import PROJECT

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(3600)"
)
POLITE = "import time; print('on', flush=True); time.sleep(3600)"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    found = Daemon(tmp_path / "state" / "sleeper.pid", tmp_path / "logs" / "sleeper.log")
    yield found
    found.stop(patience_seconds=0)


def start(daemon: Daemon, program: str) -> int:
    daemon.start([sys.executable, "-c", program], dict(os.environ))
    wait_until(daemon.log.read_text, "the first word of the program")
    pid = daemon.pid()
    assert pid is not None
    return pid


def test_a_program_runs_until_it_is_stopped(daemon: Daemon) -> None:
    assert daemon.pid() is None
    pid = start(daemon, POLITE)
    assert psutil.Process(pid).is_running()
    daemon.stop()
    assert daemon.pid() is None
    assert not psutil.pid_exists(pid)


def test_a_program_that_nobody_could_find_again_does_not_run_on(daemon: Daemon) -> None:
    daemon.pid_file.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        daemon.start(["/bin/sleep", "3600"], {})
    wait_until(lambda: all(each.status() == psutil.STATUS_ZOMBIE for each in psutil.Process().children()), "its end")
    daemon.pid_file.rmdir()


def test_a_program_that_will_not_end_is_made_to(daemon: Daemon) -> None:
    start(daemon, STUBBORN)
    daemon.stop(patience_seconds=0.3)
    assert daemon.pid() is None


def test_stopping_what_does_not_run_is_harmless(daemon: Daemon) -> None:
    daemon.stop()
    daemon.stop()


def test_a_program_that_died_does_not_run(daemon: Daemon) -> None:
    os.kill(start(daemon, POLITE), signal.SIGKILL)
    wait_until(lambda: daemon.pid() is None, "the end of the program")


def test_a_process_that_was_given_the_same_number_later_is_left_alone(daemon: Daemon) -> None:
    daemon.pid_file.parent.mkdir(parents=True)
    daemon.pid_file.write_text(f"{os.getpid()} 1.0\n")
    assert daemon.pid() is None
    daemon.stop()


@pytest.mark.parametrize("content", ["", "12", "one two", "1 2 3", "{}"])
def test_a_damaged_pid_file_means_that_nothing_runs(daemon: Daemon, content: str) -> None:
    daemon.pid_file.parent.mkdir(parents=True)
    daemon.pid_file.write_text(content)
    assert daemon.pid() is None


def test_a_port_in_use_is_named_with_the_variable_that_changes_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is in use.*make up AWS_PORT="):
            require_free(port, "up", "AWS_PORT")


def test_the_launcher_is_chosen_by_its_name_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUNCHER", "native")
    assert isinstance(choose_launcher(Home(tmp_path), Ports()), Native)
    monkeypatch.setenv("LAUNCHER", "podman")
    with pytest.raises(CommandError, match="podman"):
        choose_launcher(Home(tmp_path), Ports())


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Puts a program docker into the path whose engine answers or does not; no container runs."""
    monkeypatch.delenv("LAUNCHER", raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    def install(answers: bool) -> None:
        program = tmp_path / "bin" / "docker"
        program.write_text(f"#!/bin/sh\nexit {0 if answers else 1}\n")
        program.chmod(0o755)

    return install


def test_a_stack_is_found_by_the_launcher_that_started_it_whatever_engine_comes_or_goes(
    tmp_path: Path, engine: Callable[[bool], None]
) -> None:
    home = Home(tmp_path / "state")
    engine(True)
    assert choose_launcher(home, Ports()).name == "docker"
    home.remember("native", Ports())
    assert choose_launcher(home, Ports()).name == "native"
    home.remember("docker", Ports())
    engine(False)
    assert choose_launcher(home, Ports()).name == "docker"


def test_a_stack_that_runs_is_found_also_if_nobody_noted_how_it_was_started(
    tmp_path: Path, engine: Callable[[bool], None]
) -> None:
    engine(True)
    native = Native(Home(tmp_path / "state"), Ports())
    start(native.localstack, POLITE)
    try:
        assert choose_launcher(native.home, Ports()).name == "native"
    finally:
        native.localstack.stop(patience_seconds=0)


def test_a_launcher_that_contradicts_what_runs_is_refused_and_one_that_contradicts_what_ran_is_taken(
    tmp_path: Path, engine: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(True)
    native = Native(Home(tmp_path / "state"), Ports())
    native.home.remember("native", Ports())
    monkeypatch.setenv("LAUNCHER", "docker")
    assert choose_launcher(native.home, Ports()).name == "docker"
    start(native.localstack, POLITE)
    try:
        with pytest.raises(CommandError, match=r"runs with LAUNCHER=native, so LAUNCHER=docker cannot.*make down"):
            choose_launcher(native.home, Ports())
    finally:
        native.localstack.stop(patience_seconds=0)


def test_ports_and_addresses_are_remembered(tmp_path: Path) -> None:
    home = Home(tmp_path / "state")
    assert home.ports() == Ports()
    home.remember("native", Ports(1, 2))
    assert home.ports() == Ports(1, 2)
    with pytest.raises(CommandError, match="make up"):
        home.read_stack()
    stack = StackFile("a", "b", "c", "d", "e", "f", "g", "h")
    home.write_stack(stack)
    assert home.read_stack() == stack


NO_ROOM_LEFT = """
import resource, sys
from pathlib import Path
from infra.local.settings import Home, Ports
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
Home(Path(sys.argv[1])).remember("native", Ports(3, 4))
"""


def test_what_is_remembered_stays_if_there_is_no_room_for_the_new(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.remember("native", Ports(1, 2))
    done = subprocess.run([sys.executable, "-c", NO_ROOM_LEFT, str(tmp_path)], cwd=PROJECT, capture_output=True)
    assert b"OSError" in done.stderr
    assert (home.launcher(), home.ports()) == ("native", Ports(1, 2))


def test_a_command_tells_in_a_sentence_what_the_machine_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "infra.local", "--state", str(tmp_path / "file" / "state"), "down"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.fullmatch(r"Error: This machine refused: .*Not a directory: .*/file/state'\.\n", done.stderr)


def test_a_log_is_followed_from_its_end_through_growth_and_renewal(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    tail = Tail(path)
    assert tail.new_lines() == []
    path.write_text("one\ntwo\nthr")
    assert tail.new_lines() == ["one", "two"]
    with path.open("a") as file:
        file.write("ee\n")
    assert tail.new_lines() == ["three"]
    path.write_text("new\n")
    assert tail.new_lines() == ["new"]


def test_every_line_says_which_log_it_is_from(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("first\n")
    (tmp_path / "b.log").write_text('{"event": "request", "status": 500}\n')
    out = io.StringIO()

    def files() -> list[Path]:
        return sorted(tmp_path.glob("*.log"))

    threading.Thread(target=follow_files, args=(files, out), daemon=True).start()
    wait_until(lambda: len(out.getvalue().splitlines()) == 2, "a line of each log")
    assert [line.split("|")[0].strip() for line in out.getvalue().splitlines()] == ["a", "b"]
    # Colours are for a terminal.
    assert "500" in out.getvalue()
    assert "\x1b" not in out.getvalue()
