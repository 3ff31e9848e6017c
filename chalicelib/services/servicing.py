"""The use cases that record what happens to a loan: receipts, refunds, waivers, write-offs, openings, reversals.

All of them are one: lock the loan, ask the rules, write the transaction with the position that it leads to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection

from chalicelib.errors import InvalidRequest, ReferenceConflict
from chalicelib.metrics import log_transaction
from chalicelib.postgres.database import Database, after_commit, commit_with_next
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import BOOTSTRAP, EVERYBODY, Author, Scope
from chalicelib.rules.auditing import Action, Event, SubjectKind, difference
from chalicelib.rules.money import ZERO, from_paise
from chalicelib.rules.servicing import checks
from chalicelib.rules.servicing.entering import rank_of
from chalicelib.rules.servicing.fold import Split, history, split
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.standing import Standing, standing, standing_today
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Opening
from chalicelib.services.idempotency import Once, Told, run_once
from chalicelib.services.servicing_lives import read_life
from chalicelib.services.servicing_refusals import told_refusals
from chalicelib.storage import servicing
from chalicelib.storage.lives import Life, loan_at
from chalicelib.storage.servicing import Asked, Transaction, Written


@dataclass(frozen=True)
class WantedOpening:
    """What an opening says beside its amount, which is the principal outstanding. `interest_due` in rupees."""

    interest_due: Decimal
    first_unpaid_due_date: date
    instalments_left: int


@dataclass(frozen=True)
class Wanted:
    """What is to be recorded of a loan. `amount` in rupees.

    `amount` may be left out of a reversal, and of a write-off, which is of all that is owed. `value_date` is today if
    it is left out. `reference` is what the outside world knows it by: with the same one it is recorded once.
    """

    kind: Kind
    amount: Decimal | None = None
    value_date: date | None = None
    intent: Intent | None = None
    effect: Effect | None = None
    reverses: int | None = None
    opening: WantedOpening | None = None
    reference: str | None = None
    channel: str | None = None
    reason: str | None = None

    @property
    def meant(self) -> Intent | None:
        """The intent; a receipt without one is for instalments."""
        return self.intent or (Intent.INSTALMENT if self.kind is Kind.RECEIPT else None)


@dataclass(frozen=True)
class Recorded:
    """A transaction, what it paid, and where the loan stands today after it.

    `split` is None for a reversal, and for what has been reversed. `recorded_before` says that the reference was known,
    so that nothing was recorded now. Of a preview, `transaction` is what it would be.
    """

    transaction: Transaction
    split: Split | None
    standing: Standing
    recorded_before: bool = False


@dataclass(frozen=True)
class _Planned:
    fact: Fact
    position: Position
    split: Split | None


def record(
    database: Database,
    loan_id: int,
    wanted: Wanted,
    *,
    today: date,
    author: Author,
    once: Once[Recorded],
    scope: Scope = EVERYBODY,
) -> Told:
    """Records one transaction of a loan, and brings what the loan says of itself up to date.

    Raises LoanNotFound, InvalidRequest with the field, TransactionNotFound for a reversal of nothing, a
    TransactionRefused with its figures, and what `run_once` raises.
    """
    return run_once(
        database,
        once,
        lambda connection, is_last: _record(connection, loan_id, wanted, today, author, scope, is_last),
    )


@retried
def preview(database: Database, loan_id: int, wanted: Wanted, *, today: date, scope: Scope = EVERYBODY) -> Recorded:
    """What `record` would record now, without recording it. Raises what `record` raises, but for `run_once`."""
    with database.reading() as connection:
        life = read_life(connection, loan_id, _asked(wanted, today, scope), scope=scope)
    if life.stored.known:
        return _recorded_before(life, life.stored.known, wanted, today)
    planned = _plan(life, wanted, today)
    transaction = _transaction(life, planned.fact, wanted, Author("preview", "preview"))
    return Recorded(transaction, planned.split, standing_today(life.terms, planned.position, today))


def _record(
    connection: Connection,
    loan_id: int,
    wanted: Wanted,
    today: date,
    author: Author,
    scope: Scope,
    is_last: bool,
) -> Recorded:
    servicing.lock_with_next(connection, loan_id)
    life = read_life(connection, loan_id, _asked(wanted, today, scope), scope=scope)
    if life.stored.known:
        return _recorded_before(life, life.stored.known, wanted, today)
    planned = _plan(life, wanted, today)
    transaction = _transaction(life, planned.fact, wanted, author)
    written = _written(life, transaction, planned.position)
    if is_last:
        commit_with_next(connection)
    servicing.write(connection, [written], with_next=not is_last)
    after_commit(connection, partial(log_transaction, transaction.kind.value))
    return Recorded(transaction, planned.split, standing_today(life.terms, planned.position, today))


def _asked(wanted: Wanted, today: date, scope: Scope) -> Asked:
    # Whoever is limited to one customer is not told that a payment of another one has the reference.
    fact = Fact(0, wanted.kind, ZERO, wanted.value_date or today, wanted.meant, wanted.effect)
    history_needed = wanted.kind is Kind.REVERSAL
    before = (fact.value_date, 0 if history_needed else rank_of(fact))
    return Asked(history_needed, before, wanted.reference, scope.customer_id)


def _plan(life: Life, wanted: Wanted, today: date) -> _Planned:
    """The fact as the rules let it be recorded. One step if it is not before the last fact, otherwise a replay."""
    with told_refusals(life.loan):
        fact = _fact(life, wanted, today)
        if life.facts is None:
            position = checks.record_next(life.terms, life.position, fact, today)
            return _Planned(fact, position, split(life.terms, life.position, fact))
        position = checks.record(life.terms, life.facts, fact, today)
        return _Planned(fact, position, _split_of(life, [*life.facts, fact], fact.number))


def _fact(life: Life, wanted: Wanted, today: date) -> Fact:
    value_date = wanted.value_date or today
    return Fact(
        life.last_number + 1,
        wanted.kind,
        _amount(life, wanted, value_date),
        value_date,
        wanted.meant,
        wanted.effect,
        wanted.reverses,
        _opening(life, wanted),
    )


def _amount(life: Life, wanted: Wanted, value_date: date) -> Decimal:
    if wanted.kind is Kind.REVERSAL:
        # If there is no such fact, the rules say so.
        return next((fact.amount for fact in life.facts or () if fact.number == wanted.reverses), ZERO)
    if wanted.amount is not None:
        return wanted.amount
    if wanted.kind is Kind.WRITE_OFF:
        # If nothing is owed, the rules say of any other amount what stands against it.
        return standing(life.terms, life.position_on(value_date), value_date).outstanding or from_paise(1)
    raise InvalidRequest("An amount is needed.", {"amount": ["is required"]})


def _opening(life: Life, wanted: Wanted) -> Opening | None:
    """EMIs paid on time are counted on from what the loan says."""
    told = wanted.opening
    if told is None:
        return None
    paid = life.loan.emis_paid_on_time
    return Opening(told.interest_due, told.first_unpaid_due_date, told.instalments_left, paid)


def _split_of(life: Life, facts: list[Fact], number: int) -> Split | None:
    entries = history(life.terms, facts).entries
    return next((entry.split for entry in entries if entry.fact.number == number), None)


def _transaction(life: Life, fact: Fact, wanted: Wanted, author: Author) -> Transaction:
    return Transaction(
        life.loan.loan_id,
        fact.number,
        fact.kind,
        fact.amount,
        fact.value_date,
        fact.intent,
        fact.effect,
        fact.reverses,
        fact.opening,
        wanted.reference,
        wanted.channel,
        wanted.reason,
        author,
        None,
        life.stored.now,
    )


def _written(life: Life, transaction: Transaction, position: Position) -> Written:
    begins = transaction.kind is Kind.OPENING or life.disbursal is not None
    loan = life.loan
    changed = loan_at(life, position, _paid_before(life, transaction))
    before, after = difference(loan._asdict(), changed._asdict())
    event = Event(
        Action.TRANSACTION_RECORDED, SubjectKind.LOAN, loan.loan_id, before or None, _told(transaction) | after
    )
    return Written(
        loan.loan_id,
        [*(disbursed(life) if life.disbursal else ()), transaction],
        position,
        transaction.number,
        changed.emis_paid_on_time,
        changed.end_date,
        life.terms if begins else None,
        loan.end_date if begins else None,
        [(transaction.author, event)],
    )


def _paid_before(life: Life, reversal: Transaction) -> int:
    """The EMIs paid on time of a loan whose opening is reversed: as many as were stated before it."""
    undone = next((fact.opening for fact in life.facts or () if fact.number == reversal.reverses), None)
    return undone.emis_paid_on_time if undone else life.loan.emis_paid_on_time


def disbursed(life: Life) -> tuple[Transaction]:
    """The disbursal of a loan that was made here before disbursals were recorded, as it is recorded now."""
    assert life.disbursal is not None
    return (_transaction(life, life.disbursal, Wanted(Kind.DISBURSAL), BOOTSTRAP),)


def _told(transaction: Transaction) -> dict[str, Any]:
    """What the audit log says of a transaction."""
    names = ("number", "kind", "amount", "value_date", "intent", "effect", "reverses", "reference", "channel", "reason")
    given = {name: getattr(transaction, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def _recorded_before(life: Life, known: Transaction, wanted: Wanted, today: date) -> Recorded:
    """The transaction that has the reference already. Raises ReferenceConflict if that is another one."""
    differing = _differences(life, known, wanted)
    if differing:
        sentence = f"The reference {wanted.reference!r} belongs to a transaction with other values."
        raise ReferenceConflict(sentence, differing)
    number = known.number
    found = _split_of(life, list(life.facts or ()), number)
    return Recorded(known, found, standing_today(life.terms, life.position, today), recorded_before=True)


def _differences(life: Life, known: Transaction, wanted: Wanted) -> Mapping[str, Any]:
    """What was given and what was recorded, by name, if it is not the same. What was left out is not compared."""
    given = {
        "loan_id": life.loan.loan_id,
        "kind": wanted.kind,
        "amount": wanted.amount,
        "value_date": wanted.value_date,
        "intent": wanted.meant,
        "effect": wanted.effect,
        "reverses": wanted.reverses,
    }
    optional = {"amount", "value_date"}
    different = [
        name
        for name, value in given.items()
        if value != getattr(known, name) and not (value is None and name in optional)
    ]
    figures = {name: given[name] for name in different}
    figures |= {f"recorded_{name}": getattr(known, name) for name in different}
    return figures | (_opening_differences(wanted.opening, known.opening) if wanted.opening and known.opening else {})


def _opening_differences(given: WantedOpening, known: Opening) -> dict[str, Any]:
    different = [name for name, value in vars(given).items() if value != getattr(known, name)]
    return {name: getattr(given, name) for name in different} | {
        f"recorded_{name}": getattr(known, name) for name in different
    }
