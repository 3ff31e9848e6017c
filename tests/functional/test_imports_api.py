"""Imports as a person sees them: asked for, uploaded, watched, and read row by row."""

import base64
import json
import subprocess
import sys
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from chalicelib import runtime
from chalicelib.imports import jobs
from chalicelib.imports.files import safe_file_name
from chalicelib.imports.report.making import make_report
from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.bounds import MAX_FILE_BYTES
from chalicelib.services.files import XLSX
from tests.support import plain_http
from tests.support.application import BUCKET, Api, assert_envelope
from tests.support.imports.jobs import BOOK, insert_findings, insert_import, reference, started, upload
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROJECT = Path(__file__).parents[2]


def uploaded_and_imported(api: Api, s3: "S3Client", database: Database, content: bytes = BOOK) -> int:
    job = started(api)
    assert upload(job, content).ok
    import_object(database, s3, reference(s3, job["key"]))
    return int(job["import_id"])


@pytest.mark.usefixtures("s3")
def test_an_import_is_asked_for_and_told_how_to_upload_its_file(api: Api) -> None:
    job = started(api, "Loans of May.XLSX")
    assert job["state"] == "awaiting_upload"
    assert job["key"] == f"incoming/{job['import_id']}/Loans of May.XLSX"
    assert job["upload"]["fields"]["key"] == job["key"]
    assert job["upload"]["fields"]["Content-Type"] == job["content_type"] == XLSX
    assert job["max_bytes"] == MAX_FILE_BYTES
    seen = api.get(f"/api/imports/{job['import_id']}/").json
    assert (seen["state"], seen["file_name"], seen["message"]) == ("awaiting_upload", "Loans of May.XLSX", None)


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("name", ["Loans.xlsm", "LOANS.XLSM"])
def test_a_workbook_with_macros_is_taken_as_the_bucket_takes_it(api: Api, name: str) -> None:
    job = started(api, name)
    assert job["content_type"] == "application/vnd.ms-excel.sheet.macroEnabled.12"
    assert job["upload"]["fields"]["Content-Type"] == job["content_type"]


@pytest.mark.usefixtures("s3")
def test_a_file_of_another_kind_is_refused_with_a_sentence_and_nothing_is_kept(api: Api) -> None:
    answer = api.post("/api/imports/", {"file_name": "loans.xls"})
    fields = assert_envelope(answer, 400, "invalid_request")["fields"]
    assert fields == {"file_name": ["must end in .xlsx, .xlsm or .csv, which are the files that can be imported"]}
    assert api.get("/api/imports/").json == {"imports": [], "next": None}


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("body", [{}, {"file_name": ""}, {"file_name": 7}, {"file_name": "a.csv", "size": 1}])
def test_a_request_for_an_import_that_is_not_valid_is_refused(api: Api, body: object) -> None:
    assert_envelope(api.post("/api/imports/", body), 400, "invalid_request")


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("loans.xlsx", "loans.xlsx"),
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\books\\May loans.xlsx", "May loans.xlsx"),
        ("ग्राहक सूची.xlsx", "ग्राहक सूची.xlsx"),
        ('a"b<c>${filename};.csv', "a_b_c___filename__.csv"),
        ("..xlsx", "import.xlsx"),
        (f"{'x' * 240}.csv", f"{'x' * 100}.csv"),
        ("no extension", "no extension"),
    ],
)
def test_a_file_name_becomes_one_that_nothing_mistakes(given: str, safe: str) -> None:
    assert safe_file_name(given) == safe


@pytest.mark.usefixtures("s3")
def test_the_form_fixes_size_and_content_type(api: Api) -> None:
    policy = json.loads(base64.b64decode(started(api)["upload"]["fields"]["policy"]))
    assert ["content-length-range", 1, MAX_FILE_BYTES] in policy["conditions"]
    assert {"Content-Type": XLSX} in policy["conditions"]


