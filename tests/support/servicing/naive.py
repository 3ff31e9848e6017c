"""The rules of servicing once more, day by day and in fractions, without any cleverness: what the fold must agree with.

It is written from docs/servicing.md and shares nothing with the fold but the values, the EMI and the calendar.
"""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

from chalicelib.rules.calendar import add_months
from chalicelib.rules.money import emi
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Terms

ONE_DAY = timedelta(days=1)
ORDER = ["start", "waiver of one part", "waiver", "instalment", "shorter", "lower", "settlement", "refund", "write-off"]


def paise(amount: Decimal) -> int:
    return int(amount * 100)


def rounded(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def order_in_a_day(fact: Fact) -> int:
    if fact.kind in (Kind.DISBURSAL, Kind.OPENING):
        return ORDER.index("start")
    if fact.kind is Kind.WAIVER:
        return ORDER.index("waiver of one part" if fact.intent else "waiver")
    if fact.kind is Kind.REFUND:
        return ORDER.index("refund")
    if fact.kind is Kind.WRITE_OFF:
        return ORDER.index("write-off")
    if fact.intent is Intent.PREPAYMENT:
        return ORDER.index("shorter" if fact.effect is Effect.SHORTER_TENURE else "lower")
    return ORDER.index("settlement" if fact.intent is Intent.SETTLEMENT else "instalment")


class NaiveLoan:
    """One loan, lived through a day at a time from its disbursal to `until`."""

    def __init__(self, terms: Terms, facts: tuple[Fact, ...], until: date) -> None:
        self.terms = terms
        self.due = {k: add_months(terms.start_date, k) for k in range(terms.tenure + 60)}
        self.demand = {k: paise(terms.instalment) for k in range(1, terms.tenure + 1)}
        self.principal = self.charges = self.credit = self.interest_taken = self.counted = 0
        self.paid_principal = self.waived_principal = self.written_off_principal = self.disbursed = 0
        self.exact_interest: dict[int, Fraction] = {}
        self.covered: dict[int, date] = {}
        self.on_time: set[int] = set()
        self.npa = self.late_this_morning = False
        self.closed_on: date | None = None
        self.written_off_on: date | None = None
        self.new_instalments_from: int | None = None
        self.prepaid_today = 0
        reversed_numbers = {fact.reverses for fact in facts if fact.kind is Kind.REVERSAL}
        standing = [f for f in facts if f.kind is not Kind.REVERSAL and f.number not in reversed_numbers]
        self.today = terms.start_date
        while self.today <= until:
            of_today = sorted(
                (f for f in standing if f.value_date == self.today), key=lambda f: (order_in_a_day(f), f.number)
            )
            self.live(of_today)
            self.today += ONE_DAY
        self.today = until

    def live(self, facts: list[Fact]) -> None:
        if self.today > self.terms.start_date:
            self.night()
        first = self.first_uncovered()
        self.late_this_morning = first is not None and self.due[first] < self.today
        self.prepaid_today, self.new_instalments_from = 0, None
        for fact in facts:
            getattr(self, fact.kind.value)(fact, paise(fact.amount))
            self.look()

    def night(self) -> None:
        """The day that ended at midnight bears interest; what it leaves uncovered is late."""
        yesterday = self.today - ONE_DAY
        period = next(k for k in self.due if self.due[k] > yesterday)
        days = (self.due[period] - self.due[period - 1]).days
        of_a_day = self.principal * Fraction(self.terms.annual_rate) / 1200 / days
        self.exact_interest[period] = self.exact_interest.get(period, Fraction(0)) + of_a_day
        first = self.first_uncovered()
        if first is None:
            return
        for k in self.demand:
            if self.due[k] + timedelta(days=self.terms.grace_days) == yesterday and k not in self.covered:
                self.charges += paise(self.terms.penal_charge)
        if (self.today - self.due[first]).days >= 91:
            self.npa = True

    # --- what is owed

    def interest(self) -> int:
        return sum(map(rounded, self.exact_interest.values())) - self.interest_taken

    def paid_up(self) -> bool:
        return self.principal == 0 and self.interest() == 0

    def first_uncovered(self) -> int | None:
        if self.written_off_on or self.paid_up():
            return None
        return next((k for k in self.demand if k not in self.covered), None)

    def asked(self, until: date) -> int:
        """What of the demands up to and including a day is not covered."""
        asked = [k for k in self.demand if self.due[k] <= until]
        left = self.principal + self.interest()
        if not asked or all(k in self.covered for k in asked):
            return 0
        if asked[-1] == self.terms.tenure:
            return left
        return min(left, sum(self.demand[k] for k in asked) - self.counted)

    def look(self) -> None:
        """Which instalments are covered by now, whether all arrears are paid, whether the loan is over."""
        if self.written_off_on:
            return
        paid_up = self.paid_up()
        total = 0
        for k in self.demand:
            total += self.demand[k]
            if k in self.covered:
                continue
            # Nothing asks for more than is left, so the last of the money covers what it goes to.
            missing = total - self.demand[k] if paid_up else total - 1
            by_money = self.counted > missing and (k < self.terms.tenure or paid_up)
            if by_money or paid_up:
                self.covered[k] = self.today
                never_demanded = not by_money and self.due[k] > self.today
                if self.due[k] >= self.today and not (never_demanded and self.late_this_morning):
                    self.on_time.add(k)
        first = self.first_uncovered()
        if first is None or self.due[first] >= self.today:
            self.npa = False
        if paid_up and self.charges == 0 and self.closed_on is None:
            self.closed_on = self.today

    # --- facts

    def disbursal(self, _fact: Fact, amount: int) -> None:
        self.principal = self.disbursed = amount

    def receipt(self, fact: Fact, amount: int) -> None:
        early = None
        if fact.intent is Intent.PREPAYMENT:
            early = self.asked(self.today - ONE_DAY)
        if fact.intent is Intent.SETTLEMENT:
            early = self.asked(self.today)
        interest = min(amount, self.interest())
        principal = min(amount - interest, self.principal)
        counted = interest + principal if early is None else min(early, interest + principal)
        if early is not None:
            self.charge_prepaid(principal - max(0, counted - interest))
        charges = min(amount - interest - principal, self.charges)
        self.interest_taken += interest
        self.principal -= principal
        self.paid_principal += principal
        self.charges -= charges
        self.credit += amount - interest - principal - charges
        self.counted += counted
        if fact.effect is Effect.LOWER_INSTALMENT and self.principal:
            self.lower()

    def charge_prepaid(self, principal: int) -> None:
        percent = Fraction(self.terms.prepayment_charge) / 100
        before = rounded(self.prepaid_today * percent)
        self.prepaid_today += principal
        self.charges += rounded(self.prepaid_today * percent) - before

    def lower(self) -> None:
        if self.new_instalments_from is None:
            total, covered = 0, 0
            for k in self.demand:
                total += self.demand[k]
                if k < self.terms.tenure and (k in self.covered or self.counted >= total):
                    covered = k
            demanded = max((k for k in self.demand if self.due[k] <= self.today), default=0)
            self.new_instalments_from = max(covered, demanded) + 1
        months = self.terms.tenure - self.new_instalments_from + 1
        if months < 1:
            return
        lower = paise(emi(Decimal(self.principal) / 100, self.terms.annual_rate, months))
        for k in range(self.new_instalments_from, self.terms.tenure + 1):
            self.demand[k] = min(lower, self.demand[k])

    def waiver(self, fact: Fact, amount: int) -> None:
        asked = self.asked(self.today)
        taken = {}
        owed = {"charges": self.charges, "interest": self.interest(), "principal": self.principal}
        for part, most in owed.items():
            taken[part] = min(amount, most) if fact.intent in (None, part) else 0
            amount -= taken[part]
        self.charges -= taken["charges"]
        self.interest_taken += taken["interest"]
        self.principal -= taken["principal"]
        self.waived_principal += taken["principal"]
        self.counted += min(asked, taken["interest"] + taken["principal"])

    def refund(self, _fact: Fact, amount: int) -> None:
        self.credit -= amount

    def write_off(self, _fact: Fact, _amount: int) -> None:
        self.written_off_principal = self.principal
        self.interest_taken += self.interest()
        self.principal = self.charges = 0
        self.npa = False
        self.written_off_on = self.today
