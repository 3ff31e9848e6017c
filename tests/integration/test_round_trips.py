"""How often the service asks the database, counted on the wire: each round trip is a wait for the network."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bench.proxy import CountingProxy
from chalicelib.postgres.connection import driver_of
from chalicelib.postgres.database import Database, make_engine
from chalicelib.requests.heading import AnyTag
from chalicelib.rules.lender import Lender
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.services import key_facts, servicing
from chalicelib.services.customers import change_customer
from chalicelib.services.delinquency import list_late_loans, view_delinquency
from chalicelib.services.idempotency import Attempt, Once
from chalicelib.services.loans import view_loans
from chalicelib.services.servicing import Recorded, Wanted, preview
from chalicelib.services.servicing_accounts import compare_prepayments, quote_settlement, view_account, view_statement
from chalicelib.storage import listing
from chalicelib.storage import servicing as stored_lives
from chalicelib.storage.customers import Registration
from chalicelib.storage.key_facts import StoredStatement
from chalicelib.storage.servicing import Asked
from infra.local.postgres import PostgresServer
from tests.support.lending import create_loan, record, register
from tests.support.loan_lives import a_loan, receipt, reversal
from tests.support.people import TEST
from tests.support.settings import settings_for

TODAY = date(2025, 3, 15)


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[CountingProxy]:
    with CountingProxy(postgres.port) as proxy:
        yield proxy


@pytest.fixture
def distant(proxy: CountingProxy, database_url: str, postgres: PostgresServer) -> Iterator[Database]:
    """The test's database, through the proxy, with its connection made."""
    database = Database(make_engine(settings_for(database_url.replace(f":{postgres.port}/", f":{proxy.port}/"))))
    ask(database, "SELECT 1")
    yield database
    database.engine.dispose()


def ask(database: Database, statement: str, **values: object) -> object:
    with database.reading() as connection:
        return connection.execute(text(statement), values).scalar()


def make_table(database: Database, name: str) -> None:
    with database.transaction() as tx:
        tx.connection.execute(text(f"CREATE TABLE {name} (a integer)"))
        tx.commit()


def test_a_statement_with_parameters_is_one_round_trip(distant: Database, proxy: CountingProxy) -> None:
    before = proxy.round_trips
    assert ask(distant, "SELECT CAST(:a AS integer) + CAST(:b AS integer)", a=3, b=4) == 7
    assert proxy.round_trips == before + 1


def test_a_transaction_adds_its_end_only(distant: Database, proxy: CountingProxy) -> None:
    before = proxy.round_trips
    with distant.transaction() as tx:
        tx.connection.execute(text("SELECT set_config('loans.a', :a, true)"), {"a": "x"})
        tx.commit()
    assert proxy.round_trips == before + 2


@pytest.mark.parametrize("statement", ["SELECT pg_current_xact_id_if_assigned()", "SELECT txid_current() WHERE :a = 1"])
def test_a_transaction_begins_with_its_first_statement_of_whatever_kind(distant: Database, statement: str) -> None:
    values = {"a": 1} if ":a" in statement else {}
    with distant.transaction() as tx:
        tx.connection.execute(text(statement), values)
        tx.connection.execute(text("CREATE TABLE t (a integer)"))
    # Not committed, so it is gone.
    assert ask(distant, "SELECT to_regclass('t')") is None


def test_a_transaction_without_a_statement_leaves_nothing_behind(distant: Database, proxy: CountingProxy) -> None:
    before = proxy.round_trips
    with distant.transaction():
        pass
    assert proxy.round_trips == before
    ask(distant, "SELECT 1")
    assert ask(distant, "SELECT transaction_timestamp() = statement_timestamp()") is True
    with distant.transaction() as tx:
        tx.commit()
    assert ask(distant, "SELECT 2") == 2


