"""A decision as JSON: what it was made from, why it is so, and what could be had instead."""

from typing import Any

from chalicelib.rules.changes import Change
from chalicelib.rules.counter_offer import CounterOffer, Offer
from chalicelib.rules.decision import Decision
from chalicelib.rules.reasons import StatedReason
from chalicelib.rules.score import Facts
from chalicelib.rules.sentences import change_sentence, reason_sentence, statement


def explanation(facts: Facts, decision: Decision) -> dict[str, Any]:
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
        "facts": vars(facts),
    }


def message(decision: Decision) -> str | None:
    """Why it was refused, for a person; None if it was approved."""
    return None if decision.approved else reason_sentence(decision.reasons[0])


def offered(counter_offer: CounterOffer | None) -> dict[str, Any]:
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


def _offer(offer: Offer | None) -> dict[str, Any] | None:
    return None if offer is None else dict(vars(offer))


def _change(change: Change) -> dict[str, Any]:
    return {"code": change.code, "bound": change.bound, "sentence": change_sentence(change)}


def _reason(reason: StatedReason) -> dict[str, Any]:
    return {"code": reason.code, "sentence": reason_sentence(reason)}
