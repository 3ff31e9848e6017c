"""The console's imports: started and sent with and without a script, watched, read row by row, tried again."""

import json
import re
from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import boto3
import pytest
import requests

from chalicelib import runtime
from chalicelib.imports import jobs
from chalicelib.imports.report.making import make_report
from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Actor, Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.services import imports
from chalicelib.services.audit import list_events
from chalicelib.storage.audit import AuditFilter
from chalicelib.storage.customers import Registration
from chalicelib.storage.paging import Cursor
from tests.support import plain_http
from tests.support.application import BUCKET
from tests.support.console.browser import HOST, Browser, Seen
from tests.support.imports.jobs import BOOK, insert_findings, insert_import, reference
from tests.support.lending import register
from tests.support.people import TEST
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, customers_book, loan, workbook

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

NEW = "/console/imports/new/"


@pytest.fixture
def officer(browser: Browser, database: Database) -> Browser:
    return browser.sign_in_as(database, Role.OFFICER)


@pytest.fixture
def admin(browser: Browser, database: Database) -> Browser:
    return browser.sign_in_as(database, Role.ADMIN)


@pytest.fixture
def sqs(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> "SQSClient":
    """SQS with the two queues, in this process; the application's own client sees it too."""
    assert s3
    client = boto3.client("sqs")
    dead = client.create_queue(QueueName="loans-test-imports-dead")["QueueUrl"]
    found = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": found["QueueArn"], "maxReceiveCount": 5}
    made = client.create_queue(QueueName="loans-test-imports", Attributes={"RedrivePolicy": json.dumps(policy)})
    monkeypatch.setenv("IMPORT_QUEUE_URL", made["QueueUrl"])
    runtime.sqs.cache_clear()
    runtime.settings.cache_clear()
    return client


def start(browser: Browser, file_name: str = "loans.xlsx", **fields: str) -> Seen:
    """The page of an import that was begun by its form. A browser tells from where it comes."""
    page = browser.open(NEW)
    answer = browser.send(page, "", file_name=file_name, **fields)
    assert answer.status == 303, answer.words
    came_from = {"Referer": f"http://{HOST}/prod{NEW}"}
    return browser.get(urljoin(NEW, answer.headers["Location"]), came_from)


def form_of(page: Seen) -> tuple[str, dict[str, str]]:
    """The address and the fields of the form that sends the file."""
    form = re.search(r'<form class="upload" method="post" action="([^"]+)".*?</form>', page.text, re.DOTALL)
    assert form
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.group(0))
    return unescape(form.group(1)), {unescape(name): unescape(value) for name, value in fields}


def send(page: Seen, content: bytes = BOOK) -> requests.Response:
    """Sends the form of an import's page as a browser would."""
    url, fields = form_of(page)
    return plain_http.post(url, data=fields, files={"file": content}, allow_redirects=False)


def number_of(page: Seen) -> int:
    found = re.match(r"/console/imports/(\d+)/", page.path)
    assert found
    return int(found.group(1))


def imported(browser: Browser, s3: "S3Client", database: Database) -> int:
    page = start(browser)
    send(page)
    import_object(database, s3, reference(s3, form_of(page)[1]["key"]))
    return number_of(page)


def test_without_imports_the_page_says_what_to_do(officer: Browser) -> None:
    seen = officer.get("/console/imports/")
    assert "No imports yet" in seen.words
    assert NEW in seen.links()
    assert "/console/imports/template/" in seen.links()


def test_the_page_of_an_upload_names_every_kind_of_sheet(officer: Browser) -> None:
    page = officer.open("/console/imports/new/")
    assert "Sheets of customers, loans, openings and receipts, in any order." in page.words


def test_a_viewer_sees_imports_and_is_offered_no_upload(browser: Browser, database: Database) -> None:
    viewer = browser.sign_in_as(database, Role.VIEWER)
    waiting = insert_import(database, "awaiting_upload", object_version=None)
    assert NEW not in viewer.get("/console/imports/").links()
    assert '<form class="upload"' not in viewer.get(f"/console/imports/{waiting}/").text
    assert viewer.get(NEW).status == 403
    assert viewer.get("/console/imports/failed-files/").status == 403


