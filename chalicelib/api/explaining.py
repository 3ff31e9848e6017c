"""A decision as JSON: what it was made from, why it is so, and what could be had instead."""

from decimal import Decimal
from typing import TYPE_CHECKING

from chalicelib.rules.changes import Change
from chalicelib.rules.counter_offer import CounterOffer, Offer
from chalicelib.rules.decision import Decision
from chalicelib.rules.reasons import StatedReason
from chalicelib.rules.score import Facts
from chalicelib.rules.sentences import change_sentence, offer_warning, reason_sentence, statement

if TYPE_CHECKING:
    from chalicelib.api.answers import decisions as answers


def explanation(facts: Facts, decision: Decision) -> "answers.Explained":
    """Policy, score with its parts, every reason with the deciding one first, the floor of the slab, and the facts."""
    return {
        "policy": decision.policy,
        "score": decision.score,
        "score_parts": [
            {"name": part.name, "earned": part.points_earned, "possible": part.points_possible}
            for part in decision.score_parts
        ],
        "reasons": [_reason(reason) for reason in decision.reasons],
        "rate_floor": decision.rate_floor,
        "facts": facts_answered(facts),
    }


def message(decision: Decision) -> str | None:
    """Why it was refused, for a person; None if it was approved."""
    return None if decision.approved else reason_sentence(decision.reasons[0])


def facts_answered(facts: Facts) -> "answers.DecisionFacts":
    """What a decision was made from."""
    return {
        "monthly_income": facts.monthly_income,
        "approved_limit": facts.approved_limit,
        "loans": facts.loans,
        "loans_paid_in_full": facts.loans_paid_in_full,
        "tenure_total": facts.tenure_total,
        "emis_paid_on_time": facts.emis_paid_on_time,
        "current_principal": facts.current_principal,
        "current_emis": facts.current_emis,
    }


def offered(counter_offer: CounterOffer | None) -> "answers.Offered":
    """What the same policy would approve; nothing if the loan was approved as asked."""
    if counter_offer is None:
        return {}
    return {
        "counter_offer": {
            "largest_amount": _offer(counter_offer.largest_amount),
            "shortest_tenure": _offer(counter_offer.shortest_tenure),
            "changes": [_change(change) for change in counter_offer.changes],
            "statement": statement(counter_offer),
        }
    }


def _offer(offer: Offer | None) -> "answers.LoanOffer | None":
    if offer is None:
        return None
    return {
        "loan_amount": offer.loan_amount,
        "tenure": offer.tenure,
        "interest_rate": offer.interest_rate,
        "monthly_installment": offer.monthly_installment,
        "warning": offer_warning(offer),
    }


def _change(change: Change) -> "answers.NeededChange":
    return {"code": change.code, "bound": Decimal(change.bound), "sentence": change_sentence(change)}


def _reason(reason: StatedReason) -> "answers.DecisionReason":
    return {"code": reason.code, "sentence": reason_sentence(reason)}
