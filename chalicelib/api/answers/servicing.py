"""What the API answers about the life of loans."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chalicelib.api.answers.common import CustomerId, FirstName, LastName, LoanClass, LoanId, NextId, Phone
from chalicelib.rules.servicing.instalments import State
from chalicelib.rules.servicing.standing import Status
from chalicelib.rules.servicing.statement import Computed
from chalicelib.rules.servicing.values import Effect, Intent, Kind

Code = Annotated[LoanClass, Field(description="the class by days past due")]
Number = Annotated[int, Field(description="the number of the transaction among those of the loan, from 1", ge=1)]
ValueDate = Annotated[date, Field(description="the day from which it counts")]
TransactionAmount = Annotated[
    Decimal,
    Field(description="in rupees; of an opening the principal outstanding, of a reversal what was reversed"),
]
OfIntent = Annotated[
    Intent | None, Field(description="what a receipt is for, or what a waiver waives; null if neither was said")
]
OfEffect = Annotated[Effect | None, Field(description="what a prepayment changes; null for everything else")]
Principal = Annotated[Decimal, Field(description="the principal outstanding, in rupees")]
Interest = Annotated[Decimal, Field(description="the interest that is owed, in rupees")]
Charges = Annotated[Decimal, Field(description="the charges that are owed, in rupees")]
DaysPastDue = Annotated[int, Field(description="the day-ends that the first unpaid instalment has missed", ge=0)]
InstalmentNumber = Annotated[int, Field(description="the number of the instalment", ge=1)]
DueDate = Annotated[date, Field(description="the day on which it is due")]

# `class`, `from` and `to` are no names that Python allows.
_Classed = TypedDict("_Classed", {"class": Code})
_Between = TypedDict(
    "_Between",
    {
        "from": Annotated[date, Field(description="the first day of the statement")],
        "to": Annotated[date, Field(description="its last day")],
    },
)


class OpeningFigures(TypedDict):
    """What was owed, besides the principal, when the servicing of a loan that was made elsewhere began."""

    interest_due: Annotated[Decimal, Field(description="all interest that was unpaid on that day, in rupees")]
    first_unpaid_due_date: Annotated[date, Field(description="the due date of the first instalment that was not paid")]
    instalments_left: Annotated[int, Field(description="how many instalments were still demanded")]
    emis_paid_on_time: Annotated[int, Field(description="instalments paid on time before", ge=0)]


class _Recorded(TypedDict):
    number: Number
    kind: Annotated[Kind, Field(description="what happened")]
    amount: TransactionAmount
    value_date: ValueDate
    intent: OfIntent
    effect: OfEffect
    reverses: Annotated[int | None, Field(description="the number of the transaction that it undoes; null if none")]
    reference: Annotated[str | None, Field(description="what the outside world knows it by; null if nothing")]
    channel: Annotated[str | None, Field(description="how the money came or went; null if that was not said")]
    reason: Annotated[str | None, Field(description="why it was recorded; null if that was not said")]
    recorded_by: Annotated[str, Field(description="the name of who recorded it")]
    recorded_at: Annotated[datetime, Field(description="when it was recorded")]


class TransactionRecord(_Recorded):
    """A transaction as it was recorded."""

    opening: Annotated[OpeningFigures | None, Field(description="the figures of an opening; null for others")]


class ListedTransaction(_Recorded):
    """A transaction of any loan."""

    transaction_id: Annotated[int, Field(description="the number of the transaction among those of all loans")]
    loan_id: LoanId
    customer_id: CustomerId
    reversed: Annotated[bool, Field(description="whether it was undone")]


class TransactionsPage(TypedDict):
    """Transactions, those of the latest day first."""

    transactions: Annotated[list[ListedTransaction], Field(description="the transactions of this page")]
    next: NextId


class PaymentSplit(TypedDict):
    """What a transaction paid, waived or wrote off, in rupees. The first four of a receipt add up to its amount."""

    interest: Annotated[Decimal, Field(description="of interest")]
    principal: Annotated[Decimal, Field(description="of principal")]
    charges: Annotated[Decimal, Field(description="of charges")]
    credit: Annotated[Decimal, Field(description="what it added to the credit; of a refund, below 0")]
    charge_levied: Annotated[Decimal, Field(description="the prepayment charge that it caused, paid or not")]


Split = Annotated[
    PaymentSplit | None, Field(description="what it paid; null for a reversal, and for what has been reversed")
]


class NextInstalment(TypedDict):
    """The next instalment that will be demanded."""

    number: InstalmentNumber
    due_date: DueDate
    amount: Annotated[Decimal, Field(description="what of it is not paid yet, in rupees")]


class LoanStanding(_Classed):
    """Where a loan stands on a day."""

    as_of: Annotated[date, Field(description="the day")]
    status: Annotated[Status, Field(description="where the loan is in its life")]
    outstanding: Annotated[Decimal, Field(description="all that is owed: principal, interest and charges, in rupees")]
    principal: Principal
    interest: Interest
    charges: Charges
    credit: Annotated[Decimal, Field(description="what the lender owes the customer, in rupees")]
    due: Annotated[
        Decimal, Field(description="what has been demanded and is not paid, today's instalment included, in rupees")
    ]
    overdue: Annotated[Decimal, Field(description="the same without today's instalment, in rupees")]
    days_past_due: DaysPastDue
    unpaid_from: Annotated[
        date | None, Field(description="the due date of the first instalment that is not paid; null if all are")
    ]
    next_instalment: Annotated[
        NextInstalment | None, Field(description="the next one that will be demanded; null if none will be")
    ]
    repayments_left: Annotated[int, Field(description="instalments that are not paid yet", ge=0)]
    emis_paid_on_time: Annotated[int, Field(description="instalments paid on time", ge=0)]
    end_date: Annotated[date | None, Field(description="the day of its last instalment; null if it is not known")]


class RecordedTransaction(TypedDict):
    """A transaction, what it paid, and where the loan stands today."""

    loan_id: LoanId
    transaction: Annotated[TransactionRecord, Field(description="the transaction")]
    split: Split
    account: Annotated[LoanStanding, Field(description="the loan today, with all that is recorded")]
    recorded_before: Annotated[
        bool, Field(description="whether its reference was known, so that nothing was recorded now")
    ]


class PreviewedReceipt(TypedDict):
    """What a receipt would pay, and where the loan would stand today."""

    loan_id: LoanId
    amount: TransactionAmount
    value_date: ValueDate
    intent: OfIntent
    effect: OfEffect
    split: Split
    account: Annotated[LoanStanding, Field(description="the loan today, as if it had been recorded")]
    recorded_before: Annotated[bool, Field(description="whether its reference is known: then nothing would change")]


class CoveringTransaction(TypedDict):
    """What a transaction contributed to an instalment."""

    transaction: Number
    value_date: ValueDate
    amount: Annotated[Decimal, Field(description="its share in the instalment, in rupees")]


class LoanInstalment(TypedDict):
    """An instalment on a day: `demanded` is `paid` and `left`."""

    number: InstalmentNumber
    due_date: DueDate
    demanded: Annotated[Decimal, Field(description="what it asks for, in rupees")]
    paid: Annotated[Decimal, Field(description="what of it is paid, in rupees")]
    left: Annotated[Decimal, Field(description="what of it is not paid, in rupees")]
    state: Annotated[State, Field(description="how it stands")]
    covered_on: Annotated[date | None, Field(description="the day since which it is paid in full; null if it is not")]
    covered_by: Annotated[list[CoveringTransaction], Field(description="what it was paid with, in order")]


class AccountTransaction(TransactionRecord):
    """A transaction with what it paid."""

    split: Split


class LoanAccount(TypedDict):
    """A loan on a day, with its instalments and all that was recorded of it."""

    loan_id: LoanId
    customer_id: CustomerId
    account: Annotated[LoanStanding, Field(description="what it owes, and how late it is")]
    instalments: Annotated[list[LoanInstalment], Field(description="its instalments, each with what covered it")]
    transactions: Annotated[
        list[AccountTransaction], Field(description="all that were recorded, in that order, whatever their dates")
    ]


class SettlementOfDay(TypedDict):
    """What pays a loan off on a day."""

    on: Annotated[date, Field(description="the day")]
    total: Annotated[Decimal, Field(description="what pays the loan off on it, in rupees")]


class SettlementQuote(TypedDict):
    """What pays a loan off: a receipt of `total` with the intent `settlement` and this value date closes it."""

    loan_id: LoanId
    on: Annotated[date, Field(description="the day of the quote")]
    principal: Principal
    interest: Interest
    charges: Charges
    prepayment_charge: Annotated[Decimal, Field(description="the charge for paying early, in rupees")]
    total: Annotated[Decimal, Field(description="the sum of these four, in rupees")]
    per_day: Annotated[Decimal, Field(description="the interest of one more day, rounded, in rupees")]
    next_days: Annotated[list[SettlementOfDay], Field(description="the totals of the ten days that follow")]


class LoanProspect(TypedDict):
    """What the rest of a loan will be, if all is paid as demanded."""

    instalment: Annotated[
        Decimal,
        Field(description="that of every month but the last, or of the last if it is the only one; 0 if none is left"),
    ]
    instalments_left: Annotated[int, Field(description="how many will be demanded")]
    end_date: Annotated[date | None, Field(description="when it ends; null if it has outlived its due dates")]
    interest_to_pay: Annotated[
        Decimal, Field(description="all interest that is still to be paid, what is owed today included, in rupees")
    ]


class PrepaymentEffect(LoanProspect):
    """A prepayment with one effect: what it pays, and what the rest of the loan will be after it."""

    split: Annotated[PaymentSplit, Field(description="what it would pay")]
    interest_saved: Annotated[Decimal, Field(description="the interest that it saves, before its charge, in rupees")]


class ComparedPrepayment(TypedDict):
    """A prepayment with both of its effects, beside none."""

    loan_id: LoanId
    on: Annotated[date, Field(description="the day of the prepayment")]
    amount: Annotated[Decimal, Field(description="what is prepaid, in rupees")]
    without: Annotated[LoanProspect, Field(description="the loan without it")]
    shorter_tenure: Annotated[PrepaymentEffect, Field(description="the instalment stays, and fewer are demanded")]
    lower_instalment: Annotated[PrepaymentEffect, Field(description="the tenure stays, and each instalment is lower")]


class ProposedOpening(TypedDict):
    """An opening of a loan that was made elsewhere, as it would be if `paid` instalments had been paid."""

    loan_id: LoanId
    paid: Annotated[int, Field(description="how many instalments are taken as paid", ge=0)]
    amount: Principal
    value_date: ValueDate
    interest_due: Annotated[Decimal, Field(description="all interest that is unpaid on that day, in rupees")]
    first_unpaid_due_date: Annotated[date, Field(description="the due date of the first instalment that is not paid")]
    instalments_left: Annotated[int, Field(description="how many instalments are still demanded")]


class StatementLine(TypedDict):
    """A line of a statement: `debit` adds to what is owed, `credit` takes from it."""

    value_date: ValueDate
    kind: Annotated[Kind | Computed, Field(description="what happened, or what was computed")]
    transaction: Annotated[int | None, Field(description="the number of the transaction; null for what was computed")]
    reference: Annotated[str | None, Field(description="what the outside world knows it by; null if nothing")]
    channel: Annotated[str | None, Field(description="how the money came or went; null if that was not said")]
    debit: Annotated[Decimal, Field(description="in rupees, 0 or above", ge=0)]
    credit: Annotated[Decimal, Field(description="in rupees, 0 or above", ge=0)]
    balance: Annotated[
        Decimal, Field(description="what is owed after it less the credit, in rupees; below 0 the lender owes it")
    ]
    split: Split
    reversed_by: Annotated[int | None, Field(description="the number of its reversal; null if it was not reversed")]


class StatementOfAccount(_Between):
    """Opening balance, every transaction, interest and charges, closing balance: it adds up."""

    loan_id: LoanId
    customer_id: CustomerId
    opening_balance: Annotated[Decimal, Field(description="what was owed at the beginning of its first day, in rupees")]
    lines: Annotated[list[StatementLine], Field(description="what happened, in order")]
    total_debit: Annotated[Decimal, Field(description="the sum of the debits, in rupees")]
    total_credit: Annotated[Decimal, Field(description="the sum of the credits, in rupees")]
    closing_balance: Annotated[Decimal, Field(description="what is owed at the end of its last day, in rupees")]


class BucketTotal(_Classed):
    """The open loans of a class."""

    days_past_due_from: Annotated[int, Field(description="the days past due from which the class begins", ge=0)]
    loans: Annotated[int, Field(description="how many loans", ge=0)]
    principal: Annotated[Decimal, Field(description="their principal outstanding, in rupees")]


class DelinquencyReport(TypedDict):
    """How many loans are how late."""

    as_of: Annotated[date, Field(description="the day")]
    classes: Annotated[list[BucketTotal], Field(description="all classes, from the best to the worst")]


class LateLoan(_Classed):
    """An open loan of a class, and whom to call about it."""

    loan_id: LoanId
    customer_id: CustomerId
    first_name: FirstName
    last_name: LastName
    phone_number: Phone
    days_past_due: DaysPastDue
    unpaid_from: Annotated[
        date | None, Field(description="the due date of the first instalment that is not paid; null if all are")
    ]
    overdue: Annotated[Decimal, Field(description="what was demanded before today and is not paid, in rupees")]
    charges: Charges
    principal: Principal
    outstanding: Annotated[Decimal, Field(description="all that is owed: principal, interest and charges, in rupees")]


class LateLoansPage(TypedDict):
    """The open loans of a class, those that are late the longest first."""

    as_of: Annotated[date, Field(description="today")]
    loans: Annotated[list[LateLoan], Field(description="the loans of this page")]
    next: Annotated[str | None, Field(description="where the next page begins; null on the last one")]
