"""Every failure a client can be told of: a code, an HTTP status and a sentence. Standard library only."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar


class ConfigurationError(Exception):
    """The deployment's settings make no sense. Raised at start, never while serving a request."""


class LoanError(Exception):
    """The base of what a client can be told. `str(error)` is the sentence it reads."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class InternalError(LoanError):
    """Our fault. The log has the trace; whoever asked gets the number to ask for it."""


class InvalidRequest(LoanError):
    """The body, path or query is not valid. `fields` names every bad field at once."""

    code = "invalid_request"
    status = 400

    def __init__(self, sentence: str, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(sentence)
        self.fields = {name: list(sentences) for name, sentences in (fields or {}).items()}


class AboveCeiling(InvalidRequest):
    """A limit or an income is above what a role may set; `highest` is the most of each bad field, in rupees."""

    def __init__(self, sentence: str, fields: Mapping[str, Sequence[str]], highest: Mapping[str, Decimal]) -> None:
        super().__init__(sentence, fields)
        self.highest = highest


class Unauthenticated(LoanError):
    """The request does not say who makes it, or not in a way we believe."""

    code = "unauthenticated"
    status = 401


class SecondFactorRequired(LoanError):
    """Login and password are right, and the code of the second factor is missing."""

    code = "second_factor_required"
    status = 401


class Forbidden(LoanError):
    """We know who makes the request, and they may not."""

    code = "forbidden"
    status = 403


class CustomerNotFound(LoanError):
    code = "customer_not_found"
    status = 404


class LoanNotFound(LoanError):
    code = "loan_not_found"
    status = 404


class ApplicationNotFound(LoanError):
    code = "application_not_found"
    status = 404


class KeyFactsNotFound(LoanError):
    """No Key Facts Statement of this number was issued, or it is not for whoever asks."""

    code = "key_facts_not_found"
    status = 404


class TransactionNotFound(LoanError):
    code = "transaction_not_found"
    status = 404


class ImportNotFound(LoanError):
    code = "import_not_found"
    status = 404


class InvitationNotFound(LoanError):
    """The link was used, replaced or is too old, or there never was one."""

    code = "invitation_not_found"
    status = 404


class ApiKeyNotFound(LoanError):
    code = "api_key_not_found"
    status = 404


class UserNotFound(LoanError):
    code = "user_not_found"
    status = 404


class PathNotFound(LoanError):
    code = "path_not_found"
    status = 404


class MethodNotAllowed(LoanError):
    code = "method_not_allowed"
    status = 405

    def __init__(self, sentence: str, allowed: Sequence[str]) -> None:
        super().__init__(sentence)
        self.allowed = tuple(allowed)


class Conflict(LoanError):
    """The request is fine, but what is stored stands against it."""

    code = "conflict"
    status = 409


class TransactionRefused(Conflict):
    """What a loan is, or what was recorded of it, stands against a transaction.

    `figures` has what was given and what would be right: amounts in rupees, dates, numbers.
    """

    def __init__(self, sentence: str, figures: Mapping[str, object] | None = None) -> None:
        super().__init__(sentence)
        self.figures = dict(figures or {})


class LoanNotServiced(TransactionRefused):
    """A loan whose past is not known here needs an opening first."""

    code = "loan_not_serviced"


class LoanAlreadyServiced(TransactionRefused):
    code = "loan_already_serviced"


class LoanClosed(TransactionRefused):
    code = "loan_closed"


class LoanWrittenOff(TransactionRefused):
    code = "loan_written_off"


class InArrears(TransactionRefused):
    code = "in_arrears"


class SettlementDiffers(TransactionRefused):
    code = "settlement_differs"


class CreditTooHigh(TransactionRefused):
    """The customer's credit would be more than any amount may be."""

    code = "credit_too_high"


class RefundAboveCredit(TransactionRefused):
    code = "refund_above_credit"


class WaiverAboveOwed(TransactionRefused):
    code = "waiver_above_owed"


class WriteOffDiffers(TransactionRefused):
    code = "write_off_differs"


class ReversalOfAReversal(TransactionRefused):
    code = "reversal_of_a_reversal"


class AlreadyReversed(TransactionRefused):
    code = "already_reversed"


class ReversalOfADisbursal(TransactionRefused):
    code = "reversal_of_a_disbursal"


class OpeningInUse(TransactionRefused):
    code = "opening_in_use"


class LaterFactStands(TransactionRefused):
    """A transaction that was recorded before, of a later day, could not stand."""

    code = "later_fact_stands"


class ReferenceConflict(TransactionRefused):
    """Another transaction has the reference."""

    code = "reference_conflict"


class RequestInFlight(Conflict):
    """The same request is being worked on at this moment."""

    code = "request_in_flight"


class Outdated(LoanError):
    """What the client saw is no longer what is stored."""

    code = "outdated"
    status = 412


class BodyTooLarge(LoanError):
    code = "body_too_large"
    status = 413


class UnsupportedMediaType(LoanError):
    code = "unsupported_media_type"
    status = 415


class IdempotencyKeyReused(LoanError):
    """The key belongs to another request."""

    code = "idempotency_key_reused"
    status = 422


class InstalmentsDoNotRepayLoan(LoanError):
    """The request is well formed, but no interest rate makes these instalments repay the loan."""

    code = "instalments_do_not_repay"
    status = 422


class PdfCannotWrite(LoanError):
    """A text has letters that the fonts of our PDFs do not have, and no paper goes out without a part of a name."""

    code = "pdf_cannot_write"
    status = 422


class PreconditionRequired(LoanError):
    """The client must say which state it saw."""

    code = "precondition_required"
    status = 428


class TooManyRequests(LoanError):
    """The client has to wait `retry_after` seconds."""

    code = "too_many_requests"
    status = 429

    def __init__(self, sentence: str, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(LoanError):
    """Something we stand on cannot be reached; the same request may succeed after `retry_after` seconds."""

    code = "service_unavailable"
    status = 503
    retry_after: ClassVar[int] = 5


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"


class OutcomeUnknown(DatabaseUnavailable):
    """The connection broke during COMMIT: it must not be run again blindly."""

    code = "outcome_unknown"
