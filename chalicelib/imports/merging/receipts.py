"""From the staging table into the lives of loans: receipts, and what undoes them.

Runs in a transaction that holds the lock of merging (locking.py). What SQL can tell is told for all rows at once; then
the rules take each loan's rows by date.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, text

from chalicelib.imports.kinds.receipts import RECEIPTS
from chalicelib.imports.merging import reported
from chalicelib.imports.merging.recording import Changed, Recorded, Source
from chalicelib.imports.merging.reported import Judged, judged, reject, wait
from chalicelib.imports.merging.statements import MergedRows, analyze, run, yield_to_newer
from chalicelib.rules.money import ZERO
from chalicelib.rules.servicing.refusals import Code, Refused
from chalicelib.rules.servicing.reporting import Reported, report
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind
from chalicelib.storage import servicing
from chalicelib.storage.lives import Life, life_of
from chalicelib.storage.servicing import StoredLife

# What tells two rows with one reference apart; the channel is only kept.
_COMPARED = ("loan_id", "customer_id", "payment_date", "amount", "intent", "effect", "reverses_reference")

# Those that wait, if their loan is serviced.
_READY = """
    EXISTS (SELECT FROM loan_positions
            WHERE loan_positions.loan_id = waiting.loan_id AND loan_positions.status <> 'not_serviced')
"""

_INDEX = ("CREATE INDEX ON incoming_receipts (batch)", "ANALYZE incoming_receipts")

# What is recorded under the reference of a row.
_KNOWN = """
    FROM incoming_receipts AS incoming
    JOIN loan_transactions AS known ON known.reference = incoming.reference
    LEFT JOIN loan_transactions AS undone ON undone.loan_id = known.loan_id AND undone.number = known.reverses
    WHERE incoming.outcome = 'pending'
"""
_IS_KNOWN = """
    (known.loan_id = incoming.loan_id AND known.value_date = incoming.payment_date
     AND CASE WHEN incoming.reverses_reference IS NULL
              THEN known.kind = 'receipt' AND known.amount = incoming.amount AND known.intent = incoming.intent
                   AND known.effect IS NOT DISTINCT FROM incoming.effect
              ELSE known.kind = 'reversal' AND undone.reference = incoming.reverses_reference
                   AND known.amount = coalesce(incoming.amount, known.amount) END)
"""
_UNCHANGED = f"""
    UPDATE incoming_receipts SET outcome = 'unchanged'
    WHERE place IN (SELECT incoming.place {_KNOWN} AND {_IS_KNOWN})
"""
_CONFLICT = reject(
    RECEIPTS,
    "Reference",
    "reference_conflict",
    f"""
    SELECT incoming.place, incoming.reference AS value,
           format('%s is recorded as %s of %s for loan %s on %s, and the file says %s for loan %s on %s. Give the row '
                  'a reference of its own, or correct it; what is recorded wrongly is reversed.',
                  incoming.reference,
                  concat_ws(' ', known.intent, known.effect, replace(known.kind, '_', '-')), known.amount,
                  known.loan_id, known.value_date,
                  CASE WHEN incoming.reverses_reference IS NULL
                       THEN concat_ws(' ', incoming.intent, incoming.effect, 'receipt of', incoming.amount)
                       ELSE concat_ws(' ', 'reversal of', incoming.reverses_reference) END,
                  incoming.loan_id, incoming.payment_date) AS sentence
    {_KNOWN}
    """,
)

# Loans that have neither disbursal nor opening; those that were made here before disbursals were recorded get theirs.
_NOT_SERVICED = wait(
    RECEIPTS,
    "Loan ID",
    Code.NOT_SERVICED,
    """
    SELECT place, CAST(incoming.loan_id AS text) AS value,
           format('Loan %s is not serviced here yet; the row waits. Record its opening, or send one in a sheet of '
                  'openings.', incoming.loan_id) AS sentence
    FROM incoming_receipts AS incoming
    JOIN loans ON loans.loan_id = incoming.loan_id
    LEFT JOIN loan_positions AS positions ON positions.loan_id = loans.loan_id
    WHERE outcome = 'pending' AND coalesce(positions.status, 'not_serviced') = 'not_serviced'
      AND NOT (positions.loan_id IS NULL AND loans.source_loan_id IS NULL AND loans.emis_paid_on_time = 0)
    """,
)

# What a reversal undoes: what was recorded under the reference, or else another row of the file.
_UNDONE = """
    FROM incoming_receipts AS incoming
    LEFT JOIN loan_transactions AS known ON known.reference = incoming.reverses_reference
    LEFT JOIN incoming_receipts AS other ON other.reference = incoming.reverses_reference AND NOT other.is_repeat
    WHERE incoming.outcome = 'pending' AND incoming.reverses_reference IS NOT NULL
