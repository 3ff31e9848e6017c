"""A decision in the words of a page: the result in a sentence, why, the score, and what would be approved instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from chalicelib.console.frame.formats import months
from chalicelib.console.frame.rendering import formats
from chalicelib.rules.burden import burden
from chalicelib.rules.counter_offer import CounterOffer, Offer
from chalicelib.rules.figures import percent, rupees
from chalicelib.rules.policy import Policy
from chalicelib.rules.reasons import Reason, StatedReason
from chalicelib.rules.score import Facts, LoanRequest, Part
from chalicelib.rules.sentences import change_sentence, offer_warning, reason_sentence, share_warning
from chalicelib.rules.stored import facts_from_stored, policy_from_stored, reason_from_stored
from chalicelib.services.applications import counter_offer_of
from chalicelib.services.loans import CheckedRequest
from chalicelib.storage.applications import StoredApplication

PARTS: Mapping[Part, str] = {
    Part.PUNCTUALITY: "Instalments paid on time",
    Part.COMPLETION: "Loans paid in full",
    Part.BEYOND_TENURE: "Instalments beyond the tenures",
    Part.NO_HISTORY: "No loan history",
    Part.LIMIT: "No points: the limit is exceeded",
}

Lines = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ShownReason:
    """Why, for a person. `refuses` if it decided against the loan; otherwise it is a remark."""

    refuses: bool
    sentence: str


@dataclass(frozen=True)
class ShownPart:
    """Points of the score."""

    words: str
    earned: Decimal
    possible: int


@dataclass(frozen=True)
class ShownOffer:
    """A loan that would be approved. `query` fills the what-if form with it; `warning` is for a person to weigh."""

    title: str
    offer: Offer
    query: str
    warning: str | None


@dataclass(frozen=True)
class Explained:
    """A decision, ready to be shown. Rates in percent a year."""

    approved: bool
    request: LoanRequest
    rate: Decimal
    monthly_installment: Decimal
    score: int
    parts: Sequence[ShownPart]
    reasons: Sequence[ShownReason]
    facts: Lines
    policy_name: str
    policy: Lines
    offers: Sequence[ShownOffer]
    changes: Sequence[str]
    # That instalments take more of the income than the policy's share, also if the policy does not count this loan.
    warning: str | None

    @property
    def raised(self) -> bool:
        """Whether it was approved at a higher rate than asked."""
        return self.rate > self.request.interest_rate

    @property
    def badge(self) -> tuple[str, str]:
        """The result in a word, and the kind of its badge."""
        if not self.approved:
            return "Refused", "bad"
        return ("Approved at a higher rate", "warn") if self.raised else ("Approved", "good")

    @property
    def result(self) -> str:
        """The result in one sentence, which can be read to the customer."""
        write, asked = formats(), self.request
        loan = f"{write.money(asked.loan_amount)} over {months(asked.tenure)}"
        if not self.approved:
            return f"A loan of {loan} at {write.rate(asked.interest_rate)} a year is refused."
        instead = f" instead of {write.rate(asked.interest_rate)}" if self.raised else ""
        return (
            f"A loan of {loan} is approved at {write.rate(self.rate)} a year{instead}, "
            f"with instalments of {write.money(self.monthly_installment)} a month."
        )


def explain_check(request: LoanRequest, checked: CheckedRequest, policy: Policy) -> Explained:
    """A decision that was made to be looked at, and not kept."""
    decision = checked.decision
    return Explained(
        approved=decision.approved,
        request=request,
        rate=decision.corrected_interest_rate,
        monthly_installment=decision.monthly_installment,
        score=decision.score,
        parts=[_part(part.name, part.points_earned, part.points_possible) for part in decision.score_parts],
        reasons=[_reason(reason) for reason in decision.reasons],
        facts=facts_in_words(checked.facts),
        policy_name=policy.name,
        policy=policy_in_words(policy),
        offers=_offers(checked.counter_offer),
        changes=_changes(checked.counter_offer),
        warning=_warning(checked.facts, policy, decision.monthly_installment),
    )


def explain_application(stored: StoredApplication) -> Explained:
    """The decision of an application as it was made, whatever has changed since."""
    policy, facts, offered = (
        policy_from_stored(stored.policy),
        facts_from_stored(stored.facts),
        counter_offer_of(stored),
    )
    return Explained(
        approved=stored.approved,
        request=LoanRequest(stored.loan_amount, stored.interest_rate, stored.tenure),
        rate=stored.corrected_interest_rate,
        monthly_installment=stored.monthly_installment,
        score=stored.score,
        parts=[_part(Part(each["name"]), Decimal(each["earned"]), each["possible"]) for each in stored.score_parts],
        reasons=[_stored_reason(each) for each in stored.reasons],
        facts=facts_in_words(facts),
        policy_name=policy.name,
        policy=policy_in_words(policy),
        offers=_offers(offered),
        changes=_changes(offered),
        warning=_warning(facts, policy, stored.monthly_installment),
    )


def facts_in_words(facts: Facts) -> Lines:
    """What a decision is made from."""
    write = formats()
    return [
        ("Monthly income", write.money(facts.monthly_income)),
        ("Approved limit", write.money(facts.approved_limit)),
        ("Principal of current loans", write.money(facts.current_principal)),
        ("Instalments of current loans a month", write.money(facts.current_emis)),
        ("Loans so far", write.number(facts.loans)),
        ("of these paid in full", write.number(facts.loans_paid_in_full)),
        ("Instalments of all loans", write.number(facts.tenure_total)),
        ("of these paid on time", write.number(facts.emis_paid_on_time)),
    ]


def policy_in_words(policy: Policy) -> Lines:
    """The rules that a decision is made by."""
    write = formats()
    counts = "the current loans and this one" if policy.counts_requested_loan else "the current loans"
    return [
        ("Limit of a new customer", f"{percent(policy.income_multiple)} × monthly income"),
        ("Instalments take at most", f"{write.rate(100 * policy.max_emi_share_of_income)} of the income"),
        ("Counted for both", counts),
        ("Points for paying on time", f"up to {policy.punctuality_points}"),
        ("Points for paying in full", f"up to {policy.completion_points}"),
        ("Score without loan history", str(policy.score_without_history)),
        *((f"Score above {slab.score_above}", _floor(slab.rate_floor)) for slab in policy.slabs),
        (f"Score of {policy.slabs[-1].score_above} or less", "refused"),
    ]


def loan_query(loan: Offer | LoanRequest) -> str:
    """What fills the what-if form with a loan."""
    values = {"loan_amount": rupees(loan.loan_amount), "interest_rate": percent(loan.interest_rate)}
    return urlencode(values | {"tenure": loan.tenure})


def terms_query(explained: Explained, start: date | None = None) -> str:
    """What fills the form of a Key Facts Statement with the loan as it would be made."""
    asked = explained.request
    terms = loan_query(LoanRequest(asked.loan_amount, explained.rate, asked.tenure))
    return f"{terms}&start_date={start}" if start else terms


def _floor(rate_floor: Decimal) -> str:
    return f"at {formats().rate(rate_floor)} a year or more" if rate_floor else "at the requested rate"


def _changes(offered: CounterOffer | None) -> list[str]:
    return [change_sentence(change, formats()) for change in offered.changes] if offered else []


def _warning(facts: Facts, policy: Policy, instalment: Decimal) -> str | None:
    return share_warning("With this loan", burden(facts, policy, instalment=instalment), formats())


def _offers(offered: CounterOffer | None) -> list[ShownOffer]:
    """The loans of a counter-offer; the same one is shown once."""
    if offered is None:
        return []
    titled = [("Largest amount", offered.largest_amount), ("Shortest tenure", offered.shortest_tenure)]
    found = [
        ShownOffer(title, offer, loan_query(offer), offer_warning(offer, formats())) for title, offer in titled if offer
    ]
    return found[:1] if len({each.offer for each in found}) == 1 else found


def _part(name: Part, earned: Decimal, possible: int) -> ShownPart:
    return ShownPart(PARTS[name], earned, possible)


def _reason(reason: StatedReason) -> ShownReason:
    return ShownReason(reason.code.refuses, reason_sentence(reason, formats()))


def _stored_reason(stored: Mapping[str, Any]) -> ShownReason:
    reason = reason_from_stored(stored)
    return _reason(reason) if reason else ShownReason(Reason(stored["code"]).refuses, stored["sentence"])
