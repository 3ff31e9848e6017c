"""What a client does that records what is paid: receipts that are sent again until they are answered, and reversals.

Every receipt has an amount and a reference that no other has.
"""

import json
import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from chalicelib.services.servicing import Recorded, Wanted

# The load's payers have one loan each, which began so long before the load.
DAYS_BEFORE = 160
# Of a receipt: what is below it is the mark of the request, what is above may be chosen.
MARKED_RUPEES = 100_000
MOST_ATTEMPTS = 5


class Service(Protocol):
    """Runs a use case as a request that would be sent there, and keeps what was asked and answered."""

    def service(self, method: str, path: str, body: Mapping[str, Any], do: Callable[[], str]) -> tuple[int, Any]: ...


class PayingClient:
    """Knows the payers, and which of its receipts were recorded."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = service
        self._payers: list[dict[str, Any]] = json.loads((folder / "payers").read_text())
        self._recorded: list[tuple[int, int]] = []

    def pay(self, chance: random.Random, mark: int, name: str) -> None:
        """Sends a receipt until it is answered, at most MOST_ATTEMPTS times. Most are of a day in the past."""
        payer = chance.choice(self._payers)
        body: dict[str, Any] = {
            "amount": f"{chance.randrange(6) * MARKED_RUPEES + Decimal(mark) / 100:.2f}",
            "reference": f"receipt {name}",
        }
        if chance.random() < 0.7:
            began = date.fromisoformat(payer["start_date"])
            body["value_date"] = (began + timedelta(days=chance.randrange(DAYS_BEFORE))).isoformat()
        if chance.random() < 0.1:
            body |= {"intent": "prepayment", "effect": "shorter_tenure"}
        answer = self._until_answered(payer["loan_id"], "receipts", body)
        if answer:
            self._recorded.append((payer["loan_id"], answer["number"]))

    def reverse(self, name: str) -> None:
        """Takes one of its receipts back, perhaps for the second time."""
        if self._recorded:
            loan_id, number = random.choice(self._recorded)
            self._until_answered(loan_id, f"transactions/{number}/reversal", {"reference": f"reversal {name}"})

    def look(self) -> int | None:
        """Looks at an account, or asks for a preview; or returns the number of a payer to be looked at otherwise."""
        payer = random.choice(self._payers)
        path = f"/api/loans/{payer['loan_id']}"
        match random.randrange(4):
            case 0:
                self._service.service("GET", f"{path}/account", {}, partial(_account, payer["loan_id"]))
            case 1:
                body = {"amount": "1.00"}
                self._service.service(
                    "GET", f"{path}/receipts/preview", body, partial(_preview, payer["loan_id"], body)
                )
            case _:
                return int(payer["customer_id"])
        return None

    def _until_answered(self, loan_id: int, what: str, body: Mapping[str, Any]) -> Any:
        """The answer if it was recorded, None if not or if nobody knows."""
        path = f"/api/loans/{loan_id}/{what}"
        for _ in range(MOST_ATTEMPTS):
            status, answer = self._service.service("POST", path, body, partial(_record, loan_id, what, body))
            if status != 503:
                return answer if status == 201 else None
        return None


def _record(loan_id: int, what: str, body: Mapping[str, Any]) -> str:
    from chalicelib import runtime
    from chalicelib.rules.access import Author
    from chalicelib.services import servicing
    from chalicelib.services.idempotency import Once

    wanted, author = _wanted(what, body), Author("operator", "payer")
    once = Once(None, _told)
    return servicing.record(runtime.database(), loan_id, wanted, today=runtime.today(), author=author, once=once).answer


def _told(recorded: "Recorded") -> str:
    made = recorded.transaction
    return json.dumps(
        {
            "loan_id": made.loan_id,
            "number": made.number,
            "amount": str(made.amount),
            "value_date": made.value_date.isoformat(),
        }
    )


def _wanted(what: str, body: Mapping[str, Any]) -> "Wanted":
    from chalicelib.rules.servicing.values import Effect, Intent, Kind
    from chalicelib.services.servicing import Wanted

    day = date.fromisoformat(body["value_date"]) if "value_date" in body else None
    if what.startswith("transactions"):
        return Wanted(Kind.REVERSAL, None, day, reverses=int(what.split("/")[1]), reference=body["reference"])
    intent, effect = body.get("intent"), body.get("effect")
    return Wanted(
        Kind.RECEIPT,
        Decimal(body["amount"]),
        day,
        Intent(intent) if intent else None,
        Effect(effect) if effect else None,
        reference=body.get("reference"),
    )


def _account(loan_id: int) -> str:
    from chalicelib import runtime
    from chalicelib.services.servicing_accounts import view_account

    seen = view_account(runtime.database(), loan_id, runtime.today())
    return json.dumps({"numbers": [each.number for each in seen.transactions]})


def _preview(loan_id: int, body: Mapping[str, Any]) -> str:
    from chalicelib import runtime
    from chalicelib.services.servicing import preview

    return _told(preview(runtime.database(), loan_id, _wanted("receipts", body), today=runtime.today()))
