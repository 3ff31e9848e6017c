"""From the staging table into customers, in SQL, the whole set at a time.

Runs in a transaction that holds the lock of merging (locking.py).
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from chalicelib.imports.jobs import author_of
from chalicelib.imports.kinds.customers import CUSTOMERS
from chalicelib.imports.merging.refusals import refuse_customers
from chalicelib.imports.merging.statements import (
    MergedRows,
    analyze,
    audit_changes,
    count,
    differ,
    keep_stored,
    listed,
    move_sequence,
    note_rows,
    outcomes,
    report_superseded,
    run,
    update,
    yield_to_newer,
)
from chalicelib.storage.waiting_loans import apply_waiting_loans

# Says what is to become of each row. Of rows about the same customer the last counts.
_DECIDE = f"""
    CREATE TEMP TABLE incoming_customers ON COMMIT DROP AS
    SELECT staged.*,
           stored.customer_id IS NULL AS is_new,
           CASE WHEN staged.position < staged.last_position THEN 'superseded'
                WHEN stored.customer_id IS NULL THEN 'inserted'
                WHEN {differ(CUSTOMERS.values, "staged", "stored")} THEN 'updated'
                ELSE 'unchanged' END AS outcome
    FROM (SELECT *, max(position) OVER (PARTITION BY customer_id) AS last_position
          FROM staged_customers
          WHERE import_id = :import_id) AS staged
    LEFT JOIN customers AS stored USING (customer_id)
"""

# Adds the customers that are not here, under the numbers of the file.
_INSERT = f"""
    INSERT INTO customers ({listed(CUSTOMERS.names)}, from_workbook)
    SELECT {listed(CUSTOMERS.names)}, true
    FROM incoming_customers
    WHERE outcome = 'inserted'
    ORDER BY customer_id
"""


def merge_customers(connection: Connection, import_id: int, newer: Sequence[int], _today: date) -> list[MergedRows]:
    """Brings customers to what staged_customers says, then applies the loans that waited for any of them.

    `newer` are the imports of newer versions of the same file, whose customers are left alone.
    """
    run(connection, analyze(CUSTOMERS), import_id)
    if CUSTOMERS.kept:
        run(connection, keep_stored(CUSTOMERS), import_id)
    refuse_customers(connection, import_id)
    run(connection, _DECIDE, import_id)
    found = outcomes(connection, CUSTOMERS)
    if "superseded" in found:
        run(connection, report_superseded(CUSTOMERS, "'The same customer'"), import_id)
    if newer:
        run(connection, yield_to_newer(CUSTOMERS), import_id, newer)
    if "updated" in found:
        for statement in (audit_changes(CUSTOMERS), update(CUSTOMERS)):
            run(connection, statement, import_id)
    for statement in (move_sequence(CUSTOMERS, "outcome = 'inserted'"), _INSERT, note_rows(CUSTOMERS)):
        run(connection, statement, import_id)
    apply_waiting_loans(connection, author_of(connection, import_id))
    return count(connection, CUSTOMERS)
