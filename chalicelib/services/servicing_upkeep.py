"""What a deployment does for the life of loans by itself, whenever it comes to life."""

from time import monotonic

from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.access import BOOTSTRAP
from chalicelib.rules.auditing import Action, Event, SubjectKind, difference
from chalicelib.rules.servicing.refusals import Refused
from chalicelib.services.servicing import disbursed
from chalicelib.storage import servicing
from chalicelib.storage.lives import Life, end_date_of, life_of, loan_at
from chalicelib.storage.servicing import StoredLife, Written

BATCH = 1000

# Receipts of the loans of a batch wait until it is done.
RECOUNTED_AT_ONCE = 200


def begin_servicing(database: Database) -> int:
    """Disburses the loans that were made here before disbursals were recorded; whatever fell due since is due.

    In batches, each a transaction: safe to run at any time, by several at once and beside a release that still makes
    such loans. Returns how many there were.
    """
    begun, behind = 0, 0
    while (batch := _begin_batch(database, behind))[0]:
        begun, behind = begun + batch[0], batch[1]
    return begun


@retried
def _begin_batch(database: Database, behind: int) -> tuple[int, int]:
    """How many of the next loans were disbursed, and the number of the last."""
    with database.transaction() as tx:
        found = servicing.lock_undisbursed(tx.connection, behind, BATCH)
        lives = [life_of(stored) for stored in found]
        servicing.write(tx.connection, [_disbursal(life) for life in lives if life.disbursal])
        tx.commit()
    return len(found), found[-1].loan.loan_id if found else behind


def _disbursal(life: Life) -> Written:
    return Written(
        life.loan.loan_id,
        disbursed(life),
        life.position,
        life.last_number,
        life.position.paid_on_time,
        end_date_of(life, life.position),
        life.terms,
        life.loan.end_date,
    )


def recount(database: Database, seconds: float) -> int:
    """Makes the positions anew that other rules than today's made, and what their loans say of themselves.

    In batches, each a transaction, until none is left or the time is over: safe to run at any time and by several at
    once, and the next run goes on. Returns how many were made. Raises RuntimeError with the loan if the rules refuse
    what was recorded of it, which they must not.
    """
    until, made = monotonic() + seconds, 0
    while batch := _recount_batch(database):
        made += batch
        if monotonic() > until:
            break
    return made


@retried
def _recount_batch(database: Database) -> int:
    with database.transaction() as tx:
        numbers = servicing.lock_outdated(tx.connection, RECOUNTED_AT_ONCE)
        if numbers:
            found = servicing.get_many(tx.connection, dict.fromkeys(numbers))
            servicing.write(tx.connection, [_recounted(stored) for stored in found])
        tx.commit()
    return len(numbers)


def _recounted(stored: StoredLife) -> Written:
    try:
        life = life_of(stored)
    except Refused as refused:
        raise RuntimeError(f"Loan {stored.loan.loan_id} cannot be counted anew: {refused}") from refused
    loan = life.loan
    changed = loan_at(life, life.position, loan.emis_paid_on_time)
    before, after = difference(loan._asdict(), changed._asdict())
    event = Event(Action.LOAN_RECOUNTED, SubjectKind.LOAN, loan.loan_id, before, after)
    return Written(
        loan.loan_id,
        (),
        life.position,
        life.last_number,
        changed.emis_paid_on_time,
        changed.end_date,
        events=[(BOOTSTRAP, event)] if after else (),
    )
