"""What the programs of bench/ say to a call that they cannot follow."""

import subprocess
import sys

from tests.support.settings import PROJECT


def test_a_call_that_cannot_be_profiled_is_told_with_those_that_can() -> None:
    command = [sys.executable, "-m", "bench.profiling", "registr"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "there is no call 'registr'; there are 'register', 'check-eligibility', " in done.stderr
    # One name has a comma in it.
    assert ", 'view-loans, serviced', " in done.stderr
