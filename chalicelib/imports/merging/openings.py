"""From the staging table into the lives of loans: where they stood when their servicing begins here.

Runs in a transaction that holds the lock of merging (locking.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.imports.kinds.openings import OPENINGS
from chalicelib.imports.merging import reported
from chalicelib.imports.merging.recording import Changed, Recorded, Source
from chalicelib.imports.merging.reported import Judged, judged, reject
from chalicelib.imports.merging.statements import MergedRows, analyze, run, yield_to_newer
from chalicelib.rules.servicing.refusals import Code, Refused
from chalicelib.rules.servicing.reporting import Reported, report
from chalicelib.rules.servicing.values import Fact, Kind, Opening
from chalicelib.storage import servicing
from chalicelib.storage.lives import Life, life_of
from chalicelib.storage.servicing import StoredLife

# Those that wait, if their loan is here.
_READY = "EXISTS (SELECT FROM loans WHERE loans.loan_id = waiting.loan_id)"

# The opening that a loan has, unless it was reversed. One was made here and has its disbursal instead.
_KNOWN = """
    FROM incoming_openings AS incoming
    JOIN loan_positions AS positions ON positions.loan_id = incoming.loan_id AND positions.status <> 'not_serviced'
    LEFT JOIN loan_transactions AS known
           ON known.loan_id = incoming.loan_id AND known.kind = 'opening'
          AND NOT EXISTS (SELECT FROM loan_transactions AS undoing
                          WHERE undoing.loan_id = known.loan_id AND undoing.reverses = known.number)
    WHERE incoming.outcome = 'pending'
"""
_IS_KNOWN = """
    (known.value_date, known.amount, CAST(known.opening ->> 'interest_due' AS numeric),
     CAST(known.opening ->> 'first_unpaid_due_date' AS date), CAST(known.opening ->> 'instalments_left' AS integer))
    IS NOT DISTINCT FROM (incoming.opening_date, incoming.principal_outstanding, incoming.interest_due,
                          incoming.first_unpaid_due_date, CAST(incoming.instalments_left AS integer))
"""
_UNCHANGED = f"""
    UPDATE incoming_openings SET outcome = 'unchanged'
    WHERE place IN (SELECT incoming.place {_KNOWN} AND {_IS_KNOWN})
"""
_SERVICED = reject(
    OPENINGS,
    "Loan ID",
    Code.ALREADY_SERVICED,
    f"""
    SELECT incoming.place, CAST(incoming.loan_id AS text) AS value,
           CASE WHEN known.number IS NULL
                THEN format('Loan %s was made here and is serviced since its disbursal; it needs no opening. Leave the '
                            'row out.', incoming.loan_id)
                ELSE format('Loan %s has its opening of %s with a principal of %s, and the file says %s on %s. If what '
                            'is recorded is wrong, reverse it first.', incoming.loan_id, known.value_date, known.amount,
                            incoming.principal_outstanding, incoming.opening_date) END AS sentence
    {_KNOWN}
    """,
)

# Nobody changes by a file what they may not change by hand (docs/access.md).
_NOT_YOURS = reject(
    OPENINGS,
    "Loan ID",
    "not_yours",
    """
    SELECT place, CAST(incoming.loan_id AS text) AS value,
           format('Loan %s was made here, or its customer was registered here, and whoever asked for this import may '
                  'not change such loans. Leave the row out, or ask an admin to release this import.',
                  incoming.loan_id) AS sentence
    FROM incoming_openings AS incoming
    JOIN loans USING (loan_id)
    JOIN customers ON customers.customer_id = loans.customer_id
    WHERE outcome = 'pending' AND spares_registered AND (loans.source_loan_id IS NULL OR NOT customers.from_workbook)
    """,
)

# The column of each figure, by what the rules call it.
_COLUMNS = {column.name: column for column in OPENINGS.columns}
_DATE = _COLUMNS["opening_date"]
_BLAMED = _COLUMNS | {"amount": _COLUMNS["principal_outstanding"]}

_BATCH = text("""
    SELECT place, import_id, loan_id, opening_date, principal_outstanding, interest_due, first_unpaid_due_date,
           instalments_left
    FROM incoming_openings
    WHERE batch = :batch AND outcome = 'pending' AND NOT is_repeat
""")


def merge_openings(connection: Connection, import_id: int, newer: Sequence[int], today: date) -> list[MergedRows]:
    """Begins the servicing of the loans that staged_openings names; those of unknown loans are kept waiting.

    `newer` are the imports of newer versions of the same file, whose openings are left alone.
    """
    run(connection, analyze(OPENINGS), import_id)
    run(connection, reported.gather(OPENINGS, "import_id, position", _READY), import_id)
    run(connection, reported.lock_loans(OPENINGS), import_id)
    if newer:
        run(connection, yield_to_newer(OPENINGS), import_id, newer)
    for statement in (
        reported.differing_repeat(OPENINGS, OPENINGS.names),
        reported.unknown_loan(OPENINGS),
        reported.of_another_customer(OPENINGS),
        _NOT_YOURS,
        _UNCHANGED,
        _SERVICED,
    ):
        run(connection, statement, import_id)
    return reported.conclude(connection, OPENINGS, import_id, _record(connection, today))


_Batch = tuple[Mapping[int, Any], Iterator[StoredLife]]


def _record(connection: Connection, today: date) -> list[Judged]:
    sources = reported.sources(connection, OPENINGS)

    def read(batch: int) -> _Batch:
        rows = {row.loan_id: row for row in connection.execute(_BATCH, {"batch": batch})}
        return rows, servicing.get_many(connection, dict.fromkeys(rows))

    def judge(batch: _Batch) -> tuple[list[Changed], list[Judged]]:
        rows, stored = batch
        changed: list[Changed] = []
        said: list[Judged] = []
        for life in map(life_of, stored):
            row = rows[life.loan.loan_id]
            opening = Reported(row.place, _opening(life, row))
            made = report(life.terms, life.position, life.facts, life.last_number, [opening], today)
            said += [_judged(row, refusal) for _, refusal in made.refused]
            if made.taken:
                changed.append((life, made.position, _recorded(made.taken, sources[row.import_id])))
        return changed, said

    return reported.record_batches(connection, OPENINGS, read, judge)


def _judged(row: Any, refusal: Refused) -> Judged:
    """With the first figure that cannot be, or with the date."""
    column = _BLAMED.get(next(iter(refusal.wrong), "value_date"), _DATE)
    return judged(row.place, column.title, getattr(row, column.name), refusal)


def _opening(life: Life, row: Any) -> Fact:
    """EMIs paid on time are counted on from what the loan says."""
    paid = life.loan.emis_paid_on_time
    opening = Opening(row.interest_due, row.first_unpaid_due_date, row.instalments_left, paid)
    return Fact(0, Kind.OPENING, row.principal_outstanding, row.opening_date, opening=opening)


def _recorded(taken: Sequence[tuple[Reported, Fact]], source: Source) -> list[Recorded]:
    return [Recorded(fact, source) for _, fact in taken]
