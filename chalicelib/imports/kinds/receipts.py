"""Receipts, as a workbook brings them, and their reversals."""

from datetime import date
from decimal import Decimal

from chalicelib.imports.kinds.columns import DATES, MISSING, RUPEES, Check, Column, Kind
from chalicelib.imports.kinds.customers import CUSTOMER_ID
from chalicelib.imports.kinds.openings import LOAN_ID
from chalicelib.imports.kinds.readers import DATE, money, one_of, text_of
from chalicelib.rules.bounds import CHANNEL_LENGTH, REFERENCE_LENGTH
from chalicelib.rules.importing import SheetKind
from chalicelib.rules.servicing import values
from chalicelib.rules.servicing.refusals import Code
from chalicelib.rules.servicing.values import INTENTS, Effect, Intent
from chalicelib.rules.text import joined
from chalicelib.rules.typed import Problem
from chalicelib.rules.typed.names import DAMAGED, is_damaged
from chalicelib.rules.typed.references import reference

_INTENTS = INTENTS[values.Kind.RECEIPT]


def validate_amount_of_receipt(amount: Decimal | None, reverses: str | None) -> Problem | None:
    """Only a reversal may leave its amount out: it is that of the receipt."""
    return MISSING if amount is None and reverses is None else None


def validate_effect_of_prepayment(effect: Effect | None, intent: Intent) -> Problem | None:
    """A prepayment says what it is to change, and nothing else does."""
    if intent is Intent.PREPAYMENT and effect is None:
        return Problem(Code.EFFECT_NEEDED, f"of a prepayment must be {joined(Effect, 'or')}.")
    if effect is not None and intent is not Intent.PREPAYMENT:
        return Problem(Code.EFFECT_NOT_WANTED, f"must be empty, because Intent is {intent} and not prepayment.")
    return None


def validate_reverses_another(reverses: str | None, reference: str) -> Problem | None:
    """A row cannot undo itself."""
    if reverses != reference:
        return None
    return Problem("reversal_of_itself", "is the row's own Reference; give the reversal one of its own.")


def channel(text: str) -> str | Problem:
    """Any text, if no character of it was lost: else what a report marks as unsure would be read as a channel."""
    return DAMAGED if is_damaged(text) else text


RECEIPTS = Kind(
    name=SheetKind.RECEIPTS,
    one="receipt",
    key=("reference",),
    columns=(
        Column(
            "Reference",
            "reference",
            text_of(REFERENCE_LENGTH, reference),
            f"Text of {REFERENCE_LENGTH} characters that no other receipt has, such as the UTR.",
            example="UTR-240517-000123",
            aliases=("UTR", "Receipt Reference"),
        ),
        LOAN_ID,
        CUSTOMER_ID,
        Column(
            "Payment Date",
            "payment_date",
            DATE,
            "The date on which the money came, or went back; not in the future.",
            example=date(2026, 5, 17),
            unit=DATES,
            aliases=("Value Date",),
        ),
        Column(
            "Amount",
            "amount",
            money(zero=False),
            "Rupees, above 0. May be empty for a reversal.",
            example=14_015,
            unit=RUPEES,
            if_blank=None,
        ),
        Column(
            "Intent",
            "intent",
            one_of(_INTENTS, Code.UNKNOWN_INTENT),
            f"{joined(_INTENTS, 'or').capitalize()}; empty means instalment.",
            example="prepayment",
            if_blank=Intent.INSTALMENT,
        ),
        Column(
            "Effect",
            "effect",
            one_of(tuple(Effect), "unknown_effect"),
            f"Of a prepayment {joined(Effect, 'or')}; otherwise empty.",
            example="shorter_tenure",
            if_blank=None,
        ),
        Column(
            "Channel",
            "channel",
            text_of(CHANNEL_LENGTH, channel),
            f"How the money came, such as NACH, UPI or cash: at most {CHANNEL_LENGTH.most} characters; may be empty.",
            example="UPI",
            aliases=("Mode",),
            if_blank=None,
            # Banks leave it out. Without any other of these columns a reversal would be read as a receipt.
            if_absent=None,
        ),
        Column(
            "Reverses Reference",
            "reverses_reference",
            text_of(REFERENCE_LENGTH, reference),
            "The Reference of the receipt that this row undoes; empty for a receipt.",
            example="UTR-240417-000119",
            if_blank=None,
        ),
    ),
    refused_by=(
        Check("amount", "reverses_reference", validate_amount_of_receipt),
        Check("effect", "intent", validate_effect_of_prepayment),
        Check("reverses_reference", "reference", validate_reverses_another),
    ),
    notes=(
        "A receipt is known by its Reference: the same row twice is one receipt. What was recorded is not changed by "
        "another row; it is undone by one with its Reference under Reverses Reference.",
        "A receipt whose loan is not serviced here yet waits for it.",
    ),
)
