"""What the API takes about the life of loans. Descriptions finish the sentence "must be …", as in models.py."""

from dataclasses import fields
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from chalicelib.requests.models import (
    WHOLE,
    BucketCode,
    CursorId,
    CustomerNumber,
    Day,
    Income,
    LastDay,
    Limit,
    LoanNumber,
    Model,
    PageQuery,
    Reason,
    digits,
    not_below,
    text_of,
    visible,
)
from chalicelib.rules.bounds import CHANNEL_LENGTH, MAX_ID, REFERENCE_LENGTH, TENURE
from chalicelib.rules.servicing.values import INTENTS, Effect, Intent, Kind
from chalicelib.rules.text import joined
from chalicelib.rules.typed.letters import alike
from chalicelib.services.servicing import Wanted, WantedOpening
from chalicelib.storage.delinquency import Behind
from chalicelib.storage.transaction_list import Wanted as WantedTransactions

_OF_RECEIPTS, _OF_WAIVERS = INTENTS[Kind.RECEIPT], INTENTS[Kind.WAIVER]


def _cursor(value: str) -> str:
    behind_of(value)
    return value


def cursor_of(behind: Behind) -> str:
    """Where a list of late loans goes on, as text: the first unpaid due date, if there is one, and the loan."""
    return f"{behind.unpaid_from or ''}_{behind.loan_id}"


def behind_of(cursor: str) -> Behind:
    """The same from text. Raises ValueError if it is none."""
    day, _, number = cursor.partition("_")
    if not (number.isascii() and number.isdigit() and len(number) < 20 and 0 < int(number) <= MAX_ID):
        raise ValueError
    return Behind(date.fromisoformat(day) if day else None, int(number))


def _seen(value: Any) -> Any:
    # As in workbooks: two references that look alike are one receipt.
    return alike(value) if isinstance(value, str) else value


Reference = Annotated[
    str,
    BeforeValidator(_seen),
    text_of(REFERENCE_LENGTH),
    AfterValidator(visible),
    Field(description=f"text of {REFERENCE_LENGTH} characters, such as the number of the payment"),
]
Channel = Annotated[
    str,
    text_of(CHANNEL_LENGTH),
    AfterValidator(visible),
    Field(description=f"text of {CHANNEL_LENGTH} characters, such as upi or cash"),
]
# Named literals, so that the contract lists them; INTENTS says the same to the rules.
ReceiptIntent = Annotated[
    Literal[Intent.INSTALMENT, Intent.PREPAYMENT, Intent.SETTLEMENT], Field(description=joined(_OF_RECEIPTS, "or"))
]
WaiverIntent = Annotated[
    Literal[Intent.CHARGES, Intent.INTEREST, Intent.PRINCIPAL], Field(description=joined(_OF_WAIVERS, "or"))
]
PrepaymentEffect = Annotated[Effect, Field(description=joined(Effect, "or"))]
InstalmentsLeft = Annotated[int, WHOLE, Field(ge=TENURE.least, le=TENURE.most, description=f"a whole number, {TENURE}")]
InstalmentsPaid = Annotated[
    int, BeforeValidator(digits), Field(ge=0, le=TENURE.most, description=f"a whole number, 0 to {TENURE.most}")
]


class RecordedBody(Model):
    """What is to be recorded of a loan; `kind` says as what."""

    model_config = ConfigDict(extra="forbid")

    kind: ClassVar[Kind]

    reference: Reference | None = None

    def given(self) -> dict[str, Any]:
        """What was given, by the names of `Wanted`."""
        return dict(self)

    def wanted(self, reverses: int | None = None) -> Wanted:
        """What is asked for; a reversal says of which transaction."""
        return Wanted(self.kind, reverses=reverses, **self.given())


class TransactionBody(RecordedBody):
    """What has a day of its own."""

    value_date: Day | None = None


class ReceiptBody(TransactionBody):
    """`POST /api/loans/{loan_id}/receipts/`: without a date, it is of today; without an intent, for instalments."""

    kind = Kind.RECEIPT

    amount: Income
    intent: ReceiptIntent | None = None
    effect: PrepaymentEffect | None = None
    channel: Channel | None = None
    reason: Reason | None = None


