"""Whether a deployed stage answers at all: its contract, its door, its database."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests

from infra.functions import FunctionFailed, invoke
from infra.uploading import Session

# API Gateway serves a new deployment everywhere only after some seconds, and the first request starts a container.
PATIENCE_SECONDS = 60
TIMEOUT_SECONDS = 30
CUSTOMERS = "/api/customers/?limit=1"


class SmokeError(Exception):
    """The stage does not answer as it should; the sentence says what it was asked and what it answered."""


def smoke_test(
    session: Session,
    outputs: Mapping[str, str],
    say: Callable[[str], None] = print,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Asks the stage three questions. Raises SmokeError at the first that is not answered in time."""
    base = outputs["BaseUrl"]
    end = time.monotonic() + patience_seconds
    _expect(f"{base}/api/openapi.json", 200, end)
    say("The contract is served.")
    _expect(base + CUSTOMERS, 401, end)
    say("Nobody gets in without credentials.")
    with _key(session, outputs["AdministerFunctionName"]) as token:
        _expect(base + CUSTOMERS, 200, end, {"Authorization": f"Bearer {token}"})
    say("With a key the database answers; the key is revoked.")


@contextmanager
def _key(session: Session, administer: str) -> Iterator[str]:
    """The token of an API key that exists for the block only."""
    wanted = {"operation": "create_api_key", "name": "smoke test", "role": "reader", "days": 1}
    try:
        made = invoke(session, administer, wanted)
        try:
            yield made["token"]
        finally:
            invoke(session, administer, {"operation": "revoke_api_key", "key_id": made["key_id"]})
    except FunctionFailed as error:
        raise SmokeError(str(error)) from error


def _expect(url: str, status: int, end: float, headers: Mapping[str, str] | None = None) -> None:
    """GETs until the status comes. Raises SmokeError when the time is over."""
    pause = 0.5
    while True:
        answered = _answer(url, headers or {})
        if answered == str(status):
            return
        if time.monotonic() + pause > end:
            raise SmokeError(f"GET {url} should be answered with {status}; it was: {answered}.")
        time.sleep(pause)
        pause = min(pause * 2, 5.0)


def _answer(url: str, headers: Mapping[str, Any]) -> str:
    try:
        answer = requests.get(url, headers=dict(headers), timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return f"no answer ({type(error).__name__})"
    words = "" if answer.status_code < 500 else f" {answer.text[:200]}"
    return f"{answer.status_code}{words}"
