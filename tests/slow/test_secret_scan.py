"""The secret scan of `make check` finds what must not be committed, in a file that somebody adds."""

import shlex
import subprocess
import sys
from pathlib import Path

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


CREDENTIALS = [
    line.format(token)
    for token in (new_key().text, renewed_key("abcdefghijkm").text, new_session().text)
    for line in ("{}", "KEY={}", "curl -H 'X-API-Key: {}' $API", 'headers = {{"Authorization": "Bearer {}"}}')
]
ASSIGNED = [
    f'aws_secret_access_key = "{RANDOM}"',
    f'DATABASE_PASSWORD = "{RANDOM}"',
    f'{{"password": "{RANDOM}"}}',
    f'api_key = "{RANDOM}"',
    f"postgresql://loans_app:{RANDOM}@database:5432/loans",
]
HARMLESS = [
    "lk_k7wq…_…",
    "lk_<12 characters, its public id>_<43 characters>",
    "details_of_what_a_name_may_be_when_it_goes_on_and_on_for_long",
    'password = "password"',
    "password = read_password()",
]


def found(lines: list[str], folder: Path, *more: str) -> list[str]:
    """The lines in which the scan finds a secret, each in a file of its own."""
    files = {str(folder / f"{number}.py"): line for number, line in enumerate(lines)}
    for name, line in files.items():
        Path(name).write_text(f"{line}\n")
    ended = subprocess.run([*scan_command(), *more, *files], cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode in (0, 1), ended.stderr
    return [line for name, line in files.items() if f"{name}:1" in ended.stdout]


def test_credentials_of_this_service_are_found_in_any_file(tmp_path: Path) -> None:
    assert found(CREDENTIALS, tmp_path, "--disable-plugin", "KeywordDetector") == CREDENTIALS


def test_what_is_assigned_to_a_password_is_found_outside_the_tests_and_no_more(tmp_path: Path) -> None:
    assert found([*ASSIGNED, *HARMLESS], tmp_path) == ASSIGNED
