"""Who made what, and when: in lists, on the page of each object, and in the audit log by name."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chalicelib import runtime
from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Author, Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.services.api_keys import WantedKey, create_key
from tests.support.application import Api
from tests.support.console.browser import Browser, names_in
from tests.support.customers import asking, named, registered
from tests.support.imports.jobs import reference, started, upload
from tests.support.lending import create_loan
from tests.support.people import TEST, key_of
from tests.support.workbooks import customer, customers_book, loan, loans_book

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def admin(closed_api: Api, database: Database) -> Browser:
    return Browser(closed_api.client).sign_in_as(database, Role.ADMIN)


def shop(database: Database) -> Author:
    """A key of a shop, as the author of what it does."""
    key = create_key(database, TEST, WantedKey("The shop", Role.WRITER.value)).key
    return Author("key", key.name, key.key_id, "a request")


def test_an_application_and_its_loan_name_the_key_that_applied(admin: Browser, database: Database) -> None:
    asked = LoanRequest(Decimal(20_000), Decimal(9), 12)
    create_loan(database, named(database), asked, STANDARD_1, runtime.today(), shop(database))
    application = admin.get("/console/applications/1/")
    assert "applied for by The shop (key)" in application.words
    assert "Applied for a loan by The shop API key" in application.words
    assert "Created by The shop (key)" in admin.get("/console/loans/1/").words
    for address in ("applications", "loans"):
        assert "The shop (key)" in admin.get(f"/console/{address}/").words
        assert len(names_in(admin.get(f"/console/{address}/?who=key:1"))) == 1


def test_an_application_tells_its_moment_by_the_clock_of_the_place_of_business(api: Api) -> None:
    made = api.post("/api/create-loan", asking(registered(api))).json
    alone = api.get(f"/api/applications/{made['application_id']}").json
    (listed,) = api.get("/api/applications").json["applications"]
    # Between midnight there and midnight in London the day would be that before `decided_on`.
    for application in (alone, listed):
        assert application["created_at"].endswith("+05:30")


def test_an_imported_loan_leads_to_the_import_and_the_import_names_who_asked_for_it(
    admin: Browser, closed_api: Api, s3: "S3Client", database: Database
) -> None:
    importer = closed_api.showing(key_of(database, Role.IMPORTER))
    for content in (customers_book(customer(1)), loans_book(loan(1, 77))):
        job = started(importer, "book.xlsx")
        assert upload(job, content).ok
        import_object(database, s3, replace(reference(s3, job["key"]), uploaded_at=datetime.now(UTC)))
    loans = admin.get("/console/loans/?who=import")
    assert len(names_in(loans)) == 1
    number = job["import_id"]
    assert f"/console/imports/{number}/" in loans.links()
    assert len(names_in(admin.get(f"/console/loans/?who=import:{number}"))) == 1
    assert names_in(admin.get("/console/loans/?who=import:1")) == []
    page = admin.get(f"/console/imports/{number}/")
    assert "a importer (key)" in page.words
    # The file did nothing by itself; who asked for it did.
    assert f"Import completed: {job['key']}" in page.words
    assert "Import started by a importer" in page.words
    assert "a importer (key)" in admin.get("/console/imports/").words
    assert len(names_in(admin.get("/console/imports/?who=key:1&state=completed"))) == 2


def test_loans_that_waited_for_their_customer_name_the_import_that_brought_them(
    admin: Browser, closed_api: Api, s3: "S3Client", database: Database
) -> None:
    importer = closed_api.showing(key_of(database, Role.IMPORTER))
    for content in (loans_book(loan(1, 77)), customers_book(customer(1))):
        job = started(importer, "book.xlsx")
        assert upload(job, content).ok
        import_object(database, s3, replace(reference(s3, job["key"]), uploaded_at=datetime.now(UTC)))
    assert len(names_in(admin.get("/console/loans/?who=import:1"))) == 1


def test_the_audit_log_offers_people_and_keys_by_name(admin: Browser, database: Database) -> None:
    shop(database)
    seen = admin.get("/console/administration/audit/?actor=import:7").text
    assert '<option value="key:1">The shop (key)</option>' in seen
    assert '<option value="user:1">a-admin of the tests</option>' in seen
    assert '<option value="import:7" selected>Import 7</option>' in seen


def test_a_long_history_comes_in_parts(admin: Browser, database: Database) -> None:
    number = named(database)
    with database.transaction() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, subject_kind, subject_id) "
            "SELECT 'user', 1, 'Person ' || n, 'loan_changed', 'application', '1' FROM generate_series(1, 14) AS n"
        )
        tx.commit()
    create_loan(
        database, number, LoanRequest(Decimal(900_000), Decimal(9), 12), STANDARD_1, runtime.today(), shop(database)
    )
    first = admin.get("/console/applications/1/")
    assert ("Person 14" in first.words, "Person 5 " in first.words) == (True, False)
    earlier = next(link for link in first.links() if "history=" in link)
    assert "Person 5 " in admin.get(earlier).words
