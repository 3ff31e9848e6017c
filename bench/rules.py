"""What the pure rules cost, without a database: a decision, and what is offered instead of a refused one."""

import time
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from functools import partial
from random import Random
from statistics import median

from bench.measuring import Result
from bench.service import Times
from chalicelib.rules.counter_offer import counter_offer
from chalicelib.rules.decision import decide
from chalicelib.rules.policy import POLICIES, Policy
from chalicelib.rules.score import Facts, LoanRequest

CASES = 2_000
ROUNDS = 5


def run() -> Result:
    """Both, by each policy, over made-up customers and requests of which a counter-offer is made for all."""
    draw = Random(7)
    cases = [_case(draw) for _ in range(CASES)]
    times = {}
    for name, policy in POLICIES.items():
        times[f"decision, {name}"] = _times(partial(_by, decide, policy), cases)
        times[f"counter-offer, {name}"] = _times(partial(_by, counter_offer, policy), cases)
    rows = [[what, f"{one.p50 * 1000:.0f}", f"{one.p99 * 1000:.0f}"] for what, one in times.items()]
    remarks = (
        f"Over {CASES:,} customers and requests; of each, the median of {ROUNDS} times. A counter-offer is to take "
        "well under a millisecond, the worst of them too."
    )
    figures = {what: asdict(one) for what, one in times.items()}
    return Result("rules", "Rules", ["what", "p50 µs", "p99 µs"], rows, figures, remarks)


def _by(rule: Callable[..., object], policy: Policy, facts: Facts, request: LoanRequest) -> object:
    return rule(facts, request, policy)


def _times(do: Callable[[Facts, LoanRequest], object], cases: list[tuple[Facts, LoanRequest]]) -> Times:
    found = []
    for facts, request in cases:
        taken = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            do(facts, request)
            taken.append(time.perf_counter() - began)
        found.append(median(taken))
    return Times.of(found)


def _case(draw: Random) -> tuple[Facts, LoanRequest]:
    loans = draw.randint(0, 12)
    tenures = loans * draw.randint(12, 60)
    facts = Facts(
        monthly_income=Decimal(draw.randint(10, 400) * 1000),
        approved_limit=Decimal(draw.randint(1, 150) * 100_000),
        loans=loans,
        loans_paid_in_full=draw.randint(0, loans),
        tenure_total=tenures,
        emis_paid_on_time=draw.randint(0, tenures),
        current_principal=Decimal(draw.randint(0, 40) * 100_000),
        current_emis=Decimal(draw.randint(0, 80_000)),
    )
    rate = Decimal(draw.randint(0, 4000)) / 100
    return facts, LoanRequest(Decimal(draw.randint(1, 20_000_000)), rate, draw.randint(1, 600))


if __name__ == "__main__":
    print(run().markdown())
