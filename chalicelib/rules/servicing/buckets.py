"""How late is how bad: classes by days past due, as data."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Bucket(NamedTuple):
    """Loans that are at least `days_past_due` late, and fewer than the next bucket says.

    A loan in a bucket that `holds` stays there until all arrears of interest and principal are paid.
    """

    code: str
    days_past_due: int
    holds: bool = False


# From the best to the worst: RBI's circular of 12 November 2021.
BUCKETS = (
    Bucket("STANDARD", 0),
    Bucket("SMA-0", 1),
    Bucket("SMA-1", 31),
    Bucket("SMA-2", 61),
    Bucket("NPA", 91, holds=True),
)


def bucket_of(days_past_due: int, held: bool = False, buckets: Sequence[Bucket] = BUCKETS) -> Bucket:
    """The bucket of a loan; the one that holds, or a worse one, if the loan is `held` there."""
    least = holding_from(buckets) if held else None
    days = days_past_due if least is None else max(days_past_due, least)
    return max((bucket for bucket in buckets if bucket.days_past_due <= days), key=lambda bucket: bucket.days_past_due)


def holding_from(buckets: Sequence[Bucket]) -> int | None:
    """The days past due from which a loan is held; None if no bucket holds."""
    return min((bucket.days_past_due for bucket in buckets if bucket.holds), default=None)


def worst(of_loans: Iterable[Bucket]) -> Bucket | None:
    """A customer is as bad as the worst of the loans; None without loans."""
    return max(of_loans, key=lambda bucket: bucket.days_past_due, default=None)


def bucket_named(code: str, buckets: Sequence[Bucket] = BUCKETS) -> Bucket:
    """The bucket of a code. Raises KeyError if there is none."""
    return {bucket.code: bucket for bucket in buckets}[code]
