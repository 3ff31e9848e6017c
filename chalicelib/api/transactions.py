"""What happens to a loan, recorded: receipts, refunds, waivers, write-offs, openings and reversals."""

from typing import TYPE_CHECKING, Any

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import OF_A_WRITE, Answer, Link, created, ok
from chalicelib.api.responses import Reply, Text, to_json
from chalicelib.api.standing import paid_answered, standing_answered, transaction_answered
from chalicelib.api.taking import IdempotencyKey, LoanNumber, TransactionNumber
from chalicelib.errors import (
    AlreadyReversed,
    InArrears,
    LaterFactStands,
    LoanAlreadyServiced,
    LoanClosed,
    LoanNotServiced,
    LoanWrittenOff,
    OpeningInUse,
    ReferenceConflict,
    RefundAboveCredit,
    ReversalOfADisbursal,
    ReversalOfAReversal,
    SettlementDiffers,
    WaiverAboveOwed,
    WriteOffDiffers,
)
from chalicelib.requests.servicing_models import (
    OpeningBody,
    ReceiptBody,
    RefundBody,
    ReversalBody,
    WaiverBody,
    WriteOffBody,
)
from chalicelib.rules.access import Operation, Scope
from chalicelib.rules.servicing.values import Kind
from chalicelib.services import servicing
from chalicelib.services.idempotency import Attempt, Once
from chalicelib.services.servicing import Recorded, Wanted, WantedOpening

if TYPE_CHECKING:
    from chalicelib.api.answers import servicing as answers

_BEGUN = (LoanNotServiced, LoanWrittenOff, LaterFactStands, ReferenceConflict)
_OF_A_RECEIPT = (*_BEGUN, LoanClosed, InArrears, SettlementDiffers)


def _recorded(description: str) -> Answer:
    loan = {"path.loan_id": "$response.body#/loan_id"}
    return created(
        description,
        headers=("Idempotency-Replayed",),
        links={
            "account": Link("The account of the loan.", "view_account", loan),
            "reversal": Link(
                "Undoes the transaction.",
                "reverse_transaction",
                {**loan, "path.transaction_number": "$response.body#/transaction/number"},
                body={"reason": "recorded by mistake"},
            ),
        },
    )


@endpoints.add(
    "POST",
    "/api/loans/{loan_id}/receipts",
    Operation.RECORD_RECEIPTS,
    _recorded("The receipt, what it paid, and where the loan stands."),
    tag="Servicing",
    raises=(*_OF_A_RECEIPT, *OF_A_WRITE),
)
def record_receipt(
    call: Call, loan_id: LoanNumber, body: ReceiptBody, attempt: IdempotencyKey
) -> "Reply[answers.RecordedTransaction]":
    """Records money that the customer paid."""
    return _record(call, loan_id, Wanted(Kind.RECEIPT, **dict(body)), attempt)


@endpoints.add(
    "POST",
    "/api/loans/{loan_id}/receipts/preview",
    Operation.READ_LOANS,
    ok(
        "What it would pay, and where the loan would stand.",
        links={"account": Link("The loan as it is.", "view_account", {"path.loan_id": "$response.body#/loan_id"})},
    ),
    tag="Servicing",
    raises=_OF_A_RECEIPT,
)
def preview_receipt(loan_id: LoanNumber, body: ReceiptBody, scope: Scope) -> "answers.PreviewedReceipt":
    """What a receipt would pay; nothing is recorded."""
    wanted = Wanted(Kind.RECEIPT, **dict(body))
    made = servicing.preview(runtime.database(), loan_id, wanted, today=runtime.today(), scope=scope)
    return {
        "loan_id": loan_id,
        "amount": made.transaction.amount,
        "value_date": made.transaction.value_date,
        "intent": made.transaction.intent,
        "effect": made.transaction.effect,
        "split": paid_answered(made.split),
        "account": standing_answered(made.standing),
        "recorded_before": made.recorded_before,
    }


