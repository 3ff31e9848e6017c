"""The forms that record what happens to a loan, each with a preview of what it would do."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from chalice.app import Response
from pydantic import AfterValidator, Field

from chalicelib import runtime
from chalicelib.console.frame import idempotency
from chalicelib.console.frame.forms import Form
from chalicelib.console.frame.labels import loan_badge
from chalicelib.console.frame.reading import read
from chalicelib.console.frame.redirects import redirect
from chalicelib.console.frame.rendering import page
from chalicelib.console.frame.told import told
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
from chalicelib.requests.heading import number_in_path
from chalicelib.requests.servicing_models import (
    ReceiptBody,
    RecordedBody,
    RefundBody,
    ReversalBody,
    WaiverBody,
    WriteOffBody,
)
from chalicelib.rules.servicing.values import Effect, Intent, Kind
from chalicelib.services import customers, servicing, servicing_accounts
from chalicelib.services.idempotency import Once
from chalicelib.services.servicing import Recorded, Wanted
from chalicelib.services.servicing_accounts import LoanAccount

View = Callable[..., Response]
# What a form of receipts calls an intent with an effect.
PURPOSES: Mapping[str, tuple[Intent, Effect | None]] = {
    "instalment": (Intent.INSTALMENT, None),
    "shorter_tenure": (Intent.PREPAYMENT, Effect.SHORTER_TENURE),
    "lower_instalment": (Intent.PREPAYMENT, Effect.LOWER_INSTALMENT),
    "settlement": (Intent.SETTLEMENT, None),
}
# The button that was pressed, and what a script asks for.
DO, PREVIEW, PART = "do", "preview", "part"


def _purpose(value: str) -> str:
    if value not in PURPOSES:
        raise ValueError
    return value


class TypedReceipt(ReceiptBody):
    """A receipt: the form asks in one field what the money is for and what a prepayment changes."""

    purpose: Annotated[str, AfterValidator(_purpose), Field(description="one of those in the list")] = "instalment"

    def given(self) -> dict[str, Any]:
        """With the purpose as intent and effect."""
        given = super().given()
        intent, effect = PURPOSES[given.pop("purpose")]
        return given | {"intent": intent, "effect": effect}


@dataclass(frozen=True)
class Paper:
    """A form: what it records, what it is called, and what it asks for beside the date."""

    title: str
    button: str
    path: str
    model: type[RecordedBody]
    fields: tuple[str, ...]
    done: str

    @property
    def kind(self) -> Kind:
        return self.model.kind


RECEIPT = Paper(
    "Record a receipt",
    "Record the receipt",
    "receipts",
    TypedReceipt,
    ("amount", "value_date", "purpose", "reference", "channel"),
    "receipt-recorded",
)
REFUND = Paper(
    "Refund credit",
    "Record the refund",
    "refunds",
    RefundBody,
    ("amount", "value_date", "reference", "channel", "reason"),
    "refund-recorded",
)
WAIVER = Paper(
    "Waive what is owed",
    "Record the waiver",
    "waivers",
    WaiverBody,
    ("amount", "value_date", "intent", "reason"),
    "waiver-recorded",
)
WRITE_OFF = Paper(
    "Write off the loan",
    "Write off",
    "write-off",
    WriteOffBody,
    ("value_date", "reason"),
    "write-off-recorded",
)
REVERSAL = Paper(
    "Reverse a transaction",
    "Reverse the transaction",
    "reversal",
    ReversalBody,
    ("reason",),
    "reversal-recorded",
)


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
        said = told(sentences[0])
        return f"{labels.get(name, name.capitalize())} {said}." if said.startswith(("must", "is ")) else said
    return told(error.sentence)


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
    return read(paper.model, typed).wanted(reverses)


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
        earliest=seen.since or seen.loan.start_date,
        today=today,
        suggested=_suggested(seen) if paper is RECEIPT else (),
    )


def _entry(seen: LoanAccount, number: int) -> Any:
    found = next((entry for entry in entries_of(seen) if entry.transaction.number == number), None)
    if found is None:
        raise TransactionNotFound(f"Loan {seen.loan.loan_id} has no transaction {number}.")
    return found


def _suggested(seen: LoanAccount) -> list[tuple[str, Decimal, str]]:
    """Amounts that people mostly pay today: words, amount and purpose."""
    standing = seen.account.standing
    found: list[tuple[str, Decimal, str]] = []
    if standing.due:
        found.append(("What is due", standing.due, "instalment"))
    if standing.next_instalment and not standing.due:
        found.append(("The next instalment", standing.next_instalment.amount, "instalment"))
    return found


def _views(paper: Paper) -> tuple[View, View]:
    """The page of a form, which the address may fill in, and what takes it: records, or shows what that would do."""

    def view(visit: Visit, loan_id: str) -> Response:
        return _view(visit, paper, loan_id)

    def record(visit: Visit, loan_id: str) -> Response:
        return _sent(visit, paper, loan_id)

    return view, record


view_receipt, record_receipt = _views(RECEIPT)
view_refund, record_refund = _views(REFUND)
view_waiver, record_waiver = _views(WAIVER)
view_write_off, record_write_off = _views(WRITE_OFF)


def view_reversal(visit: Visit, loan_id: str, number: str) -> Response:
    """The form of a reversal, with what it would undo."""
    return _view(visit, REVERSAL, loan_id, _transaction_number(number))


def record_reversal(visit: Visit, loan_id: str, number: str) -> Response:
    """Reverses a transaction, or shows what that would do."""
    return _sent(visit, REVERSAL, loan_id, _transaction_number(number))


def _transaction_number(text: str) -> int:
    return number_in_path(text, TransactionNotFound, "transaction")
