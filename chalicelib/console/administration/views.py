"""Administration: the way to its parts, and the policy that decides."""

from collections.abc import Iterator

from chalice.app import Response

from chalicelib import runtime
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.rules.bounds import MAX_SCORE
from chalicelib.rules.policy import Policy, Slab


def view_administration(visit: Visit) -> Response:
    """What there is to administer."""
    return page(visit, "administration/administration.html", policy=runtime.policy())


def view_policy(visit: Visit) -> Response:
    """The active policy with each of its numbers."""
    policy = runtime.policy()
    return page(visit, "administration/policy.html", policy=policy, bands=list(score_bands(policy)))


def score_bands(policy: Policy) -> Iterator[tuple[int, int, Slab | None]]:
    """The scores from the best down, as (lowest, highest, slab); None for those that are refused."""
    highest = MAX_SCORE
    for slab in policy.slabs:
        yield slab.score_above + 1, highest, slab
        highest = slab.score_above
    yield 0, highest, None
