"""What may go wrong under load, one thing each: nothing acknowledged is lost, and it goes on without a restart."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from datetime import time as dt_time
from functools import partial

import pg8000.native
from sqlalchemy import text

from infra.local.postgres import PASSWORD, USER
from tests.support.faults.course import assert_all_is_well, work
from tests.support.faults.cutting import CuttingProxy
from tests.support.faults.load import APPLICATION_NAME, LENDERS_ZONE, Load
from tests.support.faults.server import FragileServer
from tests.support.patience import wait_until

WORKERS = 3
# How long each thing goes on at least; on it goes until it has happened as often as the test wants.
SECONDS = 1


def work_until(load: Load, happened: Callable[[], bool], books: int = 1) -> None:
    """As `work`, and on until it happened often enough, however slow the machine is."""
    work(load, SECONDS, books)
    wait_until(happened, "what is to go wrong has gone wrong often enough")


def is_told_again(load: Load, times: int) -> bool:
    """Whether clients were told to come again more often than so many times."""
    return len(unavailable(load)) > times


def unavailable(load: Load) -> list[str]:
    """The codes of the answers that told a client to come again."""
    return [each.text for each in load.exchanges() if each.status == 503 and each.method != "IMPORT"]


def test_postgres_killed_and_started_again_loses_nothing(load: Load, fragile_server: FragileServer) -> None:
    load.start(WORKERS)
    for _ in range(2):
        work(load, 1)
        told = len(unavailable(load))
        fragile_server.die()
        wait_until(partial(is_told_again, load, told), "a client is told to come again")
        fragile_server.server.start()
        load.wait_for_recovery()
    assert_all_is_well(load)


def test_connections_cut_within_a_statement_are_made_good(load: Load, proxy: CuttingProxy) -> None:
    load.start(WORKERS)
    proxy.cut_statements = 0.35
    work_until(load, lambda: proxy.cuts["statement"] > 10, books=2)
    proxy.cut_statements = 0
    assert_all_is_well(load)


def test_the_answer_to_a_commit_that_never_comes_is_neither_lost_nor_done_twice(
    load: Load, proxy: CuttingProxy
) -> None:
    load.start(WORKERS)
    proxy.cut_answers_to_commit = 0.3
    work_until(load, lambda: proxy.cuts["answer to a commit"] > 10, books=2)
    wait_until(lambda: any("outcome_unknown" in answer for answer in unavailable(load)), "a client is told so")
    proxy.cut_answers_to_commit = 0
    assert_all_is_well(load)


def test_a_database_that_is_too_slow_is_waited_for_in_vain_but_not_for_long(load: Load) -> None:
    load.start(WORKERS)
    work(load, 1)
    with load.database.transaction() as tx:
        tx.connection.execute(text("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE"))
        wait_until(lambda: any("took too long" in answer for answer in unavailable(load)), "a client is told so")
    assert_all_is_well(load)


def test_a_database_without_a_free_connection_is_said_to_be_out_of_reach(
    load: Load, fragile_server: FragileServer
) -> None:
    load.start(WORKERS)
    work(load, 1)
    # While they rest their connections end, and others take the place.
    load.rest()
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = :name"
    with load.database.reading() as connection:
        connection.execute(text(ended), {"name": APPLICATION_NAME})
    with every_connection(fragile_server):
        load.go_on()
        wait_until(lambda: bool(unavailable(load)), "a client is told to come again")
    assert_all_is_well(load)


def test_a_database_that_goes_away_right_after_a_commit_is_not_said_to_have_saved_nothing(
    load: Load, proxy: CuttingProxy
) -> None:
    load.start(WORKERS)
    proxy.outages_after_commit = 0.6
    work_until(load, lambda: proxy.cuts["all after a commit"] > 5)
    proxy.outages_after_commit = 0
    assert_all_is_well(load)


@contextmanager
def every_connection(fragile_server: FragileServer) -> Iterator[None]:
    """Takes what connections the server has left."""
    taken = []
    with suppress(pg8000.native.DatabaseError):
        for _ in range(100):
            port = fragile_server.server.port
            taken.append(
                pg8000.native.Connection(USER, host="127.0.0.1", port=port, password=PASSWORD, database="postgres")
            )
    yield
    for each in taken:
        each.close()


def test_failing_s3_and_sqs_and_repeated_messages_import_every_book_once(load: Load) -> None:
    load.start(WORKERS)
    load.storage.failing_share = 0.5
    work_until(load, lambda: load.storage.failures > 5, books=5)
    load.storage.failing_share = 0
    assert_all_is_well(load)


def test_workers_killed_at_random_moments_leave_nothing_half_done(load: Load) -> None:
    load.start(WORKERS)
    for _ in range(5):
        wait_until(lambda: bool(load.working()), "a worker works")
        work(load, random.uniform(0.2, 0.8))
        load.kill(random.choice(load.working()))
        load.start_one()
    assert_all_is_well(load)


def test_a_clock_that_passes_midnights_and_is_put_back_leaves_every_decision_right(load: Load) -> None:
    # Loans of the books end on the day before the first of them.
    load.set_clock(seconds_to(date(2027, 2, 1)) - 5)
    load.start(WORKERS)
    for day in (date(2027, 2, 1), date(2027, 3, 1), date(2027, 1, 31), date(2027, 3, 2), date(2027, 2, 1)):
        load.set_clock(seconds_to(day) - 0.5)
        work(load, 1)
        wait_until(partial(decided_on_both_sides_of, load, day), f"something is decided before and after {day} begins")
    assert_all_is_well(load)


def decided_on_both_sides_of(load: Load, day: date) -> bool:
    """Whether a midnight found the workers at work. If not, which a slow machine is to blame for, it comes again."""
    with load.database.reading() as connection:
        days = set(connection.execute(text("SELECT DISTINCT decided_on FROM loan_applications")).scalars())
    if {day, day - timedelta(days=1)} <= days:
        return True
    load.set_clock(seconds_to(day) - 0.5)
    time.sleep(1)
    return False


def seconds_to(day: date) -> float:
    """How long it is until the day begins in the lender's zone."""
    return (datetime.combine(day, dt_time.min, LENDERS_ZONE) - datetime.now(UTC)).total_seconds()