@pytest.mark.usefixtures("s3")
def test_the_page_of_an_upload_may_reach_the_store_of_files_and_nothing_else(officer: Browser) -> None:
    for page in (officer.open(NEW), start(officer)):
        policy = page.headers["Content-Security-Policy"]
        assert "connect-src 'self' https://s3.amazonaws.com;" in policy
        assert "form-action 'self' https://s3.amazonaws.com;" in policy


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(("file_name", "sentence"), [("loans.xls", "Must end in .xlsx"), ("", "Is required")])
def test_a_name_that_is_no_workbook_is_refused_and_kept(officer: Browser, file_name: str, sentence: str) -> None:
    answer = officer.send(officer.open(NEW), "", file_name=file_name)
    assert answer.status == 400
    assert sentence in answer.words
    assert f'value="{file_name}"' in answer.text


def test_without_a_script_the_file_is_sent_by_the_form_and_s3_leads_back_to_the_import(
    officer: Browser, s3: "S3Client", database: Database
) -> None:
    page = start(officer)
    assert "No file yet" in page.words
    answer = send(page)
    assert answer.status_code == 303
    where = f"http://{HOST}/prod/console/imports/{number_of(page)}/"
    assert answer.headers["Location"].startswith(where)
    back = officer.get(answer.headers["Location"].removeprefix(f"http://{HOST}/prod"))
    assert "The file is on its way" in back.words
    assert 'http-equiv="refresh"' in back.text
    assert '<form class="upload"' not in back.text
    import_object(database, s3, reference(s3, form_of(page)[1]["key"]))
    assert "6 rows in 2 sheets" in officer.get(page.path).words


@pytest.mark.usefixtures("s3")
def test_with_a_script_s3_leads_nowhere(officer: Browser) -> None:
    page = start(officer, by="script")
    assert send(page).status_code == 204


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    "referer", ["", "https://evil.example/console/imports/new/", f"javascript://{HOST}/console/", f"http://{HOST}/"]
)
def test_s3_leads_back_to_nobody_else(officer: Browser, referer: str) -> None:
    page = officer.get(start(officer).path, {"Referer": referer})
    assert "success_action_redirect" not in form_of(page)[1]


def test_an_upload_ends_when_it_would_have_ended_anyway(officer: Browser, database: Database) -> None:
    values = {"object_version": None, "created_at": datetime(2026, 1, 1).astimezone()}
    seen = officer.get(f"/console/imports/{insert_import(database, 'awaiting_upload', **values)}/")
    assert "ask for a new one" in seen.words
    assert '<form class="upload"' not in seen.text


def test_rows_that_were_rejected_can_be_read_in_the_page(officer: Browser, s3: "S3Client", database: Database) -> None:
    number = imported(officer, s3, database)
    seen = officer.get(f"/console/imports/{number}/")
    assert "customers, row 3" in seen.words
    assert "Age must be a whole number from 18 to 120. Invalid value: 7." in seen.words
    rejected = officer.get(f"/console/imports/{number}/?outcome=rejected").words
    waiting = officer.get(f"/console/imports/{number}/?outcome=waiting").words
    assert ("customers, row 3" in rejected, "loans, row 4" in rejected) == (True, False)
    assert ("customers, row 3" in waiting, "loans, row 4" in waiting) == (False, True)
    assert "No such rows" in officer.get(f"/console/imports/{number}/?outcome=flagged").words
    assert officer.get(f"/console/imports/{number}/?outcome=odd").status == 400


