"""What a client does that records what is paid: receipts that are sent again until they are answered, and reversals.

Every transaction has a reference that no other has, and every receipt an amount.
"""

import json
import random
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

# The load's payers have one loan each, which began so long before the load.
DAYS_BEFORE = 160
# Of a receipt: what is below it is the mark of the request, what is above may be chosen.
MARKED_RUPEES = 100_000
MOST_ATTEMPTS = 5


class Api(Protocol):
    """Sends a request, and keeps what was asked and answered."""

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Returns status, body and headers of the answer."""


class PayingClient:
    """Knows the payers, and which of its receipts were recorded."""

    def __init__(self, api: Api, folder: Path) -> None:
        self._api = api
        self._payers: list[dict[str, Any]] = json.loads((folder / "payers").read_text())
        self._recorded: list[tuple[int, int]] = []

    def pay(self, chance: random.Random, mark: int, name: str) -> None:
        """Sends a receipt until it is answered. Most are of a day in the past, some have a key beside the reference."""
        payer = chance.choice(self._payers)
        body: dict[str, Any] = {
            "amount": round(chance.randrange(6) * MARKED_RUPEES + mark / 100, 2),
            "reference": f"receipt {name}",
        }
        if chance.random() < 0.7:
            began = date.fromisoformat(payer["start_date"])
            body["value_date"] = (began + timedelta(days=chance.randrange(DAYS_BEFORE))).isoformat()
        if chance.random() < 0.1:
            body |= {"intent": "prepayment", "effect": "shorter_tenure"}
        key = {"idempotency-key": f"key-{name}"} if chance.random() < 0.3 else {}
        answer = self._until_answered(payer["loan_id"], "receipts", body, key)
        if answer:
            self._recorded.append((payer["loan_id"], answer["transaction"]["number"]))

    def reverse(self, name: str) -> None:
        """Takes one of its receipts back, perhaps for the second time."""
        if self._recorded:
            loan_id, number = random.choice(self._recorded)
            body = {"reference": f"reversal {name}", "reason": "typed by mistake"}
            self._until_answered(loan_id, f"transactions/{number}/reversal", body, {})

    def look(self) -> int | None:
        """Looks at an account, or asks for a preview; or returns the number of a payer to be looked at otherwise."""
        payer = random.choice(self._payers)
        path = f"/api/loans/{payer['loan_id']}"
        match random.randrange(4):
            case 0:
                self._api.ask("GET", f"{path}/account")
            case 1:
                self._api.ask("POST", f"{path}/receipts/preview", {"amount": 1})
            case _:
                return int(payer["customer_id"])
        return None

    def _until_answered(self, loan_id: int, what: str, body: object, headers: Mapping[str, str]) -> Any:
        """The answer if it was recorded, None if not or if nobody knows after MOST_ATTEMPTS."""
        for _ in range(MOST_ATTEMPTS):
            status, answer, _ = self._api.ask("POST", f"/api/loans/{loan_id}/{what}", body, headers)
            if status != 503:
                return answer if status in (200, 201) else None
        return None
