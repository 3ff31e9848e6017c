"""Portfolios of any size, made inside the database."""

from collections.abc import Callable
from datetime import date, datetime

import simplejson
from sqlalchemy import Engine, text

from bench.lives import lives_on
from bench.measuring import settings_for
from chalicelib.postgres.database import make_engine
from chalicelib.rules.servicing.position import FOLD_REVISION

LOANS_A_CUSTOMER = 10
CHUNK = 200_000

_CUSTOMERS = """
    INSERT INTO customers (customer_id, first_name, last_name, age, phone_number, monthly_income, approved_limit)
    OVERRIDING SYSTEM VALUE
    SELECT n, 'Asha', 'Sample' || lpad(n::text, 7, '0'), 21 + mod(n, 50), (9000000000 + n)::text,
           20000 + mod(n, 200) * 1000, 3600000
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
"""

_LOANS = """
    INSERT INTO loans (loan_id, customer_id, loan_amount, tenure, interest_rate, monthly_installment,
                       emis_paid_on_time, start_date, end_date, source_loan_id)
    OVERRIDING SYSTEM VALUE
    -- Scattered, as loans of one customer come years apart: neighbours in the table are strangers.
    SELECT n, 1 + mod(n, CAST(:customers AS bigint)), 50000 + mod(n, 900) * 1000, 12 + mod(n, 5) * 12, 8 + mod(n, 11),
           4000 + mod(n, 9000), mod(n, 12), start, start + INTERVAL '2 years', n
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n,
         LATERAL (SELECT date '2020-01-01' + mod(n, 2000)::integer AS start) AS s
"""

# One customer with very many loans, the number after all others.
_HEAVY = """
    INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, emis_paid_on_time,
                       start_date, end_date)
    SELECT :customer, 1000, 12, 12, 100, 12, date '2020-01-01' + n, date '2021-01-01' + n
    FROM generate_series(1, CAST(:loans AS integer)) AS n
"""


_LIVES = """
    CREATE TABLE bench_lives AS
    SELECT place - 1 AS life, loan, terms, position, facts
    FROM jsonb_array_elements(CAST(:lives AS jsonb)) WITH ORDINALITY AS each (value, place),
         jsonb_to_record(value) AS life (loan jsonb, terms jsonb, position jsonb, facts jsonb)
"""

# A life for each loan, one after the other, from the table above.
_SERVICED = """
    WITH given AS (
        SELECT n AS loan_id, bench_lives.*
        FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
        JOIN bench_lives ON life = mod(n, CAST(:lives AS bigint))
        ORDER BY n
    ), loan AS (
        INSERT INTO loans (loan_id, customer_id, loan_amount, tenure, interest_rate, monthly_installment,
                           emis_paid_on_time, start_date, end_date, is_open)
        OVERRIDING SYSTEM VALUE
        SELECT given.loan_id, CAST(:others AS bigint) + 1 + mod(given.loan_id, CAST(:customers AS bigint)),
               one.loan_amount, one.tenure, one.interest_rate, one.monthly_installment, one.emis_paid_on_time,
               one.start_date, one.end_date, true
        FROM given, jsonb_populate_record(NULL::loans, loan) AS one
    ), terms AS (
        INSERT INTO loan_terms (loan_id, terms) SELECT loan_id, terms FROM given
    ), position AS (
        INSERT INTO loan_positions (loan_id, status, principal, charges, credit, unpaid_from, held, repayments_left,
                                    last_fact_on, last_number, position, fold_revision)
        SELECT given.loan_id, one.status, one.principal, one.charges, one.credit, one.unpaid_from, one.held,
               one.repayments_left, one.last_fact_on, jsonb_array_length(facts), one.position,
               CAST(:revision AS smallint)
        FROM given, jsonb_populate_record(NULL::loan_positions, given.position) AS one
    )
    INSERT INTO loan_transactions (loan_id, number, kind, amount, value_date, intent, reference, actor_kind, actor_name)
    SELECT given.loan_id, number, kind, amount, value_date, intent, 'B' || given.loan_id || '-' || number, 'operator',
           'bench'
    FROM given, jsonb_to_recordset(facts) AS one
         (number integer, kind text, amount numeric, value_date date, intent text)
"""


def fill_serviced(database_url: str, loans: int, today: date, *, behind: int = 0) -> int:
    """Makes `loans` serviced loans of a tenth as many customers, four of five of them on time today.

    They are numbered from 1, or behind so many loans that `fill` made. Returns the number of customers.
    """
    customers, others = max(1, loans // LOANS_A_CUSTOMER), behind // LOANS_A_CUSTOMER
    lives = lives_on(today)

    def statements(run: Callable[..., object]) -> None:
        run(_CUSTOMERS, first=others + 1, last=others + customers)
        run(_LIVES, lives=simplejson.dumps(lives, use_decimal=True, default=str))
        # Every row refers to one that is written with it.
        run("SET session_replication_role = replica")
        for first in range(behind + 1, behind + loans + 1, CHUNK):
            last = min(first + CHUNK - 1, behind + loans)
            run(
                _SERVICED,
                customers=customers,
                others=others,
                first=first,
                last=last,
                lives=len(lives),
                revision=FOLD_REVISION,
            )
        run("RESET session_replication_role")
        run("DROP TABLE bench_lives")
        _count_on_from(run, others + customers, behind + loans)

    _run(database_url, statements)
    return customers


def _count_on_from(run: Callable[..., object], customers: int, loans: int) -> None:
    run("SELECT setval(pg_get_serial_sequence('customers', 'customer_id'), :last)", last=customers)
    run("SELECT setval(pg_get_serial_sequence('loans', 'loan_id'), :last)", last=loans)


def today_of_lender() -> date:
    """The date that the service goes by."""
    return datetime.now(settings_for("postgresql://bench").business_timezone).date()


def fill(database_url: str, loans: int) -> None:
    """Makes `loans` loans of a tenth as many customers, numbered from 1, as an import would have left them."""
    customers = max(1, loans // LOANS_A_CUSTOMER)

    def statements(run: Callable[..., object]) -> None:
        run(_CUSTOMERS, first=1, last=customers)
        for first in range(1, loans + 1, CHUNK):
            run(_LOANS, customers=customers, first=first, last=min(first + CHUNK - 1, loans))
        _count_on_from(run, customers, loans)

    _run(database_url, statements)


def add_customer_with(database_url: str, loans: int) -> int:
    """Adds a customer with so many ended loans, and returns the number."""
    found: list[int] = []

    def statements(run: Callable[..., object]) -> None:
        number = run(
            "INSERT INTO customers (first_name, last_name, age, phone_number, monthly_income, approved_limit) "
            "VALUES ('Asha', 'Heavy', 40, '9111111111', 100000, 3600000) RETURNING customer_id"
        )
        found.append(int(str(number)))
        run(_HEAVY, customer=found[0], loans=loans)

    _run(database_url, statements)
    return found[0]


def _run(database_url: str, statements: Callable[[Callable[..., object]], None]) -> None:
    engine = make_engine(settings_for(database_url))

    def run(statement: str, **values: object) -> object:
        with engine.connect() as connection:
            answer = connection.execute(text(statement), values)
            return answer.scalar() if answer.returns_rows else None

    statements(run)
    _settle(engine)


def _settle(engine: Engine) -> None:
    """What the server does by itself some time after a load, so that no measurement waits for it."""
    with engine.connect() as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
    engine.dispose()
