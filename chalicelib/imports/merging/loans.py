"""From the staging table into loans and waiting_loans, in SQL, the whole set at a time.

Runs in a transaction that holds the lock of merging (locking.py), so no other import is between two of these
statements. The API is: a loan made there at the same moment may take a number that a row of the file wants, which
ON CONFLICT notices.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, text

from chalicelib.imports.jobs import author_of
from chalicelib.imports.kinds.loans import LOANS, UNDECIDED
from chalicelib.imports.merging.refusals import HIGHEST_NUMBER, refuse_loans
from chalicelib.imports.merging.statements import (
    FINDING,
    MergedRows,
    analyze,
    assigned,
    audit_changes,
    count,
    differ,
    listed,
    move_sequence,
    note_rows,
    outcomes,
    report_superseded,
    run,
    same,
    update,
    yield_to_newer,
)
from chalicelib.storage.waiting_loans import apply_waiting_loans

# New loans that could not keep the number of the file.
_IS_RENUMBERED = "is_new AND outcome <> 'superseded' AND loan_id <> source_loan_id"

_UNDECIDED = [column.name for column in UNDECIDED]

_TOLD = ", ".join(
    f"({number}, '{LOANS.column(name).title}', CAST(incoming.{name} AS text), CAST(stored.{name} AS text))"
    for number, name in enumerate(LOANS.values)
)

# Loans that a file which spares those registered here left waiting, and whose customer registered meanwhile, now come
# with a file that does not spare them: it answers for them from now on.
_TAKE_OVER = f"""
    UPDATE waiting_loans AS waiting
    SET import_id = :import_id
    FROM staged_loans AS staged, customers
    WHERE staged.import_id = :import_id
      AND {same(LOANS.key, "waiting", "staged")}
      AND customers.customer_id = waiting.customer_id
"""

# Says what is to become of each row. A loan is known by its customer and its number in the file, one that was made here
# by its own; of rows about the same loan the last counts. `first_position` is where the loan stood first, which decides
# who keeps a number.
_DECIDE = f"""
    CREATE TEMP TABLE incoming_loans ON COMMIT DROP AS
    SELECT staged.*,
           COALESCE(own.loan_id, stored.loan_id, waiting.loan_id, staged.source_loan_id) AS loan_id,
           own.loan_id IS NULL AND stored.loan_id IS NULL AND waiting.loan_id IS NULL AS is_new,
           false AS is_serviced,
           CASE WHEN staged.position < staged.last_position THEN 'superseded'
                -- In all else they are the same, or refusals.py would have taken the row out.
                WHEN own.loan_id IS NOT NULL AND {differ(_UNDECIDED, "own", "staged")} THEN 'updated'
                WHEN own.loan_id IS NOT NULL THEN 'unchanged'
                WHEN stored.loan_id IS NULL AND customers.customer_id IS NULL THEN 'waiting'
                WHEN stored.loan_id IS NULL THEN 'inserted'
                WHEN {differ(LOANS.values, "staged", "stored")} THEN 'updated'
                ELSE 'unchanged' END AS outcome
    FROM (SELECT *, min(position) OVER same_loan AS first_position, max(position) OVER same_loan AS last_position
          FROM staged_loans
          WHERE import_id = :import_id
          WINDOW same_loan AS (PARTITION BY {listed(LOANS.key)})) AS staged
    LEFT JOIN loans AS own ON own.loan_id = staged.source_loan_id AND own.customer_id = staged.customer_id
                          AND own.source_loan_id IS NULL
    LEFT JOIN loans AS stored ON {same(LOANS.key, "stored", "staged")}
    LEFT JOIN waiting_loans AS waiting ON {same(LOANS.key, "waiting", "staged")}
    LEFT JOIN customers ON customers.customer_id = staged.customer_id
