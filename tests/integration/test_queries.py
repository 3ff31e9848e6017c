"""The endpoints' queries use an index, whatever the size of the tables."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from chalicelib.imports import jobs
from chalicelib.postgres.database import make_engine
from chalicelib.rules.access import BOOTSTRAP
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.rules.servicing.fold import step
from chalicelib.rules.servicing.position import FOLD_REVISION, NOTHING
from chalicelib.rules.servicing.standing import Status
from chalicelib.rules.servicing.stored import position_as_stored, terms_as_stored
from chalicelib.rules.servicing.values import Fact, Intent, Kind, terms_of
from chalicelib.storage import (
    alike,
    application_list,
    applications,
    audit,
    customer_list,
    customers,
    delinquency,
    listing,
    loan_list,
    loans,
    servicing,
    standings,
    transaction_list,
)
from chalicelib.storage.applications import ApplicationFilter
from chalicelib.storage.audit import AuditFilter
from chalicelib.storage.customers import Customer, Registration
from chalicelib.storage.delinquency import Behind
from chalicelib.storage.listing import Place
from chalicelib.storage.paging import Cursor
from chalicelib.storage.servicing import Asked, Transaction, Written
from infra.local.postgres import PostgresServer
from tests.support.databases import TEMPLATE
from tests.support.people import TEST
from tests.support.settings import settings_for

Asking = Callable[[Connection], Any]

PORTFOLIO = """
    INSERT INTO customers (first_name, last_name, age, phone_number, monthly_income, approved_limit)
    SELECT 'Asha' || n, 'Rao' || n, 30, (7000000000 + n)::text, 50000, 1800000 FROM generate_series(1, 20000) AS n;
    INSERT INTO customers (first_name, last_name, age, phone_number, monthly_income, approved_limit)
    SELECT CASE n % 2 WHEN 0 THEN 'Ravi' ELSE 'Sita' END || n % 100,
           CASE n % 2 WHEN 0 THEN 'Kaul' ELSE 'Kumar' END || n % 100, 30, (6000000000 + n)::text, 50000, 1800000
    FROM generate_series(1, 20000) AS n;
    INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, start_date, end_date)
    SELECT 1 + n % 20000, 1000, 12, 10, 90, '2026-01-01', '2027-01-01' FROM generate_series(1, 40000) AS n;
    INSERT INTO loan_transactions (loan_id, number, kind, amount, value_date, reference, actor_kind, actor_name)
    SELECT n, 1, 'disbursal', 1000, '2026-01-01', 'UTR-' || n, 'operator', 'test' FROM generate_series(1, 40000) AS n;
    INSERT INTO loan_terms (loan_id, terms) SELECT n, '<terms>' FROM generate_series(1, 40000) AS n;
    INSERT INTO loan_positions (loan_id, status, principal, charges, credit, unpaid_from, held, repayments_left,
                                last_fact_on, last_number, position, fold_revision)
    SELECT n, 'open', 1000, 0, 0, date '2026-12-31' - CASE WHEN n % 100 = 0 THEN n / 100 ELSE 0 END, n % 500 = 0, 12,
           '2026-01-01', 1, '<position>', <revision>
    FROM generate_series(1, 40000) AS n;
    INSERT INTO loan_applications (customer_id, loan_amount, interest_rate, tenure, decided_on, policy, facts,
                                   approved, score, score_parts, reasons, corrected_interest_rate, monthly_installment)
    SELECT 1 + n % 20000, 1000, 10, 12, '2026-01-01', '{}', '{}', false, 0, '[]', '[]', 10, 90
    FROM generate_series(1, 20000) AS n;
    INSERT INTO loan_applications (customer_id, loan_amount, interest_rate, tenure, decided_on, policy, facts,
                                   approved, score, score_parts, reasons, corrected_interest_rate, monthly_installment,
                                   created_by)
    SELECT 1 + n % 20000, 1000 + n % 977, 10, 12, date '2026-03-01' + n / 100, '{"name": "standard-1"}',
           jsonb_build_object('as_many_as_there_are', repeat('f', 900)),
           false, n % 101, '[]',
           CASE WHEN n % 5000 = 0 THEN '[{"code":"RARE"}]' ELSE '[{"code":"COMMON"}]' END::jsonb, 10, 90,
           'user:' || n % 500
    FROM generate_series(1, 20000) AS n;
    UPDATE loans SET created_by = 'user:' || loan_id % 500, loan_amount = 1000 + loan_id % 977,
                     interest_rate = 8 + loan_id % 16, start_date = date '2024-01-01' + CAST(loan_id % 500 AS integer);
    UPDATE loan_positions SET status = 'closed' WHERE loan_id % 1000 = 1;
    INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, subject_kind, subject_id)
    SELECT 'key', n % 100, 'shop', 'loan_changed', 'loan', n::text FROM generate_series(1, 20000) AS n;
