"""The rows of fees in the form of a Key Facts Statement: fee-1-name, fee-1-amount, …"""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.console.frame.reading import plain_amount
from chalicelib.errors import InvalidRequest

# Rows of the form. The API takes more fees.
ROWS = 5
COLUMNS = ("name", "amount", "payable_to", "charged")
_FAULT = re.compile(r"fees\[(\d+)\]\.(\w+)")


def fees_of(typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """The fees that were typed, as the API takes them; a row without name and amount is none."""
    return [_fee(typed, row) for row in _filled(typed)]


def sentences_beside(error: InvalidRequest, typed: Mapping[str, str]) -> InvalidRequest:
    """The error with what is wrong about a fee under the name of its field in the form."""
    rows = _filled(typed)

    def beside(name: str) -> str:
        found = _FAULT.fullmatch(name)
        if found:
            return f"fee-{rows[int(found[1])]}-{found[2]}"
        return f"fee-{rows[0]}-amount" if name == "fees" and rows else name

    return InvalidRequest(error.sentence, {beside(name): sentences for name, sentences in error.fields.items()})


def _filled(typed: Mapping[str, str]) -> list[int]:
    return [row for row in range(1, ROWS + 1) if any(typed.get(f"fee-{row}-{name}") for name in ("name", "amount"))]


def _fee(typed: Mapping[str, str], row: int) -> dict[str, Any]:
    given = {name: typed[f"fee-{row}-{name}"] for name in COLUMNS if typed.get(f"fee-{row}-{name}")}
    if "amount" in given:
        given["amount"] = plain_amount(given["amount"])
    return given
