"""The queries on customers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
    union,
    union_all,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from chalicelib.postgres.connection import Placed, driver_of, prepared
from chalicelib.rules.access import EVERYBODY, Author, Scope
from chalicelib.rules.ages import current_age
from chalicelib.rules.auditing import Action, Event, SubjectKind
from chalicelib.rules.bounds import MAX_ID
from chalicelib.rules.typed.names import full_name
from chalicelib.rules.typed.phones import beginnings
from chalicelib.storage import alike, audit
from chalicelib.storage.alike import Alike
from chalicelib.storage.paging import Cursor, Slice
from chalicelib.storage.tables import PHONE_ENDING, customers
from chalicelib.storage.waiting_loans import APPLIED

# Those of the table, or of a subquery of it.
Columns = ReadOnlyColumnCollection[str, Any]


@dataclass(frozen=True)
class _Numbered:
    # Of several bases, the fields of the last one come first.
    customer_id: int


@dataclass(frozen=True)
class Registration:
    """Who wants to become a customer; income in rupees a month. With a date of birth, no age is kept."""

    first_name: str
    last_name: str
    age: int | None
    phone_number: str
    monthly_income: Decimal
    date_of_birth: date | None = field(default=None, kw_only=True)

    def age_on(self, today: date) -> int:
        """The age in years on that day, by the date of birth if it is known."""
        return current_age(self.age, self.date_of_birth, today)


@dataclass(frozen=True)
class Customer(Registration, _Numbered):
    """A customer as stored: under a number, with what was registered and the credit limit in rupees.

    The fields are columns of the table, in this order: queries, answers and the audit log have what is here.
    """

    approved_limit: Decimal

    @property
    def name(self) -> str:
        """First and last name as they are written."""
        return full_name(self.first_name, self.last_name)


@dataclass(frozen=True)
class Registered(Customer):
    """A customer who was just registered, with those who are likely the same person."""

    alike: Sequence[Alike]


# So many matches of a search are a few: fetching and sorting them takes milliseconds.
FEW = 5_000

_WORDS: ColumnElement[Any] = literal_column(
    "array_to_tsvector(search_words((customers.first_name || ' ') || customers.last_name))"
)
_phone_ending: ColumnElement[str] = literal_column(f'"right"(customers.phone_number, {PHONE_ENDING})')
_NAMES = tuple(field.name for field in fields(Customer))
# All but the number, which the database gives.
_GIVEN = tuple(name for name in _NAMES if name != "customer_id")
_COLUMNS = tuple(customers.c[name] for name in _NAMES)
_STORED: Select[Any] = select(*_COLUMNS)
_ONE: Select[Any] = prepared(_STORED.where(customers.c.customer_id == bindparam("customer_id")))
_LOCKED: Select[Any] = prepared(_ONE.with_for_update(key_share=True))
# A customer, the loans that waited for its number, and who registered it: each needs the number, and one statement
# waits for the database once. Where a file spares who was registered here, its loans go on waiting.
_ADD = Placed(f"""
    WITH customer AS (
        INSERT INTO customers ({", ".join(_GIVEN)})
        VALUES ({", ".join(f":{name}" for name in _GIVEN)})
        RETURNING customer_id
    ), arrived AS (
        DELETE FROM waiting_loans AS waiting
        USING customer, imports
        WHERE waiting.customer_id = customer.customer_id AND imports.import_id = waiting.import_id
          AND NOT imports.spares_registered
        RETURNING waiting.*
    ), {APPLIED}, entry AS (
        INSERT INTO audit_log
            (actor_kind, actor_id, actor_name, request_id, action, subject_kind, subject_id, after)
        SELECT :actor_kind, :actor_id, :actor_name, :request_id, :action, :subject_kind, customer_id,
               CAST(:after AS jsonb) || jsonb_build_object('waiting_loans_applied', (SELECT count(*) FROM applied))
        FROM customer
    )
    SELECT customer_id, {alike.OF_A_NEW_ONE} FROM customer
