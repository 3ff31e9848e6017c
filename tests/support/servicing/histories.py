"""Loans and their lives, as hypothesis draws them, and short ways to write them down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from chalicelib.rules.calendar import add_months
from chalicelib.rules.money import emi, from_paise
from chalicelib.rules.servicing.checks import record
from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.refusals import Refused
from chalicelib.rules.servicing.settlement import payoff
from chalicelib.rules.servicing.standing import standing
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Terms

# What people do on a day. Ordinary money comes up more often.
ACTS: tuple[tuple[Kind, Intent | None, Effect | None], ...] = (
    (Kind.RECEIPT, Intent.INSTALMENT, None),
    (Kind.RECEIPT, Intent.INSTALMENT, None),
    (Kind.RECEIPT, Intent.INSTALMENT, None),
    (Kind.RECEIPT, None, None),
    (Kind.RECEIPT, Intent.PREPAYMENT, Effect.SHORTER_TENURE),
    (Kind.RECEIPT, Intent.PREPAYMENT, Effect.LOWER_INSTALMENT),
    (Kind.RECEIPT, Intent.SETTLEMENT, None),
    (Kind.RECEIPT, Intent.PREPAYMENT, Effect.LOWER_INSTALMENT),
    (Kind.WAIVER, None, None),
    (Kind.WAIVER, Intent.CHARGES, None),
    (Kind.WAIVER, Intent.INTEREST, None),
    (Kind.WAIVER, Intent.PRINCIPAL, None),
    (Kind.REFUND, None, None),
    (Kind.WRITE_OFF, None, None),
    (Kind.REVERSAL, None, None),
)


@dataclass(frozen=True)
class Life:
    """A loan and what was recorded of it, in order of recording, up to `today`."""

    terms: Terms
    facts: tuple[Fact, ...]
    today: date

    @property
    def position(self) -> Position:
        return fold(self.terms, self.facts)


def loan(amount: str | int | Decimal, rate: str | int | Decimal, tenure: int, start: date, **charges: object) -> Terms:
    """The terms of a loan whose instalment is its EMI."""
    principal, percent = Decimal(amount), Decimal(rate)
    return replace(Terms(principal, percent, tenure, emi(principal, percent, tenure), start), **charges)  # type: ignore[arg-type]


def disbursed(terms: Terms) -> Fact:
    return Fact(1, Kind.DISBURSAL, terms.principal, terms.start_date)


def receipt(number: int, amount: str | int | Decimal, day: date, intent: Intent | None = None) -> Fact:
    return Fact(number, Kind.RECEIPT, Decimal(amount), day, intent)


def prepayment(number: int, amount: str | int | Decimal, day: date, effect: Effect) -> Fact:
    return Fact(number, Kind.RECEIPT, Decimal(amount), day, Intent.PREPAYMENT, effect)


def reversal(number: int, of: Fact, day: date) -> Fact:
    return Fact(number, Kind.REVERSAL, of.amount, day, reverses=of.number)


def paid(terms: Terms, *receipts: tuple[str | int | Decimal, date]) -> list[Fact]:
    """The disbursal and plain receipts."""
    return [disbursed(terms), *(receipt(number, *each) for number, each in enumerate(receipts, start=2))]


def renumbered(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The same facts, recorded in this order."""
    numbers = {fact.number: number for number, fact in enumerate(facts, start=1)}
    return tuple(
        fact._replace(number=numbers[fact.number], reverses=fact.reverses and numbers[fact.reverses]) for fact in facts
    )


rates = st.one_of(
    st.sampled_from([Decimal(0), Decimal(7), Decimal(12), Decimal("8.125"), Decimal("36")]),
    st.integers(0, 400_000).map(lambda tenths: Decimal(tenths) / 10_000),
)


SHORT = st.integers(1, 8)


@st.composite
def terms(draw: st.DrawFn, tenures: st.SearchStrategy[int] = SHORT, *, charged: bool = True) -> Terms:
    """A loan with or without charges; short, so that much can happen around its end."""
    made = loan(
        draw(st.integers(1_00, 500_000_00).map(from_paise)),
        draw(rates),
        draw(tenures),
        draw(st.dates(date(2023, 1, 1), date(2024, 3, 31))),
    )
    if not charged or not draw(st.booleans()):
        return made
    return replace(
        made,
        grace_days=draw(st.integers(0, 40)),
        penal_charge=draw(st.integers(0, 500_00).map(from_paise)),
        prepayment_charge=draw(st.sampled_from([Decimal(0), Decimal(2), Decimal("1.75")])),
    )


# How the amount of an act is chosen.
CHOICES = ("demanded", "instalment", "instalment", "some", "some", "paisa", "all")

# (days after the start, on a due date instead?, what, how the amount is chosen, a number to choose by)
Plan = tuple[int, bool, tuple[Kind, Intent | None, Effect | None], str, int]
_plans = st.lists(
    st.tuples(
        st.integers(0, 340),
        st.booleans(),
        st.sampled_from(ACTS),
        st.sampled_from(CHOICES),
        st.integers(1, 10**6),
    ),
    min_size=2,
    max_size=9,
)


@st.composite
def lives(draw: st.DrawFn, *, charged: bool = True) -> Life:
    """A loan with whatever its customer and its officers did that is not refused, recorded in any order of dates."""
    return lived(draw(terms(charged=charged)), draw(_plans))


def lived(made: Terms, plans: Sequence[Plan]) -> Life:
    """The loan with those of the plans that are not refused, in this order."""
    today = made.start_date + timedelta(days=360)
    facts = [disbursed(made)]
    for plan in plans:
        fact = _planned(made, facts, today, *plan)
        if fact is None:
            continue
        try:
            record(made, facts, fact, today)
        except Refused:
            continue
        facts.append(fact)
    return Life(made, tuple(facts), today)


def _planned(
    made: Terms,
    facts: list[Fact],
    today: date,
    days: int,
    on_due_date: bool,
    act: tuple[Kind, Intent | None, Effect | None],
    choice: str,
    chooser: int,
) -> Fact | None:
    kind, intent, effect = act
    number = len(facts) + 1
    if kind is Kind.REVERSAL:
        return reversal(number, facts[chooser % len(facts)], today)
    day = add_months(made.start_date, days // 31) if on_due_date else made.start_date + timedelta(days=days)
    before = fold(made, facts, day)
    owed = standing(made, before, day)
    amounts = {
        "demanded": owed.due,
        "instalment": made.instalment,
        "some": from_paise(chooser * int(made.principal * 100) // (3 * 10**6)),
        "paisa": Decimal("0.01"),
        "all": owed.outstanding,
    }
    amount = amounts[choice]
    if kind is Kind.WRITE_OFF:
        amount = owed.outstanding
    if kind is Kind.REFUND:
        amount = owed.credit
    if intent is Intent.SETTLEMENT and before.is_open:
        amount = payoff(made, before, day)
    return Fact(number, kind, amount, day, intent, effect) if amount > 0 else None
