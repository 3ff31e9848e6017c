"""The terms of a loan and the facts of its life. Rupees with two decimals, rates in percent a year, tenures in months.

Both are kept as they were said, for ever; everything else is computed from them.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from chalicelib.rules.effective_rate import InstalmentsDoNotRepay, effective_interest_rate
from chalicelib.rules.money import PAISE_A_RUPEE, ZERO, emi


class TermsError(ValueError):
    """The numbers of the terms make no sense; the sentence says which."""


class Kind(StrEnum):
    """What happened. An `opening` stands for the unknown past of a loan that was made elsewhere."""

    DISBURSAL = "disbursal"
    RECEIPT = "receipt"
    REFUND = "refund"
    WAIVER = "waiver"
    WRITE_OFF = "write_off"
    OPENING = "opening"
    REVERSAL = "reversal"


class Intent(StrEnum):
    """What the money of a receipt is for (the first three), or what a waiver waives (the others)."""

    INSTALMENT = "instalment"
    PREPAYMENT = "prepayment"
    SETTLEMENT = "settlement"
    CHARGES = "charges"
    INTEREST = "interest"
    PRINCIPAL = "principal"


class Effect(StrEnum):
    """What a prepayment changes: how many instalments are still demanded, or how large they are."""

    SHORTER_TENURE = "shorter_tenure"
    LOWER_INSTALMENT = "lower_instalment"


# A receipt without an intent is for instalments; a waiver without one is of charges, then interest, then principal.
INTENTS = {
    Kind.RECEIPT: (Intent.INSTALMENT, Intent.PREPAYMENT, Intent.SETTLEMENT),
    Kind.WAIVER: (Intent.CHARGES, Intent.INTEREST, Intent.PRINCIPAL),
}


class Opening(NamedTuple):
    """What was owed, besides the principal, when the servicing of a loan that was made elsewhere began.

    `interest_due` is all interest that is unpaid on the day of the opening, in rupees. `first_unpaid_due_date` is a due
    date of the loan; it and `instalments_left` say what is still demanded. `emis_paid_on_time` is what was said
    elsewhere; it is counted on from, as far as it leaves room for the instalments that are left.
    """

    interest_due: Decimal
    first_unpaid_due_date: date
    instalments_left: int
    emis_paid_on_time: int = 0


class Fact(NamedTuple):
    """One thing that happened to a loan: `amount` rupees on `value_date`.

    `number` is its place in the order of recording, from 1. An `opening`'s amount is the principal outstanding. A
    `reversal` undoes the fact that it `reverses`, from that fact's value date on.
    """

    number: int
    kind: Kind
    amount: Decimal
    value_date: date
    intent: Intent | None = None
    effect: Effect | None = None
    reverses: int | None = None
    opening: Opening | None = None


@dataclass(frozen=True)
class Terms:
    """What lender and customer agreed on. Raises TermsError if the numbers make no sense.

    `annual_rate` is the rate that interest runs at, `instalment` what is demanded each month but the last, in rupees.
    `penal_charge` rupees are due for each instalment that is not covered `grace_days` days after its due date;
    `prepayment_charge` is in percent of the principal that is prepaid; `fees` rupees were kept at the disbursal, and
    count for the APR alone.
    """

    principal: Decimal
    annual_rate: Decimal
    tenure: int
    instalment: Decimal
    start_date: date
    grace_days: int = 0
    penal_charge: Decimal = ZERO
    prepayment_charge: Decimal = Decimal(0)
    fees: Decimal = ZERO

    def __post_init__(self) -> None:
        for name in ("principal", "instalment", "penal_charge", "fees"):
            amount = getattr(self, name)
            if not is_whole_paise(amount) or amount < 0:
                raise TermsError(f"{name} must be rupees with at most 2 decimals, not {getattr(self, name)!r}.")
        for name in ("annual_rate", "prepayment_charge"):
            if not _is_number(getattr(self, name)) or getattr(self, name) < 0:
                raise TermsError(f"{name} must be a percentage of at least 0, not {getattr(self, name)!r}.")
        if self.principal == 0 or self.tenure < 1 or self.grace_days < 0:
            raise TermsError(
                "A loan has a principal above 0, a tenure of at least 1 month and no negative number of grace days; "
                f"got {self.principal}, {self.tenure}, {self.grace_days}."
            )


def terms_of(
    loan_amount: Decimal, interest_rate: Decimal, tenure: int, start_date: date, monthly_installment: Decimal
) -> Terms:
    """The terms of a loan as `loans` has it, without charges. Raises TermsError, and ValueError as emi() does.

    Interest runs at the rate that the published schedule runs at: the stated one if the instalment is its EMI,
    otherwise the one at which the instalments repay the loan. If they repay it at none, interest runs at the stated
    rate, and the last instalment asks for what is left.
    """
    rate = interest_rate
    if monthly_installment != emi(loan_amount, interest_rate, tenure):
        try:
            rate = effective_interest_rate(loan_amount, monthly_installment, tenure)
        except InstalmentsDoNotRepay:
            rate = interest_rate
    return Terms(loan_amount, rate, tenure, monthly_installment, start_date)


def is_whole_paise(amount: object) -> bool:
    """Whether this is an amount in rupees without a fraction of a paisa."""
    return _is_number(amount) and PAISE_A_RUPEE % amount.as_integer_ratio()[1] == 0  # type: ignore[attr-defined]


def _is_number(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite()
