"""Customers as a client or an officer makes them, and what they ask for."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from chalicelib.postgres.database import Database
from chalicelib.rules.policy import STANDARD_1
from chalicelib.storage.customers import Registration
from chalicelib.storage.tables import loans
from tests.support.application import Api
from tests.support.lending import register
from tests.support.people import TEST

RUDRA = {
    "first_name": "Rudra",
    "last_name": "Singh",
    "age": 23,
    "monthly_income": 23000,
    "phone_number": 8697989224,
}


def registered(api: Api, **changes: Any) -> int:
    return int(api.post("/api/register", RUDRA | changes).json["customer_id"])


def asking(customer_id: int, **changes: Any) -> dict[str, Any]:
    return {"customer_id": customer_id, "loan_amount": 120030, "interest_rate": 8.12, "tenure": 12} | changes


def add_loan(database: Database, customer_id: int, **changes: Any) -> None:
    """A loan as an import would have made it, running."""
    loan = {
        "customer_id": customer_id,
        "loan_amount": Decimal(100_000),
        "tenure": 100,
        "interest_rate": Decimal(10),
        "monthly_installment": Decimal(1_000),
        "emis_paid_on_time": 60,
        "start_date": date(2020, 1, 1),
        "end_date": date.today() + timedelta(days=100),  # noqa: DTZ011 - far from the edge of a day
    }
    with database.reading() as connection:
        connection.execute(insert(loans).values(loan | changes))


def named(database: Database, first_name: str = "Rudra", last_name: str = "Singh", phone: str = "8697989224") -> int:
    registration = Registration(first_name, last_name, 23, phone, Decimal(23_000))
    return register(database, registration, STANDARD_1, TEST).customer_id
