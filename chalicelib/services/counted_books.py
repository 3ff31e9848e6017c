"""The overview of a large book, which takes seconds to count: counted ahead, and shown until it is counted again.

A small book is counted by the page that shows it. A container shows either again for a while (Overviews).
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.postgres.database import Database
from chalicelib.postgres.errors import retried
from chalicelib.rules.policy import Policy
from chalicelib.services import statistics
from chalicelib.services.delinquency import Delinquency, view_delinquency
from chalicelib.services.statistics import Overview, rate_floors
from chalicelib.storage import counted_books
from chalicelib.storage.counted_books import CountedBook

if TYPE_CHECKING:
    from pydantic import TypeAdapter

# Loans or applications, of which one day's work is counted in less time than a page may take.
LARGE = 20_000
# The bootstrap counts every fifteen minutes. If it does not run, a page counts.
OLDEST = timedelta(hours=1)
NAME = "overview"
# What took 5 ms, as counting a thousand loans does, is shown for half a second; what took 1 s, for 100 s.
MOST_SHARE_OF_TIME = 0.01


class Overviews:
    """Shows the last overview again for a while that grows with what it cost: however large the book is and however
    often it is looked at, counting takes MOST_SHARE_OF_TIME at most. Its `as_of` says how old it is.
    """

    def __init__(self, database: Database, now: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._now = now
        self._kept: tuple[object, Overview, float] | None = None

    def get(self, policy: Policy, today: date) -> Overview:
        """The overview of a day, by the rates of a policy."""
        asked_at = self._now()
        if self._kept and self._kept[0] == (policy, today) and asked_at < self._kept[2]:
            return self._kept[1]
        overview = overview_of(self._database, policy, today)
        counted_at = self._now()
        self._kept = ((policy, today), overview, counted_at + (counted_at - asked_at) / MOST_SHARE_OF_TIME)
        return overview


@cache
def overviews(database: Database) -> Overviews:
    """The overviews of a database, which one container keeps."""
    return Overviews(database)


def overview_of(database: Database, policy: Policy, today: date) -> Overview:
    """The overview of the book on a day; of a large one, as it was counted last, at `as_of`."""
    book = _read(database)
    if book.rows < LARGE:
        return statistics.count(database, policy, today)
    kept = _kept(book)
    if kept and [band.floor for band in kept.portfolio] == rate_floors(policy):
        return kept
    return _count_ahead(database, policy, today)


def count_ahead(database: Database, policy: Policy, today: date) -> bool:
    """Counts the book for the pages that will show it, if it is large. Returns whether it is."""
    is_large = _read(database).rows >= LARGE
    if is_large:
        _count_ahead(database, policy, today)
    return is_large


def delinquency_of(database: Database, today: date) -> tuple[Delinquency, datetime | None]:
    """How many loans are how late today; of a large book as it was counted last, and when that was."""
    book = _read(database)
    kept = _kept(book) if book.rows >= LARGE else None
    if kept and kept.day == today:
        return Delinquency(today, kept.servicing.buckets), kept.as_of
    return view_delinquency(database, today, today), None


@retried
def _read(database: Database) -> CountedBook:
    with database.reading() as connection:
        return counted_books.get(connection, NAME)


def _kept(book: CountedBook) -> Overview | None:
    if book.counted is None or book.counted_at is None or book.counted_at < datetime.now(UTC) - OLDEST:
        return None
    from pydantic import ValidationError

    try:
        return _overviews().validate_json(book.counted)
    except ValidationError:
        # While a release is deployed, the one before counts too; its overview may have another form.
        return None


@retried
def _count_ahead(database: Database, policy: Policy, today: date) -> Overview:
    overview = statistics.count(database, policy, today)
    with database.transaction() as tx:
        counted = _overviews().dump_json(overview).decode()
        counted_books.keep(tx.connection, NAME, counted_at=overview.as_of, counted=counted)
        tx.commit()
    return overview


@cache
def _overviews() -> "TypeAdapter[Overview]":
    # Made when it is needed, which in most containers is never.
    from pydantic import TypeAdapter

    return TypeAdapter(Overview)
