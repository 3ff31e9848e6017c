"""A client that hears nothing and sends again, over real HTTP."""

import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.local.portfolio import reading
from tests.support import plain_http
from tests.support.patience import patiently
from tests.support.stack import Stack

pytestmark = pytest.mark.e2e


def applications(stack: Stack, customer_id: int) -> list[Any]:
    return list(stack.get(f"/applications/?customer_id={customer_id}").json()["applications"])


@contextmanager
def unanswered(url: str, body: object, key: str) -> Iterator[None]:
    """Sends a whole request, and hangs up when the block ends, without having read a byte of the answer."""
    parts = urlsplit(url)
    content = json.dumps(body).encode()
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as connection:
        connection.sendall(head.encode() + content)
        yield


def test_a_client_that_hung_up_and_sends_again_gets_the_first_answer_and_one_loan(used_stack: Stack) -> None:
    person = {"first_name": "A", "last_name": "B", "age": 30, "monthly_income": 50000, "phone_number": "9999999999"}
    customer_id = used_stack.post("/register/", person).json()["customer_id"]
    body = {"customer_id": customer_id, "loan_amount": 100000, "interest_rate": 12.5, "tenure": 24}
    key, url = str(uuid.uuid4()), f"{used_stack.api_url}/create-loan/"

    # Who hangs up at once may do so before LocalStack has handed the request on, which is then no request at all.
    with unanswered(url, body, key):
        for _ in patiently("the application of a client that does not listen"):
            if applications(used_stack, customer_id):
                break
    answer = plain_http.post(url, json=body, headers={"Idempotency-Key": key})

    assert answer.status_code == 201
    assert answer.headers["Idempotency-Replayed"] == "true"
    (kept,) = applications(used_stack, customer_id)
    assert (kept["application_id"], kept["loan_id"]) == (answer.json()["application_id"], answer.json()["loan_id"])
    with reading(used_stack.file.database_url) as connection:
        made = connection.exec_driver_sql(f"SELECT count(*) FROM loans WHERE customer_id = {customer_id}")
        assert made.scalar_one() == 1
