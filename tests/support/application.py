"""The whole application in this process, called as API Gateway calls it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from chalice.test import Client

from chalicelib import runtime
from chalicelib.api.contract import PUBLISHED
from contract.conformance import Conformance

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


@contextmanager
def application(database_url: str, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Iterator[Api]:
    """The application with the environment that its Lambda would have on a laptop, on this database."""
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


def assert_envelope(answer: Answer, status: int, code: str) -> Any:
    """The envelope of an error, which is of this status and code and tells nothing of the inside."""
    envelope = answer.json
    assert (answer.status, envelope["code"]) == (status, code), answer.text
    assert set(envelope) <= {"error", "code", "fields", "figures", "request_id"}
    assert envelope["error"].endswith((".", "…"))
    assert envelope["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Content-Type"] == "application/json"
    for inside in ("Traceback", "SELECT", "sqlalchemy", "pg8000"):
        assert inside not in answer.text
    return envelope


def lines_of(capsys: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    """The lines of an event since the last call."""
    return [line for line in _lines(capsys) if line["event"] == event]


def decisions_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines that tell of a decision since the last call."""
    return [line for line in _lines(capsys) if "decisions" in line]


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
