"""The receipts of the sample portfolio: a year in the life of some of its loans, with arrears, prepayments, reversals.

What is paid follows the day up to which the books go, UNTIL. Later than that the book ages as a real one would that
nobody keeps: `python -m data.make_portfolio 2027-03-31` draws it up anew as of another day.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from chalicelib.rules.calendar import MONTHS_A_YEAR, add_months
from chalicelib.rules.servicing.days import due_date, dues_by
from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.opening import propose_opening
from chalicelib.rules.servicing.settlement import payoff
from chalicelib.rules.servicing.values import Fact, Intent, Kind, Terms, terms_of
from data.portfolio_rows import Loan

SEED = 20261125
UNTIL = date(2026, 11, 25)

CHANNELS = ("NACH", "NACH", "NACH", "UPI", "NEFT", "Cash")
# So often of a hundred: who pays on the due date, some days late, or has stopped; who prepays, whose money bounces, and
# who settles.
MANNERS = {"punctual": 56, "late": 14, "stopped": 12, "prepays": 7, "bounces": 7, "settles": 4}


class OpeningRow(NamedTuple):
    """A row of openings; money in rupees."""

    loan_id: int
    customer_id: int
    opening_date: date
    principal_outstanding: float
    interest_due: float
    first_unpaid_due_date: date
    instalments_left: int


class ReceiptRow(NamedTuple):
    """A row of receipts; money in rupees."""

    reference: str
    loan_id: int
    customer_id: int
    payment_date: date
    amount: float
    intent: str | None = None
    effect: str | None = None
    channel: str | None = None
    reverses_reference: str | None = None


def make_receipts(loans: Sequence[Loan], until: date = UNTIL) -> tuple[list[OpeningRow], list[ReceiptRow]]:
    """Openings of a year before, and what was paid since, by date; the same every time."""
    begins = add_months(until, -MONTHS_A_YEAR)
    openings, receipts = [], []
    for loan, terms, opening in _serviced(loans, begins, until):
        # By the number of the loan, so that one loan more changes nothing of the others.
        random = Random(SEED + loan.loan_id)
        stands = opening.opening
        assert stands is not None
        openings.append(
            OpeningRow(
                loan.loan_id,
                loan.customer_id,
                begins,
                float(opening.amount),
                float(stands.interest_due),
                stands.first_unpaid_due_date,
                stands.instalments_left,
            )
        )
        receipts += _paid(random, loan, terms, opening, until)
    return openings, sorted(receipts, key=lambda row: (row.payment_date, row.reference))


def _serviced(loans: Sequence[Loan], begins: date, until: date) -> Iterator[tuple[Loan, Terms, Fact]]:
    """The loans that run all the year, with their openings: as if all that had fallen due had been paid.

    None whose number another loan claims, because that may get another; and none of which the file counts more
    instalments than had fallen due, because receipts are counted on from there.
    """
    claims = Counter(loan.loan_id for loan in loans)
    for loan in sorted(loans, key=lambda loan: loan.loan_id):
        paid = dues_by(loan.approved_on, begins)
        if claims[loan.loan_id] > 1 or loan.approved_on > begins or loan.emis_paid_on_time > paid:
            continue
        if loan.ends_on <= add_months(until, 2):
            continue
        amount, rate = Decimal(loan.loan_amount), Decimal(repr(loan.interest_rate))
        terms = terms_of(amount, rate, loan.tenure, loan.approved_on, Decimal(loan.monthly_payment))
        opening = propose_opening(terms, begins, paid, loan.emis_paid_on_time)
        position = fold(terms, [opening]) if opening.amount > 0 else None
        # What is left must outlast the year, and its instalments repay it.
        if position and position.repayments_left > MONTHS_A_YEAR + 2:
            yield loan, terms, opening


def _paid(random: Random, loan: Loan, terms: Terms, opening: Fact, until: date) -> list[ReceiptRow]:
    manner = random.choices(list(MANNERS), list(MANNERS.values()))[0]
    first = dues_by(loan.approved_on, opening.value_date) + 1
    dues = [due_date(loan.approved_on, number) for number in range(first, dues_by(loan.approved_on, until) + 1)]
    stops = random.randint(1, 5) if manner == "stopped" else 0
    kept = dues[: len(dues) - stops]
    odd = random.randrange(2, len(kept) - 2)
    channel = random.choice(CHANNELS)
    rows: list[ReceiptRow] = []

    def add(day: date, amount: Decimal, intent: str | None = None, effect: str | None = None) -> ReceiptRow:
        reference = f"{channel.upper()}-{loan.loan_id}-{len(rows) + 1:02}"
        row = ReceiptRow(
            reference, loan.loan_id, loan.customer_id, min(day, until), float(amount), intent, effect, channel
        )
        rows.append(row)
        return row

    for number, due in enumerate(kept):
        if manner == "settles" and number == odd:
            day = due - timedelta(days=random.randint(1, 9))
            add(day, _quote(terms, opening, rows, day), "settlement")
            break
        paid = add(due + timedelta(days=random.randint(0, 24) if manner == "late" else 0), terms.instalment)
        if manner == "bounces" and number in (odd, odd + 2):
            back = min(paid.payment_date + timedelta(days=2), until)
            undone = add(back, terms.instalment)
            rows[-1] = undone._replace(reverses_reference=paid.reference, channel=None)
            add(back + timedelta(days=random.randint(1, 12)), terms.instalment)
        if manner == "prepays" and number == odd:
            effect = random.choice(("shorter_tenure", "lower_instalment"))
            add(paid.payment_date, 2 * terms.instalment, "prepayment", effect)
    return rows


def _quote(terms: Terms, opening: Fact, rows: Sequence[ReceiptRow], day: date) -> Decimal:
    """What pays the loan off on a day, after receipts for instalments."""
    facts = [
        Fact(number, Kind.RECEIPT, Decimal(repr(row.amount)), row.payment_date, Intent.INSTALMENT)
        for number, row in enumerate(rows, start=2)
    ]
    return payoff(terms, fold(terms, [opening, *facts]), day)
