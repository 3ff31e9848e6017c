"""The two Lambda functions beside the API, called as AWS calls them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.local import LambdaContext
from chalice.test import Client

from chalicelib import runtime
from chalicelib.imports.s3_events import message_for
from chalicelib.postgres.database import Database
from tests.support.aws import Aws
from tests.support.imports.contents import query
from tests.support.workbooks import customer, customers_book


@pytest.fixture
def client(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The application, with the environment its Lambdas would have."""
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setenv("DATABASE_URL", aws.settings.database_url)
    monkeypatch.setenv("IMPORT_BUCKET", aws.settings.import_bucket)
    monkeypatch.setenv("IMPORT_QUEUE_URL", aws.settings.import_queue_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    built = (runtime.settings, runtime.database, runtime.s3, runtime.sqs)
    for builder in built:
        builder.cache_clear()
    from app import app

    with Client(app) as client:
        yield client
    runtime.database().engine.dispose()
    for builder in built:
        builder.cache_clear()


def imported(event: Any) -> Any:
    """What the function answers that has all its time; chalice's client gives 3 seconds, and then it is handed over."""
    from app import app

    context = LambdaContext("import_workbooks", memory_size=1024, max_runtime_ms=900_000)
    return app.handler_map["import_workbooks"](event, context)


def test_a_notification_of_s3_is_imported_and_told_in_one_line_of_json(
    client: Client, aws: Aws, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    body = message_for(aws.upload("incoming/März 1+2.xlsx", customers_book(customer(1))))
    event = client.events.generate_sqs_event([body], "loans-test-imports")
    assert imported(event) == {"batchItemFailures": []}
    assert query(database, "SELECT object_key, state FROM imports") == [("incoming/März 1+2.xlsx", "completed")]
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["event"], line["state"], line["key"]) == ("import", "completed", "incoming/März 1+2.xlsx")
    assert line["sheets"][0]["inserted"] == 1
    assert (line["imports"], line["rows_inserted"], line["rows_rejected"]) == (1, 1, 0)
    metrics = [metric["Name"] for directive in line["_aws"]["CloudWatchMetrics"] for metric in directive["Metrics"]]
    assert {"imports", "import_ms", "rows_inserted", "rows_rejected"} <= set(metrics)
    assert all(isinstance(line[name], int) for name in metrics)
    assert "Asha" not in str(line)


def test_a_message_that_failed_is_named_so_that_the_queue_keeps_it(client: Client) -> None:
    event = client.events.generate_sqs_event(["{}"], "loans-test-imports")
    assert imported(event) == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}


def test_the_bootstrap_answers_what_it_did(client: Client, aws: Aws) -> None:
    aws.upload("seed/customers.xlsx", customers_book(customer(1)))
    answer = client.lambda_.invoke("bootstrap", {}).payload
    assert answer["seeded"] == ["seed/customers.xlsx"]
    assert len(aws.messages()) == 1
