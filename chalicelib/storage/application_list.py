"""The queries behind the console's list of applications: what it is filtered and sorted by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, text

from chalicelib.storage import listing
from chalicelib.storage.lending_list import WantedLending, lending_conditions
from chalicelib.storage.listing import Columns, Order, Page, Place, Source, Summary, both_ways
from chalicelib.storage.tables import customers, loan_applications

_COLUMNS = loan_applications.c
_NUMBER = _COLUMNS.application_id

ORDERS: Mapping[str, Order] = {
    # Numbers rise with the days, and the index of days has what lists ask for.
    "newest": Order(_COLUMNS.decided_on, descending=True),
    "number": Order(_COLUMNS.decided_on),
    **both_ways(amount=_COLUMNS.loan_amount, score=_COLUMNS.score),
}

# What the index has by itself takes so many times less than the rows of other lists.
FROM_THE_INDEX = 3
_ASKED = tuple(
    _COLUMNS[name] for name in ("score", "loan_amount", "approved", "policy_name", "reason_codes", "created_by")
)


@dataclass(frozen=True, kw_only=True)
class Wanted(WantedLending):
    """Which applications, the days being those of their decision. Of `reasons` one is enough."""

    approved: bool | None = None
    reasons: Sequence[str] = ()
    score_from: int | None = None
    score_to: int | None = None
    policy: str | None = None


@dataclass(frozen=True)
class ListedApplication:
    """An application as a line of the list. Amounts in rupees, rates in percent a year, the tenure in months."""

    application_id: int
    customer_id: int
    first_name: str
    last_name: str
    phone_number: str
    approved: bool
    reason_codes: list[str]
    loan_amount: Decimal
    interest_rate: Decimal
    corrected_interest_rate: Decimal
    tenure: int
    monthly_installment: Decimal
    score: int
    policy_name: str
    loan_id: int | None
    decided_on: date
    created_at: datetime
    created_by: str | None


_BOTH = {column.name: column for column in (*customers.c, *_COLUMNS)}
_JOINED: Select[Any] = select(*(_BOTH[field.name] for field in fields(ListedApplication))).join_from(
    loan_applications, customers, customers.c.customer_id == _COLUMNS.customer_id
)

# One step of the index for each name, however many applications there are.
_POLICIES = text("""
    WITH RECURSIVE known AS (
        (SELECT policy_name AS name FROM loan_applications ORDER BY policy_name LIMIT 1)
        UNION ALL
        SELECT (SELECT policy_name FROM loan_applications WHERE policy_name > known.name
                ORDER BY policy_name LIMIT 1)
        FROM known WHERE known.name IS NOT NULL
    )
    SELECT name FROM known WHERE name IS NOT NULL LIMIT 100
""")


def page(connection: Connection, wanted: Wanted, place: Place) -> Page[ListedApplication]:
    """The applications at a place of one of ORDERS."""
    return listing.page(
        connection,
        _JOINED,
        place,
        source=_source(wanted),
        number=_NUMBER,
        make=ListedApplication,
        number_of=lambda application: application.application_id,
    )


def summary(connection: Connection, wanted: Wanted) -> Summary:
    """How many there are, and the sum of their amounts."""
    return listing.summary(connection, _source(wanted), _COLUMNS.loan_amount)


def policies(connection: Connection) -> list[str]:
    """The names of the policies that applications were decided by."""
    return list(connection.scalars(_POLICIES))


def _source(wanted: Wanted) -> Source:
    """The applications of some days or of a customer, the newest first; the index of days has all that is asked."""
    found = listing.given(
        (wanted.since, _COLUMNS.decided_on.__ge__),
        (wanted.to, _COLUMNS.decided_on.__le__),
        (wanted.customer_id, _COLUMNS.customer_id.__eq__),
    )
    rows = select(_NUMBER, *_ASKED).where(*found)
    return Source(
        [rows], ORDERS["newest"], FROM_THE_INDEX * listing.LOOKED, lambda columns: _conditions(wanted, columns)
    )


def _conditions(wanted: Wanted, columns: Columns) -> Iterator[ColumnElement[bool]]:
    yield from lending_conditions(wanted, columns)
    yield from listing.given(
        (wanted.score_from, columns.score.__ge__),
        (wanted.score_to, columns.score.__le__),
        (wanted.approved, columns.approved.is_),
        (wanted.policy, columns.policy_name.__eq__),
    )
    if wanted.reasons:
        yield columns.reason_codes.overlap(list(wanted.reasons))