@endpoints.add(
    "POST",
    "/api/loans/{loan_id}/refunds",
    Operation.ADJUST_LOANS,
    _recorded("The refund, and where the loan stands."),
    tag="Servicing",
    raises=(*_BEGUN, RefundAboveCredit, *OF_A_WRITE),
)
def refund_credit(
    call: Call, loan_id: LoanNumber, body: RefundBody, attempt: IdempotencyKey
) -> "Reply[answers.RecordedTransaction]":
    """Records that credit was paid back to the customer."""
    return _record(call, loan_id, Wanted(Kind.REFUND, **dict(body)), attempt)


@endpoints.add(
    "POST",
    "/api/loans/{loan_id}/waivers",
    Operation.ADJUST_LOANS,
    _recorded("The waiver, what it waived, and where the loan stands."),
    tag="Servicing",
    raises=(*_BEGUN, LoanClosed, WaiverAboveOwed, *OF_A_WRITE),
)
def waive(
    call: Call, loan_id: LoanNumber, body: WaiverBody, attempt: IdempotencyKey
) -> "Reply[answers.RecordedTransaction]":
    """Waives something that is owed."""
    return _record(call, loan_id, Wanted(Kind.WAIVER, **dict(body)), attempt)


@endpoints.add(
    "POST",
    "/api/loans/{loan_id}/write-off",
    Operation.ADJUST_LOANS,
    _recorded("The write-off, what it took, and where the loan stands."),
    tag="Servicing",
    raises=(*_BEGUN, LoanClosed, WriteOffDiffers, *OF_A_WRITE),
)
def write_off(
    call: Call, loan_id: LoanNumber, body: WriteOffBody, attempt: IdempotencyKey
) -> "Reply[answers.RecordedTransaction]":
    """Writes off all that is owed."""
    return _record(call, loan_id, Wanted(Kind.WRITE_OFF, **dict(body)), attempt)


@endpoints.add(
    "POST",
    "/api/loans/{loan_id}/opening",
    Operation.ADJUST_LOANS,
    _recorded("The opening, and where the loan stands."),
    tag="Servicing",
    raises=(LoanAlreadyServiced, ReferenceConflict, *OF_A_WRITE),
    note="`GET` of the same path proposes the figures.",
)
def open_loan(
    call: Call, loan_id: LoanNumber, body: OpeningBody, attempt: IdempotencyKey
) -> "Reply[answers.RecordedTransaction]":
    """Begins the servicing of a loan that was made elsewhere."""
    given = dict(body)
    opening = WantedOpening(*(given.pop(name) for name in WantedOpening.__dataclass_fields__))
    return _record(call, loan_id, Wanted(Kind.OPENING, opening=opening, **given), attempt)


@endpoints.add(
    "POST",
    "/api/loans/{loan_id}/transactions/{transaction_number}/reversal",
    Operation.ADJUST_LOANS,
    _recorded("The reversal, and where the loan stands."),
    tag="Servicing",
    raises=(
        AlreadyReversed,
        ReversalOfAReversal,
        ReversalOfADisbursal,
        OpeningInUse,
        LaterFactStands,
        ReferenceConflict,
        *OF_A_WRITE,
    ),
)
def reverse_transaction(
    call: Call, loan_id: LoanNumber, transaction_number: TransactionNumber, body: ReversalBody, attempt: IdempotencyKey
) -> "Reply[answers.RecordedTransaction]":
    """Undoes a transaction, as if it had never been recorded."""
    return _record(call, loan_id, Wanted(Kind.REVERSAL, reverses=transaction_number, **dict(body)), attempt)


def _record(call: Call, loan_id: int, wanted: Wanted, attempt: Attempt | None) -> Reply[Any]:
    once = Once[Recorded](attempt, lambda made: to_json(_answered(loan_id, made)))
    told = servicing.record(runtime.database(), loan_id, wanted, today=runtime.today(), author=call.author, once=once)
    return Reply(Text(told.answer), {"Idempotency-Replayed": "true"} if told.replayed else {})


def _answered(loan_id: int, made: Recorded) -> "answers.RecordedTransaction":
    return {
        "loan_id": loan_id,
        "transaction": transaction_answered(made.transaction),
        "split": paid_answered(made.split),
        "account": standing_answered(made.standing),
        "recorded_before": made.recorded_before,
    }
