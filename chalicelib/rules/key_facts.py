"""The figures of a Key Facts Statement: what a loan costs with all its fees, before anyone signs.

RBI's circular "Key Facts Statement (KFS) for Loans & Advances" of 15 April 2024: Annex A says what is in it, Annex B is
the computation sheet of the APR, Annex C the schedule. Money in rupees, rates in percent a year, tenures in months.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from chalicelib.rules.apr import annual_percentage_rate
from chalicelib.rules.money import CONTEXT, ZERO
from chalicelib.rules.schedule import Schedule, schedule
from chalicelib.rules.servicing.buckets import BUCKETS
from chalicelib.rules.servicing.values import Terms
from chalicelib.rules.wording import Sentence

# What computes a statement. Stored with each, so that one can be derived again after the computation has changed.
RULE = "rbi-kfs-2024-04-15/1"
LOAN_TYPE = "Term loan"


class FeesTakeAll(ValueError):
    """The fees that are kept at the disbursal leave nothing of the loan."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class PayableTo(StrEnum):
    """Who gets a fee. A third party is paid through the lender, an insurer for example."""

    LENDER = "lender"
    THIRD_PARTY = "third_party"


class Charged(StrEnum):
    """When a fee is due: kept back at the disbursal, or with every instalment."""

    ONCE = "once"
    MONTHLY = "monthly"


class Fee(NamedTuple):
    """A fee under the name that the customer reads, in rupees each time."""

    name: str
    amount: Decimal
    payable_to: PayableTo
    charged: Charged


@dataclass(frozen=True)
class Proposal:
    """What a statement is about. `terms.fees` is not looked at: `fees` has them one by one."""

    terms: Terms
    fees: tuple[Fee, ...] = ()
    loan_type: str = LOAN_TYPE


class ClassDate(NamedTuple):
    """The day at whose end a class is reached if no instalment is ever paid."""

    code: str
    day: date


@dataclass(frozen=True)
class KeyFacts:
    """The figures. `once` and `monthly` are the fees of each kind added up; `received` is what the customer gets.

    `total_paid` is principal and interest, as in Annex B; `total_cost` is interest and all fees of the whole tenure.
    """

    plan: Schedule
    once: Decimal
    monthly: Decimal
    received: Decimal
    apr: Decimal
    total_paid: Decimal
    total_fees: Decimal
    total_cost: Decimal
    classes: tuple[ClassDate, ...]


def key_facts(proposal: Proposal) -> KeyFacts:
    """The figures of a statement. Raises FeesTakeAll, and InstalmentsDoNotRepay as schedule() does.

    The APR counts the very instalments of the schedule, to the paisa: with RBI's example (20,000 at 15% over 24 months,
    400 of fees) they are 969.73 and give 17.07; instalments rounded to 970 would give 17.10.
    """
    terms = proposal.terms
    plan = schedule(terms.principal, terms.annual_rate, terms.tenure, terms.start_date, terms.instalment)
    once, monthly = total(proposal.fees, Charged.ONCE), total(proposal.fees, Charged.MONTHLY)
    received = CONTEXT.subtract(terms.principal, once)
    if received <= 0:
        words = (
            "The fees charged once come to {once:money}, which leaves nothing of a loan of {loan:money}; "
            "together they must be less than the loan amount."
        )
        raise FeesTakeAll(Sentence(words, once=once, loan=terms.principal))
    payments = [CONTEXT.add(row.instalment, monthly) for row in plan.rows]
    fees = CONTEXT.fma(monthly, Decimal(len(plan.rows)), once)
    return KeyFacts(
        plan=plan,
        once=once,
        monthly=monthly,
        received=received,
        apr=annual_percentage_rate(received, payments),
        total_paid=plan.total_paid,
        total_fees=fees,
        total_cost=CONTEXT.add(plan.total_interest, fees),
        classes=class_dates(plan.rows[0].due_date),
    )


def total(fees: Sequence[Fee], charged: Charged, payable_to: PayableTo | None = None) -> Decimal:
    """The fees of one kind added up; only those payable to one, if it is given."""
    wanted = (fee.amount for fee in fees if fee.charged is charged and payable_to in (None, fee.payable_to))
    return sum(wanted, ZERO)


def class_dates(due: date) -> tuple[ClassDate, ...]:
    """When each class would be reached if the instalment due on `due`, and all after it, stayed unpaid.

    Days past due count the day-ends missed, the due date's included: due 31 March, SMA-0 at the end of 31 March, SMA-1
    of 30 April, SMA-2 of 30 May, NPA of 29 June (RBI's circular of 12 November 2021).
    """
    return tuple(
        ClassDate(bucket.code, due + timedelta(days=bucket.days_past_due - 1))
        for bucket in BUCKETS
        if bucket.days_past_due
    )
