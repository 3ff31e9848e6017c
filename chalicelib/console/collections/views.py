"""Who is late, how late, with how much, and whom to call: the list that is worked through each morning."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Literal

from chalice.app import Response
from pydantic import BaseModel, Field

from chalicelib import runtime
from chalicelib.console.frame.lists import ROWS, address
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.rendering import download, page
from chalicelib.console.frame.visit import Visit
from chalicelib.requests.models import CursorId, Day
from chalicelib.rules.money import ZERO
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.text import harmless
from chalicelib.rules.typed.names import full_name
from chalicelib.services import counted_books, delinquency
from chalicelib.services.delinquency import BucketTotal, LateLoanToday
from chalicelib.storage.delinquency import Behind

# Of one file; what a Lambda may answer, and what one person can call.
MOST_IN_A_FILE = 10_000
CODES = tuple(bucket.code for bucket in BUCKETS)
LATE = tuple(bucket for bucket in BUCKETS if bucket.days_past_due)
TITLES = (
    "loan",
    "customer",
    "name",
    "phone",
    "class",
    "days_past_due",
    "unpaid_since",
    "overdue",
    "charges",
    "outstanding",
)


class CollectionsQuery(BaseModel):
    """Which class is shown, behind which loan a page begins, and whether a file is asked for."""

    bucket: Annotated[Literal[CODES], Field(description=f"one of {', '.join(CODES)}")] | None = None  # type: ignore[valid-type]  # as data
    unpaid: Day | None = None
    after: CursorId | None = None
    format: Annotated[Literal["csv"], Field(description="csv")] | None = None


def view_collections(visit: Visit) -> Response:
    """The classes by count and amount, and the loans of one of them, the longest overdue first."""
    query = read(CollectionsQuery, visit.query)
    database, today = runtime.database(), runtime.today()
    whole, counted_at = counted_books.delinquency_of(database, today)
    totals = whole.buckets
    chosen = _chosen(query.bucket, totals)
    most = MOST_IN_A_FILE if query.format else ROWS
    behind = None if query.after is None else Behind(query.unpaid, query.after)
    found = delinquency.list_late_loans(database, chosen, today, behind=behind, limit=most + 1)
    if query.format:
        name = f"collections-{chosen.code.lower()}-{today.isoformat()}.csv"
        return download(visit, _csv(found[:most]), "text/csv", name)
    return page(
        visit,
        "collections/collections.html",
        today=today,
        counted_at=counted_at,
        totals=totals,
        most_principal=max((total.principal for total in totals), default=ZERO),
        principal=sum((total.principal for total in totals), ZERO),
        loans=sum(total.loans for total in totals),
        chosen=chosen,
        shown_loans=next(total.loans for total in totals if total.bucket == chosen),
        rows=found[:most],
        name_of=lambda row: full_name(row.loan.first_name, row.loan.last_name),
        days_of=_days_of,
        first=address({"bucket": chosen.code}) + "#loans" if query.after else None,
        next=_next(chosen, found[most - 1]) if len(found) > most else None,
        most_in_a_file=MOST_IN_A_FILE,
    )


def _chosen(code: str | None, totals: Sequence[BucketTotal]) -> Bucket:
    """The class that is asked for; otherwise the worst in which there are late loans."""
    if code is not None:
        return next(bucket for bucket in BUCKETS if bucket.code == code)
    return next((total.bucket for total in reversed(totals) if total.loans and total.bucket in LATE), LATE[0])


def _next(bucket: Bucket, last: LateLoanToday) -> str:
    behind = last.behind
    query: dict[str, object] = {"bucket": bucket.code, "after": behind.loan_id}
    if behind.unpaid_from is not None:
        query["unpaid"] = behind.unpaid_from.isoformat()
    return f"{address(query)}#loans"


def _days_of(bucket: Bucket) -> str:
    """The days past due of a class: 31 to 60."""
    place = BUCKETS.index(bucket)
    if not bucket.days_past_due:
        return "not late"
    if place + 1 == len(BUCKETS):
        return f"{bucket.days_past_due} days and more"
    return f"{bucket.days_past_due} to {BUCKETS[place + 1].days_past_due - 1} days"


def _csv(found: Sequence[LateLoanToday]) -> str:
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(TITLES)
    for each in found:
        loan, stands = each.loan, each.standing
        lines.writerow(
            [
                loan.loan_id,
                loan.customer_id,
                harmless(full_name(loan.first_name, loan.last_name)),
                loan.phone_number,
                stands.bucket.code,
                stands.days_past_due,
                "" if stands.unpaid_from is None else stands.unpaid_from.isoformat(),
                stands.overdue,
                stands.charges,
                stands.outstanding,
            ]
        )
    return text.getvalue()
