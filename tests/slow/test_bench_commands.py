"""What the programs of bench/ say to a call that they cannot follow, and what they leave when they are ended."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.patience import PATIENCE_SECONDS, wait_until
from tests.support.settings import PROJECT


def test_a_call_that_cannot_be_profiled_is_told_with_those_that_can() -> None:
    command = [sys.executable, "-m", "bench.profiling", "registr"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "there is no call 'registr'; there are 'register', 'check-eligibility', " in done.stderr
    # One name has a comma in it.
    assert ", 'view-loans, serviced', " in done.stderr


def test_a_profile_that_is_ended_leaves_no_server_behind() -> None:
    # Not below pytest's folder, which is locked to the user of Postgres.
    with tempfile.TemporaryDirectory(prefix="loans-test-") as folder:
        Path(folder).chmod(0o755)
        command = [sys.executable, "-m", "bench.profiling", "register"]
        with subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "TMPDIR": folder}) as profile:
            wait_until(lambda: list(Path(folder).glob("*/data/postmaster.pid")), "the server of the profile")
            profile.terminate()
            profile.wait(PATIENCE_SECONDS)
        assert not list(Path(folder).iterdir())
