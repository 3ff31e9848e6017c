"""Money never passes through a float, from the bytes of a request to the bytes of its answer."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from types import FrameType
from typing import Any

import pytest

from chalicelib import runtime
from chalicelib.postgres.database import Database
from chalicelib.rules.access import Role
from tests.support.application import Api
from tests.support.customers import RUDRA
from tests.support.people import credentials_of

# The only floats of a request: how long it and the database took, for its log line, a limit of the connection, and
# since when credentials are remembered.
NOT_MONEY = ("/endpoint.py", "/logs.py", "/metrics.py", "/database.py", "/waits.py", "/services/access.py")


def holds_a_float(value: Any, levels: int = 4) -> bool:
    """Whether it is one, or has one in the lists and dicts that it is made of."""
    if type(value) is float:
        return True
    if levels == 0 or type(value) not in (list, tuple, set, dict):
        return False
    return any(holds_a_float(each, levels - 1) for each in (value.values() if type(value) is dict else value))


@contextmanager
def noting_floats(found: list[str]) -> Iterator[None]:
    """Notes every float that a function of ours holds or returns."""

    def note(frame: FrameType, happening: str, returned: Any) -> Any:
        if happening in ("line", "return"):
            for name, value in {**frame.f_locals, "returned": returned}.items():
                if holds_a_float(value):
                    found.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {name} = {value!r:.200}")
        return note

    def watch(frame: FrameType, _happening: str, _argument: Any) -> Any:
        path = frame.f_code.co_filename
        ours = "/chalicelib/" in path and not path.endswith(NOT_MONEY)
        return note if ours else None

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)


def test_no_function_on_the_way_of_a_request_holds_a_float(api: Api) -> None:
    found: list[str] = []
    with noting_floats(found):
        customer = api.post("/api/register", RUDRA | {"monthly_income": 23000.55}).json
        ask = {"customer_id": customer["customer_id"], "loan_amount": 120030.1, "interest_rate": 8.12, "tenure": 12}
        api.post("/api/check-eligibility", ask)
        loan = api.post("/api/create-loan", ask).json
        api.post("/api/create-loan", ask)
        api.get(f"/api/view-loan/{loan['loan_id']}")
        api.get(f"/api/view-loans/{customer['customer_id']}")
        api.get("/api/applications/")
        api.get(f"/api/loans/{loan['loan_id']}/schedule/")
        api.get(f"/api/customers/{customer['customer_id']}/")
    assert found == []


@pytest.mark.parametrize("policy", ["standard-1", "prudent-1"])
def test_nor_does_one_on_the_way_of_a_correction_a_refusal_a_schedule_or_the_audit_log(
    closed_api: Api, database: Database, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    monkeypatch.setenv("DECISION_POLICY", policy)
    runtime.settings.cache_clear()
    admin, found = closed_api.showing(credentials_of(database, Role.ADMIN)), list[str]()
    # From here on the credentials are known, and nobody reads a clock together with them.
    admin.get("/api/customers/")
    with noting_floats(found):
        number = admin.post("/api/register", RUDRA | {"monthly_income": 23000.55}).json["customer_id"]
        etag = admin.get(f"/api/customers/{number}/").headers["ETag"]
        headers = {"If-Match": etag, "Content-Type": "application/json"}
        changed = admin.call("PATCH", f"/api/customers/{number}/", b'{"approved_limit": 500000.25}', headers)
        ask = {"customer_id": number, "loan_amount": 900000.75, "interest_rate": 8.125, "tenure": 12}
        refused = admin.post("/api/create-loan", ask).json
        checked = admin.post("/api/check-eligibility", ask | {"loan_amount": 120030.1}).json
        # The effective rate is looked for, because this instalment is not the one of the stated rate.
        plan = {"loan_amount": 120030.1, "interest_rate": 8.12, "tenure": 12, "monthly_installment": 10900.55}
        stated = admin.post("/api/schedule", plan).json
        csv = admin.post("/api/schedule?format=csv", plan)
        told = admin.get("/api/audit/").json["events"]
    assert found == []
    assert (changed.status, csv.status, refused["loan_approved"]) == (200, 200, False)
    assert "counter_offer" in refused
    assert checked["policy"] == policy
    assert stated["runs_at_stated_rate"] is False
    assert {"customer_changed", "loan_applied_for"} <= {event["action"] for event in told}


def test_the_watch_would_see_a_float() -> None:
    from chalicelib.rules.money import money

    found: list[str] = []
    with noting_floats(found), pytest.raises(TypeError):
        money(0.1)  # type: ignore[arg-type]  # what the type checker forbids is what is tested
    assert found


@pytest.mark.parametrize("value", [0.5, [0.5], {"a": 0.5}, {"a": [{"b": (1, 0.5)}]}])
def test_a_float_is_seen_wherever_it_is_kept(value: object) -> None:
    assert holds_a_float(value)
    assert not holds_a_float({"a": [1, "0.5", Decimal("0.5"), None, True]})


@pytest.mark.parametrize("amount", ["0.1", "450359962737.07", "999999999999.99", "1", "100000.10"])
def test_an_amount_comes_back_digit_for_digit(api: Api, amount: str) -> None:
    body = json.dumps(RUDRA).replace("23000", amount).encode()
    answer = api.post("/api/register", body)
    assert json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["monthly_income"] == Decimal(amount)
    assert "e" not in answer.text.split('"monthly_income":')[1].split(",")[0]
