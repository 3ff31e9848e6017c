"""What happens to loans, listed and recorded: receipts, refunds, waivers, write-offs, openings and reversals."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib import runtime
from chalicelib.api.blueprint import endpoints
from chalicelib.api.call import Call
from chalicelib.api.declaring import OF_A_WRITE, Answer, Link, created, next_page, ok
from chalicelib.api.moments import moment
from chalicelib.api.responses import Reply, Text, to_json
from chalicelib.api.standing import paid_answered, standing_answered, transaction_answered
from chalicelib.api.taking import IdempotencyKey, LoanNumber, TransactionNumber
from chalicelib.errors import (
    AlreadyReversed,
    CreditTooHigh,
    InArrears,
    LaterFactStands,
    LoanAlreadyServiced,
    LoanClosed,
    LoanError,
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
    TransactionsQuery,
    WaiverBody,
    WriteOffBody,
)
from chalicelib.rules.access import Operation, Scope
from chalicelib.services import lists, servicing
from chalicelib.services.idempotency import Attempt, Once
from chalicelib.services.servicing import Recorded, Wanted
from chalicelib.storage.transaction_list import ListedTransaction

if TYPE_CHECKING:
    from chalicelib.api.answers import servicing as answers

_BEGUN = (LoanNotServiced, LoanWrittenOff, LaterFactStands)
_OF_A_RECEIPT = (*_BEGUN, LoanClosed, InArrears, SettlementDiffers, CreditTooHigh)

# Says what is to be recorded, of what the client sent.
Wish = TypeVar("Wish", bound=Callable[..., Wanted])


@endpoints.add(
    "GET",
    "/api/transactions",
    Operation.READ_LOANS,
    ok(
        "A page of transactions.",
        links={
            **next_page("list_transactions", "before"),
            "account": Link(
                "The account of the loan of the first.",
                "view_account",
                {"path.loan_id": "$response.body#/transactions/0/loan_id"},
            ),
        },
    ),
    tag="Servicing",
    note="A page may have fewer transactions than `limit`, or none, and others still follow: `next` is null on the "
    "last one.",
)
def list_transactions(query: TransactionsQuery, scope: Scope) -> "answers.TransactionsPage":
    """What was received, disbursed, refunded, waived and undone, of all loans, that of the latest day first."""
    found = lists.transactions_behind(runtime.database(), query.wanted(), cursor=query.cursor(), scope=scope)
    return {"transactions": [_listed(each) for each in found.rows], "next": found.next}


def _listed(each: ListedTransaction) -> "answers.ListedTransaction":
    return {
        "transaction_id": each.transaction_id,
        "loan_id": each.loan_id,
        "number": each.number,
        "customer_id": each.customer_id,
        "kind": each.kind,
        "amount": each.amount,
        "value_date": each.value_date,
        "intent": each.intent,
        "effect": each.effect,
        "reverses": each.reverses,
        "reversed": each.is_reversed,
        "reference": each.reference,
        "channel": each.channel,
        "reason": each.reason,
        "recorded_by": each.recorded_by,
        "recorded_at": moment(each.recorded_at),
    }


def _recording(
    path: str, operation: Operation, description: str, *raises: type[LoanError], note: str = ""
) -> Callable[[Wish], Wish]:
    """Declares what records a transaction of a loan, at `path` below it, by the function that says what is recorded.

    All of them take the loan and the key of the request too, and answer the same.
    """
    add = endpoints.add(
        "POST",
        f"/api/loans/{{loan_id}}/{path}",
        operation,
        _recorded(description),
        tag="Servicing",
        raises=(*raises, ReferenceConflict, *OF_A_WRITE),
        note=note,
    )

    def declare(wish: Wish) -> Wish:
        @wraps(wish)
        def view(call: Call, loan_id: int, attempt: Attempt | None, **taken: Any) -> Reply[Any]:
            return _record(call, loan_id, wish(**taken), attempt)

        taken = {"call": Call, "loan_id": LoanNumber, **wish.__annotations__, "attempt": IdempotencyKey}
        view.__annotations__ = taken | {"return": "Reply[answers.RecordedTransaction]"}
        add(view)
        return wish

    return declare


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


@_recording(
    "receipts",
    Operation.RECORD_RECEIPTS,
    "The receipt, what it paid, and where the loan stands.",
    *_OF_A_RECEIPT,
)
def record_receipt(body: ReceiptBody) -> Wanted:
    """Records money that the customer paid."""
    return body.wanted()


@endpoints.add(
    "POST",
    "/api/loans/{loan_id}/receipts/preview",
    Operation.READ_LOANS,
    ok(
        "What it would pay, and where the loan would stand.",
        links={"account": Link("The loan as it is.", "view_account", {"path.loan_id": "$response.body#/loan_id"})},
    ),
    tag="Servicing",
    raises=(*_OF_A_RECEIPT, ReferenceConflict),
)
def preview_receipt(loan_id: LoanNumber, body: ReceiptBody, scope: Scope) -> "answers.PreviewedReceipt":
    """What a receipt would pay; nothing is recorded."""
    made = servicing.preview(runtime.database(), loan_id, body.wanted(), today=runtime.today(), scope=scope)
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


@_recording(
    "refunds",
    Operation.ADJUST_LOANS,
    "The refund, and where the loan stands.",
    *_BEGUN,
    RefundAboveCredit,
)
def refund_credit(body: RefundBody) -> Wanted:
    """Records that credit was paid back to the customer."""
    return body.wanted()


@_recording(
    "waivers",
    Operation.ADJUST_LOANS,
    "The waiver, what it waived, and where the loan stands.",
    *_BEGUN,
    LoanClosed,
    WaiverAboveOwed,
    CreditTooHigh,
)
def waive(body: WaiverBody) -> Wanted:
    """Waives something that is owed."""
    return body.wanted()


@_recording(
    "write-off",
    Operation.ADJUST_LOANS,
    "The write-off, what it took, and where the loan stands.",
    *_BEGUN,
    LoanClosed,
    WriteOffDiffers,
)
def write_off(body: WriteOffBody) -> Wanted:
    """Writes off all that is owed."""
    return body.wanted()


@_recording(
    "opening",
    Operation.ADJUST_LOANS,
    "The opening, and where the loan stands.",
    LoanAlreadyServiced,
    note="`GET` of the same path proposes the figures.",
)
def open_loan(body: OpeningBody) -> Wanted:
    """Begins the servicing of a loan that was made elsewhere."""
    return body.wanted()


@_recording(
    "transactions/{transaction_number}/reversal",
    Operation.ADJUST_LOANS,
    "The reversal, and where the loan stands.",
    AlreadyReversed,
    ReversalOfAReversal,
    ReversalOfADisbursal,
    OpeningInUse,
    LaterFactStands,
    CreditTooHigh,
)
def reverse_transaction(transaction_number: TransactionNumber, body: ReversalBody) -> Wanted:
    """Undoes a transaction, as if it had never been recorded."""
    return body.wanted(transaction_number)


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