"""

# From now on nobody begins the servicing of a loan that is to be updated, so that what follows sees who has.
_LOCK_UPDATED = """
    SELECT count(*) FROM (
        SELECT FROM loans WHERE loan_id IN (SELECT loan_id FROM incoming_loans WHERE outcome = 'updated')
        ORDER BY loan_id FOR NO KEY UPDATE) AS locked
"""

# A loan that is serviced is known better here than in any file.
_KEEP_SERVICED = """
    UPDATE incoming_loans AS incoming
    SET outcome = 'superseded', is_serviced = true
    FROM loan_positions AS positions
    WHERE positions.loan_id = incoming.loan_id AND positions.status <> 'not_serviced' AND incoming.outcome = 'updated'
"""

# Reports those, each with the values that were left alone.
_REPORT_SERVICED = f"""
    INSERT INTO import_findings ({FINDING})
    SELECT :import_id, incoming.sheet, incoming.row_number, 'superseded', 'Loan ID',
           CAST(incoming.source_loan_id AS text),
           'serviced_here',
           format('Loan %s is serviced here, so its receipts say how it stands, and the row was not used (%s). Send '
                  'what was paid in a sheet of receipts.', incoming.loan_id, left_alone.told)
    FROM incoming_loans AS incoming
    JOIN loans AS stored USING (loan_id)
    CROSS JOIN LATERAL (
        SELECT string_agg(format('%s: %s here, %s in the file', title, coalesce(here, 'nothing'),
                                 coalesce(given, 'nothing')), '; ' ORDER BY number) AS told
        FROM (VALUES {_TOLD}) AS told (number, title, given, here)
        WHERE given IS DISTINCT FROM here) AS left_alone
    WHERE incoming.is_serviced
    ORDER BY incoming.position
"""

# Gives a new loan the number of the file if it is the first to claim it and it is free, which _DECIDE took for
# granted; all others get the next ones above every number in use or in the file. Counted rather than drawn from the
# sequence, so that an import that is done again after a crash gives the same numbers.
_NUMBER = f"""
    WITH claims AS (
        SELECT incoming.position, incoming.first_position,
               row_number() OVER (PARTITION BY incoming.source_loan_id ORDER BY incoming.first_position) > 1
               OR stored.loan_id IS NOT NULL OR waiting.loan_id IS NOT NULL AS is_late
        FROM incoming_loans AS incoming
        LEFT JOIN loans AS stored ON stored.loan_id = incoming.source_loan_id
        LEFT JOIN waiting_loans AS waiting ON waiting.loan_id = incoming.source_loan_id
        WHERE incoming.is_new AND incoming.outcome <> 'superseded'
    ), highest AS (
        SELECT GREATEST((SELECT max(loan_id) FROM loans WHERE loan_id <= {HIGHEST_NUMBER}),
                        (SELECT max(loan_id) FROM waiting_loans WHERE loan_id <= {HIGHEST_NUMBER}),
                        (SELECT max(source_loan_id) FROM incoming_loans
                         WHERE source_loan_id <= {HIGHEST_NUMBER})) AS loan_id
    ), numbered AS (
        SELECT position, highest.loan_id + row_number() OVER (ORDER BY first_position) AS loan_id
        FROM claims CROSS JOIN highest
        WHERE is_late
    )
    UPDATE incoming_loans AS incoming
    SET loan_id = numbered.loan_id
    FROM numbered
    WHERE numbered.position = incoming.position
"""

_COUNT_NEW = "SELECT count(*) FROM incoming_loans WHERE outcome = 'inserted'"

# Adds the new loans of customers who are here, except where the API took the number a moment ago. In the order of their
# numbers, which is that of two indexes and, in most books, about that of the days.
_INSERT = f"""
    INSERT INTO loans (loan_id, {listed(LOANS.names)}, created_by)
    SELECT loan_id, {listed(LOANS.names)}, 'import:' || import_id
    FROM incoming_loans
    WHERE outcome = 'inserted'
    ORDER BY loan_id
    ON CONFLICT (loan_id) DO NOTHING
