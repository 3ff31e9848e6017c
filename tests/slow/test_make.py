"""What the Makefile says by itself, and how its commands speak of its variables."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.settings import PROJECT


def make(*words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """What a person types, without the variables of the make that runs the tests."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "UV_", "XDG_"))}
    command = ["make", "--no-print-directory", *words]
    return subprocess.run(command, cwd=PROJECT, env=ours | environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "example"),
    [
        ("seed", "seed FILES=customers.xlsx"),
        ("superuser NAME=Asha", "superuser LOGIN=asha"),
        ("api-key ROLE=reader", "api-key NAME=shop"),
        ("api-key NAME=shop", "api-key ROLE=reader"),
        ("bench-beside OTHER=../x", "bench-beside OTHER_PYTHON=../other/.venv/bin/python"),
        *((each, f"{each} STAGE=dev") for each in ("database", "foundation", "deploy", "roll-back", "destroy")),
    ],
)
def test_a_target_without_what_it_needs_says_so_before_it_does_anything(words: str, example: str) -> None:
    done = make(*words.split())
    target, variable = example.split("=")[0].split()
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.endswith(f"make {target} needs {variable}, as in: make {example}.  Stop.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("local up --aws-port abc", "AWS_PORT: 'abc' is not a valid port."),
        ("local up --db-port 70000", "DB_PORT: 70000 is not in the range 1<=x<=65535."),
        ("local dev --port 0", "PORT: 0 is not in the range 1<=x<=65535."),
        ("local api-key shop reader --days many", "DAYS: 'many' is not a valid integer."),
        ("deploy dev --architecture mips", "ARCHITECTURE: 'mips' is not one of 'x86_64', 'arm64'."),
    ],
)
def test_a_value_that_is_wrong_is_named_as_at_make(words: str, sentence: str) -> None:
    module, command = ("infra.local", words[6:]) if words.startswith("local ") else ("infra", words)
    asked = [sys.executable, "-m", module, *command.split()]
    done = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Error: {sentence}\n"


def test_uv_keeps_what_it_fetched_in_this_folder_if_nobody_may_write_to_the_home_folder(tmp_path: Path) -> None:
    asked = ("-pn", "help")
    assert "UV_CACHE_DIR =" not in make(*asked, HOME=str(tmp_path)).stdout
    assert "UV_CACHE_DIR = $(CURDIR)/.local/uv-cache\n" in make(*asked, HOME="/proc/none").stdout


def test_what_was_installed_under_a_private_umask_is_for_the_user_of_postgres_to_read(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "requirements-dev.txt").touch()
    uv = tmp_path / ".local" / "uv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text("#!/bin/sh\nmkdir -p .venv/lib && touch .venv/lib/libpq.so\n")
    uv.chmod(0o755)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    (of_uv,) = re.findall("^UV_VERSION := (.+)$", (tmp_path / "Makefile").read_text(), re.MULTILINE)
    (uv.parents[1] / f"ready-{of_uv}-{version}").touch()

    made = ["make", "-C", str(tmp_path), f"PYTHON={sys.executable}", f".venv/ready-{version}"]
    done = subprocess.run(made, capture_output=True, text=True, umask=0o077, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".venv" / "lib").stat().st_mode & 0o005 == 0o005
    assert (tmp_path / ".venv" / "lib" / "libpq.so").stat().st_mode & 0o004
