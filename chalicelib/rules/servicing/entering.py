"""What each kind of fact does to the books, and what it paid. Amounts in whole paise."""

from collections.abc import Callable
from typing import NamedTuple

from chalicelib.rules.money import emi, from_paise, half_up, whole_paise
from chalicelib.rules.servicing.days import dues_by
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.refusals import Code, Refused, already_serviced, not_serviced, written_off
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind

PERCENT = 100


class Parts(NamedTuple):
    """What a fact took of each part, in paise.

    `counted` is what of it counts towards the demands, `levied` the prepayment charge that it caused.
    """

    interest: int = 0
    principal: int = 0
    charges: int = 0
    credit: int = 0
    counted: int = 0
    levied: int = 0


# The order of the facts of one day, so that it does not matter which was recorded first. A waiver makes room for money,
# an instalment comes before a prepayment, and what ends the loan comes last.
_RANKS = {
    (Kind.DISBURSAL, None): 0,
    (Kind.OPENING, None): 0,
    (Kind.WAIVER, Intent.CHARGES): 1,
    (Kind.WAIVER, Intent.INTEREST): 1,
    (Kind.WAIVER, Intent.PRINCIPAL): 1,
    (Kind.WAIVER, None): 2,
    (Kind.RECEIPT, Intent.SETTLEMENT): 6,
    (Kind.REFUND, None): 7,
    (Kind.WRITE_OFF, None): 8,
}
_PREPAYMENT_RANKS = {Effect.SHORTER_TENURE: 4, Effect.LOWER_INSTALMENT: 5}
_INSTALMENT_RANK = 3


def rank_of(fact: Fact) -> int:
    """The place of a fact among those of its day."""
    if fact.effect is not None:
        return _PREPAYMENT_RANKS[fact.effect]
    return _RANKS.get((fact.kind, fact.intent), _INSTALMENT_RANK)


def enter(books: Ledger, fact: Fact) -> Parts:
    """Lets the days before the fact pass and enters it. Raises Refused if it cannot be true of this loan."""
    _check_can_be(books, fact)
    books.advance(fact.value_date)
    parts = _ENTRIES[fact.kind](books, fact)
    books.received += parts.counted
    books.on, books.rank = fact.value_date, rank_of(fact)
    books.settle_up()
    return parts


def _check_can_be(books: Ledger, fact: Fact) -> None:
    starts = fact.kind in (Kind.DISBURSAL, Kind.OPENING)
    if starts and books.since is not None:
        raise already_serviced(books.since)
    if not starts and books.since is None:
        raise not_serviced()
    if books.written_off_on is not None:
        raise written_off(books.written_off_on, fact.number)


def _disburse(books: Ledger, fact: Fact) -> Parts:
    books.principal, books.since = whole_paise(fact.amount), fact.value_date
    books.period = dues_by(books.start, fact.value_date) + 1
    books.demands = ((1, whole_paise(books.terms.instalment)),)
    books.final = books.terms.tenure
    return Parts()


def _open(books: Ledger, fact: Fact) -> Parts:
    """The running period counts from its beginning, as if the principal had been the same all through it.

    So its interest is rounded once, as that of every period is, and what was due is due to the paisa.
    """
    opening = fact.opening
    assert opening is not None
    books.principal, books.since = whole_paise(fact.amount), fact.value_date
    books.period = dues_by(books.start, fact.value_date) + 1
    books.paise_days = books.principal * books.day_of_period(fact.value_date)
    books.interest_accrued = whole_paise(opening.interest_due) - books.running_interest()
    first = dues_by(books.start, opening.first_unpaid_due_date)
    books.demands = ((first, whole_paise(books.terms.instalment)),)
    books.covered, books.final = first - 1, first - 1 + opening.instalments_left
    # An instalment that is left was not paid, on time or otherwise, whatever was said of it elsewhere.
    books.paid_on_time = min(opening.emis_paid_on_time, max(0, books.terms.tenure - opening.instalments_left))
    books.judged = books.grace_over(fact.value_date)
    books.late = opening.first_unpaid_due_date < fact.value_date
    books.unpaid_from = opening.first_unpaid_due_date
    books.judge_class(fact.value_date)
    return Parts()


