"""From the staging table into loans and waiting_loans, in SQL, the whole set at a time.

Runs in the transaction that filled the staging table and holds the import lock (storage/imports.py), so no other
import is between two of these statements. The API is: a loan made there at the same moment may take a number
that a row of the file wants, which ON CONFLICT notices.
"""

from sqlalchemy import Connection, text

from chalicelib.storage.merging import MergedRows, run

# Keeps the last row of each loan in the file, and says what is to become of it. A loan is known by its customer
# and its number in the file. `first_position` is where the loan stood first, which decides who keeps a number.
_DECIDE = """
    CREATE TEMP TABLE incoming_loans ON COMMIT DROP AS
    SELECT latest.*,
           COALESCE(stored.loan_id, waiting.loan_id) AS loan_id,
           stored.loan_id IS NULL AND waiting.loan_id IS NULL AS is_new,
           CASE WHEN stored.loan_id IS NULL AND customers.customer_id IS NULL THEN 'waiting'
                WHEN stored.loan_id IS NULL THEN 'inserted'
                WHEN (latest.loan_amount, latest.tenure, latest.interest_rate, latest.monthly_installment,
                      latest.emis_paid_on_time, latest.start_date, latest.end_date)
                     IS DISTINCT FROM
                     (stored.loan_amount, stored.tenure, stored.interest_rate, stored.monthly_installment,
                      stored.emis_paid_on_time, stored.start_date, stored.end_date) THEN 'updated'
                ELSE 'unchanged' END AS outcome
    FROM (SELECT DISTINCT ON (customer_id, source_loan_id) *,
                 min(position) OVER (PARTITION BY customer_id, source_loan_id) AS first_position
          FROM staged_loans
          ORDER BY customer_id, source_loan_id, position DESC) AS latest
    LEFT JOIN loans AS stored USING (customer_id, source_loan_id)
    LEFT JOIN waiting_loans AS waiting USING (customer_id, source_loan_id)
    LEFT JOIN customers USING (customer_id)
"""

# Gives each new loan its number: the file's, to the first that claims it while it is free; to all others the
# next ones above every number in use or in the file. Counted rather than drawn from the sequence, so that an
# import that is done again after a crash gives the same numbers.
_NUMBER = """
    WITH claims AS (
        SELECT position, first_position, source_loan_id,
               row_number() OVER (PARTITION BY source_loan_id ORDER BY first_position) = 1
               AND NOT EXISTS (SELECT FROM loans WHERE loans.loan_id = source_loan_id)
               AND NOT EXISTS (SELECT FROM waiting_loans WHERE waiting_loans.loan_id = source_loan_id) AS keeps
        FROM incoming_loans
        WHERE is_new
    ), highest AS (
        SELECT GREATEST((SELECT max(loan_id) FROM loans),
                        (SELECT max(loan_id) FROM waiting_loans),
                        (SELECT max(source_loan_id) FROM staged_loans)) AS loan_id
    ), numbered AS (
        SELECT position,
               CASE WHEN keeps THEN source_loan_id
                    ELSE highest.loan_id + row_number() OVER (PARTITION BY keeps ORDER BY first_position)
               END AS loan_id
        FROM claims CROSS JOIN highest
    )
    UPDATE incoming_loans AS incoming
    SET loan_id = numbered.loan_id
    FROM numbered
    WHERE numbered.position = incoming.position
"""

# Moves the sequence above the highest number given here; never back. Before the loans are added, so that the API
# draws none of these numbers from now on.
_MOVE_SEQUENCE = """
    SELECT setval('loans_loan_id_seq', highest.loan_id)
    FROM (SELECT max(loan_id) AS loan_id FROM incoming_loans) AS highest, loans_loan_id_seq AS sequence
    WHERE highest.loan_id >= sequence.last_value + CAST(sequence.is_called AS integer)
"""

# Adds the new loans of customers who are here, except where the API took the number a moment ago.
_INSERT = """
    INSERT INTO loans (loan_id, customer_id, source_loan_id, loan_amount, tenure, interest_rate,
                       monthly_installment, emis_paid_on_time, start_date, end_date)
    SELECT loan_id, customer_id, source_loan_id, loan_amount, tenure, interest_rate,
           monthly_installment, emis_paid_on_time, start_date, end_date
    FROM incoming_loans
    WHERE outcome = 'inserted'
    ORDER BY loan_id
    ON CONFLICT (loan_id) DO NOTHING
"""

# Gives the loans whose number was taken a moment ago the next of the sequence, which nobody else can get.
_RENUMBER_LEFTOVERS = """
    UPDATE incoming_loans AS incoming
    SET loan_id = nextval('loans_loan_id_seq')
    WHERE outcome = 'inserted'
      AND NOT EXISTS (SELECT FROM loans
                      WHERE loans.customer_id = incoming.customer_id
                        AND loans.source_loan_id = incoming.source_loan_id)
"""

