"""The functions' user of the database, made by AWS's client through a Data API that runs on our own Postgres."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from sqlalchemy import NullPool, create_engine, text

from infra.foundation import DATABASE, NEEDS, make_user
from infra.local.postgres import PostgresServer
from infra.session import Session

OUTPUTS = {"DatabaseArn": "arn:aws:rds:ap-south-1:1:cluster:loans-dev", "MasterSecretArn": "arn:aws:secretsmanager:1"}


class DataApi(ThreadingHTTPServer):
    """Answers ExecuteStatement as RDS does."""

    def __init__(self, postgres: PostgresServer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        url = postgres.url(DATABASE).replace("postgresql:", "postgresql+pg8000:")
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self.calls: list[dict[str, str]] = []

    def run(self, statement: str) -> list[list[dict[str, Any]]]:
        """The records, which are booleans, as the Data API writes them."""
        with self.engine.connect() as connection:
            answer = connection.execute(text(statement))
            return [[{"booleanValue": value} for value in row] for row in answer] if answer.returns_rows else []


class Handler(BaseHTTPRequestHandler):
    server: DataApi

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append(call)
        body = json.dumps({"records": self.server.run(call["sql"]), "numberOfRecordsUpdated": 0})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_words: object) -> None:
        """The calls are kept; nobody reads a log."""


@pytest.fixture
def data_api(postgres: PostgresServer, administration: Callable[[str], None]) -> Iterator[DataApi]:
    administration("CREATE ROLE rds_iam")
    with DataApi(postgres) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.run("DROP OWNED BY loans_app")
        server.shutdown()
    administration("DROP ROLE loans_app")
    administration("DROP ROLE rds_iam")


@pytest.fixture
def session(data_api: DataApi, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS_DATA", f"http://127.0.0.1:{data_api.server_port}")
    return boto3.session.Session("test", "test", region_name="ap-south-1")


def test_the_user_is_made_once_with_all_it_needs_and_a_second_run_changes_nothing(
    session: Session, data_api: DataApi
) -> None:
    assert make_user(session, OUTPUTS) == [need.what for need in NEEDS]
    assert {(call["resourceArn"], call["secretArn"], call["database"]) for call in data_api.calls} == {
        (OUTPUTS["DatabaseArn"], OUTPUTS["MasterSecretArn"], "loans")
    }
    before = len(data_api.calls)
    assert make_user(session, OUTPUTS) == []
    assert [call["sql"] for call in data_api.calls[before:]] == [need.question for need in NEEDS]


def test_only_what_is_missing_is_given(session: Session, data_api: DataApi) -> None:
    make_user(session, OUTPUTS)
    data_api.run("REVOKE rds_iam FROM loans_app")
    assert make_user(session, OUTPUTS) == ["its sign-in by IAM"]
