"""The engine of this run with the stand-ins in it."""

import sys
from collections.abc import Iterator

import pytest

from tests.docker import standins
from tests.docker.engine import CACHE, Engine, NoEngine, engine_of_its_own


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        with engine_of_its_own() as running:
            standins.build(running, lambda step: print(step, file=sys.__stderr__, flush=True))
            yield running
    except NoEngine as reason:
        pytest.skip(f"Docker was not tested: {reason}")
