"""Staged rows that what is stored refuses: they become findings before anything is merged.

Runs in a transaction that holds the import lock (imports/records.py). A row that is taken out here says nothing any
more: it does not replace an earlier row, and imports.note_rejected counts it.
"""

from sqlalchemy import Connection

from chalicelib.imports.merging.statements import run

# A number of a file moves the sequence of our own above it. What is left above this is ours alone, so that a workbook
# can name every customer and loan (ids of more than 15 digits lose their last ones in Excel).
HIGHEST_NUMBER = 899_999_999_999_999
# In an empty database a file may begin anywhere up to here; later only so far above the highest that is here.
HIGHEST_FIRST_NUMBER = 999_999_999_999
ROOM = 10_000_000

# How far a file may go: a tenth above the highest number known, and at least ROOM.
_REACH = f"""
    CASE WHEN highest.number IS NULL THEN {HIGHEST_FIRST_NUMBER}
         ELSE least({HIGHEST_NUMBER}, highest.number + greatest({ROOM}, highest.number / 10)) END
"""

_OUT_OF_REACH = """
    WITH highest AS ({highest}), beyond AS (
        DELETE FROM staged_{kind} AS staged
        USING highest
        WHERE staged.import_id = :import_id AND staged.{number} > {reach}
          AND NOT EXISTS ({known})
        RETURNING staged.sheet, staged.row_number, staged.position, staged.{number} AS number,
                  {reach} AS reach, highest.number AS highest
    )
    INSERT INTO import_findings (import_id, sheet, row_number, outcome, column_name, value, code, message)
    SELECT :import_id, sheet, row_number, 'rejected', '{title}', CAST(number AS text), 'number_out_of_reach',
           format('{title} %s is far above the highest that is here, which is %s; up to %s is taken. Correct '
                  'the number, or bring the numbers between first.',
                  number, coalesce(CAST(highest AS text), 'none'), reach)
    FROM beyond
    ORDER BY position
"""

_CUSTOMERS_OUT_OF_REACH = _OUT_OF_REACH.format(
    kind="customers",
    number="customer_id",
    title="Customer ID",
    reach=_REACH,
    highest=f"SELECT max(customer_id) AS number FROM customers WHERE customer_id <= {HIGHEST_NUMBER}",  # noqa: S608 - a number of ours
    known="SELECT FROM customers WHERE customers.customer_id = staged.customer_id",
)

_LOANS_OUT_OF_REACH = _OUT_OF_REACH.format(
    kind="loans",
    number="source_loan_id",
    title="Loan ID",
    reach=_REACH,
    highest=f"""
        SELECT greatest((SELECT max(loan_id) FROM loans WHERE loan_id <= {HIGHEST_NUMBER}),
                        (SELECT max(loan_id) FROM waiting_loans WHERE loan_id <= {HIGHEST_NUMBER})) AS number
    """,  # noqa: S608 - numbers of ours
    known="""
        SELECT 1 FROM loans
        WHERE loans.customer_id = staged.customer_id
          AND (loans.source_loan_id = staged.source_loan_id
               OR loans.source_loan_id IS NULL AND loans.loan_id = staged.source_loan_id)
        UNION ALL
        SELECT 1 FROM waiting_loans AS waiting
        WHERE waiting.customer_id = staged.customer_id AND waiting.source_loan_id = staged.source_loan_id
    """,
)

