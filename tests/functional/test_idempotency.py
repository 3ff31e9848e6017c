"""A write with an Idempotency-Key: done once, answered the same for a day."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from chalicelib.errors import OutcomeUnknown, RequestInFlight
from chalicelib.postgres.database import Database
from chalicelib.services.idempotency import Attempt, Once, run_once
from chalicelib.storage import idempotency
from tests.support.application import Answer, Api, assert_envelope
from tests.support.customers import RUDRA, asking, registered
from tests.support.loan_lives import a_loan


def send(api: Api, path: str, body: object, key: str) -> Answer:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    return api.call("POST", path, json.dumps(body).encode(), headers)


def rows(database: Database, table: str) -> int:
    with database.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_the_same_key_and_body_give_the_same_answer_and_one_loan(api: Api, database: Database) -> None:
    body = asking(registered(api))
    first, second = (send(api, "/api/create-loan", body, "k-1") for _ in range(2))
    assert first.status == second.status == 201
    assert first.text == second.text
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert rows(database, "loans") == rows(database, "loan_applications") == 1


def test_a_refusal_is_replayed_too(api: Api, database: Database) -> None:
    body = asking(registered(api), loan_amount=10**9)
    assert send(api, "/api/create-loan", body, "k-1").text == send(api, "/api/create-loan", body, "k-1").text
    assert rows(database, "loan_applications") == 1


def test_a_registration_is_done_once(api: Api, database: Database) -> None:
    answers = [send(api, "/api/register", RUDRA, '"quoted"'), send(api, "/api/register/", RUDRA, "quoted")]
    assert answers[0].json == answers[1].json
    assert rows(database, "customers") == 1


def test_the_same_key_with_another_body_is_refused(api: Api, database: Database) -> None:
    send(api, "/api/register", RUDRA, "k-1")
    answer = send(api, "/api/register", RUDRA | {"age": 24}, "k-1")
    assert "'k-1' was used with another request" in assert_envelope(answer, 422, "idempotency_key_reused")["error"]
    assert rows(database, "customers") == 1


def test_a_key_belongs_to_one_endpoint(api: Api) -> None:
    customer_id = send(api, "/api/register", RUDRA, "k-1").json["customer_id"]
    assert send(api, "/api/create-loan", asking(customer_id), "k-1").status == 201


def test_the_same_key_and_body_for_another_loan_are_refused(api: Api, database: Database) -> None:
    # What an integration that makes its key of the day and the amount sends for the second loan of the day.
    paths = [f"/api/loans/{a_loan(database, registered(api))}/receipts" for _ in range(2)]
    first = send(api, paths[0], {"amount": 1000}, "k-1")
    assert_envelope(send(api, paths[1], {"amount": 1000}, "k-1"), 422, "idempotency_key_reused")
    assert send(api, f"{paths[0]}/", {"amount": 1000}, "k-1").text == first.text
    second = send(api, paths[1], {"amount": 1000}, "k-2")
    assert (first.status, second.status, second.json["loan_id"]) == (201, 201, first.json["loan_id"] + 1)
    assert "Idempotency-Replayed" not in second.headers


def test_the_same_key_and_body_for_another_transaction_are_refused(api: Api, database: Database) -> None:
    loan = f"/api/loans/{a_loan(database, registered(api))}"
    numbers = [api.post(f"{loan}/receipts", {"amount": 1000}).json["transaction"]["number"] for _ in range(2)]
    why = {"reason": "the bank returned it"}
    assert send(api, f"{loan}/transactions/{numbers[0]}/reversal", why, "k-1").status == 201
    answer = send(api, f"{loan}/transactions/{numbers[1]}/reversal", why, "k-1")
    assert_envelope(answer, 422, "idempotency_key_reused")


def test_an_error_is_not_kept(api: Api) -> None:
    body = asking(1)
    assert send(api, "/api/create-loan", body, "k-1").status == 404
    assert registered(api) == 1
    assert send(api, "/api/create-loan", body, "k-1").status == 201


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\tb", "ключ"])
def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    envelope = assert_envelope(send(api, "/api/register", RUDRA, key), 400, "invalid_request")
    assert "1 to 255 printable ASCII characters" in envelope["error"]


def test_while_the_first_is_in_flight_the_second_is_told_so(
    database: Database, new_database: Callable[[], Database]
) -> None:
    attempt = Attempt("/api/register", "k-1", "f")
    with database.transaction() as tx:
        assert idempotency.claim(tx.connection, attempt.route, attempt.key).claimed
        with pytest.raises(RequestInFlight, match="'k-1' is being worked on"):
            run_once(new_database(), Once(attempt, str), lambda *_: "{}")
    assert run_once(new_database(), Once(attempt, str), lambda *_: "{}").replayed is False


def test_many_at_once_with_one_key_have_one_effect(new_database: Callable[[], Database]) -> None:
    databases = [new_database() for _ in range(8)]

    def send_until_answered(turn: int) -> str:
        while True:
            try:
                return run_once(
                    databases[turn % 8],
                    Once(Attempt("/r", "k", "f"), str),
                    lambda connection, _is_last: connection.execute(
                        text("SELECT nextval('customers_customer_id_seq')")
                    ).scalar_one(),
                ).answer
            except RequestInFlight:
                continue

    with ThreadPoolExecutor(8) as workers:
        assert len(set(workers.map(send_until_answered, range(40)))) == 1


def test_a_client_that_saw_no_answer_after_the_commit_gets_it_when_it_sends_again(
    api: Api, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.postgres.database import Transaction

    body = asking(registered(api))
    commit = Transaction.commit

    def commit_and_lose_the_connection(transaction: Transaction) -> None:
        commit(transaction)
        raise OutcomeUnknown("The connection broke after the commit.")

    monkeypatch.setattr(Transaction, "commit", commit_and_lose_the_connection)
    assert_envelope(send(api, "/api/create-loan", body, "k-1"), 503, "outcome_unknown")
    monkeypatch.undo()
    answer = send(api, "/api/create-loan", body, "k-1")
    assert (answer.status, answer.headers["Idempotency-Replayed"]) == (201, "true")
    assert rows(database, "loans") == 1


def test_after_a_day_a_key_is_free_and_swept(database: Database) -> None:
    attempt = Attempt("/r", "k", "f")
    run_once(database, Once(attempt, str), lambda *_: "first")
    with database.reading() as connection:
        connection.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second'"))
    assert run_once(database, Once(Attempt("/r", "k", "another body"), str), lambda *_: "second").answer == "second"
    with database.reading() as connection:
        assert idempotency.sweep(connection) == 0
        connection.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'"))
        assert idempotency.sweep(connection) == 1
