"""The queries on loans, and the facts that a decision takes from them."""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
    union,
    union_all,
)

from chalicelib.postgres.connection import prepared
from chalicelib.rules.access import EVERYBODY, Scope
from chalicelib.rules.bounds import MAX_ID
from chalicelib.rules.score import Facts
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.standing import Status
from chalicelib.storage.buckets import stretches
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import customers, loan_positions, loans

# So many loans are looked at by number before others are looked for by something else.
NEAR = 2_000


@dataclass(frozen=True)
class ListedLoan:
    """A loan in the list of its customer."""

    loan_id: int
    loan_amount: Decimal
    interest_rate: Decimal
    monthly_installment: Decimal
    tenure: int
    repayments_left: int


@dataclass(frozen=True)
class LoanWithCustomer:
    """A loan beside the customer it belongs to."""

    loan_id: int
    loan_amount: Decimal
    interest_rate: Decimal
    monthly_installment: Decimal
    tenure: int
    customer_id: int
    first_name: str
    last_name: str
    phone_number: str
    age: int


@dataclass(frozen=True)
class LoanOnRecord:
    """A loan with everything that is stored of it."""

    loan_id: int
    customer_id: int
    loan_amount: Decimal
    interest_rate: Decimal
    monthly_installment: Decimal
    tenure: int
    emis_paid_on_time: int
    start_date: date
    end_date: date | None
    source_loan_id: int | None
    is_open: bool

    def is_current(self, today: date) -> bool:
        """Whether it still runs on that day: always without an end date, and while it is serviced and not over."""
        return self.is_open or self.end_date is None or self.end_date >= today


def _is_current(today: date | BindParameter[date]) -> ColumnElement[bool]:
    return or_(loans.c.is_open, loans.c.end_date >= today, loans.c.end_date.is_(None))


def _facts_statement() -> Select[Any]:
    """The customer and the sums over its loans in one statement, the sums from the covering index alone.

    Summed before they are joined: so a customer with a thousand loans costs a tenth of a millisecond more.
    """
    current = _is_current(bindparam("today"))
    sums = (
        select(
            func.count().label("loans"),
            func.count().filter(loans.c.emis_paid_on_time >= loans.c.tenure).label("loans_paid_in_full"),
            func.coalesce(func.sum(loans.c.tenure), 0).label("tenure_total"),
            func.coalesce(func.sum(loans.c.emis_paid_on_time), 0).label("emis_paid_on_time"),
            func.coalesce(func.sum(loans.c.loan_amount).filter(current), 0).label("current_principal"),
            func.coalesce(func.sum(loans.c.monthly_installment).filter(current), 0).label("current_emis"),
        )
        .where(loans.c.customer_id == bindparam("customer_id"))
        .subquery()
    )
    return (
        select(customers.c.monthly_income, customers.c.approved_limit, *sums.c)
        .join_from(customers, sums, true())
        .where(customers.c.customer_id == bindparam("customer_id"))
    )


_FACTS = prepared(_facts_statement())

_JOINED = {column.name: column for column in (*customers.c, *loans.c)}

_LOAN_WITH_CUSTOMER: Select[Any] = prepared(
    select(*(_JOINED[field.name] for field in fields(LoanWithCustomer)))
    .join_from(loans, customers, loans.c.customer_id == customers.c.customer_id)
    .where(loans.c.loan_id == bindparam("loan_id"))
)

# Instalments that are not covered. Of a loan that is not serviced, those that were not paid on time, as far as is
# known; a workbook may say that more were paid than the tenure has: then none, not less.
_REPAYMENTS_LEFT = case(
    (loan_positions.c.status != Status.NOT_SERVICED.value, loan_positions.c.repayments_left),
    else_=func.greatest(0, loans.c.tenure - loans.c.emis_paid_on_time),
).label("repayments_left")

_LOANS_OF_CUSTOMER: Select[Any] = prepared(
    select(*(loans.c[field.name] for field in fields(ListedLoan)[:-1]), _REPAYMENTS_LEFT)
    .select_from(loans.outerjoin(loan_positions, loan_positions.c.loan_id == loans.c.loan_id))
    .where(loans.c.customer_id == bindparam("customer_id"))
    .order_by(loans.c.loan_id)
)


_ON_RECORD: Select[Any] = select(*(loans.c[field.name] for field in fields(LoanOnRecord)))
_ONE = prepared(_ON_RECORD.where(loans.c.loan_id == bindparam("loan_id")))


def facts(connection: Connection, customer_id: int, today: date) -> Facts | None:
    """The facts of a decision on `today`, in one statement; None where there is no such customer."""
    row = connection.execute(_FACTS, {"customer_id": customer_id, "today": today}).first()
    return None if row is None else Facts(**row._mapping)


def with_customer(connection: Connection, loan_id: int) -> LoanWithCustomer | None:
    """A loan beside its customer; None where there is no such loan."""
    row = connection.execute(_LOAN_WITH_CUSTOMER, {"loan_id": loan_id}).first()
    return None if row is None else LoanWithCustomer(*row)


def of_customer(connection: Connection, customer_id: int) -> list[ListedLoan]:
    """The loans of a customer by number; empty also where there is no such customer."""
    return [ListedLoan(*row) for row in connection.execute(_LOANS_OF_CUSTOMER, {"customer_id": customer_id})]


@dataclass(frozen=True)
class LikelyDouble:
    """A loan that was made here, and one that a workbook brought for the same customer under its number."""

    customer_id: int
    made_here: int
    from_workbook: int