"""

# Gives the loans whose number was taken a moment ago the next of the sequence, which nobody else can get.
_RENUMBER_LEFTOVERS = f"""
    UPDATE incoming_loans AS incoming
    SET loan_id = nextval('loans_loan_id_seq')
    WHERE outcome = 'inserted'
      AND NOT EXISTS (SELECT FROM loans WHERE {same(LOANS.key, "loans", "incoming")})
"""

# Lets the loans of customers who are not here wait, under the number they will have; one that waits already
# takes over what the file says.
_KEEP_WAITING = f"""
    INSERT INTO waiting_loans (loan_id, {listed(LOANS.names)}, import_id)
    SELECT loan_id, {listed(LOANS.names)}, :import_id
    FROM incoming_loans
    WHERE outcome = 'waiting'
    ORDER BY loan_id
    ON CONFLICT ({listed(LOANS.key)}) DO UPDATE SET {assigned([*LOANS.values, "import_id"], to="excluded")}
"""

# Reports the loans that wait for their customer.
_REPORT_WAITING = f"""
    INSERT INTO import_findings ({FINDING})
    SELECT :import_id, sheet, row_number, 'waiting', 'Customer ID', CAST(customer_id AS text), 'customer_unknown',
           format('There is no customer %s yet; this loan waits and is applied when the customer arrives.',
                  customer_id)
    FROM incoming_loans
    WHERE outcome = 'waiting'
    ORDER BY position
"""

# Reports the renumbered.
_REPORT_RENUMBERED = f"""
    INSERT INTO import_findings ({FINDING})
    SELECT :import_id, sheet, row_number, 'renumbered', 'Loan ID', CAST(source_loan_id AS text), 'loan_id_taken',
           format('Loan ID %s already belongs to another loan; this loan was saved as %s and remembers its number.',
                  source_loan_id, loan_id)
    FROM incoming_loans
    WHERE {_IS_RENUMBERED}
    ORDER BY position
"""


def merge_loans(connection: Connection, import_id: int, newer: Sequence[int], _today: date) -> list[MergedRows]:
    """Brings loans to what staged_loans says; those of unknown customers are kept in waiting_loans.

    `newer` are the imports of newer versions of the same file, whose loans are left alone.
    """
    run(connection, analyze(LOANS), import_id)
    refuse_loans(connection, import_id)
    if run(connection, _TAKE_OVER, import_id):
        apply_waiting_loans(connection, author_of(connection, import_id))
    run(connection, _DECIDE, import_id)
    found = outcomes(connection, LOANS)
    if "superseded" in found:
        told = report_superseded(LOANS, "format('The same loan of customer %s', incoming.customer_id)")
        run(connection, told, import_id)
    if "updated" in found:
        for statement in (_LOCK_UPDATED, _KEEP_SERVICED, _REPORT_SERVICED):
            run(connection, statement, import_id)
    if newer:
        run(connection, yield_to_newer(LOANS), import_id, newer)
    run(connection, _NUMBER, import_id)
    # Before the loans are added, so that the API draws none of these numbers from now on.
    run(connection, move_sequence(LOANS, f"outcome <> 'superseded' AND loan_id <= {HIGHEST_NUMBER}"), import_id)
    if "inserted" in found:
        _insert(connection, import_id)
    if "updated" in found:
        for statement in (audit_changes(LOANS), update(LOANS)):
            run(connection, statement, import_id)
    if "waiting" in found:
        for statement in (_KEEP_WAITING, _REPORT_WAITING):
            run(connection, statement, import_id)
    for statement in (_REPORT_RENUMBERED, note_rows(LOANS)):
        run(connection, statement, import_id)
    return count(connection, LOANS, renumbered=_IS_RENUMBERED)


def _insert(connection: Connection, import_id: int) -> None:
    new = connection.execute(text(_COUNT_NEW)).scalar_one()
    if run(connection, _INSERT, import_id) < new:
        run(connection, _RENUMBER_LEFTOVERS, import_id)
        run(connection, _INSERT, import_id)
