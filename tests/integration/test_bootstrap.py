"""The bootstrap: an empty database seeds itself, a populated one is left alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from chalicelib.imports.merging.locking import lock_merging
from chalicelib.imports.running import import_messages, import_object
from chalicelib.postgres.database import Database
from chalicelib.services.bootstrap import BootstrapResult, bootstrap
from tests.support.aws import Aws
from tests.support.databases import KEEP_TRANSACTIONS, LET_TRANSACTIONS_GO
from tests.support.imports.contents import query, scalar
from tests.support.workbooks import customer, customers_book, loan, loans_book

REVISION = "SELECT version_num FROM alembic_version"


def run(database: Database, aws: Aws) -> BootstrapResult:
    return bootstrap(database, aws.settings, s3=aws.s3, sqs=aws.sqs)


def deliver(database: Database, aws: Aws) -> int:
    """Imports all that lies in the queue, as the Lambda would; returns how many messages there were."""
    bodies = aws.messages()
    assert import_messages(database, aws.s3, [(str(number), body) for number, body in enumerate(bodies)]) == []
    return len(bodies)


def upload_seeds(aws: Aws) -> None:
    aws.upload("seed/loan data+1.xlsx", loans_book(loan(1, 9), loan(2, 9)))
    aws.upload("seed/customers.xlsx", customers_book(customer(1), customer(2)))


def empty(database: Database) -> None:
    with database.transaction() as tx:
        for statement in (
            LET_TRANSACTIONS_GO,
            "TRUNCATE customers, loans, loan_applications, waiting_loans CASCADE",
            KEEP_TRANSACTIONS,
        ):
            tx.connection.execute(text(statement))
        tx.commit()


def test_an_empty_database_is_seeded_from_the_bucket(aws: Aws, database: Database) -> None:
    upload_seeds(aws)
    assert run(database, aws) == {
        "revision": scalar(database, REVISION),
        "seeded": ["seed/customers.xlsx", "seed/loan data+1.xlsx"],
        "populated": False,
    }
    assert deliver(database, aws) == 2
    assert query(database, "SELECT loan_id, customer_id FROM loans ORDER BY 1") == [(9, 1), (10, 2)]


def test_an_empty_seed_folder_leaves_the_database_empty(aws: Aws, database: Database) -> None:
    aws.upload("seed/", b"")
    aws.upload("incoming/customers.xlsx", customers_book(customer(1)))
    assert run(database, aws)["seeded"] == []
    assert aws.messages() == []


def test_a_populated_database_is_left_alone(aws: Aws, database: Database) -> None:
    upload_seeds(aws)
    with database.transaction() as tx:
        tx.connection.execute(text("INSERT INTO customers VALUES (70, 'A', 'B', 30, '9812345678', 1000, 1000)"))
        tx.commit()
    result = run(database, aws)
    assert (result["seeded"], result["populated"]) == ([], True)
    assert aws.messages() == []


def test_waiting_loans_alone_count_as_data(aws: Aws, database: Database) -> None:
    upload_seeds(aws)
    deliver(database, aws)
    reference = aws.upload("incoming/l.xlsx", loans_book(loan(5, 5)))
    import_object(database, aws.s3, reference)
    assert run(database, aws)["populated"]


def test_several_at_once_seed_it_once(aws: Aws, database: Database, new_database: Callable[[], Database]) -> None:
    upload_seeds(aws)
    with ThreadPoolExecutor(4) as deployers:
        list(deployers.map(lambda own: run(own, aws), [new_database() for _ in range(4)]))
    deliver(database, aws)
    assert query(database, "SELECT count(*), count(DISTINCT object_key) FROM imports") == [(2, 2)]
    assert query(database, "SELECT loan_id, customer_id FROM loans ORDER BY 1") == [(9, 1), (10, 2)]


def test_nothing_is_queued_while_an_import_is_at_work(
    aws: Aws, database: Database, new_database: Callable[[], Database]
) -> None:
    upload_seeds(aws)
    with new_database().transaction() as tx:
        lock_merging(tx.connection)
        assert run(database, aws)["seeded"] == []


def test_an_emptied_database_is_seeded_again_from_the_same_objects(aws: Aws, database: Database) -> None:
    upload_seeds(aws)
    run(database, aws)
    deliver(database, aws)
    empty(database)
    assert len(run(database, aws)["seeded"]) == 2
    deliver(database, aws)
    assert query(database, "SELECT count(*) FROM loans") == [(2,)]
    assert query(database, "SELECT object_key, state FROM imports ORDER BY 1") == [
        ("seed/customers.xlsx", "completed"),
        ("seed/loan data+1.xlsx", "completed"),
    ]


def test_a_seed_that_is_no_workbook_fails_once_and_is_not_tried_for_ever(aws: Aws, database: Database) -> None:
    aws.upload("seed/notes.txt", b"not a workbook")
    for _ in range(2):
        run(database, aws)
        deliver(database, aws)
    assert query(database, "SELECT count(*), min(state) FROM imports") == [(1, "failed")]


def test_a_loan_that_was_left_waiting_for_a_customer_who_is_here_is_applied(aws: Aws, database: Database) -> None:
    aws.upload("seed/loans.xlsx", loans_book(loan(1, 9)))
    run(database, aws)
    deliver(database, aws)
    # A registration that ran beside the import neither saw its loan nor was seen by it.
    with database.transaction() as tx:
        tx.connection.execute(text("INSERT INTO customers VALUES (1, 'A', 'B', 30, '9812345678', 1000, 1000)"))
        tx.commit()
    run(database, aws)
    assert query(database, "SELECT loan_id FROM loans") == [(9,)]
    told = "SELECT actor_kind, actor_name, subject_kind, subject_id, after FROM audit_log WHERE action = :action"
    with database.reading() as connection:
        rows = [tuple(row) for row in connection.execute(text(told), {"action": "waiting_loans_applied"})]
    assert rows == [("bootstrap", "bootstrap", "customer", "1", {"loan_ids": [9]})]