""")  # noqa: S608 - a part of ours


def add(
    connection: Connection, registration: Registration, approved_limit: Decimal, *, today: date, author: Author
) -> Registered:
    """Inserts a customer under the next number of the sequence, with the loans that waited for it, and who did it; and
    looks for the same person in the same statement, which does not see whom it inserts.
    """
    values = {**vars(registration), "approved_limit": approved_limit}
    event = Event(Action.CUSTOMER_REGISTERED, SubjectKind.CUSTOMER, None, after=values)
    given = values | alike.values_of(registration, today) | audit.entry_values(author, event)
    number, found = _ADD.row(connection, given)
    return Registered(customer_id=number, **values, alike=alike.alike_from_stored(found))


def lock(connection: Connection, customer_id: int) -> Customer | None:
    """Reads a customer and makes other applications and changes of it wait until the transaction ends.

    FOR NO KEY UPDATE, so that rows which merely refer to the customer can still be written.
    """
    row = connection.execute(_LOCKED, {"customer_id": customer_id}).first()
    return None if row is None else stored(*row)


def lock_with_next(connection: Connection, customer_id: int) -> None:
    """As `lock`, but goes out with the next statement, which sees what the ones before it did to the customer.

    Whether there is such a customer is for that statement to say.
    """
    driver_of(connection).send_with_next(
        "SELECT FROM customers WHERE customer_id = %s FOR NO KEY UPDATE", [customer_id], is_prepared=True
    )


def get(connection: Connection, customer_id: int) -> Customer | None:
    """One customer; None where there is none of that number."""
    row = connection.execute(_ONE, {"customer_id": customer_id}).first()
    return None if row is None else stored(*row)


def change(connection: Connection, customer_id: int, changes: Mapping[str, object]) -> Customer:
    """Sets the given columns of a customer that was locked before, and returns it as it is now."""
    statement = (
        update(customers)
        .where(customers.c.customer_id == customer_id)
        .values(**changes, updated_at=func.now())
        .returning(*_COLUMNS)
    )
    return stored(*connection.execute(statement).one())


def names(connection: Connection, customer_ids: Collection[int]) -> dict[int, str]:
    """The full names of these customers, by number."""
    columns = customers.c
    statement = select(columns.customer_id, columns.first_name, columns.last_name)
    rows = connection.execute(statement.where(columns.customer_id.in_(customer_ids)))
    return {customer_id: full_name(first_name, last_name) for customer_id, first_name, last_name in rows}


def listed(connection: Connection, *, cursor: Cursor, searched: str = "", scope: Scope = EVERYBODY) -> Slice[Customer]:
    """Customers by number: all, or those the words of whose name begin as `searched`, in any order and spelling, or
    whose phone number begins or ends so, or who have just that number.
    """
    statement = _STORED.where(customers.c.customer_id > (cursor.behind or 0))
    if scope.customer_id is not None:
        statement = statement.where(customers.c.customer_id == scope.customer_id)
    if searched:
        statement = _found(statement, searched, cursor.asked)
    else:
        statement = statement.order_by(customers.c.customer_id).limit(cursor.asked)
    rows = connection.execute(statement)
    return cursor.slice([stored(*row) for row in rows], lambda customer: customer.customer_id)


def stored(*values: Any) -> Customer:
    """A customer from the columns of a row, in the order of the fields."""
    return Customer(**dict(zip(_NAMES, values, strict=True)))


def _found(statement: Select[Any], typed: str, most: int) -> Select[Any]:
    """The first `most` of those customers that match what was typed.

    A few are fetched by the indexes of what they match, and put in order. If there are more, customers are read in
    order until enough of them match, which is soon. Postgres would choose between the two by a guess at how many match,
    and read a million customers for nobody where two words are frequent, but never meet in one name.
    """
    each_way = matches(typed)
    few = union(*(statement.where(match).limit(FEW + 1).subquery().select() for match in each_way)).cte("few")
    are_few = select(func.count()).select_from(few).scalar_subquery() <= FEW
    fetched = select(few).where(are_few).order_by(few.c.customer_id).limit(most)
    read = statement.where(or_(*each_way), ~are_few).order_by(customers.c.customer_id).limit(most)
    both = union_all(fetched.subquery().select(), read.subquery().select()).subquery()
    return select(both).order_by(both.c.customer_id)


def matches(typed: str) -> list[ColumnElement[bool]]:
    """What a customer may be found by; each is one of the indexes, so it is written as that is."""
    phones = beginnings(typed)
    if not phones:
        return [_WORDS.bool_op("@@")(func.search_query(typed))]
    found = [_begins_with(digits) for digits in sorted(phones)]
    found += [_ends_with(digits) for digits in sorted(phones) if len(digits) >= PHONE_ENDING]
    if typed.isascii() and typed.isdigit() and int(typed) <= MAX_ID:
        found.append(customers.c.customer_id == int(typed))
    return found


def _begins_with(digits: str) -> ColumnElement[bool]:
    """As LIKE, but Postgres does not know the digits when it plans: by what it remembers of phone numbers it may take
    a beginning that nobody has for that of a hundredth of them, and read the table.
    """
    number = customers.c.phone_number
    # The colon comes after the digits.
    least, above = (select(literal(each)).scalar_subquery() for each in (digits, f"{digits}:"))
    return and_(number.bool_op("~>=~")(least), number.bool_op("~<~")(above))


def _ends_with(digits: str) -> ColumnElement[bool]:
    return and_(_phone_ending == digits[-PHONE_ENDING:], customers.c.phone_number.endswith(digits))
