"""What stands against a transaction, as a sentence beside the field that it is about, in the locale's figures."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.rendering import formats
from chalicelib.console.frame.told import told
from chalicelib.errors import (
    AlreadyReversed,
    InArrears,
    InvalidRequest,
    LaterFactStands,
    LoanAlreadyServiced,
    LoanClosed,
    LoanError,
    LoanWrittenOff,
    ReferenceConflict,
    RefundAboveCredit,
    SettlementDiffers,
    TransactionRefused,
    WaiverAboveOwed,
    WriteOffDiffers,
)

Figures = Mapping[str, Any]


def _settlement(figures: Figures) -> str:
    parts = {name: figures[name] for name in ("principal", "interest", "charges", "prepayment_charge")}
    told = ", ".join(f"{_money(amount)} {name.replace('_', ' ')}" for name, amount in parts.items() if amount)
    return f"The settlement on this day is {_money(figures['settlement'])}, not {_money(figures['amount'])}: {told}."


def _arrears(figures: Figures) -> str:
    return f"{_money(figures['overdue'])} is overdue on this day. Record that for instalments before the prepayment."


def _refund(figures: Figures) -> str:
    return f"The credit on this day is {_money(figures['credit'])}, so {_money(figures['amount'])} cannot be refunded."


def _waiver(figures: Figures) -> str:
    return f"At most {_money(figures['owed'])} can be waived on this day, not {_money(figures['amount'])}."


def _write_off(figures: Figures) -> str:
    return f"All that is owed on this day is {_money(figures['owed'])}, not {_money(figures['amount'])}."


def _reference(figures: Figures) -> str:
    known = {name.removeprefix("recorded_"): value for name, value in figures.items() if name.startswith("recorded_")}
    said = [words(known[name]) for name, words in _RECORDED.items() if name in known]
    with_what = f" {', '.join(said)}" if said else " other values"
    return f"This reference was recorded before, with{with_what}. Give another reference, or correct the form."


_RECORDED: Mapping[str, Callable[[Any], str]] = {
    "loan_id": lambda number: f"loan {number}",
    "amount": lambda amount: _money(amount),
    "value_date": lambda day: f"the date {formats().plain_day(day)}",
    "kind": lambda kind: f"the kind {kind.replace('_', '-')}",
    "intent": lambda intent: f"the purpose {intent or 'none'}",
    "effect": lambda effect: f"the effect {(effect or 'none').replace('_', ' ')}",
    "reverses": lambda number: f"transaction {number} as what it reverses",
}


def _closed(figures: Figures) -> str:
    closed = f"The loan was closed on {formats().plain_day(figures['closed_on'])}; nothing is owed."
    return f"{closed} If that is wrong, reverse what closed it first."


def _written_off(figures: Figures) -> str:
    return f"The loan was written off on {formats().plain_day(figures['written_off_on'])}. Reverse that first."


def _later(figures: Figures) -> str:
    return f"Transaction {figures['transaction']}, which is later, could not stand after this. Reverse that first."


def _reversed(figures: Figures) -> str:
    return f"Transaction {figures['reverses']} was reversed already, by transaction {figures['reversed_by']}."


def _serviced(figures: Figures) -> str:
    return f"The loan is serviced here since {formats().plain_day(figures['since'])}."


def _money(amount: Any) -> str:
    return formats().money(amount)


# The field that a refusal is about, if it is one, and its sentence.
_SENTENCES: Mapping[type[TransactionRefused], tuple[str | None, Callable[[Figures], str]]] = {
    SettlementDiffers: ("amount", _settlement),
    InArrears: ("purpose", _arrears),
    RefundAboveCredit: ("amount", _refund),
    WaiverAboveOwed: ("amount", _waiver),
    WriteOffDiffers: ("amount", _write_off),
    ReferenceConflict: ("reference", _reference),
    LoanClosed: (None, _closed),
    LoanWrittenOff: (None, _written_off),
    LaterFactStands: (None, _later),
    AlreadyReversed: (None, _reversed),
    LoanAlreadyServiced: (None, _serviced),
}


def refused_form(typed: Mapping[str, object], error: InvalidRequest | TransactionRefused) -> Form:
    """What was typed, with what stands against it beside the field it is about, or above the form."""
    if isinstance(error, InvalidRequest):
        # What the rules find wrong with a field that the form does not have stands above it.
        said = Form.refused(typed, error)
        shown = {name: sentences for name, sentences in said.errors.items() if name in typed or name in _ALWAYS}
        return Form(typed, shown, None if shown else told(error.sentence))
    field, sentence = _told(error)
    return Form(typed, {field: [sentence]} if field and field in typed else {}, None if field in typed else sentence)


def refusal_sentence(error: LoanError) -> str:
    """The same as one sentence, for a preview."""
    if isinstance(error, TransactionRefused):
        return _told(error)[1]
    return told(error.sentence)


def _told(error: TransactionRefused) -> tuple[str | None, str]:
    field, words = _SENTENCES.get(type(error), (None, None))
    return field, words(error.figures) if words else told(error.sentence)


_ALWAYS = frozenset({"amount", "value_date", "reason"})
