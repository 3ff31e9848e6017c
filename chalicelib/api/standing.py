"""Where a loan stands, a transaction and what it paid: as several answers have them."""

from typing import TYPE_CHECKING

from chalicelib.api.moments import moment
from chalicelib.rules.servicing.fold import Split
from chalicelib.rules.servicing.standing import Standing
from chalicelib.storage.servicing import Transaction

if TYPE_CHECKING:
    from chalicelib.api.answers import servicing as answers


def standing_answered(standing: Standing) -> "answers.LoanStanding":
    """Where a loan stands on a day."""
    following = standing.next_instalment
    return {
        "as_of": standing.as_of,
        "status": standing.status,
        "class": standing.bucket.code,
        "outstanding": standing.outstanding,
        "principal": standing.principal,
        "interest": standing.interest,
        "charges": standing.charges,
        "credit": standing.credit,
        "due": standing.due,
        "overdue": standing.overdue,
        "days_past_due": standing.days_past_due,
        "unpaid_from": standing.unpaid_from,
        "next_instalment": None
        if following is None
        else {"number": following.number, "due_date": following.due_date, "amount": following.amount},
        "repayments_left": standing.repayments_left,
        "emis_paid_on_time": standing.paid_on_time,
        "end_date": standing.end_date,
    }


def transaction_answered(transaction: Transaction) -> "answers.TransactionRecord":
    """A transaction as it was recorded."""
    opening = transaction.opening
    return {
        "number": transaction.number,
        "kind": transaction.kind,
        "amount": transaction.amount,
        "value_date": transaction.value_date,
        "intent": transaction.intent,
        "effect": transaction.effect,
        "reverses": transaction.reverses,
        "opening": None
        if opening is None
        else {
            "interest_due": opening.interest_due,
            "first_unpaid_due_date": opening.first_unpaid_due_date,
            "instalments_left": opening.instalments_left,
            "emis_paid_on_time": opening.emis_paid_on_time,
        },
        "reference": transaction.reference,
        "channel": transaction.channel,
        "reason": transaction.reason,
        "recorded_by": transaction.author.name,
        "recorded_at": moment(transaction.recorded_at),
    }


def paid_answered(split: Split | None) -> "answers.PaymentSplit | None":
    """What a transaction paid; None if it paid nothing by itself."""
    return None if split is None else split_answered(split)


def split_answered(split: Split) -> "answers.PaymentSplit":
    """What money pays, of each part."""
    return {
        "interest": split.interest,
        "principal": split.principal,
        "charges": split.charges,
        "credit": split.credit,
        "charge_levied": split.charge_levied,
    }
