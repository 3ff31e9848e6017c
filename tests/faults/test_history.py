"""The history checker finds what it looks for: a true history with one thing changed is no longer possible."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import combinations
from typing import TypeVar

from chalicelib.rules.auditing import Action
from tests.support.faults.course import assert_all_is_well, work
from tests.support.faults.evidence import Final, Mark, Row, groups_of, read_final
from tests.support.faults.history import faults
from tests.support.faults.lives import first_answered, first_sent
from tests.support.faults.load import Exchange, Load
from tests.support.faults.serial_order import customers_of
from tests.support.patience import wait_until

T = TypeVar("T")
History = Sequence[Exchange]
# Raises LookupError where the history has nothing of the kind that it changes.
Change = Callable[[History, Final], tuple[History, Final]]


def test_a_history_with_anything_changed_is_found_out(load: Load) -> None:
    load.start(2)
    work(load, 1, books=2)
    wait_until(partial(can_be_changed, load), "the workers have done something of all that is changed below")
    assert_all_is_well(load)
    history, final = load.exchanges(), read_final(load.database)
    assert {each.status for each in history if each.method != "IMPORT"} <= {200, 201, 404, 409, 412}
    assert {row["kind"] for row in final.transactions} == {"disbursal", "receipt", "reversal"}
    for change, sentence in CHANGES.items():
        found = faults(*change(history, final))
        assert any(sentence in fault for fault in found), (change.__name__, found)


def can_be_changed(load: Load) -> bool:
    """Whether the history has something for each of the changes. What workers do is left to chance."""
    history, final = load.exchanges(), read_final(load.database)
    try:
        for change in CHANGES:
            change(history, final)
    except LookupError:
        return False
    return any(row["kind"] == "reversal" for row in final.transactions)


def lose_an_application(history: History, final: Final) -> tuple[History, Final]:
    groups = groups_of(history)
    lost = first(
        row
        for row in final.applications
        if any(each.status == 201 for each in groups.get(Mark("application", row["loan_amount"]), ()))
    )
    return history, replace(final, applications=[row for row in final.applications if row is not lost])


def do_an_application_twice(history: History, final: Final) -> tuple[History, Final]:
    return history, replace(final, applications=[final.applications[0], *final.applications])


def lose_a_loan(history: History, final: Final) -> tuple[History, Final]:
    lost = approved(final)[0]["loan_id"]
    return history, replace(final, loans=[row for row in final.loans if row["loan_id"] != lost])


def change_a_loan(history: History, final: Final) -> tuple[History, Final]:
    changed = approved(final)[0]["loan_id"]
    return history, replace(
        final,
        loans=[dict(row) | {"tenure": 7} if row["loan_id"] == changed else row for row in final.loans],
    )


def forget_a_request(history: History, final: Final) -> tuple[History, Final]:
    amount = final.applications[0]["loan_amount"]
    kept = [each for each in history if Decimal(str(each.body.get("loan_amount", 0))) != amount]
    return kept, final


def forget_to_lock_the_customer(history: History, final: Final) -> tuple[History, Final]:
    """The last application of somebody with a loan was decided as if that loan were not there yet."""
    lender = approved(final)[0]["customer_id"]
    last = [row for row in final.applications if row["customer_id"] == lender][-1]
    blind = dict(last) | {"facts": dict(last["facts"]) | {"loans": last["facts"]["loans"] - 1}}
    return history, replace(final, applications=[blind if row is last else row for row in final.applications])


def decide_by_other_rules(history: History, final: Final) -> tuple[History, Final]:
    other = dict(final.applications[0]) | {"score": final.applications[0]["score"] + 1}
    return history, replace(final, applications=[other, *final.applications[1:]])


def turn_the_order_round(history: History, final: Final) -> tuple[History, Final]:
    """Of two applications, one sent after the other was answered, each stands where the other did."""
    first_row, second_row = first(
        (one.audit, other.audit)
        for customer in customers_of(groups_of(history), final)
        for one, other in combinations([write for write in customer.writes if write.application], 2)
        if one.answered_at < other.sent_at
    )
    return history, replace(final, audit=swapped(final.audit, first_row, second_row))


def answer_500(history: History, final: Final) -> tuple[History, Final]:
    return [replace(history[0], status=500), *history[1:]], final


def do_not_say_when_to_come_again(history: History, final: Final) -> tuple[History, Final]:
    return [*history, replace(history[0], path="/", method="GET", status=503, headers={})], final


def say_that_nothing_was_saved(history: History, final: Final) -> tuple[History, Final]:
    """503 for a registration that was saved."""
    text, headers = json.dumps({"code": "database_unavailable"}), {"retry-after": "5"}
    saved = first(each for each in history if each.path == "/api/register" and each.status == 201)
    denied = replace(saved, status=503, text=text, headers=headers)
    return [denied if each is saved else each for each in history], final


def answer_with_another_loan(history: History, final: Final) -> tuple[History, Final]:
    given = first(each for each in history if each.path == "/api/create-loan" and each.status == 201 and not each.key)
    other = replace(given, text=json.dumps(json.loads(given.text) | {"loan_id": 999_999_999}))
    return [other if each is given else each for each in history], final


def lose_a_receipt(history: History, final: Final) -> tuple[History, Final]:
    groups = groups_of(history)
    lost = first(row for row in receipts(final) if first_answered(groups, row) < float("inf"))
    return history, replace(final, transactions=[row for row in final.transactions if row is not lost])


def record_a_receipt_twice(history: History, final: Final) -> tuple[History, Final]:
    again = receipts(final)[-1]
    return history, replace(final, transactions=[*final.transactions, {**again, "number": again["number"] + 1}])


def forget_that_a_receipt_was_sent(history: History, final: Final) -> tuple[History, Final]:
    reference = receipts(final)[-1]["reference"]
    return [each for each in history if each.body.get("reference") != reference], final


def answer_with_another_receipt(history: History, final: Final) -> tuple[History, Final]:
    of_one = (each for each in history if each.path.endswith("/receipts") and "shared" not in each.body["reference"])
    given = first(each for each in of_one if each.status == 201)
    other = replace(given, text=given.text.replace('"transaction":{"number":', '"transaction":{"number":999'))
    return [other if each is given else each for each in history], final


def refuse_the_reference_of_a_retry(history: History, final: Final) -> tuple[History, Final]:
    given = first(each for each in history if each.path.endswith("/receipts"))
    refused = replace(given, status=409, text=json.dumps({"code": "reference_conflict"}))
    return [*history, refused], final


def write_the_receipt_without_the_position(history: History, final: Final) -> tuple[History, Final]:
    loan_id = receipts(final)[-1]["loan_id"]
    behind = [
        {**row, "principal": row["principal"] + 1} if row["loan_id"] == loan_id else row for row in final.positions
    ]
    return history, replace(final, positions=behind)


def write_the_position_without_the_loan(history: History, final: Final) -> tuple[History, Final]:
    loan_id = receipts(final)[-1]["loan_id"]
    loans = [{**row, "emis_paid_on_time": 77} if row["loan_id"] == loan_id else row for row in final.loans]
    return history, replace(final, loans=loans)


def close_a_loan_in_silence(history: History, final: Final) -> tuple[History, Final]:
    loan_id = receipts(final)[-1]["loan_id"]
    loans = [{**row, "is_open": False} if row["loan_id"] == loan_id else row for row in final.loans]
    return history, replace(final, loans=loans)


def make_a_loan_without_terms(history: History, final: Final) -> tuple[History, Final]:
    return history, replace(final, terms=final.terms[1:])


def keep_a_receipt_out_of_the_log(history: History, final: Final) -> tuple[History, Final]:
    told = first(row for row in final.audit if row["action"] == Action.TRANSACTION_RECORDED)
    return history, replace(final, audit=[row for row in final.audit if row is not told])


def record_receipts_in_another_order(history: History, final: Final) -> tuple[History, Final]:
    """Of two receipts, one sent after the other was answered, each has the other's place."""
    groups = groups_of(history)
    one, other = first(
        (one, other)
        for one, other in combinations(receipts(final), 2)
        if first_answered(groups, one) < first_sent(groups, other)
    )
    rows = zip(swapped(final.transactions, one, other), final.transactions, strict=True)
    return history, replace(final, transactions=[{**row, "number": before["number"]} for row, before in rows])


