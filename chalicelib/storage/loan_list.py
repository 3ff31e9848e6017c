"""The queries behind the console's list of loans: what it is filtered and sorted by."""

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, not_, or_, select, true

from chalicelib.rules.servicing.buckets import BUCKETS, Bucket, holding_from
from chalicelib.rules.servicing.standing import Status
from chalicelib.storage import listing
from chalicelib.storage.authors import is_by, is_file
from chalicelib.storage.lending_list import WantedLending, lending_conditions
from chalicelib.storage.listing import NEWEST, Columns, Lead, Order, Page, Place, Source, Summary, both_ways
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.paging import Cursor
from chalicelib.storage.standings import LISTED, Listed, in_state, with_listed
from chalicelib.storage.tables import loan_positions, loans

_COLUMNS = loans.c
_NUMBER = _COLUMNS.loan_id

ORDERS: Mapping[str, Order] = {
    "newest": NEWEST,
    "number": Order(),
    **both_ways(amount=_COLUMNS.loan_amount, rate=_COLUMNS.interest_rate, start=_COLUMNS.start_date),
}

# What is asked of loans beside what an index finds, and of their positions.
_ASKED = tuple(
    _COLUMNS[name] for name in ("loan_amount", "interest_rate", "start_date", "end_date", "is_open", "created_by")
)
_ASKED_OF_POSITIONS = tuple(loan_positions.c[name] for name in ("status", "unpaid_from", "held"))
_OVER = (Status.CLOSED, Status.WRITTEN_OFF)
_LATE_THE_LONGEST = Order(loan_positions.c.unpaid_from)


@dataclass(frozen=True, kw_only=True)
class Wanted(WantedLending):
    """Which loans, the days being those of their start. `bucket` and `days_late`, the days past due at least, are those
    of loans that are serviced here and open.
    """

    current: bool | None = None
    status: Status | None = None
    bucket: Bucket | None = None
    days_late: int | None = None
    rate_from: Decimal | None = None
    rate_to: Decimal | None = None
    rate_below: Decimal | None = None


ListedLoan = tuple[LoanOnRecord, Listed]


def page(connection: Connection, wanted: Wanted, place: Place, *, today: date) -> Page[ListedLoan]:
    """The loans at a place of one of ORDERS, each with its customer and where it stands."""
    how: dict[str, Any] = {"number": _NUMBER, "make": with_listed, "number_of": lambda found: found[0].loan_id}
    if place.order.key is None and wanted == Wanted(current=wanted.current) != Wanted():
        cursor, newest_first = Cursor(place.size, place.last), place.seen.descending
        known = in_state(cursor, today, current=bool(wanted.current), newest_first=newest_first)
        numbers = select(known.c.loan_id.label("number"), known.c.loan_id.label("key")).subquery()
        return listing.page_of(connection, LISTED, place, numbers=numbers, **how)
    return listing.page(
        connection,
        LISTED,
        place,
        source=_source(wanted, today, place.order, needs_loans=place.order.key is not None),
        **how,
    )


def summary(connection: Connection, wanted: Wanted, today: date) -> Summary:
    """How many there are, and the sum of what was lent; of late loans, and those of a class, the principal that is
    outstanding, which the index of those has.
    """
    amount = loan_positions.c.principal if asks_how_late(wanted) else _COLUMNS.loan_amount
    return listing.summary(connection, _source(wanted, today, NEWEST, needs_loans=not asks_how_late(wanted)), amount)


def asks_how_late(wanted: Wanted) -> bool:
    """Whether the loans are asked for by how late they are."""
    return wanted.bucket is not None or wanted.days_late is not None


def _asks_of_positions(wanted: Wanted) -> bool:
    return asks_how_late(wanted) or wanted.status in (*_OVER, Status.NOT_SERVICED)


def asks_for_late(wanted: Wanted) -> bool:
    """Whether all of them are late."""
    return wanted.days_late is not None or (wanted.bucket is not None and wanted.bucket.days_past_due > 0)


def is_late(days: int, today: date) -> ColumnElement[bool]:
    """The condition that a position is that of an open loan which is so many days past due, or more."""
    columns = loan_positions.c
    return and_(columns.status == Status.OPEN.value, columns.unpaid_from <= _days_before(today, days))


def _source(wanted: Wanted, today: date, order: Order, *, needs_loans: bool) -> Source:
    """Where loans are looked for: by the one thing asked that has an index and leaves the fewest of them."""
    most = listing.LOOKED // listing.ELSEWHERE if _asks_of_positions(wanted) else listing.LOOKED
    lead: Lead | None = None
    rows, found_in = [_loans_with_positions(wanted)], NEWEST
    if wanted.customer_id is not None:
        rows = [each.where(_COLUMNS.customer_id == wanted.customer_id) for each in rows]
    elif asks_for_late(wanted):
        needs_loans = needs_loans or any(True for _ in _of_loans(wanted, today, _COLUMNS))
        rows, found_in = [_positions(needs_loans).where(each) for each in _late(wanted, today)], _LATE_THE_LONGEST
    elif wanted.status in _OVER:
        lead = Lead(loan_positions.c.status, wanted.status.value)
        over = listing.of_one(loan_positions.c.status, wanted.status.value, loan_positions.c.loan_id)
        # The index is of those that are not open, which the planner does not see from the range.
        is_over = loan_positions.c.status != Status.OPEN.value
        rows = [_positions(with_loans=True).add_columns(loan_positions.c.status).where(over, is_over)]
    elif wanted.who is not None and not is_file(wanted.who):
        # The index is of loans that were made here.
        lead = Lead(_COLUMNS.created_by, bytewise=True)
        made_here = is_by(_COLUMNS.created_by, wanted.who), _COLUMNS.source_loan_id.is_(None)
        rows = [each.where(*made_here) for each in rows]
    elif wanted.current is False:
        rows = [each.where(not_(_COLUMNS.is_open), _COLUMNS.end_date < today) for each in rows]
        found_in = Order(_COLUMNS.end_date, descending=True)
    elif wanted.status is Status.NOT_SERVICED:
        lead = Lead(_COLUMNS.is_open, False)
        rows = [each.where(listing.of_one(_COLUMNS.is_open, False, _NUMBER)) for each in rows]
    elif wanted.since or wanted.to or order.key is _COLUMNS.start_date:
        rows = [each.where(*_started(wanted, _COLUMNS)) for each in rows]
        found_in = Order(_COLUMNS.start_date, descending=True)
    return Source(rows, found_in, most, lambda columns: _conditions(wanted, today, columns), lead)


