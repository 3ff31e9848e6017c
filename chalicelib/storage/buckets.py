"""How late is how bad, in SQL: the bucket of a position on a day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import TextClause, text

from chalicelib.rules.servicing.buckets import BUCKETS, Bucket, holding_from

# The place of a loan's bucket among all, from 0. A loan that is held stays at least where loans are held.
BUCKET_OF = """
    greatest(width_bucket(CAST(:as_of AS date) - unpaid_from, CAST(:bounds AS integer[])),
             CASE WHEN held THEN CAST(:holding AS integer) ELSE 0 END)
"""


def is_in(bucket: Bucket, as_of: date, buckets: Sequence[Bucket] = BUCKETS) -> TextClause:
    """The condition that a position is that of an open loan in this bucket of `buckets` on a day."""
    condition = text(f"loan_positions.status = 'open' AND {BUCKET_OF} = :bucket")
    return condition.bindparams(as_of=as_of, bucket=buckets.index(bucket), **bucket_values(buckets))


def bucket_values(buckets: Sequence[Bucket]) -> dict[str, Any]:
    """The values that BUCKET_OF takes beside the day, `as_of`."""
    bounds = [bucket.days_past_due for bucket in buckets[1:]]
    holding = holding_from(buckets)
    return {"bounds": bounds, "holding": 0 if holding is None else 1 + bounds.index(holding)}
