"""The use case of the search for anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from chalicelib.imports import jobs
from chalicelib.imports.jobs import ImportJob
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import Actor, Operation
from chalicelib.rules.auditing import SubjectKind
from chalicelib.rules.typed.sought import Sought
from chalicelib.storage import applications, customers, loans
from chalicelib.storage.applications import StoredApplication
from chalicelib.storage.customers import Customer
from chalicelib.storage.loans import LoanWithCustomer
from chalicelib.storage.paging import Cursor, Slice


@dataclass(frozen=True)
class Applied:
    """An application, and who applied."""

    application: StoredApplication
    customer_name: str


@dataclass(frozen=True)
class Found:
    """What a search found. `has_more` says whether there are more customers than these."""

    customers: Sequence[Customer] = ()
    has_more: bool = False
    loan: LoanWithCustomer | None = None
    applied: Applied | None = None
    job: ImportJob | None = None

    @property
    def count(self) -> int:
        """How many things were found."""
        return len(self.customers) + sum(each is not None for each in (self.loan, self.applied, self.job))


@retried
def find(database: Database, sought: Sought, actor: Actor, *, most: int) -> Found:
    """What the actor may read of what is sought: at most so many customers, and one loan, application and import.

    What the actor may not read is not found.
    """
    with database.reading() as connection:
        people = _customers(connection, sought, actor, most)
        return Found(
            people.rows,
            people.next is not None,
            _loan(connection, sought, actor),
            _applied(connection, sought, actor),
            _job(connection, sought, actor),
        )


def _customers(connection: Connection, sought: Sought, actor: Actor, most: int) -> Slice[Customer]:
    """The one of the number first: a phone number may begin like it."""
    if not actor.may(Operation.READ_CUSTOMERS):
        return Slice([])
    number = _number(sought, SubjectKind.CUSTOMER)
    one = customers.get(connection, number) if number is not None and actor.scope.covers(number) else None
    first = [] if one is None else [one]
    if not sought.words:
        return Slice(first)
    found = customers.listed(connection, cursor=Cursor(most), searched=sought.words, scope=actor.scope)
    rows = first + [each for each in found.rows if each != one]
    return Slice(rows[:most], found.next)


def _loan(connection: Connection, sought: Sought, actor: Actor) -> LoanWithCustomer | None:
    number = _number(sought, SubjectKind.LOAN)
    if number is None or not actor.may(Operation.READ_LOANS):
        return None
    loan = loans.with_customer(connection, number)
    return loan if loan and actor.scope.covers(loan.customer_id) else None


def _applied(connection: Connection, sought: Sought, actor: Actor) -> Applied | None:
    number = _number(sought, SubjectKind.APPLICATION)
    if number is None or not actor.may(Operation.READ_APPLICATIONS):
        return None
    stored = applications.get(connection, number)
    if stored is None or not actor.scope.covers(stored.customer_id):
        return None
    return Applied(stored, customers.names(connection, [stored.customer_id])[stored.customer_id])


def _job(connection: Connection, sought: Sought, actor: Actor) -> ImportJob | None:
    number = _number(sought, SubjectKind.IMPORT)
    if number is None or not actor.may(Operation.READ_IMPORTS):
        return None
    return jobs.find(connection, number, actor.own_imports)


def _number(sought: Sought, kind: SubjectKind) -> int | None:
    return sought.number if sought.may_be(kind) else None