def _loans_with_positions(wanted: Wanted) -> Select[Any]:
    """Loans with what is asked of them, and of their positions if that is asked."""
    rows = select(_NUMBER, *_ASKED)
    if not _asks_of_positions(wanted):
        return rows
    # Those without one too: they are looked through as well.
    joined = rows.outerjoin_from(loans, loan_positions, loan_positions.c.loan_id == _NUMBER)
    return joined.add_columns(*_ASKED_OF_POSITIONS, loan_positions.c.status)


def _positions(with_loans: bool) -> Select[Any]:
    """Positions with what is asked of them, which their index has, and of their loans."""
    rows = select(loan_positions.c.loan_id, *_ASKED_OF_POSITIONS)
    if not with_loans:
        return rows
    return rows.add_columns(*_ASKED).join_from(loan_positions, loans, loan_positions.c.loan_id == _NUMBER)


def _late(wanted: Wanted, today: date) -> Iterator[ColumnElement[bool]]:
    """The stretches of positions among which all are that are so late: of columns alone, because of an expression of
    the bucket the planner cannot tell how many loans it leaves (storage/buckets.py).
    """
    columns, is_open = loan_positions.c, loan_positions.c.status == Status.OPEN.value
    if wanted.bucket is None:
        yield is_late(wanted.days_late or 0, today)
        return
    yield and_(is_open, *_due_dates(wanted.bucket, today, columns))
    holding = holding_from(BUCKETS)
    if wanted.bucket.days_past_due == holding:
        yield and_(is_open, columns.held, columns.unpaid_from > _days_before(today, holding))


def _conditions(wanted: Wanted, today: date, columns: Columns) -> Iterator[ColumnElement[bool]]:
    """All that is asked but for the customer."""
    yield from _of_loans(wanted, today, columns)
    if wanted.bucket is not None:
        yield _is_in_bucket(wanted.bucket, today, columns)
    if wanted.days_late is not None:
        yield columns.unpaid_from <= _days_before(today, wanted.days_late)
    if asks_how_late(wanted) and "is_open" in columns:
        yield columns.is_open
    if wanted.status in _OVER:
        yield columns.status == wanted.status.value


def _is_in_bucket(bucket: Bucket, today: date, columns: Columns) -> ColumnElement[bool]:
    """Whether a position of an open loan is in this bucket today."""
    holding = holding_from(BUCKETS)
    in_range = and_(true(), *_due_dates(bucket, today, columns))
    if bucket.days_past_due == 0:
        # If charges are all that is left, no due date is unpaid.
        in_range = or_(in_range, columns.unpaid_from.is_(None))
    if holding is not None and bucket.days_past_due < holding:
        in_range = and_(in_range, not_(columns.held))
    if bucket.days_past_due == holding:
        in_range = or_(in_range, and_(columns.held, columns.unpaid_from > _days_before(today, holding)))
    return in_range


def _due_dates(bucket: Bucket, today: date, columns: Columns) -> Iterator[ColumnElement[bool]]:
    """From which due dates on loans of a bucket are unpaid."""
    place = BUCKETS.index(bucket)
    if bucket.days_past_due:
        yield columns.unpaid_from <= _days_before(today, bucket.days_past_due)
    if place + 1 < len(BUCKETS):
        yield columns.unpaid_from > _days_before(today, BUCKETS[place + 1].days_past_due)


def _days_before(today: date, days: int) -> date:
    return today - timedelta(days=days)


def _started(wanted: Wanted, columns: Columns) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield columns.start_date >= wanted.since
    if wanted.to is not None:
        yield columns.start_date <= wanted.to


def _of_loans(wanted: Wanted, today: date, columns: Columns) -> Iterator[ColumnElement[bool]]:
    yield from lending_conditions(wanted, columns)
    bounds = (
        (wanted.rate_from, operator.ge),
        (wanted.rate_to, operator.le),
        (wanted.rate_below, operator.lt),
    )
    # Not all that is looked through has this column.
    for value, holds in bounds:
        if value is not None:
            yield holds(columns.interest_rate, value)
    yield from _started(wanted, columns)
    if wanted.current:
        yield or_(columns.is_open, columns.end_date >= today, columns.end_date.is_(None))
    elif wanted.current is not None:
        yield and_(not_(columns.is_open), columns.end_date < today)
    if wanted.status is Status.OPEN:
        yield columns.is_open
    if wanted.status is Status.NOT_SERVICED:
        # A loan whose opening was reversed has a position that says so. One that is serviced is either open, or over.
        yield not_(columns.is_open)
        yield or_(columns.status.is_(None), columns.status == Status.NOT_SERVICED.value)
