"""Staged rows that what is stored refuses: they become findings before anything is merged.

Runs in a transaction that holds the lock of merging (locking.py). A row that is taken out here says nothing any more:
it does not replace an earlier row, and findings.note_rejected counts it.
"""

from datetime import date

from sqlalchemy import Connection

from chalicelib.imports.kinds.columns import Column, Kind
from chalicelib.imports.kinds.customers import CUSTOMER_ID, CUSTOMERS
from chalicelib.imports.kinds.loans import DECIDED, LOANS, UNDECIDED
from chalicelib.imports.merging.statements import FINDING, age_on, run
from chalicelib.rules.bounds import AGE
from chalicelib.rules.text import joined

# A number of a file moves the sequence of our own above it. What is left above this is ours alone, so that a workbook
# can name every customer and loan (ids of more than 15 digits lose their last ones in Excel).
HIGHEST_NUMBER = 899_999_999_999_999
# In an empty database a file may begin anywhere up to here; later only so far above the highest that is here.
HIGHEST_FIRST_NUMBER = 999_999_999_999
ROOM = 10_000_000

# How far a file may go: a tenth above the highest number known, and at least ROOM. One that an admin released may go as
# far as any file.
_REACH = f"""
    CASE WHEN (SELECT is_released FROM imports WHERE import_id = :import_id) THEN {HIGHEST_NUMBER}
         WHEN highest.number IS NULL THEN {HIGHEST_FIRST_NUMBER}
         ELSE least({HIGHEST_NUMBER}, highest.number + greatest({ROOM}, highest.number / 10)) END
"""


def _out_of_reach(kind: Kind, *, highest: str, known: str) -> str:
    """Takes out rows whose number is far above the `highest` that is here, unless what they are about is `known`."""
    number, title = kind.identifier.name, kind.identifier.title
    return f"""
        WITH highest AS ({highest}), beyond AS (
            DELETE FROM {kind.staging} AS staged
            USING highest
            WHERE staged.import_id = :import_id AND staged.{number} > {_REACH}
              AND NOT EXISTS ({known})
            RETURNING staged.sheet, staged.row_number, staged.position, staged.{number} AS number,
                      {_REACH} AS reach, highest.number AS highest
        )
        INSERT INTO import_findings ({FINDING})
        SELECT :import_id, sheet, row_number, 'rejected', '{title}', CAST(number AS text), 'number_out_of_reach',
               format('{title} %s is far above the highest that is here, which is %s; up to %s is taken. Correct '
                      'the number, or ask an admin to release this import.',
                      number, coalesce(CAST(highest AS text), 'none'), reach)
        FROM beyond
        ORDER BY position
    """


_CUSTOMERS_OUT_OF_REACH = _out_of_reach(
    CUSTOMERS,
    highest=f"SELECT max(customer_id) AS number FROM customers WHERE customer_id <= {HIGHEST_NUMBER}",
    known="SELECT FROM customers WHERE customers.customer_id = staged.customer_id",
)

