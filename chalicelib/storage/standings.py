"""The queries that lists of loans are made of: each loan with what is stored of its life, in one statement."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, not_, select, text

from chalicelib.postgres.connection import prepared
from chalicelib.rules.access import EVERYBODY, Scope
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.stored import position_from_stored, terms_from_stored
from chalicelib.rules.servicing.values import Terms
from chalicelib.storage.buckets import stretches
from chalicelib.storage.loans import ON_RECORD, LoanOnRecord, is_current
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import loan_positions, loan_terms, loans

_COLUMNS = ", ".join(f"loans.{each.name}" for each in fields(LoanOnRecord))

_OF_CUSTOMER = prepared(f"""
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
    number = loans.c.loan_id
    statement = _LISTED.where(_is_behind(number, cursor, newest_first=newest_first))
    for only in (customer_id, scope.customer_id):
        if only is not None:
            statement = statement.where(loans.c.customer_id == only)
    if current is not None:
        statement = statement.where(is_current(today) if current else not_(is_current(today)))
    if bucket is not None:
        of_all = customer_id is None and scope.customer_id is None
        statement = _in_bucket(statement, bucket, today, cursor if of_all else None, newest_first=newest_first)
    ordered = _in_order(statement, number, cursor, newest_first=newest_first)
    return cursor.slice(list(map(_with_life, connection.execute(ordered))), lambda found: found[0].loan_id)


def _is_behind(number: ColumnElement[int], cursor: Cursor, *, newest_first: bool) -> ColumnElement[bool]:
    behind = cursor.behind or 0
    return number < behind if newest_first and behind else number > behind


def _in_order(statement: Select[Any], number: ColumnElement[int], cursor: Cursor, *, newest_first: bool) -> Select[Any]:
    return statement.order_by(number.desc() if newest_first else number.asc()).limit(cursor.asked)


def _in_bucket(
    statement: Select[Any], bucket: Bucket, today: date, of_all: Cursor | None, *, newest_first: bool
) -> Select[Any]:
    """Only open loans in a bucket; of all customers, those of the page after `of_all`.

    Most loans are in the best bucket, which a walk by number soon comes past. Those in any other are found first: the
    planner would walk too, and behind the last that is late come past all that are not.
    """
    values: dict[str, Any] = {"as_of": today}
    conditions = [f"status = 'open' AND {each.condition}" for each in stretches(BUCKETS.index(bucket), BUCKETS, values)]
    if of_all is None or bucket == BUCKETS[0]:
        these = text(f"({' OR '.join(conditions)})").bindparams(**values)
        return statement.where(these)
    late = text(" UNION ALL ".join(f"SELECT loan_id FROM loan_positions WHERE {these}" for these in conditions))  # noqa: S608 - conditions of ours
    every = late.bindparams(**values).columns(loan_positions.c.loan_id).cte("every").prefix_with("MATERIALIZED")
    number = every.c.loan_id
    behind = select(number).where(_is_behind(number, of_all, newest_first=newest_first))
    page = _in_order(behind, number, of_all, newest_first=newest_first).subquery("page")
    return statement.join(page, page.c.loan_id == loans.c.loan_id)


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