def test_an_uploaded_file_continues_the_import_that_was_asked_for(api: Api, s3: "S3Client", database: Database) -> None:
    import_id = uploaded_and_imported(api, s3, database)
    seen = api.get(f"/api/imports/{import_id}").json
    assert (seen["import_id"], seen["state"]) == (import_id, "completed")
    assert seen["progress"]["percent"] == 100
    assert seen["counts"] == {
        "rows": 6, "inserted": 4, "updated": 0, "unchanged": 0, "superseded": 0, "waiting": 1, "rejected": 1,
        "renumbered": 1,
    }  # fmt: skip
    assert [(each["sheet"], each["kind"], each["rows"]) for each in seen["sheets"]] == [
        ("customers", "customers", 3),
        ("loans", "loans", 3),
    ]
    assert datetime.fromisoformat(seen["finished_at"]) >= datetime.fromisoformat(seen["created_at"])
    assert seen["created_at"].endswith("+05:30")
    assert [each["import_id"] for each in api.get("/api/imports").json["imports"]] == [import_id]


def test_what_is_wrong_with_a_row_can_be_read(api: Api, s3: "S3Client", database: Database) -> None:
    import_id = uploaded_and_imported(api, s3, database)
    [row] = api.get(f"/api/imports/{import_id}/rows/?outcome=rejected").json["rows"]
    assert {name: row[name] for name in ("sheet", "row_number", "outcome", "column", "value", "code")} == {
        "sheet": "customers", "row_number": 3, "outcome": "rejected", "column": "Age", "value": "7",
        "code": "out_of_range",
    }  # fmt: skip
    assert row["sentence"] == "Age must be a whole number from 18 to 120. Invalid value: 7."


def test_the_report_has_every_row_and_can_be_downloaded(api: Api, s3: "S3Client", database: Database) -> None:
    import_id = uploaded_and_imported(api, s3, database)
    key = make_report(database, s3, BUCKET, import_id)
    assert key == f"reports/{import_id}/loans-report.xlsx"
    link = api.get(f"/api/imports/{import_id}/").json["report"]
    answer = plain_http.get(link["url"])
    assert answer.headers["Content-Type"] == XLSX
    book = load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["Summary", "customers", "loans"]
    outcomes = {
        name: [(row[0], row[-2]) for row in book[name].iter_rows(min_row=2, values_only=True)]
        for name in book.sheetnames[1:]
    }
    assert outcomes == {
        "customers": [(2, "inserted"), (3, "rejected"), (4, "inserted")],
        "loans": [(2, "inserted"), (3, "inserted (renumbered)"), (4, "waiting")],
    }
    assert (book["customers"]["C4"].value, book["customers"]["C4"].quotePrefix) == ("@Meera", True)


def test_a_csv_file_is_uploaded_imported_and_reported_too(api: Api, s3: "S3Client", database: Database) -> None:
    job = started(api, "customers.csv")
    assert job["content_type"] == "text/csv"
    lines = [",".join(CUSTOMER_HEADER), ",".join(map(str, customer(1, last_name="+Menon"))), "2,Asha,,7,1,0,0"]
    assert upload(job, "\n".join(lines).encode()).ok
    import_object(database, s3, reference(s3, job["key"]))
    key = make_report(database, s3, BUCKET, job["import_id"])
    assert key == f"reports/{job['import_id']}/customers-report.xlsx"
    book = load_workbook(BytesIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))
    rows = list(book[book.sheetnames[1]].iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[3], row[-2]) for row in rows] == [(2, "+Menon", "inserted"), (3, None, "rejected")]
    assert str(rows[1][-1]).count("must be") == 3


def test_a_report_that_is_made_again_is_the_same(api: Api, s3: "S3Client", database: Database) -> None:
    import_id = uploaded_and_imported(api, s3, database)
    keys = [make_report(database, s3, BUCKET, import_id) for _ in range(2)]
    assert keys == [f"reports/{import_id}/loans-report.xlsx"] * 2


