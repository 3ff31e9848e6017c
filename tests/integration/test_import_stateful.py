"""Delivery does not matter: however often, in whatever order and by however many workers workbooks are delivered, and
wherever these die, the database ends as if each had been imported once, in the order of their upload. A loan that is
made here meanwhile stays what was decided, whatever a workbook says of its number.

The examples are the same in each run. STATEFUL_EXAMPLES=500 runs as many others, at random.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from chalicelib.errors import CustomerNotFound
from chalicelib.imports.s3_events import message_for
from chalicelib.postgres.database import Database, make_engine
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import LoanRequest
from chalicelib.storage.customers import Registration
from chalicelib.storage.loans import likely_doubles
from infra.local.postgres import PostgresServer
from tests.support.aws import Aws
from tests.support.databases import TEMPLATE
from tests.support.imports.workers import FailingS3, Killed, Pause, Worker, wait_until_they_meet
from tests.support.lending import create_loan, register
from tests.support.patience import wait_until
from tests.support.people import TEST
from tests.support.settings import settings_for
from tests.support.workbooks import CUSTOMER_HEADER, LOAN_HEADER, customer, loan, workbook

KEYS = ("a", "b", "c")
# The customers of the workbooks; those who register get numbers above FIRST_REGISTERED; STRANGER never comes.
CUSTOMERS = range(1, 7)
FIRST_REGISTERED = 1001
MOST_REGISTERED = 2
STRANGER = 99
BORROWERS = (*CUSTOMERS, *range(FIRST_REGISTERED, FIRST_REGISTERED + MOST_REGISTERED), STRANGER)

# The numbers that loans made here get. Workbooks may name them too: then they say something of such a loan, or bring
# one of their own, depending on what was here first.
FIRST_MADE = 500
MADE = range(FIRST_MADE, FIRST_MADE + 2)
LENT_TO = (CUSTOMERS[0], FIRST_REGISTERED)
TODAY, ENDS = date(2026, 1, 15), date(2027, 1, 15)
ASKED, INSTALMENT = LoanRequest(Decimal(100000), Decimal(12), 12), Decimal("8884.88")

# Loans of this number may stand in every file. Which of the files counts is left to the order of delivery.
SHARED = 50

S3_ERRORS = (
    ClientError({"Error": {"Code": "SlowDown"}}, "Any"),
    EndpointConnectionError(endpoint_url="http://s3"),
)
PERSON = Registration("Asha", "Rao", 33, "9812345678", Decimal(50000))


@dataclass(frozen=True)
class Row:
    """A row of a workbook: whom or which loan it is about, and which of several contents it has."""

    customer: int
    number: int
    version: int
    is_bad: bool

    def as_customer(self) -> list[object]:
        return customer(self.customer, monthly_income=50000 + self.version, age=3 if self.is_bad else 40)

    def as_loan(self) -> list[object]:
        amount = -1 if self.is_bad else 100000 + self.version
        if self.number not in MADE:
            return loan(self.customer, self.number, loan_amount=amount)
        return loan(
            self.customer,
            self.number,
            # As it was decided here, but for what was paid of it; or not as it was decided.
            loan_amount=amount if self.version == 2 or self.is_bad else ASKED.loan_amount,
            tenure=ASKED.tenure,
            interest_rate=ASKED.interest_rate,
            monthly_installment=INSTALMENT,
            emis_paid_on_time=self.version,
            start_date=TODAY,
            end_date=ENDS,
        )


@dataclass(frozen=True)
class Upload:
    """A version of an object; without any rows it is no workbook at all."""

    key: str
    customers: tuple[Row, ...]
    loans: tuple[Row, ...]

    def content(self) -> bytes:
        sheets = {
            "C": [CUSTOMER_HEADER, *(row.as_customer() for row in self.customers)],
            "L": [LOAN_HEADER, *(row.as_loan() for row in self.loans)],
        }
        with_rows = {name: rows for name, rows in sheets.items() if len(rows) > 1}
        return workbook(with_rows) if with_rows else b"Dear Sir or Madam"

    def sheets(self) -> dict[str, tuple[Row, ...]]:
        return {name: rows for name, rows in (("C", self.customers), ("L", self.loans)) if rows}


@st.composite
def uploads(draw: st.DrawFn) -> Upload:
    """Each customer and each loan that is not shared belongs to one key, whose later version counts.

    Loan numbers belong to nobody.
    """
    turn = draw(st.integers(0, len(KEYS) - 1))
    versions, bad = st.integers(0, 2), st.integers(0, 5).map(lambda number: number == 0)
    own = st.sampled_from([number for number in CUSTOMERS if number % len(KEYS) == turn])
    customers = st.builds(Row, own, st.just(0), versions, bad)
    claims = [(who, number) for who in BORROWERS for number in CUSTOMERS if (who + number) % len(KEYS) == turn]
    claims += [(who, SHARED) for who in (CUSTOMERS[0], STRANGER)]
    made = [(who, number) for who in LENT_TO for number in MADE if (who + number) % len(KEYS) == turn]
    claimed = st.sampled_from(claims) | st.sampled_from(made or claims)
    loans = st.builds(lambda claim, *rest: Row(*claim, *rest), claimed, versions, bad)
    some = st.tuples(st.lists(customers, max_size=3).map(tuple), st.lists(loans, max_size=5).map(tuple))
    return Upload(KEYS[turn], *draw(some))


SOME_UPLOAD = st.integers(0, 4)
SOME_MOMENT = st.integers(1, 50)


@dataclass(frozen=True)
class World:
    """What the machines share: S3, and a server that gives each run a database of its own."""

    aws: Aws
    postgres: PostgresServer
    administration: Callable[[str], None]
    numbers: Iterator[int]

    def new_database(self) -> str:
        name = f"loans_stateful_{next(self.numbers)}"
        self.administration(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return name

    def drop(self, name: str) -> None:
        self.administration(f"DROP DATABASE {name} WITH (FORCE)")


class Deliveries(RuleBasedStateMachine):
    """Everything that may happen between an upload and the end of its import."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.name = self.world.new_database()
        self.database = Database(make_engine(settings_for(self.world.postgres.url(self.name))))
        self.names_of_workers = count(1)
        self.workers = [self.new_worker(), self.new_worker()]
        self.uploads: list[Upload] = []
        self.messages: list[str] = []
        self.registered = 0
        self.loan_ids: dict[tuple[int, int], int] = {}
        self.made: dict[int, tuple[Any, ...]] = {}
        run(self.database, f"ALTER TABLE loans ALTER loan_id RESTART WITH {FIRST_MADE}")
        run(self.database, f"ALTER TABLE customers ALTER customer_id RESTART WITH {FIRST_REGISTERED}")

    def new_worker(self) -> Worker:
        return Worker(f"worker-{next(self.names_of_workers)}", self.world.postgres.url(self.name), self.world.aws.s3)

    @initialize(uploads=st.lists(uploads(), min_size=2, max_size=5), lent=st.integers(0, len(MADE)))
    def upload(self, uploads: list[Upload], lent: int) -> None:
        self.uploads = uploads
        for _ in range(lent):
            self.lend(FIRST_REGISTERED)
        for number, upload in enumerate(uploads):
            reference = self.world.aws.upload(f"incoming/{self.name}/{upload.key}.xlsx", upload.content())
            self.messages.append(message_for(replace(reference, sequencer=f"{number:016X}")))

    @rule(which=SOME_UPLOAD)
    def deliver(self, which: int) -> None:
        assert self.workers[0].deliver(self.message(which))

    @rule(which=SOME_UPLOAD, at=SOME_MOMENT)
    def deliver_to_a_worker_that_dies(self, which: int, at: int) -> None:
        worker = self.workers.pop()
        try:
            worker.deliver(self.message(which), {at: worker.die})
        except Killed:
            worker.close()
            worker = self.new_worker()
        self.workers.append(worker)

    @rule(which=SOME_UPLOAD, at=SOME_MOMENT)
    def deliver_while_the_connection_breaks(self, which: int, at: int) -> None:
        worker = self.workers[0]
        worker.deliver(self.message(which), {at: worker.lose_its_connection})

    @rule(
        which=SOME_UPLOAD,
        operation=st.sampled_from(["get_object", "put_object"]),
        error=st.sampled_from(S3_ERRORS),
    )
    def deliver_while_s3_fails(self, which: int, operation: str, error: Exception) -> None:
        s3: Any = FailingS3(self.world.aws.s3, operation, error)
        assert self.workers[0].deliver(self.message(which), s3=s3) is not s3.has_failed

    @rule(which=SOME_UPLOAD, at=SOME_MOMENT, other=SOME_UPLOAD)
    def deliver_to_two_workers_at_once(self, which: int, at: int, other: int) -> None:
        first, second = self.workers
        pause = Pause()
        with ThreadPoolExecutor(2) as threads:
            one = threads.submit(first.deliver, self.message(which), {at: pause})
            try:
                wait_until(lambda: pause.reached.is_set() or one.done(), "the pause")
                two = threads.submit(second.deliver, self.message(other))
                wait_until_they_meet(second, two)
            finally:
                pause.over.set()
            # Either may give its message back, but not because something is wrong with it.
            one.result(), two.result()

    @rule(which=SOME_UPLOAD, at=SOME_MOMENT)
    def register_during_a_delivery(self, which: int, at: int) -> None:
        self.workers[0].deliver(self.message(which), {at: self.register})

    @rule()
    def register(self) -> None:
        if self.registered < MOST_REGISTERED:
            register(self.database, PERSON, STANDARD_1, TEST)
            self.registered += 1

    @rule(who=st.sampled_from(LENT_TO))
    def lend(self, who: int) -> None:
        if who == FIRST_REGISTERED and not self.registered:
            self.register()
        with suppress(CustomerNotFound):
            made = create_loan(self.database, who, ASKED, STANDARD_1, TODAY, TEST)
            if made.loan_id is not None:
                # Customers with loans of workbooks may get it at a higher rate.
                rate, instalment = made.decision.corrected_interest_rate, made.decision.monthly_installment
                self.made[made.loan_id] = (who, ASKED.loan_amount, ASKED.tenure, rate, instalment, TODAY, ENDS)

    @rule(which=SOME_UPLOAD, at=SOME_MOMENT, who=st.sampled_from(LENT_TO))
    def lend_during_a_delivery(self, which: int, at: int, who: int) -> None:
        self.workers[0].deliver(self.message(which), {at: lambda: self.lend(who)})

    @invariant()
    def a_loan_made_here_stays_as_it_was_decided(self) -> None:
        found = query(
            self.database,
            "SELECT loan_id, customer_id, loan_amount, tenure, interest_rate, monthly_installment, start_date, "
            "end_date FROM loans WHERE source_loan_id IS NULL",
        )
        assert {number: tuple(terms) for number, *terms in found} == self.made
        with self.database.reading() as connection:
            assert likely_doubles(connection, 10) == []

    @invariant()
    def a_loan_keeps_its_number(self) -> None:
        found = loan_ids(self.database)
        assert {claim: found.get(claim) for claim in self.loan_ids} == self.loan_ids
        self.loan_ids = found

    def message(self, which: int) -> str:
        return self.messages[which % len(self.messages)]

    def teardown(self) -> None:
        try:
            if self.messages:
                self.check_the_end()
        finally:
            for worker in self.workers:
                worker.close()
            self.database.engine.dispose()
            self.world.drop(self.name)

    def check_the_end(self) -> None:
        while self.registered < MOST_REGISTERED:
            self.register()
        for message in self.messages:
            assert self.workers[0].deliver(message)
        self.a_loan_made_here_stays_as_it_was_decided()
        clean = self.clean_run()
        assert portfolio(self.database) == clean
        assert_shared_loans_are_as_a_file_says(self.database, self.uploads)
        assert_every_row_is_accounted_for(self.database, self.uploads)
        assert_numbers_are_given_once(self.database)

    def clean_run(self) -> dict[str, list[Any]]:
        """What the same uploads leave in a database of their own, one after the other and each once."""
        name = self.world.new_database()
        url = self.world.postgres.url(name)
        database = Database(make_engine(settings_for(url)))
        worker = Worker("clean", url, self.world.aws.s3)
        try:
            run(database, f"ALTER TABLE customers ALTER customer_id RESTART WITH {FIRST_REGISTERED}")
            for _ in range(MOST_REGISTERED):
                register(database, PERSON, STANDARD_1, TEST)
            assert all(worker.deliver(message) for message in self.messages)
            assert_every_row_is_accounted_for(database, self.uploads)
            return portfolio(database)
        finally:
            worker.close()
            database.engine.dispose()
            self.world.drop(name)