def test_the_updated_rows_of_an_import_open_what_they_changed(
    officer: Browser, s3: "S3Client", database: Database
) -> None:
    imported(officer, s3, database)
    loans = [LOAN_HEADER, loan(1, 5001), loan(3, 5002, emis_paid_on_time=21)]
    book = workbook({"customers": [CUSTOMER_HEADER, customer(1, age=50, monthly_income=70000)], "loans": loans})
    page = start(officer)
    assert send(page, workbook({"loans": [LOAN_HEADER, loan(1, 5001), loan(3, 5002)]})).ok
    import_object(database, s3, reference(s3, form_of(page)[1]["key"]))
    for dry_run, tense in (("true", "would change"), ("", "changed")):
        page = start(officer, dry_run=dry_run)
        send(page, book)
        import_object(database, s3, reference(s3, form_of(page)[1]["key"]))
        # From Home: Imports, the import, the number of those updated.
        opened = officer.get(page.path)
        link = next(each for each in opened.links() if "/changes/?sheet=customers" in each)
        seen = officer.get(link)
        assert tense in seen.words
        assert "Row 2 1 Age: 41 → 50 Monthly income: ₹60,000 → ₹70,000" in seen.words
        assert "/console/customers/1/" in seen.links()
        loans_changed = officer.get(f"{page.path}changes/?sheet=loans")
        assert "Emis paid on time: 20 → 21" in loans_changed.words
        file = officer.get(f"{page.path}changes/csv/")
        lines = plain_http.get(file.headers["Location"]).content.decode("utf-8-sig").splitlines()
        assert lines[:3] == [
            "sheet,row,kind,number,field,before,after",
            "customers,2,customer,1,age,41,50",
            "customers,2,customer,1,monthly_income,60000.00,70000.00",
        ]
        assert lines[3].startswith("loans,3,loan,")
        assert lines[3].endswith(",emis_paid_on_time,20,21")
    assert officer.get(f"{page.path}changes/?sheet=none").status == 404


def test_changes_come_in_pages(officer: Browser, s3: "S3Client", database: Database) -> None:
    for age in (40, 41):
        page = start(officer)
        send(page, customers_book(*(customer(number, age=age) for number in range(1, 61))))
        import_object(database, s3, reference(s3, form_of(page)[1]["key"]))
    first = officer.get(f"{page.path}changes/")
    assert "Row 51 " in first.words
    following = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert following
    second = officer.get(f"{page.path}changes/{unescape(following.group(1))}").words
    assert ("Row 51 " in second, "Row 52 " in second, "Row 61 " in second) == (False, True, True)


def test_a_failed_import_is_dismissed_and_put_back(officer: Browser, database: Database) -> None:
    number = insert_import(database, "failed", message="The file is damaged.", object_key="incoming/broken.xlsx")
    page = officer.get(f"/console/imports/{number}/")
    assert "broken.xlsx" in officer.get("/console/").words
    assert "No imports found" in officer.get("/console/imports/?show=dismissed").words
    seen = officer.follow(officer.send(page, "dismissal/"))
    assert "Dismissed by a-officer of the tests on" in seen.words
    assert "broken.xlsx" not in officer.get("/console/").words
    assert "broken.xlsx" in officer.get("/console/imports/?show=dismissed").words
    assert officer.send(page, "dismissal/").status == 303
    officer.send(page, "restoral/")
    assert "broken.xlsx" in officer.get("/console/").words
    actions = [event.action for event in list_events(database, AuditFilter(subject_kind="import"), Cursor(9)).rows]
    assert actions[:2] == ["import_restored", "import_dismissed"]


def test_only_a_failed_import_is_dismissed(officer: Browser, database: Database) -> None:
    number = insert_import(database, "completed", report_key="reports/1/x.xlsx")
    page = officer.get(f"/console/imports/{number}/")
    assert "dismissal" not in page.text
    assert officer.send(page, f"/console/imports/{number}/dismissal/").status == 409


