"""What the rules of servicing refuse, as what a client can be told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from chalicelib.errors import InvalidRequest, LoanError, LoanNotServiced, TransactionNotFound, TransactionRefused
from chalicelib.rules.servicing.refusals import Code, Refused
from chalicelib.storage.loans import LoanOnRecord

# The field of the request that makes no sense by itself.
_FIELDS = {
    Code.AMOUNT_NOT_POSITIVE: "amount",
    Code.AMOUNT_FINER_THAN_A_PAISA: "amount",
    Code.FUTURE_DATE: "value_date",
    Code.BEFORE_DISBURSAL: "value_date",
    Code.UNKNOWN_INTENT: "intent",
    Code.EFFECT_NEEDED: "effect",
    Code.EFFECT_NOT_WANTED: "effect",
    Code.OPENING_INVALID: "opening",
    Code.DISBURSAL_DIFFERS: "amount",
}
_REFUSALS = {kind.code: kind for kind in TransactionRefused.__subclasses__()}


@contextmanager
def told_refusals(loan: LoanOnRecord, fields: Mapping[Code, str] | None = None) -> Iterator[None]:
    """Raises what the rules refuse inside about a loan as the error that a client is told.

    `fields` has the names of fields that are not called as those of a transaction.
    """
    try:
        yield
    except Refused as refusal:
        if refusal.code is Code.NOT_SERVICED:
            raise LoanNotServiced(_why_not_serviced(loan), refusal.figures) from refusal
        raise error_of(refusal, fields) from refusal


def _why_not_serviced(loan: LoanOnRecord) -> str:
    """Why nothing can be recorded of a loan yet, and what to do first."""
    past = "was made elsewhere, and its receipts are not known here"
    if loan.is_made_here:
        were = "was" if loan.emis_paid_on_time == 1 else "were"
        past = (
            f"was made here, but a workbook said that {loan.emis_paid_on_time} of its instalments {were} paid on time, "
            "and those receipts are not known here"
        )
    return f"Loan {loan.loan_id} {past}. Record its opening first: what was owed on a day."


def error_of(refusal: Refused, fields: Mapping[Code, str] | None = None) -> LoanError:
    """InvalidRequest with the field that is wrong, TransactionNotFound, or the TransactionRefused with its code."""
    if refusal.code.is_bad_input:
        wrong = refusal.wrong or {{**_FIELDS, **(fields or {})}[refusal.code]: refusal.sentence}
        return InvalidRequest(refusal.sentence, {name: [sentence] for name, sentence in wrong.items()})
    if refusal.code is Code.UNKNOWN_FACT:
        return TransactionNotFound(refusal.sentence)
    # The rules speak of facts; what is recorded of one is a transaction.
    figures = {"transaction" if name == "fact" else name: value for name, value in refusal.figures.items()}
    return _REFUSALS[refusal.code.value](refusal.sentence, figures)