# A loan that was made here was decided on: a file may say what was paid of it, and nothing else.
_DIFFERS_FROM_DECISION = """
    WITH differing AS (
        SELECT staged.position, staged.sheet, staged.row_number, own.loan_id, told.*
        FROM staged_loans AS staged
        JOIN loans AS own ON own.loan_id = staged.source_loan_id AND own.customer_id = staged.customer_id
                         AND own.source_loan_id IS NULL
        CROSS JOIN LATERAL (VALUES
            (1, 'Loan Amount', CAST(staged.loan_amount AS text), CAST(own.loan_amount AS text)),
            (2, 'Tenure', CAST(staged.tenure AS text), CAST(own.tenure AS text)),
            (3, 'Interest Rate', CAST(staged.interest_rate AS text), CAST(own.interest_rate AS text)),
            (4, 'Monthly payment', CAST(staged.monthly_installment AS text), CAST(own.monthly_installment AS text)),
            (5, 'Date of Approval', CAST(staged.start_date AS text), CAST(own.start_date AS text)),
            (6, 'End Date', CAST(staged.end_date AS text), CAST(own.end_date AS text))
        ) AS told (number, title, given, decided)
        WHERE staged.import_id = :import_id AND told.given IS DISTINCT FROM told.decided
    ), removed AS (
        DELETE FROM staged_loans AS staged
        WHERE staged.import_id = :import_id AND staged.position IN (SELECT position FROM differing)
    )
    INSERT INTO import_findings (import_id, sheet, row_number, outcome, column_name, value, code, message)
    SELECT :import_id, sheet, row_number, 'rejected', title, given, 'differs_from_decision',
           format('%s of loan %s was decided here as %s, and the file says %s; of a loan made here a file may change '
                  'EMIs paid on Time only.',
                  title, loan_id, coalesce(decided, 'nothing'), coalesce(given, 'nothing'))
    FROM differing
    ORDER BY position, number
"""

# Whoever asked for the import may not change by hand what it would change. Rows that differ in nothing are refused as
# well, or a file could ask what is stored.
_NOT_YOURS = """
    WITH refused AS (
        DELETE FROM staged_{kind} AS staged
        USING {stored}
        WHERE staged.import_id = :import_id AND {is_same}
          AND (SELECT spares_registered FROM imports WHERE import_id = :import_id)
        RETURNING staged.sheet, staged.row_number, staged.position, staged.{number} AS number
    )
    INSERT INTO import_findings (import_id, sheet, row_number, outcome, column_name, value, code, message)
    SELECT :import_id, sheet, row_number, 'rejected', '{title}', CAST(number AS text), 'not_yours',
           format('{sentence} Leave the row out, or ask an admin to release this import.', number)
    FROM refused
    ORDER BY position
"""

_OF_ONE_REGISTERED_HERE = {
    "number": "customer_id",
    "title": "Customer ID",
    "sentence": "Customer %s was registered here, and whoever asked for this import may not change such customers.",
    "stored": "customers AS stored",
    "is_same": "stored.customer_id = staged.customer_id AND NOT stored.from_workbook",
}
_CUSTOMERS_NOT_YOURS = _NOT_YOURS.format(kind="customers", **_OF_ONE_REGISTERED_HERE)
_LOANS_NOT_YOURS = _NOT_YOURS.format(kind="loans", **_OF_ONE_REGISTERED_HERE)

_LOANS_MADE_HERE = _NOT_YOURS.format(
    kind="loans",
    number="source_loan_id",
    title="Loan ID",
    sentence="Loan %s was made here, and whoever asked for this import may not change such loans.",
    stored="loans AS stored",
    is_same="stored.loan_id = staged.source_loan_id AND stored.customer_id = staged.customer_id "
    "AND stored.source_loan_id IS NULL",
)


def refuse_customers(connection: Connection, import_id: int) -> None:
    """Takes out the customers whom the file must not change, and those whose number is far above all that are here."""
    run(connection, _CUSTOMERS_NOT_YOURS, import_id)
    run(connection, _CUSTOMERS_OUT_OF_REACH, import_id)


def refuse_loans(connection: Connection, import_id: int) -> None:
    """Takes out the loans that the file must not change, those whose number is far above all that are here, and those
    that contradict a decision.
    """
    run(connection, _LOANS_NOT_YOURS, import_id)
    run(connection, _LOANS_MADE_HERE, import_id)
    run(connection, _LOANS_OUT_OF_REACH, import_id)
    run(connection, _DIFFERS_FROM_DECISION, import_id)
