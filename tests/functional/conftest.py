"""The whole application in this process: Chalice's own client in front, a real Postgres behind."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from chalice.test import Client
from moto import mock_aws

from chalicelib import runtime
from chalicelib.api.contract import PUBLISHED
from contract.conformance import Conformance
from tests.functional.browser import Browser

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "loans-test-workbooks"


@dataclass(frozen=True)
class Answer:
    """A response as a client sees it, its numbers exact."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text, parse_float=Decimal)


class Api:
    """Calls the API as API Gateway does: an event in, a response out."""

    def __init__(self, client: Client, credentials: str | None = None) -> None:
        self._client = client
        self._credentials = {"Authorization": f"Bearer {credentials}"} if credentials else {}

    @property
    def client(self) -> Client:
        """What stands in for API Gateway."""
        return self._client

    def showing(self, credentials: str) -> "Api":
        """The same API, called with an API key or the token of a session."""
        return Api(self._client, credentials)

    def post(self, path: str, body: object, content_type: str = "application/json") -> Answer:
        """POSTs `body`: as it is where it is bytes, as JSON otherwise."""
        data = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
        return self.call("POST", path, data, content_type=content_type)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        content_type: str | None = "application/json",
    ) -> Answer:
        """Calls with `body`, which is said to be of `content_type`, unless `headers` say otherwise."""
        kind = {"Content-Type": content_type} if body and content_type else {}
        response = self._client.http.request(method, path, self._credentials | kind | (headers or {}), body)
        answer = Answer(response.status_code, response.headers, response.body.decode())
        assert contract().faults(method, path, answer.status, answer.headers, answer.text) == []
        return answer


@cache
def contract() -> Conformance:
    """The published contract, which every answer of every functional test is held to."""
    return Conformance(json.loads((PUBLISHED / "openapi.json").read_text()))


@pytest.fixture
def api(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The application with the environment that its Lambda would have on a laptop, on the test's database."""
    with _application(database_url, monkeypatch, API_AUTH="open") as called:
        yield called


@pytest.fixture
def closed_api(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The same as everywhere else: nobody is let in without credentials."""
    with _application(database_url, monkeypatch, API_AUTH="required") as called:
        yield called


@contextmanager
def _application(database_url: str, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Iterator[Api]:
    environ = {
        **settings,
        "STAGE": "local",
        "DATABASE_URL": database_url,
        "IMPORT_BUCKET": BUCKET,
        "IMPORT_QUEUE_URL": "http://localhost/000000000000/loans-test-imports",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    built = (runtime.settings, runtime.database, runtime.gate)
    for builder in built:
        builder.cache_clear()

    from app import app

    with Client(app) as client:
        yield Api(client)
    if runtime.database.cache_info().currsize:
        runtime.database().engine.dispose()
    for builder in built:
        builder.cache_clear()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    """S3 with the bucket, in this process; the application's own client sees it too."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    runtime.s3.cache_clear()
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client
    runtime.s3.cache_clear()


@pytest.fixture
def browser(closed_api: Api) -> Browser:
    """A browser in front of the console, with nobody signed in."""
    return Browser(closed_api.client)
