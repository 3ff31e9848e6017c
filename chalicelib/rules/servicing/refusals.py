"""Why a fact may not be recorded: a code, a sentence, and the figures that would be right."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from chalicelib.rules.bounds import MAX_AMOUNT
from chalicelib.rules.money import PAISE_A_RUPEE, from_paise
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.wording import Sentence

Figure = Decimal | date | int | str | None


class Code(StrEnum):
    """Each is one reason to refuse. docs/servicing.md lists them; a test keeps the list complete."""

    # What was asked for makes no sense by itself.
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    AMOUNT_FINER_THAN_A_PAISA = "amount_finer_than_a_paisa"
    FUTURE_DATE = "future_date"
    BEFORE_DISBURSAL = "before_disbursal"
    UNKNOWN_INTENT = "unknown_intent"
    EFFECT_NEEDED = "effect_needed"
    EFFECT_NOT_WANTED = "effect_not_wanted"
    OPENING_INVALID = "opening_invalid"
    DISBURSAL_DIFFERS = "disbursal_differs"
    # What the loan is, or what was recorded before, stands against it.
    NOT_SERVICED = "loan_not_serviced"
    ALREADY_SERVICED = "loan_already_serviced"
    CLOSED = "loan_closed"
    WRITTEN_OFF = "loan_written_off"
    IN_ARREARS = "in_arrears"
    SETTLEMENT_DIFFERS = "settlement_differs"
    CREDIT_TOO_HIGH = "credit_too_high"
    REFUND_ABOVE_CREDIT = "refund_above_credit"
    WAIVER_ABOVE_OWED = "waiver_above_owed"
    WRITE_OFF_DIFFERS = "write_off_differs"
    UNKNOWN_FACT = "unknown_fact"
    REVERSAL_OF_A_REVERSAL = "reversal_of_a_reversal"
    ALREADY_REVERSED = "already_reversed"
    REVERSAL_OF_A_DISBURSAL = "reversal_of_a_disbursal"
    OPENING_IN_USE = "opening_in_use"
    LATER_FACT_STANDS = "later_fact_stands"

    @property
    def is_bad_input(self) -> bool:
        """Whether what was asked for makes no sense by itself, whatever was recorded before."""
        return self in _BAD_INPUT


_BAD_INPUT = frozenset(
    {
        Code.AMOUNT_NOT_POSITIVE,
        Code.AMOUNT_FINER_THAN_A_PAISA,
        Code.FUTURE_DATE,
        Code.BEFORE_DISBURSAL,
        Code.UNKNOWN_INTENT,
        Code.EFFECT_NEEDED,
        Code.EFFECT_NOT_WANTED,
        Code.OPENING_INVALID,
        Code.DISBURSAL_DIFFERS,
    }
)


class Refused(Exception):
    """The fact may not be recorded. `str(refusal)` is the sentence for whoever asked.

    `figures` has what would be right, and what was given: rupees, dates, numbers of facts. `wrong` has the sentences
    by what they are about, if that is more than one thing.
    """

    def __init__(
        self,
        code: Code,
        sentence: str,
        figures: Mapping[str, Figure] | None = None,
        wrong: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.figures = dict(figures or {})
        self.wrong = dict(wrong or {})


def not_serviced() -> Refused:
    """What stands against everything but a beginning if there was none."""
    return Refused(Code.NOT_SERVICED, "The loan is not serviced here; record its opening first.")


def already_serviced(since: date) -> Refused:
    """What stands against a second beginning."""
    return Refused(Code.ALREADY_SERVICED, f"The loan is serviced here since {since}.", {"since": since})


def before_servicing(day: date, since: date) -> Sentence:
    """What stands against a day on which nothing was known of the loan."""
    return Sentence("{day:day} is before {since:day}, when the servicing of the loan began.", day=day, since=since)


def written_off(day: date, fact: int | None = None) -> Refused:
    """What stands against everything after a write-off; `fact` is the one that comes after it, if it is recorded."""
    figures = {"written_off_on": day} | ({} if fact is None else {"fact": fact})
    return Refused(Code.WRITTEN_OFF, f"The loan was written off on {day}; reverse that first.", figures)


def check_recordable(position: Position) -> None:
    """Raises Refused if money can neither be owed nor be kept for the customer: not serviced, or written off."""
    if not position.is_serviced:
        raise not_serviced()
    if position.written_off_on:
        raise written_off(position.written_off_on)


def check_credit(position: Position) -> None:
    """Raises Refused if the customer's credit is more than any amount here may be."""
    if position.credit > MAX_AMOUNT * PAISE_A_RUPEE:
        credit = from_paise(position.credit)
        words = "The credit of the loan would be {credit:money}, and at most {most:money} is kept; refund credit first."
        sentence = Sentence(words, credit=credit, most=MAX_AMOUNT)
        raise Refused(Code.CREDIT_TOO_HIGH, sentence, {"credit": credit, "highest": MAX_AMOUNT})


def check_open(position: Position) -> None:
    """Raises Refused if nothing can be owed: not serviced, written off or closed."""
    check_recordable(position)
    if position.closed_on:
        closed = f"The loan was closed on {position.closed_on}; nothing is owed."
        sentence = f"{closed} If that is wrong, reverse what closed it first."
        raise Refused(Code.CLOSED, sentence, {"closed_on": position.closed_on})
