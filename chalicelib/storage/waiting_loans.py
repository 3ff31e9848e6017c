"""The queries on loans of workbooks whose customer is not here yet."""

from sqlalchemy import Connection, text

from chalicelib.rules.access import Author
from chalicelib.storage import audit
from chalicelib.storage.tables import loans, waiting_loans

# What a waiting loan is kept with besides its number, and has when it is applied.
_KEPT = ", ".join(name for name in waiting_loans.c.keys() if name in loans.c and name != "loan_id")  # noqa: SIM118 - no mapping

# Waiting loans that `arrived` go into loans, under the number that was kept for them, unless a loan made at the very
# moment it was kept has it. Tells the audit log which, customer by customer.
APPLIED = f"""
    applied AS (
        INSERT INTO loans (loan_id, {_KEPT}, created_by)
        SELECT CASE WHEN EXISTS (SELECT FROM loans WHERE loans.loan_id = arrived.loan_id)
                    THEN nextval('loans_loan_id_seq') ELSE loan_id END,
               {_KEPT}, 'import:' || import_id
        FROM arrived
        RETURNING customer_id, loan_id
    ), told AS (
        INSERT INTO audit_log (actor_kind, actor_id, actor_name, request_id, action, subject_kind, subject_id, after)
        SELECT CAST(:actor_kind AS text), CAST(:actor_id AS bigint), CAST(:actor_name AS text),
               CAST(:request_id AS text), 'waiting_loans_applied', 'customer', CAST(customer_id AS text),
               jsonb_build_object('loan_ids', jsonb_agg(loan_id ORDER BY loan_id))
        FROM applied
        GROUP BY customer_id
    )
"""  # noqa: S608 - names of ours

# Those whose customer is here. A file that spares who was registered here does so too by the loans it left waiting.
_APPLY = text(f"""
    WITH arrived AS (
        DELETE FROM waiting_loans AS waiting
        USING customers, imports
        WHERE customers.customer_id = waiting.customer_id AND imports.import_id = waiting.import_id
          AND (customers.from_workbook OR NOT imports.spares_registered)
        RETURNING waiting.*
    ), {APPLIED}
    SELECT count(*) FROM applied
""")  # noqa: S608 - names of ours


def apply_waiting_loans(connection: Connection, author: Author) -> int:
    """Applies the loans that waited for customers who are now here; returns how many.

    The author is who brought the customers, or found the loans left behind. Whoever is registered here brings his own
    (storage/customers.py).
    """
    return int(connection.execute(_APPLY, audit.author_values(author)).scalar_one())
