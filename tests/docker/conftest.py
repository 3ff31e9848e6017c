"""The engine of this run with the stand-ins in it, and a stack to start there."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker import standins
from tests.docker.engine import CACHE, Engine, NoEngine, engine_of_its_own
from tests.docker.stack import Stack
from tests.support.ports import free_port


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        with engine_of_its_own() as running:
            standins.build(running, lambda step: print(step, file=sys.__stderr__, flush=True))
            yield running
    except NoEngine as reason:
        pytest.skip(f"Docker was not tested: {reason}")


@pytest.fixture
def stack(engine: Engine, tmp_path: Path) -> Iterator[Stack]:
    made = Stack(engine, tmp_path / "state", free_port(), free_port())
    standins.run_functions(engine, "process")
    made.sweep()
    try:
        yield made
    finally:
        made.sweep()
