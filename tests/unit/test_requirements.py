"""What is installed is what was looked at: locked with hashes, and under licences that let us deploy it."""

import re
from importlib.metadata import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Whatever `make lock` writes.
LOCKED = re.findall(r" -o (\S+\.txt)$", (ROOT / "Makefile").read_text(), re.M)
PIN = re.compile(
    r"^([A-Za-z0-9][\w.-]*(?:\[[\w,-]+\])?)==([^\s;]+)( ;[^\\]*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M
)

# What may be deployed in closed source, with a notice at most: no GPL, AGPL or LGPL.
ALLOWED = re.compile(
    r"MIT( License)?|MIT-0|BSD.*|ISC|Apache.*|(The )?BSD.*|PSF.*|Python Software Foundation License|0BSD|Unlicense"
)


def pins(file: str) -> list[tuple[str, str]]:
    """The packages of a file that are pinned with hashes, and for which system."""
    return [(name, marker.strip(" ;")) for name, _, marker, _ in PIN.findall((ROOT / file).read_text())]


@pytest.mark.parametrize("file", LOCKED)
def test_every_requirement_is_locked_with_hashes(file: str) -> None:
    lines = (ROOT / file).read_text().splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith(("    --hash", "#"))]
    assert len(pins(file)) == len(wanted) > 0


def test_everything_is_installed_with_its_hash_checked() -> None:
    syncs = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pip sync" in line]
    assert len(syncs) == 3
    assert all("--require-hashes" in line for line in syncs)
    # The deployer of docker-compose.yml has no other.
    (installs,) = re.findall(r"uv pip install .*", (ROOT / "docker-compose.yml").read_text())
    assert "--require-hashes" in installs


def licences_of(name: str) -> list[str]:
    """What a package says of its licence: an SPDX expression, or else its classifiers, or else a word."""
    told = metadata(name)
    if expression := (told.get_all("License-Expression") or [""])[0]:
        return re.split(r" AND ", expression)
    classifiers = [each.split(" :: ")[-1] for each in told.get_all("Classifier") or [] if each.startswith("License ::")]
    named = [each for each in classifiers if each != "OSI Approved"]
    return named or [(told.get_all("License") or ["none"])[0].splitlines()[0]]


@pytest.mark.parametrize("name", [name for name, marker in pins("requirements.txt") if "win32" not in marker])
def test_what_is_deployed_has_a_licence_that_lets_us_deploy_it(name: str) -> None:
    for licence in licences_of(name):
        # Of several to choose from, one will do.
        choices = re.split(r" OR ", licence)
        assert any(ALLOWED.fullmatch(choice) for choice in choices), f"{name}: {licence}"


@pytest.mark.parametrize(
    "licence", ["GPL-3.0-only", "GNU Affero General Public License v3", "LGPL-3.0", "none", "Proprietary"]
)
def test_a_licence_that_asks_for_more_is_not_among_them(licence: str) -> None:
    assert not ALLOWED.fullmatch(licence)
