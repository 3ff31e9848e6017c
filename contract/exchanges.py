"""The examples of the contract: exchanges in the order in which they were made, beginning with an empty database.

A test makes them again and holds the answers equal, apart from what no two runs share (moments, links, request ids).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("exchanges.json")


@dataclass(frozen=True)
class Exchange:
    """A request and what it was answered. `operation` is the name of the view, `summary` says what is shown."""

    operation: str
    summary: str
    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: Any
    answer: Any


def read_exchanges() -> Sequence[Exchange]:
    """All of them, in their order."""
    return [Exchange(**each) for each in json.loads(FILE.read_text())]
