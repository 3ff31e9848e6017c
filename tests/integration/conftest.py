"""S3 and SQS in this process, by moto, for the tests that import."""

from collections.abc import Iterator

import pytest

from tests.support.aws import Aws, aws_for_imports


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Aws]:
    with aws_for_imports(monkeypatch, database_url) as made:
        yield made
