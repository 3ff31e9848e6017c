"""A month of a lender, for pictures: people with names, keys, applications day by day, an import, a fault."""

import tempfile
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from chalicelib.imports import jobs
from chalicelib.imports.s3_events import ObjectReference, message_for
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import KEY, USER, Author, Role
from chalicelib.rules.key_facts import Charged, Fee, PayableTo
from chalicelib.rules.lender import Lender
from chalicelib.rules.money import money
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.values import Kind
from chalicelib.rules.stored_key_facts import lender_from_stored
from chalicelib.services import key_facts
from chalicelib.services.api_keys import WantedKey, create_key
from chalicelib.services.customers import change_customer, etag_of, view_customer
from chalicelib.services.idempotency import Once
from chalicelib.services.loans import Application
from chalicelib.services.servicing import Wanted
from chalicelib.services.servicing_lists import list_loans
from chalicelib.services.users import WantedUser, create_user
from chalicelib.storage.customers import Registration
from chalicelib.storage.key_facts import StoredStatement
from chalicelib.storage.paging import Cursor
from infra.local.settings import LENDER
from tests.support.lending import create_loan, record, register
from tests.support.people import PASSWORD, TEST, session_of
from tests.support.settings import DATA, settings_for
from tests.support.stack import Stack
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, customers_book, loan, workbook

CUSTOMERS, DAYS, MOST_A_DAY = 400, 30, 9
ADMIN = "asha"

# Of a loan with a life: for which instalment, how many days late, what share of it, and the reference.
RECEIPTS = (
    (1, 0, Decimal(1), "UPI 4471 2093"),
    (2, 4, Decimal(1), "UPI 4471 8120"),
    (3, 0, Decimal("0.5"), "UPI 4472 0077"),
    (3, 9, Decimal("0.5"), "UPI 4472 3306"),
    (4, 2, Decimal(1), "UPI 4473 9001"),
    (4, 2, Decimal(1), "UPI 4473 9002"),
)
BEGUN_BY = Registration("Meera", "Iyer", 37, "9812345678", Decimal(64_000))

# All of it was written within a minute. Whoever looks at a page is to see it spread over the month it tells of, so the
# moments are put back to the days that were decided on, in office hours; today's end a little while ago.
SPREAD = """
    WITH numbered AS (
        SELECT application_id, decided_on,
               row_number() OVER (PARTITION BY decided_on ORDER BY application_id) AS nth,
               row_number() OVER (PARTITION BY decided_on ORDER BY application_id DESC) AS nth_last
        FROM loan_applications
    )
    UPDATE loan_applications SET created_at = LEAST(
        (numbered.decided_on + time '09:40') AT TIME ZONE 'Asia/Kolkata' + numbered.nth * interval '43 minutes',
        now() - numbered.nth_last * interval '3 minutes'
    )
    FROM numbered WHERE numbered.application_id = loan_applications.application_id;

    ALTER TABLE audit_log DISABLE TRIGGER audit_log_is_append_only;
    UPDATE audit_log SET at = at - interval '34 days' WHERE subject_kind IN ('user', 'api_key');
    UPDATE audit_log SET at = at - interval '33 days' WHERE subject_kind = 'import';
    UPDATE audit_log SET at = application.created_at FROM loan_applications AS application
    WHERE subject_kind = 'application' AND subject_id = application_id::text;
    ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_is_append_only;

    UPDATE users SET created_at = created_at - interval '34 days',
                     password_changed_at = password_changed_at - interval '34 days';
    UPDATE api_keys SET created_at = created_at - interval '34 days', last_used_at = now() - interval '9 minutes'
    WHERE role = 'writer';
    UPDATE api_keys SET created_at = created_at - interval '34 days', last_used_at = now() - interval '3 days'
    WHERE role = 'reader';
    UPDATE imports SET created_at = created_at - interval '33 days', finished_at = finished_at - interval '33 days'
"""


def furnish(stack: Stack) -> dict[str, int]:
    """Fills the stack with what the pages are to show; returns the numbers that the pictures ask for."""
    stack.seed(DATA)
    database = Database(make_engine(settings_for(stack.file.database_url)))
    officer, shop = _people(database), _keys(database)
    # Before the applications, whose loans get the numbers above those of the file.
    numbers = {"user": officer.author_id or 0, "import": _an_import_with_faults(stack, database)}
    numbers |= _a_month_of_applications(database, [officer, shop, shop])
    numbers |= {"loan": begun_here(database, officer), "imported": _an_imported_loan(database)}
    numbers["key_facts"] = key_facts_issued(database, numbers["customer"], officer, lender_from_stored(LENDER))
    _correct(database, numbers["customer"], officer)
    stack.run(SPREAD)
    session_of(database, officer.name.split()[0].lower())
    database.engine.dispose()
    _a_dead_letter(stack)
    return numbers


def begun_here(database: Database, author: Author = TEST) -> int:
    """The number of a new loan of half a year ago, paid late and in parts, with a receipt that was typed twice."""
    today = datetime.now(settings_for("postgresql://unused").business_timezone).date()
    start = today - timedelta(days=200)
    customer = register(database, BEGUN_BY, STANDARD_1, author).customer_id
    made = create_loan(
        database, customer, LoanRequest(Decimal(240_000), Decimal("13.5"), 24), STANDARD_1, start, author
    )
    assert made.loan_id is not None
    instalment = made.decision.monthly_installment
    for number, days_late, share, reference in RECEIPTS:
        amount = money(instalment * share)
        day = due_date(start, number) + timedelta(days=days_late)
        wanted = Wanted(Kind.RECEIPT, amount, day, reference=reference, channel="UPI")
        record(database, made.loan_id, wanted, today, author)
    # The last of them; the first transaction is the disbursal.
    wanted = Wanted(Kind.REVERSAL, reverses=1 + len(RECEIPTS), reason="typed twice")
    record(database, made.loan_id, wanted, today, author)
    return made.loan_id