def run(database: Database, statement: str) -> None:
    with database.transaction() as tx:
        tx.connection.execute(text(statement))
        tx.commit()


def query(database: Database, statement: str) -> list[Any]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


LOAN = """customer_id, source_loan_id, loan_amount, tenure, interest_rate, monthly_installment, emis_paid_on_time,
          start_date, end_date"""


# Those that are the business of one file only, whatever was lent here.
UNSHARED = f"WHERE source_loan_id < {SHARED}"


def portfolio(database: Database) -> dict[str, list[Any]]:
    """All that must be as in a clean run. Who of two got the number that both claim depends on who came first."""
    return {
        "customers": query(
            database,
            "SELECT customer_id, first_name, last_name, age, phone_number, monthly_income, approved_limit "
            "FROM customers ORDER BY customer_id",
        ),
        "loans": query(database, f"SELECT {LOAN} FROM loans {UNSHARED} ORDER BY customer_id, source_loan_id"),
        "waiting": query(database, f"SELECT {LOAN} FROM waiting_loans {UNSHARED} ORDER BY customer_id, source_loan_id"),
    }


def loan_ids(database: Database) -> dict[tuple[int, int], int]:
    """The number of each loan of a workbook, also of one that waits."""
    statement = """
        SELECT customer_id, source_loan_id, loan_id FROM loans WHERE source_loan_id IS NOT NULL
        UNION ALL SELECT customer_id, source_loan_id, loan_id FROM waiting_loans
    """
    return {(customer_id, source): loan_id for customer_id, source, loan_id in query(database, statement)}


