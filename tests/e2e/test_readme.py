"""The README's calls, run as a reader would paste them, give the answers that stand under them."""

import json
import re
import shlex
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import Stack

pytestmark = pytest.mark.e2e

README = Path(__file__).parents[2] / "README.md"

# Numbers that depend on what else was registered before; the same number must stand for the same thing throughout.
NUMBERED = {"customer_id", "loan_id", "application_id", "request_id"}
# What the README leaves out: it depends on the day, or is long.
LEFT_OUT = "…"


def examples() -> list[tuple[str, Any]]:
    """Each curl command of the README with the answer shown below it."""
    blocks = re.findall(r"```console\n\$ (curl .*?)\n(.*?)```", README.read_text(), re.DOTALL)
    return [(command, json.loads(answer, parse_float=Decimal)) for command, answer in blocks]


def same_shape(shown: Any, answered: Any, numbers: dict[Any, Any]) -> Any:
    """`shown` with its numbers of customers, loans and so on, and what it leaves out, as they are in this run."""
    if shown == LEFT_OUT:
        return answered
    if isinstance(shown, dict) and isinstance(answered, dict):
        for name in NUMBERED & shown.keys() & answered.keys():
            if shown[name] is not None and answered[name] is not None:
                assert numbers.setdefault(shown[name], answered[name]) == answered[name]
        return {
            name: numbers.get(value, value) if name in NUMBERED else same_shape(value, answered.get(name), numbers)
            for name, value in shown.items()
        }
    if isinstance(shown, list) and isinstance(answered, list) and len(shown) == len(answered):
        return [same_shape(*pair, numbers) for pair in zip(shown, answered, strict=True)]
    return shown


def test_the_calls_of_the_readme_are_answered_as_it_says(seeded_stack: Stack) -> None:
    assert len(examples()) >= 6
    numbers: dict[Any, Any] = {}
    for command, shown in examples():
        for known, actual in numbers.items():
            command = re.sub(rf"(?<=[/:]){re.escape(str(known))}\b", str(actual), command)
        words = shlex.split(command.replace("$API", seeded_stack.api_url))
        output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        answered = json.loads(output, parse_float=Decimal)
        assert answered == same_shape(shown, answered, numbers), command
