"""The queries on the life of one loan: its terms, its transactions and the position that they make."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import simplejson
from sqlalchemy import Connection, text

from chalicelib.postgres.connection import PREPARED, driver_of, prepared
from chalicelib.rules.access import Author
from chalicelib.rules.auditing import Event
from chalicelib.rules.money import from_paise
from chalicelib.rules.servicing.position import FOLD_REVISION, Position
from chalicelib.rules.servicing.standing import status_of
from chalicelib.rules.servicing.stored import (
    opening_as_stored,
    opening_from_stored,
    position_as_stored,
    position_from_stored,
    terms_as_stored,
    terms_from_stored,
)
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Opening, Terms
from chalicelib.storage import audit
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.tables import IS_OUTDATED

Json = dict[str, Any]

# Above the rank of every fact of a day.
END_OF_DAY = 99


class Transaction(NamedTuple):
    """A fact as it was recorded: of which loan, known by what, through which channel, by whom and when."""

    loan_id: int
    number: int
    kind: Kind
    amount: Decimal
    value_date: date
    intent: Intent | None
    effect: Effect | None
    reverses: int | None
    opening: Opening | None
    reference: str | None
    channel: str | None
    reason: str | None
    author: Author
    import_id: int | None
    recorded_at: datetime

    @property
    def fact(self) -> Fact:
        return Fact(
            self.number,
            self.kind,
            self.amount,
            self.value_date,
            self.intent,
            self.effect,
            self.reverses,
            self.opening,
        )


class StoredLife(NamedTuple):
    """A loan and what is stored of its life. `terms` and `position` are None before it is serviced.

    `is_outdated` is a position that other rules than today's made. `transactions` are all of them in the order of
    recording, or None if they were not asked for; `known` is the one that has the reference that was asked for, of
    whatever loan. `now` is when the transaction began.
    """

    loan: LoanOnRecord
    terms: Terms | None
    stated_end_date: date | None
    position: Position | None
    is_outdated: bool
    last_number: int
    transactions: tuple[Transaction, ...] | None
    known: Transaction | None
    now: datetime


class Asked(NamedTuple):
    """What to read beside the loan, its terms and its position.

    All transactions come if `history` is asked for, if the position has a fact that is after `before` (a value date
    and a rank among the facts of that day), if there is no position or an outdated one, and if `reference` is known:
    whenever one step would not do. With `customer_id` it is known only if it belongs to a loan of this customer.
    """

    history: bool = False
    before: tuple[date, int] | None = None
    reference: str | None = None
    customer_id: int | None = None


def _as_json_array(alias: str) -> str:
    """A transaction as one value, in the order of `_transaction`; amounts as text, since the driver reads floats."""
    return f"""jsonb_build_array({alias}.loan_id, {alias}.number, {alias}.kind, CAST({alias}.amount AS text),
        {alias}.value_date, {alias}.intent, {alias}.effect, {alias}.reverses, {alias}.opening, {alias}.reference,
        {alias}.channel, {alias}.reason, {alias}.actor_kind, {alias}.actor_name, {alias}.actor_id, {alias}.request_id,
        {alias}.import_id, {alias}.recorded_at)"""


def recorded_of(loan_id: str) -> str:
    """All transactions of a loan as one value, in the order of recording; `loan_id` is an expression."""
    return f"""(SELECT jsonb_agg({_as_json_array("every")} ORDER BY every.number)
                FROM loan_transactions AS every WHERE every.loan_id = {loan_id})"""  # noqa: S608 - names of ours


_LOAN_NAMES = LoanOnRecord._fields
_LOAN_COLUMNS = ", ".join(f"loans.{name}" for name in _LOAN_NAMES)
_EXACT = ("loan_amount", "interest_rate", "monthly_installment")

_READ = f"""
    SELECT {_LOAN_COLUMNS}, loan_terms.terms, loan_terms.stated_end_date, positions.position,
           coalesce({IS_OUTDATED}, false) AS is_outdated, coalesce(positions.last_number, 0) AS last_number,
           CASE WHEN CAST(:history AS boolean) OR positions.loan_id IS NULL OR {IS_OUTDATED} OR known.number IS NOT NULL
                     OR (positions.last_fact_on, CAST(positions.position ->> 'rank' AS integer))
                        > (CAST(:value_date AS date), CAST(:rank AS integer))
                THEN {recorded_of("loans.loan_id")} END AS transactions,
           positions.loan_id IS NULL AS is_whole,
           CASE WHEN known.number IS NOT NULL THEN {_as_json_array("known")} END AS known,
           now() AS now
    FROM loans
    LEFT JOIN loan_terms ON loan_terms.loan_id = loans.loan_id
    LEFT JOIN loan_positions AS positions ON positions.loan_id = loans.loan_id
    LEFT JOIN loan_transactions AS known ON known.reference = CAST(:reference AS text)
         AND (CAST(:customer_id AS bigint) IS NULL
              OR EXISTS (SELECT FROM loans AS theirs
                         WHERE theirs.loan_id = known.loan_id AND theirs.customer_id = CAST(:customer_id AS bigint)))
    WHERE loans.loan_id = :loan_id
