"""Whether there is an order of the writes to a customer in which each saw what was written before it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from itertools import combinations
from typing import Any

from chalicelib.rules.auditing import Action
from chalicelib.rules.decision import decide
from chalicelib.rules.policy import STANDARD_1
from chalicelib.rules.score import Facts, LoanRequest
from chalicelib.rules.stored import facts_from_stored
from tests.support.faults.evidence import SEEDED_IN, Final, Mark, Row, money, name_of
from tests.support.faults.load import Exchange


@dataclass(frozen=True)
class Sums:
    """What the facts have of some loans on a day: they can be added and taken away."""

    loans: int = 0
    loans_paid_in_full: int = 0
    tenure_total: int = 0
    emis_paid_on_time: int = 0
    current_principal: Decimal = Decimal()
    current_emis: Decimal = Decimal()

    def plus(self, other: "Sums", sign: int = 1) -> "Sums":
        theirs = vars(other)
        return Sums(**{name: value + sign * theirs[name] for name, value in vars(self).items()})


def sums_of(loans: Iterable[Row], today: date) -> Sums:
    """What the facts have of these loans on that day."""
    total = Sums()
    for row in loans:
        current = row["is_open"] or row["end_date"] is None or row["end_date"] >= today
        total = total.plus(
            Sums(
                1,
                int(row["emis_paid_on_time"] >= row["tenure"]),
                row["tenure"],
                row["emis_paid_on_time"],
                row["loan_amount"] if current else Decimal(),
                row["monthly_installment"] if current else Decimal(),
            )
        )
    return total


@dataclass(frozen=True)
class State:
    """A customer after a write: the terms, and how many of the loans made here there are."""

    monthly_income: Decimal
    approved_limit: Decimal
    loans: int


@dataclass(frozen=True)
class Written:
    """A write to a customer: what was stored of it, and who asked for it when."""

    audit: Row
    asked: Sequence[Exchange]
    application: Row | None

    @property
    def sent_at(self) -> float:
        return min((each.sent_at for each in self.asked), default=float("-inf"))

    @property
    def answered_at(self) -> float:
        answers = [each.answered_at for each in self.asked if each.status in (200, 201)]
        return min((at for at in answers if at is not None), default=float("inf"))


class Customer:
    """One customer: the writes in their order, the loans made here in theirs, and those of each import."""

    def __init__(self, number: int, writes: Sequence[Written], final: Final) -> None:
        self.number, self.writes = number, writes
        made = [each.application["loan_id"] for each in writes if each.application and each.application["loan_id"]]
        self._made = [final.loan[loan_id] for loan_id in made if loan_id in final.loan]
        owned = final.loans_of[number]
        self._seeded = [row for row in owned if row["source_loan_id"] is None and row["start_date"] == SEEDED_IN]
        by_source = {row["source_loan_id"]: row for row in owned if row["source_loan_id"]}
        self._imports: dict[int, list[Row]] = defaultdict(list)
        for row in final.imported_of[number]:
            if row["source_loan_id"] in by_source:
                self._imports[row["import_id"]].append(by_source[row["source_loan_id"]])
        self.made_sums = cache(self._made_sums)
        self.import_sets = cache(self._import_sets)

    @cached_property
    def states(self) -> list[State]:
        """The state after each write; the first is the registration."""
        states: list[State] = []
        for write in self.writes:
            after = write.audit["after"]
            before = states[-1] if states else None
            made = (before.loans if before else 0) + bool(write.application and write.application["loan_id"])
            if write.application and before:
                states.append(State(before.monthly_income, before.approved_limit, made))
            else:
                limit = before.approved_limit if before else None
                states.append(State(money(after["monthly_income"]), money(after.get("approved_limit", limit)), made))
        return states

    def explanations(self, facts: Facts, state: State, today: date) -> list[frozenset[int]]:
        """With which imports applied the facts are those of this state."""
        if (facts.monthly_income, facts.approved_limit) != (state.monthly_income, state.approved_limit):
            return []
        names = vars(Sums())
        seen = Sums(**{name: value for name, value in vars(facts).items() if name in names})
        # A loan that was lost is told of elsewhere; here it must not be missed.
        made = self.made_sums(today)[: state.loans + 1][-1]
        return self.import_sets(today).get(seen.plus(made, -1), [])

    def _made_sums(self, today: date) -> list[Sums]:
        """The sums with the first so many loans made here."""
        sums = [sums_of(self._seeded, today)]
        for row in self._made:
            sums.append(sums[-1].plus(sums_of([row], today)))
        return sums

    def _import_sets(self, today: date) -> Mapping[Sums, list[frozenset[int]]]:
        """Which sets of imports have which sums."""
        each = {number: sums_of(rows, today) for number, rows in self._imports.items()}
        found: dict[Sums, list[frozenset[int]]] = defaultdict(list)
        for count in range(len(each) + 1):
            for chosen in combinations(each, count):
                total = Sums()
                for number in chosen:
                    total = total.plus(each[number])
                found[total].append(frozenset(chosen))
        return found


def customers_of(groups: Mapping[Mark, list[Exchange]], final: Final) -> Iterator[Customer]:
    """Everybody who was written to."""
    writes: dict[int, list[Written]] = defaultdict(list)
    for row in final.audit:
        number = int(row["subject_id"] or 0)
        if row["action"] == Action.LOAN_APPLIED_FOR and number in final.application:
            application = final.application[number]
            asked = groups.get(Mark("application", application["loan_amount"]), [])
            writes[application["customer_id"]].append(Written(row, asked, application))
        elif row["action"] == Action.CUSTOMER_CHANGED:
            asked = groups.get(Mark("change", money(row["after"]["monthly_income"])), [])
            writes[number].append(Written(row, asked, None))
        elif row["action"] == Action.CUSTOMER_REGISTERED:
            asked = groups.get(Mark("customer", row["after"]["phone_number"]), [])
            writes[number].append(Written(row, asked, None))
    return (Customer(number, each, final) for number, each in writes.items())


def wrong_order(customer: Customer, checks: Iterable[Exchange]) -> Iterator[str]:
    """What is wrong with the order of what was written to a customer, and with what was read in between."""
    yield from _impossible_facts(customer)
    yield from _against_time(customer)
    yield from _impossible_checks(customer, checks)


def _impossible_facts(customer: Customer) -> Iterator[str]:
    """Each application saw what was written before it, and imports whole, none of which went away again."""
    applied: list[frozenset[int]] = [frozenset()]
    for at, write in enumerate(customer.writes):
        if write.application is None:
            continue
        facts = facts_from_stored(write.application["facts"])
        explained = customer.explanations(facts, customer.states[at - 1], write.application["decided_on"])
        possible = [later for later in explained if any(earlier <= later for earlier in applied)]
        if not possible:
            yield f"Application {write.application['application_id']} was decided from facts that never were: {facts}."
            return
        applied = possible


def _against_time(customer: Customer) -> Iterator[str]:
    """What was acknowledged before something else was sent stands before it."""
    earliest_answer = float("inf")
    for write in reversed(customer.writes):
        if write.sent_at > earliest_answer:
            yield f"Customer {customer.number}: {write.audit['after']} stands before what was acknowledged earlier."
        earliest_answer = min(earliest_answer, write.answered_at)


def _impossible_checks(customer: Customer, checks: Iterable[Exchange]) -> Iterator[str]:
    """A check of eligibility saw one of the states since the last acknowledged write, and decided by the rules."""
    for each in checks:
        answer = json.loads(each.text, parse_float=Decimal, parse_int=str)
        facts = facts_in(answer["facts"])
        since = max((at for at, write in enumerate(customer.writes) if write.answered_at < each.sent_at), default=0)
        days = {date.fromisoformat(day) for day in each.days}
        if not any(customer.explanations(facts, state, day) for state in customer.states[since:] for day in days):
            yield f"{name_of(each)} was decided from facts that were not so then: {facts}."
        decision = decide(facts, _request(each.body), STANDARD_1)
        if (answer["approval"], money(answer["monthly_installment"])) != (
            decision.approved,
            decision.monthly_installment,
        ):
            yield f"{name_of(each)} was not decided as the rules say."


def facts_in(answer: Mapping[str, Any]) -> Facts:
    """The facts that an answer tells of, whose numbers are text or Decimals."""
    amounts = {"monthly_income", "approved_limit", "current_principal", "current_emis"}
    facts: dict[str, Any] = {name: money(value) if name in amounts else int(value) for name, value in answer.items()}
    return Facts(**facts)


def _request(body: Mapping[str, Any]) -> LoanRequest:
    return LoanRequest(money(body["loan_amount"]), Decimal(str(body["interest_rate"])), body["tenure"])
