"""Which fact may be recorded. Storage and the services ask here before they write anything."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from chalicelib.rules.money import from_paise
from chalicelib.rules.servicing.buckets import BUCKETS, Bucket
from chalicelib.rules.servicing.fold import fold, in_order, order_of, step
from chalicelib.rules.servicing.opening import wrong_with_opening
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.refusals import (
    Code,
    Refused,
    already_serviced,
    before_servicing,
    check_credit,
    check_open,
    check_recordable,
)
from chalicelib.rules.servicing.settlement import payoff, settlement
from chalicelib.rules.servicing.standing import standing
from chalicelib.rules.servicing.values import INTENTS, Effect, Fact, Intent, Kind, Terms, is_whole_paise
from chalicelib.rules.wording import Sentence


def record_next(
    terms: Terms,
    position: Position,
    fact: Fact,
    today: date,
    buckets: Sequence[Bucket] = BUCKETS,
    *,
    reported: bool = False,
) -> Position:
    """The position after a fact that `follows` it. Raises Refused if it may not be recorded.

    `reported` is for files, which report what was paid already, in any order: a receipt is taken also if the loan is
    closed (it is credit) or in arrears (a prepayment pays what is overdue first). A settlement must equal its quote.
    """
    check(terms, position, fact, today, buckets, since=position.since, reported=reported)
    after = step(terms, position, fact, buckets)
    check_credit(after)
    return after


def record(
    terms: Terms,
    facts: Iterable[Fact],
    fact: Fact,
    today: date,
    buckets: Sequence[Bucket] = BUCKETS,
    *,
    reported: bool = False,
) -> Position:
    """The position after one more fact of any value date, or a reversal; `facts` are all that were recorded so far.

    Raises Refused if it may not be recorded: because of what was recorded up to its value date, or because a later fact
    could not stand after it.
    """
    recorded = list(facts)
    if fact.kind is Kind.REVERSAL:
        check_reversal(recorded, fact, today)
    else:
        counting = in_order(recorded)
        before = fold(terms, [each for each in counting if order_of(each) < order_of(fact)], buckets=buckets)
        since = counting[0].value_date if counting else None
        ends = None if reported else _end_of_day(terms, counting, fact, buckets)
        check(terms, before, fact, today, buckets, since=since, ends=ends, reported=reported)
    try:
        after = fold(terms, [*recorded, fact], buckets=buckets)
    except Refused as refusal:
        raise Refused(
            Code.LATER_FACT_STANDS,
            f"Transaction {refusal.figures.get('fact')}, which is later, could not stand: {refusal.sentence}",
            refusal.figures,
        ) from refusal
    check_credit(after)
    return after


def _end_of_day(terms: Terms, counting: Sequence[Fact], fact: Fact, buckets: Sequence[Bucket]) -> Position | None:
    """Where the loan stands when the day of the fact ends, if anything of that day comes after it; otherwise None."""
    if not any(each.value_date == fact.value_date and order_of(each) > order_of(fact) for each in counting):
        return None
    return fold(terms, counting, fact.value_date, buckets)


def check(
    terms: Terms,
    before: Position,
    fact: Fact,
    today: date,
    buckets: Sequence[Bucket] = BUCKETS,
    *,
    since: date | None = None,
    ends: Position | None = None,
    reported: bool = False,
) -> None:
    """Raises Refused if the fact, no reversal, may not be recorded after `before`, which has all facts it follows.

    `since` is when servicing began, None if it has not; `ends` is the loan at the end of the fact's day, if that is not
    `before`: what ends a loan is the last of its day, and nothing is owed from then on. `reported` as in record_next().
    """
    _check_amount(fact)
    _check_intent(fact)
    if fact.kind in (Kind.DISBURSAL, Kind.OPENING):
        _check_date(fact, today, None)
        _check_beginning(terms, fact, since)
        return
    _check_date(fact, today, since)
    if fact.kind is Kind.REFUND:
        check_recordable(ends or before)
        _check_refund(before, fact)
        return
    if reported and fact.kind is Kind.RECEIPT and fact.intent is not Intent.SETTLEMENT:
        check_recordable(before)
        return
    check_open(ends or before)
    if judge := _JUDGES.get((fact.kind, fact.intent if fact.kind is Kind.RECEIPT else None)):
        judge(terms, before, fact, buckets)


def check_reversal(facts: Sequence[Fact], reversal: Fact, today: date) -> None:
    """Raises Refused if a fact may not be reversed by this one."""
    _check_date(reversal, today, None)
    number = reversal.reverses
    reversed_one = next((fact for fact in facts if fact.number == number), None)
    figures = {"reverses": number}
    if reversed_one is None:
        raise Refused(Code.UNKNOWN_FACT, f"The loan has no transaction {number} to reverse.", figures)
    if reversed_one.kind is Kind.REVERSAL:
        undone = reversed_one.reverses
        sentence = f"Transaction {number} is the reversal of transaction {undone}. Record once more what that was."
        raise Refused(Code.REVERSAL_OF_A_REVERSAL, sentence, {**figures, "reversal_of": undone})
    if reversed_one.kind is Kind.DISBURSAL:
        sentence = "A disbursal is not reversed. Settle the loan: on the same day no interest is owed."
        raise Refused(Code.REVERSAL_OF_A_DISBURSAL, sentence, figures)
    earlier = next((fact.number for fact in facts if fact.kind is Kind.REVERSAL and fact.reverses == number), None)
    if earlier is not None:
        sentence = f"Transaction {number} has been reversed already, by transaction {earlier}."
        raise Refused(Code.ALREADY_REVERSED, sentence, {**figures, "reversed_by": earlier})
    others = [fact.number for fact in in_order(facts) if fact.kind is not Kind.OPENING]
    if reversed_one.kind is Kind.OPENING and others:
        numbers = ", ".join(map(str, others))
        sentence = f"Everything else stands on the opening. Reverse the other transactions first: {numbers}."
        raise Refused(Code.OPENING_IN_USE, sentence, {**figures, "fact": others[-1]})


def _check_amount(fact: Fact) -> None:
    if not is_whole_paise(fact.amount):
        sentence = Sentence("An amount must be rupees with at most 2 decimals, not {amount}.", amount=fact.amount)
        raise Refused(Code.AMOUNT_FINER_THAN_A_PAISA, sentence, {"amount": fact.amount})
    if fact.amount <= 0:
        sentence = Sentence("An amount must be above 0, not {amount:money}.", amount=fact.amount)
        raise Refused(Code.AMOUNT_NOT_POSITIVE, sentence, {"amount": fact.amount})


def _check_intent(fact: Fact) -> None:
    intents = INTENTS.get(fact.kind, ())
    if fact.intent is not None and fact.intent not in intents:
        known = " or ".join(intents) if intents else "none"
        sentence = f"The intent of a {fact.kind} must be {known}, not {fact.intent}."
        raise Refused(Code.UNKNOWN_INTENT, sentence, {"intent": fact.intent})
    if fact.intent is Intent.PREPAYMENT and fact.effect is None:
        sentence = f"A prepayment needs its effect: {' or '.join(Effect)}."
        raise Refused(Code.EFFECT_NEEDED, sentence)
    if fact.effect is not None and fact.intent is not Intent.PREPAYMENT:
        sentence = f"Only a prepayment has an effect; {fact.effect} was given."
        raise Refused(Code.EFFECT_NOT_WANTED, sentence, {"effect": fact.effect})


def _check_date(fact: Fact, today: date, since: date | None) -> None:
    figures = {"value_date": fact.value_date, "from": since, "to": today}
    if fact.value_date > today:
        sentence = Sentence("{day:day} is in the future; today is {today:day}.", day=fact.value_date, today=today)
        raise Refused(Code.FUTURE_DATE, sentence, figures)
    if since is not None and fact.value_date < since:
        raise Refused(Code.BEFORE_DISBURSAL, before_servicing(fact.value_date, since), figures)


def _check_beginning(terms: Terms, fact: Fact, since: date | None) -> None:
    if since is not None:
        raise already_serviced(since)
    if fact.value_date < terms.start_date:
        words = "{day:day} is before the loan starts, on {start:day}."
        too_early = Sentence(words, day=fact.value_date, start=terms.start_date)
        raise Refused(Code.BEFORE_DISBURSAL, too_early, {"value_date": fact.value_date, "from": terms.start_date})
    if fact.kind is Kind.DISBURSAL and (fact.amount, fact.value_date) != (terms.principal, terms.start_date):
        sentence = f"The disbursal is {terms.principal} on {terms.start_date}, not {fact.amount} on {fact.value_date}."
        raise Refused(Code.DISBURSAL_DIFFERS, sentence, {"amount": terms.principal, "value_date": terms.start_date})
    if fact.kind is Kind.OPENING and (wrong := dict(wrong_with_opening(terms, fact))):
        raise Refused(Code.OPENING_INVALID, " ".join(wrong.values()), wrong=wrong)


def _check_refund(before: Position, fact: Fact) -> None:
    """A refund gives credit back, which a closed loan can have too."""
    credit = from_paise(before.credit)
    if fact.amount > credit:
        sentence = f"A refund of {fact.amount} is more than the credit on {fact.value_date}, {credit}."
        raise Refused(Code.REFUND_ABOVE_CREDIT, sentence, {"amount": fact.amount, "credit": credit})


def _judge_prepayment(terms: Terms, before: Position, fact: Fact, buckets: Sequence[Bucket]) -> None:
    overdue = standing(terms, before, fact.value_date, buckets).overdue
    if overdue:
        sentence = f"{overdue} is overdue on {fact.value_date}; record that as an instalment before the prepayment."
        raise Refused(Code.IN_ARREARS, sentence, {"overdue": overdue})


def _judge_settlement(terms: Terms, before: Position, fact: Fact, buckets: Sequence[Bucket]) -> None:
    if fact.amount == payoff(terms, before, fact.value_date, buckets):
        return
    quote = settlement(terms, before, fact.value_date, buckets)
    told = ", ".join(f"{name.replace('_', ' ')} {amount}" for name, amount in quote.parts.items() if amount)
    sentence = f"The settlement on {fact.value_date} is {quote.total}, not {fact.amount}: {told}."
    figures = {"amount": fact.amount, "settlement": quote.total, **quote.parts}
    raise Refused(Code.SETTLEMENT_DIFFERS, sentence, figures)


def _judge_waiver(terms: Terms, before: Position, fact: Fact, buckets: Sequence[Bucket]) -> None:
    owed = standing(terms, before, fact.value_date, buckets)
    parts = {
        None: owed.outstanding,
        Intent.CHARGES: owed.charges,
        Intent.INTEREST: owed.interest,
        Intent.PRINCIPAL: owed.principal,
    }
    most = parts[fact.intent]
    if fact.amount > most:
        of_what = f" of {fact.intent}" if fact.intent else ""
        sentence = f"A waiver of {fact.amount} is more than what is owed{of_what} on {fact.value_date}, {most}."
        raise Refused(Code.WAIVER_ABOVE_OWED, sentence, {"amount": fact.amount, "owed": most})


def _judge_write_off(terms: Terms, before: Position, fact: Fact, buckets: Sequence[Bucket]) -> None:
    owed = standing(terms, before, fact.value_date, buckets).outstanding
    if fact.amount != owed:
        sentence = f"A write-off on {fact.value_date} is of all that is owed, {owed}, not {fact.amount}."
        raise Refused(Code.WRITE_OFF_DIFFERS, sentence, {"amount": fact.amount, "owed": owed})


_JUDGES: dict[tuple[Kind, Intent | None], Callable[[Terms, Position, Fact, Sequence[Bucket]], None]] = {
    (Kind.RECEIPT, Intent.PREPAYMENT): _judge_prepayment,
    (Kind.RECEIPT, Intent.SETTLEMENT): _judge_settlement,
    (Kind.WAIVER, None): _judge_waiver,
    (Kind.WRITE_OFF, None): _judge_write_off,
}
