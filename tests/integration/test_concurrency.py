"""Applications at once: the result of some order of them, one loan number each, and no waiting without need."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from threading import Barrier, Event

import pytest
from sqlalchemy import insert, select, text

from chalicelib.errors import CustomerNotFound, DatabaseUnavailable, OutcomeUnknown
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import Interrupted, retried
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.services.idempotency import Attempt, Once
from chalicelib.services.loans import Application, apply, check_eligibility
from chalicelib.storage.customers import Registration
from chalicelib.storage.tables import loans
from tests.support.cutting import cut_all_others
from tests.support.lending import create_loan, register
from tests.support.patience import PATIENCE_SECONDS
from tests.support.people import TEST
from tests.support.waiting import wait_until_someone_waits

TODAY = date(2026, 11, 23)
WORKERS = 8
REQUESTS = 400
PERSON = Registration("Asha", "Rao", 40, "9876543210", Decimal(100_000))


def customer_with_history(database: Database) -> int:
    """Five loans of 600 months, all repaid: enough that a few new loans leave the score high."""
    customer_id = register(database, PERSON, STANDARD_1, TEST).customer_id
    loan = {
        "customer_id": customer_id,
        "loan_amount": Decimal(100_000),
        "tenure": 600,
        "interest_rate": Decimal(10),
        "monthly_installment": Decimal(1_000),
        "emis_paid_on_time": 600,
        "start_date": date(1960, 1, 1),
        "end_date": date(2010, 1, 1),
    }
    with database.reading() as connection:
        connection.execute(insert(loans), [loan] * 5)
    return customer_id


def apply_at_once(new_database: Callable[[], Database], customer_ids: list[int], ask: LoanRequest) -> list[Application]:
    databases = [new_database() for _ in range(WORKERS)]

    def apply_in_turn(turn: int) -> Application:
        database = databases[turn % WORKERS]
        return create_loan(database, customer_ids[turn % len(customer_ids)], ask, STANDARD_1, TODAY, TEST)

    with ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(apply_in_turn, range(REQUESTS)))


def test_applications_of_one_customer_are_decided_one_after_the_other(
    database: Database, new_database: Callable[[], Database]
) -> None:
    customer_id = customer_with_history(database)
    quarter_of_limit = LoanRequest(Decimal(900_000), Decimal(0), 600)
    outcomes = apply_at_once(new_database, [customer_id], quarter_of_limit)
    # The fifth loan takes the current principal above the limit; whichever came after it was refused.
    approved = [outcome.loan_id for outcome in outcomes if outcome.decision.approved]
    assert len(approved) == len(set(approved)) == 5
    seen = sorted(outcome.facts.current_principal for outcome in outcomes)
    assert seen[:5] == [900_000 * earlier for earlier in range(5)]
    assert set(seen[5:]) == {Decimal(4_500_000)}


def test_an_application_sees_the_loan_of_the_one_that_it_waited_for(
    database: Database, new_database: Callable[[], Database]
) -> None:
    customer_id = customer_with_history(database)
    ask = LoanRequest(Decimal(900_000), Decimal(0), 600)
    is_told, may_end = Event(), Event()

    def tell_slowly(_made: Application) -> str:
        is_told.set()
        assert may_end.wait(PATIENCE_SECONDS)
        return ""

    with ThreadPoolExecutor(2) as threads:
        # With a key, what is made is told before it is committed.
        slowly = Once(Attempt("create-loan", "a key", "a body"), tell_slowly)
        first = threads.submit(
            apply, database, customer_id, ask, policy=STANDARD_1, today=TODAY, author=TEST, once=slowly
        )
        assert is_told.wait(PATIENCE_SECONDS)
        second = threads.submit(create_loan, new_database(), customer_id, ask, STANDARD_1, TODAY, TEST)
        wait_until_someone_waits(new_database())
        may_end.set()
        assert first.result().replayed is False
        assert second.result().facts.current_principal == 900_000


def test_every_application_of_many_customers_is_kept_with_a_number_of_its_own(
    database: Database, new_database: Callable[[], Database]
) -> None:
    customer_ids = [customer_with_history(database) for _ in range(7)]
    outcomes = apply_at_once(new_database, customer_ids, LoanRequest(Decimal(900_000), Decimal(0), 600))
    assert len({outcome.application_id for outcome in outcomes}) == REQUESTS
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM loan_applications")) == REQUESTS
        assert connection.scalar(text("SELECT count(*) FROM loans WHERE source_loan_id IS NULL AND tenure = 600")) == (
            7 * 5 + sum(outcome.decision.approved for outcome in outcomes)
        )


def test_a_customer_does_not_wait_for_another(database: Database, new_database: Callable[[], Database]) -> None:
    busy, free = customer_with_history(database), customer_with_history(database)
    with database.transaction() as tx:
        tx.connection.execute(text("SELECT 1 FROM customers WHERE customer_id = :id FOR UPDATE"), {"id": busy})
        other = new_database()
        with other.reading() as connection:
            connection.execute(text("SET lock_timeout = '2s'"))
        ask = LoanRequest(Decimal(1000), Decimal(10), 12)
        assert create_loan(other, free, ask, STANDARD_1, TODAY, TEST).decision.approved
        with pytest.raises(DatabaseUnavailable, match="took too long"):
            create_loan(other, busy, ask, STANDARD_1, TODAY, TEST)


def test_an_application_of_nobody_leaves_nothing(database: Database) -> None:
    with pytest.raises(CustomerNotFound, match="no customer 99"):
        create_loan(database, 99, LoanRequest(Decimal(1000), Decimal(10), 12), STANDARD_1, TODAY, TEST)
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM loan_applications")) == 0


def test_a_failure_after_the_loan_was_written_leaves_neither_loan_nor_application(
    database: Database, new_database: Callable[[], Database]
) -> None:
    customer_id = customer_with_history(database)
    with database.reading() as connection:
        connection.execute(text("ALTER TABLE loan_applications ADD CONSTRAINT broken CHECK (false)"))
    with pytest.raises(Exception, match="broken"):
        create_loan(new_database(), customer_id, LoanRequest(Decimal(1000), Decimal(10), 12), STANDARD_1, TODAY, TEST)
    with database.reading() as connection:
        assert connection.scalar(select(loans.c.loan_id).where(loans.c.start_date == TODAY)) is None


def test_a_number_that_an_import_took_meanwhile_is_drawn_again(database: Database) -> None:
    customer_id = customer_with_history(database)
    with database.reading() as connection:
        # The next number of the sequence is taken, as by an import that has not moved it yet.
        taken = connection.execute(text("SELECT last_value + 1 FROM loans_loan_id_seq")).scalar_one()
        connection.execute(text("UPDATE loans SET loan_id = :taken WHERE loan_id = 1"), {"taken": taken})
    ask = LoanRequest(Decimal(1000), Decimal(10), 12)
    assert create_loan(database, customer_id, ask, STANDARD_1, TODAY, TEST).loan_id == taken + 1


def test_a_connection_cut_while_idle_is_replaced_without_anyone_noticing(
    database: Database, new_database: Callable[[], Database]
) -> None:
    customer_id = customer_with_history(database)
    ask = LoanRequest(Decimal(1000), Decimal(10), 12)
    check_eligibility(database, customer_id, ask, policy=STANDARD_1, today=TODAY)
    cut_all_others(new_database())
    assert check_eligibility(database, customer_id, ask, policy=STANDARD_1, today=TODAY).decision.approved


def test_a_deadlock_is_run_again_until_it_succeeds(database: Database, new_database: Callable[[], Database]) -> None:
    first, second = customer_with_history(database), customer_with_history(database)
    attempts: list[int] = []
    both_hold_one = Barrier(2)

    @retried
    def lock_both(mine: Database, order: tuple[int, int]) -> None:
        attempts.append(1)
        with mine.transaction() as tx:
            for number, customer_id in enumerate(order):
                tx.connection.execute(
                    text("UPDATE customers SET age = age WHERE customer_id = :id"), {"id": customer_id}
                )
                if number == 0 and len(attempts) <= 2:
                    both_hold_one.wait()
            tx.commit()

    with ThreadPoolExecutor(2) as workers:
        orders = [(first, second), (second, first)]
        list(workers.map(lambda order: lock_both(new_database(), order), orders))
    # One of both is the victim, at least once.
    assert len(attempts) >= 3


def test_a_connection_cut_during_commit_is_not_run_again(
    database: Database, new_database: Callable[[], Database]
) -> None:
    attempts: list[int] = []

    @retried
    def cut_before_commit() -> None:
        attempts.append(1)
        with database.transaction() as tx:
            pid = tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with new_database().reading() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 2000)"), {"pid": pid})
            tx.commit()

    with pytest.raises(OutcomeUnknown, match="not known whether it was saved"):
        cut_before_commit()
    assert len(attempts) == 1


def test_an_interruption_that_lasts_is_given_up_after_three_attempts() -> None:
    attempts: list[int] = []

    @retried
    def always_interrupted() -> None:
        attempts.append(1)
        raise Interrupted("again")

    with pytest.raises(DatabaseUnavailable):
        always_interrupted()
    assert len(attempts) == 3


def test_a_negative_limit_is_told_as_a_sentence(database: Database) -> None:
    generous = replace(STANDARD_1, name="test")
    object.__setattr__(generous, "income_multiple", Decimal(-1))
    with pytest.raises(Exception, match="approved limit must not be negative"):
        register(database, PERSON, generous, TEST)
