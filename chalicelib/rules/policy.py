"""A lending policy as data: every number of a decision is here, and adding a policy is adding a value."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

MAX_SCORE = 100


class PolicyError(ValueError):
    """A policy's numbers contradict each other; the sentence says which."""


@dataclass(frozen=True)
class Slab:
    """Scores above `score_above` are approved at no less than `rate_floor` percent a year."""

    score_above: int
    rate_floor: Decimal


@dataclass(frozen=True)
class Policy:
    """What a lender decides by. Raises PolicyError where the numbers make no sense together.

    `punctuality_points` are earned by the share of all instalments that were paid on time, `completion_points`
    by the share of loans whose instalments were all paid on time.
    """

    name: str
    income_multiple: Decimal
    limit_rounding_step: Decimal
    max_emi_share_of_income: Decimal
    score_without_history: int
    punctuality_points: int
    completion_points: int
    slabs: tuple[Slab, ...]

    def __post_init__(self) -> None:
        for sentence in self._contradictions():
            raise PolicyError(f"Policy {self.name}: {sentence}")

    def _contradictions(self) -> list[str]:
        cuts = [slab.score_above for slab in self.slabs]
        floors = [slab.rate_floor for slab in self.slabs]
        checks = [
            (self.income_multiple > 0, f"income_multiple must be above 0, not {self.income_multiple}."),
            (self.limit_rounding_step > 0, f"limit_rounding_step must be above 0, not {self.limit_rounding_step}."),
            (
                0 < self.max_emi_share_of_income <= 1,
                f"max_emi_share_of_income must be above 0 and at most 1, not {self.max_emi_share_of_income}.",
            ),
            (
                0 <= self.score_without_history <= MAX_SCORE,
                f"score_without_history must lie between 0 and {MAX_SCORE}, not {self.score_without_history}.",
            ),
            (
                min(self.punctuality_points, self.completion_points) >= 0
                and self.punctuality_points + self.completion_points == MAX_SCORE,
                f"punctuality_points and completion_points must not be negative and add up to {MAX_SCORE}, "
                f"not {self.punctuality_points} and {self.completion_points}.",
            ),
            (bool(cuts), "it needs at least one slab, or nothing is ever approved."),
            (
                cuts == sorted(set(cuts), reverse=True) and all(0 <= cut < MAX_SCORE for cut in cuts),
                f"the slabs must go from the highest score to the lowest, each once, from 0 to {MAX_SCORE}: {cuts}.",
            ),
            (
                floors == sorted(floors) and all(0 <= floor <= 100 for floor in floors),
                "a lower score must not have a lower rate_floor, and each must lie between 0 and 100 percent: "
                f"{[str(floor) for floor in floors]}.",
            ),
        ]
        return [sentence for holds, sentence in checks if not holds]

    def slab_for(self, score: int) -> Slab | None:
        """The slab that a score falls in; None where it is too low to be approved."""
        return next((slab for slab in self.slabs if score > slab.score_above), None)

    def approved_limit(self, monthly_income: Decimal) -> Decimal:
        """The credit limit in rupees for an income in rupees a month, rounded half-up to the policy's step."""
        steps = monthly_income * self.income_multiple / self.limit_rounding_step
        return steps.quantize(Decimal(1), ROUND_HALF_UP) * self.limit_rounding_step


STANDARD_1 = Policy(
    name="standard-1",
    income_multiple=Decimal(36),
    limit_rounding_step=Decimal(1),
    max_emi_share_of_income=Decimal("0.5"),
    score_without_history=75,
    punctuality_points=70,
    completion_points=30,
    slabs=(Slab(50, Decimal(0)), Slab(30, Decimal(12)), Slab(10, Decimal(16))),
)

POLICIES = {policy.name: policy for policy in (STANDARD_1,)}


def policy_named(name: str) -> Policy:
    """The built-in policy of that name. Raises PolicyError naming those there are."""
    try:
        return POLICIES[name]
    except KeyError:
        raise PolicyError(
            f"There is no policy {name!r}; DECISION_POLICY must be one of {', '.join(POLICIES)}."
        ) from None
