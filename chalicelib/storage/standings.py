"""The queries that lists of loans are made of: each loan with what is stored of its life, in one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    func,
    not_,
    or_,
    select,
    text,
    tuple_,
    union,
    union_all,
)

from chalicelib.postgres.connection import prepared
from chalicelib.rules.access import EVERYBODY, Scope
from chalicelib.rules.bounds import MAX_ID
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.stored import position_from_stored, terms_from_stored
from chalicelib.rules.servicing.values import Terms
from chalicelib.rules.typed.names import full_name
from chalicelib.storage.buckets import stretches
from chalicelib.storage.loans import ON_RECORD, LoanOnRecord, is_current
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import customers, loan_positions, loan_terms, loans

_COLUMNS = ", ".join(f"loans.{name}" for name in LoanOnRecord._fields)

_OF_CUSTOMER = prepared(f"""
    SELECT {_COLUMNS}, loan_terms.terms, positions.position
    FROM loans
    LEFT JOIN loan_positions AS positions ON positions.loan_id = loans.loan_id
    LEFT JOIN loan_terms ON loan_terms.loan_id = loans.loan_id
    WHERE loans.customer_id = :customer_id
    ORDER BY (loans.is_open OR loans.end_date >= :today OR loans.end_date IS NULL) DESC, loans.loan_id DESC
