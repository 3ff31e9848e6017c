"""The forms that record what happens to a loan, each with a preview of what it would do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from chalice.app import Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from chalicelib import runtime
from chalicelib.console.frame import idempotency
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.labels import loan_badge
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.visit import Visit
from chalicelib.console.loans.loan import entries_of
from chalicelib.console.loans.refused import refusal_sentence, refused_form
from chalicelib.errors import (
    InvalidRequest,
    LoanNotFound,
    RequestInFlight,
    TransactionNotFound,
    TransactionRefused,
)
from chalicelib.requests.models import Day, Income, Reason
from chalicelib.requests.parsing import number_in_path
from chalicelib.rules.bounds import CHANNEL_LENGTH, REFERENCE_LENGTH
from chalicelib.rules.servicing.values import Effect, Intent, Kind
from chalicelib.rules.text import is_plain_text
from chalicelib.services import customers, servicing, servicing_accounts
from chalicelib.services.idempotency import Once
from chalicelib.services.servicing import Recorded, Wanted
from chalicelib.services.servicing_accounts import LoanAccount

# The button that was pressed, and what a script asks for.
DO, PREVIEW, PART = "do", "preview", "part"


def _printable(value: str) -> str:
    if not is_plain_text(value):
        raise ValueError
    return value


Reference = Annotated[
    str,
    StringConstraints(max_length=REFERENCE_LENGTH.most),
    AfterValidator(_printable),
    Field(description=f"text of at most {REFERENCE_LENGTH.most} characters"),
]
Channel = Annotated[
    str,
    StringConstraints(max_length=CHANNEL_LENGTH.most),
    AfterValidator(_printable),
    Field(description=f"text of at most {CHANNEL_LENGTH.most} characters"),
]


class Typed(BaseModel):
    """What a form about a transaction may have."""

    amount: Income | None = None
    value_date: Day | None = None
    reference: Reference | None = None
    channel: Channel | None = None
    reason: str | None = None


class TypedReceipt(Typed):
    """A receipt: what the money is for, and of a prepayment what it changes."""

    amount: Income
    purpose: Annotated[
        Literal["instalment", "shorter_tenure", "lower_instalment", "settlement"],
        Field(description="one of those in the list"),
    ] = "instalment"


class TypedRefund(Typed):
    """A refund of credit."""

    amount: Income
    reason: Reason


class TypedWaiver(Typed):
    """A waiver, of charges, then interest, then principal, or of one of them."""

    amount: Income
    of: (
        Annotated[Literal["charges", "interest", "principal"], Field(description="charges, interest or principal")]
        | None
    ) = None
    reason: Reason


class TypedReason(Typed):
    """A write-off of all that is owed, or a reversal."""

    reason: Reason


@dataclass(frozen=True)
class Paper:
    """A form: what it records, what it is called, and what it asks for beside the date."""

    kind: Kind
    title: str
    button: str
    path: str
    model: type[Typed]
    fields: tuple[str, ...]
    done: str


RECEIPT = Paper(
    Kind.RECEIPT,
    "Record a receipt",
    "Record the receipt",
    "receipts",
    TypedReceipt,
    ("amount", "value_date", "purpose", "reference", "channel"),
    "receipt-recorded",
)
REFUND = Paper(
    Kind.REFUND,
    "Refund credit",
    "Record the refund",
    "refunds",
    TypedRefund,
    ("amount", "value_date", "reference", "channel", "reason"),
    "refund-recorded",
)
WAIVER = Paper(
    Kind.WAIVER,
    "Waive what is owed",
    "Record the waiver",
    "waivers",
    TypedWaiver,
    ("amount", "value_date", "of", "reason"),
    "waiver-recorded",
)
WRITE_OFF = Paper(
    Kind.WRITE_OFF,
    "Write off the loan",
    "Write off",
    "write-off",
    TypedReason,
    ("value_date", "reason"),
    "write-off-recorded",
)
REVERSAL = Paper(
    Kind.REVERSAL,
    "Reverse a transaction",
    "Reverse it",
    "reversal",
    TypedReason,
    ("reason",),
    "reversal-recorded",
)


def view_receipt(visit: Visit, loan_id: str) -> Response:
    """The form of a receipt; the address may fill it in."""
    return _view(visit, RECEIPT, loan_id)


def record_receipt(visit: Visit, loan_id: str) -> Response:
    """Records a receipt, or shows what it would pay."""
    return _sent(visit, RECEIPT, loan_id)


def view_refund(visit: Visit, loan_id: str) -> Response:
    """The form of a refund."""
    return _view(visit, REFUND, loan_id)


def record_refund(visit: Visit, loan_id: str) -> Response:
    """Records a refund of credit."""
    return _sent(visit, REFUND, loan_id)


def view_waiver(visit: Visit, loan_id: str) -> Response:
    """The form of a waiver."""
    return _view(visit, WAIVER, loan_id)


def record_waiver(visit: Visit, loan_id: str) -> Response:
    """Records a waiver."""
    return _sent(visit, WAIVER, loan_id)


def view_write_off(visit: Visit, loan_id: str) -> Response:
    """The form of a write-off."""
    return _view(visit, WRITE_OFF, loan_id)


def record_write_off(visit: Visit, loan_id: str) -> Response:
    """Writes off all that is owed."""
    return _sent(visit, WRITE_OFF, loan_id)


def view_reversal(visit: Visit, loan_id: str, number: str) -> Response:
    """The form of a reversal, with what it would undo."""
    return _view(visit, REVERSAL, loan_id, _transaction_number(number))


def record_reversal(visit: Visit, loan_id: str, number: str) -> Response:
    """Reverses a transaction."""
    return _sent(visit, REVERSAL, loan_id, _transaction_number(number))


def record_once(visit: Visit, number: int, wanted: Wanted, done: str) -> Response:
    """Records it, however often the button is pressed, and leads to the loan. Raises what `servicing.record` raises."""
    once = Once(idempotency.attempt_from(visit), _stored_answer)
    try:
        told = servicing.record(
            runtime.database(), number, wanted, today=runtime.today(), author=visit.author, once=once
        )
    except RequestInFlight:
        return redirect(visit, f"loans/{number}/", done="transaction-underway")
    recorded_before = json.loads(told.answer)["recorded_before"]
    return redirect(visit, f"loans/{number}/", done="recorded-before" if recorded_before else done)


def _stored_answer(made: Recorded) -> str:
    return json.dumps({"number": made.transaction.number, "recorded_before": made.recorded_before})


def _view(visit: Visit, paper: Paper, loan_id: str, reverses: int | None = None) -> Response:
    number = number_in_path(loan_id, LoanNotFound, "loan")
    given = {name: visit.query[name] for name in paper.fields if name in visit.query}
    values = {"value_date": runtime.today().isoformat(), idempotency.FIELD: idempotency.new_key(), **given}
    return _page(visit, paper, number, Form(values), reverses)


def _sent(visit: Visit, paper: Paper, loan_id: str, reverses: int | None = None) -> Response:
    number = number_in_path(loan_id, LoanNotFound, "loan")
    typed = visit.form
    if typed.get(PART) == PREVIEW:
        return _fragment(visit, paper, number, reverses)
    try:
        wanted = _wanted(paper, typed, reverses)
        if typed.get(DO) == PREVIEW:
            return _page(visit, paper, number, Form(typed), reverses, _previewed(number, wanted))
        return record_once(visit, number, wanted, paper.done)
    except (InvalidRequest, TransactionRefused) as error:
        values = {**dict.fromkeys(paper.fields, ""), idempotency.FIELD: idempotency.new_key(), **typed}
        return _page(visit, paper, number, refused_form(values, error), reverses, status=error.status)


def _fragment(visit: Visit, paper: Paper, number: int, reverses: int | None) -> Response:
    """What the form as it is typed would do, without the page around it. What is not typed yet is no fault."""
    values: dict[str, Any] = {"previewed": None, "fault": None, "scripted": True}
    try:
        # A reason changes nothing, so a preview need not wait for it.
        typed = {"reason": "not yet typed", **{name: value for name, value in visit.form.items() if name != "reason"}}
        values["previewed"] = _previewed(number, _wanted(paper, typed, reverses))
    except TransactionRefused as error:
        values["fault"] = refusal_sentence(error)
    except InvalidRequest as error:
        values["fault"] = _sentence_of(error) if visit.form.get("amount") or "amount" not in paper.fields else None
    return page(visit, "loans/preview.html", **values)


def _sentence_of(error: InvalidRequest) -> str:
    labels = {"amount": "The amount", "value_date": "The date", "reference": "The reference", "channel": "The channel"}
    for name, sentences in error.fields.items():
        said = sentences[0]
        return f"{labels.get(name, name.capitalize())} {said}." if said.startswith(("must", "is ")) else said
    return error.sentence


def _previewed(number: int, wanted: Wanted) -> dict[str, Any]:
    today = runtime.today()
    recorded = servicing.preview(runtime.database(), number, wanted, today=today)
    return {
        "kind": wanted.kind,
        "recorded": recorded,
        "standing": recorded.standing,
        "badge_words": loan_badge(recorded.standing),
        "is_backdated": recorded.transaction.value_date < today,
    }


def _wanted(paper: Paper, typed: Mapping[str, str], reverses: int | None) -> Wanted:
    """What the form asks to record. Raises InvalidRequest."""
    body = read(paper.model, typed)
    return Wanted(
        paper.kind,
        None if paper.kind in (Kind.REVERSAL, Kind.WRITE_OFF) else body.amount,
        None if paper.kind is Kind.REVERSAL else body.value_date,
        *_meant(body),
        reverses=reverses,
        reference=body.reference or None,
        channel=body.channel or None,
        reason=body.reason,
    )


def _meant(body: Typed) -> tuple[Intent | None, Effect | None]:
    if isinstance(body, TypedWaiver):
        return Intent(body.of) if body.of else None, None
    if not isinstance(body, TypedReceipt):
        return None, None
    if body.purpose in ("shorter_tenure", "lower_instalment"):
        return Intent.PREPAYMENT, Effect(body.purpose)
    return Intent(body.purpose), None


def _page(
    visit: Visit,
    paper: Paper,
    number: int,
    form: Form,
    reverses: int | None,
    previewed: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    database, today = runtime.database(), runtime.today()
    seen = servicing_accounts.view_account(database, number, today)
    return page(
        visit,
        "loans/recording.html",
        status=status,
        paper=paper,
        loan=seen.loan,
        customer_name=customers.names_of(database, [seen.loan.customer_id])[seen.loan.customer_id],
        standing=seen.account.standing,
        badge_words=loan_badge(seen.account.standing),
        form=form,
        previewed=previewed,
        fault=None,
        reversed_entry=None if reverses is None else _entry(seen, reverses),
        earliest=_earliest(seen),
        today=today,
        suggested=_suggested(seen) if paper is RECEIPT else (),
    )


def _entry(seen: LoanAccount, number: int) -> Any:
    found = next((entry for entry in entries_of(seen) if entry.transaction.number == number), None)
    if found is None:
        raise TransactionNotFound(f"Loan {seen.loan.loan_id} has no transaction {number}.")
    return found


def _earliest(seen: LoanAccount) -> date:
    """The first day that a transaction can have."""
    days = [each.value_date for each in seen.transactions if each.kind in (Kind.DISBURSAL, Kind.OPENING)]
    return min(days, default=seen.loan.start_date)


def _suggested(seen: LoanAccount) -> list[tuple[str, Decimal, str]]:
    """Amounts that people mostly pay today: words, amount and purpose."""
    standing = seen.account.standing
    found: list[tuple[str, Decimal, str]] = []
    if standing.due:
        found.append(("What is due", standing.due, "instalment"))
    if standing.next_instalment and not standing.due:
        found.append(("The next instalment", standing.next_instalment.amount, "instalment"))
    return found


def _transaction_number(text: str) -> int:
    return number_in_path(text, TransactionNotFound, "transaction")
