"""Commands that are interrupted: they clean up once, say so, and leave nothing behind that they started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.support.patience import wait_until
from tests.support.settings import PROJECT

# A command with something to clean up, which takes a while.
COMMAND = """
import time
import click
from infra.terminal import Telling

@click.group(cls=Telling)
def main():
    pass

@main.command()
def work():
    try:
        print("at work", flush=True)
        time.sleep(3600)
    finally:
        time.sleep(0.5)
        print("cleaned up", flush=True)

main()
"""

FOLLOW_LOGS = """
import sys
from pathlib import Path
from infra.local.settings import Home
from infra.local.__main__ import main
main(["--state", sys.argv[1], "logs"])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_told_to_end_again_and_again_cleans_up_once_and_says_so(number: signal.Signals) -> None:
    command = [sys.executable, "-c", COMMAND, "work"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        while process.poll() is None:
            process.send_signal(number)
            time.sleep(0.01)
        said = process.stdout.read()
    assert said.splitlines()[:1] == ["cleaned up"], said
    assert said.splitlines()[1].startswith("Interrupted"), said
    assert "Traceback" not in said
    assert process.returncode == 130


def test_following_the_logs_of_docker_ends_what_it_started(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\ncase "$*" in *logs*) echo "one | line"; exec sleep 3600;; esac\n')
    docker.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "LAUNCHER": "docker"}
    command = [sys.executable, "-c", FOLLOW_LOGS, str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "line" in process.stdout.readline()
        (follower,) = psutil.Process(process.pid).children()
        process.terminate()
    assert process.returncode == 0
    wait_until(lambda: not psutil.pid_exists(follower.pid), "the end of docker compose logs")
