"""The use cases of customers."""

import hashlib
from collections.abc import Collection, Container, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection

from chalicelib.errors import AboveCeiling, CustomerNotFound, InvalidRequest, Outdated
from chalicelib.postgres.database import Database, commit_with_next
from chalicelib.postgres.errors import retried
from chalicelib.rules import ages
from chalicelib.rules.access import EVERYBODY, TERMS, Author, Scope
from chalicelib.rules.auditing import Action, Event, SubjectKind, difference
from chalicelib.rules.bounds import AGE
from chalicelib.rules.ceilings import Ceiling, Terms, exceeded
from chalicelib.rules.figures import rupees
from chalicelib.rules.policy import Policy
from chalicelib.rules.score import Facts
from chalicelib.services.idempotency import Once, Told, run_once
from chalicelib.storage import alike, audit, customers, loans
from chalicelib.storage.alike import Alike
from chalicelib.storage.customers import Customer, Registered, Registration
from chalicelib.storage.paging import Cursor, Slice


class CustomerWithExposure(NamedTuple):
    """A customer, the facts of a decision on that day, and the mark of this state of the customer."""

    customer: Customer
    facts: Facts

    @property
    def etag(self) -> str:
        return etag_of(self.customer)

    @property
    def emi_share_of_income(self) -> Decimal:
        """The instalments of the current loans as a share of the monthly income, rounded half-up to four decimals."""
        return (self.facts.current_emis / self.facts.monthly_income).quantize(Decimal("0.0001"), ROUND_HALF_UP)


class LikelyTheSame(Exception):
    """Nothing was saved, because these customers are likely the same person."""

    def __init__(self, alike: Sequence[Alike]) -> None:
        super().__init__(*(each.customer_id for each in alike))
        self.alike = alike


# Which of a customer depend on each other: the date of birth is kept instead of an age.
AGES = frozenset({"age", "date_of_birth"})


def registration_of(values: Mapping[str, Any], today: date) -> Registration:
    """Who wants to become a customer, from the fields of a request. Raises InvalidRequest for a date of birth by which
    they are too young or too old on `today`, or which contradicts the age.
    """
    return Registration(**{**values, **_fitting(values["age"], values["date_of_birth"], today)})


def _fitting(age: int | None, born: date | None, today: date) -> dict[str, Any]:
    """Age and date of birth as they are stored: one of them."""
    wrong = ages.refusal(age, born, today)
    if wrong:
        raise InvalidRequest(f"The request is not valid: see {wrong.field}.", {wrong.field: [wrong.sentence]})
    if age is None and born is None:
        sentence = f"is required without a date of birth; it must be a whole number of years, {AGE}"
        raise InvalidRequest("The request is not valid: see age.", {"age": [sentence]})
    return {"age": age if born is None else None, "date_of_birth": born}


def register(
    database: Database,
    registration: Registration,
    *,
    policy: Policy,
    today: date,
    author: Author,
    once: Once[Registered],
    known: Collection[int] | None = None,
) -> Told:
    """Saves a customer with the credit limit that the policy gives, and the loans that waited for its number. Raises
    what `run_once` raises.

    With `known`, raises LikelyTheSame if there is a customer who is likely the same person and not among these.
    """
    limit = policy.approved_limit(registration.monthly_income)

    def make(connection: Connection, is_last: bool) -> Registered:
        if is_last and known is None:
            commit_with_next(connection)
        made = customers.add(connection, registration, limit, today=today, author=author)
        if known is not None and not {each.customer_id for each in made.alike} <= set(known):
            raise LikelyTheSame(made.alike)
        return made

    return run_once(database, once, make)


def etag_of(customer: Customer) -> str:
    """A mark that changes whenever anything of the customer does, whoever changes it."""
    return hashlib.sha256(repr(customer).encode()).hexdigest()[:32]


@retried
def view_customer(
    database: Database, customer_id: int, *, today: date, scope: Scope = EVERYBODY
) -> CustomerWithExposure:
    """A customer with the exposure on `today`. Raises CustomerNotFound, also for one whom the scope does not cover: of
    that one nothing is read, so that the time it takes tells nothing.
    """
    if not scope.covers(customer_id):
        raise CustomerNotFound(f"There is no customer {customer_id}.")
    with database.reading() as connection:
        customer = customers.get(connection, customer_id)
        facts = loans.facts(connection, customer_id, today)
    if customer is None or facts is None:
        raise CustomerNotFound(f"There is no customer {customer_id}.")
    return CustomerWithExposure(customer, facts)