def assert_shared_loans_are_as_a_file_says(database: Database, uploads: Sequence[Upload]) -> None:
    """Each is there, as one of the files has it, whichever was delivered last."""
    good = [row for upload in uploads for row in upload.loans if row.number == SHARED and not row.is_bad]
    told = {who: {row.as_loan()[2] for row in good if row.customer == who} for who in {row.customer for row in good}}
    found = query(
        database,
        f"""
        SELECT customer_id, loan_amount FROM loans WHERE source_loan_id = {SHARED}
        UNION ALL SELECT customer_id, loan_amount FROM waiting_loans WHERE source_loan_id = {SHARED}
        """,
    )
    assert sorted(who for who, _ in found) == sorted(told)
    assert all(amount in told[who] for who, amount in found)


def assert_numbers_are_given_once(database: Database) -> None:
    given = loan_ids(database)
    made = {loan_id for (loan_id,) in query(database, "SELECT loan_id FROM loans WHERE source_loan_id IS NULL")}
    assert len({*given.values(), *made}) == len(given) + len(made)
    # The first to claim a number has it; it may be one that was given to a renumbered loan before.
    assert {source for _, source in given} <= {*given.values(), *made}


def assert_every_row_is_accounted_for(database: Database, uploads: Sequence[Upload]) -> None:
    counted = query(
        database,
        """
        SELECT object_key, sequencer, state, sheet, rows_found, rejected,
               inserted + updated + unchanged + superseded + waiting
        FROM imports LEFT JOIN import_sheets USING (import_id)
        """,
    )
    found = Counter((int(order, 16), state, sheet, rows) for _, order, state, sheet, rows, *_ in counted)
    assert found == Counter(line for number, upload in enumerate(uploads) for line in expected_lines(number, upload))
    assert [line for line in counted if line[3] and line[4] != line[5] + line[6]] == []
    assert (
        query(database, "SELECT 1 FROM imports GROUP BY bucket, object_key, object_version HAVING count(*) > 1") == []
    )
    told = "SELECT import_id, sheet, count(*), count(*) FILTER (WHERE outcome = 'rejected') FROM import_rows"
    counts = "SELECT import_id, sheet, rows_found, rejected FROM import_sheets ORDER BY 1, 2"
    assert query(database, f"{told} GROUP BY 1, 2 ORDER BY 1, 2") == query(database, counts)
    assert told_twice(database) == []
    assert_each_row_has_an_outcome_that_it_can_have(database, uploads)
    assert query(database, "SELECT position FROM staged_customers UNION ALL SELECT position FROM staged_loans") == []