def test_a_transaction_whose_first_statement_fails_is_over(distant: Database) -> None:
    for statement, values in (("SELECT 1 / 0", {}), ("SELECT CAST(:a AS integer)", {"a": "x"}), ("SELEC", {})):
        with pytest.raises(DBAPIError), distant.transaction() as tx:
            tx.connection.execute(text(statement), values)
        assert ask(distant, "SELECT pg_current_xact_id_if_assigned()") is None


def test_copy_can_be_the_first_statement_of_a_transaction(distant: Database) -> None:
    make_table(distant, "copied")
    with distant.transaction() as tx:
        driver_of(tx.connection).cursor().execute("COPY copied FROM STDIN", stream=BytesIO(b"1\n2\n"))
    assert ask(distant, "SELECT count(*) FROM copied") == 0


def test_values_of_every_kind_come_back_as_they_went(distant: Database) -> None:
    with distant.reading() as connection:
        statement = text("SELECT CAST(:a AS numeric), CAST(:b AS date), CAST(:c AS text), CAST(:d AS boolean), :e")
        values = {"a": Decimal("1.10"), "b": date(2026, 2, 28), "c": "ā'\\%", "d": None, "e": "x" * 100_000}
        assert list(connection.execute(statement, values).one()) == list(values.values())


@pytest.mark.parametrize(
    ("statement", "value"), [("SELECT nonsense FROM :a", "x"), ("SELECT CAST(:a AS integer)", "no number")]
)
def test_after_an_error_the_connection_goes_on(distant: Database, statement: str, value: str) -> None:
    with pytest.raises(DBAPIError):
        ask(distant, statement, a=value)
    assert ask(distant, "SELECT CAST(:a AS integer)", a=5) == 5


def test_a_statement_without_rows_tells_how_many_it_changed(distant: Database) -> None:
    with distant.transaction() as tx:
        tx.connection.execute(text("CREATE TEMPORARY TABLE t (a integer)"))
        added = tx.connection.execute(text("INSERT INTO t SELECT generate_series(1, CAST(:n AS integer))"), {"n": 3})
        assert added.rowcount == 3


def test_a_statement_goes_out_with_the_next_one_and_nobody_hears_of_its_rows(
    distant: Database, proxy: CountingProxy
) -> None:
    with distant.transaction() as tx:
        before = proxy.round_trips
        driver_of(tx.connection).send_with_next("SELECT set_config('loans.a', %s, true), 1", ["x"])
        driver_of(tx.connection).send_with_next("SELECT a FROM generate_series(1, CAST(%s AS integer)) AS a", [4])
        rows = tx.connection.execute(text("SELECT current_setting('loans.a'), CAST(:b AS integer)"), {"b": 2}).all()
        assert proxy.round_trips == before + 1
        assert [tuple(row) for row in rows] == [("x", 2)]


def test_what_goes_out_before_a_statement_without_rows_is_not_counted_as_its_own(distant: Database) -> None:
    with distant.transaction() as tx:
        tx.connection.execute(text("CREATE TEMPORARY TABLE t AS SELECT generate_series(1, 5) AS a"))
        driver_of(tx.connection).send_with_next("SELECT a FROM t WHERE a <= %s", [3])
        removed = tx.connection.execute(text("DELETE FROM t WHERE a > :a"), {"a": 3})
        assert (removed.rowcount, removed.returns_rows) == (2, False)
        driver_of(tx.connection).send_with_next("SELECT a FROM t WHERE a <= %s", [3])
        assert tx.connection.execute(text("SELECT 7")).all() == [(7,)]


def test_an_error_in_what_goes_out_before_is_that_of_the_statement(distant: Database) -> None:
    with distant.transaction() as tx:
        driver_of(tx.connection).send_with_next("SELECT 1 / CAST(%s AS integer)", [0])
        with pytest.raises(DBAPIError, match="division by zero"):
            tx.connection.execute(text("SELECT CAST(:a AS integer)"), {"a": 1})
    assert ask(distant, "SELECT pg_current_xact_id_if_assigned()") is None
    assert ask(distant, "SELECT CAST(:a AS integer)", a=5) == 5