""")  # noqa: S608 - names of ours

_LISTED = (
    ON_RECORD.add_columns(loan_terms.c.terms, loan_positions.c.position)
    .outerjoin(loan_positions, loan_positions.c.loan_id == loans.c.loan_id)
    .outerjoin(loan_terms, loan_terms.c.loan_id == loans.c.loan_id)
)
# The same with the customer, as `with_listed` takes it.
_CUSTOMER = (customers.c.first_name, customers.c.last_name, customers.c.phone_number)
LISTED = _LISTED.add_columns(*_CUSTOMER).join(customers, customers.c.customer_id == loans.c.customer_id)

# So many loans are looked at by number before others are looked for by something else.
NEAR = 2_000

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
) -> Slice[tuple[LoanOnRecord, Stands]]:
    """Loans by number: all, or those of a customer, those that are current on `today`
    or not, and the open ones in a bucket on that day.
    """
    customers = [each for each in (customer_id, scope.customer_id) if each is not None]
    if customers:
        page = _of_customers(customers, cursor, today, current=current, bucket=bucket)
    elif bucket is not None:
        page = _in_bucket(bucket, today, cursor)
    elif current is not None:
        page = in_state(cursor, today, current=current, newest_first=False)
    else:
        page = _page_of(select(loans.c.loan_id), loans.c.loan_id, cursor)
    # Joined to a page, because the planner would read positions from the first on until it comes to the loans.
    statement = _LISTED.join(page, page.c.loan_id == loans.c.loan_id)
    if bucket is not None and current is not None:
        statement = statement.where(is_current(today) if current else not_(is_current(today)))
    ordered = _in_order(statement, loans.c.loan_id, cursor)
    return cursor.slice(list(map(_with_life, connection.execute(ordered))), lambda found: found[0].loan_id)


def _is_behind(number: ColumnElement[int], cursor: Cursor, *, newest_first: bool = False) -> ColumnElement[bool]:
    behind = cursor.behind or 0
    return number < behind if newest_first and behind else number > behind


def _in_order(
    statement: Select[Any], number: ColumnElement[int], cursor: Cursor, *, newest_first: bool = False
) -> Select[Any]:
    return statement.order_by(number.desc() if newest_first else number.asc()).limit(cursor.asked)


def in_state(cursor: Cursor, today: date, *, current: bool, newest_first: bool) -> Subquery:
    """The numbers of a page of the loans that are current on a day, or have ended.

    Newer loans are open and older ones have ended, so a walk by number would come past all of the others first. What is
    current without being open is not serviced here.
    """
    walk = _walk(select(loans.c.loan_id), cursor, is_open=current, newest_first=newest_first)
    if not current:
        return walk.where(loans.c.end_date < today).limit(cursor.asked).subquery()
    open_ones = walk.limit(cursor.asked).subquery()
    running = _running(cursor, today, newest_first=newest_first)
    found = union_all(open_ones.select(), running.select()).subquery()
    return _in_order(select(found.c.loan_id), found.c.loan_id, cursor, newest_first=newest_first).subquery()


def _walk(statement: Select[Any], cursor: Cursor, *, is_open: bool, newest_first: bool) -> Select[Any]:
    """The loans that are open or not, by number, behind the last page.

    A range of the index: of an equality the planner would know that any order by number is the same.
    """
    first, last = (1, (cursor.behind or MAX_ID + 1) - 1) if newest_first else ((cursor.behind or 0) + 1, MAX_ID)
    keys = (loans.c.is_open, loans.c.loan_id)
    within = tuple_(*keys) >= tuple_(is_open, first), tuple_(*keys) <= tuple_(is_open, last)
    return statement.where(*within).order_by(*(key.desc() if newest_first else key.asc() for key in keys))


def _running(cursor: Cursor, today: date, *, newest_first: bool = False) -> Subquery:
    """The numbers of a page of the loans that are not serviced here and not over.

    Of those next by number, if they fill it, as they do in a book that is not serviced. If they do not, there are few
    of them, which are found by their ends.
    """
    columns = (loans.c.loan_id, loans.c.end_date)
    near = _walk(select(*columns), cursor, is_open=False, newest_first=newest_first).limit(NEAR).subquery()
    runs = or_(near.c.end_date >= today, near.c.end_date.is_(None))
    found = _in_order(select(near.c.loan_id).where(runs), near.c.loan_id, cursor, newest_first=newest_first).cte(
        "found"
    )
    is_short = select(func.count()).select_from(found).scalar_subquery() < cursor.asked
    ends = (loans.c.end_date >= today, loans.c.end_date.is_(None))
    every = union_all(*(select(loans.c.loan_id).where(not_(loans.c.is_open), end, is_short) for end in ends))
    page = _page_of_all(every.cte("every"), cursor, newest_first=newest_first)
    return union(select(found.c.loan_id), select(page.c.loan_id)).subquery()


def _page_of(
    numbers: Select[Any], number: ColumnElement[int], cursor: Cursor, *, newest_first: bool = False
) -> Subquery:
    behind = numbers.where(_is_behind(number, cursor, newest_first=newest_first))
    return _in_order(behind, number, cursor, newest_first=newest_first).subquery("page")


def _page_of_all(numbers: CTE, cursor: Cursor, *, newest_first: bool = False) -> Subquery:
    """The page of these numbers, all of which are found first: the planner would rather walk over loans by number, and
    behind the last of these come past all others.
    """
    number = numbers.prefix_with("MATERIALIZED").c.loan_id
    return _page_of(select(number), number, cursor, newest_first=newest_first)


def _of_customers(
    customers: Sequence[int],
    cursor: Cursor,
    today: date,
    *,
    current: bool | None,
    bucket: Bucket | None,
) -> Subquery:
    """Of loans that belong to each of these, so of two customers none."""
    numbers = select(loans.c.loan_id).where(*(loans.c.customer_id == each for each in customers))
    if bucket is not None:
        numbers = numbers.join(loan_positions, loan_positions.c.loan_id == loans.c.loan_id)
        conditions, values = _stretches(bucket, today)
        numbers = numbers.where(text(f"({' OR '.join(conditions)})").bindparams(**values))
    if current is not None:
        numbers = numbers.where(is_current(today) if current else not_(is_current(today)))
    return _page_of(numbers, loans.c.loan_id, cursor)


def _in_bucket(bucket: Bucket, today: date, cursor: Cursor) -> Subquery:
    """Of open loans in a bucket. Most are in the best one, which a walk by number soon comes past; those in any other
    are found first.
    """
    conditions, values = _stretches(bucket, today)
    number = loan_positions.c.loan_id
    if bucket == BUCKETS[0]:
        these = text(f"({' OR '.join(conditions)})").bindparams(**values)
        return _page_of(select(number).where(these), number, cursor)
    late = text(" UNION ALL ".join(f"SELECT loan_id FROM loan_positions WHERE {these}" for these in conditions))  # noqa: S608 - conditions of ours
    return _page_of_all(late.bindparams(**values).columns(number).cte("every"), cursor)


def _stretches(bucket: Bucket, today: date) -> tuple[list[str], dict[str, Any]]:
    values: dict[str, Any] = {"as_of": today}
    return [
        f"status = 'open' AND {each.condition}" for each in stretches(BUCKETS.index(bucket), BUCKETS, values)
    ], values


class Listed(NamedTuple):
    """Whose a loan is and whom to call, and where it stands as of its last fact."""

    customer_name: str
    phone_number: str
    stands: Stands


def with_listed(*row: Any) -> tuple[LoanOnRecord, Listed]:
    """A loan with its customer and its life, from a row of LISTED."""
    *loan, first, last, phone = row
    on_record, stands = _with_life(loan)
    return on_record, Listed(full_name(first, last), phone, stands)


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
