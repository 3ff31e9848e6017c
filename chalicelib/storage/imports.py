"""The queries on imports and on the rows that wait."""

from sqlalchemy import Connection, text

# Moves waiting loans whose customer is here into loans, under the number that was kept for them.
_APPLY_WAITING = text("""
    WITH arrived AS (
        DELETE FROM waiting_loans AS waiting
        USING customers
        WHERE customers.customer_id = waiting.customer_id
          AND (CAST(:customer_id AS bigint) IS NULL OR waiting.customer_id = :customer_id)
        RETURNING waiting.*
    )
    INSERT INTO loans (loan_id, customer_id, source_loan_id, loan_amount, tenure, interest_rate,
                       monthly_installment, emis_paid_on_time, start_date, end_date)
    SELECT loan_id, customer_id, source_loan_id, loan_amount, tenure, interest_rate,
           monthly_installment, emis_paid_on_time, start_date, end_date
    FROM arrived
""")


def apply_waiting_loans(connection: Connection, customer_id: int | None = None) -> int:
    """Applies the loans that waited for a customer who is now here, or for this one; returns how many."""
    return connection.execute(_APPLY_WAITING, {"customer_id": customer_id}).rowcount
