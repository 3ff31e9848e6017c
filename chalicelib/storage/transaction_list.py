"""The queries behind the list of transactions of all loans, such as receipts: what it is filtered and sorted by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, cast, func, literal, select

from chalicelib.rules.servicing.values import Effect, Intent, Kind
from chalicelib.storage import listing
from chalicelib.storage.lending_list import WantedLending, lending_conditions
from chalicelib.storage.listing import Columns, Order, Page, Place, Source, Summary, both_ways
from chalicelib.storage.tables import customers, loan_transactions, loans

_COLUMNS = loan_transactions.c
_NUMBER = _COLUMNS.transaction_id

ORDERS: Mapping[str, Order] = {
    # By the day that a transaction is of, which the index has.
    "newest": Order(_COLUMNS.value_date, descending=True),
    "day": Order(_COLUMNS.value_date),
    **both_ways(amount=_COLUMNS.amount),
}

_REVERSAL = loan_transactions.alias("reversal")
# If each is looked up among the reversals, a small index, so many times fewer are looked through.
AMONG_REVERSALS = 2
# Looked up for each: of an EXISTS the planner would first read all reversals there are.
_REVERSED_BY = select(_REVERSAL.c.number).where(
    _REVERSAL.c.loan_id == _COLUMNS.loan_id, _REVERSAL.c.reverses == _COLUMNS.number
)
_IS_REVERSED = _REVERSED_BY.limit(1).scalar_subquery().is_not(None)
# An identity as other tables store it: user:3, import:5, bootstrap.
_CREATED_BY = _COLUMNS.actor_kind + func.coalesce(literal(":") + cast(_COLUMNS.actor_id, String), "")


@dataclass(frozen=True, kw_only=True)
class Wanted(WantedLending):
    """Which transactions, the days being those of their value."""

    kind: Kind | None = None
    intent: Intent | None = None
    reversed: bool | None = None
    loan_id: int | None = None


@dataclass(frozen=True)
class ListedTransaction:
    """A transaction as a line of the list; `number` is its place in the life of its loan, the amount in rupees.

    `created_by` is the identity of who recorded it, `recorded_by` their name.
    """

    transaction_id: int
    loan_id: int
    number: int
    customer_id: int
    first_name: str
    last_name: str
    phone_number: str
    kind: Kind
    intent: Intent | None
    effect: Effect | None
    reverses: int | None
    amount: Decimal
    value_date: date
    reference: str | None
    channel: str | None
    reason: str | None
    recorded_at: datetime
    created_by: str
    recorded_by: str
    is_reversed: bool


_SHOWN: Select[Any] = (
    select(
        _NUMBER,
        _COLUMNS.loan_id,
        _COLUMNS.number,
        customers.c.customer_id,
        customers.c.first_name,
        customers.c.last_name,
        customers.c.phone_number,
        _COLUMNS.kind,
        _COLUMNS.intent,
        _COLUMNS.effect,
        _COLUMNS.reverses,
        _COLUMNS.amount,
        _COLUMNS.value_date,
        _COLUMNS.reference,
        _COLUMNS.channel,
        _COLUMNS.reason,
        _COLUMNS.recorded_at,
        _CREATED_BY,
        _COLUMNS.actor_name,
        _IS_REVERSED,
    )
    .join_from(loan_transactions, loans, loans.c.loan_id == _COLUMNS.loan_id)
    .join(customers, customers.c.customer_id == loans.c.customer_id)
)


def page(connection: Connection, wanted: Wanted, place: Place) -> Page[ListedTransaction]:
    """The transactions at a place of one of ORDERS."""
    return listing.page(
        connection,
        _SHOWN,
        place,
        source=_source(wanted),
        number=_NUMBER,
        make=_listed,
        number_of=lambda transaction: transaction.transaction_id,
    )


def summary(connection: Connection, wanted: Wanted) -> Summary:
    """How many there are, and the sum of their amounts."""
    return listing.summary(connection, _source(wanted), _COLUMNS.amount)


def _listed(*row: Any) -> ListedTransaction:
    listed = ListedTransaction(*row)
    kind, intent, effect = Kind(listed.kind), listed.intent and Intent(listed.intent), listed.effect
    return replace(listed, kind=kind, intent=intent, effect=effect and Effect(effect))


def _source(wanted: Wanted) -> Source:
    """The transactions of some days, of a loan or of a customer, the newest first.

    The index of days has all that is asked, but for the customer.
    """
    found = listing.given(
        (wanted.since, _COLUMNS.value_date.__ge__),
        (wanted.to, _COLUMNS.value_date.__le__),
        (wanted.loan_id, _COLUMNS.loan_id.__eq__),
    )
    rows = select(_NUMBER, _COLUMNS.kind, _COLUMNS.intent, _COLUMNS.amount).where(*found)
    if wanted.customer_id is not None:
        rows = rows.where(
            _COLUMNS.loan_id.in_(select(loans.c.loan_id).where(loans.c.customer_id == wanted.customer_id))
        )
    if wanted.who is not None:
        rows = rows.add_columns(_CREATED_BY.label("created_by"))
    most = listing.LOOKED
    if wanted.reversed is not None:
        most //= AMONG_REVERSALS
        rows = rows.add_columns(_IS_REVERSED.label("is_reversed"))
    # Nothing of a transaction that is asked here ever changes. So whoever is limited to one customer is not told by a
    # page behind the number of another's transaction that there is one.
    return Source([rows], ORDERS["newest"], most, lambda columns: _conditions(wanted, columns), keeps=True)


def _conditions(wanted: Wanted, columns: Columns) -> Iterator[ColumnElement[bool]]:
    yield from lending_conditions(wanted, columns, amount="amount")
    asked = {"kind": wanted.kind, "intent": wanted.intent, "is_reversed": wanted.reversed}
    for name, value in asked.items():
        if value is not None:
            yield columns[name] == value