"""

TERMS = terms_of(Decimal(1000), Decimal(10), 12, date(2026, 1, 1), Decimal(90))
POSITION = step(TERMS, NOTHING, Fact(1, Kind.DISBURSAL, TERMS.principal, TERMS.start_date))
SOMEBODY = Customer(7, "Asha", "Rao", 30, "7000000007", Decimal(1), Decimal(1))
TABLES = (
    "customers", "loans", "loan_transactions", "loan_terms", "loan_positions", "loan_applications", "audit_log",
)  # fmt: skip

TODAY = date(2026, 11, 23)
FIRST, LATER = Cursor(20), Cursor(20, 100)


def late(connection: Connection, bucket: int, behind: Behind | None = None) -> object:
    """A page of the loans in a bucket."""
    return delinquency.page(connection, bucket, TODAY, buckets=BUCKETS, behind=behind, limit=20)


def in_class(connection: Connection, bucket: int, customer_id: int | None = None) -> object:
    """A page of the loans in a class, by number."""
    return standings.listed(connection, today=TODAY, cursor=LATER, bucket=BUCKETS[bucket], customer_id=customer_id)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (lambda c: loans.facts(c, 7, TODAY), "Index Only Scan using loans_customer_source_loan_key"),
        (lambda c: loans.of_customer(c, 7, TODAY), "Index Only Scan using loans_customer_source_loan_key"),
        (lambda c: loans.of_customer(c, 7, TODAY), "loan_positions_pkey"),
        (lambda c: loans.with_customer(c, 7), "loans_pkey"),
        (lambda c: standings.listed(c, today=TODAY, cursor=LATER), "loans_pkey"),
        (lambda c: standings.listed(c, today=TODAY, cursor=FIRST, customer_id=7, current=True), "loans_customer"),
        (lambda c: standings.of_customer(c, 7, TODAY), "loans_customer"),
        (lambda c: standings.of_customer(c, 7, TODAY), "loan_positions_pkey"),
        (lambda c: standings.listed(c, today=TODAY, cursor=LATER), "loan_positions_pkey"),
        (lambda c: standings.listed(c, today=TODAY, cursor=LATER), "loan_terms_pkey"),
        (lambda c: customers.get(c, 7), "customers_pkey"),
        (lambda c: customers.listed(c, cursor=LATER), "customers_pkey"),
        (lambda c: customers.listed(c, cursor=FIRST, searched="asha777"), "customers_words_idx"),
        (lambda c: customers.listed(c, cursor=FIRST, searched="rao asha777"), "customers_words_idx"),
        (lambda c: customers.listed(c, cursor=FIRST, searched="Rao777"), "customers_words_idx"),
        (lambda c: customers.listed(c, cursor=FIRST, searched="70000123"), "customers_phone_number_idx"),
        (lambda c: customers.listed(c, cursor=FIRST, searched="+91 70000 123"), "customers_phone_number_idx"),
        (lambda c: customers.listed(c, cursor=FIRST, searched="4321"), "customers_phone_ending_idx"),
        (lambda c: alike.of_customer(c, SOMEBODY, TODAY), "customers_same_person_idx"),
        (lambda c: alike.of_customer(c, SOMEBODY, TODAY), "customers_phone_number_idx"),
        (lambda c: customers.names(c, [7, 8]), "customers_pkey"),
        (lambda c: applications.get(c, 7), "loan_applications_pkey"),
        (lambda c: jobs.find(c, 7), "imports_pkey"),
        (lambda c: jobs.find(c, 7, "user:3"), "imports_"),
        (lambda c: applications.of_loan(c, 7), "loan_applications_loan_key"),
        (lambda c: applications.listed(c, ApplicationFilter(), cursor=LATER), "loan_applications_pkey"),
        (
            lambda c: applications.listed(c, ApplicationFilter(customer_id=7), cursor=FIRST),
            "loan_applications_customer_idx",
        ),
        (lambda c: audit.listed(c, AuditFilter(), LATER), "audit_log_pkey"),
        (lambda c: audit.listed(c, AuditFilter(actor_kind="key", actor_id=7), FIRST), "audit_log_actor_idx"),
        (lambda c: audit.listed(c, AuditFilter(subject_kind="loan", subject_id="7"), FIRST), "audit_log_subject_idx"),
        (lambda c: servicing.get(c, 7, Asked()), "loan_positions_pkey"),
        (lambda c: servicing.lock_outdated(c, 200), "loan_positions_outdated_idx"),
        (lambda c: servicing.get(c, 7, Asked(history=True)), "loan_transactions_pkey"),
        (lambda c: servicing.get(c, 7, Asked(reference="UTR-77")), "loan_transactions_reference_key"),
        (lambda c: in_class(c, 0), "loan_positions_pkey"),
        (lambda c: in_class(c, 2), "Index Only Scan using loan_positions_unpaid_idx"),
        (lambda c: in_class(c, 4), "Index Only Scan using loan_positions_held_idx"),
        (lambda c: in_class(c, 2, customer_id=7), "loans_customer"),
        (lambda c: delinquency.totals(c, TODAY, BUCKETS), "Index Only Scan using loan_positions_unpaid_idx"),
        (lambda c: late(c, 0), "Index Cond: (unpaid_from > "),
        (lambda c: late(c, 2), "loan_positions_unpaid_idx"),
        (lambda c: late(c, 4), "loan_positions_held_idx"),
        (lambda c: late(c, 4, Behind(TODAY, 7)), "loan_positions_held_idx"),
        (lambda c: late(c, 4, Behind(TODAY, 7)), "Index Cond: ((unpaid_from <= "),
        (lambda c: delinquency.changed_since(c, date(2026, 11, 1), 10), "loan_positions_last_fact_idx"),
    ],
    ids=[
        "facts", "view-loans", "view-loans with what is left", "view-loan", "loans", "loans of a customer",
        "all loans of a customer", "what a customer owes", "loans with their customers", "what loans owe",
        "customer", "customers", "by first name",
        "by full name", "by last name", "by phone", "by phone with its country", "by last digits",
        "the same name and age", "the same phone",
        "names",
        "application", "import", "import of one's own",
        "application of a loan", "applications", "applications of a customer",
        "audit", "audit of an actor", "audit of a subject",
        "life of a loan", "loans with an outdated position", "history of a loan", "transaction by reference",
        "loans of the best class", "loans of a class", "loans of the worst class", "loans of a customer in a class",
        "delinquency", "loans that are not late", "late loans", "loans that are held", "the next that are held",
        "the next that are worst", "loans that changed since a day",
    ],
)  # fmt: skip
def test_a_query_of_an_endpoint_reads_an_index_and_no_whole_table(
    portfolio: Connection, query: Callable[[Connection], Any], index: str
) -> None:
    plan = plan_of(portfolio, query)
    assert index in plan
    assert "Seq Scan" not in plan


def test_what_is_recorded_is_written_without_reading_a_whole_table(portfolio: Connection) -> None:
    made = Fact(2, Kind.RECEIPT, Decimal(90), date(2026, 2, 1), Intent.INSTALMENT)
    told = Transaction(7, *made[:-1], None, None, None, None, TEST, None, datetime.now(UTC))
    written = Written(7, [told], step(TERMS, POSITION, made), 2, 1, None)
    portfolio.exec_driver_sql("BEGIN")
    plan = plan_of(portfolio, lambda connection: servicing.write(connection, [written]))
    portfolio.exec_driver_sql("ROLLBACK")
    # Also of a portfolio that is so small that a hundred loans, for which the planner takes the JSON, are much of it.
    assert "Index Cond: (loan_id = ANY (" in plan
    assert "Seq Scan" not in plan


def test_a_registration_finds_the_same_person_without_reading_a_whole_table(portfolio: Connection) -> None:
    person = Registration("Asha", "Rao", 30, "7000000007", Decimal(50000))
    portfolio.exec_driver_sql("BEGIN")
    plan = plan_of(
        portfolio, lambda connection: customers.add(connection, person, Decimal(1), today=TODAY, author=BOOTSTRAP)
    )
    portfolio.exec_driver_sql("ROLLBACK")
    assert "customers_same_person_idx" in plan
    assert "customers_phone_number_idx" in plan
    assert "Seq Scan" not in plan


def test_a_phone_number_that_very_many_have_costs_a_registration_no_more_than_another(portfolio: Connection) -> None:
    person = Registration("Asha", "Rao", 30, "9999999999", Decimal(50000))
    portfolio.exec_driver_sql("BEGIN")
    portfolio.exec_driver_sql("UPDATE customers SET phone_number = '9999999999' WHERE customer_id % 4 = 0")
    portfolio.exec_driver_sql("ANALYZE customers")
    asked = plan_of(
        portfolio, lambda connection: customers.add(connection, person, Decimal(1), today=TODAY, author=BOOTSTRAP)
    )
    portfolio.exec_driver_sql("ROLLBACK")
    assert "customers_phone_number_idx" in asked
    assert "Seq Scan" not in asked
    # Only the few that are named are put in order, and not all who have it.
    assert asked.count("Sort Key: customers") == 1


DAYS: dict[str, Any] = {"since": date(2026, 3, 1), "to": date(2026, 3, 3)}


def in_order(name: str, orders: Mapping[str, listing.Order], after: int | None = None) -> Place:
    """A page of a list in one of its orders."""
    return Place(orders[name], 25, after)


def of_applications(name: str, after: int | None = None, **wanted: Any) -> Asking:
    place = in_order(name, application_list.ORDERS, after)
    return lambda c: application_list.page(c, application_list.Wanted(**wanted), place)


def of_loans(name: str, after: int | None = None, **wanted: Any) -> Asking:
    place = in_order(name, loan_list.ORDERS, after)
    return lambda c: loan_list.page(c, loan_list.Wanted(**wanted), place, today=TODAY)


def of_customers(name: str, after: int | None = None, **wanted: Any) -> Asking:
    place = in_order(name, customer_list.ORDERS, after)
    return lambda c: customer_list.page(c, customer_list.Wanted(**wanted), place, today=TODAY)


def of_transactions(name: str, after: int | None = None, **wanted: Any) -> Asking:
    place = in_order(name, transaction_list.ORDERS, after)
    return lambda c: transaction_list.page(c, transaction_list.Wanted(**wanted), place)


def counted_transactions(**wanted: Any) -> Asking:
    return lambda c: transaction_list.summary(c, transaction_list.Wanted(**wanted))


def counted(**wanted: Any) -> Asking:
    return lambda c: application_list.summary(c, application_list.Wanted(**wanted))


def counted_loans(**wanted: Any) -> Asking:
    return lambda c: loan_list.summary(c, loan_list.Wanted(**wanted), today=TODAY)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (of_applications("newest"), "Index Only Scan Backward using loan_applications_listed_idx"),
        (of_applications("newest", 700), "loan_applications_listed_idx"),
        (of_applications("number", 700), "Index Cond: (ROW(decided_on, application_id) > ROW("),
        (of_applications("amount"), "Index Only Scan Backward using loan_applications_listed_idx"),
        (of_applications("score", 700, who="user:7"), "loan_applications_listed_idx"),
        (of_applications("newest", customer_id=7), "loan_applications_customer_idx"),
        (of_applications("amount", reasons=("COMMON",), **DAYS), "Index Cond: ((decided_on >= "),
        (counted(reasons=("COMMON",), approved=False), "Index Only Scan Backward using loan_applications_listed_idx"),
        (counted(reasons=("COMMON",), **DAYS), "Index Only Scan Backward using loan_applications_listed_idx"),
        (application_list.policies, "loan_applications_policy_idx"),
        (of_loans("newest"), "Backward using loans_pkey"),
        (of_loans("amount", 700), "Index Scan Backward using loans_pkey"),
        (of_loans("start", 700), "loans_start_idx"),
        (of_loans("newest", who="user:7"), "loans_created_by_idx"),
        (of_loans("newest", who="import"), "Backward using loans_pkey"),
        (of_loans("amount", who="import:5"), "Backward using loans_pkey"),
        (of_loans("newest", bucket=BUCKETS[3]), "Index Only Scan using loan_positions_unpaid_idx"),
        (of_loans("amount", days_late=350), "loan_positions_unpaid_idx"),
        (of_loans("newest", status=Status.CLOSED), "loan_positions_over_idx"),
        (of_loans("newest", bucket=BUCKETS[0]), "loans_pkey"),
        (of_loans("amount", current=False), "loans_end_idx"),
        (counted_loans(days_late=60), "Index Only Scan using loan_positions_unpaid_idx"),
        (counted_loans(bucket=BUCKETS[2]), "Index Only Scan using loan_positions_unpaid_idx"),
        (counted_loans(bucket=BUCKETS[4]), "loan_positions_held_idx"),
        (of_transactions("newest"), "Index Only Scan Backward using loan_transactions_listed_idx"),
        (of_transactions("day", 700), "Index Cond: (ROW(value_date, transaction_id) > ROW("),
        (of_transactions("amount", 700, kind=Kind.RECEIPT), "Index Only Scan Backward using loan_transactions_listed"),
        (of_transactions("newest", reversed=False), "loan_transactions_reverses_key"),
        (of_transactions("newest", loan_id=7), "loan_transactions_pkey"),
        (of_transactions("newest", customer_id=7), "loan_transactions_pkey"),
        (of_transactions("newest", 700, customer_id=7), "loan_transactions_pkey"),
        (counted_transactions(who="user:7", **DAYS), "Index Only Scan Backward using loan_transactions_listed_idx"),
        (counted_transactions(reversed=False, kind=Kind.RECEIPT), "loan_transactions_listed_idx"),
        (of_customers("name", 700), "customers_full_name_idx"),
        (of_customers("name-descending"), "customers_full_name_idx"),
        (of_customers("newest"), "customers_pkey"),
        (of_customers("name", searched="asha777"), "customers_words_idx"),
        (of_customers("newest", days_late=350), "loan_positions_unpaid_idx"),
        (of_customers("number", exposure_from=Decimal(5000)), "Index Only Scan using loans_customer_source_loan_key"),
        (lambda c: customer_list.owed_by(c, [7, 8], TODAY), "Index Only Scan using loans_customer_source_loan_key"),
        (lambda c: customer_list.owed_by(c, [7, 8], TODAY), "loan_positions_pkey"),
    ],
)  # fmt: skip
def test_a_list_reads_an_index_and_no_whole_table(
    portfolio: Connection, monkeypatch: pytest.MonkeyPatch, query: Asking, index: str
) -> None:
    # As many times fewer as the tables are smaller than large ones.
    monkeypatch.setattr(listing, "LOOKED", 400)
    plan = plan_of(portfolio, query)
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("beginning", ["a", "asha1", "asha12345", "rao12345", "nobody", "7", "70000123"])
def test_a_page_of_a_search_reads_little_however_many_match(portfolio: Connection, beginning: str) -> None:
    def search(connection: Connection) -> object:
        return customers.listed(connection, cursor=FIRST, searched=beginning)

    plan = plan_of(portfolio, search, "ANALYZE, BUFFERS")
    assert int(plan.partition("shared hit=")[2].split()[0]) < 1000
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("cursor", [FIRST, LATER])
def test_a_page_of_current_loans_reads_little_also_of_a_book_that_is_not_serviced(
    portfolio: Connection, cursor: Cursor
) -> None:
    def current(connection: Connection) -> object:
        return standings.listed(connection, today=TODAY, cursor=cursor, current=True)

    plan = plan_of(portfolio, current, "ANALYZE, BUFFERS")
    assert int(plan.partition("shared hit=")[2].split()[0]) < 300
    assert "Seq Scan" not in "\n".join(line for line in plan.splitlines() if "never executed" not in line)


@pytest.mark.parametrize("typed", ["nobody", "asha1 rao2", "ravi kumar", "ravi nobody", "555", "+91 555"])
def test_a_search_that_nobody_matches_looks_at_nobody(portfolio: Connection, typed: str) -> None:
    """Also where each word is that of many: a quarter are a Ravi, a quarter a Kumar, and none is both."""

    def search(connection: Connection) -> object:
        return customers.listed(connection, cursor=FIRST, searched=typed)

    plan = plan_of(portfolio, search, "ANALYZE")
    assert "Rows Removed by Filter" not in plan
    assert "Seq Scan" not in plan


@pytest.fixture(scope="module")
def portfolio(postgres: PostgresServer, administration: Callable[[str], None]) -> Iterator[Connection]:
    """A connection to tables large enough that an index pays; only read from."""
    administration(f"CREATE DATABASE loans_test_queries TEMPLATE {TEMPLATE}")
    engine = make_engine(settings_for(postgres.url("loans_test_queries")))
    with engine.connect() as connection:
        # A commit that is not on disk yet keeps its pages from being known as visible, and index-only scans off.
        connection.execute(text("SET synchronous_commit = on"))
        portfolio = PORTFOLIO.replace("<terms>", json.dumps(terms_as_stored(TERMS)))
        portfolio = portfolio.replace("<position>", json.dumps(position_as_stored(POSITION)))
        portfolio = portfolio.replace("<revision>", str(FOLD_REVISION))
        for part in portfolio.strip().removesuffix(";").split(";\n"):
            connection.exec_driver_sql(part)
        for table in TABLES:
            connection.execute(text(f"VACUUM ANALYZE {table}"))
        yield connection
    engine.dispose()
    administration("DROP DATABASE loans_test_queries WITH (FORCE)")


def plan_of(connection: Connection, query: Callable[[Connection], Any], options: str = "VERBOSE FALSE") -> str:
    """How the server runs what `query` sends, told with EXPLAIN's options."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    query(connection)
    event.remove(connection, "before_cursor_execute", note)
    # A list looks how far it came in a second one.
    statement, parameters = sent[0]
    return "\n".join(connection.exec_driver_sql(f"EXPLAIN ({options}) {statement}", parameters).scalars())