class RefundBody(TransactionBody):
    """`POST /api/loans/{loan_id}/refunds/`: gives credit back."""

    kind = Kind.REFUND

    amount: Income
    channel: Channel | None = None
    reason: Reason


class WaiverBody(TransactionBody):
    """`POST /api/loans/{loan_id}/waivers/`: without an intent, of charges, then interest, then principal."""

    kind = Kind.WAIVER

    amount: Income
    intent: WaiverIntent | None = None
    reason: Reason


class WriteOffBody(TransactionBody):
    """`POST /api/loans/{loan_id}/write-off/`: of all that is owed, which `amount` may repeat."""

    kind = Kind.WRITE_OFF

    amount: Income | None = None
    reason: Reason


class OpeningBody(TransactionBody):
    """`POST /api/loans/{loan_id}/opening/`: `amount` is the principal outstanding."""

    kind = Kind.OPENING

    amount: Income
    interest_due: Limit
    first_unpaid_due_date: Day
    instalments_left: InstalmentsLeft
    reason: Reason | None = None

    def given(self) -> dict[str, Any]:
        """With the figures of the opening as one value."""
        given = super().given()
        figures = {each.name: given.pop(each.name) for each in fields(WantedOpening)}
        return given | {"opening": WantedOpening(**figures)}


class ReversalBody(RecordedBody):
    """`POST /api/loans/{loan_id}/transactions/{transaction_number}/reversal/`"""

    kind = Kind.REVERSAL

    reason: Reason


class AccountQuery(Model):
    """`GET /api/loans/{loan_id}/account/`"""

    model_config = ConfigDict(extra="forbid")

    as_of: Day | None = None


class SettlementQuery(Model):
    """`GET /api/loans/{loan_id}/settlement/`"""

    model_config = ConfigDict(extra="forbid")

    on: Day | None = None


class PrepaymentQuery(SettlementQuery):
    """`GET /api/loans/{loan_id}/prepayment/`"""

    amount: Income


class OpeningQuery(Model):
    """`GET /api/loans/{loan_id}/opening/`"""

    model_config = ConfigDict(extra="forbid")

    on: Day | None = None
    paid: InstalmentsPaid | None = None


class StatementQuery(Model):
    """`GET /api/loans/{loan_id}/statement/`"""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[Literal["json", "csv", "xlsx", "pdf"], Field(description="json, csv, xlsx or pdf")] | None = None
    since: Day | None = Field(None, alias="from")
    to: LastDay | None = None


class DelinquencyQuery(Model):
    """`GET /api/delinquency/`"""

    model_config = ConfigDict(extra="forbid")

    as_of: Day | None = None


class TransactionsQuery(PageQuery):
    """`GET /api/transactions/`"""

    kind: Annotated[Kind, Field(description=f"one of {', '.join(Kind)}")] | None = None
    loan_id: LoanNumber | None = None
    customer_id: CustomerNumber | None = None
    amount_from: Income | None = None
    amount_to: Annotated[Income, not_below("amount_from", "money")] | None = None
    since: Day | None = Field(None, alias="from")
    to: LastDay | None = None
    before: CursorId | None = None

    def wanted(self) -> WantedTransactions:
        """What is looked for."""
        return WantedTransactions(
            kind=self.kind,
            loan_id=self.loan_id,
            customer_id=self.customer_id,
            amount_from=self.amount_from,
            amount_to=self.amount_to,
            since=self.since,
            to=self.to,
        )


class LateLoansQuery(PageQuery):
    """`GET /api/delinquency/loans/`"""

    bucket: BucketCode = Field(alias="class")
    after: (
        Annotated[str, AfterValidator(_cursor), Field(description="the text that `next` gave on the page before")]
        | None
    ) = None

    def behind(self) -> Behind | None:
        """The last loan of the page before; None at the beginning."""
        return behind_of(self.after) if self.after else None
