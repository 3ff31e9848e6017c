"""An error of the database goes to the log; what a person told us does not."""

import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chalicelib.postgres.database import Database

ADD = text("""
    INSERT INTO customers (first_name, last_name, age, phone_number, monthly_income, approved_limit)
    VALUES (:first_name, 'Menon', 41, :phone_number, 1, 1)
""")


def log_of(database: Database, statement: str, values: dict[str, str]) -> str:
    """What the log would tell of the error that the statement raises."""
    with pytest.raises(DBAPIError) as raised, database.transaction() as tx:
        tx.connection.execute(text(statement), values)
    return "".join(traceback.format_exception(raised.value))


def test_a_refused_row_is_not_in_the_error(database: Database) -> None:
    told = log_of(database, str(ADD), {"first_name": "Ashalata", "phone_number": "not-a-number"})
    assert "customers_phone_number_ten_digits" in told
    assert "Ashalata" not in told
    assert "not-a-number" not in told