_LOANS_OUT_OF_REACH = _out_of_reach(
    LOANS,
    highest=f"""
        SELECT greatest((SELECT max(loan_id) FROM loans WHERE loan_id <= {HIGHEST_NUMBER}),
                        (SELECT max(loan_id) FROM waiting_loans WHERE loan_id <= {HIGHEST_NUMBER})) AS number
    """,
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

# Receipts move the end of a loan that is serviced, which was decided as the due date of the last instalment.
_ENDED = """CASE WHEN serviced.loan_id IS NULL OR staged.end_date IS NOT DISTINCT FROM own.end_date THEN own.end_date
                 ELSE CAST(own.start_date + make_interval(months => own.tenure) AS date) END"""
_TOLD = ",\n            ".join(
    f"({number}, '{each.title}', CAST(staged.{each.name} AS text), "
    f"CAST({_ENDED if each.name == 'end_date' else f'own.{each.name}'} AS text))"
    for number, each in enumerate(DECIDED, start=1)
)

# A loan that was made here was decided on: a file may say what was paid of it, and nothing else.
_DIFFERS_FROM_DECISION = f"""
    WITH differing AS (
        SELECT staged.position, staged.sheet, staged.row_number, own.loan_id, told.*
        FROM staged_loans AS staged
        JOIN loans AS own ON own.loan_id = staged.source_loan_id AND own.customer_id = staged.customer_id
                         AND own.source_loan_id IS NULL
        LEFT JOIN loan_positions AS serviced ON serviced.loan_id = own.loan_id AND serviced.status <> 'not_serviced'
        CROSS JOIN LATERAL (VALUES
            {_TOLD}
        ) AS told (number, title, given, decided)
        WHERE staged.import_id = :import_id AND told.given IS DISTINCT FROM told.decided
    ), removed AS (
        DELETE FROM staged_loans AS staged
        WHERE staged.import_id = :import_id AND staged.position IN (SELECT position FROM differing)
    )
    INSERT INTO import_findings ({FINDING})
    SELECT :import_id, sheet, row_number, 'rejected', title, given, 'differs_from_decision',
           format('%s of loan %s was decided here as %s, and the file says %s; of a loan made here a file may change '
                  '{joined((column.title for column in UNDECIDED), "and")} only.',
                  title, loan_id, coalesce(decided, 'nothing'), coalesce(given, 'nothing'))
    FROM differing
    ORDER BY position, number
"""


def _not_yours(kind: Kind, number: Column, *, stored: str, is_same: str, sentence: str) -> str:
    """Takes out rows about what whoever asked for the import may not change by hand: what is `stored` and `is_same`.

    Rows that differ in nothing are refused as well, or a file could ask what is stored.
    """
    return f"""
        WITH refused AS (
            DELETE FROM {kind.staging} AS staged
            USING {stored} AS stored
            WHERE staged.import_id = :import_id AND {is_same}
              AND (SELECT spares_registered FROM imports WHERE import_id = :import_id)
            RETURNING staged.sheet, staged.row_number, staged.position, staged.{number.name} AS number
        )
        INSERT INTO import_findings ({FINDING})
        SELECT :import_id, sheet, row_number, 'rejected', '{number.title}', CAST(number AS text), 'not_yours',
               format('{sentence} Leave the row out, or ask an admin to release this import.', number)
        FROM refused
        ORDER BY position
    """


def _of_one_registered_here(kind: Kind) -> str:
    return _not_yours(
        kind,
        CUSTOMER_ID,
        stored="customers",
        is_same="stored.customer_id = staged.customer_id AND NOT stored.from_workbook",
        sentence="Customer %s was registered here, and whoever asked for this import may not change such customers.",
    )


_CUSTOMERS_NOT_YOURS = _of_one_registered_here(CUSTOMERS)
_LOANS_NOT_YOURS = _of_one_registered_here(LOANS)

_LOANS_MADE_HERE = _not_yours(
    LOANS,
    LOANS.identifier,
    stored="loans",
    is_same="stored.loan_id = staged.source_loan_id AND stored.customer_id = staged.customer_id "
    "AND stored.source_loan_id IS NULL",
    sentence="Loan %s was made here, and whoever asked for this import may not change such loans.",
)


_YEARS = age_on("date_of_birth")


def _wrong_birth(code: str, wrong: str, told: str) -> str:
    """Takes out rows whose date of birth is `wrong`; `told` is the sentence, in SQL."""
    return f"""
        WITH refused AS (
            DELETE FROM staged_customers
            WHERE import_id = :import_id AND date_of_birth IS NOT NULL AND {wrong}
            RETURNING *, {_YEARS} AS years
        )
        INSERT INTO import_findings ({FINDING})
        SELECT :import_id, sheet, row_number, 'rejected', 'Date of Birth', CAST(date_of_birth AS text), '{code}', {told}
        FROM refused
        ORDER BY position
    """


_BIRTH_OUT_OF_RANGE = _wrong_birth(
    "out_of_range",
    f"{_YEARS} NOT BETWEEN {AGE.least} AND {AGE.most}",
    f"format('Date of Birth must make the customer {AGE} years old today. Invalid value: %s.', date_of_birth)",
)
# The file was true on the day it was written: a birthday ago, the age was a year less.
_BIRTH_AGAINST_AGE = _wrong_birth(
    "age_differs",
    f"age NOT BETWEEN {_YEARS} - 1 AND {_YEARS}",
    """format('Date of Birth %s makes the customer %s years old, and Age says %s. Correct the one that is wrong, or '
              'leave Age empty.', date_of_birth, years, age)""",
)


def refuse_customers(connection: Connection, import_id: int, today: date) -> None:
    """Takes out the customers whom the file must not change, those whose number is far above all that are here, and
    those whose date of birth cannot be.
    """
    run(connection, _BIRTH_OUT_OF_RANGE, import_id, today=today)
    run(connection, _BIRTH_AGAINST_AGE, import_id, today=today)
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
