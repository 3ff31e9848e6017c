"""What is deployed is compiled before: its modules are imported without their sources being read."""

import subprocess
import sys
import zipfile
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from infra.bytecode import add_bytecode
from infra.packaging import zip_digest

COMPILED = cache_from_source("shop/till.py")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def zipped(folder: Path, **modules: str) -> Path:
    """A zip with a package `shop` of these modules."""
    file = folder / "code.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("shop/__init__.py", "")
        for name, source in modules.items():
            archive.writestr(f"shop/{name}.py", source)
    return file


def names(file: Path) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        return archive.namelist()


def sum_of(folder: Path) -> str:
    """What `shop.till.SUM` is for a program that finds the package in this folder."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", "import shop.till; print(shop.till.SUM)"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_module_is_taken_as_it_was_compiled_and_its_source_is_not_looked_at(tmp_path: Path, kept: Path) -> None:
    file = zipped(tmp_path, till="SUM = 7")
    add_bytecode(file, kept)
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(unpacked)
    assert sum_of(unpacked) == "7"
    (unpacked / "shop" / "till.py").write_text("SUM = 8")
    assert sum_of(unpacked) == "7"
    (unpacked / COMPILED).unlink()
    assert sum_of(unpacked) == "8"


def test_what_was_compiled_before_is_kept_and_what_changed_is_compiled_anew(tmp_path: Path, kept: Path) -> None:
    add_bytecode(zipped(tmp_path, till="SUM = 7", door="OPEN = True"), kept)
    before = {file.name: file.stat().st_mtime_ns for file in kept.iterdir()}
    changed = zipped(tmp_path, till="SUM = 9", door="OPEN = True")
    add_bytecode(changed, kept)
    after = {file.name: file.stat().st_mtime_ns for file in kept.iterdir()}
    assert len(before) == len(after) == 3
    assert len(before.items() & after.items()) == 2
    with zipfile.ZipFile(changed) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert sum_of(tmp_path / "unpacked") == "9"


def test_the_same_source_is_compiled_to_the_same_bytes(tmp_path: Path) -> None:
    source = "KNOWN = {word for word in ()} | {'a', 'b'}\ndef known(word):\n    return word in {'x', 'y', 'z'}\n"
    made = []
    for attempt in range(3):
        kept = tmp_path / str(attempt)
        add_bytecode(zipped(tmp_path, till=source), kept)
        made.append({file.name: file.read_bytes() for file in kept.iterdir()})
    assert made[0] == made[1] == made[2]


def test_a_source_that_cannot_be_compiled_stays_as_it_is(tmp_path: Path, kept: Path) -> None:
    file = zipped(tmp_path, till="print 'in the words of another Python'")
    add_bytecode(file, kept)
    assert "shop/till.py" in names(file)
    assert COMPILED not in names(file)


def test_the_digest_of_a_zip_is_that_of_its_sources(tmp_path: Path, kept: Path) -> None:
    file = zipped(tmp_path, till="SUM = 7")
    before = zip_digest(file)
    add_bytecode(file, kept)
    assert COMPILED in names(file)
    assert zip_digest(file) == before
