"""The queries on customers."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, or_, select, update

from chalicelib.storage.tables import customers

MAX_ID = 2**63 - 1


@dataclass(frozen=True)
class NewCustomer:
    """A customer to be registered; money in rupees, income a month."""

    first_name: str
    last_name: str
    age: int
    phone_number: str
    monthly_income: Decimal
    approved_limit: Decimal


@dataclass(frozen=True)
class Customer:
    """A customer as stored; money in rupees, income a month."""

    customer_id: int
    first_name: str
    last_name: str
    age: int
    phone_number: str
    monthly_income: Decimal
    approved_limit: Decimal


_STORED: Select[Any] = select(*(customers.c[field.name] for field in fields(Customer)))


def add(connection: Connection, customer: NewCustomer) -> int:
    """Inserts a customer under the next number of the sequence, and returns that number."""
    statement = insert(customers).values(vars(customer)).returning(customers.c.customer_id)
    return int(connection.execute(statement).scalar_one())


def lock(connection: Connection, customer_id: int) -> Customer | None:
    """Reads a customer and makes other applications and changes of it wait until the transaction ends.

    FOR NO KEY UPDATE, so that rows which merely refer to the customer can still be written.
    """
    statement = _STORED.where(customers.c.customer_id == customer_id).with_for_update(key_share=True)
    row = connection.execute(statement).first()
    return None if row is None else Customer(*row)


def get(connection: Connection, customer_id: int) -> Customer | None:
    """One customer; None where there is none of that number."""
    row = connection.execute(_STORED.where(customers.c.customer_id == customer_id)).first()
    return None if row is None else Customer(*row)


def change(connection: Connection, customer_id: int, changes: Mapping[str, object]) -> Customer:
    """Sets the given columns of a customer that was locked before, and returns it as it is now."""
    statement = (
        update(customers)
        .where(customers.c.customer_id == customer_id)
        .values(**changes, updated_at=func.now())
        .returning(*(customers.c[field.name] for field in fields(Customer)))
    )
    return Customer(*connection.execute(statement).one())


def page(connection: Connection, beginning: str | None, after: int, limit: int) -> list[Customer]:
    """Customers by number, from above the number `after` on; those whose name or phone number begins as given,
    or who have just that number.
    """
    statement = _STORED.where(customers.c.customer_id > after)
    if beginning:
        statement = statement.where(or_(*_matches(beginning)))
    return [Customer(*row) for row in connection.execute(statement.order_by(customers.c.customer_id).limit(limit))]


def _matches(beginning: str) -> list[ColumnElement[bool]]:
    # Written as the indexes are, so that each of these is one of them.
    columns = customers.c
    if beginning.isascii() and beginning.isdigit():
        by_phone = columns.phone_number.startswith(beginning, autoescape=True)
        return [by_phone, columns.customer_id == int(beginning)] if int(beginning) <= MAX_ID else [by_phone]
    names = (func.lower(columns.first_name + " " + columns.last_name), func.lower(columns.last_name))
    return [name.startswith(beginning.lower(), autoescape=True) for name in names]
