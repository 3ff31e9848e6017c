"""What servicing costs without a database: a replay of a long loan, one more receipt, and what people ask of a loan."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal

from bench.measuring import Result
from bench.service import Times
from chalicelib.rules.money import emi
from chalicelib.rules.schedule import schedule
from chalicelib.rules.servicing.account import account
from chalicelib.rules.servicing.checks import record_next
from chalicelib.rules.servicing.days import due_date
from chalicelib.rules.servicing.fold import fold, step
from chalicelib.rules.servicing.settlement import settlement
from chalicelib.rules.servicing.standing import standing
from chalicelib.rules.servicing.statement import statement
from chalicelib.rules.servicing.stored import position_as_stored, position_from_stored
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Terms

TENURE = 360
RECEIPTS = 400
ROUNDS = 50


def run() -> Result:
    """A loan over 360 months: half of its life on time, then late, in parts and early."""
    terms = _terms()
    facts = _facts(terms)
    day = facts[-1].value_date
    position = fold(terms, facts)
    on_time, next_one = facts[:181], facts[181]
    halfway = fold(terms, on_time)
    shortened = fold(terms, [*on_time, _prepaid(terms)])
    stored = json.dumps(position_as_stored(position))
    doings: dict[str, Callable[[], object]] = {
        f"replay of {len(facts)} facts": lambda: fold(terms, facts),
        "one receipt on time, a step": lambda: step(terms, halfway, next_one),
        "one receipt on time, checked": lambda: record_next(terms, halfway, next_one, day),
        "the same, tenure shortened": lambda: step(terms, shortened, next_one),
        "a late receipt, tenure shortened": lambda: step(terms, shortened, _late(next_one)),
        "a position from JSON and back": lambda: position_as_stored(position_from_stored(json.loads(stored))),
        "what is owed on a day": lambda: standing(terms, halfway, next_one.value_date),
        "a settlement's quote": lambda: settlement(terms, halfway, next_one.value_date),
        "the account": lambda: account(terms, facts, day),
        "the statement of all years": lambda: statement(terms, facts, terms.start_date, day),
    }
    times = {what: _times(do) for what, do in doings.items()}
    rows = [[what, f"{one.p50 * 1000:.0f}", f"{one.p99 * 1000:.0f}"] for what, one in times.items()]
    remarks = (
        f"A loan over {TENURE} months with {len(facts)} facts; {ROUNDS} times each. A replay is to take under 10 ms, "
        "and one more receipt on time under 0.2 ms."
    )
    figures = {what: asdict(one) for what, one in times.items()}
    return Result("servicing", "Servicing", ["what", "p50 µs", "p99 µs"], rows, figures, remarks)


def _terms() -> Terms:
    principal, rate = Decimal(2_500_000), Decimal("9.35")
    return Terms(
        principal,
        rate,
        TENURE,
        emi(principal, rate, TENURE),
        date(1996, 1, 31),
        grace_days=5,
        penal_charge=Decimal(250),
        prepayment_charge=Decimal(2),
    )


def _facts(terms: Terms) -> list[Fact]:
    """The disbursal, 200 instalments on time, then each month two halves, some late and some early."""
    rows = schedule(terms.principal, terms.annual_rate, TENURE, terms.start_date).rows
    facts = [Fact(1, Kind.DISBURSAL, terms.principal, terms.start_date)]
    facts += [_receipt(number, row.instalment, row.due_date) for number, row in enumerate(rows[:200], start=2)]
    half = (terms.instalment / 2).quantize(Decimal("0.01"))
    month = 200
    while len(facts) < RECEIPTS:
        month += 1
        due = due_date(terms.start_date, month)
        facts.append(_receipt(len(facts) + 1, half, due - timedelta(days=month % 9)))
        facts.append(_receipt(len(facts) + 1, half, due + timedelta(days=month % 7)))
    return facts


def _receipt(number: int, amount: Decimal, day: date) -> Fact:
    return Fact(number, Kind.RECEIPT, amount, day, Intent.INSTALMENT)


def _prepaid(terms: Terms) -> Fact:
    day = due_date(terms.start_date, 180)
    return Fact(500, Kind.RECEIPT, Decimal(100_000), day, Intent.PREPAYMENT, Effect.SHORTER_TENURE)


def _late(fact: Fact) -> Fact:
    return fact._replace(value_date=fact.value_date + timedelta(days=3))


def _times(do: Callable[[], object]) -> Times:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        do()
        taken.append(time.perf_counter() - began)
    return Times.of(taken)


if __name__ == "__main__":
    print(run().markdown())
