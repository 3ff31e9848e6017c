"""What could be had instead of a refused loan or a raised rate, and what would have to change for the loan as asked."""

from bisect import bisect_left
from decimal import Decimal
from math import floor
from typing import NamedTuple

from chalicelib.rules.bounds import LOAN_AMOUNT, TENURE
from chalicelib.rules.burden import Burden, burden
from chalicelib.rules.changes import Change, changes_needed
from chalicelib.rules.decision import emi_budget, rate_in_slab
from chalicelib.rules.money import CONTEXT, ZERO, emi, largest_principal
from chalicelib.rules.policy import Policy
from chalicelib.rules.score import Facts, LoanRequest, standing_score


class Offer(NamedTuple):
    """A loan that the policy would approve: rupees, months, percent a year, rupees a month.

    `carried` is what the customer would carry with it. A policy that does not count the requested loan approves also
    what takes more of the income than its share; whoever shows an offer says so.
    """

    loan_amount: Decimal
    tenure: int
    interest_rate: Decimal
    monthly_installment: Decimal
    carried: Burden


class CounterOffer(NamedTuple):
    """Beside a request that was not approved as asked, which is `request`.

    `largest_amount` is for the asked tenure, `shortest_tenure` for the asked amount; None if the policy approves
    none for this customer. `changes` are what would have to change first for the loan as asked, all of them; empty
    if only the rate was raised.
    """

    request: LoanRequest
    largest_amount: Offer | None
    shortest_tenure: Offer | None
    changes: tuple[Change, ...]


def counter_offer(facts: Facts, request: LoanRequest, policy: Policy) -> CounterOffer:
    """The largest amount for the asked tenure and the shortest tenure for the asked amount that `policy` approves.

    The amount is exact to the rupee, the tenure to the month. Both are at the requested rate or the floor of the slab,
    whichever is higher.
    """
    rate = _rate(facts, request, policy)
    largest = None if rate is None else _largest_amount(facts, request, policy, rate)
    shortest = None if rate is None else _shortest_tenure(facts, request, policy, rate)
    return CounterOffer(request, largest, shortest, changes_needed(facts, request, policy))


def _rate(facts: Facts, request: LoanRequest, policy: Policy) -> Decimal | None:
    """The rate of any loan to this customer now; None if there can be none, whatever its amount and tenure."""
    slab = policy.slab_for(standing_score(facts, policy).value)
    barred = facts.current_emis > emi_budget(facts, policy) or facts.current_principal > facts.approved_limit
    return None if slab is None or barred else rate_in_slab(request.interest_rate, slab)


def _largest_amount(facts: Facts, request: LoanRequest, policy: Policy, rate: Decimal) -> Offer | None:
    # Offered in whole rupees.
    most = min(LOAN_AMOUNT.most, floor(_room(facts, policy)))
    if policy.counts_requested_loan:
        most = min(most, largest_principal(_emi_room(facts, policy), rate, request.tenure))
    return _offer(facts, policy, Decimal(most), rate, request.tenure) if most >= LOAN_AMOUNT.least else None


def _shortest_tenure(facts: Facts, request: LoanRequest, policy: Policy, rate: Decimal) -> Offer | None:
    """By bisection: a month more never raises the rounded instalment, so what fits goes on fitting."""
    amount = request.loan_amount
    if amount > _room(facts, policy):
        return None
    if not policy.counts_requested_loan:
        return _offer(facts, policy, amount, rate, TENURE.least)
    room = _emi_room(facts, policy)
    tenures = range(TENURE.least, TENURE.most + 1)
    too_short = bisect_left(tenures, True, key=lambda tenure: emi(amount, rate, tenure) <= room)
    return _offer(facts, policy, amount, rate, tenures[too_short]) if too_short < len(tenures) else None


def _room(facts: Facts, policy: Policy) -> Decimal:
    """What the limit leaves for one more loan, in rupees."""
    taken = facts.current_principal if policy.counts_requested_loan else ZERO
    return CONTEXT.subtract(facts.approved_limit, taken)


def _emi_room(facts: Facts, policy: Policy) -> Decimal:
    """What the income leaves for one more instalment, in rupees a month."""
    return CONTEXT.subtract(emi_budget(facts, policy), facts.current_emis)


def _offer(facts: Facts, policy: Policy, amount: Decimal, rate: Decimal, tenure: int) -> Offer:
    instalment = emi(amount, rate, tenure)
    return Offer(amount, tenure, rate, instalment, burden(facts, policy, amount, instalment))
