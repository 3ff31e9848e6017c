"""The queries on loans, and the facts that a decision takes from them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    true,
)

from chalicelib.postgres.connection import prepared
from chalicelib.rules.ages import current_age
from chalicelib.rules.score import Facts
from chalicelib.rules.servicing.standing import Status, standing_today
from chalicelib.rules.servicing.stored import position_from_stored, terms_from_stored
from chalicelib.storage.tables import customers, loan_positions, loan_terms, loans


class ListedLoan(NamedTuple):
    """A loan in the list of its customer."""

    loan_id: int
    loan_amount: Decimal
    interest_rate: Decimal
    monthly_installment: Decimal
    tenure: int
    repayments_left: int


class LoanWithCustomer(NamedTuple):
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
    age: int | None
    date_of_birth: date | None

    def age_on(self, today: date) -> int:
        """The age of the customer on that day."""
        return current_age(self.age, self.date_of_birth, today)


class LoanOnRecord(NamedTuple):
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
    # As the column of tables.py: user:3, key:12, import:5.
    created_by: str | None

    @property
    def is_made_here(self) -> bool:
        """Whether it was decided here, and did not come in a workbook."""
        return self.source_loan_id is None

    def is_current(self, today: date) -> bool:
        """Whether it still runs on that day: always without an end date, and while it is serviced and not over."""
        return self.is_open or self.end_date is None or self.end_date >= today


def is_current(today: date | BindParameter[date]) -> ColumnElement[bool]:
    """The same of a row, in SQL."""
    return or_(loans.c.is_open, loans.c.end_date >= today, loans.c.end_date.is_(None))


def _facts_statement() -> Select[Any]:
    """The customer and the sums over its loans in one statement, the sums from the covering index alone.

    Summed before they are joined: so a customer with a thousand loans costs a tenth of a millisecond more.
    """
    current = is_current(bindparam("today"))
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
    select(*(_JOINED[name] for name in LoanWithCustomer._fields))
    .join_from(loans, customers, loans.c.customer_id == customers.c.customer_id)
    .where(loans.c.loan_id == bindparam("loan_id"))
)

# Instalments that are not covered. Of a loan that is not serviced, those that were not paid on time, as far as is
# known; a workbook may say that more were paid than the tenure has: then none, not less.
_REPAYMENTS_LEFT = case(
    (loan_positions.c.status != Status.NOT_SERVICED.value, loan_positions.c.repayments_left),
    else_=func.greatest(0, loans.c.tenure - loans.c.emis_paid_on_time),
).label("repayments_left")

# The life of a loan that would end before its final instalment, and is late: its interest grows by the day, and may
# come to ask for one instalment more.
_GROWING = case(
    (
        and_(
            loan_positions.c.status == Status.OPEN.value,
            loan_positions.c.unpaid_from < bindparam("today"),
            loan_positions.c.position["last"].as_integer() < loan_positions.c.position["final"].as_integer(),
        ),
        func.jsonb_build_array(
            select(loan_terms.c.terms).where(loan_terms.c.loan_id == loans.c.loan_id).scalar_subquery(),
            loan_positions.c.position,
        ),
    )
)

_LOANS_OF_CUSTOMER: Select[Any] = prepared(
    select(*(loans.c[name] for name in ListedLoan._fields[:-1]), _REPAYMENTS_LEFT, _GROWING)
    .select_from(loans.outerjoin(loan_positions, loan_positions.c.loan_id == loans.c.loan_id))
    .where(loans.c.customer_id == bindparam("customer_id"))
    .order_by(loans.c.loan_id)
)


ON_RECORD: Select[Any] = select(*(loans.c[name] for name in LoanOnRecord._fields))
_ONE = prepared(ON_RECORD.where(loans.c.loan_id == bindparam("loan_id")))


def facts(connection: Connection, customer_id: int, today: date) -> Facts | None:
    """The facts of a decision on `today`, in one statement; None where there is no such customer."""
    row = connection.execute(_FACTS, {"customer_id": customer_id, "today": today}).first()
    return None if row is None else Facts(**row._mapping)


def with_customer(connection: Connection, loan_id: int) -> LoanWithCustomer | None:
    """A loan beside its customer; None where there is no such loan."""
    row = connection.execute(_LOAN_WITH_CUSTOMER, {"loan_id": loan_id}).first()
    return None if row is None else LoanWithCustomer(*row)


def of_customer(connection: Connection, customer_id: int, today: date) -> list[ListedLoan]:
    """The loans of a customer by number, as they are on `today`; empty also where there is no such customer."""
    rows = connection.execute(_LOANS_OF_CUSTOMER, {"customer_id": customer_id, "today": today})
    return [_listed_loan(ListedLoan(*stored), growing, today) for *stored, growing in rows]


def _listed_loan(stored: ListedLoan, growing: Sequence[Any] | None, today: date) -> ListedLoan:
    if growing is None:
        return stored
    terms, position = terms_from_stored(growing[0]), position_from_stored(growing[1])
    return stored._replace(repayments_left=standing_today(terms, position, today).repayments_left)


class LikelyDouble(NamedTuple):
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