"""  # noqa: S608 - names of ours

_READ_ONE = prepared(_READ)

# The same of many loans at once, by columns; all transactions come of those with a fact on the day `from` or later, or
# without such a day, and if there is no position or an outdated one. As JSON, because the driver takes ten times as
# long to read a date, and by columns, because the server asks for the type of each value of a row anew. The numbers are
# asked for twice: the loans are found by the array, and together with the table of it the planner takes them for so few
# that it looks up the position of each, where it would read all positions of a portfolio of some ten thousand.
_COLUMNS_OF_MANY = (
    *(f"CAST(loans.{name} AS text)" if name in _EXACT else f"loans.{name}" for name in _LOAN_NAMES),
    "loan_terms.terms",
    "loan_terms.stated_end_date",
    "positions.position",
    f"coalesce({IS_OUTDATED}, false)",
    "coalesce(positions.last_number, 0)",
    f"""CASE WHEN positions.loan_id IS NULL OR asked.since IS NULL OR asked.since <= positions.last_fact_on
                  OR {IS_OUTDATED}
             THEN coalesce({recorded_of("loans.loan_id")}, CAST('[]' AS jsonb)) END""",
)
_READ_MANY = text(f"""
    SELECT {", ".join(f"coalesce(json_agg({column}), '[]')" for column in _COLUMNS_OF_MANY)}, now()
    FROM unnest(CAST(:loan_ids AS bigint[]), CAST(:since AS date[])) AS asked (loan_id, since)
    JOIN loans ON loans.loan_id = asked.loan_id AND loans.loan_id = ANY (CAST(:loan_ids AS bigint[]))
    LEFT JOIN loan_terms ON loan_terms.loan_id = loans.loan_id
    LEFT JOIN loan_positions AS positions ON positions.loan_id = loans.loan_id
""")  # noqa: S608 - names of ours

# Any number that nothing else locks: the first four letters of "disburse", read as a number.
_UPKEEP_LOCK = 0x64697362

# Loans that were made here by a release that recorded no disbursal, and of which no workbook says anything was paid.
_LOCK_UNDISBURSED = text(f"""
    SELECT {_LOAN_COLUMNS}, now() AS now
    FROM loans
    WHERE source_loan_id IS NULL AND emis_paid_on_time = 0 AND loan_id > :behind
      AND NOT EXISTS (SELECT FROM loan_positions WHERE loan_positions.loan_id = loans.loan_id)
    ORDER BY loan_id
    LIMIT :limit
    FOR NO KEY UPDATE
""")  # noqa: S608 - names of ours

# Two steps, so that loans are locked in the order of their numbers, as an import locks them.
_LOCK_OUTDATED = text(f"""
    SELECT loan_id FROM loans
    WHERE loan_id = ANY(ARRAY(SELECT loan_id FROM loan_positions WHERE {IS_OUTDATED} ORDER BY loan_id LIMIT :limit))
    ORDER BY loan_id
    FOR NO KEY UPDATE