def show_an_account_without_a_receipt(history: History, final: Final) -> tuple[History, Final]:
    groups = groups_of(history)
    seen = first(
        each
        for each in history
        if each.path.endswith("/account") and each.status == 200
        for row in final.transactions_of.get(int(each.path.split("/")[3]), ())
        if first_answered(groups, row) < each.sent_at
    )
    blind = replace(seen, text=json.dumps({"transactions": []}))
    return [blind if each is seen else each for each in history], final


def decide_from_a_count_that_never_was(history: History, final: Final) -> tuple[History, Final]:
    check = first(each for each in history if each.body.get("customer_id") in final.payers and each.status == 200)
    answer = json.loads(check.text)
    answer["facts"]["emis_paid_on_time"] = 59
    blind = replace(check, text=json.dumps(answer))
    return [blind if each is check else each for each in history], final


def first(found: Iterable[T]) -> T:
    """The first of them; raises LookupError where there is none."""
    for each in found:
        return each
    raise LookupError("Nothing of this kind has happened.")


def swapped(rows: Sequence[Row], one: Row, other: Row) -> list[Row]:
    """The rows, of which those two have each other's place."""
    places = {id(one): other, id(other): one}
    return [places.get(id(row), row) for row in rows]


def receipts(final: Final) -> list[Row]:
    """Those of the loan that has most of them."""
    of_a_loan = max(final.transactions_of.values(), key=len)
    return [row for row in of_a_loan if row["kind"] == "receipt"]


def approved(final: Final) -> list[Row]:
    return [row for row in final.applications if row["approved"]]


CHANGES: dict[Change, str] = {
    lose_an_application: "was done 0 times",
    do_an_application_twice: "was done 2 times",
    lose_a_loan: "is not its",
    change_a_loan: "is not its",
    forget_a_request: "nobody asked for it",
    forget_to_lock_the_customer: "facts that never were",
    decide_by_other_rules: "was not decided by the rules",
    turn_the_order_round: "stands before",
    answer_500: "was answered 500",
    do_not_say_when_to_come_again: "without Retry-After",
    say_that_nothing_was_saved: "was done 1 times",
    answer_with_another_loan: "it is another",
    lose_a_receipt: "was done 0 times",
    record_a_receipt_twice: "was done 2 times",
    forget_that_a_receipt_was_sent: "nobody asked for it",
    answer_with_another_receipt: "it is another",
    refuse_the_reference_of_a_retry: "its reference is another's",
    write_the_receipt_without_the_position: "is not the replay of its facts",
    write_the_position_without_the_loan: "where its facts make",
    close_a_loan_in_silence: "where its facts make",
    make_a_loan_without_terms: "is half there",
    keep_a_receipt_out_of_the_log: "do not agree on transaction",
    record_receipts_in_another_order: "stands before what was acknowledged earlier",
    show_an_account_without_a_receipt: "acknowledged before",
    decide_from_a_count_that_never_was: "facts that never were after a transaction",
}
