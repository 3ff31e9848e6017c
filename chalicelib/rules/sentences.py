"""Decisions in sentences, for the person whose request it is about.

Rules give codes and figures. Whoever shows them says how amounts and rates are written; the words are the same for all.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from chalicelib.rules.burden import Burden
from chalicelib.rules.changes import Change, ChangeCode
from chalicelib.rules.counter_offer import CounterOffer, Offer
from chalicelib.rules.figures import percent as without_zeros
from chalicelib.rules.figures import rupees
from chalicelib.rules.money import CONTEXT
from chalicelib.rules.reasons import Reason, StatedReason
from chalicelib.rules.wording import Words, Writing

# A figure names after its colon how it is written: see `_Sentence`.
REASONS: Mapping[Reason, str] = {
    Reason.EMI_BURDEN_TOO_HIGH: (
        "The monthly instalments of the current loans, {current_emis:money}, are more than "
        "{max_emi_share_of_income:share} of the monthly income, {monthly_income:money}."
    ),
    Reason.EMI_BURDEN_TOO_HIGH_WITH_THIS_LOAN: (
        "The monthly instalments of the current loans, {current_emis:money}, and of this loan, "
        "{monthly_installment:money} at {interest_rate:rate} a year, are together more than "
        "{max_emi_share_of_income:share} of the monthly income, {monthly_income:money}."
    ),
    Reason.CURRENT_LOANS_EXCEED_LIMIT: (
        "The current loans add up to {current_principal:money}, which is more than the approved limit, "
        "{approved_limit:money}."
    ),
    Reason.AMOUNT_EXCEEDS_LIMIT: (
        "The requested amount, {loan_amount:money}, is more than the approved limit, {approved_limit:money}."
    ),
    Reason.LIMIT_EXCEEDED_WITH_THIS_LOAN: (
        "The current loans, {current_principal:money}, and the requested amount, {loan_amount:money}, "
        "are together more than the approved limit, {approved_limit:money}."
    ),
    Reason.SCORE_TOO_LOW: "The credit score is {score}; a loan needs a score above {score_above}.",
    Reason.NO_LOAN_HISTORY: "There are no earlier loans, so the credit score is {score}.",
    Reason.RATE_RAISED_TO_FLOOR: (
        "At a credit score of {score} the interest rate is at least {interest_rate:rate} a year."
    ),
}
CHANGES: Mapping[ChangeCode, str] = {
    ChangeCode.CURRENT_EMIS_AT_MOST: (
        "The monthly instalments of the current loans, {current_emis:money}, must fall to {bound:money}."
    ),
    ChangeCode.MONTHLY_INCOME_AT_LEAST: "The monthly income, {monthly_income:money}, must be at least {bound:money}.",
    ChangeCode.APPROVED_LIMIT_AT_LEAST: "The approved limit, {approved_limit:money}, must be at least {bound:money}.",
    ChangeCode.CURRENT_PRINCIPAL_AT_MOST: "The current loans, {current_principal:money}, must fall to {bound:money}.",
    ChangeCode.EMIS_PAID_ON_TIME_AT_LEAST: (
        "{more:instalments} paid on time would bring the credit score, {score}, above {score_above}, "
        "if the current loans have as many to come."
    ),
    ChangeCode.SCORE_ABOVE: "The credit score, {score}, must be above {bound}.",
}
LARGEST_AMOUNT = (
    "Over {request.tenure:months}, up to {largest_amount.loan_amount:money} would be approved at "
    "{largest_amount.interest_rate:rate} a year, {largest_amount.monthly_installment:money} a month."
)
NO_AMOUNT = "Over {request.tenure:months}, no amount would be approved."
SHORTEST_TENURE = (
    "The amount of {request.loan_amount:money} would be approved over {shortest_tenure.tenure:months} at "
    "{shortest_tenure.interest_rate:rate} a year, {shortest_tenure.monthly_installment:money} a month."
)
NO_TENURE = "The amount of {request.loan_amount:money} would not be approved over any tenure."
ABOVE_SHARE = (
    "{begin}, instalments take {carried.emis:money} a month, {carried.emi_percent:rate} of the income: "
    "more than the policy's {carried.share:share}."
)
AS_ASKED = "For the loan as asked:"


class _Plain:
    """Digits without a currency: 10447.88, and 8.12%."""

    def money(self, amount: Decimal) -> str:
        return rupees(amount)

    def rate(self, percent: Decimal) -> str:
        return f"{without_zeros(percent)}%"


PLAIN: Writing = _Plain()


def reason_sentence(reason: StatedReason, write: Writing = PLAIN) -> str:
    """Why, in words that name the customer's own figures."""
    return _Sentence(write).vformat(REASONS[reason.code], (), reason.figures)


def change_sentence(change: Change, write: Writing = PLAIN) -> str:
    """What would have to change: from what it is to what it must be."""
    return _Sentence(write).vformat(CHANGES[change.code], (), {**change.figures, "bound": change.bound})


def statement(offered: CounterOffer, write: Writing = PLAIN) -> str:
    """All of a counter-offer: what would be approved instead, and what would have to change for the loan as asked."""
    asked = [AS_ASKED] if offered.changes else []
    return " ".join(
        [*offer_sentences(offered, write), *asked, *(change_sentence(each, write) for each in offered.changes)]
    )


def offer_sentences(offered: CounterOffer, write: Writing = PLAIN) -> list[str]:
    """What would be approved instead: the largest amount over the same tenure, and the same amount over another.

    Each says so if it takes more of the income than the policy's share.
    """
    largest, shortest = offered.largest_amount, offered.shortest_tenure
    told = ((largest, LARGEST_AMOUNT, NO_AMOUNT), (shortest, SHORTEST_TENURE, NO_TENURE))
    return [_offer_sentence(offered, offer, words if offer else none, write) for offer, words, none in told]


def offer_warning(offer: Offer, write: Writing = PLAIN) -> str | None:
    """That an offer takes more of the income than the policy's share, if it does."""
    return share_warning("With it", offer.carried, write)


def share_warning(begin: str, carried: Burden, write: Writing = PLAIN) -> str | None:
    """That what is carried takes more of the income than the policy's share, whatever the policy counts; or None."""
    return _Sentence(write).format(ABOVE_SHARE, begin=begin, carried=carried) if carried.exceeds_share else None


def _offer_sentence(offered: CounterOffer, offer: Offer | None, words: str, write: Writing) -> str:
    sentence = _Sentence(write).vformat(words, (), offered._asdict())
    warning = offer_warning(offer, write) if offer else None
    return f"{sentence} {warning}" if warning else sentence


class _Sentence(Words):
    """Writes a `share` as a rate, and counts with their noun."""

    def format_field(self, value: Any, format_spec: str) -> str:
        match format_spec:
            case "share":
                return self._write.rate(CONTEXT.multiply(value, Decimal(100)))
            case "months":
                return counted(value, "month")
            case "instalments":
                return counted(value, "more instalment")
            case _:
                return super().format_field(value, format_spec)


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 month, 12 months."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