""")  # noqa: S608 - a condition of ours


def lock_with_next(connection: Connection, loan_id: int) -> None:
    """Makes other writes to the life of a loan wait until the transaction ends.

    Goes out with the next statement, which sees what the ones before it recorded. FOR NO KEY UPDATE, so that rows
    which merely refer to the loan can still be written.
    """
    driver_of(connection).send_with_next(
        "SELECT FROM loans WHERE loan_id = %s FOR NO KEY UPDATE", [loan_id], is_prepared=True
    )


def get(connection: Connection, loan_id: int, asked: Asked) -> StoredLife | None:
    """A loan and its life, in one statement; None if there is no loan of that number."""
    value_date, rank = asked.before or (None, None)
    values = {
        "loan_id": loan_id,
        "history": asked.history,
        "value_date": value_date,
        "rank": rank,
        "reference": asked.reference,
        "customer_id": asked.customer_id,
    }
    row = connection.execute(_READ_ONE, values).first()
    if row is None:
        return None
    loan = LoanOnRecord(*row[: len(_LOAN_NAMES)])
    recorded = row.transactions
    return StoredLife(
        loan,
        terms_from_stored(row.terms) if row.terms else None,
        row.stated_end_date,
        position_from_stored(row.position) if row.position else None,
        row.is_outdated,
        row.last_number,
        () if recorded is None and row.is_whole else recorded and tuple(map(_transaction, recorded)),
        _transaction(row.known) if row.known else None,
        row.now,
    )


def get_many(connection: Connection, since: Mapping[int, str | None]) -> Iterator[StoredLife]:
    """Loans and their lives in one statement, in no order, by their numbers.

    All transactions come of a loan that has a fact on its day of `since` (2026-01-31) or later, and of one without a
    day: whenever one step after another would not do.
    """
    values = {"loan_ids": list(since), "since": list(since.values())}
    *columns, now = connection.execute(_READ_MANY, values).one()
    return (_stored_life(each, now) for each in zip(*columns, strict=True))


def _stored_life(stored: Sequence[Any], now: datetime) -> StoredLife:
    """One that _READ_MANY made."""
    *loan, terms, stated_end_date, position, is_outdated, last_number, recorded = stored
    return StoredLife(
        _loan(loan),
        terms_from_stored(terms) if terms else None,
        stated_end_date and date.fromisoformat(stated_end_date),
        position_from_stored(position) if position else None,
        is_outdated,
        last_number,
        None if recorded is None else tuple(map(_transaction, recorded)),
        None,
        now,
    )


def _loan(values: list[Any]) -> LoanOnRecord:
    """One of which the values are given in the order of the fields, as JSON has them."""
    for at, read in _LOAN_READERS:
        values[at] = read(values[at])
    return LoanOnRecord(*values)


def _date_or_none(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


_LOAN_READERS: list[tuple[int, Callable[[Any], Any]]] = [
    *((_LOAN_NAMES.index(name), Decimal) for name in _EXACT),
    *((_LOAN_NAMES.index(name), _date_or_none) for name in ("start_date", "end_date")),
]


def lock_undisbursed(connection: Connection, behind: int, limit: int) -> list[StoredLife]:
    """Loans that were made here and have no disbursal, by number from behind `behind` on, locked as by a write.

    One deployment at a time, so that the next one sees what this one disbursed.
    """
    driver_of(connection).send_with_next("SELECT pg_advisory_xact_lock(%s)", [_UPKEEP_LOCK])
    rows = connection.execute(_LOCK_UNDISBURSED, {"behind": behind, "limit": limit})
    return [StoredLife(LoanOnRecord(*row[:-1]), None, None, None, False, 0, (), None, row.now) for row in rows]


def lock_outdated(connection: Connection, limit: int) -> list[int]:
    """The numbers of the first loans with an outdated position, locked as by a write; one deployment at a time, too."""
    driver_of(connection).send_with_next("SELECT pg_advisory_xact_lock(%s)", [_UPKEEP_LOCK])
    return list(connection.execute(_LOCK_OUTDATED, {"limit": limit}).scalars())


def facts_from_stored(recorded: Sequence[Any]) -> list[Fact]:
    """The facts of the transactions that `recorded_of` reads."""
    return [_transaction(each).fact for each in recorded]


def _transaction(stored: Sequence[Any]) -> Transaction:
    """One that `_as_json_array` made."""
    (loan_id, number, kind, amount, value_date, intent, effect, reverses, opening, *rest) = stored
    (reference, channel, reason, actor_kind, actor_name, actor_id, request_id, import_id, recorded_at) = rest
    return Transaction(
        loan_id,
        number,
        Kind(kind),
        Decimal(amount),
        date.fromisoformat(value_date),
        intent and Intent(intent),
        effect and Effect(effect),
        reverses,
        opening and opening_from_stored(opening),
        reference,
        channel,
        reason,
        Author(actor_kind, actor_name, actor_id, request_id),
        import_id,
        datetime.fromisoformat(recorded_at),
    )


class Written(NamedTuple):
    """What one statement writes of one loan: transactions, the position that they lead to, and what the log says.

    `terms` are given where servicing begins, with `stated_end_date`, what the loan said before. `end_date` is what the
    loan says from now on, and `emis_paid_on_time` likewise.
    """

    loan_id: int
    transactions: Sequence[Transaction]
    position: Position
    last_number: int
    emis_paid_on_time: int
    end_date: date | None
    terms: Terms | None = None
    stated_end_date: date | None = None
    events: Sequence[tuple[Author, Event]] = ()


# From one JSON value, so that it is one statement for one receipt or for a thousand loans, and can be sent ahead. The
# planner takes it for a hundred, for which it would read all loans of a portfolio of some ten thousand; of an array it
# thinks that it is short, and uses the index.
_WRITE = f"""
    WITH given AS (
        SELECT CAST(%s AS jsonb) AS everything
    ), transaction AS (
        INSERT INTO loan_transactions
            (loan_id, number, kind, amount, value_date, intent, effect, reverses, opening, reference, channel, reason,
             actor_kind, actor_name, actor_id, request_id, import_id)
        SELECT loan_id, number, kind, amount, value_date, intent, effect, reverses, opening, reference, channel, reason,
               actor_kind, actor_name, actor_id, request_id, import_id
        FROM given, jsonb_to_recordset(everything -> 'transactions') AS each
            (loan_id bigint, number integer, kind text, amount numeric, value_date date, intent text, effect text,
             reverses integer, opening jsonb, reference text, channel text, reason text, actor_kind text,
             actor_name text, actor_id bigint, request_id text, import_id bigint)
    ), terms AS (
        INSERT INTO loan_terms (loan_id, terms, stated_end_date)
        SELECT loan_id, terms, stated_end_date
        FROM given, jsonb_to_recordset(everything -> 'terms') AS each
            (loan_id bigint, terms jsonb, stated_end_date date)
        ON CONFLICT (loan_id) DO UPDATE SET terms = excluded.terms, stated_end_date = excluded.stated_end_date
    ), position AS (
        INSERT INTO loan_positions
            (loan_id, status, principal, charges, credit, unpaid_from, held, repayments_left, last_fact_on,
             last_number, position, fold_revision)
        SELECT loan_id, status, principal, charges, credit, unpaid_from, held, repayments_left, last_fact_on,
               last_number, position, {FOLD_REVISION}
        FROM given, jsonb_to_recordset(everything -> 'positions') AS each
            (loan_id bigint, status text, principal numeric, charges numeric, credit numeric, unpaid_from date,
             held boolean, repayments_left smallint, last_fact_on date, last_number integer, position jsonb)
        ON CONFLICT (loan_id) DO UPDATE
        SET status = excluded.status, principal = excluded.principal, charges = excluded.charges,
            credit = excluded.credit, unpaid_from = excluded.unpaid_from, held = excluded.held,
            repayments_left = excluded.repayments_left, last_fact_on = excluded.last_fact_on,
            last_number = excluded.last_number, position = excluded.position,
            fold_revision = excluded.fold_revision, updated_at = now()
    ), loan AS (
        UPDATE loans
        SET emis_paid_on_time = each.emis_paid_on_time, end_date = each.end_date, is_open = each.is_open,
            updated_at = now()
        FROM given, jsonb_to_recordset(everything -> 'loans') AS each
            (loan_id bigint, emis_paid_on_time smallint, end_date date, is_open boolean)
        WHERE loans.loan_id = each.loan_id
          AND loans.loan_id = ANY(ARRAY(
              SELECT CAST(one ->> 'loan_id' AS bigint)
              FROM given AS same, jsonb_array_elements(same.everything -> 'loans') AS one))
          AND (loans.emis_paid_on_time, loans.end_date, loans.is_open)
              IS DISTINCT FROM (each.emis_paid_on_time, each.end_date, each.is_open)
    )
    INSERT INTO audit_log
        (actor_kind, actor_id, actor_name, action, subject_kind, subject_id, before, after, request_id)
    SELECT actor_kind, actor_id, actor_name, action, subject_kind, subject_id, before, after, request_id
    FROM given, jsonb_to_recordset(everything -> 'events') AS each
        (actor_kind text, actor_id bigint, actor_name text, action text, subject_kind text, subject_id text,
         before jsonb, after jsonb, request_id text)
