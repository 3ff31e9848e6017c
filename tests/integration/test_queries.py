"""The endpoints' queries use an index, whatever the size of the tables."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Select, text

from chalicelib.storage import loans
from chalicelib.storage.database import Database

PORTFOLIO = """
    INSERT INTO customers (first_name, last_name, age, phone_number, monthly_income, approved_limit)
    SELECT 'A', 'B', 30, '9876543210', 50000, 1800000 FROM generate_series(1, 2000);
    INSERT INTO loans (customer_id, loan_amount, tenure, interest_rate, monthly_installment, start_date, end_date)
    SELECT 1 + n % 2000, 1000, 12, 10, 90, '2026-01-01', '2027-01-01' FROM generate_series(1, 20000) AS n;
"""


@pytest.mark.parametrize(
    ("statement", "parameters", "index"),
    [
        (loans._FACTS, {"customer_id": 7, "today": date(2026, 11, 23)}, "loans_customer_facts_idx"),
        (loans._LOANS_OF_CUSTOMER, {"customer_id": 7}, "loans_customer_facts_idx"),
        (loans._LOAN_WITH_CUSTOMER, {"loan_id": 7}, "loans_pkey"),
    ],
    ids=["facts", "view-loans", "view-loan"],
)
def test_a_query_of_an_endpoint_reads_an_index_and_no_whole_table(
    database: Database, statement: Select[Any], parameters: dict[str, object], index: str
) -> None:
    with database.reading() as connection:
        # A commit that is not on disk yet keeps its pages from being known as visible, and index-only scans off.
        connection.execute(text("SET synchronous_commit = on"))
        for part in PORTFOLIO.strip().split(";\n"):
            connection.execute(text(part))
        connection.execute(text("VACUUM ANALYZE customers"))
        connection.execute(text("VACUUM ANALYZE loans"))
        # With its values written in: EXPLAIN takes no parameters of a driver.
        sql = statement.params(parameters).compile(connection.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {sql}").scalars())
    assert index in plan
    assert "Seq Scan" not in plan
    if index == "loans_customer_facts_idx":
        assert "Index Only Scan" in plan