def test_the_same_said_of_many_rows_is_one_line_with_a_count(
    officer: Browser, s3: "S3Client", database: Database
) -> None:
    page = start(officer)
    send(page, customers_book(*(customer(number, age=7) for number in range(1, 61)), customer(61, phone_number=1)))
    import_object(database, s3, reference(s3, form_of(page)[1]["key"]))
    seen = officer.get(page.path).words
    assert "60 times in customers from row 2 on Rejected Age For example: Age must be a whole number" in seen
    assert "customers, row 62 Rejected Phone Number" in seen
    assert "Next page" not in seen
    assert "customers, row 3 " in officer.get(f"{page.path}?outcome=rejected").words


def test_a_dry_run_changes_nothing_until_it_is_imported_for_good(
    officer: Browser, s3: "S3Client", database: Database
) -> None:
    page = start(officer, dry_run="true")
    assert "Nothing will be written" in page.words
    send(page)
    import_object(database, s3, reference(s3, form_of(page)[1]["key"]))
    seen = officer.get(page.path)
    assert "Dry run, import" in seen.words
    assert "6 rows in 2 sheets" in seen.words
    assert officer.get("/console/customers/1/").status == 404
    assert "loans.xlsx" not in officer.get("/console/").words
    done = officer.follow(officer.send(seen, "import/"))
    assert "The file is being imported now" in done.words
    key = jobs_of(database)[number_of(done)]
    import_object(database, s3, reference(s3, key))
    assert officer.get("/console/customers/1/").status == 200
    assert officer.send(seen, f"/console/imports/{number_of(done)}/import/").status == 409


def jobs_of(database: Database) -> dict[int, str]:
    """The keys of all imports."""
    with database.reading() as connection:
        return {job.import_id: job.object_key for job in jobs.listed(connection, Cursor(99)).rows}


def test_an_admin_is_asked_to_release_what_a_key_may_not_change(
    admin: Browser, s3: "S3Client", database: Database
) -> None:
    person = Registration("Asha", "Rao", 33, "9812345678", Decimal(50000))
    number = register(database, person, STANDARD_1, TEST).customer_id
    key = Actor("key", "branch", Role.IMPORTER, 7)
    job = imports.start_import(
        database, s3, bucket=BUCKET, actor=key, file_name="branch.xlsx", request_id="a request"
    ).job
    s3.put_object(Bucket=BUCKET, Key=job.object_key, Body=customers_book(customer(number)))
    import_object(database, s3, reference(s3, job.object_key))
    page = admin.open(f"/console/imports/{job.import_id}/")
    assert "Rows that need your permission" in page.words
    seen = admin.follow(admin.send(page, "release/"))
    assert "imported again, with your permission" in seen.words
    assert "branch.xlsx" in seen.words
    assert number_of(seen) != job.import_id


def test_many_rows_come_in_pages_that_keep_the_outcome(officer: Browser, database: Database) -> None:
    number = insert_import(database, "completed", report_key="reports/1/x.xlsx")
    insert_findings(database, number, *["rejected", "flagged"] * 60)
    page, rows = officer.get(f"/console/imports/{number}/?outcome=rejected"), []
    while True:
        rows += re.findall(r"loans, row (\d+)", page.words)
        following = re.search(r'href="([^"]+)" rel="next"', page.text)
        if not following:
            break
        page = officer.get(f"/console/imports/{number}/{unescape(following.group(1)).partition('#')[0]}")
    assert [int(row) for row in rows] == list(range(2, 122, 2))


def test_the_progress_moves_until_there_is_nothing_to_wait_for(officer: Browser, database: Database) -> None:
    number = insert_import(database, rows_total=200, rows_read=50)
    seen = officer.get(f"/console/imports/{number}/progress/")
    assert "50 of 200 rows read" in seen.words
    assert 'value="25"' in seen.text
    assert 'data-phase="running" data-moving' in seen.text
    assert "<html" not in seen.text
    assert 'http-equiv="refresh"' in officer.get(f"/console/imports/{number}/").text
    failed = insert_import(database, "failed", message="It is no workbook.", object_version="v2")
    page = officer.get(f"/console/imports/{failed}/")
    assert "It is no workbook." in page.words
    assert "data-moving" not in page.text
    assert "refresh" not in page.text


