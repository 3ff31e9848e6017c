"""The use cases of collections: how many loans are how late, and which."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.errors import InvalidRequest
from chalicelib.postgres.database import Database, see_one_moment
from chalicelib.postgres.errors import retried
from chalicelib.rules.money import ZERO
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.standing import Standing, Status, standing, standing_today
from chalicelib.rules.servicing.values import Fact, Terms
from chalicelib.rules.wording import Sentence
from chalicelib.storage import delinquency
from chalicelib.storage.delinquency import Behind, LateLoan, Total

# A day in the past is asked of the facts of every loan that has changed since, which takes 0.1 ms each.
MOST_REPLAYED = 10_000


@dataclass(frozen=True)
class BucketTotal:
    """The open loans in a bucket, and their principal outstanding in rupees."""

    bucket: Bucket
    loans: int
    principal: Decimal


@dataclass(frozen=True)
class Delinquency:
    """All buckets on a day, from the best to the worst, also those without loans."""

    as_of: date
    buckets: tuple[BucketTotal, ...]


@dataclass(frozen=True)
class LateLoanToday:
    """A loan in a bucket, whom to call about it, and what it owes."""

    loan: LateLoan
    standing: Standing

    @property
    def behind(self) -> Behind:
        """Where the next page goes on if this is the last loan of one."""
        return Behind(self.loan.unpaid_from, self.loan.loan_id)


@retried
def view_delinquency(database: Database, as_of: date, today: date) -> Delinquency:
    """How many loans are how late on a day, in one statement for today and later.

    A day before today takes a replay of each loan with a later fact. Raises InvalidRequest if there are too many.
    """
    if as_of >= today:
        with database.reading() as connection:
            return Delinquency(as_of, added_up(delinquency.totals(connection, as_of, BUCKETS)))
    with database.transaction() as tx:
        # A loan that is paid between the two would be in both.
        see_one_moment(tx.connection)
        totals = delinquency.totals(tx.connection, as_of, BUCKETS)
        changed = delinquency.changed_since(tx.connection, as_of, MOST_REPLAYED + 1)
    if len(changed) > MOST_REPLAYED:
        words = f"More than {MOST_REPLAYED} loans have changed since {{as_of:day}}; ask for a later day."
        sentence = Sentence(words, as_of=as_of)
        raise InvalidRequest(sentence, {"as_of": [sentence]})
    return Delinquency(as_of, added_up([*totals, *_replayed(changed, as_of)]))


@retried
def list_late_loans(
    database: Database, bucket: Bucket, today: date, *, behind: Behind | None, limit: int
) -> list[LateLoanToday]:
    """The open loans of a bucket of BUCKETS, those that are late the longest first, from behind a loan on."""
    with database.reading() as connection:
        found = delinquency.page(connection, BUCKETS.index(bucket), today, buckets=BUCKETS, behind=behind, limit=limit)
    return [_today(loan, today) for loan in found]


def _today(loan: LateLoan, today: date) -> LateLoanToday:
    return LateLoanToday(loan, standing_today(loan.terms, loan.position, today))


def _replayed(lives: Sequence[tuple[Terms, list[Fact]]], as_of: date) -> list[Total]:
    standings = [standing(terms, fold(terms, facts, as_of), as_of) for terms, facts in lives]
    return [Total(BUCKETS.index(each.bucket), 1, each.principal) for each in standings if each.status is Status.OPEN]


def added_up(totals: Sequence[Total]) -> tuple[BucketTotal, ...]:
    """All buckets, also those of which there is no total, from the best to the worst."""
    loans: Counter[int] = Counter()
    principal = dict.fromkeys(range(len(BUCKETS)), ZERO)
    for total in totals:
        loans[total.bucket] += total.loans
        principal[total.bucket] += total.principal
    return tuple(BucketTotal(bucket, loans[place], principal[place]) for place, bucket in enumerate(BUCKETS))