# Brings the loans that differ to what the file says; their numbers stay.
_UPDATE = """
    UPDATE loans
    SET loan_amount = incoming.loan_amount, tenure = incoming.tenure, interest_rate = incoming.interest_rate,
        monthly_installment = incoming.monthly_installment, emis_paid_on_time = incoming.emis_paid_on_time,
        start_date = incoming.start_date, end_date = incoming.end_date, updated_at = now()
    FROM incoming_loans AS incoming
    WHERE incoming.loan_id = loans.loan_id AND incoming.outcome = 'updated'
"""

# Lets the loans of customers who are not here wait, under the number they will have; one that waits already
# takes over what the file says.
_KEEP_WAITING = """
    INSERT INTO waiting_loans (loan_id, customer_id, source_loan_id, loan_amount, tenure, interest_rate,
                               monthly_installment, emis_paid_on_time, start_date, end_date, import_id)
    SELECT loan_id, customer_id, source_loan_id, loan_amount, tenure, interest_rate,
           monthly_installment, emis_paid_on_time, start_date, end_date, :import_id
    FROM incoming_loans
    WHERE outcome = 'waiting'
    ORDER BY loan_id
    ON CONFLICT (customer_id, source_loan_id) DO UPDATE
    SET loan_amount = excluded.loan_amount, tenure = excluded.tenure, interest_rate = excluded.interest_rate,
        monthly_installment = excluded.monthly_installment, emis_paid_on_time = excluded.emis_paid_on_time,
        start_date = excluded.start_date, end_date = excluded.end_date, import_id = excluded.import_id
"""

# Reports the rows that a later row of the same file replaces.
_REPORT_SUPERSEDED = """
    INSERT INTO import_findings (import_id, sheet, row_number, outcome, column_name, value, code, message)
    SELECT :import_id, staged.sheet, staged.row_number, 'superseded', 'Loan ID',
           CAST(staged.source_loan_id AS text), 'superseded',
           format('The same loan of customer %s comes again in row %s of the sheet %s, which was used instead.',
                  staged.customer_id, latest.row_number, latest.sheet)
    FROM staged_loans AS staged JOIN incoming_loans AS latest USING (customer_id, source_loan_id)
    WHERE staged.position < latest.position
    ORDER BY staged.position
"""

# Reports the loans that wait for their customer.
_REPORT_WAITING = """
    INSERT INTO import_findings (import_id, sheet, row_number, outcome, column_name, value, code, message)
    SELECT :import_id, sheet, row_number, 'waiting', 'Customer ID', CAST(customer_id AS text), 'customer_unknown',
           format('There is no customer %s yet; this loan waits and is applied when the customer arrives.',
                  customer_id)
    FROM incoming_loans
    WHERE outcome = 'waiting'
    ORDER BY position
"""

# Reports the new loans that could not keep the number of the file.
_REPORT_RENUMBERED = """
    INSERT INTO import_findings (import_id, sheet, row_number, outcome, column_name, value, code, message)
    SELECT :import_id, sheet, row_number, 'renumbered', 'Loan ID', CAST(source_loan_id AS text), 'loan_id_taken',
           format('Loan ID %s already belongs to another loan; this loan was saved as %s and remembers its number.',
                  source_loan_id, loan_id)
    FROM incoming_loans
    WHERE is_new AND loan_id <> source_loan_id
    ORDER BY position
"""

# Counts what became of the staged rows, by sheet.
_COUNT = """
    SELECT staged.sheet, COALESCE(incoming.outcome, 'superseded'), count(*),
           count(*) FILTER (WHERE incoming.is_new AND incoming.loan_id <> incoming.source_loan_id)
    FROM staged_loans AS staged LEFT JOIN incoming_loans AS incoming USING (position)
    GROUP BY 1, 2
"""


def merge_loans(connection: Connection, import_id: int) -> list[MergedRows]:
    """Brings loans to what staged_loans says; those of unknown customers are kept in waiting_loans."""
    connection.exec_driver_sql("ANALYZE staged_loans")
    for statement in (_DECIDE, _NUMBER, _MOVE_SEQUENCE, _INSERT):
        run(connection, statement, import_id)
    if run(connection, _RENUMBER_LEFTOVERS, import_id):
        run(connection, _INSERT, import_id)
    for statement in (_UPDATE, _KEEP_WAITING, _REPORT_SUPERSEDED, _REPORT_WAITING, _REPORT_RENUMBERED):
        run(connection, statement, import_id)
    return [MergedRows(*row) for row in connection.execute(text(_COUNT))]
