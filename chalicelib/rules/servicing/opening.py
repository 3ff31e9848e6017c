"""The opening of a loan that was made elsewhere: what to propose, and what cannot be right."""

from collections.abc import Iterator
from datetime import date

from chalicelib.rules.money import from_paise
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.rules.servicing.days import due_date, dues_by
from chalicelib.rules.servicing.entering import enter
from chalicelib.rules.servicing.ledger import Ledger
from chalicelib.rules.servicing.position import NOTHING
from chalicelib.rules.servicing.refusals import Code, Refused
from chalicelib.rules.servicing.values import Fact, Kind, Opening, Terms, is_whole_paise
from chalicelib.rules.wording import Sentence

MOST_INSTALMENTS = 600


def propose_opening(terms: Terms, on: date, paid: int, emis_paid_on_time: int, number: int = 1) -> Fact:
    """The opening of a loan "as if `paid` instalments had been paid" on their due dates, and no other.

    If some of them are due only after `on`, they were paid ahead and no interest is owed. Raises Refused if that leaves
    nothing to open, or `on` is before the loan's start.
    """
    if on < terms.start_date:
        starts = Sentence("The loan starts on {start:day}.", start=terms.start_date)
        raise Refused(Code.BEFORE_DISBURSAL, starts, {"from": terms.start_date})
    most = _instalments(terms) - 1
    if not 0 <= paid <= most:
        sentence = f"With {paid} of {terms.tenure} instalments paid there is nothing to open; at most {most} can be."
        raise Refused(Code.OPENING_INVALID, sentence, {"instalments": most})
    books = _paid_as_demanded(terms, paid)
    interest = 0
    if books.on is not None and books.on <= on:
        books.advance(on)
        interest = books.interest()
    opening = Opening(
        from_paise(interest), due_date(terms.start_date, paid + 1), terms.tenure - paid, emis_paid_on_time
    )
    return Fact(number, Kind.OPENING, from_paise(books.principal), on, opening=opening)


def due_but_the_last(terms: Terms, on: date) -> int:
    """How many instalments are due by `on`, so that one at least is left: what is taken as paid if nobody says."""
    return min(dues_by(terms.start_date, on), _instalments(terms) - 1)


def _instalments(terms: Terms) -> int:
    """How many are demanded: fewer than the tenure has months if those that were rounded up repay the loan sooner."""
    return _new(terms).position().last


def _new(terms: Terms) -> Ledger:
    books = Ledger(terms, NOTHING, BUCKETS)
    enter(books, Fact(0, Kind.DISBURSAL, terms.principal, terms.start_date))
    return books


def _paid_as_demanded(terms: Terms, paid: int) -> Ledger:
    books = _new(terms)
    for instalment in range(1, paid + 1):
        day = due_date(terms.start_date, instalment)
        books.advance(day)
        if due := books.due():
            enter(books, Fact(0, Kind.RECEIPT, from_paise(due), day))
    return books


def wrong_with_opening(terms: Terms, fact: Fact) -> Iterator[tuple[str, str]]:
    """What of an opening cannot be: its name, and the sentence about it."""
    opening = fact.opening
    if opening is None:
        yield (
            "opening",
            "An opening needs the interest due, the first unpaid due date and the number of instalments left.",
        )
        return
    if fact.amount > terms.principal:
        words = "The principal outstanding, {amount:money}, cannot be more than the loan, {principal:money}."
        yield "amount", Sentence(words, amount=fact.amount, principal=terms.principal)
    if not is_whole_paise(opening.interest_due) or opening.interest_due < 0:
        yield "interest_due", f"The interest due must be rupees with at most 2 decimals, not {opening.interest_due}."
    yield from _wrong_dates(terms, opening)
    if opening.emis_paid_on_time < 0:
        yield "emis_paid_on_time", f"The number of EMIs paid on time cannot be {opening.emis_paid_on_time}."


def _wrong_dates(terms: Terms, opening: Opening) -> Iterator[tuple[str, str]]:
    start, day = terms.start_date, opening.first_unpaid_due_date
    before = dues_by(start, day)
    if before == 0 or due_date(start, before) != day:
        words = "The first unpaid due date, {day:day}, is no due date of a loan of {start:day}; near it is "
        near = {f"due_{number}": due_date(start, number) for number in (before, before + 1) if number}
        words += f"{' and '.join(f'{{{name}:day}}' for name in near)}."
        yield "first_unpaid_due_date", Sentence(words, day=day, start=start, **near)
    if opening.instalments_left < 1 or before + opening.instalments_left - 1 > MOST_INSTALMENTS:
        most = MOST_INSTALMENTS - before + 1
        yield "instalments_left", f"The instalments left must be from 1 to {most}, not {opening.instalments_left}."
