"""The forms of a schedule: which one a client gets, and that a workbook says what the JSON says."""

from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from chalicelib.api.forms import TABLE, form_of, preferred_form
from chalicelib.services.files import XLSX
from tests.support import plain_http
from tests.support.application import BUCKET, Answer, Api
from tests.support.headers import asked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BODY = {"loan_amount": 12500000, "interest_rate": 12.5, "tenure": 14, "start_date": "2026-01-31"}
# No rate makes 14 instalments of 950,000 the EMI of 12.5%.
OTHER_INSTALMENT = {**BODY, "monthly_installment": 950000}


def sheet_of(answer: Answer) -> Any:
    assert (answer.status, answer.json["expires_in_seconds"]) == (303, 900)
    assert answer.headers["Location"] == answer.json["url"]
    sent = plain_http.get(answer.json["url"])
    assert (sent.status_code, sent.headers["Content-Type"]) == (200, XLSX)
    return load_workbook(BytesIO(sent.content)).active


@pytest.mark.parametrize("body", [BODY, OTHER_INSTALMENT])
@pytest.mark.usefixtures("s3")
def test_a_workbook_has_the_rows_and_totals_of_the_json(api: Api, body: dict[str, Any]) -> None:
    plan = api.post("/api/schedule/", body).json
    rows = [list(row) for row in sheet_of(api.post("/api/schedule/?format=xlsx", body)).iter_rows(values_only=True)]
    top = {row[0]: row[2] for row in rows[1 : rows.index([None] * 7)]}
    below = rows[rows.index([None] * 7) + 2 :]
    assert [money(row[2:]) for row in below[:-1]] == [
        money(row[name] for name in ("opening_balance", "interest", "principal", "instalment", "closing_balance"))
        for row in plan["rows"]
    ]
    assert [(row[0], f"{row[1]:%Y-%m-%d}") for row in below[:-1]] == [
        (row["number"], row["due_date"]) for row in plan["rows"]
    ]
    assert money(below[-1][3:6]) == money(plan[name] for name in ("total_interest", "total_principal", "total_paid"))
    assert money([top["Monthly instalment"]]) == [plan["monthly_installment"]]
    assert ("Rate it runs at a year" in top) == (not plan["runs_at_stated_rate"])


@pytest.mark.usefixtures("s3")
def test_a_workbook_shows_lakhs_crores_and_dates_and_keeps_its_header_in_sight(api: Api) -> None:
    sheet = sheet_of(api.post("/api/schedule/?format=xlsx", BODY))
    assert sheet["A1"].value == "Preview"
    header = next(cell.row for cell in sheet["A"] if cell.value == "No.")
    assert sheet.freeze_panes == f"A{header + 1}"
    assert sheet.cell(header + 1, 2).is_date
    assert sheet.cell(header + 1, 3).number_format.startswith(r"[>=10000000]##\,##\,##\,##0.00")


def test_the_same_schedule_is_written_once(api: Api, s3: "S3Client") -> None:
    for _ in range(2):
        sheet_of(api.post("/api/schedule/?format=xlsx", BODY))
    sheet_of(api.post("/api/schedule/?format=xlsx", OTHER_INSTALMENT))
    written = s3.list_object_versions(Bucket=BUCKET, Prefix="schedules/")["Versions"]
    assert len(written) == 2


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/html", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV; charset=utf-8", "csv"),
        (f"text/csv;q=0.5, {XLSX}", "xlsx"),
        (f"{XLSX};q=0.2, text/csv;q=0.9, application/json;q=0.9", "csv"),
        ("text/csv;q=0, application/json", "json"),
        ("text/csv;q=nan", "csv"),
        (";;,,;q=", "json"),
        ("text/csv;q=0.5, application/json", "json"),
        ("text/csv; q=.2, application/json", "json"),
        ("text/*", "csv"),
        ("application/*", "json"),
        ("text/*, application/json;q=0.9", "csv"),
        ("text/csv, */*", "csv"),
        ("application/json;q=0, */*", "csv"),
        ("application/json;q=0, text/*;q=0, */*", "xlsx"),
        ("text/csv;q=0, text/*;q=1, */*;q=0.1", "json"),
        ("text/csv;q=0", "json"),
        ("*/*;q=0", "json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"),
        ("application/json, text/plain, */*", "json"),
    ],
)
def test_the_form_is_the_one_that_is_liked_best(accept: str, form: str) -> None:
    assert preferred_form(accept, TABLE) == form


def test_a_header_that_comes_in_two_lines_is_one_list() -> None:
    request = asked(("Accept", "application/json"), ("Accept", "text/csv;q=0.5"))
    assert form_of(request, None, TABLE) == "json"


def test_a_form_that_an_endpoint_does_not_have_is_not_liked() -> None:
    assert preferred_form("application/pdf", TABLE) == "json"
    assert preferred_form("application/pdf", (*TABLE, "pdf")) == "pdf"


def money(values: Any) -> list[Decimal]:
    return [Decimal(str(value)) for value in values]
