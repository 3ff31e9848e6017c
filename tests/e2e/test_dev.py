"""`make dev` beside a stack that has traffic: it answers throughout, and takes up a change of the application."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support import plain_http
from tests.support.patience import patiently
from tests.support.ports import free_port
from tests.support.settings import DATA, PROJECT
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e

REQUESTS, PAUSE_SECONDS = 100, 0.3
SENTENCE, CHANGED = "There is no customer", "Nobody here is customer"


@dataclass(frozen=True)
class Dev:
    """`make dev` in a copy of the project, whose files a test may change."""

    project: Path
    url: str

    def get(self, path: str) -> requests.Response:
        return plain_http.get(f"{self.url}{path}")

    def change(self) -> None:
        """Says another sentence where there is no such customer."""
        for path in (self.project / "chalicelib").rglob("*.py"):
            if SENTENCE in (source := path.read_text()):
                path.write_text(source.replace(SENTENCE, CHANGED))

    def litter(self, number: int) -> None:
        """Writes what Postgres, LocalStack and the tests write below the folder of a checkout."""
        for folder in (".local/logs", ".local/postgres/data", "tests"):
            (self.project / folder).mkdir(parents=True, exist_ok=True)
            (self.project / folder / f"file{number}.py").write_text(str(number))

    def answers(self, path: str) -> requests.Response:
        """The answer, as soon as there is one."""
        for _ in patiently("chalice local"):
            try:
                return self.get(path)
            except requests.ConnectionError:
                continue
        raise AssertionError


@pytest.fixture
def dev(used_stack: Stack, tmp_path: Path) -> Iterator[Dev]:
    for name in ("app.py", "requirements.txt"):
        shutil.copy(PROJECT / name, tmp_path)
    for name in ("chalicelib", "infra", ".chalice"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    port, state = free_port(), str(used_stack.native.home.folder)
    command = [sys.executable, "-m", "infra.local", "--state", state, "dev", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        try:
            started = Dev(tmp_path, f"http://127.0.0.1:{port}/api")
            started.answers("/customers/1/")
            yield started
        finally:
            process.terminate()


def test_every_request_is_answered_while_the_stack_imports_and_a_change_is_taken_up(
    used_stack: Stack, dev: Dev
) -> None:
    uploaded = [used_stack.upload(path) for path in sorted(DATA.glob("*.xlsx"))]
    statuses = []
    for number in range(REQUESTS):
        dev.litter(number)
        statuses.append(dev.get("/customers/1/").status_code)
        time.sleep(PAUSE_SECONDS)
    assert statuses == [200] * REQUESTS
    assert [used_stack.wait_for_import(each).state for each in uploaded] == ["completed"] * 3

    assert SENTENCE in dev.answers("/customers/999999/").text
    dev.change()
    for _ in patiently("the changed sentence"):
        if CHANGED in dev.answers("/customers/999999/").text:
            return