"""  # noqa: S608 - a number of ours


def write(connection: Connection, written: Iterable[Written], *, with_next: bool = False) -> None:
    """Writes of each loan, which must be locked, all that is given, in one statement.

    With `with_next` it goes out in the message of the next statement, which then raises what this one would.
    """
    value = _as_json(list(written))
    if with_next:
        driver_of(connection).send_with_next(_WRITE, [value], is_prepared=True)
    else:
        connection.exec_driver_sql(_WRITE, (value,), {PREPARED: True})


def _as_json(written: Sequence[Written]) -> str:
    everything = {
        "transactions": [_transaction_values(each) for loan in written for each in loan.transactions],
        "terms": [
            {
                "loan_id": loan.loan_id,
                "terms": terms_as_stored(loan.terms),
                "stated_end_date": loan.stated_end_date,
            }
            for loan in written
            if loan.terms
        ],
        "positions": [
            {"loan_id": loan.loan_id, **position_values(loan.position), "last_number": loan.last_number}
            for loan in written
        ],
        "loans": [
            {
                "loan_id": loan.loan_id,
                "emis_paid_on_time": loan.emis_paid_on_time,
                "end_date": loan.end_date,
                "is_open": loan.position.is_open,
            }
            for loan in written
        ],
        "events": [audit.event_values(author, event) for loan in written for author, event in loan.events],
    }
    return str(simplejson.dumps(everything, use_decimal=True, ensure_ascii=False, default=str))


def _transaction_values(transaction: Transaction) -> Json:
    return {
        "loan_id": transaction.loan_id,
        "number": transaction.number,
        "kind": transaction.kind,
        "amount": transaction.amount,
        "value_date": transaction.value_date,
        "intent": transaction.intent,
        "effect": transaction.effect,
        "reverses": transaction.reverses,
        **({"opening": opening_as_stored(transaction.opening)} if transaction.opening else {}),
        "reference": transaction.reference,
        "channel": transaction.channel,
        "reason": transaction.reason,
        "import_id": transaction.import_id,
        **audit.author_values(transaction.author),
    }


def position_values(position: Position) -> Json:
    """A position by the columns of loan_positions, all but the loan and the number of its last transaction."""
    return {**position_columns(position), "position": position_as_stored(position)}


def position_columns(position: Position) -> Json:
    """What is stored of a position beside all of it, by which loans are found and added up."""
    return {
        "status": status_of(position).value,
        "principal": from_paise(position.principal),
        "charges": from_paise(position.charges),
        "credit": from_paise(position.credit),
        "unpaid_from": position.unpaid_from,
        "held": position.held,
        "repayments_left": position.repayments_left,
        "last_fact_on": position.on,
    }


def disbursal_values(terms: Terms | None, position: Position) -> Json:
    """What the statement that makes a loan writes of its disbursal (storage/applications.py)."""
    columns = position_values(position)
    return {
        "terms": json.dumps(terms_as_stored(terms)) if terms else None,
        **columns,
        "position": json.dumps(columns["position"]),
    }
