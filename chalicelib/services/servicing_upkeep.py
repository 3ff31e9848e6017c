"""What a deployment does for the life of loans by itself, whenever it comes to life."""

from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.services.servicing import disbursed
from chalicelib.storage import servicing
from chalicelib.storage.lives import Life, end_date_of, life_of
from chalicelib.storage.servicing import Written

BATCH = 1000


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
