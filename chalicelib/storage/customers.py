"""The queries on customers."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, insert, select

from chalicelib.storage.tables import customers


@dataclass(frozen=True)
class NewCustomer:
    """A customer to be registered; money in rupees, income a month."""

    first_name: str
    last_name: str
    age: int
    phone_number: str
    monthly_income: Decimal
    approved_limit: Decimal


def add(connection: Connection, customer: NewCustomer) -> int:
    """Inserts a customer under the next number of the sequence, and returns that number."""
    statement = insert(customers).values(vars(customer)).returning(customers.c.customer_id)
    return int(connection.execute(statement).scalar_one())


def lock(connection: Connection, customer_id: int) -> bool:
    """Makes other applications of this customer wait until the transaction ends. False where there is none.

    FOR NO KEY UPDATE, so that rows which merely refer to the customer can still be written.
    """
    statement = select(customers.c.customer_id).where(customers.c.customer_id == customer_id)
    return connection.execute(statement.with_for_update(key_share=True)).first() is not None
