"""Lives of loans as the rules make them: on time and late, for portfolios that are written inside the database."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.rules.calendar import add_months
from chalicelib.rules.money import emi
from chalicelib.rules.schedule import schedule
from chalicelib.rules.servicing.days import dues_by
from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.stored import terms_as_stored
from chalicelib.rules.servicing.values import Fact, Intent, Kind, Terms, terms_of
from chalicelib.storage.servicing import position_values

Json = dict[str, Any]

LIVES = 1_000


@dataclass(frozen=True)
class Lateness:
    """How many of a hundred loans owe so many instalments, and how many months old they are at least."""

    share: int
    unpaid: int
    months: int


# By the last due dates: on time, SMA-0, SMA-1, SMA-2 and NPA.
LATENESS = (Lateness(80, 0, 1), Lateness(10, 1, 2), Lateness(5, 2, 3), Lateness(3, 3, 4), Lateness(2, 5, 6))


def lives_on(today: date) -> list[Json]:
    """LIVES lives as they are today: of each the loan, its terms, its position, and its facts, by their columns."""
    return [_life(random.Random(number), today) for number in range(LIVES)]


def _life(chance: random.Random, today: date) -> Json:
    (late,) = chance.choices(LATENESS, [each.share for each in LATENESS])
    principal, rate = Decimal(chance.randrange(20, 500) * 1000), Decimal(chance.randrange(800, 2400)) / 100
    tenure = chance.choice((12, 24, 36, 48, 60))
    start = add_months(today, -late.months - chance.randrange(2)) - timedelta(days=chance.randrange(28))
    terms = terms_of(principal, rate, tenure, start, emi(principal, rate, tenure))
    facts = _facts(terms, dues_by(start, today) - late.unpaid)
    position = fold(terms, facts)
    loan = {
        "loan_amount": principal,
        "tenure": tenure,
        "interest_rate": rate,
        "monthly_installment": terms.instalment,
        "emis_paid_on_time": position.paid_on_time,
        "start_date": start,
        "end_date": position.end_date,
    }
    told = [{**fact._asdict(), "kind": fact.kind.value} for fact in facts]
    return {"loan": loan, "terms": terms_as_stored(terms), "position": position_values(position), "facts": told}


def _facts(terms: Terms, paid: int) -> list[Fact]:
    """The disbursal, and the first instalments, each on its due date."""
    rows = schedule(terms.principal, terms.annual_rate, terms.tenure, terms.start_date).rows[:paid]
    receipts = [
        Fact(number, Kind.RECEIPT, row.instalment, row.due_date, Intent.INSTALMENT)
        for number, row in enumerate(rows, start=2)
    ]
    return [Fact(1, Kind.DISBURSAL, terms.principal, terms.start_date), *receipts]