def registered(api: Api) -> int:
    rudra = {"first_name": "Rudra", "last_name": "Singh", "age": 23, "monthly_income": 23000}
    return int(api.post("/api/register/", rudra | {"phone_number": 8697989224}).json["customer_id"])


def test_an_import_updates_a_customer_who_was_registered_here_under_the_same_number(
    api: Api, s3: "S3Client", database: Database
) -> None:
    number = registered(api)
    book = workbook({"customers": [CUSTOMER_HEADER, customer(number, first_name="Asha")]})
    import_id = uploaded_and_imported(api, s3, database, book)
    assert api.get(f"/api/imports/{import_id}/").json["counts"]["updated"] == 1
    assert api.get(f"/api/customers/{number}/").json["first_name"] == "Asha"


def test_who_registers_under_the_number_that_loans_wait_for_has_these_loans(
    api: Api, s3: "S3Client", database: Database
) -> None:
    number = registered(api) + 1
    uploaded_and_imported(api, s3, database, workbook({"loans": [LOAN_HEADER, loan(number, 7)]}))
    assert api.get(f"/api/view-loans/{number}/").status == 404
    assert registered(api) == number
    assert [each["loan_id"] for each in api.get(f"/api/view-loans/{number}/").json] == [7]


def test_an_import_that_is_not_completed_has_no_report(api: Api, s3: "S3Client", database: Database) -> None:
    failed = insert_import(database, "failed", message="It is no workbook.")
    assert make_report(database, s3, BUCKET, failed) is None
    assert make_report(database, s3, BUCKET, 999) is None
    seen = api.get(f"/api/imports/{failed}/").json
    assert (seen["state"], seen["message"], seen["report"]) == ("failed", "It is no workbook.", None)


@pytest.mark.parametrize(
    ("total", "read", "percent"), [(None, 0, None), (0, 0, None), (3, 1, 33), (3, 3, 100), (1000, 999, 99)]
)
def test_progress_is_told_in_rows_and_percent(
    api: Api, database: Database, total: int | None, read: int, percent: int | None
) -> None:
    import_id = insert_import(database, rows_total=total, rows_read=read)
    assert api.get(f"/api/imports/{import_id}/").json["progress"] == {
        "rows_read": read,
        "rows_total": total,
        "percent": percent,
    }


def test_an_upload_that_expired_says_so(api: Api, database: Database) -> None:
    values = {"object_version": None, "created_at": datetime(2026, 1, 1).astimezone()}
    import_id = insert_import(database, "awaiting_upload", **values)
    assert "ask for a new one" in api.get(f"/api/imports/{import_id}/").json["message"]


def test_imports_are_listed_newest_first_in_stable_pages(api: Api, database: Database) -> None:
    made = [insert_import(database, object_version=f"v{number}") for number in range(5)]
    first = api.get("/api/imports/?limit=2").json
    insert_import(database, object_version="later")
    second = api.get(f"/api/imports/?limit=2&before={first['next']}").json
    third = api.get(f"/api/imports/?limit=2&before={second['next']}").json
    seen = [each["import_id"] for page in (first, second, third) for each in page["imports"]]
    assert seen == sorted(made, reverse=True)
    assert third["next"] is None


def test_rows_are_told_in_order_by_page_and_by_outcome(api: Api, database: Database) -> None:
    import_id = insert_import(database, "completed")
    insert_findings(database, import_id, "rejected", "waiting", "rejected", "flagged", "rejected")
    insert_findings(database, insert_import(database, object_version="v2"), "rejected")

    def page(query: str) -> Any:
        return api.get(f"/api/imports/{import_id}/rows/?{query}").json

    assert [row["row_number"] for row in page("")["rows"]] == [2, 3, 4, 5, 6]
    first = page("outcome=rejected&limit=2")
    second = page(f"outcome=rejected&limit=2&after={first['next']}")
    assert [row["row_number"] for row in first["rows"] + second["rows"]] == [2, 4, 6]
    assert second["next"] is None
    assert page("outcome=superseded") == {"rows": [], "next": None}


