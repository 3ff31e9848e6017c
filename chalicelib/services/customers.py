"""The use cases of customers."""

import hashlib
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import Connection

from chalicelib.errors import CustomerNotFound, Outdated
from chalicelib.rules.policy import Policy
from chalicelib.rules.score import Facts
from chalicelib.storage import customers, loans
from chalicelib.storage.customers import Customer, NewCustomer
from chalicelib.storage.database import Database
from chalicelib.storage.errors import retried
from chalicelib.storage.imports import apply_waiting_loans


@dataclass(frozen=True)
class Registration:
    """Who wants to become a customer; income in rupees a month."""

    first_name: str
    last_name: str
    age: int
    phone_number: str
    monthly_income: Decimal


@dataclass(frozen=True)
class RegisteredCustomer:
    customer_id: int
    customer: NewCustomer


@dataclass(frozen=True)
class CustomerWithExposure:
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


@retried
def register(database: Database, registration: Registration, policy: Policy) -> RegisteredCustomer:
    """Saves a customer, in a transaction of its own."""
    with database.transaction() as tx:
        registered = register_within(tx.connection, registration, policy)
        tx.commit()
    return registered


def register_within(connection: Connection, registration: Registration, policy: Policy) -> RegisteredCustomer:
    """Saves a customer with the credit limit that the policy gives, and the loans that waited for its number."""
    customer = NewCustomer(**vars(registration), approved_limit=policy.approved_limit(registration.monthly_income))
    customer_id = customers.add(connection, customer)
    apply_waiting_loans(connection, customer_id)
    return RegisteredCustomer(customer_id, customer)


def etag_of(customer: Customer) -> str:
    """A mark that changes whenever anything of the customer does, whoever changes it."""
    return hashlib.sha256(repr(customer).encode()).hexdigest()[:32]


@retried
def view_customer(database: Database, customer_id: int, today: date) -> CustomerWithExposure:
    """A customer with the exposure on `today`. Raises CustomerNotFound."""
    with database.reading() as connection:
        customer = customers.get(connection, customer_id)
        facts = loans.facts(connection, customer_id, today)
    if customer is None or facts is None:
        raise CustomerNotFound(f"There is no customer {customer_id}.")
    return CustomerWithExposure(customer, facts)


@retried
def list_customers(database: Database, beginning: str | None, after: int, limit: int) -> list[Customer]:
    """Customers by number, all or those whose name, phone number or number is as given."""
    with database.reading() as connection:
        return customers.page(connection, beginning, after, limit)


@retried
def change_customer(database: Database, customer_id: int, changes: Mapping[str, object], etags: Container[str]) -> None:
    """Changes a customer who is still as the client saw it, which is one of `etags`.

    Raises CustomerNotFound, and Outdated where somebody else has changed the customer since.
    """
    with database.transaction() as tx:
        customer = customers.lock(tx.connection, customer_id)
        if customer is None:
            raise CustomerNotFound(f"There is no customer {customer_id}.")
        if etag_of(customer) not in etags:
            raise Outdated(f"Customer {customer_id} was changed since you read it; read it again and decide anew.")
        customers.change(tx.connection, customer_id, changes)
        tx.commit()