def _receive(books: Ledger, fact: Fact) -> Parts:
    """Interest, then principal, then charges; the rest is credit."""
    amount, ahead = whole_paise(fact.amount), _demanded_first(books, fact)
    interest = min(amount, books.interest())
    principal = min(amount - interest, books.principal)
    counted = interest + principal if ahead is None else min(interest + principal, ahead)
    levied = 0 if ahead is None else levy(books, principal - max(0, counted - interest))
    books.charges += levied
    charges = min(amount - interest - principal, books.charges)
    credit = amount - interest - principal - charges
    _take(books, interest, principal, charges)
    books.credit += credit
    if fact.effect is Effect.LOWER_INSTALMENT:
        _lower(books, counted)
    return Parts(interest, principal, charges, credit, counted, levied)


def _demanded_first(books: Ledger, fact: Fact) -> int | None:
    """What of a prepayment or a settlement is not early, so that it covers demands; None if all of the receipt does.

    A prepayment in arrears is refused, but a later reversal can bring it there; then it pays what is overdue first.
    """
    if fact.intent is Intent.PREPAYMENT:
        return books.overdue()
    return books.due() if fact.intent is Intent.SETTLEMENT else None


def levy(books: Ledger, prepaid: int) -> int:
    """The prepayment charge of so much prepaid principal, of which the day has one charge, however it is split."""
    percent, parts = books.terms.prepayment_charge.as_integer_ratio()
    if not percent:
        return 0
    before = half_up(books.prepaid * percent, parts * PERCENT)
    books.prepaid += prepaid
    return half_up(books.prepaid * percent, parts * PERCENT) - before


def _lower(books: Ledger, counted: int) -> None:
    """The EMI of what is left over the instalments that are neither due nor covered, and never a higher one.

    Prepayments of one day are as one: a later one lowers the instalment anew, or, if nothing is left, not at all.
    """
    assert books.on is not None
    first = books.lowered or max(books.covered_with(books.received + counted), dues_by(books.start, books.on)) + 1
    steps = books.demands[:-1] if books.lowered else books.demands
    months = books.final - first + 1
    books.lowered = 0
    if months > 0 and books.principal:
        instalment = emi(from_paise(books.principal), books.terms.annual_rate, months)
        steps = (*steps, (first, min(whole_paise(instalment), steps[-1][1])))
        books.lowered = first
    books.demands = steps


def _refund(books: Ledger, fact: Fact) -> Parts:
    amount = whole_paise(fact.amount)
    if amount > books.credit:
        credit = from_paise(books.credit)
        raise Refused(
            Code.REFUND_ABOVE_CREDIT,
            f"A refund of {fact.amount} is more than the credit on {fact.value_date}, which is {credit}.",
            {"amount": fact.amount, "credit": credit, "fact": fact.number},
        )
    books.credit -= amount
    return Parts(credit=-amount)


def _waive(books: Ledger, fact: Fact) -> Parts:
    """Charges, then interest, then principal, or the one that the intent names. What is not owed lapses.

    It covers what is demanded by today; what it waives beyond that is not counted, as a prepayment is not.
    """
    left = whole_paise(fact.amount)
    taken = {}
    owed = {Intent.CHARGES: books.charges, Intent.INTEREST: books.interest(), Intent.PRINCIPAL: books.principal}
    for part, most in owed.items():
        taken[part] = min(left, most) if fact.intent in (None, part) else 0
        left -= taken[part]
    charges, interest, principal = taken.values()
    counted = min(interest + principal, books.due())
    _take(books, interest, principal, charges)
    return Parts(interest, principal, charges, counted=counted)


def _write_off(books: Ledger, fact: Fact) -> Parts:
    """All that is owed, whatever it was when the fact was recorded."""
    parts = Parts(books.interest(), books.principal, books.charges)
    _take(books, *parts[:3])
    books.written_off_on = fact.value_date
    books.unpaid_from, books.held = None, False
    return parts


def _take(books: Ledger, interest: int, principal: int, charges: int) -> None:
    books.interest_taken += interest
    books.principal -= principal
    books.charges -= charges


# A reversal is entered by leaving out the fact that it reverses.
_ENTRIES: dict[Kind, Callable[[Ledger, Fact], Parts]] = {
    Kind.DISBURSAL: _disburse,
    Kind.RECEIPT: _receive,
    Kind.REFUND: _refund,
    Kind.WAIVER: _waive,
    Kind.WRITE_OFF: _write_off,
    Kind.OPENING: _open,
}
