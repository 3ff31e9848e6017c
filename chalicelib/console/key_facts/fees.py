"""The rows of fees in the form of a Key Facts Statement: fee-1-name, fee-1-amount, …"""

from collections.abc import Mapping

from chalicelib.console.frame.reading import read
from chalicelib.errors import InvalidRequest
from chalicelib.requests.key_facts_models import FeeBody
from chalicelib.rules.key_facts import Fee

# Rows of the form, and how many of them are seen at first. The API takes more fees.
ROWS, FIRST_ROWS = 5, 2

Wrong = dict[str, list[str]]


def read_fees(typed: Mapping[str, str]) -> tuple[list[Fee], Wrong]:
    """The fees that were typed, and what is wrong about them by the names of the fields.

    A row without name and amount is none.
    """
    fees: list[Fee] = []
    wrong: Wrong = {}
    for row in _filled(typed):
        try:
            fees.append(read(FeeBody, _row(typed, row)).fee())
        except InvalidRequest as error:
            wrong |= {f"fee-{row}-{name}": sentences for name, sentences in error.fields.items()}
    return fees, wrong


def amount_of_first(typed: Mapping[str, str]) -> str:
    """The name of the field beside which is said what is wrong with all fees together."""
    return f"fee-{next(iter(_filled(typed)), 1)}-amount"


def _filled(typed: Mapping[str, str]) -> list[int]:
    return [row for row in range(1, ROWS + 1) if any(typed.get(f"fee-{row}-{name}") for name in ("name", "amount"))]


def _row(typed: Mapping[str, str], row: int) -> dict[str, str]:
    return {name: typed.get(f"fee-{row}-{name}", "") for name in FeeBody.model_fields}
