"""The queries on loans of workbooks whose customer is not here yet."""

from sqlalchemy import Connection, text

from chalicelib.rules.access import Author
from chalicelib.storage import audit
from chalicelib.storage.tables import loans, waiting_loans

# What a waiting loan is kept with besides its number, and has when it is applied.
_KEPT = ", ".join(name for name in waiting_loans.c.keys() if name in loans.c and name != "loan_id")  # noqa: SIM118 - no mapping

# Moves waiting loans whose customer is here into loans, under the number that was kept for them, unless a loan
# made at the very moment it was kept has it. Tells the audit log which, customer by customer. A file that spares who
# was registered here does so too by the loans it left waiting before.
_APPLY = f"""
    WITH arrived AS (
        DELETE FROM waiting_loans AS waiting
        USING customers, imports
        WHERE customers.customer_id = waiting.customer_id AND imports.import_id = waiting.import_id
          AND (customers.from_workbook OR NOT imports.spares_registered) {{of_one_customer}}
        RETURNING waiting.*
    ), applied AS (
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
    SELECT count(*) FROM applied
"""  # noqa: S608 - names of ours
_APPLY_ALL = text(_APPLY.format(of_one_customer=""))
_APPLY_OF_ONE = text(_APPLY.format(of_one_customer="AND waiting.customer_id = :customer_id"))


def apply_waiting_loans(connection: Connection, author: Author, customer_id: int | None = None) -> int:
    """Applies the loans that waited for a customer who is now here, or for this one; returns how many.

    The author is who brought the customer, or found the loans left behind.
    """
    values = audit.author_values(author)
    if customer_id is None:
        return int(connection.execute(_APPLY_ALL, values).scalar_one())
    return int(connection.execute(_APPLY_OF_ONE, values | {"customer_id": customer_id}).scalar_one())