# A row about a loan made here used to add a loan beside it. Nobody but a person can tell whether it was that loan.
_LIKELY_DOUBLES = text("""
    SELECT made.customer_id, made.loan_id, doubled.loan_id
    FROM loans AS made
    JOIN loans AS doubled ON doubled.customer_id = made.customer_id AND doubled.source_loan_id = made.loan_id
    WHERE made.source_loan_id IS NULL
    ORDER BY made.loan_id
    LIMIT :most
""")


def likely_doubles(connection: Connection, most: int) -> list[LikelyDouble]:
    """At most so many loans made here that a workbook seems to have brought once more, by number."""
    return [LikelyDouble(*row) for row in connection.execute(_LIKELY_DOUBLES, {"most": most})]


def get(connection: Connection, loan_id: int) -> LoanOnRecord | None:
    """One loan; None where there is none of that number."""
    row = connection.execute(_ONE, {"loan_id": loan_id}).first()
    return None if row is None else LoanOnRecord(*row)


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
) -> Slice[LoanOnRecord]:
    """Loans by number, ascending or the newest first: all, or those of a customer, those that are current on `today`
    or not, and the open ones in a bucket on that day.
    """
    number: ColumnElement[int] = loans.c.loan_id
    statement = _ON_RECORD.where(_is_behind(number, cursor, newest_first=newest_first))
    for only in (customer_id, scope.customer_id):
        if only is not None:
            statement = statement.where(loans.c.customer_id == only)
    of_all = customer_id is None and scope.customer_id is None
    if bucket is not None:
        statement = _in_bucket(statement, bucket, today, cursor if of_all else None, newest_first=newest_first)
    if current is not None and of_all and bucket is None:
        statement, number = _in_state(cursor, today, current=current, newest_first=newest_first)
    elif current is not None:
        statement = statement.where(_is_current(today) if current else not_(_is_current(today)))
    ordered = _in_order(statement, number, cursor, newest_first=newest_first)
    return cursor.slice([LoanOnRecord(*row) for row in connection.execute(ordered)], lambda loan: loan.loan_id)


def _is_behind(number: ColumnElement[int], cursor: Cursor, *, newest_first: bool) -> ColumnElement[bool]:
    behind = cursor.behind or 0
    return number < behind if newest_first and behind else number > behind


def _in_order(statement: Select[Any], number: ColumnElement[int], cursor: Cursor, *, newest_first: bool) -> Select[Any]:
    return statement.order_by(number.desc() if newest_first else number.asc()).limit(cursor.asked)


def _in_state(
    cursor: Cursor, today: date, *, current: bool, newest_first: bool
) -> tuple[Select[Any], ColumnElement[int]]:
    """Those that are current on a day, or have ended, and their number.

    Newer loans are open and older ones have ended, so a walk by number would come past all of the others first. What is
    current without being open is not serviced here.
    """
    walk = _walk(_ON_RECORD, cursor, is_open=current, newest_first=newest_first)
    if not current:
        both = walk.where(loans.c.end_date < today).limit(cursor.asked).subquery()
        return select(both), both.c.loan_id
    open_ones = walk.limit(cursor.asked).subquery()
    running = _running(cursor, today, newest_first=newest_first)
    others = _ON_RECORD.join(running, running.c.loan_id == loans.c.loan_id)
    found = union_all(open_ones.select(), others).subquery()
    return select(found), found.c.loan_id


def _walk(statement: Select[Any], cursor: Cursor, *, is_open: bool, newest_first: bool) -> Select[Any]:
    """The loans that are open or not, by number, behind the last page.

    A range of the index: of an equality the planner would know that any order by number is the same.
    """
    first, last = (1, (cursor.behind or MAX_ID + 1) - 1) if newest_first else ((cursor.behind or 0) + 1, MAX_ID)
    keys = (loans.c.is_open, loans.c.loan_id)
    within = tuple_(*keys) >= tuple_(is_open, first), tuple_(*keys) <= tuple_(is_open, last)
    return statement.where(*within).order_by(*(key.desc() if newest_first else key.asc() for key in keys))


def _running(cursor: Cursor, today: date, *, newest_first: bool) -> Subquery:
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
    page = _page_of(every.cte("every"), cursor, newest_first=newest_first)
    return union(select(found.c.loan_id), select(page.c.loan_id)).subquery()


def _page_of(numbers: CTE, cursor: Cursor, *, newest_first: bool) -> Subquery:
    """The page of these numbers, all of which are found first: the planner would rather walk over loans by number, and
    behind the last of these come past all others.
    """
    number = numbers.prefix_with("MATERIALIZED").c.loan_id
    behind = select(number).where(_is_behind(number, cursor, newest_first=newest_first))
    return _in_order(behind, number, cursor, newest_first=newest_first).subquery("page")


def _in_bucket(
    statement: Select[Any], bucket: Bucket, today: date, of_all: Cursor | None, *, newest_first: bool
) -> Select[Any]:
    """Only open loans in a bucket; of all customers, those of the page after `of_all`.

    Most loans are in the best bucket, which a walk by number soon comes past. Those in any other are found first.
    """
    values: dict[str, Any] = {"as_of": today}
    conditions = [f"status = 'open' AND {each.condition}" for each in stretches(BUCKETS.index(bucket), BUCKETS, values)]
    if of_all is None or bucket == BUCKETS[0]:
        these = text(f"({' OR '.join(conditions)})").bindparams(**values)
        return statement.join(loan_positions, loan_positions.c.loan_id == loans.c.loan_id).where(these)
    late = text(" UNION ALL ".join(f"SELECT loan_id FROM loan_positions WHERE {these}" for these in conditions))  # noqa: S608 - conditions of ours
    every = late.bindparams(**values).columns(loan_positions.c.loan_id).cte("every")
    page = _page_of(every, of_all, newest_first=newest_first)
    return statement.join(page, page.c.loan_id == loans.c.loan_id)