def assert_each_row_has_an_outcome_that_it_can_have(database: Database, uploads: Sequence[Upload]) -> None:
    """Whether a row was new, or a newer version was before it, depends on the delivery; all else does not."""
    found = query(
        database, "SELECT sequencer, sheet, row_number, outcome FROM import_rows JOIN imports USING (import_id)"
    )
    possible = dict(pair for number, upload in enumerate(uploads) for pair in possible_outcomes(number, upload))
    assert len(found) == len(possible)
    assert [row for row in found if row[3] not in possible[int(row[0], 16), row[1], row[2]]] == []
    inserted = """
        SELECT customer_id, source_loan_id FROM import_rows WHERE outcome = 'inserted'
        GROUP BY 1, 2 HAVING count(*) > 1
    """
    assert query(database, inserted) == []


def possible_outcomes(number: int, upload: Upload) -> Iterator[tuple[tuple[int, str, int], set[str]]]:
    """Of each row, by upload, sheet and number."""
    applied = {"C": {"inserted", "updated", "unchanged", "superseded"}}
    applied["L"] = applied["C"] | {"waiting"}
    for sheet, rows in (("C", upload.customers), ("L", upload.loans)):
        for at, row in enumerate(rows):
            later = [each for each in rows[at + 1 :] if not each.is_bad and about(each) == about(row)]
            outcomes = {"rejected"} if row.is_bad else {"superseded"} if later else applied[sheet]
            if sheet == "L" and row.number in MADE and not row.is_bad:
                # What contradicts a decision is out before anything else is looked at.
                outcomes = applied[sheet] | {"rejected"}
            yield (number, sheet, at + 2), outcomes


