"""Whatever a page or an endpoint reads, it reads by an index and reads little, however large the tables are.

Every address that can be read is opened over tables of some size, in which what a filter asks for lies far from where
a list begins. Each statement that was sent is then run once more, to see what the server read for it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from chalicelib import runtime
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.access import Role
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.reasons import Reason
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.rules.servicing.fold import step
from chalicelib.rules.servicing.position import FOLD_REVISION, NOTHING
from chalicelib.rules.servicing.stored import position_as_stored, terms_as_stored
from chalicelib.rules.servicing.values import Fact, Kind, terms_of
from chalicelib.rules.stored import facts_as_stored, policy_as_stored
from chalicelib.services.counted_books import count_ahead
from chalicelib.storage import listing
from infra.local.postgres import PostgresServer
from tests.support.application import application
from tests.support.console.browser import Browser
from tests.support.console.furnishing import key_facts_issued
from tests.support.console.pages import BEHIND, PICTURES
from tests.support.databases import TEMPLATE
from tests.support.lending import create_loan
from tests.support.people import TEST
from tests.support.settings import settings_for

LOANS = APPLICATIONS = 40_000
NAME = "loans_test_every_statement"
TERMS = terms_of(Decimal(1000), Decimal(10), 12, date(2026, 1, 1), Decimal(90))
POSITION = step(TERMS, NOTHING, Fact(1, Kind.DISBURSAL, TERMS.principal, TERMS.start_date))

FACTS = Facts(Decimal(50_000), Decimal(1_800_000), 1, 0, 12, 0, Decimal(1000), Decimal(90))
STORED = {
    "terms": terms_as_stored(TERMS),
    "position": position_as_stored(POSITION),
    "policy": policy_as_stored(STANDARD_1),
    "facts": facts_as_stored(FACTS),
    "reasons": [{"code": Reason.SCORE_TOO_LOW, "sentence": "The score is too low."}],
}

# The older half of the loans has ended, and the newer one is open. Late loans and approvals are few, and old.
PORTFOLIO = f"""
    INSERT INTO customers (first_name, last_name, age, phone_number, monthly_income, approved_limit)
    SELECT 'Asha' || n, 'Rao' || n, 30, (7000000000 + n)::text, 50000, 1800000 FROM generate_series(1, 20000) AS n;
    INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, start_date, end_date,
                       is_open)
    SELECT 1 + n % 20000, 1000, 12, 10, 90, '2026-01-01',
           CASE WHEN n <= {LOANS // 2} THEN date '2026-02-01' ELSE '2099-01-01' END, n > {LOANS // 2}
    FROM generate_series(1, {LOANS}) AS n;
    INSERT INTO loan_transactions (loan_id, number, kind, amount, value_date, reference, actor_kind, actor_name)
    SELECT n, k, CASE k WHEN 1 THEN 'disbursal' ELSE 'receipt' END, 1000, date '2026-01-01' + k,
           'UTR-' || n || '-' || k, 'operator', 'test'
    FROM generate_series({LOANS // 2 + 1}, {LOANS}) AS n, generate_series(1, 3) AS k;
    INSERT INTO loan_terms (loan_id, terms)
    SELECT n, '<terms>' FROM generate_series({LOANS // 2 + 1}, {LOANS}) AS n;
    INSERT INTO loan_positions (loan_id, status, principal, charges, credit, unpaid_from, held, repayments_left,
                                last_fact_on, last_number, position, fold_revision)
    SELECT n, 'open', 1000, 0, 0,
           CASE WHEN n < {LOANS // 2 + 200} THEN current_date - (n % 120)::integer ELSE current_date + 20 END,
           n < {LOANS // 2 + 200} AND n % 120 > 90, 12, '2026-01-01', 1, '<position>', {FOLD_REVISION}
    FROM generate_series({LOANS // 2 + 1}, {LOANS}) AS n;
    INSERT INTO loan_applications (customer_id, loan_amount, interest_rate, tenure, decided_on, policy, facts,
                                   approved, score, score_parts, reasons, corrected_interest_rate, monthly_installment,
                                   loan_id)
    SELECT 1 + n % 20000, 1000, 10, 12, date '2020-01-01' + n / 20, '<policy>', '<facts>', n <= 5, 0, '[]',
           '<reasons>', 10, 90, CASE WHEN n <= 5 THEN {LOANS // 2} + n END
    FROM generate_series(1, {APPLICATIONS}) AS n;
    INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, action, subject_kind, subject_id)
    SELECT timestamp '2020-01-01' + n * interval '1 hour', 'key', n / 1000, 'shop',
           CASE WHEN n <= 5 THEN 'api_key_created' ELSE 'loan_applied_for' END, 'loan', n::text
    FROM generate_series(1, 40000) AS n
"""
TABLES = (
    "customers", "loans", "loan_transactions", "loan_terms", "loan_positions", "loan_applications", "audit_log",
)  # fmt: skip

NUMBERS = {
    "customer": 7, "refused": APPLICATIONS + 1, "loan": LOANS - 7, "imported": 7, "import": 1, "user": 1, "key": 1,
    "key_facts": 1,
}  # fmt: skip

LISTS = (
    "loans/?sort=number", "loans/?state=current", "loans/?state=ended", "loans/?state=current&sort=number",
    "loans/?state=ended&sort=number", "loans/?customer_id=7", "loans/?customer_id=7&state=ended",
    "applications/?outcome=approved", "applications/?outcome=refused", "applications/?customer_id=7",
    "applications/?to=2020-01-03", "applications/?from=2020-01-01&to=2020-01-03",
    "applications/?to=2021-06-01", "applications/?from=2020-03-01&to=2022-06-01",
    "applications/?outcome=approved&to=2020-01-03", "applications/?outcome=refused&to=2021-06-01",
    "applications/?before=30000", "applications/?to=2021-06-01&before=9000",
    "customers/?q=asha7", "customers/?q=asha19999", "customers/?q=asha19999&sort=name", "customers/?q=rao",
    "customers/?q=rao7+asha", "customers/?q=7000", "customers/?sort=name",
    "customers/?sort=newest", "customers/?late=30", "loans/?late=30",
    "loans/?class=SMA-1&sort=amount", "loans/?who=import", "loans/?who=import&sort=amount", "loans/?who=user:1",
    "loans/?late=1&who=user:1&amount_from=5000", "loans/?class=STANDARD&sort=start", "loans/?amount_from=5000",
    *(f"loans/?state={state}&sort={sort}" for sort in ("amount", "number")
      for state in ("closed", "not_serviced", "unopened", "ended", "current", "open")),
    "loans/?from=2026-02-01", "loans/?to=2026-02-01&rate_from=20", "loans/?sort=rate-descending",
    "applications/?outcome=refused&reason=income", "applications/?sort=score",
    "applications/?score_from=99&sort=amount",
    "applications/?outcome=approved&reason=SCORE_TOO_LOW", "applications/?policy=another&who=user:1",
    "applications/?to=2021-06-01&amount_from=9000", "customers/?exposure_from=5000000", "customers/?exposure_to=1",
    "customers/?late=31&exposure_from=1", "customers/?q=asha7&late=31", "customers/?q=rao&exposure_from=5000000",
    "imports/?state=failed",
    "transactions/?kind=receipt", "transactions/?kind=refund", "transactions/?kind=receipt&reversed=no&sort=amount",
    "transactions/?reversed=yes", "transactions/?from=2026-01-01&to=2026-01-03&kind=receipt&reversed=no",
    "transactions/?to=2026-01-02", "transactions/?who=user:1", "transactions/?who=import&amount_from=5000",
    f"transactions/?loan_id={LOANS - 7}", "transactions/?loan_id=7&sort=amount", "transactions/?after=30000",
    "transactions/?before=30000&sort=day",
    "search/?q=7000", "search/?q=asha7+rao7", "search/?q=rao+nobody", "search/?q=loan+7", "search/?q=%237",
    "administration/audit/?action=api_key_created", "administration/audit/?to=2020-01-02",
    "administration/audit/?from=2020-01-01&to=2020-01-02", "administration/audit/?actor=key:1",
    "administration/audit/?to=2021-06-01",
    "administration/audit/?action=api_key_created&to=2021-06-01",
    "administration/audit/?subject_kind=loan&subject_id=7", "administration/audit/?subject_kind=loan",
    *(f"collections/?bucket={bucket.code}" for bucket in BUCKETS), "collections/?bucket=NPA&format=csv",
)  # fmt: skip

READ = (
    "customers/", "customers/?q=asha7", "customers/7/", "view-loan/7/", "view-loans/7/", "loans/",
    "loans/?customer_id=7", "loans/?state=current", "loans/?state=ended", "loans/?after=30000",
    "loans/?state=current&after=100",
    *(f"loans/?class={bucket.code}" for bucket in BUCKETS), "loans/?class=SMA-1&after=20100",
    "loans/?class=SMA-1&customer_id=7", "loans/?class=SMA-1&state=current",
    *(f"loans/{LOANS - 7}/{what}/" for what in ("account", "settlement", "statement", "schedule")), "loans/7/opening/",
    "delinquency/", *(f"delinquency/loans/?class={bucket.code}" for bucket in BUCKETS),
    "applications/", f"applications/{APPLICATIONS + 1}/", "applications/?outcome=approved",
    "applications/?from=2020-01-01&to=2020-01-03", "audit/", "audit/?action=api_key_created",
    "audit/?to=2020-01-02", "imports/", "imports/1/", "imports/1/rows/", "api-keys/", "users/",
    "sessions/current/", "key-facts/1/",
)  # fmt: skip

MOST_PAGES = 700
MOST_SKIPPED = 3_000
# There are fewer loans here than in a large book, and a list must not look through all of them.
LOOKED = 300

# Statements that read more, by a part of their text, and why that is as it should be.
IN_PROPORTION = {
    "AS by_due_date": "adds up all open loans, from the index alone",
}


@dataclass
class Sent:
    """The statements that were sent, with the address that sent each first."""

    address: str = ""
    statements: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith(("COMMIT", "ROLLBACK")):
            self.statements.setdefault(f"{self.address}: {statement}", (statement, parameters))


@pytest.fixture(scope="module")
def large(postgres: PostgresServer, administration: Callable[[str], None]) -> Iterator[str]:
    """The URL of a database with tables of some size."""
    administration(f"CREATE DATABASE {NAME} TEMPLATE {TEMPLATE}")
    url = postgres.url(NAME)
    engine = make_engine(settings_for(url))
    with engine.connect() as connection:
        connection.execute(text("SET synchronous_commit = on"))
        portfolio = PORTFOLIO
        for name, stored in STORED.items():
            portfolio = portfolio.replace(f"<{name}>", json.dumps(stored))
        for part in portfolio.split(";\n"):
            connection.exec_driver_sql(part)
        for table in TABLES:
            connection.execute(text(f"VACUUM ANALYZE {table}"))
    engine.dispose()
    yield url
    administration(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.fixture(scope="module")
def sent(large: str) -> Sent:
    """What all pages and endpoints sent when they were opened."""
    found = Sent()
    with pytest.MonkeyPatch.context() as patch, application(large, patch, API_AUTH="required") as api:
        database = runtime.database()
        patch.setattr(listing, "LOOKED", LOOKED)
        # The rules can read this one again.
        asked = LoanRequest(Decimal(99_000_000), Decimal(10), 12)
        refused = create_loan(database, 7, asked, STANDARD_1, runtime.today(), TEST)
        assert (refused.application_id, refused.loan_id) == (NUMBERS["refused"], None)
        assert key_facts_issued(database, 7) == NUMBERS["key_facts"]
        assert count_ahead(database, STANDARD_1, runtime.today())
        browser = Browser(api.client).sign_in_as(database, Role.ADMIN)
        event.listen(database.engine, "before_cursor_execute", found.note)
        # Failed files lie in a queue, and not in the database.
        pages = [each for each in (*PICTURES, *BEHIND) if not each.sends and each.name != "failed-files"]
        shown = [each.address.format(**NUMBERS) for each in pages]
        for address in (*shown, *LISTS):
            found.address = f"/console/{address}".partition("#")[0]
            assert browser.get(found.address).status in (200, 303, 400, 404, 409, 503), found.address
        token = browser.cookies["loans-session"]
        for address in READ:
            found.address = f"/api/{address}"
            assert api.showing(token).get(found.address).status in (200, 404, 409), found.address
    return found


def test_every_statement_of_a_page_or_an_endpoint_reads_little(sent: Sent, large: str) -> None:
    engine = make_engine(settings_for(large))
    with engine.connect() as connection:
        faults = [
            f"{told} ({name})"
            for name, (statement, parameters) in sent.statements.items()
            if not any(part in statement for part in IN_PROPORTION)
            for told in faults_of(plan_of(connection, statement, parameters))
        ]
    engine.dispose()
    assert len(sent.statements) > 100
    assert not faults, "\n".join(faults)


def plan_of(connection: Connection, statement: str, parameters: Any) -> dict[str, Any]:
    """What the server did for a statement, in a transaction that comes to nothing."""
    connection.exec_driver_sql("BEGIN")
    try:
        explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        return dict(connection.exec_driver_sql(explained, parameters).scalar_one()[0]["Plan"])
    finally:
        connection.exec_driver_sql("ROLLBACK")


def faults_of(plan: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a plan."""
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    if pages > MOST_PAGES:
        yield f"reads {pages} pages"
    for node in nodes_of(plan):
        if not node["Actual Loops"]:
            continue
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in TABLES:
            yield f"reads all of {node['Relation Name']}"
        skipped = node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
        if skipped > MOST_SKIPPED:
            yield f"skips {skipped:.0f} rows of {node.get('Relation Name', 'a part')}"


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


def test_a_statement_that_reads_a_whole_table_is_found(large: str) -> None:
    engine = make_engine(settings_for(large))
    with engine.connect() as connection:
        whole = list(faults_of(plan_of(connection, "SELECT count(*) FROM loans WHERE tenure = %s", (13,))))
        skipping = "SELECT loan_id FROM loans WHERE end_date > %s ORDER BY loan_id LIMIT 1"
        skipped = list(faults_of(plan_of(connection, skipping, (date(2090, 1, 1),))))
    engine.dispose()
    assert whole[0] == "reads all of loans"
    assert skipped == ["skips 20000 rows of loans"]


def test_the_database_of_this_test_is_a_large_one(large: str) -> None:
    database = Database(make_engine(settings_for(large)))
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM loans")).scalar() == LOANS
    database.engine.dispose()
