"""What the first page of the console shows: counts and sums over all there is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from chalicelib.imports import jobs
from chalicelib.imports.jobs import ImportJob
from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.importing import ImportState
from chalicelib.rules.policy import Policy
from chalicelib.rules.reasons import Reason
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.services.delinquency import BucketTotal, added_up
from chalicelib.storage import delinquency, loans, statistics, unopened
from chalicelib.storage.loans import LikelyDouble
from chalicelib.storage.paging import Cursor
from chalicelib.storage.statistics import ApplicationCount, BandOfLoans
from chalicelib.storage.unopened import MadeHere

DAYS = 30
BANDS = 10
# Imports that are looked at for one that needs somebody.
LATEST_IMPORTS = 20
DOUBLES_SHOWN = 20
UNOPENED_SHOWN = 20


@dataclass(frozen=True)
class Outcomes:
    """How many applications were approved and refused."""

    approved: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        return self.approved + self.refused


@dataclass(frozen=True)
class RateBand:
    """Current loans at `floor` percent a year or more, and below `below` where there is a next band. In rupees."""

    floor: Decimal
    below: Decimal | None
    loans: int
    lent: Decimal
    outstanding: Decimal


@dataclass(frozen=True)
class Servicing:
    """The loans that are serviced here and open: how late they are, what is overdue, and this month's money, in rupees.

    `demanded` is what instalments ask for this month up to today, and `demanded_in_all` until its end.
    """

    buckets: tuple[BucketTotal, ...]
    overdue: Decimal
    demanded: Decimal
    demanded_in_all: Decimal
    received: Decimal

    @property
    def loans(self) -> int:
        return sum(bucket.loans for bucket in self.buckets)

    @property
    def late_loans(self) -> int:
        """Those that are not in the best bucket."""
        return sum(bucket.loans for bucket in self.buckets if bucket.bucket.days_past_due)


@dataclass(frozen=True)
class Unopened:
    """The loans that need an opening: those that were made here, at most UNOPENED_SHOWN, and how many imported ones."""

    made_here: Sequence[MadeHere]
    imported: int


@dataclass(frozen=True)
class Overview:
    """The state of the book on a day. `as_of` is when it was counted."""

    as_of: datetime
    today: Outcomes
    month: Outcomes
    days: Mapping[date, Outcomes]
    # By band of ten points of score, from 0 to 9 on, over the same days.
    scores: Sequence[Outcomes]
    refusals: Mapping[Reason, int]
    portfolio: Sequence[RateBand]
    doubles: Sequence[LikelyDouble]
    unopened: Unopened
    servicing: Servicing

    @property
    def day(self) -> date:
        """The day that it is the overview of."""
        return max(self.days)

    @property
    def current_loans(self) -> int:
        return sum(band.loans for band in self.portfolio)

    @property
    def lent(self) -> Decimal:
        """What was lent by the loans that are current, in rupees."""
        return sum((band.lent for band in self.portfolio), Decimal(0))

    @property
    def outstanding(self) -> Decimal:
        """What of it is left to be repaid, in rupees. Of loans that are not serviced here, if every instalment that
        fell due was paid.
        """
        return sum((band.outstanding for band in self.portfolio), Decimal(0))


@retried
def count(database: Database, policy: Policy, today: date) -> Overview:
    """The overview as it is now, counted from all there is."""
    floors = rate_floors(policy)
    since = counted_since(today)
    as_of = datetime.now(UTC)
    with database.reading() as connection:
        applications = statistics.applications_since(connection, since, today)
        refusals = statistics.refusals_since(connection, since, today)
        bands = statistics.portfolio(connection, floors, today)
        doubles = loans.likely_doubles(connection, DOUBLES_SHOWN)
        to_open = Unopened(unopened.made_here(connection, UNOPENED_SHOWN), unopened.count_imported(connection, today))
        servicing = _servicing(connection, today)
    by_day = [each for each in applications if each.day is not None]
    return Overview(
        as_of,
        _outcomes(each for each in by_day if each.day == today),
        _outcomes(each for each in by_day if each.day and each.day >= today.replace(day=1)),
        _days(by_day, since, today),
        [_outcomes(each for each in applications if each.band == band) for band in range(BANDS)],
        _refusals(refusals),
        _bands(bands, floors),
        doubles,
        to_open,
        servicing,
    )


def _servicing(connection: Connection, today: date) -> Servicing:
    demands = statistics.demands(connection, today)
    return Servicing(
        added_up(delinquency.totals(connection, today, BUCKETS)),
        statistics.overdue(connection, today),
        demands.so_far,
        demands.in_all,
        statistics.receipts(connection, today),
    )


@retried
def imports_to_look_at(database: Database) -> list[ImportJob]:
    """Of the latest imports those that run, failed or left rows out, the newest first; without those dismissed."""
    with database.reading() as connection:
        latest = jobs.listed(connection, Cursor(LATEST_IMPORTS)).rows
    return [job for job in latest if _needs_attention(job)]


def _needs_attention(job: ImportJob) -> bool:
    if job.state == ImportState.COMPLETED:
        return not job.is_dry_run and any(sheet.rejected for sheet in job.sheets)
    return job.dismissed_at is None


def counted_since(today: date) -> date:
    """The first day that is counted: DAYS days, and the month whatever its length."""
    return min(today.replace(day=1), today - timedelta(days=DAYS - 1))


def rate_floors(policy: Policy) -> list[Decimal]:
    """Where the bands of rates start: at nothing, and at the floors of the policy's slabs."""
    return sorted({Decimal(0), *(slab.rate_floor for slab in policy.slabs)})


def _outcomes(counts: Iterable[ApplicationCount]) -> Outcomes:
    approved = refused = 0
    for each in counts:
        if each.approved:
            approved += each.count
        else:
            refused += each.count
    return Outcomes(approved, refused)


def _days(counts: Sequence[ApplicationCount], since: date, today: date) -> dict[date, Outcomes]:
    days = [since + timedelta(days=passed) for passed in range((today - since).days + 1)]
    return {day: _outcomes(each for each in counts if each.day == day) for day in days}


def _bands(counted: Sequence[BandOfLoans], floors: Sequence[Decimal]) -> list[RateBand]:
    """A band for each floor, also where no loan is in it."""
    known = {band.band: band for band in counted}
    found = []
    for number, floor in enumerate(floors, start=1):
        band = known.get(number, BandOfLoans(number, 0, Decimal(0), Decimal(0)))
        below = floors[number] if number < len(floors) else None
        found.append(RateBand(floor, below, band.loans, band.lent, band.outstanding))
    return found


def _refusals(counted: Mapping[str, int]) -> dict[Reason, int]:
    # An approval's remarks may stand beside what refuses.
    return {
        reason: times for reason, times in ((Reason(code), times) for code, times in counted.items()) if reason.refuses
    }
