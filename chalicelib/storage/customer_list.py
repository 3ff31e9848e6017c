"""The queries behind the console's list of customers: what it is filtered and sorted by, and what each owes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, text

from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.stored import position_from_stored, terms_from_stored
from chalicelib.rules.servicing.values import Terms
from chalicelib.storage import listing
from chalicelib.storage.customers import Customer, matches, stored
from chalicelib.storage.listing import NEWEST, Columns, Order, Page, Place, Source, Summary
from chalicelib.storage.loan_list import is_late
from chalicelib.storage.loans import is_current
from chalicelib.storage.tables import customers, loan_positions, loans

_COLUMNS = customers.c
_NUMBER = _COLUMNS.customer_id
# Written as the index is.
_NAME = func.lower(_COLUMNS.first_name + " " + _COLUMNS.last_name)

ORDERS: Mapping[str, Order] = {
    "number": Order(),
    "newest": NEWEST,
    "name": Order(_NAME, bytewise=True),
    "name-descending": Order(_NAME, descending=True, bytewise=True),
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which customers; None filters nothing. `days_late` are the days past due of some loan at least, the exposure is
    the principal of current loans in rupees, `searched` as of storage/customers.py.
    """

    searched: str = ""
    days_late: int | None = None
    exposure_from: Decimal | None = None
    exposure_to: Decimal | None = None


@dataclass(frozen=True)
class Owed:
    """The principal of the current loans of a customer in rupees, and the lives of those with an instalment that was
    not paid when it was due, as of their last facts.
    """

    exposure: Decimal
    late: Sequence[tuple[Terms, Position]]


_SHOWN: Select[Any] = select(*(_COLUMNS[field.name] for field in fields(Customer)))

# What is late is among what is current: a position that is open is that of an open loan.
_OWED = text("""
    SELECT loans.customer_id, sum(loans.loan_amount),
           jsonb_agg(jsonb_build_array(loan_terms.terms, late.position)) FILTER (WHERE late.loan_id IS NOT NULL)
    FROM loans
    LEFT JOIN loan_positions AS late ON late.loan_id = loans.loan_id AND loans.is_open
                                    AND late.status = 'open' AND late.unpaid_from < :today
    LEFT JOIN loan_terms ON loan_terms.loan_id = late.loan_id
    WHERE loans.customer_id = ANY(CAST(:customer_ids AS bigint[]))
      AND (loans.is_open OR loans.end_date >= :today OR loans.end_date IS NULL)
    GROUP BY loans.customer_id
""")


def page(connection: Connection, wanted: Wanted, place: Place, *, today: date) -> Page[Customer]:
    """The customers at a place of one of ORDERS."""
    return listing.page(
        connection,
        _SHOWN,
        place,
        source=_source(wanted, today, place.order),
        number=_NUMBER,
        make=stored,
        number_of=lambda customer: customer.customer_id,
    )


def summary(connection: Connection, wanted: Wanted, today: date) -> Summary:
    """How many there are."""
    return listing.summary(connection, _source(wanted, today, ORDERS["number"]))


def owed_by(connection: Connection, customer_ids: Collection[int], today: date) -> Mapping[int, Owed]:
    """What these customers owe, by number; nothing of those without a current loan."""
    rows = connection.execute(_OWED, {"customer_ids": list(customer_ids), "today": today})
    return {number: Owed(exposure, _lives(late or ())) for number, exposure, late in rows}


def _lives(stored: Iterable[tuple[Any, Any]]) -> list[tuple[Terms, Position]]:
    return [(terms_from_stored(terms), position_from_stored(position)) for terms, position in stored]


def _source(wanted: Wanted, today: date, order: Order) -> Source:
    """Where customers are looked for: by their late loans, by what was typed, or in the order of the list. The loans of
    those are added up if the exposure is asked for.
    """
    asks_of_loans = {wanted.days_late, wanted.exposure_from, wanted.exposure_to} != {None}
    most = listing.LOOKED // listing.ELSEWHERE if asks_of_loans else listing.LOOKED
    rows: Select[Any] = select(_NUMBER, _COLUMNS.first_name, _COLUMNS.last_name, _COLUMNS.phone_number)
    found = matches(wanted.searched) if wanted.searched else []

    def conditions(columns: Columns) -> Iterator[ColumnElement[bool]]:
        if wanted.days_late is not None and found:
            yield columns.is_found
        if wanted.exposure_from is not None:
            yield _exposure(columns, today) >= wanted.exposure_from
        if wanted.exposure_to is not None:
            # Whoever owes nothing is among them.
            yield _exposure(columns, today) <= wanted.exposure_to

    if wanted.days_late is not None:
        late = rows.join_from(loan_positions, loans, loans.c.loan_id == loan_positions.c.loan_id)
        late = late.join(customers, loans.c.customer_id == _NUMBER).where(is_late(wanted.days_late, today))
        if found:
            late = late.add_columns(or_(*found).label("is_found"))
        return Source([late], Order(loan_positions.c.unpaid_from), most, conditions, repeats=True)
    return Source([rows.where(each) for each in found] or [rows], None if found else order, most, conditions)


def _exposure(columns: Columns, today: date) -> ColumnElement[Decimal]:
    """The principal of the current loans of a customer, in rupees, from the index of facts."""
    owed = select(func.coalesce(func.sum(loans.c.loan_amount), 0)).where(loans.c.customer_id == columns.customer_id)
    return owed.where(is_current(today)).scalar_subquery()