def test_an_unknown_outcome_is_answered_with_those_there_are(api: Api, database: Database) -> None:
    answer = api.get(f"/api/imports/{insert_import(database)}/rows/?outcome=lost")
    fields = assert_envelope(answer, 400, "invalid_request")["fields"]
    assert fields == {"outcome": ['must be rejected, waiting, renumbered, superseded or flagged; got "lost"']}


@pytest.mark.parametrize("path", ["/api/imports/7/", "/api/imports/x/", "/api/imports/7/rows/", "/api/imports/0/rows"])
def test_an_import_that_is_not_there_is_not_found(api: Api, path: str) -> None:
    assert_envelope(api.get(path), 404, "import_not_found")


def test_the_template_is_made_once_and_downloaded_from_s3(api: Api, s3: "S3Client") -> None:
    answers = [api.get("/api/imports/template/") for _ in range(2)]
    assert [answer.status for answer in answers] == [303, 303]
    content = plain_http.get(answers[0].headers["Location"])
    assert content.headers["Content-Type"] == XLSX
    assert "loans-import-template.xlsx" in content.headers["Content-Disposition"]
    assert load_workbook(BytesIO(content.content)).sheetnames == ["customers", "loans", "openings", "receipts", "Notes"]
    versions = s3.list_object_versions(Bucket=BUCKET, Prefix="templates/")["Versions"]
    assert len(versions) == 1


