"""From the staging table into customers, in SQL, the whole set at a time.

Runs in a transaction that holds the import lock (imports/records.py).
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from chalicelib.imports.merging.refusals import refuse_customers
from chalicelib.imports.merging.statements import MergedRows, audit_statement, run
from chalicelib.imports.records import apply_waiting_loans, author_of

# Says what is to become of each row. Of rows about the same customer the last counts.
_DECIDE = """
    CREATE TEMP TABLE incoming_customers ON COMMIT DROP AS
    SELECT staged.*,
           stored.customer_id IS NULL AS is_new,
           CASE WHEN staged.position < staged.last_position THEN 'superseded'
                WHEN stored.customer_id IS NULL THEN 'inserted'
                WHEN (staged.first_name, staged.last_name, staged.age, staged.phone_number,
                      staged.monthly_income, staged.approved_limit)
                     IS DISTINCT FROM
                     (stored.first_name, stored.last_name, stored.age, stored.phone_number,
                      stored.monthly_income, stored.approved_limit) THEN 'updated'
                ELSE 'unchanged' END AS outcome
    FROM (SELECT *, max(position) OVER (PARTITION BY customer_id) AS last_position
          FROM staged_customers
          WHERE import_id = :import_id) AS staged
    LEFT JOIN customers AS stored USING (customer_id)
"""

# Leaves alone the customers that a newer version of the same file has brought.
_YIELD = """
    WITH newer AS (
        SELECT DISTINCT customer_id FROM import_rows
        WHERE import_id = ANY (:newer) AND source_loan_id IS NULL AND outcome <> 'rejected'
    ), yielded AS (
        UPDATE incoming_customers AS incoming
        SET outcome = 'superseded'
        FROM newer
        WHERE newer.customer_id = incoming.customer_id AND NOT is_new AND outcome <> 'superseded'
        RETURNING incoming.sheet, incoming.row_number, incoming.customer_id, incoming.position
    )
    INSERT INTO import_findings (import_id, sheet, row_number, outcome, column_name, value, code, message)
    SELECT :import_id, sheet, row_number, 'superseded', 'Customer ID', CAST(customer_id AS text), 'newer_version_here',
           'A newer version of this file was imported before; what it says about this customer was kept.'
    FROM yielded
    ORDER BY position
"""

_AUDIT = audit_statement(
    "customer",
    "customers",
    ["first_name", "last_name", "age", "phone_number", "monthly_income", "approved_limit"],
)

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
    FROM (SELECT max(customer_id) AS customer_id FROM incoming_customers WHERE outcome = 'inserted') AS highest,
         customers_customer_id_seq AS sequence
    WHERE highest.customer_id >= sequence.last_value + CAST(sequence.is_called AS integer)
"""

# Adds the customers that are not here, under the numbers of the file.
_INSERT = """
    INSERT INTO customers (customer_id, first_name, last_name, age, phone_number, monthly_income, approved_limit,
                           from_workbook)
    SELECT customer_id, first_name, last_name, age, phone_number, monthly_income, approved_limit, true
    FROM incoming_customers
    WHERE outcome = 'inserted'
    ORDER BY customer_id
"""

# Reports the rows that a later row of the same file replaces.
_REPORT_SUPERSEDED = """
    INSERT INTO import_findings (import_id, sheet, row_number, outcome, column_name, value, code, message)
    SELECT :import_id, incoming.sheet, incoming.row_number, 'superseded', 'Customer ID',
           CAST(incoming.customer_id AS text), 'superseded',
           format('The same customer comes again in row %s of the sheet %s, which was used instead.',
                  latest.row_number, latest.sheet)
    FROM incoming_customers AS incoming JOIN incoming_customers AS latest ON latest.position = incoming.last_position
    WHERE incoming.position < incoming.last_position
    ORDER BY incoming.position
"""

# Notes what became of each row.
_NOTE_ROWS = """
    INSERT INTO import_rows (import_id, sheet, row_number, outcome, customer_id)
    SELECT :import_id, sheet, row_number, outcome, customer_id
    FROM incoming_customers
    ORDER BY position
"""

_COUNT = "SELECT sheet, outcome, count(*), 0 FROM incoming_customers GROUP BY sheet, outcome"


def merge_customers(connection: Connection, import_id: int, newer: Sequence[int]) -> list[MergedRows]:
    """Brings customers to what staged_customers says, then applies the loans that waited for any of them.

    `newer` are the imports of newer versions of the same file, whose customers are left alone.
    """
    connection.exec_driver_sql("ANALYZE staged_customers (import_id, customer_id)")
    refuse_customers(connection, import_id)
    run(connection, _DECIDE, import_id)
    run(connection, _REPORT_SUPERSEDED, import_id)
    if newer:
        run(connection, _YIELD, import_id, newer)
    for statement in (_AUDIT, _UPDATE, _MOVE_SEQUENCE, _INSERT, _NOTE_ROWS):
        run(connection, statement, import_id)
    apply_waiting_loans(connection, author_of(connection, import_id))
    return [MergedRows(*row) for row in connection.execute(text(_COUNT))]