def test_an_import_that_has_just_ended_waits_for_its_report_but_not_for_ever(
    officer: Browser, database: Database
) -> None:
    new = insert_import(database, "completed")
    assert "The report is being written" in officer.get(f"/console/imports/{new}/").words
    old = insert_import(database, "completed", object_version="v2")
    with database.transaction() as tx:
        tx.connection.exec_driver_sql(
            f"UPDATE imports SET finished_at = now() - interval '6 minutes' WHERE import_id = {old}"
        )
        tx.commit()
    assert "data-moving" not in officer.get(f"/console/imports/{old}/").text


def test_the_report_the_template_and_proposed_openings_are_fetched_by_signed_links(
    officer: Browser, s3: "S3Client", database: Database
) -> None:
    number = imported(officer, s3, database)
    assert officer.get(f"/console/imports/{number}/report/").status == 404
    make_report(database, s3, BUCKET, number)
    assert f"/console/imports/{number}/report/" in officer.get(f"/console/imports/{number}/").links()
    for path in (f"/console/imports/{number}/report/", "/console/imports/template/", "/console/loans/openings/"):
        answer = officer.get(path)
        assert answer.status == 303
        assert plain_http.get(answer.headers["Location"]).content.startswith(b"PK")


def test_imports_are_listed_with_their_state_and_counts_in_pages(officer: Browser, database: Database) -> None:
    for number in range(27):
        insert_import(database, object_key=f"incoming/book-{number}.xlsx", object_version=f"v{number}", rows_read=5)
    first = officer.get("/console/imports/")
    assert "book-26.xlsx Running" in first.words
    following = re.search(r'href="(\?after=\d+)"', first.text)
    assert following
    second = officer.get(f"/console/imports/{following.group(1)}")
    assert ("book-1.xlsx" in second.words, "book-2.xlsx" in second.words) == (True, False)


@pytest.mark.parametrize("path", ["/console/imports/99/", "/console/imports/99/progress/", "/console/imports/x/"])
def test_an_import_that_is_not_there_is_told_as_a_page(officer: Browser, path: str) -> None:
    assert officer.get(path).status == 404


def test_failed_files_are_shown_to_admins(admin: Browser, sqs: "SQSClient") -> None:
    assert "No failed files" in admin.get("/console/imports/failed-files/").words
    dead = sqs.get_queue_url(QueueName="loans-test-imports-dead")["QueueUrl"]
    described = {"bucket": {"name": BUCKET}, "object": {"key": "incoming/May+loans.xlsx"}}
    for body in (json.dumps({"Records": [{"s3": described}]}), "hello"):
        sqs.send_message(QueueUrl=dead, MessageBody=body)
    for _ in range(2):
        seen = admin.get("/console/imports/failed-files/")
        assert "2 files" in seen.words
        assert "incoming/May loans.xlsx" in seen.words
        assert "Unknown file" in seen.words


@pytest.mark.usefixtures("sqs")
def test_if_there_are_no_failed_files_nothing_is_tried_again(admin: Browser) -> None:
    page = admin.get("/console/imports/failed-files/")
    assert '<button class="button primary"' not in page.text
    answer = admin.send(page, "")
    assert "There were no failed files to try again." in admin.follow(answer).words


def test_a_queue_out_of_reach_is_told_as_a_page(admin: Browser, sqs: "SQSClient") -> None:
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="loans-test-imports")["QueueUrl"])
    seen = admin.get("/console/imports/failed-files/")
    assert (seen.status, seen.headers["Retry-After"]) == (503, "5")


def test_the_pages_of_imports_are_small(officer: Browser, database: Database) -> None:
    number = insert_import(database, "completed", report_key="reports/1/x.xlsx")
    insert_findings(database, number, *["rejected"] * 60)
    for path in ("/console/imports/", f"/console/imports/{number}/"):
        assert len(officer.get(path).text.encode()) < 100_000
