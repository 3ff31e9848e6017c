"""The first page: what an officer wants to know before anything else."""

from collections.abc import Mapping, Sequence
from datetime import date

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.charts import Columns, Series, columns
from chalicelib.console.frame.labels import REASONS
from chalicelib.console.frame.lists import address
from chalicelib.console.frame.rendering import formats, page
from chalicelib.console.frame.visit import Visit
from chalicelib.rules.access import Operation
from chalicelib.rules.bounds import SCORE
from chalicelib.rules.money import ZERO
from chalicelib.rules.reasons import Reason
from chalicelib.rules.servicing.values import Kind
from chalicelib.services.counted_books import overviews
from chalicelib.services.delinquency import BucketTotal
from chalicelib.services.statistics import Outcomes, Overview, RateBand, Servicing, imports_to_look_at


def view_home(visit: Visit) -> Response:
    """Applications, portfolio and imports at a glance."""
    overview = overviews(runtime.database()).get(runtime.policy(), runtime.today())
    decided = any(outcomes.total for outcomes in overview.days.values())
    lists = Lists(visit.root, overview)
    return page(
        visit,
        "home/home.html",
        overview=overview,
        links=lists.figures(),
        policy=runtime.policy().name,
        days=_days_chart(overview, lists) if decided else None,
        scores=_scores_chart(overview.scores, lists) if decided else None,
        refusals=[
            (REASONS[reason], times, formats().number(times), lists.refusals(reason))
            for reason, times in overview.refusals.items()
        ],
        buckets=_buckets_chart(overview.servicing, lists) if overview.servicing.loans else None,
        bands=[(_band_words(band), band, lists.rates(band)) for band in overview.portfolio],
        imports=imports_to_look_at(runtime.database()) if visit.may(Operation.READ_IMPORTS) else [],
    )


# As what was received is counted.
RECEIVED = {"kind": Kind.RECEIPT.value, "reversed": "no"}


class Lists:
    """The addresses of the lists behind the figures."""

    def __init__(self, root: str, overview: Overview) -> None:
        self._root = root
        self._since, *_, self._today = overview.days

    def applications(self, since: date, to: date, **more: object) -> str:
        """Applications of some days, narrowed down further."""
        days = {"from": since.isoformat(), "to": to.isoformat()}
        return f"{self._root}applications/{address({**more, **days})}"

    def _this_month(self) -> Mapping[str, str]:
        return {"from": self._today.replace(day=1).isoformat(), "to": self._today.isoformat()}

    def counted(self, **more: object) -> str:
        """Applications of all days that are counted."""
        return self.applications(self._since, self._today, **more)

    def refusals(self, reason: Reason) -> str:
        """Refusals for a reason."""
        return self.counted(outcome="refused", reason=reason.value)

    def rates(self, band: RateBand) -> str:
        """Current loans of a band of rates."""
        bounds = {"rate_from": f"{band.floor:f}"} if band.floor else {}
        if band.below is not None:
            bounds["rate_below"] = f"{band.below:f}"
        return f"{self._root}loans/{address({'state': 'current', **bounds})}"

    def bucket(self, bucket: BucketTotal) -> str:
        """Loans of a class, for whoever calls the customers."""
        return f"{self._root}collections/{address({'bucket': bucket.bucket.code})}#loans"

    def figures(self) -> Mapping[str, str]:
        """Those behind the figures on top."""
        return {
            "today": self.applications(self._today, self._today),
            "month": self.applications(self._today.replace(day=1), self._today),
            "current": f"{self._root}loans/?state=current",
            "late": f"{self._root}loans/?late=1",
            # Each of them has an instalment in every month.
            "open": f"{self._root}loans/?state=open",
            "received": f"{self._root}transactions/{address({**RECEIVED, **self._this_month()})}",
        }


def _days_chart(overview: Overview, lists: Lists) -> Columns:
    days = list(overview.days)
    links = {
        outcome: [lists.applications(day, day, outcome=outcome) for day in days] for outcome in ("approved", "refused")
    }
    series = _outcome_series(list(overview.days.values()), links)
    return columns("Applications per day", [_short(day) for day in days], series, formats().number)


def _scores_chart(scores: Sequence[Outcomes], lists: Lists) -> Columns:
    starts = [10 * band for band in range(len(scores))]
    labels = [*(f"{start}–{start + 9}" for start in starts[:-1]), f"{starts[-1]}+"]
    ends = [*(start + 9 for start in starts[:-1]), SCORE.most]
    links = {
        outcome: [
            lists.counted(outcome=outcome, score_from=start, score_to=end)
            for start, end in zip(starts, ends, strict=True)
        ]
        for outcome in ("approved", "refused")
    }
    return columns("Applications by score", labels, _outcome_series(scores, links), formats().number)


def _buckets_chart(servicing: Servicing, lists: Lists) -> Columns:
    """The principal of loans that are late, by class: what is not late would make all others invisible."""
    late = [bucket for bucket in servicing.buckets if bucket.bucket.days_past_due]
    labels = [bucket.bucket.code for bucket in late]
    links = [lists.bucket(bucket) for bucket in late]
    series = [
        Series("late", "s-warn", [ZERO if bucket.bucket.holds else bucket.principal for bucket in late], links),
        Series(
            "late until everything is paid",
            "s-bad",
            [bucket.principal if bucket.bucket.holds else ZERO for bucket in late],
            links,
        ),
    ]
    return columns("Principal of late loans by class", labels, series, formats().short_money)


def _outcome_series(outcomes: Sequence[Outcomes], links: Mapping[str, Sequence[str]]) -> list[Series]:
    return [
        Series("approved", "s-good", [each.approved for each in outcomes], links["approved"]),
        Series("refused", "s-bad", [each.refused for each in outcomes], links["refused"]),
    ]


def _short(day: date) -> str:
    return formats().short_day(day)


def _band_words(band: RateBand) -> str:
    if band.below is None:
        return f"{formats().rate(band.floor)} and more"
    if not band.floor:
        return f"Below {formats().rate(band.below)}"
    return f"{formats().rate(band.floor)} to below {formats().rate(band.below)}"
