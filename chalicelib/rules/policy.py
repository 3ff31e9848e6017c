"""A lending policy as data: every number of a decision is here, and adding a policy is adding a value."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal

from chalicelib.rules.bounds import MAX_SCORE, RATE, RATE_DECIMALS, SCORE
from chalicelib.rules.money import CONTEXT, PAISE_A_RUPEE

NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


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
    by the share of loans whose instalments were all paid on time. Where `counts_requested_loan`, the limit and the
    share of the income must hold the requested loan beside the current ones.
    """

    name: str
    income_multiple: Decimal
    limit_rounding_step: Decimal
    max_emi_share_of_income: Decimal
    counts_requested_loan: bool
    score_without_history: int
    punctuality_points: int
    completion_points: int
    slabs: tuple[Slab, ...]

    def __post_init__(self) -> None:
        for check in (_wrong_kinds, _wrong_numbers, _wrong_points, _wrong_slabs):
            for sentence in check(self):
                raise PolicyError(f"Policy {self.name}: {sentence}")

    def slab_for(self, score: int) -> Slab | None:
        """The slab that a score falls in; None where it is too low to be approved."""
        return next((slab for slab in self.slabs if score > slab.score_above), None)

    def approved_limit(self, monthly_income: Decimal) -> Decimal:
        """The credit limit in rupees for an income in rupees a month, rounded half-up to the policy's step."""
        income = CONTEXT.multiply(monthly_income, self.income_multiple)
        steps = CONTEXT.divide(income, self.limit_rounding_step).quantize(Decimal(1), ROUND_HALF_UP, CONTEXT)
        return CONTEXT.multiply(steps, self.limit_rounding_step)


def _wrong_kinds(policy: Policy) -> Iterable[str]:
    """A number of another kind compares and multiplies all the same, and a float has lost the exact value."""
    for field in fields(policy):
        value = getattr(policy, field.name)
        if isinstance(field.type, type) and type(value) is not field.type:
            yield f"{field.name} must be of type {field.type.__name__}, not {value!r}."
        elif isinstance(value, Decimal) and not value.is_finite():
            yield f"{field.name} must be a finite number, not {value}."
    if not isinstance(policy.slabs, tuple) or not all(_is_slab(slab) for slab in policy.slabs):
        yield f"slabs must be a tuple of Slab with an int and a finite Decimal each, not {policy.slabs!r}."


def _is_slab(slab: object) -> bool:
    return (
        isinstance(slab, Slab)
        and type(slab.score_above) is int
        and isinstance(slab.rate_floor, Decimal)
        and slab.rate_floor.is_finite()
    )


def _wrong_numbers(policy: Policy) -> Iterable[str]:
    if not NAME.fullmatch(policy.name):
        yield f"name must be up to 64 small letters, digits and hyphens, a letter first, not {policy.name!r}."
    if policy.income_multiple <= 0:
        yield f"income_multiple must be above 0, not {policy.income_multiple}."
    if policy.limit_rounding_step <= 0 or PAISE_A_RUPEE % policy.limit_rounding_step.as_integer_ratio()[1]:
        yield f"limit_rounding_step must be above 0 and in whole paise, not {policy.limit_rounding_step}."
    if not 0 < policy.max_emi_share_of_income <= 1:
        yield f"max_emi_share_of_income must be above 0 and at most 1, not {policy.max_emi_share_of_income}."


def _wrong_points(policy: Policy) -> Iterable[str]:
    if policy.score_without_history not in SCORE:
        yield f"score_without_history must lie between 0 and {MAX_SCORE}, not {policy.score_without_history}."
    points = (policy.punctuality_points, policy.completion_points)
    if min(points) < 0 or sum(points) != MAX_SCORE:
        yield (
            f"punctuality_points and completion_points must not be negative and add up to {MAX_SCORE}, "
            f"not {points[0]} and {points[1]}."
        )


def _wrong_slabs(policy: Policy) -> Iterable[str]:
    cuts = [slab.score_above for slab in policy.slabs]
    floors = [slab.rate_floor for slab in policy.slabs]
    if not cuts:
        yield "it needs at least one slab, or nothing is ever approved."
    if cuts != sorted(set(cuts), reverse=True) or not all(0 <= cut < MAX_SCORE for cut in cuts):
        yield (
            "the slabs must go from the highest score to the lowest, each once, "
            f"at least 0 and below {MAX_SCORE}: {cuts}."
        )
    if floors != sorted(floors) or not all(floor in RATE for floor in floors):
        yield (
            f"a lower score must not have a lower rate_floor, and each must lie between 0 and {RATE.most} percent: "
            f"{[str(floor) for floor in floors]}."
        )
    if any(floor.quantize(Decimal(1).scaleb(-RATE_DECIMALS), context=CONTEXT) != floor for floor in floors):
        yield f"a rate_floor has at most {RATE_DECIMALS} decimals: {[str(floor) for floor in floors]}."


STANDARD_1 = Policy(
    name="standard-1",
    income_multiple=Decimal(36),
    limit_rounding_step=Decimal(1),
    max_emi_share_of_income=Decimal("0.5"),
    counts_requested_loan=False,
    score_without_history=75,
    punctuality_points=70,
    completion_points=30,
    slabs=(Slab(50, Decimal(0)), Slab(30, Decimal(12)), Slab(10, Decimal(16))),
)

PRUDENT_1 = Policy(
    name="prudent-1",
    income_multiple=Decimal(36),
    limit_rounding_step=Decimal(1),
    max_emi_share_of_income=Decimal("0.5"),
    counts_requested_loan=True,
    score_without_history=75,
    punctuality_points=70,
    completion_points=30,
    slabs=(Slab(50, Decimal(0)), Slab(30, Decimal(12)), Slab(10, Decimal(16))),
)

POLICIES = {policy.name: policy for policy in (STANDARD_1, PRUDENT_1)}


def policy_named(name: str) -> Policy:
    """The built-in policy of that name. Raises PolicyError naming those there are."""
    try:
        return POLICIES[name]
    except KeyError:
        raise PolicyError(
            f"There is no policy {name!r}; DECISION_POLICY must be one of {', '.join(POLICIES)}."
        ) from None
