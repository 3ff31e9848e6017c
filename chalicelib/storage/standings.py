"""The queries that lists of loans are made of: each loan with what is stored of its life, in one statement."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, not_, text

from chalicelib.rules.access import EVERYBODY, Scope
from chalicelib.rules.servicing.buckets import Bucket
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.stored import position_from_stored, terms_from_stored
from chalicelib.rules.servicing.values import Terms
from chalicelib.storage.buckets import is_in
from chalicelib.storage.loans import ON_RECORD, LoanOnRecord, is_current
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import loan_positions, loan_terms, loans

_COLUMNS = ", ".join(f"loans.{each.name}" for each in fields(LoanOnRecord))

_OF_CUSTOMER = text(f"""
    SELECT {_COLUMNS}, loan_terms.terms, positions.position
    FROM loans
    LEFT JOIN loan_positions AS positions ON positions.loan_id = loans.loan_id
    LEFT JOIN loan_terms ON loan_terms.loan_id = loans.loan_id
    WHERE loans.customer_id = :customer_id
    ORDER BY (loans.end_date >= :today OR loans.end_date IS NULL) DESC, loans.loan_id DESC
""")  # noqa: S608 - names of ours

_LISTED = (
    ON_RECORD.add_columns(loan_terms.c.terms, loan_positions.c.position)
    .outerjoin(loan_positions, loan_positions.c.loan_id == loans.c.loan_id)
    .outerjoin(loan_terms, loan_terms.c.loan_id == loans.c.loan_id)
)

# Terms and position of a loan that is serviced here; None of any other.
Stands = tuple[Terms, Position] | None


def listed(
    connection: Connection,
    *,
    today: date,
    cursor: Cursor,
    customer_id: int | None = None,
    current: bool | None = None,
    bucket: Bucket | None = None,
    scope: Scope = EVERYBODY,
    newest_first: bool = False,
) -> Slice[tuple[LoanOnRecord, Stands]]:
    """Loans by number, ascending or the newest first: all, or those of a customer, those that are current on `today`
    or not, and the open ones in a bucket on that day.
    """
    number, behind = loans.c.loan_id, cursor.behind or 0
    statement = _LISTED.where(number < behind if newest_first and behind else number > behind)
    for only in (customer_id, scope.customer_id):
        if only is not None:
            statement = statement.where(loans.c.customer_id == only)
    if current is not None:
        statement = statement.where(is_current(today) if current else not_(is_current(today)))
    if bucket is not None:
        statement = statement.where(is_in(bucket, today))
    ordered = statement.order_by(number.desc() if newest_first else number.asc())
    rows = connection.execute(ordered.limit(cursor.asked))
    return cursor.slice(list(map(_with_life, rows)), lambda found: found[0].loan_id)


def of_customer(connection: Connection, customer_id: int, today: date) -> list[tuple[LoanOnRecord, Stands]]:
    """All loans of a customer: those that are current on `today` first, and of these and of the others the newest."""
    rows = connection.execute(_OF_CUSTOMER, {"customer_id": customer_id, "today": today})
    return list(map(_with_life, rows))


def _with_life(row: Sequence[Any]) -> tuple[LoanOnRecord, Stands]:
    *columns, terms, stored = row
    return LoanOnRecord(*columns), _stands(terms, stored)


def _stands(terms: dict[str, Any] | None, stored: dict[str, Any] | None) -> Stands:
    if terms is None or stored is None:
        return None
    position = position_from_stored(stored)
    return (terms_from_stored(terms), position) if position.is_serviced else None
