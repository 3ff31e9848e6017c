"""The use cases of customers."""

from dataclasses import dataclass
from decimal import Decimal

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
    """Saves a customer with the credit limit that the policy gives, and the loans that waited for its number."""
    customer = NewCustomer(**vars(registration), approved_limit=policy.approved_limit(registration.monthly_income))
    with database.transaction() as tx:
        customer_id = customers.add(tx.connection, customer)
        apply_waiting_loans(tx.connection, customer_id)
        tx.commit()
    return RegisteredCustomer(customer_id, customer)
