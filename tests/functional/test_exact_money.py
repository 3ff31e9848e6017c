"""Money never passes through a float, from the bytes of a request to the bytes of its answer."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from types import FrameType
from typing import Any

import pytest

from tests.functional.conftest import Api
from tests.functional.test_endpoints import RUDRA

# The only floats of a request: how long it and the database took, for its log line, and a limit of the connection.
NOT_MONEY = {"endpoint.py", "logs.py", "metrics.py", "database.py", "waits.py"}


@contextmanager
def noting_floats(found: list[str]) -> Iterator[None]:
    """Notes every float that a function of ours holds or returns."""

    def note(frame: FrameType, happening: str, returned: Any) -> Any:
        if happening in ("line", "return"):
            for name, value in {**frame.f_locals, "returned": returned}.items():
                if type(value) is float:
                    found.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {name} = {value}")
        return note

    def watch(frame: FrameType, _happening: str, _argument: Any) -> Any:
        path = frame.f_code.co_filename
        ours = "/chalicelib/" in path and path.rpartition("/")[2] not in NOT_MONEY
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


def test_the_watch_would_see_a_float() -> None:
    from chalicelib.rules.money import money

    found: list[str] = []
    with noting_floats(found), pytest.raises(TypeError):
        money(0.1)  # type: ignore[arg-type]  # what the type checker forbids is what is tested
    assert found


@pytest.mark.parametrize("amount", ["0.1", "450359962737.07", "999999999999.99", "1", "100000.10"])
def test_an_amount_comes_back_digit_for_digit(api: Api, amount: str) -> None:
    body = json.dumps(RUDRA).replace("23000", amount).encode()
    answer = api.post("/api/register", body)
    assert json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)["monthly_income"] == Decimal(amount)
    assert "e" not in answer.text.split('"monthly_income":')[1].split(",")[0]