"""
_OF_ANOTHER_LOAN = reject(
    RECEIPTS,
    "Reverses Reference",
    "reversal_of_another_loan",
    f"""
    SELECT incoming.place, incoming.reverses_reference AS value,
           format('%s is a receipt of another loan than %s; correct the Loan ID or the Reverses Reference.',
                  incoming.reverses_reference, incoming.loan_id) AS sentence
    {_UNDONE} AND coalesce(known.loan_id, other.loan_id) <> incoming.loan_id
    """,
)
_OF_NO_RECEIPT = reject(
    RECEIPTS,
    "Reverses Reference",
    "reversal_of_no_receipt",
    f"""
    SELECT incoming.place, incoming.reverses_reference AS value,
           format('%s is a %s, and a sheet of receipts reverses receipts only; reverse it on the page of the loan.',
                  incoming.reverses_reference, replace(known.kind, '_', '-')) AS sentence
    {_UNDONE} AND known.kind NOT IN ('receipt', 'reversal')
    """,
)
_NOT_YOURS = reject(
    RECEIPTS,
    "Reverses Reference",
    "not_yours",
    f"""
    SELECT incoming.place, incoming.reverses_reference AS value,
           format('%s was recorded here and not by a file, and whoever asked for this import may not reverse it. Leave '
                  'the row out, or ask an admin to release this import.', incoming.reverses_reference) AS sentence
    {_UNDONE} AND incoming.spares_registered AND known.number IS NOT NULL AND known.import_id IS NULL
    """,
)
_REVERSAL_DIFFERS = reject(
    RECEIPTS,
    "Amount",
    "reversal_differs",
    f"""
    SELECT incoming.place, CAST(incoming.amount AS text) AS value,
           format('%s is of %s and is reversed whole, not by %s; correct the Amount, or leave it empty.',
                  incoming.reverses_reference, coalesce(known.amount, other.amount), incoming.amount) AS sentence
    {_UNDONE} AND incoming.amount <> coalesce(known.amount, other.amount)
    """,
)

# As JSON, because the driver takes several times as long to read a row, and by columns as storage/servicing.py does.
# The transaction that a row reverses is looked up for reversals alone: of a join, the planner makes one with all
# transactions there are.
_BATCH = text("""
    SELECT json_agg(place), json_agg(import_id), json_agg(loan_id), json_agg(reference), json_agg(payment_date),
           json_agg(CAST(amount AS text)), json_agg(intent), json_agg(effect), json_agg(channel),
           json_agg(reverses_reference), json_agg(reverses)
    FROM (SELECT incoming.*,
                 CASE WHEN reverses_reference IS NOT NULL
                      THEN (SELECT number FROM loan_transactions AS known
                            WHERE known.reference = incoming.reverses_reference) END AS reverses
          FROM incoming_receipts AS incoming
          WHERE batch = :batch AND outcome = 'pending' AND NOT is_repeat
          ORDER BY place) AS pending
