"""The lives of many loans at once: read in one statement for a batch, written by COPY.

What a request records of one loan with one statement (storage/servicing.py), an import records of a hundred thousand.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import chain, starmap
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection, text

from chalicelib.imports.copying import copy_from, lines
from chalicelib.rules.access import BOOTSTRAP
from chalicelib.rules.servicing.position import FOLD_REVISION, Position
from chalicelib.rules.servicing.stored import opening_as_stored, position_as_json, terms_as_stored
from chalicelib.rules.servicing.values import Fact
from chalicelib.storage.lives import Life, end_date_of
from chalicelib.storage.servicing import position_columns

# So many loans are in memory at a time.
LOANS_A_BATCH = 1000


class Source(NamedTuple):
    """The import that recorded something: its number and the key of its file."""

    import_id: int
    object_key: str


class Recorded(NamedTuple):
    """A fact, and what is stored of it beside."""

    fact: Fact
    source: Source
    reference: str | None = None
    channel: str | None = None


# A loan as it was, its position now, and what was recorded of it.
Changed: TypeAlias = tuple[Life, Position, Sequence[Recorded]]

_TRANSACTION = (
    *("loan_id", "number", "kind", "amount", "value_date", "intent", "effect", "reverses", "opening", "reference"),
    *("channel", "actor_kind", "actor_id", "actor_name", "import_id"),
)
_COLUMNS = (
    *("status", "principal", "charges", "credit", "unpaid_from", "held", "repayments_left", "last_fact_on"),
    "position",
)
_LOAN = ("emis_paid_on_time", "end_date", "is_open")
_TERMS = ("terms", "stated_end_date")
_RECORDED = ("loan_id", "last_number", *_COLUMNS, *_LOAN, *_TERMS)

# What the loans of a merge come to, before it is brought to where it belongs. `terms` are given where servicing begins.
_CREATE = text("""
    CREATE TEMP TABLE recorded_lives ON COMMIT DROP AS
    SELECT loan_id, last_number, status, principal, charges, credit, unpaid_from, held, repayments_left, last_fact_on,
           position, CAST(NULL AS smallint) AS emis_paid_on_time, CAST(NULL AS date) AS end_date,
           CAST(NULL AS boolean) AS is_open,
           CAST(NULL AS jsonb) AS terms, CAST(NULL AS date) AS stated_end_date
    FROM loan_positions
    WITH NO DATA
""")
_APPLY = (
    "ANALYZE recorded_lives (loan_id)",
    f"""
        INSERT INTO loan_positions (loan_id, last_number, {", ".join(_COLUMNS)}, fold_revision)
        SELECT loan_id, last_number, {", ".join(_COLUMNS)}, {FOLD_REVISION} FROM recorded_lives ORDER BY loan_id
        ON CONFLICT (loan_id) DO UPDATE
        SET {", ".join(f"{name} = excluded.{name}" for name in ("last_number", *_COLUMNS, "fold_revision"))},
            updated_at = now()
    """,
    """
        INSERT INTO loan_terms (loan_id, terms, stated_end_date)
        SELECT loan_id, terms, stated_end_date FROM recorded_lives WHERE terms IS NOT NULL ORDER BY loan_id
        ON CONFLICT (loan_id) DO UPDATE SET terms = excluded.terms, stated_end_date = excluded.stated_end_date
    """,
    """
        UPDATE loans
        SET emis_paid_on_time = recorded.emis_paid_on_time, end_date = recorded.end_date,
            is_open = recorded.is_open, updated_at = now()
        FROM recorded_lives AS recorded
        WHERE loans.loan_id = recorded.loan_id
          AND (loans.emis_paid_on_time, loans.end_date, loans.is_open)
              IS DISTINCT FROM (recorded.emis_paid_on_time, recorded.end_date, recorded.is_open)
    """,
    "DROP TABLE recorded_lives",
)


class Recorder:
    """Writes the lives of loans, which must be locked, each at most once; nothing is in its place before `apply`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        connection.execute(_CREATE)

    def add(self, batch: "Written") -> None:
        """A batch of loans."""
        copy_from(self._connection, f"loan_transactions ({', '.join(_TRANSACTION)})", batch.transactions)
        copy_from(self._connection, f"recorded_lives ({', '.join(_RECORDED)})", batch.lives)

    def apply(self) -> None:
        """Brings positions, terms and loans to what was added."""
        for statement in _APPLY:
            self._connection.execute(text(statement))


class Written(NamedTuple):
    """A batch of loans as it is sent: lines of transactions, and of lives."""

    transactions: Sequence[bytes]
    lives: Sequence[bytes]


def written(changed: Sequence[Changed]) -> Written:
    """What a Recorder is to add of these. It takes longer than the sending, and no connection."""
    transactions = chain.from_iterable(_transactions(life, recorded) for life, _, recorded in changed)
    return Written(*(list(lines(list(zip(*rows, strict=True)))) for rows in (transactions, starmap(_life, changed))))


def _life(life: Life, position: Position, recorded: Sequence[Recorded]) -> Sequence[object]:
    values = position_columns(position)
    begins = life.stored.position is None or not life.stored.position.is_serviced
    return (
        life.loan.loan_id,
        life.last_number + len(recorded),
        *(values[name] for name in _COLUMNS[:-1]),
        position_as_json(position),
        position.paid_on_time,
        end_date_of(life, position),
        position.is_open,
        json.dumps(terms_as_stored(life.terms)) if begins else None,
        life.loan.end_date if begins else None,
    )


def _transactions(life: Life, recorded: Sequence[Recorded]) -> Iterable[Sequence[object]]:
    if life.disbursal is not None:
        yield *_fact(life, life.disbursal), None, None, BOOTSTRAP.kind, None, BOOTSTRAP.name, None
    for each in recorded:
        source = each.source
        author = ("import", source.import_id, source.object_key, source.import_id)
        yield *_fact(life, each.fact), each.reference, each.channel, *author


def _fact(life: Life, fact: Fact) -> Sequence[object]:
    opening = json.dumps(opening_as_stored(fact.opening)) if fact.opening else None
    return (life.loan.loan_id, *fact[:7], opening)