@retried
def likely_the_same(database: Database, customer: Customer, today: date) -> Sequence[Alike]:
    """The other customers who are likely the same person, the surest first."""
    with database.reading() as connection:
        return alike.of_customer(connection, customer, today)


@retried
def list_customers(
    database: Database,
    *,
    cursor: Cursor,
    searched: str = "",
    scope: Scope = EVERYBODY,
) -> Slice[Customer]:
    """Customers by number, all or those whose name, phone number or number is as searched."""
    with database.reading() as connection:
        return customers.listed(connection, cursor=cursor, searched=searched, scope=scope)


@retried
def names_of(database: Database, customer_ids: Collection[int]) -> Mapping[int, str]:
    """The full names of these customers, by number."""
    with database.reading() as connection:
        return customers.names(connection, customer_ids)


@retried
def change_customer(
    database: Database,
    customer_id: int,
    changes: Mapping[str, object],
    *,
    etags: Container[str],
    author: Author,
    today: date,
    reason: str | None = None,
    ceiling: Ceiling | None = None,
) -> CustomerWithExposure:
    """Changes a customer who is still as the client saw it, which is one of `etags`. The audit log keeps the reason.
    Returns the customer changed, with the exposure on `today`.

    Of age and date of birth the latter is kept. Raises CustomerNotFound, Outdated if somebody else has changed the
    customer since, AboveCeiling for a limit or an income above the ceiling of whoever changes it, and InvalidRequest
    if age and date of birth do not fit each other on `today`.
    """
    with database.transaction() as tx:
        customer = _locked(tx.connection, customer_id, etags)
        _check_ceiling(customer, changes, ceiling)
        changed = _changed(tx.connection, customer, changes, author=author, today=today, reason=reason)
        # With the commit: who looks afterwards may find the database gone, and would say nothing was saved.
        commit_with_next(tx.connection)
        facts = loans.facts(tx.connection, customer_id, today)
        if facts is None:
            raise CustomerNotFound(f"There is no customer {customer_id}.")
        tx.commit()
    return CustomerWithExposure(changed, facts)


def _locked(connection: Connection, customer_id: int, etags: Container[str]) -> Customer:
    customer = customers.lock(connection, customer_id)
    if customer is None:
        raise CustomerNotFound(f"There is no customer {customer_id}.")
    if etag_of(customer) not in etags:
        raise Outdated(f"Customer {customer_id} was changed since you read it; read it again and decide anew.")
    return customer


def _changed(
    connection: Connection,
    customer: Customer,
    changes: Mapping[str, object],
    *,
    author: Author,
    today: date,
    reason: str | None,
) -> Customer:
    """The customer changed so; the entry in the audit log goes out with the next statement. There is none if nothing
    differs.
    """
    if AGES & changes.keys():
        changes = {**changes, **_ages(customer, changes, today)}
    changed = customers.change(connection, customer.customer_id, changes)
    before, after = difference(vars(customer), vars(changed))
    if after:
        told = after | ({"reason": reason} if reason else {})
        event = Event(Action.CUSTOMER_CHANGED, SubjectKind.CUSTOMER, customer.customer_id, before, told)
        audit.add(connection, author, event, with_next=True)
    return changed


def _ages(customer: Customer, changes: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Age and date of birth of a customer who is changed so; what is not given stays as it is."""
    born = changes.get("date_of_birth") if "date_of_birth" in changes else customer.date_of_birth
    age = changes.get("age") if "age" in changes or born else customer.age
    return _fitting(age, born, today)


def _check_ceiling(customer: Customer, changes: Mapping[str, object], ceiling: Ceiling | None) -> None:
    if ceiling is None or not TERMS & changes.keys():
        return
    before = {name: getattr(customer, name) for name in TERMS}
    after = before | {name: changes[name] for name in TERMS & changes.keys()}
    highest = exceeded(Terms(**before), Terms(**after), ceiling)
    if highest:
        fields = {name: [_above_ceiling(name, most, after[name], ceiling)] for name, most in highest.items()}
        raise AboveCeiling(f"The change is above what your role may set: see {', '.join(fields)}.", fields, highest)


def _above_ceiling(name: str, most: Decimal, wanted: Decimal, ceiling: Ceiling) -> str:
    why = f", which is the lesser of {ceiling.incomes} monthly incomes and {ceiling.most} rupees"
    return (
        f'must be at most {rupees(most)} in your role{why if name == "approved_limit" else ""}; got "{rupees(wanted)}"'
    )
