"""The queries behind the console's list of loans: what it is filtered and sorted by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, not_, or_, select

from chalicelib.rules.servicing.buckets import BUCKETS, Bucket, holding_from
from chalicelib.rules.servicing.standing import Status
from chalicelib.storage import listing
from chalicelib.storage.authors import is_by
from chalicelib.storage.listing import Order, Page, Place, Summary, both_ways
from chalicelib.storage.loans import LoanOnRecord
from chalicelib.storage.tables import loan_positions, loans

_COLUMNS = loans.c
_NUMBER = _COLUMNS.loan_id

ORDERS: Mapping[str, Order] = {
    "newest": Order(descending=True),
    "number": Order(),
    **both_ways(amount=_COLUMNS.loan_amount, rate=_COLUMNS.interest_rate, start=_COLUMNS.start_date),
}

_OVER = (Status.CLOSED, Status.WRITTEN_OFF)
# Of late loans, those that are late the longest first: the order of their index, whatever else is asked.
LATE_THE_LONGEST = Order(loan_positions.c.unpaid_from, number=loan_positions.c.loan_id)


@dataclass(frozen=True)
class Wanted:
    """Which loans; None filters nothing, all bounds count, `who` is an identity or a kind. `bucket` and `days_late`,
    the days past due at least, are those of loans that are serviced here and open.
    """

    customer_id: int | None = None
    current: bool | None = None
    status: Status | None = None
    bucket: Bucket | None = None
    days_late: int | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    rate_from: Decimal | None = None
    rate_to: Decimal | None = None
    rate_below: Decimal | None = None
    who: str | None = None
    since: date | None = None
    to: date | None = None


_ON_RECORD: Select[Any] = select(*(_COLUMNS[field.name] for field in fields(LoanOnRecord)))


def page(connection: Connection, wanted: Wanted, place: Place, *, today: date) -> Page[LoanOnRecord]:
    """The loans at a place of one of ORDERS."""
    return listing.page(
        connection,
        _ON_RECORD,
        place,
        matching=[_matching(wanted, today, needs_loans=place.order.key is not None and place.order.number is None)],
        number=_NUMBER,
        make=LoanOnRecord,
        number_of=lambda loan: loan.loan_id,
    )


def summary(connection: Connection, wanted: Wanted, today: date) -> Summary:
    """How many there are, and the sum of what was lent; of late loans, and those of a class, the principal that is
    outstanding, which the index of those has.
    """
    amount = loan_positions.c.principal if asks_how_late(wanted) else _COLUMNS.loan_amount
    return listing.summary(connection, _matching(wanted, today, needs_loans=not asks_how_late(wanted)), amount)


def asks_how_late(wanted: Wanted) -> bool:
    """Whether the loans are asked for by how late they are."""
    return wanted.bucket is not None or wanted.days_late is not None


def asks_of_positions(wanted: Wanted) -> bool:
    """Whether only the positions of loans tell which match."""
    return asks_how_late(wanted) or wanted.status in _OVER


def asks_for_late(wanted: Wanted) -> bool:
    """Whether all of them are late."""
    return wanted.days_late is not None or (wanted.bucket is not None and wanted.bucket.days_past_due > 0)


def is_in_bucket(bucket: Bucket, today: date) -> ColumnElement[bool]:
    """The condition that a position is that of an open loan in this bucket today, of columns alone: of an expression of
    the bucket the planner cannot tell how many loans it leaves (storage/delinquency.py).
    """
    columns, holding = loan_positions.c, holding_from(BUCKETS)
    in_range = and_(*_due_dates(bucket, today))
    if bucket.days_past_due == 0:
        # If charges are all that is left, no due date is unpaid.
        in_range = or_(in_range, columns.unpaid_from.is_(None))
    if holding is not None and bucket.days_past_due < holding:
        in_range = and_(in_range, not_(columns.held))
    if bucket.days_past_due == holding:
        in_range = or_(in_range, and_(columns.held, columns.unpaid_from > _days_before(today, holding)))
    return and_(columns.status == Status.OPEN.value, in_range)


def is_late(days: int, today: date) -> ColumnElement[bool]:
    """The condition that a position is that of an open loan which is so many days past due, or more."""
    columns = loan_positions.c
    return and_(columns.status == Status.OPEN.value, columns.unpaid_from <= _days_before(today, days))


def _due_dates(bucket: Bucket, today: date) -> Iterator[ColumnElement[bool]]:
    """From which due dates on loans of a bucket are unpaid."""
    unpaid_from, place = loan_positions.c.unpaid_from, BUCKETS.index(bucket)
    if bucket.days_past_due:
        yield unpaid_from <= _days_before(today, bucket.days_past_due)
    if place + 1 < len(BUCKETS):
        yield unpaid_from > _days_before(today, BUCKETS[place + 1].days_past_due)


def _days_before(today: date, days: int) -> date:
    return today - timedelta(days=days)


def _matching(wanted: Wanted, today: date, *, needs_loans: bool) -> Select[tuple[int]]:
    """The numbers of loans that match, from positions alone if they say enough."""
    of_positions, of_loans = list(_of_positions(wanted, today)), list(_of_loans(wanted, today))
    if not of_positions:
        return select(_NUMBER).where(*of_loans)
    found = select(loan_positions.c.loan_id).where(*of_positions, *of_loans)
    return found.join(loans, loan_positions.c.loan_id == _NUMBER) if needs_loans or of_loans else found


def _of_positions(wanted: Wanted, today: date) -> Iterator[ColumnElement[bool]]:
    if wanted.bucket is not None:
        yield is_in_bucket(wanted.bucket, today)
    if wanted.days_late is not None:
        yield is_late(wanted.days_late, today)
    if wanted.status in _OVER:
        yield loan_positions.c.status == wanted.status.value


def _of_loans(wanted: Wanted, today: date) -> Iterator[ColumnElement[bool]]:
    bounds = (
        (wanted.amount_from, _COLUMNS.loan_amount.__ge__),
        (wanted.amount_to, _COLUMNS.loan_amount.__le__),
        (wanted.rate_from, _COLUMNS.interest_rate.__ge__),
        (wanted.rate_to, _COLUMNS.interest_rate.__le__),
        (wanted.rate_below, _COLUMNS.interest_rate.__lt__),
        (wanted.since, _COLUMNS.start_date.__ge__),
        (wanted.to, _COLUMNS.start_date.__le__),
        (wanted.customer_id, _COLUMNS.customer_id.__eq__),
    )
    for value, holds in bounds:
        if value is not None:
            yield holds(value)
    if wanted.current:
        yield or_(_COLUMNS.is_open, _COLUMNS.end_date >= today, _COLUMNS.end_date.is_(None))
    elif wanted.current is not None:
        yield and_(not_(_COLUMNS.is_open), _COLUMNS.end_date < today)
    if wanted.status is Status.OPEN:
        yield _COLUMNS.is_open
    if wanted.status is Status.NOT_SERVICED:
        # A loan whose opening was reversed has a position that says so. One that is serviced is either open, or over.
        yield not_(_COLUMNS.is_open)
        yield (
            ~select(loan_positions.c.loan_id)
            .where(loan_positions.c.loan_id == _NUMBER, loan_positions.c.status != Status.NOT_SERVICED.value)
            .exists()
        )
    if wanted.who is not None:
        yield is_by(_COLUMNS.created_by, wanted.who)