@pytest.mark.parametrize("begun", [True, False])
def test_what_never_went_out_is_forgotten_and_what_began_is_rolled_back(distant: Database, begun: bool) -> None:
    make_table(distant, "t")
    with suppress(KeyError), distant.transaction() as tx:
        if begun:
            tx.connection.execute(text("INSERT INTO t VALUES (1)"))
        driver_of(tx.connection).send_with_next("INSERT INTO t VALUES (%s)", [2])
        raise KeyError
    assert ask(distant, "SELECT count(*) FROM t") == 0
    assert ask(distant, "SELECT pg_current_xact_id_if_assigned()") is None


def test_copy_goes_out_after_what_was_to_go_before_it(distant: Database) -> None:
    make_table(distant, "copied")
    with distant.transaction() as tx:
        driver = driver_of(tx.connection)
        driver.send_with_next("INSERT INTO copied VALUES (%s)", [3])
        driver.cursor().execute("COPY copied FROM STDIN", stream=BytesIO(b"1\n2\n"))
        tx.commit()
    assert ask(distant, "SELECT sum(a) FROM copied") == 6


PERSON = Registration("A", "B", 40, "9876543210", Decimal(90_000))


def test_a_registration_waits_for_the_database_once(distant: Database, proxy: CountingProxy) -> None:
    before = proxy.round_trips
    register(distant, PERSON, STANDARD_1, TEST)
    # The customer with the loans that waited for it, the entry in the audit log, and the end of the transaction.
    assert proxy.round_trips == before + 1


def test_a_correction_waits_for_the_database_three_times(distant: Database, proxy: CountingProxy) -> None:
    made = register(distant, PERSON, STANDARD_1, TEST)
    before = proxy.round_trips
    changes = {"phone_number": "9876543211"}
    changed = change_customer(distant, made.customer_id, changes, etags=AnyTag(), author=TEST, today=TODAY)
    # The lock, the change, and the entry in the audit log with the exposure and the end of the transaction.
    assert proxy.round_trips == before + 3
    assert changed.customer.phone_number == "9876543211"
    assert ask(distant, "SELECT count(*) FROM audit_log WHERE action = 'customer_changed'") == 1


def test_an_application_waits_for_the_database_twice(distant: Database, proxy: CountingProxy) -> None:
    customer_id = register(distant, PERSON, STANDARD_1, TEST).customer_id
    before = proxy.round_trips
    request = LoanRequest(Decimal(100_000), Decimal(20), 12)
    assert create_loan(distant, customer_id, request, STANDARD_1, date(2026, 11, 23), TEST).loan_id
    # The lock with the facts, and the three rows with the end of the transaction.
    assert proxy.round_trips == before + 2


def test_a_key_facts_statement_waits_for_the_database_twice(distant: Database, proxy: CountingProxy) -> None:
    customer_id = register(distant, PERSON, STANDARD_1, TEST).customer_id
    proposal = key_facts.proposal_for(LoanRequest(Decimal(20_000), Decimal(15), 24), TODAY)
    before = proxy.round_trips
    once = Once[StoredStatement](None, lambda made: str(made.number))
    key_facts.issue(distant, customer_id, proposal, lender=Lender(), today=TODAY, author=TEST, once=once)
    # The name, and the statement with its entry in the audit log and the end of the transaction.
    assert proxy.round_trips == before + 2


@pytest.mark.parametrize("day", [date(2025, 3, 1), date(2025, 2, 1)])
def test_a_receipt_waits_for_the_database_twice_on_time_or_backdated(
    distant: Database, proxy: CountingProxy, day: date
) -> None:
    loan_id = a_loan(distant)
    record(distant, loan_id, receipt("10", date(2025, 2, 15)), TODAY, TEST)
    before = proxy.round_trips
    record(distant, loan_id, receipt("10", day, reference="UTR-1"), TODAY, TEST)
    # The lock with the loan, and what is written with the end of the transaction.
    assert proxy.round_trips == before + 2


