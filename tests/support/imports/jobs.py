"""Imports as a client asks for them, and as the engine leaves them in the database."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import requests
from sqlalchemy import text

from chalicelib.imports.s3_events import ObjectReference
from chalicelib.postgres.database import Database
from tests.support import plain_http
from tests.support.application import BUCKET, Api
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BOOK = workbook(
    {
        "customers": [CUSTOMER_HEADER, customer(1), customer(2, age=7), customer(3, first_name="@Meera")],
        "loans": [LOAN_HEADER, loan(1, 5001), loan(3, 5001), loan(9, 5002)],
    }
)


def started(api: Api, file_name: str = "loans.xlsx", *, dry_run: bool = False) -> Any:
    answer = api.post("/api/imports/", {"file_name": file_name, "dry_run": dry_run})
    assert answer.status == 201, answer.text
    return answer.json


def upload(started_import: Any, content: bytes, **changes: str) -> requests.Response:
    """Posts the form as a browser would."""
    form = started_import["upload"]
    return plain_http.post(form["url"], data=form["fields"] | changes, files={"file": content})


def reference(s3: "S3Client", key: str) -> ObjectReference:
    head = s3.head_object(Bucket=BUCKET, Key=key)
    return ObjectReference(BUCKET, key, head["VersionId"], head["ETag"].strip('"'), head["ContentLength"])


def insert_import(database: Database, state: str = "running", **values: object) -> int:
    """An import as the engine would leave it in that state."""
    columns = {"bucket": BUCKET, "object_key": "incoming/x.xlsx", "object_version": "v1", "state": state} | values
    if state in ("completed", "failed"):
        columns["finished_at"] = datetime.now().astimezone()
    names = ", ".join(columns)
    statement = (
        f"INSERT INTO imports ({names}) VALUES ({', '.join(':' + name for name in columns)}) RETURNING import_id"
    )
    with database.reading() as connection:
        return int(connection.execute(text(statement), columns).scalar_one())


def insert_findings(database: Database, import_id: int, *outcomes: str) -> None:
    with database.reading() as connection:
        for row_number, outcome in enumerate(outcomes, start=2):
            values = {"import_id": import_id, "row": row_number, "outcome": outcome}
            connection.execute(
                text("""
                    INSERT INTO import_findings
                           (import_id, sheet, row_number, outcome, column_name, value, code, message)
                    VALUES (:import_id, 'loans', :row, :outcome, 'Tenure', '0', 'out_of_range', 'Tenure is wrong.')
                """),
                values,
            )
