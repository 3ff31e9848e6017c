"""Customers, loans and transactions as a request makes them, for tests that need the result and not its answer."""

from datetime import UTC, date, datetime
from typing import Generic, TypeVar

from chalicelib.postgres.database import Database
from chalicelib.rules.access import Author
from chalicelib.rules.policy import Policy
from chalicelib.rules.score import LoanRequest
from chalicelib.services import customers, loans, servicing
from chalicelib.services.idempotency import Once
from chalicelib.services.loans import Application
from chalicelib.services.servicing import Recorded, Wanted
from chalicelib.storage.customers import Customer, Registration

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """Keeps what was made instead of telling it."""

    def __init__(self) -> None:
        self.made: list[Made] = []

    def __call__(self, made: Made) -> str:
        self.made.append(made)
        return ""


def register(database: Database, registration: Registration, policy: Policy, author: Author) -> Customer:
    """A registered customer."""
    kept = Kept[Customer]()
    customers.register(
        database, registration, policy=policy, today=datetime.now(UTC).date(), author=author, once=Once(None, kept)
    )
    return kept.made[-1]


def create_loan(
    database: Database, customer_id: int, request: LoanRequest, policy: Policy, today: date, author: Author
) -> Application:
    """An application as it was decided."""
    kept = Kept[Application]()
    once = Once(None, kept)
    loans.apply(database, customer_id, request, policy=policy, today=today, author=author, once=once)
    return kept.made[-1]


def record(database: Database, loan_id: int, wanted: Wanted, today: date, author: Author) -> Recorded:
    """A transaction as it was recorded."""
    kept = Kept[Recorded]()
    servicing.record(database, loan_id, wanted, today=today, author=author, once=Once(None, kept))
    return kept.made[-1]