@pytest.mark.parametrize("wanted", [receipt("10", date(2025, 3, 1)), reversal(2)])
def test_a_transaction_with_a_key_waits_for_the_database_three_times(
    distant: Database, proxy: CountingProxy, wanted: Wanted
) -> None:
    loan_id = a_loan(distant)
    record(distant, loan_id, receipt("10", date(2025, 2, 15)), TODAY, TEST)
    before = proxy.round_trips
    once = Once[Recorded](Attempt("receipts", "a key", "a body"), lambda _: "recorded")
    assert servicing.record(distant, loan_id, wanted, today=TODAY, author=TEST, once=once).replayed is False
    # What is written goes out with the answer that is kept and the end of the transaction.
    assert proxy.round_trips == before + 3
    assert servicing.record(distant, loan_id, wanted, today=TODAY, author=TEST, once=once).replayed is True
    assert ask(distant, "SELECT count(*) FROM loan_transactions") == 3


def test_what_is_asked_about_a_loan_waits_for_the_database_once(distant: Database, proxy: CountingProxy) -> None:
    loan_id = a_loan(distant)
    record(distant, loan_id, receipt("10", date(2025, 2, 15)), TODAY, TEST)
    questions: list[Callable[[], object]] = [
        lambda: view_account(distant, loan_id, TODAY),
        lambda: quote_settlement(distant, loan_id, TODAY),
        lambda: quote_settlement(distant, loan_id, date(2025, 2, 1)),
        lambda: compare_prepayments(distant, loan_id, Decimal(1000), on=date(2025, 2, 20)),
        lambda: view_statement(distant, loan_id, since=None, until=TODAY),
        lambda: preview(distant, loan_id, receipt("10"), today=TODAY),
        lambda: view_delinquency(distant, TODAY, TODAY),
        lambda: list_late_loans(distant, BUCKETS[1], TODAY, behind=None, limit=20),
        lambda: view_loans(distant, 1, today=TODAY),
    ]
    for question in questions:
        before = proxy.round_trips
        question()
        assert proxy.round_trips == before + 1


def test_a_receipt_that_is_not_before_the_last_fact_does_not_read_the_history(distant: Database) -> None:
    loan_id = a_loan(distant)
    record(distant, loan_id, receipt("10", date(2025, 2, 15)), TODAY, TEST)
    for asked, is_read in (
        (Asked(before=(date(2025, 2, 15), 3)), False),
        (Asked(before=(date(2025, 2, 15), 2)), True),
        (Asked(before=(date(2025, 2, 14), 8)), True),
        (Asked(before=(date(2025, 2, 15), 3), reference="unknown"), False),
    ):
        with distant.reading() as connection:
            stored = stored_lives.get(connection, loan_id, asked)
        assert stored
        assert (stored.transactions is not None) is is_read


def test_the_answer_to_a_statement_with_parameters_comes_in_one_packet(distant: Database, proxy: CountingProxy) -> None:
    before = proxy.answers
    ask(distant, "SELECT CAST(:a AS integer)", a=1)
    assert proxy.answers == before + 1


def test_a_list_is_answered_without_workers_and_what_comes_after_it_may_have_them(
    distant: Database, proxy: CountingProxy
) -> None:
    asked = text("SELECT current_setting('max_parallel_workers_per_gather') WHERE CAST(:a AS integer) = 1")
    with distant.reading() as connection:
        usual = connection.execute(asked, {"a": 1}).scalar()
        before = proxy.round_trips
        listing.without_workers(connection)
        assert connection.execute(asked, {"a": 1}).scalar() == "0"
        assert proxy.round_trips == before + 1
        assert connection.execute(asked, {"a": 1}).scalar() == usual != "0"
