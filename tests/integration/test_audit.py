"""The audit log: what changed, by whom, and nobody can change that it did."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chalicelib.errors import Outdated
from chalicelib.imports.running import import_object
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Author, Role
from chalicelib.rules.auditing import Action
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.services import api_keys, users
from chalicelib.services.audit import list_events
from chalicelib.services.customers import change_customer, etag_of, view_customer
from chalicelib.services.users import UserChanges
from chalicelib.storage.audit import AuditFilter, StoredEvent
from chalicelib.storage.customers import Registration
from chalicelib.storage.paging import Cursor
from tests.support.aws import Aws
from tests.support.lending import create_loan, register
from tests.support.people import TEST, key_of, session_of, user_of
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

PERSON = Registration("Asha", "Rao", 30, "9876543210", Decimal("50000.50"))
TODAY = date(2026, 11, 23)
ASHA = Author("user", "Asha", 7, "request-1")


def events(database: Database, wanted: AuditFilter | None = None) -> list[StoredEvent]:
    """The log, the oldest first."""
    return [*reversed(list_events(database, wanted or AuditFilter(), Cursor(1000)).rows)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor_name = 'somebody else'",
        "UPDATE audit_log SET actor_name = 'somebody else' WHERE false",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "TRUNCATE audit_log, users CASCADE",
        "INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT * FROM audit_log "
        "ON CONFLICT (audit_id) DO UPDATE SET action = 'x'",
    ],
)
@pytest.mark.parametrize("replication_role", ["origin", "replica"])
def test_nobody_changes_the_log(database: Database, statement: str, replication_role: str) -> None:
    register(database, PERSON, STANDARD_1, ASHA)
    before = events(database)
    with database.reading() as connection:
        connection.execute(text(f"SET session_replication_role = {replication_role}"))
        with pytest.raises(DBAPIError, match="The audit log is append-only"):
            connection.execute(text(statement))
        connection.execute(text("RESET session_replication_role"))
    assert events(database) == before


def test_a_registration_says_who_did_it_in_which_request(database: Database) -> None:
    before = datetime.now(UTC)
    register(database, PERSON, STANDARD_1, ASHA)
    (event,) = events(database)
    assert (event.actor_kind, event.actor_id, event.actor_name, event.request_id) == ("user", 7, "Asha", "request-1")
    assert (event.action, event.subject_kind, event.subject_id) == ("customer_registered", "customer", "1")
    assert event.before is None
    assert event.after is not None
    assert (event.after["monthly_income"], event.after["waiting_loans_applied"]) == (Decimal("50000.50"), 0)
    assert before <= event.at <= datetime.now(UTC)


@pytest.mark.parametrize(("amount", "approved"), [(1000, True), (10**9, False)])
def test_an_application_is_there_whether_it_was_approved_or_not(
    database: Database, amount: int, approved: bool
) -> None:
    customer_id = register(database, PERSON, STANDARD_1, ASHA).customer_id
    ask = LoanRequest(Decimal(amount), Decimal("8.125"), 12)
    application = create_loan(database, customer_id, ask, STANDARD_1, TODAY, ASHA)
    event = events(database)[-1]
    assert (event.action, event.subject_id) == ("loan_applied_for", str(application.application_id))
    assert event.after == {
        "customer_id": customer_id, "loan_amount": amount, "interest_rate": Decimal("8.125"), "tenure": 12,
        "approved": approved, "loan_id": application.loan_id,
    }  # fmt: skip


def test_a_correction_shows_what_it_changed_and_nothing_else(database: Database) -> None:
    register(database, PERSON, STANDARD_1, ASHA)
    etag = etag_of(view_customer(database, 1, today=TODAY).customer)
    changes = {"approved_limit": Decimal("10.10"), "phone_number": "9876543210"}
    change_customer(database, 1, changes, etags={etag}, author=ASHA, today=TODAY)
    event = events(database)[-1]
    assert event.action == "customer_changed"
    assert event.before == {"approved_limit": Decimal("1800018")}
    assert event.after == {"approved_limit": Decimal("10.10")}


def test_what_did_not_happen_is_not_there(database: Database) -> None:
    register(database, PERSON, STANDARD_1, ASHA)
    with pytest.raises(Outdated):
        change_customer(database, 1, {"approved_limit": Decimal(1)}, etags={"another"}, author=ASHA, today=TODAY)
    with pytest.raises(Exception, match="no customer 99"):
        create_loan(database, 99, LoanRequest(Decimal(1), Decimal(1), 1), STANDARD_1, TODAY, ASHA)
    assert [event.action for event in events(database)] == ["customer_registered"]


def test_keys_users_and_sessions_are_there_without_their_secrets(database: Database) -> None:
    key_of(database, Role.READER)
    api_keys.rotate_key(database, TEST, 1)
    api_keys.revoke_key(database, TEST, 1)
    user = user_of(database)
    session_of(database, user.login)
    users.change_user(database, TEST, user.user_id, changes=UserChanges(name="Asha", password="another long password"))
    users.end_sessions(database, TEST, user.user_id)
    told = events(database)
    assert [event.action for event in told] == [
        "api_key_created", "api_key_rotated", "api_key_revoked", "user_created", "signed_in", "user_changed",
        "sessions_ended",
    ]  # fmt: skip
    changed = told[5]
    assert changed.before is not None
    assert changed.after is not None
    assert set(changed.before) == set(changed.after) == {"name", "password_changed_at"}
    assert "hash" not in str(told)


def test_moments_are_read_however_they_were_written(database: Database) -> None:
    values = '{"at": "x", "reason": "2026-11-26", "before_at": "2026-11-26 10:15:30.5+00:00", "after_since": '
    values += '"2026-11-26T10:15:30.5+00:00", "never_at": null}'
    columns = "actor_kind, actor_name, action, subject_kind, after"
    with database.transaction() as tx:
        written = f"INSERT INTO audit_log ({columns}) VALUES ('operator', 'x', 'x', 'x', CAST(:values AS jsonb))"
        tx.connection.execute(text(written), {"values": values})
        tx.commit()
    at = datetime(2026, 11, 26, 10, 15, 30, 500_000, UTC)
    assert events(database)[0].after == {
        "at": "x", "reason": "2026-11-26", "before_at": at, "after_since": at, "never_at": None,
    }  # fmt: skip


def test_the_log_is_filtered_and_comes_in_pages(database: Database) -> None:
    for _ in range(3):
        register(database, PERSON, STANDARD_1, ASHA)
    key_of(database, Role.READER)
    sessions = [
        (AuditFilter(), 4),
        (AuditFilter(actor_kind="user"), 3),
        (AuditFilter(actor_kind="user", actor_id=8), 0),
        (AuditFilter(action="api_key_created"), 1),
        (AuditFilter(subject_kind="customer", subject_id="2"), 1),
        (AuditFilter(since=datetime.now(UTC) + timedelta(days=1)), 0),
        (AuditFilter(to=datetime.now(UTC) + timedelta(days=1)), 4),
    ]
    assert [len(events(database, wanted)) for wanted, _ in sessions] == [count for _, count in sessions]
    first = list_events(database, AuditFilter(), Cursor(3))
    second = list_events(database, AuditFilter(), Cursor(3, first.next))
    assert [event.audit_id for event in (*first.rows, *second.rows)] == [4, 3, 2, 1]
    assert (first.next, second.next) == (2, None)


def test_an_import_tells_that_it_began_what_it_changed_and_how_it_ended(database: Database, aws: Aws) -> None:
    def send(**changes: object) -> None:
        rows = [CUSTOMER_HEADER, customer(1), customer(2, **changes), customer(3)]
        import_object(database, aws.s3, aws.upload("incoming/c.xlsx", workbook({"c": rows})))

    send()
    assert [event.action for event in events(database)] == ["import_started", "import_completed"]
    send(approved_limit=1700000.55)
    *_, began, changed, ended = events(database)
    assert (began.action, changed.action, ended.action) == ("import_started", "customer_changed", "import_completed")
    assert {(event.actor_kind, event.actor_id, event.actor_name) for event in (began, changed, ended)} == {
        ("import", 2, "incoming/c.xlsx")
    }
    assert (changed.subject_kind, changed.subject_id) == ("customer", "2")
    assert changed.before == {"approved_limit": 2200000}
    assert changed.after == {"approved_limit": Decimal("1700000.55")}
    assert ended.after is not None
    assert (ended.after["sheets"][0]["updated"], ended.after["sheets"][0]["unchanged"]) == (1, 2)


def test_an_import_tells_which_loans_it_changed(database: Database, aws: Aws) -> None:
    for paid in (3, 4):
        sheets = {"c": [CUSTOMER_HEADER, customer(1)], "l": [LOAN_HEADER, loan(1, 5000, emis_paid_on_time=paid)]}
        import_object(database, aws.s3, aws.upload("incoming/b.xlsx", workbook(sheets)))
    (changed,) = events(database, AuditFilter(action=Action.LOAN_CHANGED))
    assert (changed.subject_id, changed.before, changed.after) == (
        "5000", {"emis_paid_on_time": 3}, {"emis_paid_on_time": 4},
    )  # fmt: skip


def test_a_file_that_fails_tells_why_and_is_told_once(database: Database, aws: Aws) -> None:
    reference = aws.upload("incoming/x.xlsx", b"no workbook")
    for _ in range(2):
        import_object(database, aws.s3, reference)
    told = events(database)
    assert [event.action for event in told] == ["import_started", "import_failed"]
    assert told[1].after is not None
    assert told[1].after["message"]


def test_writes_at_once_are_all_told(new_database: Callable[[], Database]) -> None:
    databases = [new_database() for _ in range(4)]
    with ThreadPoolExecutor(4) as people:
        list(people.map(lambda turn: register(databases[turn % 4], PERSON, STANDARD_1, ASHA), range(20)))
    assert sorted(event.subject_id or "" for event in events(databases[0])) == sorted(str(n) for n in range(1, 21))


def test_loans_that_waited_are_told_of_with_who_brought_their_customer(database: Database, aws: Aws) -> None:
    waiting = [LOAN_HEADER, loan(1, 9), loan(1, 10), loan(70, 11)]
    import_object(database, aws.s3, aws.upload("incoming/l.xlsx", workbook({"l": waiting})))
    register(database, PERSON, STANDARD_1, ASHA)
    import_object(database, aws.s3, aws.upload("incoming/c.xlsx", workbook({"c": [CUSTOMER_HEADER, customer(70)]})))
    told = [event for event in events(database) if event.action == Action.WAITING_LOANS_APPLIED]
    assert [(event.actor_kind, event.actor_name, event.subject_id, event.after) for event in told] == [
        ("user", "Asha", "1", {"loan_ids": [9, 10]}),
        ("import", "incoming/c.xlsx", "70", {"loan_ids": [11]}),
    ]
    assert [event.request_id for event in told] == ["request-1", None]


def test_no_loan_that_waited_is_nothing_to_tell(database: Database) -> None:
    register(database, PERSON, STANDARD_1, ASHA)
    assert [event.action for event in events(database)] == ["customer_registered"]
