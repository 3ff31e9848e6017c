"""The whole application in this process: Chalice's own client in front, a real Postgres behind."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from argon2 import PasswordHasher

from chalicelib import runtime
from chalicelib.services import passwords
from tests.support.application import BUCKET, Api, application
from tests.support.aws import aws_by_moto
from tests.support.console.browser import Browser

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# For a file, because a process runs tests of other folders afterwards.
@pytest.fixture(scope="module", autouse=True)
def hurried_hasher() -> Iterator[None]:
    """The hasher of passwords with less to do: it is meant to take long, and every page is looked at by somebody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture
def api(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The application with the environment that its Lambda would have on a laptop, on the test's database."""
    with application(database_url, monkeypatch, API_AUTH="open") as called:
        yield called


@pytest.fixture
def closed_api(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The same as everywhere else: nobody is let in without credentials."""
    with application(database_url, monkeypatch, API_AUTH="required") as called:
        yield called


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    """S3 with the bucket, in this process; the application's own client sees it too."""
    runtime.s3.cache_clear()
    with aws_by_moto(monkeypatch):
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client
    runtime.s3.cache_clear()


@pytest.fixture
def browser(closed_api: Api) -> Browser:
    """A browser in front of the console, with nobody signed in."""
    return Browser(closed_api.client)
