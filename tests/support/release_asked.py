"""Asks the application on the path for what a release is there for. Prints the answers as the last line.

python release_asked.py BOOK.xlsx
"""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
from chalice.local import LambdaContext
from chalice.test import Client
from moto import mock_aws

from app import app

BUCKET = "books"
# In milliseconds. The client of chalice gives a function 3 seconds, after which an import is handed over.
ALL_ITS_TIME = 900_000
PERSON = {"first_name": "Asha", "last_name": "Menon", "age": 41, "monthly_income": 60000, "phone_number": "9812345678"}


def imported(client: Client, files: list[str]) -> list[Any]:
    """What the import function answers to the notices of uploads, one after the other."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    answers = []
    for file in map(Path, files):
        put = s3.put_object(Bucket=BUCKET, Key=f"incoming/{file.name}", Body=file.read_bytes())
        event = client.events.generate_sqs_event([json.dumps(notice_of(file, put))], "loans-local-imports")
        context = LambdaContext("import_workbooks", memory_size=1024, max_runtime_ms=ALL_ITS_TIME)
        answers.append(app.handler_map["import_workbooks"](event, context))
    return answers


def notice_of(file: Path, put: Any) -> dict[str, Any]:
    """What S3 tells of an upload."""
    uploaded = {
        "key": f"incoming/{file.name}",
        "size": file.stat().st_size,
        "eTag": put["ETag"].strip('"'),
        "versionId": put["VersionId"],
        "sequencer": "0055AED6DCD90281E5",
    }
    described = {"bucket": {"name": BUCKET}, "object": uploaded}
    return {"Records": [{"eventSource": "aws:s3", "eventTime": "2026-01-01T00:00:00.000Z", "s3": described}]}


def asked(client: Client) -> dict[str, int]:
    """The status of every kind of request."""

    def send(method: str, path: str, body: object = None, **headers: str) -> Any:
        data = json.dumps(body).encode() if body else b""
        return client.http.request(method, path, {"Content-Type": "application/json", **headers}, data)

    registered = send("POST", "/api/register", PERSON)
    customer_id = json.loads(registered.body)["customer_id"]
    wanted = {"customer_id": customer_id, "loan_amount": 100000, "interest_rate": 12.5, "tenure": 12}
    checked = send("POST", "/api/check-eligibility", wanted)
    applied = send("POST", "/api/create-loan", wanted, **{"Idempotency-Key": "one"})
    loan_id = json.loads(applied.body)["loan_id"]
    corrected = send("PATCH", f"/api/customers/{customer_id}", {"monthly_income": 70000}, **{"If-Match": "*"})
    answers = {"register": registered, "check": checked, "apply": applied, "correct": corrected}
    answers["view loan"] = send("GET", f"/api/view-loan/{loan_id}")
    answers["view loans"] = send("GET", f"/api/view-loans/{customer_id}")
    answers["applications"] = send("GET", "/api/applications")
    answers["customers"] = send("GET", "/api/customers?q=Asha")
    return {name: answer.status_code for name, answer in answers.items()}


if __name__ == "__main__":
    with mock_aws(), Client(app) as client:
        answered = {"imports": imported(client, sys.argv[1:]), **asked(client)}
    print(json.dumps(answered))