def about(row: Row) -> tuple[int, int]:
    return row.customer, row.number


def expected_lines(number: int, upload: Upload) -> list[tuple[Any, ...]]:
    """Of each sheet how many rows are found; what becomes of each is told by its row."""
    if not upload.sheets():
        return [(number, "failed", None, None)]
    return [(number, "completed", sheet, len(rows)) for sheet, rows in sorted(upload.sheets().items())]


def told_twice(database: Database) -> list[Any]:
    """Findings that stand more than once in the report of an import."""
    return query(
        database,
        """
        SELECT import_id, sheet, row_number, outcome, column_name, code FROM import_findings
        GROUP BY 1, 2, 3, 4, 5, 6 HAVING count(*) > 1
        """,
    )


# A failure is reduced to the shortest that fails, which takes long.
@pytest.mark.timeout(0)
def test_no_way_of_delivering_workbooks_changes_what_they_leave_behind(
    aws: Aws, postgres: PostgresServer, administration: Callable[[str], None]
) -> None:
    class DeliveriesHere(Deliveries):
        world = World(aws, postgres, administration, count(1))

    run_state_machine_as_test(
        DeliveriesHere,
        settings=settings(
            max_examples=int(os.environ.get("STATEFUL_EXAMPLES", "12")),
            stateful_step_count=10,
            deadline=None,
            derandomize="STATEFUL_EXAMPLES" not in os.environ,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        ),
    )
