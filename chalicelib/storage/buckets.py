"""How late is how bad, in SQL: the bucket of a position on a day, and the positions in a bucket."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from chalicelib.rules.servicing.buckets import Bucket, holding_from

# The place of a loan's bucket among all, from 0. A loan that is held stays at least where loans are held.
BUCKET_OF = """
    greatest(width_bucket(CAST(:as_of AS date) - unpaid_from, CAST(:bounds AS integer[])),
             CASE WHEN held THEN CAST(:holding AS integer) ELSE 0 END)
"""


def bucket_values(buckets: Sequence[Bucket]) -> dict[str, Any]:
    """The values that BUCKET_OF takes beside the day, `as_of`."""
    bounds = [bucket.days_past_due for bucket in buckets[1:]]
    holding = holding_from(buckets)
    return {"bounds": bounds, "holding": 0 if holding is None else 1 + bounds.index(holding)}


class Stretch(NamedTuple):
    """A condition that holds for some of the positions in a bucket, and whether they have a due date that is unpaid."""

    condition: str
    has_due_date: bool


def stretches(place: int, buckets: Sequence[Bucket], values: dict[str, Any]) -> Iterator[Stretch]:
    """Which positions are in a bucket on the day `as_of`, each of them in one stretch; adds the values that this needs.

    Where loans are held, some are less late than the bucket says; they have an index of their own, for there are few.
    No due date is unpaid if charges are all that is left: such loans are not late. The conditions name columns alone:
    of an expression of the bucket the planner cannot tell how many loans it leaves, and reads all of them.
    """
    holding, days = holding_from(buckets), buckets[place].days_past_due
    not_worse = " AND NOT held" if holding is not None and days < holding else ""
    yield Stretch(_range(place, buckets, values) + not_worse, True)
    if place and days == holding:
        yield Stretch("held AND unpaid_from > CAST(:as_of AS date) - CAST(:from_days AS integer)", True)
    if place == 0:
        yield Stretch("unpaid_from IS NULL" + not_worse, False)


def _range(place: int, buckets: Sequence[Bucket], values: dict[str, Any]) -> str:
    """The due dates of loans that are as late as the bucket says."""
    conditions = []
    if place:
        conditions.append("unpaid_from <= CAST(:as_of AS date) - CAST(:from_days AS integer)")
        values["from_days"] = buckets[place].days_past_due
    if place + 1 < len(buckets):
        conditions.append("unpaid_from > CAST(:as_of AS date) - CAST(:until_days AS integer)")
        values["until_days"] = buckets[place + 1].days_past_due
    return " AND ".join(conditions) or "unpaid_from IS NOT NULL"
