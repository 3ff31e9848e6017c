"""The amortization schedule of a loan: what each instalment pays of interest and principal, and when it is due."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from chalicelib.rules.calendar import add_months
from chalicelib.rules.effective_rate import effective_interest_rate
from chalicelib.rules.money import PAISE_A_RUPEE, PERCENT_MONTHS, emi, from_paise, half_up, whole_paise


class Instalment(NamedTuple):
    """One instalment, in rupees: `interest` + `principal` = `instalment`, and the balance falls by `principal`."""

    number: int
    due_date: date
    opening_balance: Decimal
    interest: Decimal
    principal: Decimal
    instalment: Decimal
    closing_balance: Decimal


class Schedule(NamedTuple):
    """The instalments of a loan and their totals. Money in rupees, rates in percent a year.

    `monthly_installment` is the stated one, which every instalment is except the last. `effective_interest_rate` is
    the rate the schedule runs at: the stated one where the stated instalment is its EMI, otherwise the one that makes
    the stated instalment repay the loan in its tenure.
    """

    loan_amount: Decimal
    tenure: int
    interest_rate: Decimal
    effective_interest_rate: Decimal
    monthly_installment: Decimal
    rows: tuple[Instalment, ...]
    total_interest: Decimal
    total_principal: Decimal
    total_paid: Decimal

    @property
    def runs_at_stated_rate(self) -> bool:
        """Whether the stated instalment is the EMI of the stated rate."""
        return self.effective_interest_rate == self.interest_rate


def schedule(
    loan_amount: Decimal, interest_rate: Decimal, tenure: int, start: date, monthly_installment: Decimal | None = None
) -> Schedule:
    """The schedule of a loan of `loan_amount` rupees over `tenure` months, approved on `start`.

    Without a stated `monthly_installment` it is the EMI. Instalment k is due k calendar months after `start`, on the
    last day of the month where that has no such day. The last one pays what is left. Where instalments that were
    rounded up have repaid everything sooner, the schedule ends there, with fewer rows than months.

    Raises InstalmentsDoNotRepay where the stated instalments are together less than the loan, and ValueError where
    emi() does or an amount has a fraction of a paisa.
    """
    instalment_of_rate = emi(loan_amount, interest_rate, tenure)
    instalment = instalment_of_rate if monthly_installment is None else monthly_installment
    _check_whole_paise(loan_amount, instalment)
    rate = (
        interest_rate if instalment == instalment_of_rate else effective_interest_rate(loan_amount, instalment, tenure)
    )
    rows = tuple(_rows(whole_paise(loan_amount), rate, tenure, whole_paise(instalment), start))
    return Schedule(
        loan_amount=loan_amount,
        tenure=tenure,
        interest_rate=interest_rate,
        effective_interest_rate=rate,
        monthly_installment=instalment,
        rows=rows,
        total_interest=_total(row.interest for row in rows),
        total_principal=_total(row.principal for row in rows),
        total_paid=_total(row.instalment for row in rows),
    )


def _rows(balance: int, annual_rate: Decimal, tenure: int, instalment: int, start: date) -> Iterator[Instalment]:
    """In paise. Interest is the opening balance x rate / 12, rounded half-up once and from the exact fraction.

    The interest never exceeds the instalment: it does not in the first month, as the instalment is the rounded EMI or
    not below the exact one, and so the balance only falls.
    """
    percent, parts = annual_rate.as_integer_ratio()
    for number in range(1, tenure + 1):
        interest = half_up(balance * percent, PERCENT_MONTHS * parts)
        repaid = balance if number == tenure else min(balance, instalment - interest)
        amounts = (balance, interest, repaid, repaid + interest, balance - repaid)
        yield Instalment(number, add_months(start, number), *map(from_paise, amounts))
        balance -= repaid
        if balance == 0:
            return


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return from_paise(sum(map(whole_paise, amounts)))


def _check_whole_paise(*amounts: Decimal) -> None:
    for amount in amounts:
        if PAISE_A_RUPEE % amount.as_integer_ratio()[1]:
            raise ValueError(f"An amount must be in whole paise, with at most 2 decimals; got {amount}.")