def test_without_s3_there_is_no_template_for_the_moment(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    runtime.s3.cache_clear()
    answer = api.get("/api/imports/template/")
    runtime.s3.cache_clear()
    assert_envelope(answer, 503, "service_unavailable")
    assert answer.headers["Retry-After"]


def begun(database: Database, key: str, version: str = "v1") -> jobs.ImportJob:
    with database.transaction() as tx:
        job = jobs.begin(
            tx.connection,
            bucket=BUCKET,
            key=key,
            version=version,
            sequencer="0055",
            uploaded_at=None,
            size_bytes=10,
        )
        tx.commit()
    return job


@pytest.mark.usefixtures("s3")
def test_the_first_version_of_an_awaited_object_is_adopted_once(api: Api, database: Database) -> None:
    job = started(api)
    number = job["import_id"]
    assert begun(database, job["key"]).import_id == number
    assert begun(database, job["key"]).import_id == number
    assert begun(database, job["key"], "v2").import_id != number
    assert begun(database, "incoming/another.xlsx").import_id != number
    with database.reading() as connection:
        seen = jobs.get(connection, number)
    assert (seen.state, seen.object_version) == ("running", "v1")


def test_the_application_starts_without_the_libraries_of_imports() -> None:
    slow = (
        "boto3",
        "botocore",
        "openpyxl",
        "python_calamine",
        "chalicelib.imports.kinds",
        "chalicelib.imports.running",
    )
    program = f"import sys, app; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.usefixtures("s3")
def test_links_and_uploads_name_the_address_at_which_people_reach_s3(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_S3_URL", "http://localhost:4999")
    runtime.settings.cache_clear()
    template = api.get("/api/imports/template/").headers["Location"]
    upload = api.post("/api/imports/", {"file_name": "loans.xlsx"}).json["upload"]["url"]
    allowed_by_the_console = runtime.signing_s3().meta.endpoint_url
    runtime.settings.cache_clear()
    assert template.startswith(f"http://localhost:4999/{BUCKET}/templates/")
    assert upload.startswith(f"http://localhost:4999/{BUCKET}")
    assert allowed_by_the_console == "http://localhost:4999"


def test_what_an_import_changed_is_told_row_by_row_and_a_dry_run_is_imported_for_good(
    api: Api, s3: "S3Client", database: Database
) -> None:
    loans = [LOAN_HEADER, loan(1, 5001), loan(3, 5002)]
    people = [customer(number) for number in range(1, 4)]
    uploaded_and_imported(api, s3, database, workbook({"customers": [CUSTOMER_HEADER, *people], "loans": loans}))
    book = workbook(
        {
            "customers": [
                CUSTOMER_HEADER,
                customer(1, age=50, monthly_income=70000),
                *people[1:2],
                customer(3, age=50),
            ],
            "loans": [LOAN_HEADER, loan(1, 5001), loan(3, 5002, emis_paid_on_time=21)],
        }
    )
    job = started(api, dry_run=True)
    upload(job, book)
    import_object(database, s3, reference(s3, job["key"]))
    dry = job["import_id"]
    first = api.get(f"/api/imports/{dry}/changes/?limit=1").json
    assert first["sheet"] == "customers"
    assert first["changes"] == [
        {
            "row_number": 2,
            "subject": {"kind": "customer", "id": "1"},
            "before": {"age": 41, "monthly_income": 60000},
            "after": {"age": 50, "monthly_income": 70000},
        }
    ]
    second = api.get(f"/api/imports/{dry}/changes/?limit=1&sheet=customers&after={first['next']}").json
    assert ([row["row_number"] for row in second["changes"]], second["next"]) == ([4], None)
    assert api.get("/api/customers/1/").json["age"] == 41

    answer = api.call("POST", f"/api/imports/{dry}/import/")
    assert (answer.status, answer.json["state"], answer.json["dry_run"]) == (201, "awaiting_upload", False)
    import_object(database, s3, reference(s3, answer.json["key"]))
    assert api.get("/api/customers/1/").json["age"] == 50
    (changed,) = api.get(f"/api/imports/{answer.json['import_id']}/changes/?sheet=loans").json["changes"]
    assert (changed["row_number"], changed["subject"]["kind"]) == (3, "loan")
    assert (changed["before"], changed["after"]) == ({"emis_paid_on_time": 20}, {"emis_paid_on_time": 21})
    assert_envelope(api.call("POST", f"/api/imports/{answer.json['import_id']}/import/"), 409, "conflict")


def test_the_tags_of_a_file_are_not_copied_which_would_take_rights_that_the_function_lacks(
    api: Api, s3: "S3Client", database: Database
) -> None:
    job = started(api, dry_run=True)
    upload(job, BOOK)
    here = {"Bucket": BUCKET, "Key": job["key"]}
    s3.put_object_tagging(
        **here, Tagging={"TagSet": [{"Key": "GuardDutyMalwareScanStatus", "Value": "NO_THREATS_FOUND"}]}
    )
    import_object(database, s3, reference(s3, job["key"]))
    copied = api.call("POST", f"/api/imports/{job['import_id']}/import/").json["key"]
    assert s3.get_object_tagging(Bucket=BUCKET, Key=copied)["TagSet"] == []


def test_nothing_is_told_of_what_changed_nothing(api: Api, s3: "S3Client", database: Database) -> None:
    number = uploaded_and_imported(api, s3, database)
    nothing: dict[str, Any] = {"sheet": None, "changes": [], "next": None}
    for query in ("", "?sheet=customers", "?sheet=none"):
        assert api.get(f"/api/imports/{number}/changes/{query}").json == nothing
    assert_envelope(api.get("/api/imports/4711/changes/"), 404, "import_not_found")
    assert_envelope(api.call("POST", "/api/imports/4711/import/"), 404, "import_not_found")


def test_a_failed_import_is_dismissed_and_put_back(api: Api, database: Database) -> None:
    number = insert_import(database, "failed", message="The file is damaged.", object_key="incoming/broken.xlsx")
    place = f"/api/imports/{number}"
    for _ in range(2):
        assert api.call("POST", f"{place}/dismissal/").status == 204
        assert api.get(f"{place}/").json["dismissed_at"] is not None
    assert api.call("DELETE", f"{place}/dismissal/").status == 204
    assert api.get(f"{place}/").json["dismissed_at"] is None
    completed = insert_import(database, "completed")
    assert_envelope(api.call("POST", f"/api/imports/{completed}/dismissal/"), 409, "conflict")
    assert_envelope(api.call("POST", "/api/imports/4711/dismissal/"), 404, "import_not_found")
