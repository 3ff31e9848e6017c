"""The history checker: whether what the workers were answered and what is in the database belong together.

The audit log tells in which order the writes to a customer happened, because each is written under the lock of the
customer. The checker goes through them in that order with the pure rules and its own sums, and finds whatever could
not have been so: it returns sentences, none where all is well.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from chalicelib.rules.auditing import Action
from chalicelib.rules.decision import Decision, decide
from chalicelib.rules.score import LoanRequest
from chalicelib.rules.stored import facts_from_stored, policy_from_stored
from tests.support.faults.evidence import (
    SEEDED_IN,
    Final,
    Mark,
    Row,
    code_of,
    groups_of,
    json_of,
    money,
    name_of,
    told,
)
from tests.support.faults.lives import wrong_facts_of_a_payer, wrong_lives
from tests.support.faults.load import Exchange
from tests.support.faults.serial_order import customers_of, wrong_order

# 409 and 412 tell a client that another one was there; nothing is wrong with that.
CLIENT_STATUSES = {200, 201, 404, 409, 412}
UNAVAILABLE = 503
OUTCOME_UNKNOWN = "outcome_unknown"


def faults(history: Sequence[Exchange], final: Final) -> list[str]:
    """What is wrong, as sentences."""
    groups = groups_of(history)
    checks = _checks(history)
    return [
        *_wrong_answers(history),
        *_wrong_effects(groups, final),
        *_half_applications(final),
        *_wrong_decisions(final),
        *_wrong_days(groups, final),
        *_wrong_imports(final),
        *_lost_to_readers(history),
        *(
            fault
            for customer in customers_of(groups, final)
            if customer.number not in final.payers
            for fault in wrong_order(customer, checks[customer.number])
        ),
        *wrong_lives(history, groups, final),
        *(
            fault
            for payer in final.payers
            for fault in wrong_facts_of_a_payer(final, groups, final.loans_of[payer][0], checks[payer])
        ),
    ]


def _checks(history: Iterable[Exchange]) -> Mapping[int, list[Exchange]]:
    """The checks of eligibility that were answered, by customer."""
    found: dict[int, list[Exchange]] = defaultdict(list)
    for each in history:
        if each.path == "/api/check-eligibility" and each.status == 200:
            found[each.body["customer_id"]].append(each)
    return found


# What was answered


def _wrong_answers(history: Iterable[Exchange]) -> Iterator[str]:
    for each in history:
        if each.status is None or each.status in CLIENT_STATUSES:
            continue
        if each.status != UNAVAILABLE:
            yield f"{name_of(each)} was answered {each.status}: {each.text[:200]}"
        elif "retry-after" not in each.headers:
            yield f"{name_of(each)} was answered 503 without Retry-After."


def _lost_to_readers(history: Iterable[Exchange]) -> Iterator[str]:
    """A loan that was acknowledged is there for whoever asks afterwards."""
    acknowledged: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for each in history:
        if each.path == "/api/create-loan" and each.status == 201 and told(each)["loan_id"]:
            answer = told(each)
            acknowledged[str(answer["customer_id"])].append((each.answered_at or 0, answer["loan_id"]))
    for each in history:
        kind, _, number = each.path.removeprefix("/api/").partition("/")
        if kind == "view-loan" and each.status == 404:
            yield f"{name_of(each)} was answered 404, but the loan was acknowledged."
        if kind == "view-loans" and each.status in (200, 404):
            shown = {loan["loan_id"] for loan in told(each)} if each.status == 200 else set()
            expected = {loan for at, loan in acknowledged[number] if at < each.sent_at}
            if not expected <= shown:
                yield f"{name_of(each)} does not show the loans {sorted(expected - shown)}, acknowledged before."


# What was done


def _effects(final: Final) -> Mapping[Mark, list[Row]]:
    effects: dict[Mark, list[Row]] = defaultdict(list)
    for row in final.customers:
        # Those that begin with 9 were registered by the load.
        if row["phone_number"].startswith("9"):
            effects[Mark("customer", row["phone_number"])].append(row)
    for row in final.applications:
        effects[Mark("application", row["loan_amount"])].append(row)
    for row in final.audit:
        if row["action"] == Action.CUSTOMER_CHANGED:
            effects[Mark("change", money(row["after"]["monthly_income"]))].append(row)
    for row in final.transactions:
        if row["reference"] is not None:
            effects[Mark("transaction", row["reference"])].append(row)
    return effects


def _wrong_effects(groups: Mapping[Mark, list[Exchange]], final: Final) -> Iterator[str]:
    effects = _effects(final)
    for mark in effects.keys() - groups.keys():
        yield f"{mark} is in the database, but nobody asked for it."
    for mark, group in groups.items():
        done = effects.get(mark, [])
        least, most = _how_often(group)
        if not least <= len(done) <= most:
            told = ", ".join(f"{name_of(each)}: {each.status} {code_of(each)}" for each in group)
            yield f"{mark} was done {len(done)} times, not {least} to {most} times ({told})."
        yield from _wrong_acknowledgements(mark, group, done)


def _how_often(group: Iterable[Exchange]) -> tuple[int, int]:
    """How often it may have been done: once if acknowledged, never if refused, else once at most."""
    if any(each.status in (200, 201) for each in group):
        return 1, 1
    return 0, int(any(each.status is None or code_of(each) == OUTCOME_UNKNOWN for each in group))


def _wrong_acknowledgements(mark: Mark, group: Sequence[Exchange], done: Sequence[Row]) -> Iterator[str]:
    answers = {_acknowledged(each) for each in group if each.status == 201}
    if len(answers) > 1:
        yield f"{mark} was answered in {len(answers)} ways."
    if mark.kind == "application" and answers and done:
        told = json.loads(answers.pop())
        if any(told[name] != done[0][name] for name in ("application_id", "loan_id", "customer_id")):
            yield f"{mark} was answered as application {told['application_id']}, loan {told['loan_id']}; it is another."
    if mark.kind == "transaction" and answers and done:
        answer = json.loads(answers.pop())
        if answer != {name: json_of(done[0][name]) for name in answer}:
            yield f"{mark} was answered as {answer}; it is another."


def _acknowledged(each: Exchange) -> str:
    """The part of an answer that is the same however often it is given: not where a loan stands after a receipt."""
    answer = told(each)
    if "transaction" not in answer:
        return each.text
    made = answer["transaction"]
    known = {name: made[name] for name in ("number", "kind", "value_date", "reference")}
    return json.dumps({"loan_id": answer["loan_id"], **known, "amount": str(money(made["amount"]))}, sort_keys=True)


def _wrong_days(groups: Mapping[Mark, list[Exchange]], final: Final) -> Iterator[str]:
    for row in final.applications:
        group = groups.get(Mark("application", row["loan_amount"]), [])
        days = {day for each in group for day in each.days}
        # Of a request without an answer only the day of its beginning is known.
        if group and all(each.status for each in group) and row["decided_on"].isoformat() not in days:
            yield f"Application {row['application_id']} was decided on {row['decided_on']}, asked for on {days}."


# What is stored


def _half_applications(final: Final) -> Iterator[str]:
    made = defaultdict(list)
    for row in final.applications:
        made[row["loan_id"]].append(row["application_id"])
        if row["approved"]:
            yield from _loan_differs(row, final.loan.get(row["loan_id"]))
    for row in final.loans:
        is_given = row["start_date"] == SEEDED_IN or row["customer_id"] in final.payers
        if row["source_loan_id"] is None and not is_given and len(made[row["loan_id"]]) != 1:
            yield f"Loan {row['loan_id']} was made from the applications {made[row['loan_id']]}, not from one."
    told = [int(row["subject_id"]) for row in final.audit if row["action"] == Action.LOAN_APPLIED_FOR]
    if sorted(told) != sorted(final.application):
        yield f"The audit log tells of {len(told)} applications, where there are {len(final.application)}."
    for row in final.answers:
        if "application_id" in row["answer"] and json.loads(row["answer"])["application_id"] not in final.application:
            yield f"The Idempotency-Key {row['key']} has an answer about an application that is not there."
        if "transaction" in row["answer"]:
            answer = json.loads(row["answer"])
            if len(final.transactions_of.get(answer["loan_id"], [])) < answer["transaction"]["number"]:
                yield f"The Idempotency-Key {row['key']} has an answer about a transaction that is not there."


def _loan_differs(application: Row, loan: Row | None) -> Iterator[str]:
    pairs = {
        "customer_id": "customer_id",
        "loan_amount": "loan_amount",
        "tenure": "tenure",
        "interest_rate": "corrected_interest_rate",
        "monthly_installment": "monthly_installment",
        "start_date": "decided_on",
    }
    if loan is None or any(loan[of_loan] != application[name] for of_loan, name in pairs.items()):
        yield f"Application {application['application_id']} was approved, but loan {application['loan_id']} is not its."


def _wrong_decisions(final: Final) -> Iterator[str]:
    for row in final.applications:
        request = LoanRequest(row["loan_amount"], row["interest_rate"], row["tenure"])
        again = decide(facts_from_stored(row["facts"]), request, policy_from_stored(row["policy"]))
        if _result(again) != _stored_result(row):
            yield f"Application {row['application_id']} was not decided by the rules: {_stored_result(row)}."


def _result(decision: Decision) -> tuple[object, ...]:
    codes = [reason.code.value for reason in decision.reasons]
    rates = (decision.rate_floor, decision.corrected_interest_rate, decision.monthly_installment)
    return (decision.approved, decision.score, codes, *rates)


def _stored_result(row: Row) -> tuple[object, ...]:
    codes = [reason["code"] for reason in row["reasons"]]
    rates = (row["rate_floor"], row["corrected_interest_rate"], row["monthly_installment"])
    return (row["approved"], row["score"], codes, *rates)


def _wrong_imports(final: Final) -> Iterator[str]:
    for row in final.imports:
        if row["state"] != "completed":
            yield f"The import of {row['object_key']} is {row['state']}: {row['message']}"
    inserted = {(row["customer_id"], row["source_loan_id"]) for row in final.imported}
    there = {(row["customer_id"], row["source_loan_id"]) for row in final.loans if row["source_loan_id"]}
    if inserted != there:
        yield f"The imports tell of {len(inserted)} loans, where there are {len(there)}."
