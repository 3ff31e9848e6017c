"""From the staging table into customers, in SQL, the whole set at a time.

Runs in the transaction that filled the staging table and holds the import lock (storage/imports.py).
"""

from sqlalchemy import Connection, text

from chalicelib.storage.imports import apply_waiting_loans
from chalicelib.storage.merging import MergedRows, run

# Keeps the last row of each customer in the file, and says what is to become of it.
_DECIDE = """
    CREATE TEMP TABLE incoming_customers ON COMMIT DROP AS
    SELECT latest.*,
           CASE WHEN stored.customer_id IS NULL THEN 'inserted'
                WHEN (latest.first_name, latest.last_name, latest.age, latest.phone_number,
                      latest.monthly_income, latest.approved_limit)
                     IS DISTINCT FROM
                     (stored.first_name, stored.last_name, stored.age, stored.phone_number,
                      stored.monthly_income, stored.approved_limit) THEN 'updated'
                ELSE 'unchanged' END AS outcome
    FROM (SELECT DISTINCT ON (customer_id) * FROM staged_customers ORDER BY customer_id, position DESC) AS latest
    LEFT JOIN customers AS stored USING (customer_id)
"""

# Brings the customers that differ to what the file says.
_UPDATE = """
    UPDATE customers
    SET first_name = incoming.first_name, last_name = incoming.last_name, age = incoming.age,
        phone_number = incoming.phone_number, monthly_income = incoming.monthly_income,
        approved_limit = incoming.approved_limit, updated_at = now()
    FROM incoming_customers AS incoming
    WHERE incoming.customer_id = customers.customer_id AND incoming.outcome = 'updated'
"""

# Moves the sequence above the highest customer of the file; never back.
_MOVE_SEQUENCE = """
    SELECT setval('customers_customer_id_seq', highest.customer_id)
    FROM (SELECT max(customer_id) AS customer_id FROM incoming_customers) AS highest,
         customers_customer_id_seq AS sequence
    WHERE highest.customer_id >= sequence.last_value + CAST(sequence.is_called AS integer)
"""

# Adds the customers that are not here, under the numbers of the file.
_INSERT = """
    INSERT INTO customers (customer_id, first_name, last_name, age, phone_number, monthly_income, approved_limit)
    SELECT customer_id, first_name, last_name, age, phone_number, monthly_income, approved_limit
    FROM incoming_customers
    WHERE outcome = 'inserted'
    ORDER BY customer_id
"""

# Reports the rows that a later row of the same file replaces.
_REPORT_SUPERSEDED = """
    INSERT INTO import_findings (import_id, sheet, row_number, outcome, column_name, value, code, message)
    SELECT :import_id, staged.sheet, staged.row_number, 'superseded', 'Customer ID',
           CAST(staged.customer_id AS text), 'superseded',
           format('The same customer comes again in row %s of the sheet %s, which was used instead.',
                  latest.row_number, latest.sheet)
    FROM staged_customers AS staged JOIN incoming_customers AS latest USING (customer_id)
    WHERE staged.position < latest.position
    ORDER BY staged.position
"""

# Counts what became of the staged rows, by sheet.
_COUNT = """
    SELECT staged.sheet, COALESCE(incoming.outcome, 'superseded'), count(*), 0
    FROM staged_customers AS staged LEFT JOIN incoming_customers AS incoming USING (position)
    GROUP BY 1, 2
"""


def merge_customers(connection: Connection, import_id: int) -> list[MergedRows]:
    """Brings customers to what staged_customers says, then applies the loans that waited for any of them."""
    connection.exec_driver_sql("ANALYZE staged_customers")
    for statement in (_DECIDE, _UPDATE, _MOVE_SEQUENCE, _INSERT, _REPORT_SUPERSEDED):
        run(connection, statement, import_id)
    apply_waiting_loans(connection)
    return [MergedRows(*row) for row in connection.execute(text(_COUNT))]