""")

# The column that is to blame for what the rules refuse.
_COLUMNS = {
    Code.FUTURE_DATE: "Payment Date",
    Code.BEFORE_DISBURSAL: "Payment Date",
    Code.SETTLEMENT_DIFFERS: "Amount",
    Code.ALREADY_REVERSED: "Reverses Reference",
    Code.REVERSAL_OF_A_REVERSAL: "Reverses Reference",
    Code.LATER_FACT_STANDS: "Reference",
}


def merge_receipts(connection: Connection, import_id: int, newer: Sequence[int], today: date) -> list[MergedRows]:
    """Records what staged_receipts reports; receipts of loans that are not serviced yet are kept waiting, and so are
    reversals of what is not recorded yet.

    `newer` are the imports of newer versions of the same file, whose receipts are left alone.
    """
    run(connection, analyze(RECEIPTS), import_id)
    run(connection, reported.gather(RECEIPTS, "payment_date, import_id, position", _READY), import_id)
    for statement in (*_INDEX, reported.lock_loans(RECEIPTS)):
        run(connection, statement, import_id)
    if newer:
        run(connection, yield_to_newer(RECEIPTS), import_id, newer)
    for statement in (
        reported.differing_repeat(RECEIPTS, _COMPARED),
        reported.unknown_loan(RECEIPTS),
        reported.of_another_customer(RECEIPTS),
        _UNCHANGED,
        _CONFLICT,
        _NOT_SERVICED,
        _OF_ANOTHER_LOAN,
        _OF_NO_RECEIPT,
        _NOT_YOURS,
        _REVERSAL_DIFFERS,
    ):
        run(connection, statement, import_id)
    return reported.conclude(connection, RECEIPTS, import_id, _record(connection, today))


class _Row(NamedTuple):
    """A row as _BATCH gives it; `reverses` is the number of the transaction that has its `reverses_reference`."""

    place: int
    import_id: int
    loan_id: int
    reference: str
    payment_date: str
    amount: str | None
    intent: str
    effect: str | None
    channel: str | None
    reverses_reference: str | None
    reverses: int | None


_Batch = tuple[Mapping[int, Sequence[_Row]], Iterator[StoredLife]]


def _record(connection: Connection, today: date) -> list[Judged]:
    sources = reported.sources(connection, RECEIPTS)

    def judge(batch: _Batch) -> tuple[list[Changed], list[Judged]]:
        rows, stored = batch
        made = [_record_of(life_of(each), rows[each.loan.loan_id], sources, today) for each in stored]
        return [one for one, _ in made if one], [refusal for _, refused in made for refusal in refused]

    return reported.record_batches(connection, RECEIPTS, lambda batch: _read(connection, batch), judge)


def _read(connection: Connection, batch: int) -> _Batch:
    rows: dict[int, list[_Row]] = {}
    columns = connection.execute(_BATCH, {"batch": batch}).one()
    # Without a row, there is no column either.
    for row in map(_Row, *(column or () for column in columns)):
        rows.setdefault(row.loan_id, []).append(row)
    since = {loan_id: _steps_since(of_loan) for loan_id, of_loan in rows.items()}
    return rows, servicing.get_many(connection, since) if since else iter(())


def _steps_since(rows: Sequence[_Row]) -> str | None:
    """The first day of the rows of a loan, if one step after another does, unless there is a fact on that day or later.

    None if none will do: two rows of one day, whose order is that of the rules, or a reversal.
    """
    days = {row.payment_date for row in rows}
    if len(days) < len(rows) or any(row.reverses_reference is not None for row in rows):
        return None
    return min(days)


def _record_of(
    life: Life, rows: Sequence[_Row], sources: Mapping[int, Source], today: date
) -> tuple[Changed | None, list[Judged]]:
    """What is recorded of one loan, if anything is, and what is said about the rows that are not."""
    made = report(life.terms, life.position, life.facts, life.last_number, list(map(_reported, rows)), today)
    of = {row.place: row for row in rows}
    said = [_judged(of[each.place], refusal) for each, refusal in made.refused]
    if not made.taken:
        return None, said
    recorded = []
    for each, fact in made.taken:
        row = of[each.place]
        recorded.append(Recorded(fact, sources[row.import_id], row.reference, row.channel))
    return (life, made.position, recorded), said


def _reported(row: _Row) -> Reported:
    if row.reverses_reference is None:
        effect = Effect(row.effect) if row.effect else None
        assert row.amount is not None, "only a reversal may leave it out"
        fact = Fact(
            0, Kind.RECEIPT, Decimal(row.amount), date.fromisoformat(row.payment_date), Intent(row.intent), effect
        )
        return Reported(row.place, fact, row.reference)
    # Its amount is that of what it reverses.
    fact = Fact(0, Kind.REVERSAL, ZERO, date.fromisoformat(row.payment_date), reverses=row.reverses)
    return Reported(row.place, fact, row.reference, row.reverses_reference)


def _judged(row: _Row, refusal: Refused) -> Judged:
    if refusal.code is Code.UNKNOWN_FACT:
        sentence = (
            f"{row.reverses_reference} is not recorded for loan {row.loan_id} yet; the reversal waits for it. If the "
            "reference is wrong, send the row again with the right one."
        )
        return Judged(
            row.place, "waiting", "Reverses Reference", row.reverses_reference, "reversed_receipt_unknown", sentence
        )
    column = _COLUMNS.get(refusal.code, "Loan ID")
    values = {
        "Payment Date": row.payment_date,
        "Amount": row.amount,
        "Reverses Reference": row.reverses_reference,
        "Reference": row.reference,
        "Loan ID": row.loan_id,
    }
    return judged(row.place, column, values[column], refusal)
