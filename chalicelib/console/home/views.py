"""The first page: what an officer wants to know before anything else."""

from collections.abc import Sequence
from datetime import date

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.charts import Columns, Series, columns
from chalicelib.console.frame.labels import REASONS
from chalicelib.console.frame.rendering import formats, page
from chalicelib.console.frame.visit import Visit
from chalicelib.rules.access import Operation
from chalicelib.rules.money import ZERO
from chalicelib.services.statistics import Outcomes, Overview, RateBand, Servicing, imports_to_look_at, overviews


def view_home(visit: Visit) -> Response:
    """Applications, portfolio and imports at a glance."""
    overview = overviews(runtime.database()).get(runtime.policy(), runtime.today())
    decided = any(outcomes.total for outcomes in overview.days.values())
    return page(
        visit,
        "home/home.html",
        overview=overview,
        policy=runtime.policy().name,
        days=_days_chart(overview) if decided else None,
        scores=_scores_chart(overview.scores) if decided else None,
        refusals=[(REASONS[reason], times, formats().number(times)) for reason, times in overview.refusals.items()],
        buckets=_buckets_chart(overview.servicing) if overview.servicing.loans else None,
        bands=[(_band_words(band), band) for band in overview.portfolio],
        imports=imports_to_look_at(runtime.database()) if visit.may(Operation.READ_IMPORTS) else [],
    )


def _days_chart(overview: Overview) -> Columns:
    days = list(overview.days)
    labels = [_short(day) for day in days]
    return columns("Applications a day", labels, _outcome_series(list(overview.days.values())), formats().number)


def _scores_chart(scores: Sequence[Outcomes]) -> Columns:
    starts = [10 * band for band in range(len(scores))]
    labels = [*(f"{start}–{start + 9}" for start in starts[:-1]), f"{starts[-1]}+"]
    return columns("Applications by score", labels, _outcome_series(scores), formats().number)


def _buckets_chart(servicing: Servicing) -> Columns:
    """The principal of loans that are late, by class: what is not late would make all others invisible."""
    late = [bucket for bucket in servicing.buckets if bucket.bucket.days_past_due]
    labels = [bucket.bucket.code for bucket in late]
    series = [
        Series("late", "s-warn", [ZERO if bucket.bucket.holds else bucket.principal for bucket in late]),
        Series(
            "stays so until all is paid",
            "s-bad",
            [bucket.principal if bucket.bucket.holds else ZERO for bucket in late],
        ),
    ]
    return columns("Principal of late loans by class", labels, series, formats().short_money)


def _outcome_series(outcomes: Sequence[Outcomes]) -> list[Series]:
    return [
        Series("approved", "s-good", [each.approved for each in outcomes]),
        Series("refused", "s-bad", [each.refused for each in outcomes]),
    ]


def _short(day: date) -> str:
    return formats().short_day(day)


def _band_words(band: RateBand) -> str:
    if band.below is None:
        return f"{formats().rate(band.floor)} and more"
    if not band.floor:
        return f"Below {formats().rate(band.below)}"
    return f"{formats().rate(band.floor)} to below {formats().rate(band.below)}"
