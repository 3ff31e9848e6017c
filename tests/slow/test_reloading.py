"""`make dev`: what is watched, and that a change is taken up by a new process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.reloading import moments
from tests.support.patience import wait_until
from tests.support.settings import PROJECT

PROGRAM = """
import sys
from pathlib import Path
from infra.terminal import end_like_ctrl_c
from infra.local.reloading import run_and_reload
end_like_ctrl_c()
root = Path(sys.argv[1])
run_and_reload([sys.executable, "app.py"], {}, root)
"""
# What it runs says its version, and stays unless it is broken.
APP = "open('said', 'a').write('{}\\n')\nimport time\ntime.sleep(3600)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("chalicelib/console", "chalicelib/__pycache__", ".chalice/deployments", ".local/postgres", "tests"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "app.py").write_text(APP.format("first"))
    return tmp_path


@pytest.fixture
def reloading(project: Path) -> Iterator[Path]:
    command = [sys.executable, "-c", PROGRAM, str(project)]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: said(project) == ["first"], "the first start")
            yield project
        finally:
            process.terminate()


def said(project: Path) -> list[str]:
    file = project / "said"
    return file.read_text().split() if file.exists() else []


@pytest.mark.parametrize("name", ["app.py", "chalicelib/a.py", "chalicelib/console/page.html", ".chalice/config.json"])
def test_a_file_of_the_application_is_watched(project: Path, name: str) -> None:
    before = moments(project)
    (project / name).write_text("new")
    assert moments(project) != before


@pytest.mark.parametrize(
    "name",
    [".local/postgres/1", "tests/test.py", "README.md", "chalicelib/__pycache__/a.pyc", ".chalice/deployments/x.zip"],
)
def test_nothing_else_is_watched(project: Path, name: str) -> None:
    before = moments(project)
    (project / name).write_text("new")
    assert moments(project) == before


def test_a_file_that_goes_is_a_change(project: Path) -> None:
    before = moments(project)
    (project / "app.py").unlink()
    assert moments(project) != before


def test_a_change_is_taken_up_also_after_one_that_broke_the_program(reloading: Path) -> None:
    (reloading / "app.py").write_text("a fault (")
    (reloading / "chalicelib" / "new.py").write_text("")
    (reloading / "app.py").write_text(APP.format("second"))
    wait_until(lambda: said(reloading)[-1] == "second", "the second start")
