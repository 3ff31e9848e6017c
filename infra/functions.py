"""Calls the functions of a deployed stack."""

import json
from collections.abc import Mapping
from typing import Any

from infra.uploading import Session


class FunctionFailed(Exception):
    """A function raised, or refused what it was told to do; the sentence says which and why."""


def invoke(session: Session, name: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """The function's answer to the event. Raises FunctionFailed."""
    answer = session.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise FunctionFailed(f"The function {name} failed: {payload.get('errorMessage', payload)}")
    if "error" in payload:
        raise FunctionFailed(f"The function {name} refused: {payload['error']}")
    return payload
