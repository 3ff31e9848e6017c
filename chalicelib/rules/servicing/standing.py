"""What a loan owes on a day, from its position alone: for lists, for the decision to record, for the account."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from chalicelib.rules.money import from_paise
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket, bucket_of
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.projection import ahead
from chalicelib.rules.servicing.values import Terms


class Status(StrEnum):
    """Where a loan is in its life."""

    NOT_SERVICED = "not_serviced"
    OPEN = "open"
    CLOSED = "closed"
    WRITTEN_OFF = "written_off"


class NextInstalment(NamedTuple):
    """The next instalment that will be demanded after today, and what of it is not paid yet, in rupees."""

    number: int
    due_date: date
    amount: Decimal


class Standing(NamedTuple):
    """A loan on a day, in rupees.

    `outstanding` is `principal` + `interest` + `charges`, all that is owed today. `due` is what has been demanded of
    interest and principal and is not covered, today's instalment included; `overdue` is without today's. Charges are
    not part of them. `bucket` is the class by days past due.
    """

    as_of: date
    status: Status
    principal: Decimal
    interest: Decimal
    charges: Decimal
    outstanding: Decimal
    credit: Decimal
    due: Decimal
    overdue: Decimal
    next_instalment: NextInstalment | None
    days_past_due: int
    unpaid_from: date | None
    bucket: Bucket
    repayments_left: int
    paid_on_time: int
    end_date: date | None


def standing(terms: Terms, position: Position, as_of: date, buckets: Sequence[Bucket] = BUCKETS) -> Standing:
    """The loan on `as_of`, if nothing happens after the position.

    Raises ValueError if the position has facts after `as_of`: fold() the facts up to that day first.
    """
    books = Ledger(terms, position, buckets)
    books.advance(as_of)
    return standing_of(books, as_of, buckets)


def standing_today(terms: Terms, position: Position, today: date) -> Standing:
    """The loan as of today, or as of the last fact: around midnight one of the day that has just begun may be there
    already.
    """
    return standing(terms, position, max(today, position.on or today))


def standing_of(books: Ledger, as_of: date, buckets: Sequence[Bucket]) -> Standing:
    """The loan of these books, which have been advanced to `as_of`."""
    position = books.position()
    days = days_past_due(position.unpaid_from, as_of)
    interest = books.interest()
    return Standing(
        as_of=as_of,
        status=status_of(position),
        principal=from_paise(position.principal),
        interest=from_paise(interest),
        charges=from_paise(position.charges),
        outstanding=from_paise(position.principal + interest + position.charges),
        credit=from_paise(position.credit),
        due=from_paise(books.due()),
        overdue=from_paise(books.overdue()),
        next_instalment=_next_instalment(books) if position.is_open else None,
        days_past_due=days,
        unpaid_from=position.unpaid_from,
        bucket=bucket_of(days, position.held, buckets),
        repayments_left=position.repayments_left,
        paid_on_time=position.paid_on_time,
        end_date=position.end_date,
    )


def days_past_due(unpaid_from: date | None, today: date) -> int:
    """The day-ends that the first uncovered instalment has missed, its due date's included; 0 if it is not late."""
    return max(0, (today - unpaid_from).days) if unpaid_from else 0


def status_of(position: Position) -> Status:
    """Where the loan of a position is in its life."""
    if not position.is_serviced:
        return Status.NOT_SERVICED
    if position.written_off_on:
        return Status.WRITTEN_OFF
    return Status.CLOSED if position.closed_on else Status.OPEN


def _next_instalment(books: Ledger) -> NextInstalment | None:
    following = next(ahead(books.outlook()), None)
    if following is None:
        return None
    return NextInstalment(following.number, due_date(books.start, following.number), from_paise(following.demanded))
