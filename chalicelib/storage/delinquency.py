"""The queries on how late loans are: sums and lists over all positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.rules.servicing.buckets import Bucket, holding_from
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.stored import position_from_stored, terms_from_stored
from chalicelib.rules.servicing.values import Fact, Terms
from chalicelib.storage.servicing import facts_from_stored, recorded_of

# The place of a loan's bucket among all, from 0. A loan that is held stays at least where loans are held.
_BUCKET = """
    greatest(width_bucket(CAST(:as_of AS date) - unpaid_from, CAST(:bounds AS integer[])),
             CASE WHEN held THEN CAST(:holding AS integer) ELSE 0 END)
"""

# Of positions whose last fact is not after the day, which know all that is known of it.
_TOTALS = text(f"""
    SELECT {_BUCKET} AS bucket, count(*) AS loans, sum(principal) AS principal
    FROM loan_positions
    WHERE status = 'open' AND last_fact_on <= :as_of
    GROUP BY 1
""")  # noqa: S608 - an expression of ours

_CHANGED_SINCE = text(f"""
    SELECT loan_terms.terms, {recorded_of("loan_positions.loan_id")} AS transactions
    FROM loan_positions JOIN loan_terms ON loan_terms.loan_id = loan_positions.loan_id
    WHERE last_fact_on > :as_of
    LIMIT :limit
""")  # noqa: S608 - an expression of ours

_BEHIND = {
    # No due date is unpaid if charges are all that is left; those come last.
    False: "(unpaid_from, loan_positions.loan_id) > (CAST(:unpaid_from AS date), :loan_id) OR unpaid_from IS NULL",
    True: "unpaid_from IS NULL AND loan_positions.loan_id > :loan_id",
}

_LATE = """
    SELECT loan_positions.loan_id, loans.customer_id, customers.first_name, customers.last_name,
           customers.phone_number, loan_positions.unpaid_from, loan_terms.terms, loan_positions.position
    FROM loan_positions
    JOIN loan_terms ON loan_terms.loan_id = loan_positions.loan_id
    JOIN loans ON loans.loan_id = loan_positions.loan_id
    JOIN customers ON customers.customer_id = loans.customer_id
    WHERE status = 'open' AND {bucket} = :bucket AND ({range}) AND ({behind})
    ORDER BY unpaid_from, loan_positions.loan_id
    LIMIT :limit
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
    rows = connection.execute(_TOTALS, {"as_of": as_of, **_bucket_values(buckets)})
    return [Total(*row) for row in rows]


def changed_since(connection: Connection, as_of: date, limit: int) -> list[tuple[Terms, list[Fact]]]:
    """Terms and facts of the loans whose last fact is after `as_of`, at most `limit`."""
    rows = connection.execute(_CHANGED_SINCE, {"as_of": as_of, "limit": limit})
    return [(terms_from_stored(terms), facts_from_stored(recorded)) for terms, recorded in rows]


def page(
    connection: Connection, bucket: int, as_of: date, buckets: Sequence[Bucket], behind: Behind | None, limit: int
) -> list[LateLoan]:
    """The open loans of a bucket, those that are late the longest first. `as_of` is not before their last facts."""
    statement = _LATE.format(
        bucket=_BUCKET,
        range=_range(bucket, buckets),
        behind=_BEHIND[behind.unpaid_from is None] if behind else "true",
    )
    values: dict[str, Any] = {"as_of": as_of, "bucket": bucket, "limit": limit, **_bucket_values(buckets)}
    if behind:
        values |= vars(behind)
    if "from_days" in statement:
        values["from_days"] = buckets[bucket].days_past_due
    if "until_days" in statement:
        values["until_days"] = buckets[bucket + 1].days_past_due
    rows = connection.execute(text(statement), values)
    return [_late_loan(*row) for row in rows]


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


def _range(bucket: int, buckets: Sequence[Bucket]) -> str:
    """The due dates that loans of the bucket are unpaid from, for the index; a loan that is held can be less late."""
    if buckets[bucket].holds:
        return "true"
    at_least = "unpaid_from <= CAST(:as_of AS date) - CAST(:from_days AS integer)"
    if bucket + 1 == len(buckets):
        return at_least
    at_most = "unpaid_from > CAST(:as_of AS date) - CAST(:until_days AS integer)"
    return f"{at_most} AND {at_least}" if bucket else f"{at_most} OR unpaid_from IS NULL"


def _bucket_values(buckets: Sequence[Bucket]) -> dict[str, Any]:
    bounds = [bucket.days_past_due for bucket in buckets[1:]]
    holding = holding_from(buckets)
    return {"bounds": bounds, "holding": 0 if holding is None else 1 + bounds.index(holding)}
