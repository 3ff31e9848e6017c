"""The queries on how late loans are: sums and lists over all positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.rules.servicing.buckets import Bucket
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.stored import position_from_stored, terms_from_stored
from chalicelib.rules.servicing.values import Fact, Terms
from chalicelib.storage.buckets import BUCKET_OF, Stretch, bucket_values, stretches
from chalicelib.storage.servicing import facts_from_stored, recorded_of

# Of positions whose last fact is not after the day, which know all that is known of it. Added up by due date first:
# there are few of those, however many loans there are, and the index has them one after the other. Were those that are
# held a group of their own, each loan would be looked up in a table of groups, for half as much time again.
_TOTALS = text(f"""
    SELECT {BUCKET_OF} AS bucket, CAST(sum(each.loans) AS bigint) AS loans, sum(each.principal) AS principal
    FROM (SELECT unpaid_from, count(*) AS loans, sum(principal) AS principal,
                 count(*) FILTER (WHERE held) AS held_loans,
                 coalesce(sum(principal) FILTER (WHERE held), 0) AS held_principal
          FROM loan_positions
          WHERE status = 'open' AND last_fact_on <= :as_of
          GROUP BY unpaid_from
          ORDER BY unpaid_from) AS by_due_date
    CROSS JOIN LATERAL (VALUES (false, loans - held_loans, principal - held_principal),
                               (true, held_loans, held_principal)) AS each (held, loans, principal)
    WHERE each.loans > 0
    GROUP BY 1
""")  # noqa: S608 - an expression of ours

_CHANGED_SINCE = text(f"""
    SELECT loan_terms.terms, {recorded_of("loan_positions.loan_id")} AS transactions
    FROM loan_positions JOIN loan_terms ON loan_terms.loan_id = loan_positions.loan_id
    WHERE last_fact_on > :as_of
    LIMIT :limit
""")  # noqa: S608 - an expression of ours

_LATE = """
    SELECT loan_positions.loan_id, loans.customer_id, customers.first_name, customers.last_name,
           customers.phone_number, loan_positions.unpaid_from, loan_terms.terms, loan_positions.position
    FROM (SELECT * FROM ({pages}) AS stretches ORDER BY unpaid_from, loan_id LIMIT :limit) AS loan_positions
    JOIN loan_terms ON loan_terms.loan_id = loan_positions.loan_id
    JOIN loans ON loans.loan_id = loan_positions.loan_id
    JOIN customers ON customers.customer_id = loans.customer_id
    ORDER BY unpaid_from, loan_id
"""

_PAGE = """
    (SELECT loan_id, unpaid_from, position FROM loan_positions
     WHERE status = 'open' AND {these}
     ORDER BY unpaid_from, loan_id LIMIT :limit)
"""


@dataclass(frozen=True)
class Total:
    """How many loans there are in a bucket, and their principal in rupees. `bucket` is its place among all."""

    bucket: int
    loans: int
    principal: Decimal


@dataclass(frozen=True)
class LateLoan:
    """A loan in a bucket, and whom to call about it."""

    loan_id: int
    customer_id: int
    first_name: str
    last_name: str
    phone_number: str
    unpaid_from: date | None
    terms: Terms
    position: Position


@dataclass(frozen=True)
class Behind:
    """The last loan of the page before."""

    unpaid_from: date | None
    loan_id: int


def totals(connection: Connection, as_of: date, buckets: Sequence[Bucket]) -> list[Total]:
    """Of open loans whose last fact is not after `as_of`: how many are in each bucket that has any."""
    rows = connection.execute(_TOTALS, {"as_of": as_of, **bucket_values(buckets)})
    return [Total(*row) for row in rows]


def changed_since(connection: Connection, as_of: date, limit: int) -> list[tuple[Terms, list[Fact]]]:
    """Terms and facts of the loans whose last fact is after `as_of`, at most `limit`."""
    rows = connection.execute(_CHANGED_SINCE, {"as_of": as_of, "limit": limit})
    return [(terms_from_stored(terms), facts_from_stored(recorded)) for terms, recorded in rows]


def page(
    connection: Connection, bucket: int, as_of: date, *, buckets: Sequence[Bucket], behind: Behind | None, limit: int
) -> list[LateLoan]:
    """The open loans of a bucket, those that are late the longest first. `as_of` is not before their last facts."""
    values: dict[str, Any] = {"as_of": as_of, "limit": limit}
    if behind:
        values |= vars(behind)
    # Each is a stretch of the index, so each is a page of its own.
    conditions = [_behind(stretch, behind) for stretch in stretches(bucket, buckets, values)]
    pages = [_PAGE.format(these=these) for these in conditions if these]
    if not pages:
        return []
    rows = connection.execute(text(_LATE.format(pages=" UNION ALL ".join(pages))), values)
    return [_late_loan(*row) for row in rows]


def _behind(stretch: Stretch, behind: Behind | None) -> str | None:
    """The condition of a stretch, behind the last page; None if that was past it. Without a due date is last."""
    if behind is None:
        return stretch.condition
    if stretch.has_due_date:
        after = " AND (unpaid_from, loan_id) > (CAST(:unpaid_from AS date), :loan_id)"
        return None if behind.unpaid_from is None else stretch.condition + after
    return stretch.condition + (" AND loan_id > :loan_id" if behind.unpaid_from is None else "")


def _late_loan(
    loan_id: int,
    customer_id: int,
    first_name: str,
    last_name: str,
    phone_number: str,
    unpaid_from: date | None,
    terms: dict[str, Any],
    position: dict[str, Any],
) -> LateLoan:
    agreed, stands = terms_from_stored(terms), position_from_stored(position)
    return LateLoan(loan_id, customer_id, first_name, last_name, phone_number, unpaid_from, agreed, stands)
