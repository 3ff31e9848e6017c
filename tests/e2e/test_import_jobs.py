"""An import from the request for it to its report, over HTTP as a browser or curl goes through it."""

from io import BytesIO
from typing import Any

import pytest
import requests
from openpyxl import Workbook, load_workbook

from chalicelib.rules.bounds import MAX_FILE_BYTES
from tests.support import plain_http
from tests.support.patience import patiently
from tests.support.stack import Stack
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

pytestmark = pytest.mark.e2e

CUSTOMERS = [CUSTOMER_HEADER, customer(1), customer(2, age=7), customer(3)]
LOANS = [LOAN_HEADER, loan(1, 7), loan(3, 7), loan(9, 8)]
BOOK = workbook({"customers": CUSTOMERS, "loans": LOANS})

Json = dict[str, Any]


def started(stack: Stack, file_name: str) -> Json:
    answer = stack.post("/imports/", {"file_name": file_name})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def send(job: Json, content: bytes, **changes: str) -> requests.Response:
    """Posts the form of an import with this file, as a browser does."""
    form = job["upload"]
    return plain_http.post(form["url"], data=form["fields"] | changes, files={"file": content})


def seen(stack: Stack, job: Json) -> Json:
    return dict(stack.get(f"/imports/{job['import_id']}/").json())


def ended(stack: Stack, job: Json) -> Json:
    """The import when it has failed, or is completed and reported."""
    for _ in patiently(f"the import {job['import_id']}"):
        found = seen(stack, job)
        if found["state"] == "failed" or found["report"]:
            return found
    raise AssertionError


def opened(url: str) -> Workbook:
    answer = plain_http.get(url)
    assert answer.status_code == 200, answer.text
    return load_workbook(BytesIO(answer.content))


def outcomes(book: Workbook, sheet: str) -> list[tuple[Any, Any]]:
    """Row and outcome as a report has them."""
    return [(row[0], row[-2]) for row in book[sheet].iter_rows(min_row=2, values_only=True)]


def test_an_import_is_asked_for_uploaded_watched_and_reported(empty_stack: Stack) -> None:
    job = started(empty_stack, "May loans.xlsx")
    assert seen(empty_stack, job)["state"] == "awaiting_upload"
    assert send(job, BOOK).status_code == 204
    found = ended(empty_stack, job)
    assert (found["state"], found["progress"]["percent"]) == ("completed", 100)
    counts = {each["sheet"]: {name: count for name, count in each.items() if count} for each in found["sheets"]}
    assert counts == {
        "customers": {"sheet": "customers", "kind": "customers", "rows": 3, "inserted": 2, "rejected": 1},
        "loans": {"sheet": "loans", "kind": "loans", "rows": 3, "inserted": 2, "waiting": 1, "renumbered": 1},
    }
    [rejected] = empty_stack.get(f"/imports/{job['import_id']}/rows/?outcome=rejected").json()["rows"]
    assert (rejected["sheet"], rejected["row_number"], rejected["column"]) == ("customers", 3, "Age")
    assert rejected["sentence"] == "Age must be a whole number from 18 to 120. Invalid value: 7."
    report = opened(found["report"]["url"])
    assert outcomes(report, "customers") == [(2, "inserted"), (3, "rejected"), (4, "inserted")]
    assert outcomes(report, "loans") == [(2, "inserted"), (3, "inserted (renumbered)"), (4, "waiting")]


def test_an_import_of_text_is_reported_too(empty_stack: Stack) -> None:
    job = started(empty_stack, "customers.csv")
    lines = [",".join(map(str, row)) for row in CUSTOMERS]
    assert send(job, "\n".join(lines).encode()).status_code == 204
    report = opened(ended(empty_stack, job)["report"]["url"])
    assert outcomes(report, report.sheetnames[1]) == [(2, "inserted"), (3, "rejected"), (4, "inserted")]


def test_a_file_that_only_has_the_name_of_a_workbook_fails_with_its_sentence(empty_stack: Stack) -> None:
    job = started(empty_stack, "letter.xlsx")
    assert send(job, b"Dear Sir or Madam").status_code == 204
    found = ended(empty_stack, job)
    assert (found["state"], found["report"]) == ("failed", None)
    assert found["message"].startswith("The file is neither an .xlsx workbook nor a .csv file")


def test_what_the_form_does_not_allow_is_refused_by_the_store(empty_stack: Stack) -> None:
    job = started(empty_stack, "loans.xlsx")
    assert send(job, BOOK, **{"Content-Type": "text/html"}).status_code == 403
    assert send(job, b"").status_code == 400
    assert send(job, BOOK, key="incoming/another.xlsx").status_code == 403
    assert send(job, bytes(MAX_FILE_BYTES + 1)).status_code == 400
    assert seen(empty_stack, job)["state"] == "awaiting_upload"


def test_the_template_is_downloaded_through_the_link(stack: Stack) -> None:
    answer = plain_http.get(f"{stack.api_url}/imports/template/", allow_redirects=False)
    assert answer.status_code == 303
    assert opened(answer.headers["Location"]).sheetnames == ["customers", "loans", "openings", "receipts", "Notes"]
