"""The secret scan of `make check` finds what must not be committed, in a file that somebody adds."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.rules.tokens import new_key, new_session, renewed_key
from tests.support.settings import PROJECT

RANDOM = "wJalrXUtnFEMIK7MDENGbPxRfiCYzQ"


def scan_command() -> list[str]:
    """The scan as the Makefile has it, with this Python."""
    asked = 'print-scan:;@printf \'%s\' "$(subst ",\\",$(SCAN))"'
    said = subprocess.run(
        ["make", "--no-print-directory", "--eval", asked, "print-scan", f"PYTHON={sys.executable}"],
        cwd=PROJECT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [sys.executable, *shlex.split(said.stdout)[1:]]


@pytest.fixture(scope="module")
def scan() -> list[str]:
    return scan_command()


def found(scan: list[str], folder: Path, text: str, *more: str) -> bool:
    planted = folder / "planted.py"
    planted.write_text(text)
    ended = subprocess.run([*scan, *more, str(planted)], cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode in (0, 1), ended.stderr
    assert (ended.returncode == 1) is ("planted.py:1" in ended.stdout), ended.stdout + ended.stderr
    return ended.returncode == 1


@pytest.mark.parametrize(
    "token", [new_key().text, renewed_key("abcdefghijkm").text, new_session().text], ids=["key", "renewed", "session"]
)
@pytest.mark.parametrize(
    "line", ["{}", "KEY={}", "curl -H 'X-API-Key: {}' $API", 'headers = {{"Authorization": "Bearer {}"}}']
)
def test_credentials_of_this_service_are_found_in_any_file(
    scan: list[str], tmp_path: Path, line: str, token: str
) -> None:
    assert found(scan, tmp_path, line.format(token) + "\n", "--disable-plugin", "KeywordDetector")


@pytest.mark.parametrize(
    "line",
    [
        f'aws_secret_access_key = "{RANDOM}"',
        f'DATABASE_PASSWORD = "{RANDOM}"',
        f'{{"password": "{RANDOM}"}}',
        f'api_key = "{RANDOM}"',
        f"postgresql://loans_app:{RANDOM}@database:5432/loans",
    ],
)
def test_what_is_assigned_to_a_password_is_found_outside_the_tests(scan: list[str], tmp_path: Path, line: str) -> None:
    assert found(scan, tmp_path, line + "\n")


@pytest.mark.parametrize(
    "line",
    [
        "lk_k7wq…_…",
        "lk_<12 characters, its public id>_<43 characters>",
        "details_of_what_a_name_may_be_when_it_goes_on_and_on_for_long",
        'password = "password"',
        "password = read_password()",
    ],
)
def test_what_is_no_secret_is_left_alone(scan: list[str], tmp_path: Path, line: str) -> None:
    assert not found(scan, tmp_path, line + "\n")
