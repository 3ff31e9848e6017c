"""The use cases of customers."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection

from chalicelib.rules.policy import Policy
from chalicelib.storage import customers
from chalicelib.storage.customers import NewCustomer
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
