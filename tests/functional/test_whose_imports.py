"""What a key for workbooks sees and changes: its own imports, and nobody registered here until an admin says so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from tests.support.application import Api, assert_envelope
from tests.support.imports.jobs import reference, started, upload
from tests.support.people import key_of, session_of, user_of
from tests.support.workbooks import customer, customers_book, loan, loans_book

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PERSON = {"first_name": "Asha", "last_name": "Rao", "age": 33, "monthly_income": 50000, "phone_number": 9812345678}
Send = Callable[..., int]


@pytest.fixture
def send(s3: "S3Client", database: Database) -> Send:
    """Asks for an import as somebody, uploads the file and imports it; returns the number of the import."""

    def sent(somebody: Api, content: bytes, file_name: str = "book.xlsx") -> int:
        job = started(somebody, file_name)
        assert upload(job, content).ok
        # As S3's notice says it: of the object itself S3 knows the second only, and two may be of the same.
        noticed = replace(reference(s3, job["key"]), uploaded_at=datetime.now(UTC))
        import_object(database, s3, noticed)
        return int(job["import_id"])

    return sent


@pytest.fixture
def importer(api: Api, database: Database) -> Api:
    return api.showing(key_of(database, Role.IMPORTER))


@pytest.fixture
def admin(api: Api, database: Database) -> Api:
    return api.showing(session_of(database, user_of(database).login))


def registered(api: Api) -> Any:
    answer = api.post("/api/register/", PERSON)
    assert answer.status == 201, answer.text
    return api.get(f"/api/customers/{answer.json['customer_id']}/").json


def said(api: Api, import_id: int) -> list[tuple[str, str]]:
    return [(row["outcome"], row["code"]) for row in api.get(f"/api/imports/{import_id}/rows/").json["rows"]]


def loans_of(api: Api, customer_id: int) -> list[int]:
    return [each["loan_id"] for each in api.get(f"/api/loans/?customer_id={customer_id}").json["loans"]]


def as_row(person: Any, **changes: Any) -> list[object]:
    names = ("first_name", "last_name", "age", "phone_number", "monthly_income", "approved_limit")
    return customer(person["customer_id"], **({name: person[name] for name in names} | changes))


def test_a_key_sees_its_own_imports_and_no_others(api: Api, database: Database, importer: Api, send: Send) -> None:
    other = api.showing(key_of(database, Role.IMPORTER))
    own, of_another = send(importer, customers_book(customer(1))), send(other, customers_book(customer(2, age=7)))
    assert [each["import_id"] for each in importer.get("/api/imports/").json["imports"]] == [own]
    assert importer.get(f"/api/imports/{own}/").status == 200
    for path in ("", "rows/", "changes/"):
        assert_envelope(importer.get(f"/api/imports/{of_another}/{path}"), 404, "import_not_found")
    for method, path in (("POST", "import/"), ("POST", "dismissal/"), ("DELETE", "dismissal/")):
        assert_envelope(importer.call(method, f"/api/imports/{of_another}/{path}"), 404, "import_not_found")
    viewer = api.showing(session_of(database, user_of(database, Role.VIEWER).login))
    assert [each["import_id"] for each in viewer.get("/api/imports/").json["imports"]] == [of_another, own]


@pytest.mark.parametrize("changes", [{"approved_limit": 99_00_000}, {"first_name": "Usha"}, {}])
def test_a_key_changes_nobody_who_was_registered_here_and_learns_nothing(
    api: Api, importer: Api, send: Send, changes: dict[str, object]
) -> None:
    person = registered(api)
    number = send(importer, customers_book(as_row(person, **changes), customer(77)))
    assert said(importer, number) == [("rejected", "not_yours")]
    assert api.get(f"/api/customers/{person['customer_id']}/").json == person
    assert api.get("/api/customers/77/").status == 200


def test_a_key_changes_whom_a_workbook_brought(api: Api, importer: Api, send: Send) -> None:
    send(importer, customers_book(customer(5)))
    assert said(importer, send(importer, customers_book(customer(5, first_name="Usha")))) == []
    assert api.get("/api/customers/5/").json["first_name"] == "Usha"


def test_a_key_is_not_told_what_stood_there_before(api: Api, importer: Api, send: Send) -> None:
    """A dry run of made-up values would otherwise tell those of everybody whom a workbook brought."""
    send(importer, customers_book(customer(5, monthly_income=60_000)))
    number = send(importer, customers_book(customer(5, monthly_income=70_000)))
    (told,) = importer.get(f"/api/imports/{number}/changes/").json["changes"]
    assert (told["before"], told["after"]) == (None, {"monthly_income": 70_000})
    (told,) = api.get(f"/api/imports/{number}/changes/").json["changes"]
    assert told["before"] == {"monthly_income": 60_000}


def test_a_file_sent_again_by_the_same_form_may_do_no_more(
    api: Api, s3: "S3Client", database: Database, importer: Api
) -> None:
    person, job = registered(api), started(importer)
    for content in (customers_book(customer(77)), customers_book(as_row(person, first_name="Usha"))):
        assert upload(job, content).ok
        result = import_object(database, s3, reference(s3, job["key"]))
    assert said(importer, result.import_id) == [("rejected", "not_yours")]


def test_a_key_adds_no_loans_to_who_was_registered_here(api: Api, importer: Api, send: Send) -> None:
    person = registered(api)
    assert said(importer, send(importer, loans_book(loan(person["customer_id"], 5001)))) == [("rejected", "not_yours")]
    assert loans_of(api, person["customer_id"]) == []


def test_a_key_says_nothing_of_a_loan_made_here(api: Api, importer: Api, send: Send) -> None:
    send(importer, customers_book(customer(5, monthly_income=90_000, approved_limit=9_00_000)))
    asked = {"customer_id": 5, "loan_amount": 50_000, "interest_rate": 18, "tenure": 12}
    made = api.post("/api/create-loan/", asked).json
    assert made["loan_approved"], made
    number = send(importer, loans_book(loan(5, made["loan_id"], emis_paid_on_time=9)))
    assert said(importer, number) == [("rejected", "not_yours")]


def test_loans_that_a_key_left_waiting_do_not_reach_who_registers_here(
    api: Api, importer: Api, admin: Api, s3: "S3Client", database: Database, send: Send
) -> None:
    send(importer, customers_book(customer(5)))
    number = send(importer, loans_book(loan(6, 5001)))
    assert said(importer, number) == [("waiting", "customer_unknown")]
    assert registered(api)["customer_id"] == 6
    send(importer, customers_book(customer(7)), "another.xlsx")
    assert loans_of(api, 6) == []

    answer = admin.call("POST", f"/api/imports/{number}/release/")
    assert answer.status == 201, answer.text
    key = admin.get(f"/api/imports/{answer.json['import_id']}/").json["key"]
    import_object(database, s3, reference(s3, key))
    assert loans_of(api, 6) == [5001]


def test_an_admin_releases_what_a_key_may_not_change(
    api: Api, importer: Api, admin: Api, s3: "S3Client", database: Database, send: Send
) -> None:
    person = registered(api)
    number = send(importer, customers_book(as_row(person, first_name="Usha")))
    answer = admin.call("POST", f"/api/imports/{number}/release/")
    assert answer.json["releases"] == number
    released = answer.json["import_id"]
    import_object(database, s3, reference(s3, admin.get(f"/api/imports/{released}/").json["key"]))
    assert said(admin, released) == []
    assert api.get(f"/api/customers/{person['customer_id']}/").json["first_name"] == "Usha"
    assert_envelope(importer.get(f"/api/imports/{released}/"), 404, "import_not_found")
    (logged,) = admin.get("/api/audit/?action=import_released").json["events"]
    assert (logged["subject"]["id"], logged["after"]) == (str(number), {"as_import": released})


def test_nothing_else_is_released_and_by_nobody_else(
    api: Api, importer: Api, admin: Api, s3: "S3Client", database: Database, send: Send
) -> None:
    anybodys = send(api, customers_book(customer(1)))
    assert_envelope(admin.call("POST", f"/api/imports/{anybodys}/release/"), 409, "conflict")
    assert_envelope(admin.call("POST", "/api/imports/4711/release/"), 404, "import_not_found")
    old = send(importer, customers_book(as_row(registered(api))))
    officer = api.showing(session_of(database, user_of(database, Role.OFFICER).login))
    for somebody in (importer, officer, api):
        assert_envelope(somebody.call("POST", f"/api/imports/{old}/release/"), 403, "forbidden")
    new = send(importer, customers_book(customer(3)))
    assert str(new) in assert_envelope(admin.call("POST", f"/api/imports/{old}/release/"), 409, "conflict")["error"]
    gone = reference(s3, admin.get(f"/api/imports/{new}/").json["key"])
    s3.delete_object(Bucket=gone.bucket, Key=gone.key, VersionId=gone.version_id or "")
    assert_envelope(admin.call("POST", f"/api/imports/{new}/release/"), 409, "conflict")


def test_an_admin_raises_the_bound_of_numbers_by_releasing_the_import(
    api: Api, importer: Api, admin: Api, s3: "S3Client", database: Database, send: Send
) -> None:
    send(importer, customers_book(customer(300)))
    number = send(importer, customers_book(customer(20_000_000), customer(301)))
    assert said(importer, number) == [("rejected", "number_out_of_reach")]
    answer = admin.call("POST", f"/api/imports/{number}/release/")
    assert answer.status == 201, answer.text
    released = answer.json["import_id"]
    import_object(database, s3, reference(s3, admin.get(f"/api/imports/{released}/").json["key"]))
    assert "rejected" not in dict(said(admin, released))
    assert api.get("/api/customers/20000000/").status == 200
    assert registered(api)["customer_id"] == 20_000_001


def test_what_no_file_may_name_is_not_released_again_and_again(
    importer: Api, admin: Api, s3: "S3Client", database: Database, send: Send
) -> None:
    number = send(importer, customers_book(customer(300), customer(10**15 - 1)))
    released = admin.call("POST", f"/api/imports/{number}/release/").json["import_id"]
    import_object(database, s3, reference(s3, admin.get(f"/api/imports/{released}/").json["key"]))
    assert dict(said(admin, released))["rejected"] == "number_out_of_reach"
    assert_envelope(admin.call("POST", f"/api/imports/{released}/release/"), 409, "conflict")
