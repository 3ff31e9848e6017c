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
    FINDING,
    MergedRows,
    age_on,
    analyze,
    audit_changes,
    count,
    listed,
    move_sequence,
    note_rows,
    or_stored,
    outcomes,
    report_superseded,
    run,
    update,
    yield_to_newer,
)
from chalicelib.imports.staging import PLACE
from chalicelib.storage.waiting_loans import apply_waiting_loans

# What is to be stored of each: with a date of birth, no age.
_SAID = {name: or_stored(CUSTOMERS, name) for name in CUSTOMERS.values}
_SAID["age"] = f"CASE WHEN {_SAID['date_of_birth']} IS NULL THEN staged.age END"

# Says what is to become of each row. Of rows about the same customer the last counts.
_DECIDE = f"""
    CREATE TEMP TABLE incoming_customers ON COMMIT DROP AS
    SELECT staged.import_id, {listed((*PLACE, *CUSTOMERS.key, "last_position"), "staged")},
           {", ".join(f"{said} AS {name}" for name, said in _SAID.items())},
           staged.age AS stated_age,
           stored.customer_id IS NULL AS is_new,
           CASE WHEN staged.position < staged.last_position THEN 'superseded'
                WHEN stored.customer_id IS NULL THEN 'inserted'
                WHEN ({", ".join(_SAID.values())}) IS DISTINCT FROM ({listed(_SAID, "stored")}) THEN 'updated'
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


# By the date of birth that a row leaves as it is. The file was true on the day it was written: a birthday ago, the age
# was a year less.
_REPORT_OTHER_AGES = f"""
    INSERT INTO import_findings ({FINDING})
    SELECT :import_id, sheet, row_number, 'flagged', 'Age', CAST(stated_age AS text), 'age_differs',
           format('Age %s does not fit the date of birth that is stored, %s, by which it is %s. The date of birth was '
                  'kept.', stated_age, date_of_birth, known)
    FROM (SELECT *, {age_on("date_of_birth")} AS known FROM incoming_customers
          WHERE date_of_birth IS NOT NULL AND outcome <> 'superseded') AS incoming
    WHERE stated_age NOT BETWEEN known - 1 AND known
    ORDER BY position
"""


def merge_customers(connection: Connection, import_id: int, newer: Sequence[int], today: date) -> list[MergedRows]:
    """Brings customers to what staged_customers says, then applies the loans that waited for any of them.

    `newer` are the imports of newer versions of the same file, whose customers are left alone.
    """
    run(connection, analyze(CUSTOMERS), import_id)
    refuse_customers(connection, import_id, today)
    run(connection, _DECIDE, import_id)
    found = outcomes(connection, CUSTOMERS)
    if "superseded" in found:
        run(connection, report_superseded(CUSTOMERS, "'The same customer'"), import_id)
    run(connection, _REPORT_OTHER_AGES, import_id, today=today)
    if newer:
        run(connection, yield_to_newer(CUSTOMERS), import_id, newer)
    if "updated" in found:
        for statement in (audit_changes(CUSTOMERS), update(CUSTOMERS)):
            run(connection, statement, import_id)
    for statement in (move_sequence(CUSTOMERS, "outcome = 'inserted'"), _INSERT, note_rows(CUSTOMERS)):
        run(connection, statement, import_id)
    apply_waiting_loans(connection, author_of(connection, import_id))
    return count(connection, CUSTOMERS)