def key_facts_issued(database: Database, customer_id: int, author: Author = TEST, lender: Lender | None = None) -> int:
    """The number of a Key Facts Statement, issued today to a customer for a loan with two fees."""
    today = datetime.now(settings_for("postgresql://unused").business_timezone).date()
    fees = (
        Fee("Processing fee", Decimal(2400), PayableTo.LENDER, Charged.ONCE),
        Fee("Insurance", Decimal(1600), PayableTo.THIRD_PARTY, Charged.ONCE),
    )
    proposal = key_facts.proposal_for(LoanRequest(Decimal(240_000), Decimal("13.5"), 24), today, fees=fees)
    once = Once[StoredStatement](None, lambda made: str(made.number))
    told = key_facts.issue(
        database, customer_id, proposal, lender=lender or Lender(), today=today, author=author, once=once
    )
    return int(told.answer)


def _an_imported_loan(database: Database) -> int:
    today = datetime.now(settings_for("postgresql://unused").business_timezone).date()
    return list_loans(database, today=today, cursor=Cursor(1)).rows[0].loan.loan_id


def _people(database: Database) -> Author:
    """Makes who signs in; returns the officer as the author of what she does."""
    operator = Author("operator", "make superuser")
    asha = create_user(database, operator, WantedUser(ADMIN, "Asha Rao", Role.ADMIN.value, PASSWORD))
    admin = Author(USER, asha.name, asha.user_id)
    olive = create_user(database, admin, WantedUser("olive", "Olive Dsouza", Role.OFFICER.value, PASSWORD))
    create_user(database, admin, WantedUser("vikram", "Vikram Shah", Role.VIEWER.value, PASSWORD))
    return Author(USER, olive.name, olive.user_id)


def _keys(database: Database) -> Author:
    """Makes the keys of other programs; returns the one that applies for loans as an author."""
    admin = Author(USER, "Asha Rao", 1)
    create_key(database, admin, WantedKey("Monthly report", Role.READER.value, 365))
    shop = create_key(database, admin, WantedKey("Web shop", Role.WRITER.value, 90)).key
    return Author(KEY, shop.name, shop.key_id)


def _a_month_of_applications(database: Database, authors: list[Author]) -> dict[str, int]:
    draw = Random(7)
    today = datetime.now(settings_for("postgresql://unused").business_timezone).date()
    numbers: dict[str, int] = {}
    for days_ago in range(DAYS - 1, -1, -1):
        for _ in range(draw.randint(2, MOST_A_DAY)):
            who, author = draw.randint(1, CUSTOMERS), draw.choice(authors)
            amount, rate = Decimal(draw.randrange(20, 900) * 1000), Decimal(draw.choice(("8.5", "11", "12.5", "16")))
            request = LoanRequest(amount, rate, draw.choice((12, 24, 36, 60)))
            made = create_loan(database, who, request, STANDARD_1, today - timedelta(days=days_ago), author)
            _remember(numbers, who, made)
    return numbers


def _remember(numbers: dict[str, int], who: int, made: Application) -> None:
    if made.loan_id is not None:
        numbers["loan"] = made.loan_id
    elif made.counter_offer and made.counter_offer.largest_amount and made.facts.current_principal:
        numbers |= {"customer": who, "refused": made.application_id}


def _correct(database: Database, number: int, officer: Author) -> None:
    today = datetime.now(settings_for("postgresql://unused").business_timezone).date()
    found = view_customer(database, number, today=today).customer
    changes = {"monthly_income": found.monthly_income + 4000, "approved_limit": found.approved_limit + 100_000}
    reason = "Salary slip of October"
    change_customer(database, number, changes, etags={etag_of(found)}, today=today, author=officer, reason=reason)


def _an_import_with_faults(stack: Stack, database: Database) -> int:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (
            ("september-customers.xlsx", customers_book(customer(9001, age=40), customer(9002, monthly_income=50_000))),
            ("october-loans.xlsx", _workbook_with_faults()),
        ):
            file = Path(folder) / name
            file.write_bytes(content)
            stack.wait_for_import(stack.upload(file))
    with database.reading() as connection:
        return jobs.listed(connection, Cursor(1)).rows[0].import_id


def _workbook_with_faults() -> bytes:
    customers = [customer(9000 + number) for number in range(1, 40)]
    customers[5] = customer(9006, age=11)
    customers[17] = customer(9018, phone_number=98123)
    loans = [loan(9000 + number, 80_000 + number) for number in range(1, 80)]
    loans[3] = loan(9004, 80_004, loan_amount=-5)
    loans[12] = loan(9013, 80_013, loan_amount=4_500_000_000_000)
    loans[44] = loan(9045, 80_045, tenure="twelve")
    return workbook({"customers": [CUSTOMER_HEADER, *customers], "loans": [LOAN_HEADER, *loans]})


def _a_dead_letter(stack: Stack) -> None:
    notice = message_for(ObjectReference(stack.file.bucket, "incoming/september-customers.xlsx", "v1"))
    stack.client("sqs").send_message(QueueUrl=stack.file.dead_letter_queue_url, MessageBody=notice)
