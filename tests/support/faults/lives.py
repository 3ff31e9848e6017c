"""The part of the history checker that looks at the lives of loans: whether what is stored of them is what the
recorded transactions make, and whether these are the ones that were answered, in an order that was possible.

The number of a transaction tells the order, because each is written under the lock of its loan.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.rules.auditing import Action
from chalicelib.rules.servicing.fold import fold
from chalicelib.rules.servicing.position import Position
from chalicelib.rules.servicing.stored import position_as_stored, terms_from_stored
from chalicelib.rules.servicing.values import Effect, Fact, Intent, Kind, Terms
from chalicelib.storage.servicing import position_values
from tests.support.faults.evidence import Final, Mark, Row, code_of, name_of, told
from tests.support.faults.load import Exchange
from tests.support.faults.serial_order import Sums, facts_in, sums_of

Groups = Mapping[Mark, Sequence[Exchange]]


def wrong_lives(history: Sequence[Exchange], groups: Groups, final: Final) -> Iterator[str]:
    """What is wrong with what was recorded of loans, as sentences."""
    yield from _half_lives(final)
    yield from _wrong_positions(final)
    yield from _wrong_log(final)
    yield from _against_time(groups, final)
    yield from _lost_to_readers(history, groups, final)
    for each in history:
        if code_of(each) == "reference_conflict":
            yield f"{name_of(each)} was told that its reference is another's."


def _half_lives(final: Final) -> Iterator[str]:
    """Terms, transactions and position are there together; the transactions are numbered without a hole."""
    terms, positions = {row["loan_id"] for row in final.terms}, {row["loan_id"] for row in final.positions}
    made = {row["loan_id"] for row in final.applications if row["approved"]}
    begun = made | {row["loan_id"] for row in final.loans if row["customer_id"] in final.payers}
    for loan_id in begun | terms | positions | final.transactions_of.keys():
        if not (loan_id in terms and loan_id in positions and loan_id in final.transactions_of and loan_id in begun):
            yield f"The life of loan {loan_id} is half there."
    for loan_id, rows in final.transactions_of.items():
        if [row["number"] for row in rows] != list(range(1, len(rows) + 1)) or rows[0]["kind"] != Kind.DISBURSAL:
            yield f"The transactions of loan {loan_id} are {[(row['number'], row['kind']) for row in rows]}."


def _wrong_positions(final: Final) -> Iterator[str]:
    """What is stored is what a replay of all facts makes, and the loan says so."""
    terms = terms_of(final)
    for row in final.positions:
        rows = final.transactions_of.get(row["loan_id"], [])
        if row["loan_id"] not in terms or not rows:
            continue
        position = fold(terms[row["loan_id"]], [_fact(each) for each in rows])
        expected = {**position_values(position), "last_number": rows[-1]["number"]}
        expected["position"] = position_as_stored(position)
        stored = {name: row[name] for name in expected}
        if stored != expected:
            different = [name for name in expected if stored[name] != expected[name]]
            yield f"The position of loan {row['loan_id']} is not the replay of its facts: {different}."
        loan = final.loan.get(row["loan_id"], {})
        if _said(loan) != _to_say(position):
            yield f"Loan {row['loan_id']} says {_said(loan)}, where its facts make {_to_say(position)}."


def terms_of(final: Final) -> Mapping[int, Terms]:
    """The terms by their loans."""
    return {row["loan_id"]: terms_from_stored(row["terms"]) for row in final.terms}


def _said(loan: Row) -> tuple[Any, ...]:
    return tuple(loan.get(name) for name in ("emis_paid_on_time", "end_date", "is_open"))


def _to_say(position: Position) -> tuple[Any, ...]:
    return position.paid_on_time, position.end_date, position.is_open


def _fact(row: Row) -> Fact:
    return Fact(
        row["number"],
        Kind(row["kind"]),
        row["amount"],
        row["value_date"],
        row["intent"] and Intent(row["intent"]),
        row["effect"] and Effect(row["effect"]),
        row["reverses"],
    )


def _wrong_log(final: Final) -> Iterator[str]:
    """Each transaction but the disbursal stands once in the audit log, and nothing else does."""
    told = Counter(
        (int(row["subject_id"]), row["after"]["number"], row["after"]["reference"])
        for row in final.audit
        if row["action"] == Action.TRANSACTION_RECORDED
    )
    there = Counter(
        (row["loan_id"], row["number"], row["reference"]) for row in final.transactions if row["kind"] != Kind.DISBURSAL
    )
    for loan_id, number, reference in (told - there) + (there - told):
        yield f"The audit log and loan {loan_id} do not agree on transaction {number} ({reference})."


def _against_time(groups: Groups, final: Final) -> Iterator[str]:
    """What was acknowledged before something else was sent stands before it."""
    for loan_id, rows in final.transactions_of.items():
        earliest_answer = float("inf")
        for row in reversed(rows):
            if first_sent(groups, row) > earliest_answer:
                yield f"Transaction {row['number']} of loan {loan_id} stands before what was acknowledged earlier."
            earliest_answer = min(earliest_answer, first_answered(groups, row))


def first_sent(groups: Groups, row: Row) -> float:
    """When a transaction was first asked for; never later than anything where nobody knows."""
    asked = groups.get(Mark("transaction", row["reference"]), ())
    return min((each.sent_at for each in asked), default=float("-inf"))


def first_answered(groups: Groups, row: Row) -> float:
    """When a transaction was first acknowledged; never earlier than anything where it was not."""
    asked = groups.get(Mark("transaction", row["reference"]), ())
    return min((each.answered_at or 0 for each in asked if each.status == 201), default=float("inf"))


def _lost_to_readers(history: Iterable[Exchange], groups: Groups, final: Final) -> Iterator[str]:
    """A transaction that was acknowledged is in every account that is asked for afterwards."""
    for each in history:
        if each.status == 200 and each.path.endswith("/account"):
            rows = final.transactions_of.get(int(each.path.split("/")[3]), [])
            shown = {made["number"] for made in told(each)["transactions"]}
            lost = [row["number"] for row in rows if first_answered(groups, row) < each.sent_at]
            if not set(lost) <= shown:
                yield f"{name_of(each)} does not show {sorted(set(lost) - shown)}, acknowledged before."


def wrong_facts_of_a_payer(final: Final, groups: Groups, loan: Row, checks: Iterable[Exchange]) -> Iterator[str]:
    """Each check of eligibility saw the loan as it was after some transaction: not before the last that had been
    acknowledged, and not after one that had not been sent.
    """
    rows = final.transactions_of.get(loan["loan_id"], [])
    if loan["loan_id"] not in terms_of(final) or not rows:
        return
    states = _states(loan, rows, terms_of(final)[loan["loan_id"]])
    for each in checks:
        seen = facts_in(json.loads(each.text, parse_float=Decimal, parse_int=str)["facts"])
        known = {name: value for name, value in vars(seen).items() if name in vars(Sums())}
        least = max((at for at, row in enumerate(rows) if first_answered(groups, row) < each.sent_at), default=0)
        most = next((at for at, row in enumerate(rows) if first_sent(groups, row) > (each.answered_at or 0)), len(rows))
        possible = [sums_of([state], date.fromisoformat(day)) for state in states[least:most] for day in each.days]
        if Sums(**known) not in possible:
            yield f"{name_of(each)} saw facts that never were after a transaction of loan {loan['loan_id']}: {seen}."


def _states(loan: Row, rows: Sequence[Row], terms: Terms) -> list[Row]:
    """The loan as it says after each of its transactions."""
    facts = [_fact(row) for row in rows]
    positions = [fold(terms, facts[:count]) for count in range(1, len(facts) + 1)]
    names = ("emis_paid_on_time", "end_date", "is_open")
    return [{**loan, **dict(zip(names, _to_say(position), strict=True))} for position in positions]
